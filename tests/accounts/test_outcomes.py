"""What outcomes of use cases mean to the audit log: every type of event, and nothing for nothing."""

from __future__ import annotations

from datetime import timedelta

from attrs import evolve

from accounts.town import Town
from commitcollect_adapters.memory.jobs import MemoryQueue
from commitcollect_adapters.system import ManualClock, NoBackoff, SequentialIds
from commitcollect_adapters.testing import service_samples as service
from commitcollect_adapters.testing.samples import NOW
from commitcollect_core.accounts.audit import AuditResult, AuditType, Caller
from commitcollect_core.accounts.outcomes import ACTIVITIES_NAMED_MAX, Happening, events_of, happenings_of
from commitcollect_core.accounts.signing_in import SignedOut
from commitcollect_core.context import Context
from commitcollect_core.flows import current_flow, flow, is_flow
from commitcollect_core.jobs.jobs import Job, JobOutcome, LeasedJob, merged
from commitcollect_core.jobs.worker import JobEnd, WorkedJob, Worker
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.strava.refreshing import LookResult
from commitcollect_core.training.committing import NOTHING_COMMITTED
from commitcollect_core.training.workouts import ActivityGone
from commitcollect_core.values import Source, UserId
from rivals import ATHLETE, RacedLedger, app_on, ride, wish

ME = UserId("me")
JOB = Job(kind="a/b", subject={}, enqueued_at=NOW)


def types_of(outcome: object) -> list[AuditType]:
    """What an outcome is recorded as."""
    return [each.event_type for each in happenings_of(outcome)]


def test_what_happens_in_a_ledger_is_recorded_in_its_order() -> None:
    """Created, edited, deleted; a milestone opened, parts minted, the statue complete."""
    app = app_on(RacedLedger())
    opened = app.tracking.create(ATHLETE, wish(12_000))
    assert types_of(opened) == [AuditType.MILESTONE_CREATED]
    first = list(happenings_of(app.ingestion.ingest(ATHLETE, (ride("1", 4_000),))))
    parts = [each for each in first if each.event_type is AuditType.MILESTONE_PART_MINTED]
    assert [each.event_type for each in first] == [
        AuditType.STRAVA_ACTIVITY_CREATE,
        *[AuditType.MILESTONE_PART_MINTED] * len(parts),
    ]
    assert [each.metrics["partIndex"] for each in parts] == list(range(1, len(parts) + 1))
    assert parts[0].data["activityId"] == "1"
    assert types_of(app.ingestion.ingest(ATHLETE, (ride("1", 4_001),))) == [AuditType.STRAVA_ACTIVITY_UPDATE]
    last = types_of(app.ingestion.ingest(ATHLETE, (ride("2", 20_000),)))
    assert last[-1] is AuditType.MILESTONE_COMPLETED
    key = ride("2").key
    assert types_of(app.ingestion.ingest(ATHLETE, (ActivityGone(key=key),))) == [
        AuditType.STRAVA_ACTIVITY_DELETE
    ]
    assert types_of(app.tracking.recompute(ATHLETE, opened.milestone.milestone_id)) == []


def test_a_batch_is_one_entry_that_counts() -> None:
    """A backfill costs as many entries as it has writes; workouts from elsewhere are not Strava's."""
    app = app_on(RacedLedger())
    rides = [ride(f"{number}") for number in range(ACTIVITIES_NAMED_MAX + 5)]
    (found,) = happenings_of(app.ingestion.ingest(ATHLETE, rides))
    assert found.metrics == {"activities": len(rides)}
    assert found.data["activityIds"].split(",") == [each.activity_id for each in rides[:ACTIVITIES_NAMED_MAX]]
    own = evolve(ride("own"), source=Source.MANUAL)
    assert types_of(app.ingestion.ingest(ATHLETE, (own,))) == []


def test_signing_in_and_out_is_recorded_for_its_person() -> None:
    """Signing out without a session is no one's."""
    town = Town()
    found = town.sign_in()
    (happened,) = happenings_of(found)
    assert (happened.event_type, happened.user_id) == (AuditType.AUTH_SIGNUP, found.profile.user_id)
    assert types_of(town.sign_in()) == [AuditType.AUTH_LOGIN]
    assert types_of(town.signing_in.sign_out(found.opened.secret)) == [AuditType.AUTH_LOGOUT]
    assert types_of(SignedOut(address=None)) == []


def test_a_job_is_recorded_by_what_it_came_to() -> None:
    """A permission that was taken back at Strava is a disconnection, wherever it is noticed."""
    ended = JobOutcome(result=LookResult.DISCONNECTED, committed=NOTHING_COMMITTED, user_id=ME)
    (happened,) = happenings_of(WorkedJob(job=JOB, end=JobEnd.DONE, outcome=ended))
    assert (happened.event_type, happened.user_id) == (AuditType.STRAVA_DEAUTHORIZE, ME)
    for outcome in (None, JobOutcome(), evolve(ended, user_id=None), evolve(ended, result="other")):
        assert types_of(WorkedJob(job=JOB, end=JobEnd.DONE, outcome=outcome)) == []


def test_a_deletion_is_recorded_as_partial_until_its_end() -> None:
    """Each step may be recorded; the last one says that all is done."""
    request = service.deletion("d")
    (happened,) = happenings_of(request)
    assert (happened.event_type, happened.result) == (AuditType.ACCOUNT_DELETE, AuditResult.PARTIAL)
    (happened,) = happenings_of(evolve(request, completed_at=NOW))
    assert happened.result is AuditResult.SUCCESS
    assert types_of("something else") == []


def test_entries_of_one_call_share_all_but_their_request_id() -> None:
    """And sort in their order, at the same second."""
    caller = Caller(request_id="r", correlation_id="c", actor="a", ip_hash="i", user_agent="x" * 999)
    happenings = [Happening(user_id=ME, event_type=AuditType.DATA_EXPORT)] * 12
    events = list(events_of(happenings, caller, now=NOW + timedelta(microseconds=5)))
    ids = [each.request_id for each in events]
    assert ids == sorted(set(ids))
    assert {(each.correlation_id, each.actor, each.ip_hash, len(each.user_agent)) for each in events} == {
        ("c", "a", "i", 512)
    }


# Flows


def test_a_flow_lasts_as_long_as_its_call() -> None:
    """Also when it fails, and one inside another."""
    assert current_flow() == ""
    with flow("outer"):
        with flow("inner"):
            assert Job(kind="a/b", subject={}, enqueued_at=NOW).correlation_id == "inner"
        assert current_flow() == "outer"
    assert current_flow() == ""


def test_a_job_is_done_in_the_flow_it_was_put_in() -> None:
    """What its handler puts and logs belongs to it, and the next job has its own."""
    queue, seen = MemoryQueue(DEFAULT_POLICY), []

    def handle(_leased: LeasedJob) -> JobOutcome:
        seen.append(current_flow())
        return JobOutcome()

    context = Context(clock=ManualClock(NOW), ids=SequentialIds(), backoff=NoBackoff())
    for number, name in enumerate(("flow-1", "", "flow-2")):
        with flow(name):
            queue.put(Job(kind="a/b", subject={"n": f"{number}"}, enqueued_at=NOW), visible_at=NOW)
    Worker(queue=queue, handlers={"a/b": handle}, context=context).run_once(limit=9)
    assert (sorted(seen), current_flow()) == (["", "flow-1", "flow-2"], "")


def test_jobs_that_become_one_keep_the_first_flow() -> None:
    """The later event is found by its log line; the work belongs to what began it."""
    with flow("first"):
        waiting = Job(kind="a/b", subject={}, enqueued_at=NOW)
    with flow("second"):
        coming = Job(kind="a/b", subject={}, enqueued_at=NOW)
    assert merged(waiting, coming, DEFAULT_POLICY).correlation_id == "first"
    assert merged(JOB, coming, DEFAULT_POLICY).correlation_id == "second"


def test_what_is_fit_to_be_a_correlation_id() -> None:
    """Nothing that could break a log line or a key."""
    assert all(map(is_flow, ("a", "A-1._z", "x" * 64)))
    assert not any(map(is_flow, ("", "x" * 65, "a b", "a\n", "a#b", "é", None, 7)))
