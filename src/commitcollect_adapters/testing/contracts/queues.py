"""Every promise of `EventQueue`."""
# ruff: noqa: S101 - a suite asserts, though it does not live under tests/

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from functools import partial
from typing import ClassVar

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from commitcollect_adapters.testing import service_samples as service
from commitcollect_adapters.testing.contracts.checks import (
    HOUR_THAT_COMES_TWICE,
    MOMENTS_MAX,
    THREADS,
    assert_read_back,
    in_every_zone,
    in_zone,
    is_done,
    property_test,
    race,
    undefined,
)
from commitcollect_adapters.testing.samples import NOW
from commitcollect_adapters.testing.service_strategies import jobs
from commitcollect_core.jobs.jobs import (
    ComingJob,
    Job,
    JobEvent,
    LeasedJob,
    ParkedJob,
    QueueCounts,
    QueuedJob,
)
from commitcollect_core.jobs.ports import EventQueue
from commitcollect_core.policy import DEFAULT_POLICY

LEASE_SECONDS = 60
LIMIT = 10

LATE: Sequence[Callable[[EventQueue, LeasedJob], bool]] = (
    lambda queue, leased: queue.complete(leased),
    lambda queue, leased: queue.give_back(leased, visible_at=NOW, is_attempt=True),
    lambda queue, leased: queue.park(leased, reason="late", now=NOW),
)
"""What a worker may try whose lease was lost."""


def new_job(*events: str) -> Job:
    """A new job that is in no queue, put for some events."""
    subject = {"athleteId": service.new_strava_athlete(), "activityId": "42"}
    return Job(kind="strava/activity", subject=subject, events=job_events(*events), enqueued_at=NOW)


def job_events(*keys: str) -> tuple[JobEvent, ...]:
    """Events of these keys, each at a time derived from its key."""
    return tuple(JobEvent(key, NOW + timedelta(seconds=ord(key[-1]))) for key in keys)


def after(seconds: int) -> datetime:
    """So long after everything began."""
    return NOW + timedelta(seconds=seconds)


def take(queue: EventQueue, *, limit: int = LIMIT, seconds: int = LEASE_SECONDS) -> Sequence[LeasedJob]:
    """Take what is due at `samples.NOW`.

    With no seconds the lease expires at once.
    """
    return queue.lease(now=NOW, seconds=seconds, limit=limit)


def take_one(queue: EventQueue, *, seconds: int = LEASE_SECONDS) -> LeasedJob:
    """Take the one job that is due."""
    (leased,) = take(queue, seconds=seconds)
    return leased


def take_one_of_many(queue: EventQueue) -> LeasedJob:
    """Take the job that comes next."""
    (leased,) = take(queue, limit=1)
    return leased


def crowd_of(job: Job, count: int) -> list[Job]:
    """So many jobs of one group, the first of which is `job`."""
    numbers = range(42, 42 + count)
    return [evolve(job, subject={**job.subject, "activityId": str(each)}) for each in numbers]


def whole_of(job: Job) -> Job:
    """The job that stands for any number of a group's."""
    athlete = {"athleteId": job.subject["athleteId"]}
    return Job(kind="strava/reconcile", subject=athlete, events=job.events, enqueued_at=NOW)


def do_all(queue: EventQueue) -> Counter[str]:
    """Complete all due jobs; count how many looks each event got."""
    events = Counter[str]()
    while found := take(queue):
        for leased in found:
            assert queue.complete(leased)
            events.update(each.key for each in leased.job.events)
    return events


class EventQueueContract:
    """Subclass it, call the class ``Test…`` and run pytest.

    Attributes:
        is_exact: whether the queue knows every job by its key. One that only passes messages on does not:
            what is put several times may be done several times, in any order, and counts are estimates.
    """

    is_exact: ClassVar[bool] = True

    def open_queue(self) -> AbstractContextManager[EventQueue]:
        """An empty queue.

        If it has a clock, that stands still at `samples.NOW`.
        """
        undefined("open_queue")

    def open_broken_queue(self, *, at: int) -> AbstractContextManager[EventQueue]:  # noqa: ARG002 - for those who override it
        """The queue of this test, whose driver fails at moment `at` and ever after; see `BrokenDriver`.

        Without it what a crash leaves behind is not checked.
        """
        pytest.skip("define `open_broken_queue`, and this is checked: what a crash leaves behind")

    def spoil(self, job: Job, *, is_parked: bool) -> None:  # noqa: ARG002 - for those who override it
        """Write over a job in the queue of this test, parked or waiting, what the queue cannot read.

        Without it what an older program finds behind a newer one is not checked.
        """
        pytest.skip("define `spoil`, and this is checked: what stands for a job that cannot be read")

    def _skip_unless_exact(self) -> None:
        if not self.is_exact:
            pytest.skip("this queue only passes messages on")

    def test_nothing_is_there_at_first(self) -> None:
        """Reading is no error, nor is naming an unknown dead letter."""
        with self.open_queue() as queue:
            assert not take(queue)
            assert not queue.parked(limit=LIMIT)
            assert not queue.unpark("strava/activity/1/1", now=NOW)
            assert not queue.drop("strava/activity/1/1")
            assert queue.counts(now=NOW) == QueueCounts(waiting=0, leased=0, parked=0)

    def test_a_job_comes_back_as_it_was_put(self) -> None:
        """Every field, through waiting, being taken, being parked and waiting again."""
        with self.open_queue() as queue:

            @property_test
            @given(job=jobs(), reason=st.text(max_size=50))
            def check(job: Job, reason: str) -> None:
                queue.put(job, visible_at=NOW)
                leased = take_one(queue)
                assert_read_back(leased.job, job)
                assert (leased.until, leased.attempts) == (after(LEASE_SECONDS), 0)
                assert queue.park(leased, reason=reason, now=NOW)
                (parked,) = queue.parked(limit=LIMIT)
                assert_read_back(parked, ParkedJob(job=job, attempts=1, reason=reason, parked_at=NOW))
                assert queue.unpark(job.key, now=NOW)
                again = take_one(queue)
                assert_read_back(again.job, job)
                assert queue.complete(again)
                assert not take(queue)

            check()

    def test_waiting_jobs_of_one_key_become_one(self) -> None:
        """Several events cost one look, due when the first of them is."""
        self._skip_unless_exact()
        with self.open_queue() as queue:
            job = new_job("a", "b")
            queue.put(job, visible_at=after(5))
            queue.put(evolve(job, events=job_events("b", "c")), visible_at=after(9))
            queue.put(evolve(job, enqueued_at=after(-9), events=job_events("d")), visible_at=after(4))
            assert queue.counts(now=NOW).waiting == 1
            assert not queue.lease(now=after(3), seconds=LEASE_SECONDS, limit=LIMIT)
            (leased,) = queue.lease(now=after(4), seconds=LEASE_SECONDS, limit=LIMIT)
            assert leased.job == evolve(job, enqueued_at=after(-9), events=job_events("a", "b", "c", "d"))

    def test_no_event_of_a_waiting_job_is_lost(self) -> None:
        """Every event is handed out with some job."""
        with self.open_queue() as queue:
            job = new_job("a")
            for event in "abc":
                queue.put(evolve(job, events=job_events(event)), visible_at=NOW)
            assert set(do_all(queue)) == {*"abc"}

    def test_jobs_put_together_are_as_if_put_one_after_the_other(self) -> None:
        """Those of one key become one where they would, and each is told of by itself."""
        with self.open_queue() as queue:
            job, other = new_job("a"), new_job("c")
            again = evolve(job, events=job_events("b"))
            coming = [ComingJob(job=each, visible_at=NOW) for each in (job, other, again)]
            assert list(queue.put_all(coming)) == [None] * 3
            assert not queue.put_all([])
            assert set(do_all(queue)) == {*"abc"}

    def test_keys_that_look_alike_are_different_jobs(self) -> None:
        """A key that is a prefix of another is another job."""
        with self.open_queue() as queue:
            job = new_job("short")
            longer = evolve(job, subject={**job.subject, "activityId": "420"}, events=job_events("long"))
            queue.put(job, visible_at=NOW)
            queue.put(longer, visible_at=NOW)
            leased = {each.job.key: each for each in take(queue)}
            assert leased.keys() == {job.key, longer.key}
            assert queue.complete(leased[job.key])
            assert queue.park(leased[longer.key], reason="bad luck", now=NOW)
            assert not queue.drop(job.key)
            assert queue.drop(longer.key)

    def test_what_is_not_due_is_not_taken(self) -> None:
        """This holds for jobs put for later and for deferred ones."""
        with self.open_queue() as queue:
            queue.put(new_job("later"), visible_at=after(600))
            assert not take(queue)
            queue.put(new_job("now"), visible_at=NOW)
            assert queue.give_back(take_one(queue), visible_at=after(600), is_attempt=True)
            assert not take(queue)
            assert queue.counts(now=NOW) == QueueCounts(waiting=2, leased=0, parked=0)

    def test_what_has_become_due_is_taken(self) -> None:
        """It is due from that second on, and not before."""
        self._skip_unless_exact()
        with self.open_queue() as queue:
            queue.put(new_job(), visible_at=after(600))
            assert not queue.lease(now=after(599), seconds=LEASE_SECONDS, limit=LIMIT)
            (leased,) = queue.lease(now=after(600), seconds=LEASE_SECONDS, limit=LIMIT)
            assert queue.give_back(leased, visible_at=after(900), is_attempt=False)
            assert not queue.lease(now=after(899), seconds=LEASE_SECONDS, limit=LIMIT)
            assert queue.lease(now=after(900), seconds=LEASE_SECONDS, limit=LIMIT)

    @in_every_zone
    def test_a_due_time_is_not_an_hour_off(self, zone: str) -> None:
        """Also in the hour that comes twice, for a job that waits, one that is taken and one put off."""
        self._skip_unless_exact()
        first, second = HOUR_THAT_COMES_TWICE
        with in_zone(zone), self.open_queue() as queue:
            queue.put(new_job("1"), visible_at=second)
            assert not queue.lease(now=first, seconds=LEASE_SECONDS, limit=LIMIT)
            (leased,) = queue.lease(now=second, seconds=LEASE_SECONDS, limit=LIMIT)
            assert leased.until == second + timedelta(seconds=LEASE_SECONDS)
            assert queue.give_back(leased, visible_at=second + timedelta(hours=1), is_attempt=True)
            assert not queue.lease(now=second, seconds=LEASE_SECONDS, limit=LIMIT)

    def test_a_due_time_further_ahead_than_any_is_due_at_once(self) -> None:
        """A clock was wrong when it was put; the longest wait and the clocks' difference are waited for."""
        self._skip_unless_exact()
        longest = DEFAULT_POLICY.jobs.job_wait_seconds_max + DEFAULT_POLICY.training.clock_skew_seconds_max
        with self.open_queue() as queue:
            queue.put(new_job(), visible_at=after(longest))
            assert not take(queue)
            late = [new_job() for _ in range(3)]
            for job in late:
                queue.put(job, visible_at=after(longest + 1))
            assert [each.job.key for each in take(queue, limit=2)] == sorted(each.key for each in late)[:2]
            assert len(take(queue)) == 1
            assert not take(queue)

    def test_a_lease_longer_than_any_is_taken_over(self) -> None:
        """A worker whose clock was a day ahead blocks nothing: the job waits, and it has lost the lease."""
        self._skip_unless_exact()
        longest = DEFAULT_POLICY.jobs.job_lease_seconds + DEFAULT_POLICY.training.clock_skew_seconds_max
        with self.open_queue() as queue:
            queue.put(new_job(), visible_at=NOW)
            (ahead,) = queue.lease(now=after(longest - 60), seconds=60, limit=LIMIT)
            assert not take(queue)
            assert queue.counts(now=NOW).leased == 1
            assert queue.give_back(ahead, visible_at=NOW, is_attempt=False)
            (ahead,) = queue.lease(now=after(86_400), seconds=60, limit=LIMIT)
            assert queue.counts(now=NOW) == QueueCounts(waiting=1, leased=0, parked=0)
            leased = take_one(queue)
            assert not queue.complete(ahead)
            assert queue.complete(leased)

    def test_what_has_been_due_longest_is_taken_first(self) -> None:
        """A job with an expired lease queues from that moment on."""
        self._skip_unless_exact()
        with self.open_queue() as queue:
            crashed, second, first, third = (new_job(name) for name in ("crashed", "2nd", "1st", "3rd"))
            queue.put(crashed, visible_at=after(-30))
            queue.lease(now=after(-30), seconds=25, limit=LIMIT)
            for seconds, job in ((-10, second), (-20, first), (-2, third)):
                queue.put(job, visible_at=after(seconds))
            taken = [*take(queue, limit=2), *take(queue, limit=2)]
            assert [each.job for each in taken] == [first, second, crashed, third]

    def test_groups_take_turns(self) -> None:
        """One job of each comes before the second of any, however long that has been due."""
        self._skip_unless_exact()
        with self.open_queue() as queue:
            crowds = [crowd_of(new_job(), 4) for _ in range(3)]
            for place, crowd in enumerate(crowds):
                for number, job in enumerate(crowd):
                    queue.put(job, visible_at=after(number - 100 - 10 * place))
            for limit in (1, 2):  # one after the other, and several at once
                for _ in range(0, 6, limit):
                    assert all(map(queue.complete, take(queue, limit=limit)))
                left = [len(queue.waiting(crowd[0].group, limit=9)) for crowd in crowds]
                assert left == [left[0]] * 3

    def test_a_single_job_waits_for_one_job_of_a_crowd(self) -> None:
        """It comes next though others have been due longer, as their group was served since it is due."""
        self._skip_unless_exact()
        with self.open_queue() as queue:
            for job in crowd_of(new_job(), 15):
                queue.put(job, visible_at=after(-60))
            assert all(map(queue.complete, take(queue, limit=5)))
            single = new_job()
            queue.put(single, visible_at=NOW)
            assert take_one_of_many(queue).job == single

    def test_what_is_about_a_whole_group_comes_before_its_many(self) -> None:
        """Of jobs due in the same second: it stands for the others, and calls may not last for all."""
        self._skip_unless_exact()
        with self.open_queue() as queue:
            first, *others = crowd_of(new_job(), 3)
            whole = whole_of(first)
            for job in (first, *others, whole):
                queue.put(job, visible_at=NOW)
            assert take_one_of_many(queue).job == whole

    def test_a_group_has_so_many_jobs_and_one_that_stands_for_more(self) -> None:
        """No event of those that are kept is lost, and other groups are not concerned."""
        most = DEFAULT_POLICY.jobs.group_jobs_max
        with self.open_queue() as queue:
            jobs = crowd_of(new_job(), 3 * most)
            whole = whole_of(jobs[0])
            for job in jobs:
                queue.put(job, visible_at=NOW, otherwise=whole)
            other = new_job()
            queue.put(other, visible_at=NOW, otherwise=whole_of(other))
            if not self.is_exact:
                assert queue.counts(now=NOW).waiting == most + 2
                return
            kept = [each.job for each in queue.waiting(whole.group, limit=4 * most)]
            assert sorted(each.key for each in kept) == sorted(
                [whole.key, *(each.key for each in jobs[:most])]
            )
            # A job that is there already takes in more, whether it waits or is under way.
            taken = take(queue, limit=3)
            for job in (jobs[0], whole):
                queue.put(evolve(job, events=job_events("more")), visible_at=NOW, otherwise=whole)
            queue.put(jobs[-1], visible_at=NOW, otherwise=whole)
            assert queue.counts(now=NOW) == QueueCounts(waiting=most - 1, leased=3, parked=0)
            for leased in taken:
                assert queue.give_back(leased, visible_at=NOW, is_attempt=True)
            assert queue.counts(now=NOW).waiting == most + 2
            # Once two are done, less than the limit are left, and there is room again.
            done = [
                each for each in take(queue, limit=2 * most) if each.job.key in {jobs[1].key, jobs[2].key}
            ]
            assert [queue.complete(each) for each in done] == [True, True]
            queue.put(jobs[-1], visible_at=NOW, otherwise=whole)
            assert jobs[-1] in [each.job for each in queue.waiting(whole.group, limit=4 * most)]

    def test_jobs_put_together_do_not_exceed_the_number(self) -> None:
        """Each is counted with those before it, of which some may be there already, or come twice."""
        self._skip_unless_exact()
        most = DEFAULT_POLICY.jobs.group_jobs_max
        with self.open_queue() as queue:
            jobs = crowd_of(new_job(), 2 * most)
            whole = whole_of(jobs[0])
            queue.put(jobs[0], visible_at=NOW, otherwise=whole)
            coming = [ComingJob(job=each, visible_at=NOW, otherwise=whole) for each in (*jobs, *jobs)]
            assert list(queue.put_all(coming)) == [None] * len(coming)
            kept = {each.job.key for each in queue.waiting(whole.group, limit=4 * most)}
            assert kept == {whole.key, *(each.key for each in jobs[:most])}

    def test_jobs_put_at_once_do_not_exceed_the_number(self) -> None:
        """Concurrent puts are counted one after the other."""
        self._skip_unless_exact()
        most = DEFAULT_POLICY.jobs.group_jobs_max
        with self.open_queue() as queue:
            jobs = crowd_of(new_job(), 5 * THREADS)
            whole = whole_of(jobs[0])

            def put(some: Sequence[Job]) -> None:
                for each in some:
                    queue.put(each, visible_at=NOW, otherwise=whole)

            race([lambda n=n: put(jobs[n::THREADS]) for n in range(THREADS)])  # type: ignore[misc]  # mypy infers no type for a lambda with a default
            assert queue.counts(now=NOW).waiting == most + 1

    def test_held_kinds_are_not_taken(self) -> None:
        """They stay as they are, and hide no other job."""
        with self.open_queue() as queue:
            held = {"strava/activity": after(60)}
            for job in crowd_of(new_job("event"), 3):
                queue.put(job, visible_at=NOW)
            whole = whole_of(new_job())
            queue.put(whole, visible_at=NOW)
            taken = queue.lease(now=NOW, seconds=LEASE_SECONDS, limit=LIMIT, held=held)
            assert [each.job for each in taken] == [whole]
            assert not queue.lease(now=NOW, seconds=LEASE_SECONDS, limit=LIMIT, held=held)
            assert queue.counts(now=NOW) == QueueCounts(waiting=3, leased=1, parked=0)
            if self.is_exact:
                assert [each.attempts for each in take(queue)] == [0] * 3

    def test_jobs_of_a_group_are_listed_and_dropped(self) -> None:
        """The first due first, at most as many as asked for; dropped are those that wait."""
        with self.open_queue() as queue:
            jobs, other = crowd_of(new_job("event"), 3), new_job()
            group = jobs[0].group
            assert (list(queue.waiting(group, limit=9)), queue.drop_waiting(group)) == ([], 0)
            for seconds, job in enumerate(jobs):
                queue.put(job, visible_at=after(-seconds))
            queue.put(other, visible_at=NOW)
            listed = [
                QueuedJob(job=each, due_at=after(-seconds), attempts=0) for seconds, each in enumerate(jobs)
            ]
            found = queue.waiting(group, limit=9)
            assert [(each.job, each.due_at) for each in found] == [
                (each.job, each.due_at) for each in reversed(listed)
            ]
            assert list(queue.waiting(group, limit=2)) == list(found)[:2]
            everything = [each.job.key for each in queue.waiting(None, limit=9)]
            assert everything == [*(each.job.key for each in found), other.key]
            if self.is_exact:
                assert list(found) == [*reversed(listed)]
                (leased,) = queue.lease(now=after(-2), seconds=LEASE_SECONDS, limit=1)
                assert queue.drop_waiting(group) == len(jobs) - 1
                assert [each.job for each in queue.waiting(group, limit=9)] == [leased.job]
                assert queue.complete(leased)
            else:
                assert queue.drop_waiting(group) == len(jobs)
            assert not queue.waiting(group, limit=9)
            assert [each.job for each in take(queue)] == [other]

    def test_no_more_are_taken_than_asked_for(self) -> None:
        """The rest stays for other workers."""
        with self.open_queue() as queue:
            for _ in range(3):
                queue.put(new_job(), visible_at=NOW)
            first, second, third = ([each.job.key for each in take(queue, limit=2)] for _ in range(3))
            assert [len(each) for each in (first, second, third)] == [2, 1, 0]
            assert not {*first} & {*second}

    def test_more_than_a_batch_can_be_taken_at_once(self) -> None:
        """Remote queues hand out ten at a time."""
        with self.open_queue() as queue:
            put = [new_job() for _ in range(23)]
            for job in put:
                queue.put(job, visible_at=NOW)
            taken = take(queue, limit=50)
            assert {each.job.key for each in taken} == {each.key for each in put}
            assert len({each.token for each in taken}) == len(put)

    def test_what_is_taken_is_taken_by_no_other(self) -> None:
        """Until the lease ends, or the job is done."""
        with self.open_queue() as queue:
            queue.put(new_job(), visible_at=NOW)
            leased = take_one(queue)
            assert not take(queue)
            assert queue.counts(now=NOW) == QueueCounts(waiting=0, leased=1, parked=0)
            assert queue.complete(leased)
            assert not take(queue)
            assert queue.counts(now=NOW) == QueueCounts(waiting=0, leased=0, parked=0)

    def test_of_many_workers_one_gets_a_job(self) -> None:
        """Workers that ask at once get all jobs, each job once."""
        with self.open_queue() as queue:
            put = [new_job() for _ in range(2 * THREADS)]
            for job in put:
                queue.put(job, visible_at=NOW)
            results = race([lambda: take(queue, limit=4)] * THREADS)
            taken = [
                leased.job.key for result in results if isinstance(result, Sequence) for leased in result
            ]
            assert sorted(taken) == sorted(each.key for each in put)

    def test_a_lease_that_ran_out_is_taken_over(self) -> None:
        """Another worker gets the job, a new token and one more attempt."""
        with self.open_queue() as queue:
            queue.put(new_job("event"), visible_at=NOW)
            late = take_one(queue, seconds=0)
            leased = take_one(queue)
            assert leased.job == late.job
            assert leased.token != late.token
            assert (late.attempts, leased.attempts) == (0, 1)

    @pytest.mark.parametrize("act", LATE, ids=["complete", "give back", "park"])
    def test_who_lost_the_lease_changes_nothing(self, act: Callable[[EventQueue, LeasedJob], bool]) -> None:
        """The late worker is refused, and the new holder ends the job."""
        with self.open_queue() as queue:
            queue.put(new_job(), visible_at=NOW)
            late = take_one(queue, seconds=0)
            leased = take_one(queue)
            assert not act(queue, late)
            assert not take(queue)
            assert not queue.parked(limit=LIMIT)
            assert queue.complete(leased)
            assert not act(queue, late)
            assert queue.counts(now=NOW) == QueueCounts(waiting=0, leased=0, parked=0)

    @pytest.mark.parametrize("act", LATE, ids=["complete", "give back", "park"])
    def test_a_job_ends_once(self, act: Callable[[EventQueue, LeasedJob], bool]) -> None:
        """A lease can end its job once."""
        self._skip_unless_exact()
        with self.open_queue() as queue:
            for first in LATE:
                queue.put(new_job(), visible_at=after(-1))
                leased = take_one(queue)
                assert first(queue, leased)
                before = queue.counts(now=NOW), list(queue.parked(limit=LIMIT))
                assert not act(queue, leased)
                assert (queue.counts(now=NOW), list(queue.parked(limit=LIMIT))) == before
                do_all(queue)

    def test_tries_are_counted_and_deferrals_are_not(self) -> None:
        """A lease carries the number of attempts before it."""
        with self.open_queue() as queue:
            queue.put(new_job(), visible_at=NOW)
            tries = 0
            for is_attempt in (True, False, True, True, False, False):
                leased = take_one(queue)
                assert leased.attempts == tries
                assert queue.give_back(leased, visible_at=NOW, is_attempt=is_attempt)
                tries += is_attempt
            assert take_one(queue).attempts == tries

    def test_looks_are_no_tries(self) -> None:
        """However often an operator or a deletion looks at the queue; failed and lost leases stay counted."""
        with self.open_queue() as queue:
            job = new_job()
            queue.put(job, visible_at=NOW)
            take_one(queue, seconds=0)
            assert queue.give_back(take_one(queue), visible_at=NOW, is_attempt=True)
            for _ in range(3):
                assert [each.job for each in queue.waiting(None, limit=LIMIT)] == [job]
                assert [each.job for each in queue.waiting(job.group, limit=LIMIT)] == [job]
                assert queue.drop_waiting(new_job().group) == 0
            assert (take_one(queue, seconds=0).attempts, take_one(queue).attempts) == (2, 3)

    @pytest.mark.parametrize("is_during", [False, True], ids=["while it waits", "during the try"])
    def test_a_new_event_brings_a_job_in_back_off_forward(self, *, is_during: bool) -> None:
        """It is looked at when the event is due, and all tries are left."""
        self._skip_unless_exact()
        with self.open_queue() as queue:
            job = new_job("old")
            new = evolve(job, events=job_events("new"))
            queue.put(job, visible_at=NOW)
            leased = take_one(queue)
            if is_during:
                queue.put(new, visible_at=after(3))
            assert queue.give_back(leased, visible_at=after(1_800), is_attempt=True, reason="busy")
            (listed,) = queue.waiting(None, limit=LIMIT)
            assert (listed.last_error, listed.attempts) == ("busy", 0 if is_during else 1)
            if not is_during:
                queue.put(new, visible_at=after(3))
            assert not queue.lease(now=after(2), seconds=LEASE_SECONDS, limit=LIMIT)
            (again,) = queue.lease(now=after(3), seconds=LEASE_SECONDS, limit=LIMIT)
            assert (again.job.events, again.attempts) == (job_events("old", "new"), 0)

    def test_an_event_that_is_known_brings_nothing_forward(self) -> None:
        """The same event is delivered several times, and a failing job keeps its tries."""
        self._skip_unless_exact()
        with self.open_queue() as queue:
            job = new_job("old")
            queue.put(job, visible_at=NOW)
            assert queue.give_back(take_one(queue), visible_at=after(60), is_attempt=True)
            queue.put(job, visible_at=NOW)
            assert not queue.lease(now=after(59), seconds=LEASE_SECONDS, limit=LIMIT)
            (again,) = queue.lease(now=after(60), seconds=LEASE_SECONDS, limit=LIMIT)
            assert again.attempts == 1

    def test_no_event_brings_forward_what_was_put_off(self) -> None:
        """It waits for a moment that is known, such as the end of a window of calls."""
        self._skip_unless_exact()
        with self.open_queue() as queue:
            job = new_job("old")
            queue.put(job, visible_at=NOW)
            assert queue.give_back(take_one(queue), visible_at=after(600), is_attempt=False)
            queue.put(evolve(job, events=job_events("new")), visible_at=after(3))
            assert not queue.lease(now=after(599), seconds=LEASE_SECONDS, limit=LIMIT)
            (again,) = queue.lease(now=after(600), seconds=LEASE_SECONDS, limit=LIMIT)
            assert again.job.events == job_events("old", "new")

    def test_a_job_that_ends_its_workers_is_found_out(self) -> None:
        """Every expired lease counts as an attempt, as failed ones do."""
        with self.open_queue() as queue:
            queue.put(new_job(), visible_at=NOW)
            for tries in range(3):
                assert take_one(queue, seconds=0).attempts == tries
            assert queue.give_back(take_one(queue), visible_at=NOW, is_attempt=True)
            for tries in range(4, 6):
                assert take_one(queue, seconds=0).attempts == tries

    def test_a_job_put_again_under_way_is_done_once_more(self) -> None:
        """An event during the look causes one more look."""
        with self.open_queue() as queue:
            job = new_job("before")
            queue.put(job, visible_at=NOW)
            leased = take_one(queue)
            for event in ("during", "later"):
                queue.put(evolve(job, events=job_events(event)), visible_at=NOW)
            if self.is_exact:
                assert not take(queue)
                assert queue.counts(now=NOW) == QueueCounts(waiting=0, leased=1, parked=0)
            assert leased.job.events == job_events("before")
            assert queue.complete(leased)
            assert do_all(queue) == Counter(during=1, later=1)

    def test_a_job_given_back_keeps_what_was_put_meanwhile(self) -> None:
        """No event is lost.

        A queue that knows its jobs by key merges them into one.
        """
        with self.open_queue() as queue:
            job = new_job("before")
            queue.put(job, visible_at=NOW)
            leased = take_one(queue)
            queue.put(evolve(job, events=job_events("during")), visible_at=NOW)
            assert queue.give_back(leased, visible_at=NOW, is_attempt=True)
            if self.is_exact:
                assert queue.counts(now=NOW).waiting == 1
            assert do_all(queue) == Counter(before=1, during=1)

    def test_a_lease_that_ran_out_keeps_what_was_put_meanwhile(self) -> None:
        """The worker that takes over looks for all of it."""
        with self.open_queue() as queue:
            job = new_job("before")
            queue.put(job, visible_at=NOW)
            take_one(queue, seconds=0)
            queue.put(evolve(job, events=job_events("during")), visible_at=NOW)
            assert do_all(queue) == Counter(before=1, during=1)

    def test_a_parked_job_keeps_what_was_put_meanwhile_waiting(self) -> None:
        """A later event has not failed yet, and waits."""
        with self.open_queue() as queue:
            job = new_job("before")
            queue.put(job, visible_at=NOW)
            leased = take_one(queue)
            queue.put(evolve(job, events=job_events("during")), visible_at=NOW)
            assert queue.park(leased, reason="bad luck", now=NOW)
            again = take_one(queue)
            assert (again.job.events, again.attempts) == (job_events("during"), 0)
            assert [each.job for each in queue.parked(limit=LIMIT)] == [job]

    def test_a_parked_job_waits_for_a_person(self) -> None:
        """No worker takes a parked job.

        It tells its attempts, the reason and the time.
        """
        with self.open_queue() as queue:
            job = new_job("event")
            queue.put(job, visible_at=NOW)
            assert queue.give_back(take_one(queue), visible_at=NOW, is_attempt=True)
            assert queue.park(take_one(queue), reason="bad luck", now=after(7))
            assert not take(queue)
            expected = ParkedJob(job=job, attempts=2, reason="bad luck", parked_at=after(7))
            assert list(queue.parked(limit=LIMIT)) == [expected]
            assert queue.counts(now=NOW) == QueueCounts(waiting=0, leased=0, parked=1)
            assert list(queue.parked(limit=LIMIT)) == [expected]

    def test_a_job_whose_parking_breaks_off_is_parked_or_comes_again(self) -> None:
        """At every moment: it is in one of the two places, and never in both or in none."""
        with self.open_queue() as queue:
            for at in range(1, MOMENTS_MAX + 1):
                job = new_job("1")
                queue.put(job, visible_at=NOW)
                leased = take_one(queue)
                with self.open_broken_queue(at=at) as broken:
                    was_done = is_done(partial(broken.park, leased, reason="bad", now=NOW))
                parked = [each.job for each in queue.parked(limit=LIMIT)]
                counts = queue.counts(now=NOW)
                assert (counts.waiting, counts.leased + counts.parked) == (0, 1)
                assert parked == ([job] if counts.parked else [])
                if was_done:
                    assert parked
                    assert at > 1, "the driver failed, and the job was parked all the same"
                    return
                assert queue.drop(job.key) if parked else queue.complete(leased)
        pytest.fail(f"the queue still fails after {MOMENTS_MAX} moments")

    def test_parked_jobs_are_listed_the_oldest_first(self) -> None:
        """And no more than asked for."""
        with self.open_queue() as queue:
            parked = [new_job() for _ in range(3)]
            for seconds, job in enumerate(parked):
                queue.put(job, visible_at=NOW)
                assert queue.park(take_one(queue), reason="bad luck", now=after(-seconds))
            assert [each.job for each in queue.parked(limit=LIMIT)] == [*reversed(parked)]
            assert not queue.parked(limit=0)
            assert [each.job for each in queue.parked(limit=1)] == parked[-1:]

    def test_the_parked_jobs_of_a_group_are_found_among_all_others(self) -> None:
        """However many are older: they are listed, dropped and gone, and no other is."""
        with self.open_queue() as queue:
            others, own = [new_job() for _ in range(LIMIT + 1)], crowd_of(new_job(), 3)
            alike = evolve(own[0], subject={**own[0].subject, "athleteId": f"{own[0].subject['athleteId']}0"})
            for seconds, job in enumerate([*others, alike, *own]):
                queue.put(job, visible_at=NOW)
                assert queue.park(take_one(queue), reason="bad luck", now=after(seconds))
            group = own[0].group
            assert [each.job for each in queue.parked(limit=LIMIT, group=group)] == own
            assert [each.job for each in queue.parked(limit=1, group=group)] == own[:1]
            assert queue.drop_parked(group) == len(own)
            assert not queue.parked(limit=1, group=group)
            assert queue.drop_parked(group) == 0
            left = [each.job for each in queue.parked(limit=len(others) + 2)]
            assert left == [*others, alike]

    def test_a_job_is_unparked_once(self) -> None:
        """It waits again with no attempts counted."""
        with self.open_queue() as queue:
            job = new_job("event")
            queue.put(job, visible_at=NOW)
            assert queue.park(take_one(queue), reason="bad luck", now=NOW)
            assert queue.unpark(job.key, now=NOW)
            assert not queue.unpark(job.key, now=NOW)
            assert not queue.parked(limit=LIMIT)
            leased = take_one(queue)
            assert (leased.job, leased.attempts) == (job, 0)

    def test_a_parked_job_is_dropped_once(self) -> None:
        """It is gone, and no other is."""
        with self.open_queue() as queue:
            first, second = new_job(), new_job()
            for job in (first, second):
                queue.put(job, visible_at=NOW)
                assert queue.park(take_one(queue), reason="bad luck", now=NOW)
            assert queue.drop(first.key)
            assert not queue.drop(first.key)
            assert not queue.unpark(first.key, now=NOW)
            assert [each.job for each in queue.parked(limit=LIMIT)] == [second]
            assert not take(queue)

    def test_a_parked_job_that_cannot_be_read_is_listed_and_dropped(self) -> None:
        """It hides no other and tells what is wrong; its key in the list names it."""
        with self.open_queue() as queue:
            spoiled, whole = new_job(), new_job()
            for job in (spoiled, whole):
                queue.put(job, visible_at=NOW)
                assert queue.park(take_one(queue), reason="bad luck", now=NOW)
            self.spoil(spoiled, is_parked=True)
            (stand_in,) = (each for each in queue.parked(limit=LIMIT) if each.job != whole)
            assert stand_in.reason not in {"", "bad luck"}
            assert queue.counts(now=NOW).parked > 1
            assert queue.drop(stand_in.job.key)
            assert [each.job for each in queue.parked(limit=LIMIT)] == [whole]

    def test_a_waiting_job_that_cannot_be_read_hides_no_other(self) -> None:
        """Listing shows the others of its group, and dropping the group leaves none."""
        with self.open_queue() as queue:
            spoiled, whole = crowd_of(new_job(), 2)
            for job in (spoiled, whole):
                queue.put(job, visible_at=NOW)
            self.spoil(spoiled, is_parked=False)
            for group in (whole.group, None):
                assert whole in [each.job for each in queue.waiting(group, limit=LIMIT)]
            assert queue.drop_waiting(whole.group)
            assert not queue.waiting(whole.group, limit=LIMIT)

    def test_an_unparked_job_joins_the_one_that_waits(self) -> None:
        """No event of either job is lost.

        A queue that knows its jobs by key merges them into one.
        """
        with self.open_queue() as queue:
            job = new_job("parked")
            queue.put(job, visible_at=NOW)
            assert queue.park(take_one(queue), reason="bad luck", now=NOW)
            queue.put(evolve(job, events=job_events("waiting")), visible_at=NOW)
            assert queue.unpark(job.key, now=NOW)
            if self.is_exact:
                assert queue.counts(now=NOW).waiting == 1
            assert do_all(queue) == Counter(parked=1, waiting=1)

    def test_counts_tell_what_waits_and_what_is_under_way(self) -> None:
        """A job whose lease has run out waits."""
        self._skip_unless_exact()
        with self.open_queue() as queue:
            for _ in range(3):
                queue.put(new_job(), visible_at=NOW)
            take(queue, limit=2)
            assert queue.counts(now=after(LEASE_SECONDS - 1)) == QueueCounts(waiting=1, leased=2, parked=0)
            assert queue.counts(now=after(LEASE_SECONDS)) == QueueCounts(waiting=3, leased=0, parked=0)

    def test_what_is_put_at_once_is_all_there(self) -> None:
        """Concurrent puts, of one key and of several, lose no event."""
        with self.open_queue() as queue:
            shared = new_job()

            def put(number: int) -> None:
                queue.put(evolve(shared, events=job_events(f"shared {number}")), visible_at=NOW)
                queue.put(new_job(f"own {number}"), visible_at=NOW)

            race([lambda n=n: put(n) for n in range(THREADS)])  # type: ignore[misc]  # mypy infers no type for a lambda with a default
            expected = {f"{whose} {number}" for whose in ("shared", "own") for number in range(THREADS)}
            assert do_all(queue) == Counter(expected)

    def test_a_job_is_done_while_others_put_it_again(self) -> None:
        """Every event gets a look that began after it."""
        with self.open_queue() as queue:
            job = new_job("first")
            queue.put(job, visible_at=NOW)
            names = [f"event {number}" for number in range(THREADS - 1)]

            def put(event: str) -> Counter[str]:
                queue.put(evolve(job, events=job_events(event)), visible_at=NOW)
                return Counter()

            results = race([*[lambda n=n: put(n) for n in names], lambda: do_all(queue)])
            done = sum((each for each in results if isinstance(each, Counter)), do_all(queue))
            assert done == Counter(["first", *names])
