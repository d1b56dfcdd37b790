"""Jobs: several become one, and one that fails waits longer and longer, then stands aside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from commitcollect_adapters.testing.strategies import moments
from commitcollect_core.jobs.jobs import (
    Job,
    JobKind,
    LeasedJob,
    Park,
    QueueEntry,
    TryAgain,
    activity_job,
    after_failure,
    backfill_job,
    job_key,
    merged,
)
from commitcollect_core.policy import DEFAULT_POLICY, JobsPolicy, Policy
from commitcollect_core.values import ActivityId, AthleteId

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
RIDE = activity_job(AthleteId("7"), ActivityId("42"), now=NOW)
LEASED = LeasedJob(job=RIDE, token="hush", until=NOW)  # noqa: S106 - a lease's, and made up
THREE_EVENTS = Policy(jobs=JobsPolicy(job_events_max=3))


def jobs(*, events_max: int = 5) -> SearchStrategy[Job]:
    """Jobs of one key with some of a few events behind them."""
    events = st.lists(st.sampled_from("abcdef"), unique=True, max_size=events_max).map(tuple)
    return st.builds(lambda ids, at: evolve(RIDE, request_ids=ids, enqueued_at=at), events, moments())


@given(waiting=jobs(events_max=3), coming=jobs())
def test_a_job_put_twice_is_a_job_put_once(waiting: Job, coming: Job) -> None:
    """A queue may be told the same again after a lost answer."""
    once = merged(waiting, coming, THREE_EVENTS)
    assert merged(once, coming, THREE_EVENTS) == once


@given(waiting=jobs(events_max=3), coming=jobs())
def test_a_merged_job_remembers_the_newest_events(waiting: Job, coming: Job) -> None:
    """Law 9: at most `job_events_max`, each once; what comes goes before what waits."""
    after = merged(waiting, coming, THREE_EVENTS)
    known = {*waiting.request_ids, *coming.request_ids}
    assert len(set(after.request_ids)) == len(after.request_ids) == min(3, len(known))
    assert set(after.request_ids) <= known
    newest = coming.request_ids[-3:]
    assert after.request_ids[len(after.request_ids) - len(newest) :] == newest
    assert evolve(after, request_ids=(), enqueued_at=NOW) == RIDE
    assert after.enqueued_at == min(waiting.enqueued_at, coming.enqueued_at)


_athletes = st.sampled_from(["1", "11", "112"]).map(AthleteId)
_activities = st.none() | st.sampled_from(["1", "2", "12"]).map(ActivityId)
_subjects = st.tuples(st.sampled_from(JobKind), _athletes, _activities)


@given(one=_subjects, other=_subjects)
def test_only_what_is_the_same_has_the_same_key(
    one: tuple[JobKind, AthleteId, ActivityId | None], other: tuple[JobKind, AthleteId, ActivityId | None]
) -> None:
    """Jobs of different athletes, activities or kinds never become one."""
    assert (job_key(*one) == job_key(*other)) == (one == other)


def test_jobs_for_no_events_sake_have_the_keys_of_those_with_events() -> None:
    """A look that somebody asked for and one because of an event become one."""
    assert (RIDE.key, RIDE.kind, RIDE.athlete_id, RIDE.activity_id) == (
        "activity/7/42",
        JobKind.ACTIVITY,
        "7",
        "42",
    )
    history = backfill_job(AthleteId("7"), now=NOW)
    assert (history.key, history.kind, history.activity_id) == ("backfill/7", JobKind.BACKFILL, None)
    assert RIDE.request_ids == history.request_ids == ()
    assert RIDE.enqueued_at == history.enqueued_at == NOW


@given(
    attempts_max=st.integers(1, 20),
    first=st.integers(1, 100),
    longest=st.integers(1, 5_000),
)
def test_a_failing_job_waits_longer_and_longer_and_is_parked(
    attempts_max: int, first: int, longest: int
) -> None:
    """It is tried `job_attempts_max` times; each wait is twice the one before, up to the longest."""
    policy = Policy(
        jobs=JobsPolicy(
            job_attempts_max=attempts_max, job_retry_seconds_first=first, job_retry_seconds_max=longest
        )
    )
    leased = LEASED
    waits = []
    while isinstance(end := after_failure(leased, now=NOW, policy=policy), TryAgain):
        waits.append(end.at - NOW)
        leased = evolve(leased, attempts=leased.attempts + 1)
    assert end == Park()
    assert waits == [timedelta(seconds=min(first * 2**n, longest)) for n in range(attempts_max - 1)]


def test_by_default_a_job_outlives_an_outage_of_hours() -> None:
    """Sixteen tries, ten seconds to an hour apart, over about seven hours."""
    seconds = []
    for attempts in range(DEFAULT_POLICY.jobs.job_attempts_max - 1):
        leased = evolve(LEASED, attempts=attempts)
        end = after_failure(leased, now=NOW, policy=DEFAULT_POLICY)
        assert isinstance(end, TryAgain)
        seconds.append(int((end.at - NOW).total_seconds()))
    assert seconds == [10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, *[3_600] * 6]


def test_what_proves_a_lease_is_not_shown() -> None:
    """Whoever reads a log cannot finish another worker's job."""
    assert "hush" not in repr(evolve(DUE, token="hush"))  # noqa: S106 - the same
    assert "hush" not in repr(LEASED)


# Entries of queues

MANY_EVENTS = Policy(jobs=JobsPolicy(job_events_max=100))
DUE = QueueEntry(job=RIDE, due_at=NOW)


def _event(name: str) -> Job:
    return evolve(RIDE, request_ids=(name,))


def _later(seconds: int) -> datetime:
    return NOW + timedelta(seconds=seconds)


_happenings = st.lists(st.sampled_from(["put", "put", "take", "end", "fail", "defer"]), max_size=30)


@given(happenings=_happenings)
def test_an_event_stays_until_a_look_that_began_after_it_has_ended(happenings: list[str]) -> None:
    """Law 6: whatever happens to an entry, no event is lost, and none is done with by an earlier look.

    Workers may vanish: a job is taken again though nobody gave it back. Tries are counted, deferrals not.
    """
    entry: QueueEntry | None = None
    waiting, looked_at = set[str](), set[str]()
    tries = 0
    for count, happening in enumerate(happenings):
        now, name = _later(count), f"event-{count}"
        match happening:
            case "put":
                waiting.add(name)
                job = _event(name)
                if entry is None:
                    entry, tries = QueueEntry(job=job, due_at=now), 0
                else:
                    entry = entry.put(job, visible_at=now, policy=MANY_EVENTS)
            case "take" if entry is not None:
                entry = entry.taken(name, until=_later(count + 9), policy=MANY_EVENTS)
                looked_at = set(waiting)
                assert entry.leased() == LeasedJob(
                    job=entry.job, token=name, until=_later(count + 9), attempts=tries
                )
                tries += 1
            case "end" if entry is not None and entry.token:
                waiting -= looked_at
                entry, tries = entry.after_end(), 0
                assert (entry is None) == (not waiting)
            case "fail" | "defer" if entry is not None and entry.token:
                is_attempt = happening == "fail"
                entry = entry.given_back(visible_at=now, is_attempt=is_attempt, policy=MANY_EVENTS)
                tries -= not is_attempt
                assert (entry.token, entry.due_at) == ("", now)
        if entry is not None:
            assert entry.attempts == tries
            renewed = entry.renewed.request_ids if entry.renewed else ()
            assert {*entry.job.request_ids, *renewed} == waiting
            assert not entry.token or set(entry.job.request_ids) == looked_at


def test_what_waits_stays_due_when_it_was() -> None:
    """A stream of events for one activity puts nothing off for ever."""
    assert DUE.put(_event("b"), visible_at=_later(9), policy=MANY_EVENTS).due_at == NOW


def test_what_is_put_during_a_look_is_due_as_it_was_put() -> None:
    """It is done once more afterwards, when the first of what came meanwhile is due."""
    taken = DUE.taken("token", until=_later(150), policy=MANY_EVENTS)
    renewed = taken.put(_event("b"), visible_at=_later(3), policy=MANY_EVENTS)
    renewed = renewed.put(_event("c"), visible_at=_later(6), policy=MANY_EVENTS)
    assert renewed.after_end() == QueueEntry(job=evolve(RIDE, request_ids=("b", "c")), due_at=_later(3))
    assert renewed.leased() == taken.leased()
