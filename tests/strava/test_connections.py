"""Connections: whether tokens can be used, who renews them, and whose athlete it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from commitcollect_adapters.testing.service_strategies import connections
from commitcollect_adapters.testing.strategies import moments
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.strava.connections import (
    DEFAULT_SCOPE,
    ConnectionCommit,
    ConnectionStatus,
    Lease,
    Renew,
    StravaConnection,
    TokenState,
    Unusable,
    Usable,
    Wait,
    broken,
    leased,
    released,
    renewal_state,
    renewed,
    token_state,
)
from commitcollect_core.values import AthleteId, UserId

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
MARGIN = timedelta(seconds=DEFAULT_POLICY.strava.token_margin_seconds)
SECOND = timedelta(seconds=1)
USER, ATHLETE, OTHER = UserId("user"), AthleteId("7"), AthleteId("8")


def connection(
    *,
    athlete_id: AthleteId = ATHLETE,
    lasts: timedelta = MARGIN,
    leased_for: timedelta | None = None,
    status: ConnectionStatus = ConnectionStatus.ACTIVE,
) -> StravaConnection:
    """A connection whose access token lasts so long, and which a worker is renewing or not."""
    return StravaConnection(
        user_id=USER,
        athlete_id=athlete_id,
        access_token="sealed access",  # noqa: S106 - nothing is behind it
        refresh_token="sealed refresh",  # noqa: S106 - nothing is behind it
        expires_at=NOW + lasts,
        scope=DEFAULT_SCOPE,
        status=status,
        lease=None if leased_for is None else Lease("holder", NOW + leased_for),
        updated_at=NOW,
    )


any_connection = connections(user_id=USER, athlete_id=ATHLETE, version=3, generation="first")


# Tokens


@pytest.mark.parametrize(
    ("stored", "state"),
    [
        (connection(lasts=MARGIN + SECOND), Usable()),
        (connection(lasts=MARGIN + SECOND, leased_for=SECOND), Usable()),
        (connection(lasts=MARGIN), Renew()),
        (connection(lasts=-MARGIN), Renew()),
        (connection(lasts=MARGIN, leased_for=SECOND), Wait(NOW + SECOND)),
        (connection(lasts=-MARGIN, leased_for=SECOND), Wait(NOW + SECOND)),
        (connection(lasts=MARGIN, leased_for=timedelta(0)), Renew()),
        (connection(lasts=MARGIN, leased_for=-SECOND), Renew()),
    ],
    ids=["good", "good and leased", "ending", "ended", "held", "ended and held", "lease at its end", "lost"],
)
def test_what_to_do_before_a_call(stored: StravaConnection, state: TokenState) -> None:
    """A token that ends soon is renewed, by one at a time; a lease that ran out keeps no worker waiting."""
    assert token_state(stored, now=NOW, policy=DEFAULT_POLICY) == state


@pytest.mark.parametrize("status", [ConnectionStatus.NEEDS_RECONNECT, ConnectionStatus.NEEDS_SCOPE])
@given(stored=any_connection, now=moments())
def test_what_only_the_athlete_can_mend_is_not_tried(
    status: ConnectionStatus, stored: StravaConnection, now: datetime
) -> None:
    """However good its tokens look, a connection that is known not to work costs no call."""
    broken_one = evolve(stored, status=status)
    assert token_state(broken_one, now=now, policy=DEFAULT_POLICY) == Unusable(status)


@given(stored=any_connection, now=moments())
def test_a_renewal_can_be_forced_by_one_at_a_time(stored: StravaConnection, now: datetime) -> None:
    """A worker that doubts a permission renews tokens that look good, but not while another one does."""
    held = leased(stored, "mine", now=now, policy=DEFAULT_POLICY)
    end = now + timedelta(seconds=DEFAULT_POLICY.strava.refresh_lease_seconds)
    assert held.lease == Lease("mine", end)
    free = released(held, now=now)
    states = [
        renewal_state(each, now=at, policy=DEFAULT_POLICY)
        for each, at in ((held, now), (held, end - SECOND), (held, end), (free, now))
    ]
    assert states == [Wait(end), Wait(end), Renew(), Renew()]


@pytest.mark.parametrize("days", [1, 30, 36_500])
def test_a_lease_of_a_clock_far_ahead_keeps_no_worker_waiting(days: int) -> None:
    """Its holder may be dead; at worst two processes renew. A token that seems to last so long is renewed."""
    ahead = timedelta(days=days)
    for stored in (connection(leased_for=ahead), connection(lasts=MARGIN + ahead + timedelta(days=1))):
        assert token_state(stored, now=NOW, policy=DEFAULT_POLICY) == Renew()


def test_a_lease_of_a_clock_a_little_ahead_is_waited_for() -> None:
    """As long as a lease lasts, and as far as clocks may be apart."""
    policy = DEFAULT_POLICY
    longest = timedelta(seconds=policy.strava.refresh_lease_seconds + policy.training.clock_skew_seconds_max)
    assert token_state(connection(leased_for=longest), now=NOW, policy=policy) == Wait(NOW + longest)
    assert token_state(connection(leased_for=longest + SECOND), now=NOW, policy=policy) == Renew()


@given(stored=any_connection, now=moments())
def test_new_tokens_heal_a_connection(stored: StravaConnection, now: datetime) -> None:
    """Strava gave tokens, so the connection works, whatever was thought, and no worker is renewing it."""
    fresh = renewed(
        stored,
        access_token="new access",  # noqa: S106 - nothing is behind it
        refresh_token="new refresh",  # noqa: S106 - nothing is behind it
        expires_at=now + timedelta(hours=6),
        now=now,
    )
    assert (fresh.access_token, fresh.refresh_token, fresh.lease) == ("new access", "new refresh", None)
    usable = Usable() if fresh.can_read_activities else Unusable(ConnectionStatus.NEEDS_SCOPE)
    assert token_state(fresh, now=now, policy=DEFAULT_POLICY) == usable
    assert (fresh.user_id, fresh.athlete_id, fresh.scope) == (USER, ATHLETE, stored.scope)


@given(stored=any_connection, now=moments(), status=st.sampled_from(ConnectionStatus))
def test_every_change_is_one_version_more_and_says_when(
    stored: StravaConnection, now: datetime, status: ConnectionStatus
) -> None:
    """Stores tell by the version who came too late; what a change is not about stays."""
    for after in (
        leased(stored, "mine", now=now, policy=DEFAULT_POLICY),
        released(stored, now=now),
        broken(stored, status, now=now),
    ):
        assert (after.version, after.updated_at) == (stored.version + 1, now)
        undone = evolve(
            after,
            version=stored.version,
            updated_at=stored.updated_at,
            lease=stored.lease,
            status=stored.status,
        )
        assert undone == stored
    assert released(stored, now=now).lease is None
    assert released(stored, now=now).status is stored.status
    assert (broken(stored, status, now=now).status, broken(stored, status, now=now).lease) == (status, None)


@pytest.mark.parametrize(
    ("scope", "is_enough"),
    [
        (DEFAULT_SCOPE, True),
        (("activity:read_all", "read"), True),
        (("read",), False),
        (("activity:write", "profile:read_all"), False),
        ((), False),
    ],
)
def test_milestones_need_to_read_activities(scope: tuple[str, ...], *, is_enough: bool) -> None:
    """The athlete may untick what was asked for; either of two scopes will do."""
    assert evolve(connection(), scope=scope).can_read_activities is is_enough


@given(stored=any_connection)
def test_tokens_are_not_shown(stored: StravaConnection) -> None:
    """Even sealed, tokens appear in no log."""
    secret = evolve(stored, access_token="hush-access", refresh_token="hush-refresh")  # noqa: S106 - made up
    assert "hush" not in repr(secret)


# Whose athlete it is


@pytest.mark.parametrize(
    ("before", "after", "claims", "releases"),
    [
        (None, connection(), ATHLETE, None),
        (connection(), None, None, ATHLETE),
        (connection(), connection(), None, None),
        (connection(), connection(athlete_id=OTHER), OTHER, ATHLETE),
        (None, None, None, None),
    ],
    ids=["connect", "disconnect", "renew", "another athlete", "nothing"],
)
def test_an_athlete_is_claimed_and_released_with_the_connection(
    before: StravaConnection | None,
    after: StravaConnection | None,
    claims: AthleteId | None,
    releases: AthleteId | None,
) -> None:
    """What is newly connected is claimed, what is no longer connected is released, what stays is neither."""
    commit = ConnectionCommit(user_id=USER, before=before, after=after)
    assert (commit.claims, commit.releases) == (claims, releases)
