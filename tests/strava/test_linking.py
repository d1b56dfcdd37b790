"""Connecting an account to an athlete, and taking that back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from attrs import evolve

from commitcollect_adapters.ciphers.local import LocalCipher
from commitcollect_adapters.simulation.faults import Side
from commitcollect_adapters.strava import Revocation
from commitcollect_adapters.strava.fake import CallKind, Fault
from commitcollect_core.errors import (
    AccountDeleting,
    AthleteAlreadyConnected,
    CommitCollectError,
    Conflict,
    ConnectionChanged,
    InvalidInput,
    OtherAthleteConnected,
    StorageUnavailable,
    StravaAppRejected,
    StravaAthletesExceeded,
    StravaCodeRejected,
    StravaRefused,
    StravaUnavailable,
    UpstreamError,
    VersionConflict,
)
from commitcollect_core.handshakes import HandshakePurpose, begin_handshake
from commitcollect_core.policy import DEFAULT_POLICY, OnDisconnect, customised
from commitcollect_core.service import Service
from commitcollect_core.strava.backfills import BackfillPhase
from commitcollect_core.strava.connections import (
    DEFAULT_SCOPE,
    READ_ALL_ACTIVITIES,
    AthleteOwner,
    ConnectionCommit,
    ConnectionStatus,
    StravaConnection,
    broken,
    released,
)
from commitcollect_core.strava.ports import ConnectedPage, ConnectionStore, TokenGrant
from commitcollect_core.values import ActivityId, AthleteId, Source, UserId
from strava.world import ATHLETE, BROWSER, ME, REDIRECT, WISH, KillAt, Killed, World, payload, with_head_of

OTHER = UserId("other")
KILLS_MAX = 200
SCOPE = ("read", READ_ALL_ACTIVITIES)


def begun(world: World, user_id: UserId = ME) -> str:
    """A state that was given out."""
    address = world.strava.linking.begin(user_id, BROWSER, redirect_uri=REDIRECT)
    return parse_qs(urlsplit(address).query)["state"][0]


def finish(world: World, state: str, service: Service | None = None, **changes: object) -> object:
    """Come back with a good code, but for what is said."""
    arguments: dict[str, object] = {
        "state": state,
        "binding": BROWSER,
        "code": world.fake.code_for(ATHLETE),
        "granted_scope": DEFAULT_SCOPE,
        **changes,
    }
    return (service or world.service).strava.linking.finish(**arguments)  # type: ignore[arg-type]  # given by name


def test_what_is_stored_is_what_was_granted_and_sealed() -> None:
    """The scope is the one that came back, sorted; no token stands in the store as it is."""
    world = World()
    connection = world.connect(scope=("read", "activity:read_all"))
    assert connection == world.stores.connections.read(ME)
    assert connection.scope == ("activity:read_all", "read")
    assert connection.status is ConnectionStatus.ACTIVE
    assert {connection.access_token[:3], connection.refresh_token[:3]} == {"v1."}
    owner = world.stores.connections.owner(ATHLETE)
    assert owner is not None
    assert owner.user_id == ME


def test_connecting_brings_the_history_in() -> None:
    """The worker takes over what was there before, without being asked."""
    world = World()
    world.app.tracking.create(ME, WISH)
    world.fake.add_activities(ATHLETE, map(payload, range(25)))
    world.connect()
    world.work()
    world.check_converged()
    world.check_parts()
    status = world.strava.standing.of(ME)
    assert (status.workout_count, status.is_fresh) == (25, True)
    assert status.backfill is not None
    assert status.backfill.phase is BackfillPhase.DONE


def test_without_access_to_activities_the_connection_says_so() -> None:
    """An athlete who unticks activities is connected, nothing is fetched, and the answer says so."""
    world = World()
    connection = world.connect(scope=("read",))
    assert connection.status is ConnectionStatus.NEEDS_SCOPE
    world.work()
    assert world.fake.calls(CallKind.ACTIVITIES, CallKind.ACTIVITY) == 0
    assert world.strava.standing.of(ME).backfill is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"state": "made-up"}, "invalid_or_expired_state"),
        ({"binding": "another browser"}, "invalid_or_expired_state"),
        ({"code": None}, "access_denied"),
        ({"code": ""}, "access_denied"),
        ({"error": "access_denied"}, "access_denied"),
    ],
)
def test_what_comes_back_wrong_connects_no_athlete(changes: dict[str, object], code: str) -> None:
    """A made-up state, another's browser, a refusal: one answer, nothing stored, nothing exchanged."""
    world = World()
    with pytest.raises(InvalidInput) as refused:
        finish(world, **{"state": begun(world), **changes})  # type: ignore[arg-type]  # given by name
    assert refused.value.code == code
    assert world.stores.connections.read(ME) is None
    assert world.fake.calls(CallKind.EXCHANGE) == 0


def test_a_state_ends_after_ten_minutes() -> None:
    """At 600 seconds it is too late."""
    world = World()
    state = begun(world)
    world.pass_time(seconds=DEFAULT_POLICY.accounts.handshake_seconds)
    with pytest.raises(InvalidInput):
        finish(world, state)
    assert world.fake.calls(CallKind.EXCHANGE) == 0


def test_a_state_is_good_once_however_many_come_at_once() -> None:
    """Of a hundred who come back with the same state at the same time, one is exchanged."""
    world = World()
    state = begun(world)

    def attempt(_: int) -> str:
        try:
            finish(world, state)
        except CommitCollectError as refused:
            return refused.code
        return "connected"

    with ThreadPoolExecutor(20) as pool:
        ends = list(pool.map(attempt, range(100)))
    assert sorted(set(ends)) == ["connected", "invalid_or_expired_state"]
    assert ends.count("connected") == world.fake.calls(CallKind.EXCHANGE) == 1


def test_a_sign_in_is_no_link() -> None:
    """A state made for signing in connects no account to Strava."""
    world = World()
    for purpose, user_id in ((HandshakePurpose.SIGN_IN, ME), (HandshakePurpose.STRAVA, None)):
        handshake = begin_handshake(
            f"s-{purpose}", purpose, BROWSER, user_id=user_id, now=world.clock.now(), policy=world.policy
        )
        world.stores.handshakes.begin(handshake)
        with pytest.raises(InvalidInput):
            finish(world, handshake.state)
    assert world.fake.calls(CallKind.EXCHANGE) == 0


def test_a_code_strava_does_not_know_is_refused() -> None:
    """A forged code ends in Strava's refusal, and nothing is stored."""
    world = World()
    with pytest.raises(StravaCodeRejected):
        finish(world, begun(world), code="forged")
    assert world.stores.connections.read(ME) is None


def test_tokens_without_an_athlete_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exchange that names no athlete connects none."""
    world = World()
    state = begun(world)
    grant = TokenGrant(access_token="a", refresh_token="r", expires_at=world.clock.now())  # noqa: S106 - no real ones
    monkeypatch.setattr(world.fake, "exchange", lambda _code: grant)
    with pytest.raises(StravaRefused):
        finish(world, state)
    assert world.stores.connections.read(ME) is None


def test_an_athlete_belongs_to_one_account() -> None:
    """A second account is refused, and the first goes on working: its permission is not revoked."""
    world = World()
    world.fake.add_activities(ATHLETE, map(payload, range(3)))
    first = world.connect()
    with pytest.raises(AthleteAlreadyConnected):
        world.connect(OTHER)
    assert world.stores.connections.read(OTHER) is None
    assert world.fake.calls(CallKind.REVOKE) == 0
    kept = world.stores.connections.read(ME)
    assert kept is not None
    assert (kept.status, kept.scope, kept.version) == (first.status, first.scope, first.version + 1)
    for _ in range(2):
        assert len(world.strava.access.activities(ME, after=None, before=None).activities) == 3
        world.pass_time(hours=6)
    assert world.fake.calls(CallKind.REVOKE) == 0


def test_a_connection_that_needs_the_athlete_is_mended_by_another_account_s_try() -> None:
    """The new tokens are good, whichever account brought them, and belong to the first."""
    world = World()
    first = world.connect()
    broken_one = broken(first, ConnectionStatus.NEEDS_RECONNECT, now=world.clock.now())
    world.stores.connections.commit(ConnectionCommit(user_id=ME, before=first, after=broken_one))
    with pytest.raises(AthleteAlreadyConnected):
        world.connect(OTHER)
    mended = world.stores.connections.read(ME)
    assert mended is not None
    assert mended.status is ConnectionStatus.ACTIVE


@pytest.mark.parametrize(
    ("first", "second", "kept", "status"),
    [
        (SCOPE, SCOPE, SCOPE, ConnectionStatus.ACTIVE),
        (SCOPE, DEFAULT_SCOPE, DEFAULT_SCOPE, ConnectionStatus.ACTIVE),
        (DEFAULT_SCOPE, SCOPE, DEFAULT_SCOPE, ConnectionStatus.ACTIVE),
        (DEFAULT_SCOPE, ("read",), ("read",), ConnectionStatus.NEEDS_SCOPE),
        (("read",), SCOPE, ("read",), ConnectionStatus.NEEDS_SCOPE),
    ],
)
def test_tokens_of_another_account_s_try_widen_no_scope(
    first: tuple[str, ...], second: tuple[str, ...], kept: tuple[str, ...], status: ConnectionStatus
) -> None:
    """The connection claims what both were granted: no more than its user agreed to or its tokens open."""
    world = World()
    world.connect(scope=first)
    with pytest.raises(AthleteAlreadyConnected):
        world.connect(OTHER, scope=second)
    stored = world.stores.connections.read(ME)
    assert stored is not None
    assert (set(stored.scope), stored.status) == (set(kept), status)


def test_a_refused_try_with_another_accounts_athlete_keeps_their_tokens() -> None:
    """Also where the account is refused for its own other athlete: the owner's tokens are never revoked."""
    world = World()
    world.fake.add_activities(ATHLETE, map(payload, range(3)))
    world.connect()
    world.connect(OTHER, AthleteId("43"))
    with pytest.raises(OtherAthleteConnected):
        world.connect(OTHER)
    assert world.fake.calls(CallKind.REVOKE) == 0
    assert len(world.strava.access.activities(ME, after=None, before=None).activities) == 3


def test_new_tokens_for_the_owner_survive_rivals_and_a_failing_store() -> None:
    """A renewal that comes in between and a store that fails once cost a retry, not the tokens."""
    world = World()
    world.fake.add_activities(ATHLETE, map(payload, range(3)))
    world.connect()
    failures = iter([StorageUnavailable("busy"), None])

    def door(call: str, side: Side) -> None:
        if (call, side) != ("connections.commit", Side.BEFORE):
            return
        failure = next(failures, None)
        if failure is not None:
            raise failure
        before = world.stores.connections.read(ME)
        if before is not None and before.version < 3:
            rival = released(before, now=world.clock.now())
            world.stores.connections.commit(ConnectionCommit(user_id=ME, before=before, after=rival))

    with pytest.raises(AthleteAlreadyConnected):
        finish(world, begun(world, OTHER), world.process(door))
    assert len(world.strava.access.activities(ME, after=None, before=None).activities) == 3


def test_rivals_without_end_keep_the_owner_s_new_tokens_out() -> None:
    """That is said, so that the try can be repeated, and still nothing is revoked."""
    world = World()
    world.connect()

    def door(call: str, side: Side) -> None:
        if (call, side) == ("connections.commit", Side.BEFORE):
            before = world.stores.connections.read(ME)
            assert before is not None
            rival = released(before, now=world.clock.now())
            world.stores.connections.commit(ConnectionCommit(user_id=ME, before=before, after=rival))

    with pytest.raises(VersionConflict):
        finish(world, begun(world, OTHER), world.process(door))
    assert world.fake.calls(CallKind.REVOKE) == 0


def test_an_owner_who_disconnects_meanwhile_leaves_nothing_behind() -> None:
    """With no account left that uses the permission, it is revoked."""
    world = World()
    world.connect()

    def door(call: str, side: Side) -> None:
        if (call, side) == ("connections.owner", Side.AFTER) and world.fake.calls(CallKind.EXCHANGE) == 2:
            before = world.stores.connections.read(ME)
            if before is not None:
                world.stores.connections.commit(ConnectionCommit(user_id=ME, before=before, after=None))

    with pytest.raises(AthleteAlreadyConnected):
        finish(world, begun(world, OTHER), world.process(door))
    assert world.fake.calls(CallKind.REVOKE) == 1


def test_an_account_belongs_to_one_athlete() -> None:
    """Connecting another athlete needs disconnecting first; nothing changes until then."""
    world = World()
    first = world.connect()
    with pytest.raises(Conflict) as refused:
        world.connect(ME, AthleteId("43"))
    assert refused.value.code == "other_athlete_connected"
    assert world.stores.connections.read(ME) == first
    assert world.stores.connections.owner(AthleteId("43")) is None
    world.strava.linking.disconnect(ME)
    assert world.connect(ME, AthleteId("43")).athlete_id == "43"


def test_a_permission_that_cannot_be_given_back_changes_nothing_about_the_refusal() -> None:
    """Strava being down when a second account is refused does not hide the refusal."""
    world = World()
    world.connect()
    world.fake.inject(Fault.SERVER_ERROR, CallKind.REVOKE)
    with pytest.raises(AthleteAlreadyConnected):
        world.connect(OTHER)


def test_connecting_again_mends_a_broken_connection() -> None:
    """The same athlete connects again: new tokens, an active connection, and the history once more."""
    world = World()
    world.connect()
    world.work()
    world.fake.deauthorize(ATHLETE)
    world.pass_time(hours=7)
    with pytest.raises(CommitCollectError):
        world.strava.access.activities(ME, after=None, before=None)
    broken = world.stores.connections.read(ME)
    assert broken is not None
    assert broken.status is ConnectionStatus.NEEDS_RECONNECT
    world.fake.upload(ATHLETE, payload(3))
    again = world.connect()
    assert (again.status, again.version) == (ConnectionStatus.ACTIVE, broken.version + 1)
    world.work()
    world.check_converged()


class RivalledConnections:
    """A store in which a rival is faster, as often as said. Implements `ConnectionStore`."""

    def __init__(self, store: ConnectionStore, times: int) -> None:
        self._store = store
        self._times = times

    def read(self, user_id: UserId) -> StravaConnection | None:
        """See `ConnectionStore`."""
        return self._store.read(user_id)

    def owner(self, athlete_id: AthleteId) -> AthleteOwner | None:
        """See `ConnectionStore`."""
        return self._store.owner(athlete_id)

    def connected(self, *, after: AthleteId | None, limit: int) -> ConnectedPage:
        """See `ConnectionStore`."""
        return self._store.connected(after=after, limit=limit)

    def commit(self, commit: ConnectionCommit) -> None:
        """See `ConnectionStore`."""
        before = self._store.read(commit.user_id)
        if self._times and before is not None:
            self._times -= 1
            touched = evolve(before, version=before.version + 1)
            self._store.commit(ConnectionCommit(user_id=commit.user_id, before=before, after=touched))
        self._store.commit(commit)


def link_again(world: World, rivals: int) -> StravaConnection:
    """Connect once more while another process keeps changing the connection."""
    connections = RivalledConnections(world.stores.connections, rivals)
    return evolve(world.strava.linking, connections=connections).finish(
        state=begun(world), binding=BROWSER, code=world.fake.code_for(ATHLETE), granted_scope=SCOPE
    )


def test_a_renewal_in_between_does_not_stop_connecting_again() -> None:
    """Another process changes the connection between reading and writing it: it is linked all the same."""
    world = World()
    world.connect()
    assert link_again(world, 3).version == 5
    assert world.fake.calls(CallKind.REVOKE) == 0


def test_rivals_without_end_are_given_up_on() -> None:
    """A connection that changes under every attempt ends in a conflict, and takes no permission away."""
    world = World()
    world.connect()
    with pytest.raises(VersionConflict):
        link_again(world, DEFAULT_POLICY.strava.link_attempts_max)
    assert world.fake.calls(CallKind.REVOKE) == 0


def test_an_account_that_goes_is_not_connected() -> None:
    """Behind the fence no link is begun, one that was is not finished, and the permission is given back."""
    world = World()
    address = world.strava.linking.begin(ME, BROWSER, redirect_uri=REDIRECT)
    world.stores.ledger.fence(ME, now=world.clock.now())
    with pytest.raises(AccountDeleting):
        world.connect()
    scope = ("read", "activity:read")
    with pytest.raises(AccountDeleting):
        world.strava.linking.finish(
            state=address.partition("state=")[2].partition("&")[0],
            binding=BROWSER,
            code=world.fake.code_for(ATHLETE, scope),
            granted_scope=scope,
        )
    assert world.stores.connections.read(ME) is None
    assert world.fake.calls(CallKind.REVOKE) == 1


def test_what_the_athlete_agreed_to_is_recorded() -> None:
    """The version of the words, with each permission; connecting again records the present one."""
    assert World().connect().consent_version == 1
    world = World(policy=customised(DEFAULT_POLICY, {"strava_consent_version": 3}))
    assert world.connect().consent_version == 3
    world.policy = customised(DEFAULT_POLICY, {"strava_consent_version": 4})
    world.service = world.process()
    again = world.connect()
    assert (again.consent_version, world.stores.connections.read(ME)) == (4, again)


# Disconnecting


def connected(
    *, workouts: OnDisconnect = OnDisconnect.KEEP, awards: OnDisconnect = OnDisconnect.KEEP
) -> World:
    """A world whose athlete has parts, and a workout entered by hand."""
    world = World(
        policy=customised(
            DEFAULT_POLICY, {"workouts_on_disconnect": workouts, "awards_on_disconnect": awards}
        )
    )
    world.app.tracking.create(ME, WISH)
    world.fake.add_activities(ATHLETE, map(payload, range(12)))
    world.connect()
    world.work()
    ride = next(iter(world.stored().values()))
    by_hand = evolve(ride, source=Source.MANUAL, activity_id=ActivityId("by-hand"), name="Mine")
    world.app.ingestion.ingest(ME, [by_hand])
    return world


def test_disconnecting_keeps_what_was_earned() -> None:
    """Permission, tokens and lock are gone; workouts, progress and parts are as before."""
    world = connected()
    before = world.dump()
    world.strava.linking.disconnect(ME)
    assert world.dump() == with_head_of(world, before)
    assert world.stores.connections.read(ME) is None
    assert world.stores.connections.owner(ATHLETE) is None
    assert world.stores.backfills.read(ME) is None
    assert world.fake.calls(CallKind.REVOKE) == 1
    assert world.strava.standing.of(ME).connection is None


def test_a_strict_operator_has_workouts_erased_and_parts_stay() -> None:
    """Nothing of a workout from Strava is left but its id; others, progress and parts stay."""
    world = connected(workouts=OnDisconnect.ERASE)
    before = world.dump()
    world.strava.linking.disconnect(ME)
    after = world.dump()
    assert world.stored() == {}
    assert [each.snapshot.name for each in after.by_start if each.snapshot.name] == ["Mine"]
    assert after.awards == before.awards
    for milestone_id, milestone in after.milestones.items():
        assert milestone.progress.progress_value == before.milestones[milestone_id].progress.progress_value
    world.connect()
    world.work()
    world.check_converged()
    assert world.dump().awards == before.awards


def test_a_strict_operator_may_have_parts_erased_too() -> None:
    """Milestones go with their awards; what was entered by hand stays."""
    world = connected(workouts=OnDisconnect.ERASE, awards=OnDisconnect.ERASE)
    world.strava.linking.disconnect(ME)
    after = world.dump()
    assert (after.milestones, after.head.tracked_milestone_ids) == ({}, ())
    assert after.head.workout_count == 1


def test_what_is_taken_in_while_disconnecting_is_erased_too() -> None:
    """A look ends just before the connection does, and another after it: nothing stays of either."""
    world = connected(workouts=OnDisconnect.ERASE, awards=OnDisconnect.ERASE)
    late = evolve(next(iter(world.stored().values())), activity_id=ActivityId("late"))
    generation = world.strava.access.connection(ME).generation
    ends: list[str] = []

    def take_in(call: str, side: Side) -> None:
        if (call, side) == ("connections.commit", Side.BEFORE):
            try:
                world.app.ingestion.refresh(ME, late.key, lambda: late, generation=generation)
            except ConnectionChanged as refused:
                ends.append(refused.code)
            else:
                ends.append("stored")

    world.process(take_in).strava.linking.disconnect(ME)
    assert ends == ["stored", "connection_changed"]
    assert world.stored() == {}
    assert world.dump().by_key[late.key].is_deleted


def test_disconnecting_can_be_repeated_after_strava_was_down() -> None:
    """Strava is told first: while it cannot be, nothing changes; then all does."""
    world = connected()
    world.fake.inject(Fault.SERVER_ERROR, CallKind.REVOKE)
    with pytest.raises(StravaUnavailable):
        world.strava.linking.disconnect(ME)
    assert world.stores.connections.read(ME) is not None
    world.strava.linking.disconnect(ME)
    assert world.stores.connections.read(ME) is None


@pytest.mark.parametrize("fault", [Fault.APP_REJECTED, Fault.APP_REJECTED_EMPTY, Fault.INVALID_CLIENT])
def test_refused_credentials_of_the_app_forget_nothing(fault: Fault) -> None:
    """While Strava does not know the app, the permission stands there, so the tokens must be kept here."""
    world = connected()
    before = world.stores.connections.read(ME)
    world.fake.inject(fault, CallKind.REVOKE)
    with pytest.raises(StravaAppRejected, match="strava_client_id and strava_client_secret"):
        world.strava.linking.disconnect(ME)
    assert world.stores.connections.read(ME) == before
    world.strava.linking.disconnect(ME)
    assert world.stores.connections.read(ME) is None
    assert world.fake.calls(CallKind.REVOKE) == 2


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.CODE_EXPIRED, StravaCodeRejected),
        (Fault.INVALID_GRANT, StravaCodeRejected),
        (Fault.ATHLETES_EXCEEDED, StravaAthletesExceeded),
        (Fault.APP_REJECTED, StravaAppRejected),
        (Fault.APP_REJECTED_EMPTY, StravaAppRejected),
        (Fault.INVALID_CLIENT, StravaAppRejected),
    ],
)
def test_each_refused_exchange_is_its_own_error(fault: Fault, error: type[UpstreamError]) -> None:
    """Connect again, ask for more athletes, mend the settings: three ways out, and nothing is stored."""
    world = World()
    world.fake.inject(fault)
    with pytest.raises(error):
        finish(world, begun(world))
    assert world.stores.connections.read(ME) is None


def test_a_permission_taken_back_at_strava_can_be_disconnected() -> None:
    """Revoked already is no error."""
    world = connected()
    world.fake.deauthorize(ATHLETE)
    world.strava.linking.disconnect(ME)
    assert world.stores.connections.read(ME) is None


def test_tokens_that_cannot_be_opened_do_not_hold_an_athlete_back() -> None:
    """With the key lost there is nothing to give back; the connection is forgotten."""
    world = connected()
    before = world.stores.connections.read(ME)
    assert before is not None
    moved = evolve(before, refresh_token=before.access_token, version=before.version + 1)
    world.stores.connections.commit(ConnectionCommit(user_id=ME, before=before, after=moved))
    world.strava.linking.disconnect(ME)
    assert world.stores.connections.read(ME) is None
    assert world.fake.calls(CallKind.REVOKE) == 0


def test_forgetting_may_be_repeated() -> None:
    """What is forgotten already is no error: a worker may have died in the midst of it."""
    world = connected()
    before = world.dump()
    connection = world.stores.connections.read(ME)
    assert connection is not None
    for _ in range(2):
        world.strava.linking.forget(ME, connection.generation)
    assert world.stores.connections.read(ME) is None
    assert world.dump() == with_head_of(world, before)


def test_status_of_a_new_account() -> None:
    """No athlete is connected, nothing is fresh, nothing is asked."""
    world = World()
    status = world.strava.standing.of(ME)
    assert (status.connection, status.backfill, status.workout_count) == (None, None, 0)
    assert (status.latest_activity_at, status.is_fresh) == (None, False)
    assert world.fake.calls() == 0


def test_a_connection_is_fresh_for_a_week() -> None:
    """The newest workout may be seven days old, to the second."""
    world = World()
    world.fake.add_activities(ATHLETE, [payload(1)])
    world.connect()
    world.work()
    latest = world.strava.standing.of(ME).latest_activity_at
    assert latest is not None
    world.clock.advance_to(latest + timedelta(days=7))
    assert world.strava.standing.of(ME).is_fresh
    world.pass_time(seconds=1)
    assert not world.strava.standing.of(ME).is_fresh


def test_only_users_can_connect() -> None:
    """What is no id names no athlete who could."""
    with pytest.raises(InvalidInput):
        World().strava.linking.begin(UserId("a#b"), BROWSER, redirect_uri=REDIRECT)


def test_status_passes_over_tombstones() -> None:
    """The newest workout that is there counts, however many newer ones are gone."""
    world = World()
    world.fake.add_activities(ATHLETE, map(payload, range(20)))
    world.connect()
    world.work()
    for number in range(15):
        world.fake.delete(next(each for each in world.held() if each == str(1_000 + number)))
    world.deliver()
    world.work()
    latest = world.strava.standing.of(ME).latest_activity_at
    assert latest == world.clock.now().replace(hour=12, minute=0, second=0) - timedelta(days=15)


# Where only an access token gives a permission back


def old_way(*, hours: int = 0) -> World:
    """A world with one connection, made some hours ago, whose Strava knows the old way alone."""
    world = World(revoke_with=Revocation.DEAUTHORIZE)
    world.connect()
    world.clock.advance_to(world.clock.now() + timedelta(hours=hours))
    return world


def test_the_old_way_of_disconnecting_makes_one_call_with_a_token_that_lasts() -> None:
    """Nothing is renewed for it."""
    world = old_way()
    world.strava.linking.disconnect(ME)
    assert (world.fake.calls(CallKind.REVOKE), world.fake.calls(CallKind.REFRESH)) == (1, 0)
    assert world.stores.connections.read(ME) is None


@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.HANG])
def test_a_refresh_token_replaced_while_disconnecting_is_kept(fault: Fault) -> None:
    """If the call behind the refresh fails, a repeat goes on with the new tokens.

    The old refresh token is dead by then, so the permission could never be given back with it.
    """
    world = old_way(hours=7)
    world.fake.inject(fault, CallKind.REVOKE, after=1)
    with pytest.raises(StravaUnavailable):
        world.strava.linking.disconnect(ME)
    refreshes = world.fake.calls(CallKind.REFRESH)
    world.strava.linking.disconnect(ME)
    assert world.fake.calls(CallKind.REFRESH) == refreshes, "the repeat has an access token that lasts"
    assert world.stores.connections.read(ME) is None
    assert not world.fake.has_permission(ATHLETE)


def test_the_old_way_of_disconnecting_survives_a_crash_at_every_call() -> None:
    """Wherever the process dies, a repeat in a new one gives the permission back.

    One moment is beyond us: between Strava's answer with a new refresh token and its being stored.
    """
    for number in range(KILLS_MAX):
        world = old_way(hours=7)
        before = world.stores.connections.read(ME)
        assert before is not None
        door = KillAt(number)
        with suppress(Killed):
            world.process(door).strava.linking.disconnect(ME)
        if door.killed_at is None:
            break
        stored = world.stores.connections.read(ME)
        is_lost = (
            stored is not None
            and stored.refresh_token == before.refresh_token
            and world.fake.calls(CallKind.REFRESH) == 1
        )
        # A lease that the dead process held runs out first.
        world.pass_time(hours=1)
        if stored is not None:
            world.strava.linking.disconnect(ME)
        assert world.stores.connections.read(ME) is None
        assert world.fake.has_permission(ATHLETE) == is_lost, door.killed_at
    assert 10 < number < KILLS_MAX - 1


def test_the_old_way_of_disconnecting_ends_where_nothing_is_left_to_give_back() -> None:
    """Taken back at Strava before, or with tokens that cannot be opened: the connection is forgotten."""
    world = old_way()
    world.fake.deauthorize(ATHLETE)
    world.strava.linking.disconnect(ME)
    assert world.stores.connections.read(ME) is None
    world = old_way()
    world.cipher = LocalCipher([b"l" * 32])
    world.process().strava.linking.disconnect(ME)
    assert world.stores.connections.read(ME) is None
    assert world.fake.calls(CallKind.REVOKE) == 0
