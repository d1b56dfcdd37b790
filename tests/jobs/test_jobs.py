"""Jobs: several become one, and one that fails waits longer and longer, then stands aside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from commitcollect_adapters.testing.strategies import moments
from commitcollect_core.errors import (
    AccountDeleting,
    ActivityNotThereYet,
    CommitCollectError,
    CorruptItem,
    InvalidInput,
    NotFound,
    StorageUnavailable,
    UpstreamError,
)
from commitcollect_core.jobs.jobs import (
    Defer,
    Drop,
    Job,
    JobEvent,
    LeasedJob,
    Park,
    QueueEntry,
    TryAgain,
    after_error,
    after_failure,
    merged,
)
from commitcollect_core.policy import DEFAULT_POLICY, JobsPolicy, Policy

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
RIDE = Job(kind="strava/activity", subject={"athleteId": "7", "activityId": "42"}, enqueued_at=NOW)
LEASED = LeasedJob(job=RIDE, token="hush", until=NOW)  # noqa: S106 - a lease's, and made up
THREE_EVENTS = Policy(jobs=JobsPolicy(job_events_max=3))


def events(*keys: str) -> tuple[JobEvent, ...]:
    """Events of these keys, each at a moment that follows from its key."""
    return tuple(JobEvent(key, NOW + timedelta(seconds=ord(key[-1]))) for key in keys)


def jobs(*, events_max: int = 5) -> SearchStrategy[Job]:
    """Jobs of one key with some of a few events behind them."""
    keys = st.lists(st.sampled_from("abcdef"), unique=True, max_size=events_max)
    return st.builds(lambda some, at: evolve(RIDE, events=events(*some), enqueued_at=at), keys, moments())


@given(waiting=jobs(events_max=3), coming=jobs())
def test_a_job_put_twice_is_a_job_put_once(waiting: Job, coming: Job) -> None:
    """A queue may be told the same again after a lost answer."""
    once = merged(waiting, coming, THREE_EVENTS)
    assert merged(once, coming, THREE_EVENTS) == once


@given(waiting=jobs(events_max=3), coming=jobs())
def test_a_merged_job_remembers_the_newest_events(waiting: Job, coming: Job) -> None:
    """Law 9: at most `job_events_max`, each once; what comes goes before what waits."""
    after = merged(waiting, coming, THREE_EVENTS)
    known = {*waiting.events, *coming.events}
    assert len(set(after.events)) == len(after.events) == min(3, len(known))
    assert set(after.events) <= known
    newest = coming.events[-3:]
    assert after.events[len(after.events) - len(newest) :] == newest
    assert evolve(after, events=(), enqueued_at=NOW) == RIDE
    assert after.enqueued_at == min(waiting.enqueued_at, coming.enqueued_at)


_kinds = st.sampled_from(["strava/activity", "strava/athlete", "accounts/activity", "a/b", "a/b-1"])
_ids = st.sampled_from(["1", "11", "112", "a", "b"])
_subjects = st.lists(_ids, max_size=3).map(lambda ids: {f"id{place}": each for place, each in enumerate(ids)})


@given(one=st.tuples(_kinds, _subjects), other=st.tuples(_kinds, _subjects))
def test_only_what_is_the_same_has_the_same_key(
    one: tuple[str, dict[str, str]], other: tuple[str, dict[str, str]]
) -> None:
    """Jobs of different kinds or about different things never become one; the provider comes first."""
    keys = [Job(kind=kind, subject=subject, enqueued_at=NOW).key for kind, subject in (one, other)]
    assert (keys[0] == keys[1]) == (one == other)
    assert keys[0].startswith(f"{one[0]}/") or not one[1]


@given(kind=_kinds, subject=_subjects)
def test_a_group_is_the_provider_and_the_first_id(kind: str, subject: dict[str, str]) -> None:
    """Jobs of all kinds about one athlete are of one group, which has many of those that name more."""
    job = Job(kind=kind, subject=subject, enqueued_at=NOW)
    provider = kind.partition("/")[0]
    assert job.group == "/".join([provider, *list(subject.values())[:1]])
    assert job.is_one_of_many == (len(subject) > 1)


@pytest.mark.parametrize("kind", ["", "strava", "strava/", "/x", "a/b/c", "Strava/x", "a/b\n", 7, None])
def test_a_kind_names_a_provider_and_a_task(kind: str) -> None:
    """Anything else could share a key with a job of another kind."""
    with pytest.raises(InvalidInput, match="kind of job"):
        Job(kind=kind, subject={}, enqueued_at=NOW)


@pytest.mark.parametrize("value", ["", "1/2", "x" * 65, 7])
def test_a_subject_names_ids(value: str) -> None:
    """Whatever could make two subjects share a key is refused, by its name."""
    with pytest.raises(InvalidInput, match="userId"):
        Job(kind="a/b", subject={"userId": value}, enqueued_at=NOW)


def test_a_subject_that_lacks_a_name_says_so() -> None:
    """A handler is told which, and of which job."""
    assert RIDE.named("athleteId") == "7"
    with pytest.raises(InvalidInput, match="'strava/activity/7/42' names no milestoneId"):
        RIDE.named("milestoneId")


@given(occurred_at=moments(), looked_at=moments(), fraction=st.integers(0, 999_999))
def test_an_event_is_over_once_its_second_is(
    occurred_at: datetime, looked_at: datetime, fraction: int
) -> None:
    """A look within the second of an event may have come before it."""
    looked = looked_at + timedelta(microseconds=fraction)
    is_over = JobEvent("key", occurred_at).is_over_at(looked)
    assert is_over == (int(occurred_at.timestamp()) < int(looked.timestamp()))


@pytest.mark.parametrize(("seconds", "is_over"), [(-1, False), (0, False), (1, True)])
def test_an_event_is_not_over_within_its_second(seconds: int, *, is_over: bool) -> None:
    """A look in the very second may have come first (law 6)."""
    looked_at = NOW + timedelta(seconds=seconds, microseconds=999_999)
    assert JobEvent("key", NOW).is_over_at(looked_at) is is_over


LATER = NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    ("error", "first", "second"),
    [
        (UpstreamError("x", retry_at=LATER), Defer(LATER), Defer(LATER)),
        (AccountDeleting("x", retry_at=LATER), Defer(LATER), Defer(LATER)),
        (ActivityNotThereYet("x", retry_at=LATER), TryAgain(LATER), Park()),
        (AccountDeleting("x"), Drop(), Drop()),
        (NotFound("x"), TryAgain(NOW + timedelta(seconds=10)), Drop()),
        (StorageUnavailable("x"), TryAgain(NOW + timedelta(seconds=10)), Park()),
        (CorruptItem("x"), TryAgain(NOW + timedelta(seconds=10)), Park()),
        (InvalidInput("x"), TryAgain(NOW + timedelta(seconds=10)), Park()),
    ],
)
def test_the_class_of_an_error_decides_what_becomes_of_its_job(
    error: CommitCollectError, first: object, second: object
) -> None:
    """Put off until it says, dropped if nothing can come of it, and else tried until it is parked.

    What is not found may not be there yet: a job is put before what it is about is written.
    """
    policy = Policy(jobs=JobsPolicy(job_attempts_max=2))
    again = evolve(LEASED, attempts=1)
    ends = [after_error(leased, error, now=NOW, policy=policy) for leased in (LEASED, again)]
    assert ends == [first, second]


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
    """A reader of the log cannot finish a worker's job."""
    assert "hush" not in repr(evolve(DUE, token="hush"))  # noqa: S106 - the same
    assert "hush" not in repr(LEASED)


# Entries of queues

MANY_EVENTS = Policy(jobs=JobsPolicy(job_events_max=100))
DUE = QueueEntry(job=RIDE, due_at=NOW)


def _event(name: str) -> Job:
    return evolve(RIDE, events=events(name))


def _later(seconds: int) -> datetime:
    return NOW + timedelta(seconds=seconds)


_happenings = st.lists(st.sampled_from(["put", "put", "take", "end", "fail", "defer"]), max_size=30)


@given(happenings=_happenings)
def test_an_event_stays_until_a_look_that_began_after_it_has_ended(happenings: list[str]) -> None:
    """Law 6: whatever happens to an entry, no event is lost, and none is done with by an earlier look.

    Workers may vanish: a job that was not given back is taken again. Tries are counted, deferrals not, and an
    event during or after a try begins anew.
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
                    tries *= bool(entry.token)
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
                is_anew = entry.renewed is not None
                entry = entry.given_back(visible_at=now, is_attempt=is_attempt, policy=MANY_EVENTS)
                tries = 0 if is_anew else tries - (not is_attempt)
                assert (entry.token, entry.is_put_off) == ("", not is_attempt)
                assert entry.due_at == now or (is_anew and is_attempt and entry.due_at < now)
        if entry is not None:
            assert entry.attempts == tries
            renewed = entry.renewed.events if entry.renewed else ()
            assert {each.key for each in (*entry.job.events, *renewed)} == waiting
            assert not entry.token or {each.key for each in entry.job.events} == looked_at


def test_a_worker_that_takes_a_job_over_gets_what_was_put_meanwhile() -> None:
    """Law 6: the lease of a worker that died runs out, and no event behind the job is lost."""
    held = evolve(DUE, job=_event("a")).taken("token", until=_later(150), policy=MANY_EVENTS)
    renewed = held.put(_event("b"), visible_at=_later(3), policy=MANY_EVENTS)
    taken = renewed.taken("another", until=_later(300), policy=MANY_EVENTS)
    assert (taken.job.events, taken.renewed, taken.attempts) == (events("a", "b"), None, 2)
    given = renewed.given_back(visible_at=_later(9), is_attempt=True, policy=MANY_EVENTS)
    assert (given.job.events, given.renewed, given.attempts) == (events("a", "b"), None, 0)


def test_what_waits_stays_due_when_it_was() -> None:
    """A stream of events for one activity puts nothing off for ever."""
    assert DUE.put(_event("b"), visible_at=_later(9), policy=MANY_EVENTS).due_at == NOW


def test_what_is_put_during_a_look_is_due_as_it_was_put() -> None:
    """It is done once more afterwards, when the first of what came meanwhile is due."""
    taken = DUE.taken("token", until=_later(150), policy=MANY_EVENTS)
    renewed = taken.put(_event("b"), visible_at=_later(3), policy=MANY_EVENTS)
    renewed = renewed.put(_event("c"), visible_at=_later(6), policy=MANY_EVENTS)
    assert renewed.after_end() == QueueEntry(job=evolve(RIDE, events=events("b", "c")), due_at=_later(3))
    assert renewed.leased() == taken.leased()


def test_an_event_that_is_known_already_changes_nothing() -> None:
    """A delivery that Strava repeats brings no job in back-off forward."""
    waiting = evolve(DUE, job=_event("a"), due_at=_later(900), attempts=3)
    assert waiting.put(_event("a"), visible_at=_later(3), policy=MANY_EVENTS) == waiting
