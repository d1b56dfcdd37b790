"""The audit trail: after the fact, bounded, never in the way, and nothing secret in it."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
from attrs import evolve

import audited
from accounts.town import ADA, Town
from adapters.identity.issuer import Seconds
from commitcollect_adapters.memory.accounts import MemoryAuditLog
from commitcollect_adapters.observing.metrics import PrometheusMetrics
from commitcollect_adapters.observing.trail import AuditTrail
from commitcollect_adapters.simulation.faults import Side, hooked
from commitcollect_adapters.testing import service_samples as service
from commitcollect_core.accounts.audit import AuditResult, AuditType
from commitcollect_core.accounts.auditing import Auditing
from commitcollect_core.errors import CorruptItem, Forbidden, StorageUnavailable
from commitcollect_core.flows import flow
from commitcollect_core.policy import DEFAULT_POLICY, customised
from commitcollect_core.values import UserId
from observing_probe import CANARIES, found_in
from strava.world import ATHLETE, ME, WISH, World, payload

RETRY = DEFAULT_POLICY.accounts.audit_retry_seconds


class Trail:
    """A trail, what is under it, and a switch that breaks its log."""

    def __init__(self, **policy: int) -> None:
        self.town = Town(policy=customised(DEFAULT_POLICY, policy))
        self.log = MemoryAuditLog()
        self.failure: Exception | None = None
        self.seconds = Seconds()
        self.metrics = PrometheusMetrics()
        self.auditing = Auditing(
            log=hooked(self.log, self._fail), keys=service.AUDIT_KEYS, context=self.town.context
        )
        self.trail = AuditTrail(self.auditing, metrics=self.metrics, monotonic=self.seconds)

    def _fail(self, _call: str, _side: Side) -> None:
        if self.failure is not None:
            raise self.failure

    def record(self, number: int) -> None:
        """Record a login of a user of this number."""
        happened = evolve(self.town.sign_in(), is_new=False)
        happened = evolve(happened, profile=evolve(happened.profile, user_id=UserId(f"user-{number}")))
        self.trail.record(self.trail.caller("test"), happened)

    def written(self, user_id: UserId) -> list[AuditType]:
        """What the log tells of a user."""
        return [each.event.event_type for each in self.auditing.of_user(user_id)]


def test_a_sign_up_a_login_and_a_sign_out_are_written_in_their_flow() -> None:
    """Each call is an entry, and the correlation id finds what belongs together."""
    case = Trail()
    trail, town = case.trail, case.town
    with flow("flow-1"):
        first = trail.around(trail.caller("browser"), town.sign_in)
        town.pass_time(seconds=1)
        again = trail.around(trail.caller("browser"), town.sign_in)
    town.pass_time(seconds=1)
    trail.around(trail.caller("browser"), lambda: town.signing_in.sign_out(again.opened.secret))
    trail.around(trail.caller("browser"), lambda: town.signing_in.sign_out("made up"))
    assert trail.flush() == 0
    user_id = first.profile.user_id
    assert case.written(user_id) == [AuditType.AUTH_SIGNUP, AuditType.AUTH_LOGIN, AuditType.AUTH_LOGOUT]
    assert [each.event.event_type for each in case.auditing.of_flow("flow-1")] == case.written(user_id)[:2]
    assert case.auditing.verify(user_id).bad is None
    assert 'audit_entries_total{outcome="written"} 3' in case.metrics.text()


def test_recording_asks_no_store_and_flushing_pauses_after_a_failure(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A log that hangs for its deadline costs it once in half a minute, and no use case ever waits for it."""
    case = Trail()
    case.failure = StorageUnavailable("down")
    for number in range(5):
        case.record(number)
    assert case.trail.counts == {}
    for _ in range(3):
        assert case.trail.flush() == 5
    assert case.trail.counts == {"failed": 1}
    assert "storage_unavailable" in caplog.text
    case.failure = None
    assert case.trail.flush() == 5
    case.seconds.now = RETRY
    assert case.trail.flush() == 0
    assert case.trail.counts == {"failed": 1, "written": 5}


def test_the_buffer_is_bounded_and_what_is_dropped_is_counted() -> None:
    """The newest entries stay."""
    case = Trail(audit_waiting_max=3)
    case.failure = StorageUnavailable("down")
    for number in range(5):
        case.record(number)
    assert case.trail.waiting == 3
    case.trail.flush()
    case.failure, case.seconds.now = None, RETRY
    assert case.trail.flush() == 0
    assert [len(case.written(UserId(f"user-{number}"))) for number in range(5)] == [0, 0, 1, 1, 1]
    assert case.trail.counts["dropped"] == 2


def test_an_entry_that_cannot_be_written_stops_no_other() -> None:
    """A damaged chain of one person is not the matter of the next."""
    case = Trail()
    for number in range(3):
        case.record(number)
    damaged = UserId("user-0")
    read_head = case.log.read_head

    def fail_for_one(user_id: UserId) -> object:
        if user_id == damaged:
            raise CorruptItem("damaged")
        return read_head(user_id)

    case.log.read_head = fail_for_one  # type: ignore[assignment,method-assign]  # a port that fails
    assert case.trail.flush() == 1
    assert len(case.written(UserId("user-1"))) == len(case.written(UserId("user-2"))) == 1


def test_a_full_buffer_drops_an_entry_that_is_to_be_put_back() -> None:
    """Entries that came while one was being written have taken its place."""
    case = Trail(audit_waiting_max=1)
    case.record(0)

    def fail(_call: str, _side: Side) -> None:
        case.record(1)
        raise StorageUnavailable("down")

    auditing = evolve(case.auditing, log=hooked(case.log, fail))
    trail = AuditTrail(auditing, monotonic=case.seconds)
    trail.record(trail.caller("test"), case.town.sign_in())
    case.trail = trail
    assert trail.flush() == 1
    assert trail.counts["dropped"] == 1


def test_what_fails_is_written_as_failed_and_raised() -> None:
    """With the code and not the message."""
    case = Trail()

    def refuse() -> None:
        raise Forbidden("canary message")

    me = UserId("me")
    with pytest.raises(Forbidden):
        case.trail.around(case.trail.caller("me"), refuse, event_type=AuditType.STRAVA_AUTHORIZE, user_id=me)
    with pytest.raises(Forbidden):
        case.trail.around(case.trail.caller("me"), refuse)
    case.trail.flush()
    (entry,) = case.auditing.of_user(me)
    assert (entry.event.result, entry.event.data) == (AuditResult.FAILED, {"error": "forbidden"})
    case.town.pass_time(seconds=1)
    assert (
        case.trail.around(case.trail.caller("me"), lambda: 7, event_type=AuditType.DATA_EXPORT, user_id=me)
        == 7
    )
    case.trail.flush()
    assert case.written(me) == [AuditType.STRAVA_AUTHORIZE, AuditType.DATA_EXPORT]


def test_an_outcome_that_cannot_be_read_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever is wrong while an entry is made."""
    case = Trail()
    broken = evolve(case.town.sign_in(), profile=None)  # type: ignore[arg-type]  # what no use case returns
    case.trail.record(case.trail.caller("me"), broken)
    assert case.trail.counts == {"failed": 1}
    assert "AttributeError" in caplog.text


def test_an_address_is_hashed_with_a_key() -> None:
    """Equal addresses are recognised, and no one else can compute their hashes."""
    case = Trail()
    hashes = [case.trail.caller("x", ip=ip).ip_hash for ip in ("192.0.2.1", "192.0.2.1", "192.0.2.2", "::1")]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3
    assert all(len(each) == 32 for each in hashes)
    assert [case.trail.caller("x", ip=ip).ip_hash for ip in ("", "no address", "x" * 999)] == ["", "", ""]
    other = evolve(case.auditing, keys=audited.failing_trail(MemoryAuditLog())._auditing.keys)  # noqa: SLF001 - another key
    assert AuditTrail(other).caller("x", ip="192.0.2.1").ip_hash != hashes[0]


def test_a_webhook_is_followed_to_the_award() -> None:
    """Webhook, queue, worker, ledger, award: one correlation id, also through an import of the next event."""
    world = World()
    world.connect()
    world.work()
    case = Trail()
    trail = case.trail
    trail.around(trail.caller("me"), lambda: world.app.tracking.create(ME, WISH))
    case.town.pass_time(seconds=1)
    with flow("event-77"):
        world.fake.upload(ATHLETE, payload(1, distance=50_000.0))
        world.deliver()
    world.pass_time(minutes=1)
    report = world.worker.run_once(limit=9)
    for worked in report.worked:
        with flow(worked.job.correlation_id):
            trail.record(trail.caller("worker"), worked)
    trail.flush()
    found = [each.event.event_type for each in case.auditing.of_flow("event-77")]
    assert found[0] is AuditType.STRAVA_ACTIVITY_CREATE
    assert set(found[1:]) == {AuditType.MILESTONE_PART_MINTED}
    assert len(found) == 7
    assert case.written(ME)[0] is AuditType.MILESTONE_CREATED
    assert case.auditing.verify(ME).bad is None


def test_no_canary_gets_into_an_entry(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever stands in the address, the origin, the user agent or the peer of a call."""
    case = Trail()
    with caplog.at_level(logging.DEBUG):
        for name, canary in CANARIES.items():
            call = case.trail.caller(
                "browser",
                method="GET",
                path=f"/auth/callback?code={canary}&state={canary}",
                origin=f"https://example.org/?token={canary}",
                ip=canary,
                user_agent=f"Agent token={canary}",
            )
            case.trail.around(call, case.town.sign_in)
            assert not found_in([repr(call)]), name
        case.trail.flush()
    entries = list(case.auditing.of_type(AuditType.AUTH_LOGIN, month=f"{case.town.clock.now():%Y%m}"))
    assert len(entries) == len(CANARIES) - 1
    assert not found_in([*map(repr, entries), caplog.text])
    assert ADA not in repr(entries) + caplog.text


def test_the_failing_log_is_one() -> None:
    """`nox -s tests` runs every test of the use cases under such a log (law 8); it must take no entry."""
    log = audited.FailingLog()
    trail = audited.failing_trail(log)
    town = Town()
    for _ in range(3):
        sign_in: Callable[..., object] = audited.audited(town.sign_in, trail)
        sign_in()
    assert log.calls == 3
    assert trail.counts == {"failed": 3}


def test_every_use_case_can_be_put_under_it() -> None:
    """The names are those of methods that there are."""
    with pytest.MonkeyPatch.context() as patch:
        trail = audited.install(patch)
        Town().sign_in()
        assert trail.counts["failed"]
