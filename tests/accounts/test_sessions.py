"""Sessions and handshakes: who stands for whom, and for how long."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from commitcollect_adapters.testing.strategies import SEASON_START_AT, moments
from commitcollect_core.accounts.sessions import Session, check, issue
from commitcollect_core.errors import InvalidInput, Unauthenticated
from commitcollect_core.handshakes import Handshake, HandshakePurpose, begin_handshake, check_handshake
from commitcollect_core.policy import DEFAULT_POLICY, AccountsPolicy, Policy
from commitcollect_core.values import UserId

NOW = SEASON_START_AT
USER = UserId("user")
SESSION = issue("digest", USER, now=NOW, policy=DEFAULT_POLICY)
IDLE = DEFAULT_POLICY.accounts.session_idle_seconds
LIFE = DEFAULT_POLICY.accounts.session_seconds
SKEW = DEFAULT_POLICY.training.clock_skew_seconds_max
TOUCH = DEFAULT_POLICY.accounts.session_touch_seconds


def after(seconds: int) -> datetime:
    """So many seconds later."""
    return NOW + timedelta(seconds=seconds)


# Sessions


@pytest.mark.parametrize(
    ("session", "seconds", "is_good"),
    [
        (SESSION, 0, True),
        (SESSION, -60, True),
        (SESSION, -SKEW, True),
        (SESSION, -SKEW - 1, False),
        (evolve(SESSION, last_seen_at=after(SKEW)), 0, True),
        (evolve(SESSION, last_seen_at=after(SKEW + 1)), 0, False),
        (evolve(SESSION, expires_at=after(LIFE + SKEW + 1)), 0, False),
        (SESSION, IDLE - 1, True),
        (SESSION, IDLE, False),
        (evolve(SESSION, last_seen_at=after(LIFE - 1)), LIFE - 1, True),
        (evolve(SESSION, last_seen_at=after(LIFE - 1)), LIFE, False),
        (None, 0, False),
    ],
    ids=[
        "new",
        "a clock behind",
        "far behind",
        "too far behind",
        "used ahead",
        "used too far ahead",
        "issued too far ahead",
        "nearly idle",
        "idle",
        "nearly over",
        "over",
        "none",
    ],
)
def test_a_session_ends_when_unused_and_in_any_case(
    session: Session | None, seconds: int, *, is_good: bool
) -> None:
    """A store may still hold an expired one for days: the session itself decides, and says no more."""
    if is_good:
        assert check(session, now=after(seconds), policy=DEFAULT_POLICY) is session
    else:
        with pytest.raises(Unauthenticated, match=r"^the session has ended; sign in again$") as refused:
            check(session, now=after(seconds), policy=DEFAULT_POLICY)
        assert refused.value.code == "invalid_session"


@pytest.mark.parametrize(
    ("seconds", "is_written"), [(-TOUCH, False), (0, False), (TOUCH - 1, False), (TOUCH, True), (LIFE, True)]
)
def test_use_is_written_down_now_and_then(seconds: int, *, is_written: bool) -> None:
    """Not with every request, and never to an earlier time."""
    seen = SESSION.seen(now=after(seconds), policy=DEFAULT_POLICY)
    assert (seen is not None) == is_written
    if seen is not None:
        assert seen == evolve(SESSION, last_seen_at=after(seconds))


@given(
    gaps=st.lists(st.integers(-60, 400), max_size=30),
    policy=st.builds(
        AccountsPolicy,
        session_seconds=st.integers(1, 3_000),
        session_idle_seconds=st.integers(1, 900),
        session_touch_seconds=st.integers(0, 300),
    ).map(lambda section: Policy(accounts=section)),
)
def test_no_use_outlives_a_session(gaps: list[int], policy: Policy) -> None:
    """However it is used, a session never lives longer than it was issued for, nor unused beyond the limit.

    What is written down lags behind by less than `session_touch_seconds`, so it may end that much early.
    """
    session = issue("digest", USER, now=NOW, policy=policy)
    now = last_used = NOW
    for gap in gaps:
        # No clock is further behind than clocks may be apart.
        now = max(now + timedelta(seconds=gap), last_used - timedelta(seconds=SKEW))
        unused = (now - last_used).total_seconds()
        is_good = session.is_valid(now=now, policy=policy)
        if is_good:
            assert now < NOW + timedelta(seconds=policy.accounts.session_seconds)
            assert unused < policy.accounts.session_idle_seconds
            last_used = max(now, last_used)
            session = session.seen(now=now, policy=policy) or session
        elif now < session.expires_at:
            assert unused > policy.accounts.session_idle_seconds - max(
                1, policy.accounts.session_touch_seconds
            )
        assert session.expires_at == NOW + timedelta(seconds=policy.accounts.session_seconds)


# Handshakes


def handshake(
    purpose: HandshakePurpose = HandshakePurpose.STRAVA, *, binding: str = "browser", now: datetime = NOW
) -> Handshake:
    """A handshake that this browser began."""
    return begin_handshake("state", purpose, binding, user_id=USER, now=now, policy=DEFAULT_POLICY)


@given(now=moments(), details=st.none() | st.dictionaries(st.text(), st.text(), max_size=2))
def test_a_handshake_brings_back_what_it_began_with(now: datetime, details: dict[str, str] | None) -> None:
    """Who links, and what finishing needs, survive the way out and back."""
    begun = begin_handshake(
        "state",
        HandshakePurpose.SIGN_IN,
        "browser",
        user_id=USER,
        details=details,
        now=now,
        policy=DEFAULT_POLICY,
    )
    late = now + timedelta(seconds=599)
    back = check_handshake(begun, HandshakePurpose.SIGN_IN, "browser", now=late, policy=DEFAULT_POLICY)
    assert (back.state, back.user_id, back.details, back.created_at) == ("state", USER, details or {}, now)


@pytest.mark.parametrize(
    ("taken", "binding", "seconds"),
    [
        (None, "browser", 0),
        (handshake(HandshakePurpose.SIGN_IN), "browser", 0),
        (handshake(), "another browser", 0),
        (handshake(), "brows", 0),
        (handshake(), "", 0),
        (handshake(), "bröwser", 0),
        (handshake(), "browser", 600),
        (handshake(), "browser", 601),
        (handshake(), "browser", -SKEW - 1),
    ],
    ids=[
        "used or made up",
        "another purpose",
        "another browser",
        "a part",
        "none",
        "odd",
        "600 s",
        "601 s",
        "ahead",
    ],
)
def test_a_handshake_that_is_not_good_is_refused_without_a_reason(
    taken: Handshake | None, binding: str, seconds: int
) -> None:
    """One message for all, so that no attacker finds out by trying which guess was right."""
    with pytest.raises(
        InvalidInput, match=r"^this link is not valid or has expired; start again$"
    ) as refused:
        check_handshake(taken, HandshakePurpose.STRAVA, binding, now=after(seconds), policy=DEFAULT_POLICY)
    assert (refused.value.code, refused.value.field) == ("invalid_or_expired_state", "state")


def test_secrets_of_sessions_and_handshakes_are_not_shown() -> None:
    """What stands for a browser, or proves what it began, appears in no log."""
    begun = begin_handshake(
        "hush-state",
        HandshakePurpose.SIGN_IN,
        "hush-browser",
        details={"nonce": "hush"},
        now=NOW,
        policy=DEFAULT_POLICY,
    )
    assert "hush" not in repr(begun)
    assert "hush" not in repr(evolve(SESSION, session_id="hush"))
