"""A queue on SQS, beyond the contract: delays, crashes in between, what is no job, and its failures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import count

import pytest
from attrs import evolve
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from adapters.aws.calls import Answer, answer, answered, error, silence, watched
from commitcollect_adapters.aws.calls import Address
from commitcollect_adapters.aws.sqs.crowds import CROWD_SECONDS, GROUPS_COUNTED_MAX, Crowds
from commitcollect_adapters.aws.sqs.provisioning import (
    RECEIVES_MAX,
    QueueStatus,
    create_queues,
    delete_queues,
    queue_statuses,
)
from commitcollect_adapters.aws.sqs.queue import DELAY_SECONDS_MAX, SqsQueue, open_sqs
from commitcollect_adapters.aws.sqs.queues import MissingQueue, Queues, parse
from commitcollect_adapters.system import ManualClock, SystemClock
from commitcollect_adapters.testing.contracts.queues import (
    crowd_of,
    do_all,
    job_events,
    new_job,
    take,
    take_one,
    whole_of,
)
from commitcollect_adapters.testing.samples import NOW
from commitcollect_core.errors import InvalidInput, StorageError, StorageUnavailable
from commitcollect_core.jobs.jobs import ComingJob, QueueCounts
from commitcollect_core.policy import DEFAULT_POLICY, JobsPolicy, Policy

LATER = NOW + timedelta(hours=2)
_names = (f"queue-{number}" for number in count())


@pytest.fixture(scope="module")
def made(endpoint: str) -> Queues:
    """Queues that all tests of this module share, with a client that never retries."""
    queues = Queues(Address(name="shared", endpoint=endpoint), deadline_seconds=0)
    create_queues(queues)
    return queues


@pytest.fixture
def queues(made: Queues) -> Queues:
    """The same, emptied."""
    for queue in (made.waiting, made.parked):
        queue.call("purge_queue")
    return made


@pytest.fixture
def queue(queues: Queues) -> SqsQueue:
    """A queue whose clock stands still."""
    return SqsQueue(queues, ManualClock(NOW))


@pytest.mark.parametrize(("seconds", "delay"), [(-60, 0), (0, 0), (3, 3), (900, 900), (7_200, 900)])
def test_a_put_is_one_message_with_its_delay(queues: Queues, seconds: int, delay: int) -> None:
    """Delayed until it is due, or as long as SQS can."""
    queue = SqsQueue(queues, ManualClock(NOW))
    with watched(queues.client, "*") as calls:
        queue.put(new_job(), visible_at=NOW + timedelta(seconds=seconds))
    assert [each["DelaySeconds"] for each in calls] == [delay]
    assert DELAY_SECONDS_MAX == 900


def test_what_comes_early_is_put_off(queues: Queues) -> None:
    """A job due after the longest delay comes early, and is sent again; tries before are kept."""
    job = new_job("event")
    early = SqsQueue(queues, ManualClock(LATER))  # its messages are not delayed
    early.put(job, visible_at=LATER - timedelta(seconds=1))
    assert early.give_back(early.lease(now=LATER, seconds=60, limit=1)[0], visible_at=LATER, is_attempt=True)
    queue = SqsQueue(queues, ManualClock(NOW))
    with watched(queues.client, "SendMessage") as sent:
        assert not take(queue)
    assert [each["DelaySeconds"] for each in sent] == [DELAY_SECONDS_MAX]
    assert queue.counts(now=NOW) == QueueCounts(waiting=1, leased=0, parked=0)
    body = json.loads(sent[0]["MessageBody"])
    assert (body["jobKey"], body["attempts"], body["dueAtUtc"]) == (job.key, 1, int(LATER.timestamp()))


def test_what_would_come_too_early_for_any_clock_is_taken(queues: Queues) -> None:
    """A job that a clock 30 days ahead has put is due at once, and is not sent again for 30 days."""
    month = NOW + timedelta(days=30)
    job = new_job()
    SqsQueue(queues, ManualClock(month)).put(job, visible_at=month)
    assert take_one(SqsQueue(queues, ManualClock(NOW))).job == job


def test_what_comes_early_hides_nothing(queues: Queues) -> None:
    """Behind jobs that are not due a worker finds the one that is."""
    early, queue = SqsQueue(queues, ManualClock(LATER)), SqsQueue(queues, ManualClock(NOW))
    for _ in range(5):
        early.put(new_job(), visible_at=LATER)
    job = new_job()
    queue.put(job, visible_at=NOW)
    assert [each.job for each in take(queue, limit=1)] == [job]
    assert queue.counts(now=NOW) == QueueCounts(waiting=5, leased=1, parked=0)


def test_a_crowd_is_bounded_in_each_quarter(queues: Queues) -> None:
    """One job that is due after the quarter stands for all that are not sent; then counting begins anew."""
    most = DEFAULT_POLICY.jobs.group_jobs_max
    clock = ManualClock(NOW)
    queue = SqsQueue(queues, clock)
    jobs = crowd_of(new_job(), 2 * most)
    whole = whole_of(jobs[0])
    for quarter in (0, 1):
        clock.advance_to(NOW + quarter * timedelta(seconds=CROWD_SECONDS))
        due_at = clock.now() + timedelta(seconds=3)
        with watched(queues.client, "SendMessage") as sent:
            for job in jobs:
                queue.put(job, visible_at=due_at, otherwise=whole)
        bodies = [json.loads(each["MessageBody"]) for each in sent]
        assert [each["jobKey"] for each in bodies] == [*(each.key for each in jobs[:most]), whole.key]
        last = int(due_at.timestamp()) + CROWD_SECONDS
        assert [each["dueAtUtc"] for each in bodies] == [*[int(due_at.timestamp())] * most, last]


def test_a_job_that_stands_for_others_is_sent_until_it_is_kept(queue: SqsQueue, queues: Queues) -> None:
    """An event is taken in only if the job that stands for it is; a longer delay needs a later one."""
    jobs = crowd_of(new_job(), DEFAULT_POLICY.jobs.group_jobs_max + 1)
    whole = whole_of(jobs[0])
    for job in jobs[:-1]:
        queue.put(job, visible_at=NOW, otherwise=whole)
    with (
        answered(queues.client, "SendMessage", error("InternalError", 503)),
        pytest.raises(StorageUnavailable),
    ):
        queue.put(jobs[-1], visible_at=NOW, otherwise=whole)
    with watched(queues.client, "SendMessage") as sent:
        for seconds in (0, 0, 5, 3):
            queue.put(jobs[-1], visible_at=NOW + timedelta(seconds=seconds), otherwise=whole)
    due = [json.loads(each["MessageBody"])["dueAtUtc"] - int(NOW.timestamp()) for each in sent]
    assert due == [CROWD_SECONDS, CROWD_SECONDS + 5]


def test_jobs_put_together_are_sent_ten_in_a_call(queue: SqsQueue, queues: Queues) -> None:
    """With their delays; beyond the limit of a group the job that stands for the others is sent."""
    crowd = crowd_of(new_job(), DEFAULT_POLICY.jobs.group_jobs_max + 1)
    whole = whole_of(crowd[0])
    for job in crowd[:-1]:
        queue.put(job, visible_at=NOW, otherwise=whole)
    later = NOW + timedelta(seconds=5)
    jobs = [ComingJob(job=new_job(), visible_at=later) for _ in range(12)]
    jobs.insert(3, ComingJob(job=crowd[-1], visible_at=later, otherwise=whole))
    with watched(queues.client, "SendMessageBatch") as sent:
        assert list(queue.put_all(jobs)) == [None] * 13
        assert list(queue.put_all(jobs[3:4])) == [None]  # one is due that late already
        assert list(queue.put_all([])) == []
    assert [len(each["Entries"]) for each in sent] == [10, 3]
    entries = [entry for each in sent for entry in each["Entries"]]
    bodies = [json.loads(each["MessageBody"])["jobKey"] for each in entries]
    assert bodies == [each.otherwise.key if each.otherwise else each.job.key for each in jobs]
    assert [each["DelaySeconds"] for each in entries] == [*[5] * 3, CROWD_SECONDS, *[5] * 9]


def test_a_crowd_put_together_is_one_message(queue: SqsQueue, queues: Queues) -> None:
    """Due as late as the last of the jobs it stands for; all of them are told of its failure."""
    crowd = crowd_of(new_job(), DEFAULT_POLICY.jobs.group_jobs_max + 4)
    whole = whole_of(crowd[0])
    *first, a, b, c, d = crowd
    for job in first:
        queue.put(job, visible_at=NOW, otherwise=whole)
    delays = ((a, 2), (b, 5), (c, 0))
    jobs = [ComingJob(job=new_job(), visible_at=NOW)]
    jobs += [
        ComingJob(job=job, visible_at=NOW + timedelta(seconds=delay), otherwise=evolve(whole))
        for job, delay in delays
    ]
    refusal = {"Failed": [{"Id": "1", "Code": "InternalError", "SenderFault": False}], "Successful": []}
    with answered(queues.client, "SendMessageBatch", answer(200, json.dumps(refusal).encode())):
        failures = queue.put_all(jobs)
    assert [type(each) for each in failures] == [type(None), *[StorageUnavailable] * 3]
    with watched(queues.client, "SendMessageBatch") as sent:
        assert list(queue.put_all(jobs)) == [None] * 4
    (call,) = sent
    bodies = [json.loads(each["MessageBody"]) for each in call["Entries"]]
    assert [each["jobKey"] for each in bodies] == [jobs[0].job.key, whole.key]
    assert bodies[1]["dueAtUtc"] - int(NOW.timestamp()) == CROWD_SECONDS + 5
    with watched(queues.client, "SendMessage") as sent:
        queue.put(d, visible_at=NOW + timedelta(seconds=5), otherwise=whole)
    assert list(sent) == []


def test_of_jobs_put_together_each_is_told_by_itself(queue: SqsQueue, queues: Queues) -> None:
    """One that SQS refuses alone; all of a call that fails, and those behind it without one more call."""
    jobs = [ComingJob(job=new_job(), visible_at=NOW) for _ in range(13)]
    one = {"Failed": [{"Id": "1", "Code": "InternalError", "SenderFault": False}], "Successful": []}
    with answered(queues.client, "SendMessageBatch", answer(200, json.dumps(one).encode())):
        failures = queue.put_all(jobs[:3])
    assert [type(each) for each in failures] == [type(None), StorageUnavailable, type(None)]
    with (
        watched(queues.client, "SendMessageBatch") as tried,
        answered(queues.client, "SendMessageBatch", error("AccessDenied", 403)),
    ):
        failures = queue.put_all(jobs)
    assert [type(each) for each in failures] == [StorageError] * 13
    assert len(tried) == 1


def test_only_so_many_groups_are_counted() -> None:
    """Law 9: those of past quarters are forgotten once there are too many."""
    crowds = Crowds(1)
    for number in range(GROUPS_COUNTED_MAX):
        assert crowds.has_room(str(number), NOW)
    assert not crowds.has_room("0", NOW)
    later = NOW + timedelta(seconds=CROWD_SECONDS)
    assert crowds.has_room("new", later)
    assert crowds.has_room("0", later)
    assert len(crowds._crowds) == 2  # noqa: SLF001 - nothing else tells


def test_messages_received_together_are_one_job(queue: SqsQueue) -> None:
    """With all events and the most tries of them; ending it ends them all."""
    job = new_job("a")
    queue.put(job, visible_at=NOW)
    queue.give_back(take_one(queue), visible_at=NOW, is_attempt=True)
    for number in range(13):
        queue.put(evolve(job, events=job_events(f"b{number}")), visible_at=NOW)
    leased = take_one(queue)
    assert leased.attempts == 1
    assert leased.job.events[:2] == job_events("a", "b0")
    assert queue.complete(leased)
    assert queue.counts(now=NOW).leased == 0


def test_a_lease_that_is_over_changes_nothing(queues: Queues) -> None:
    """By our own clock: SQS would let the late holder delete the message."""
    clock = ManualClock(NOW)
    queue = SqsQueue(queues, clock)
    queue.put(new_job(), visible_at=NOW)
    leased = take_one(queue, seconds=60)
    clock.advance_to(leased.until)
    with watched(queues.client, "*") as calls:
        assert not queue.complete(leased)
        assert not queue.give_back(leased, visible_at=NOW, is_attempt=True)
        assert not queue.park(leased, reason="late", now=NOW)
    assert not calls


def test_who_dies_while_giving_back_loses_nothing(queue: SqsQueue, queues: Queues) -> None:
    """The job is sent before its message is deleted, so it is there once or twice, but there."""
    queue.put(new_job("event"), visible_at=NOW)
    leased = take_one(queue)
    with answered(queues.client, "DeleteMessageBatch", silence), pytest.raises(StorageUnavailable):
        queue.give_back(leased, visible_at=NOW, is_attempt=True)
    again = take_one(queue)
    assert (again.job, again.attempts) == (leased.job, 1)


def test_who_dies_while_parking_loses_nothing(queue: SqsQueue, queues: Queues) -> None:
    """The same, where it is set aside and where it waits again."""
    job = new_job("event")
    queue.put(job, visible_at=NOW)
    leased = take_one(queue, seconds=60)
    with answered(queues.client, "DeleteMessageBatch", silence), pytest.raises(StorageUnavailable):
        queue.park(leased, reason="bad luck", now=NOW)
    assert [each.job for each in queue.parked(limit=9)] == [job]
    with answered(queues.client, "DeleteMessageBatch", silence), pytest.raises(StorageUnavailable):
        queue.unpark(job.key, now=NOW)
    assert take_one(queue).job == job
    assert [each.job for each in queue.parked(limit=9)] == [job]


@pytest.mark.parametrize("operation", ["DeleteMessageBatch", "ChangeMessageVisibilityBatch"])
def test_one_entry_that_fails_is_a_failure(queue: SqsQueue, queues: Queues, operation: str) -> None:
    """An answer that says 200 and holds an error is not taken for success."""
    queue.put(new_job(), visible_at=NOW)
    failed = {"Failed": [{"Id": "0", "Code": "InternalError", "SenderFault": False}], "Successful": []}
    given = answer(200, json.dumps(failed).encode())
    if operation == "DeleteMessageBatch":
        leased = take_one(queue)
        with answered(queues.client, operation, given), pytest.raises(StorageUnavailable):
            queue.complete(leased)
    else:
        queue.park(take_one(queue), reason="bad luck", now=NOW)
        with answered(queues.client, operation, given), pytest.raises(StorageUnavailable):
            queue.parked(limit=1)


def test_a_failing_receive_costs_nothing_that_was_received(queue: SqsQueue, queues: Queues) -> None:
    """What was taken before it is handed out; with nothing taken it is an error."""
    for _ in range(12):
        queue.put(new_job(), visible_at=NOW)
    calls = count()

    def later_ones_fail(request: AWSPreparedRequest) -> AWSResponse:
        if next(calls) == 0:
            return queues.client.boto._endpoint.http_session.send(request)  # noqa: SLF001 - the only way to pass it on
        return silence(request)

    with answered(queues.client, "ReceiveMessage", later_ones_fail):
        assert len(take(queue, limit=12)) == 10
    with answered(queues.client, "ReceiveMessage", silence), pytest.raises(StorageUnavailable):
        take(queue)


def test_what_is_no_job_is_set_aside_and_blocks_nothing(queue: SqsQueue, queues: Queues) -> None:
    """It keeps its text: what a newer program sent can wait again once this one is newer, too."""
    unknown = '{"kind":"RECONCILE"}'
    for body in ("garbage", unknown, "[]"):
        queues.waiting.send(body)
    job = new_job()
    queue.put(job, visible_at=NOW)
    assert [each.job for each in take(queue, limit=1)] == [job]
    aside = queue.parked(limit=9)
    assert len(aside) == 3
    assert all("no job" in each.reason for each in aside)
    with watched(queues.client, "SendMessage") as sent:
        assert all(queue.unpark(each.job.key, now=NOW) for each in aside)
    assert {each["MessageBody"] for each in sent} == {"garbage", unknown, "[]"}
    assert not take(queue)
    assert all(queue.drop(each.job.key) for each in queue.parked(limit=9))
    assert queue.counts(now=NOW) == QueueCounts(waiting=0, leased=1, parked=0)


def test_sqs_itself_sets_aside_what_no_worker_survives(queue: SqsQueue) -> None:
    """Even if every worker ends before it can count the tries."""
    job = new_job("event")
    queue.put(job, visible_at=NOW)
    for attempts in range(RECEIVES_MAX):
        assert take_one(queue, seconds=0).attempts == attempts
    assert not take(queue)
    (aside,) = queue.parked(limit=9)
    assert aside.job == job
    assert aside.attempts >= RECEIVES_MAX
    assert queue.unpark(job.key, now=NOW)
    assert take_one(queue).attempts == 0


def test_more_than_a_batch_is_listed(queue: SqsQueue) -> None:
    """All that is set aside, and again, since looking takes nothing away."""
    for _ in range(13):
        queue.put(new_job(), visible_at=NOW)
        queue.park(take_one(queue), reason="bad luck", now=NOW)
    first, second = ([each.job.key for each in queue.parked(limit=20)] for _ in range(2))
    assert first == second
    assert len(first) == 13


def test_a_look_is_bounded(queues: Queues) -> None:
    """However much is set aside."""
    queue = SqsQueue(queues, ManualClock(NOW), Policy(jobs=JobsPolicy(jobs_parked_listed_max=10)))
    for _ in range(13):
        queue.put(new_job(), visible_at=NOW)
        queue.park(take_one(queue), reason="bad luck", now=NOW)
    with watched(queues.client, "ReceiveMessage") as calls:
        assert len(queue.parked(limit=20)) == 10
    assert len(calls) == 1


def test_the_jobs_of_a_group_are_found_behind_any_number_of_others(queues: Queues) -> None:
    """The bound of a listing hides none of them, set aside or waiting."""
    queue = SqsQueue(queues, ManualClock(NOW), Policy(jobs=JobsPolicy(jobs_parked_listed_max=10)))
    own = new_job()
    for job in (*(new_job() for _ in range(22)), own):
        queue.put(job, visible_at=NOW)
        queue.park(take_one(queue), reason="bad luck", now=NOW)
    for job in (*(new_job() for _ in range(22)), own):
        queue.put(job, visible_at=NOW)
    assert [each.job for each in queue.parked(limit=5, group=own.group)] == [own]
    assert [each.job for each in queue.waiting(own.group, limit=5)] == [own]
    assert (queue.drop_parked(own.group), queue.drop_waiting(own.group)) == (1, 1)
    assert not queue.parked(limit=5, group=own.group)
    assert not queue.waiting(own.group, limit=5)
    assert queue.counts(now=NOW) == QueueCounts(waiting=22, leased=0, parked=22)


def test_a_look_that_comes_round_to_its_beginning_is_an_error(
    queue: SqsQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot tell whether it has seen all, so nothing is said to be gone; the jobs stay."""
    monkeypatch.setattr("commitcollect_adapters.aws.sqs.queue.LOOK_SECONDS", 0)
    job = new_job()
    queue.put(job, visible_at=NOW)
    with pytest.raises(StorageUnavailable, match="more jobs than one look sees"):
        queue.waiting("strava/1", limit=5)
    assert take_one(queue).job == job
    assert queue.counts(now=NOW) == QueueCounts(waiting=0, leased=1, parked=0)


def test_who_dies_while_looking_loses_nothing(queue: SqsQueue, queues: Queues) -> None:
    """Jobs are sent again before they are deleted; a refused one stays as it is."""
    jobs = [new_job(), new_job()]
    for job in jobs:
        queue.put(job, visible_at=NOW)
    with answered(queues.client, "DeleteMessageBatch", silence), pytest.raises(StorageUnavailable):
        queue.waiting(None, limit=9)
    assert {each.job.key for each in queue.waiting(None, limit=9)} == {each.key for each in jobs}
    refused = {
        "Failed": [{"Id": "0", "Code": "InvalidParameterValue", "SenderFault": True}],
        "Successful": [],
    }
    given = answer(200, json.dumps(refused).encode())
    with (
        answered(queues.client, "SendMessageBatch", given),
        watched(queues.client, "DeleteMessageBatch") as deleted,
        pytest.raises(StorageUnavailable, match="refused messages"),
    ):
        queue.waiting(None, limit=9)
    assert not deleted


def test_a_job_set_aside_twice_is_listed_once(queue: SqsQueue, queues: Queues) -> None:
    """With the newest reason; dropping it drops both messages."""
    job = new_job()
    for seconds, reason in enumerate(("older", "newer")):
        queue.put(job, visible_at=NOW)
        queue.park(take_one(queue), reason=reason, now=NOW + timedelta(seconds=seconds))
    assert [each.reason for each in queue.parked(limit=9)] == ["newer"]
    with watched(queues.client, "ChangeMessageVisibilityBatch") as released:
        assert queue.drop(job.key)
    assert not released
    assert not queue.parked(limit=9)
    assert queue.counts(now=NOW).parked == 0


def test_what_waits_for_its_time_is_counted(queue: SqsQueue) -> None:
    """Delayed messages wait like others."""
    queue.put(new_job(), visible_at=LATER)
    queue.put(new_job(), visible_at=NOW)
    queue.park(take_one(queue), reason="bad luck", now=NOW)
    queue.put(new_job(), visible_at=NOW)
    take_one(queue)
    queue.put(new_job(), visible_at=NOW)
    assert queue.counts(now=NOW) == QueueCounts(waiting=2, leased=1, parked=1)


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (error("RequestThrottled"), StorageUnavailable),
        (error("ThrottlingException"), StorageUnavailable),
        (error("OverLimit", 403), StorageUnavailable),
        (error("InternalFailure", 500), StorageUnavailable),
        (error("AccessDenied", 403), StorageError),
        (error("InvalidClientTokenId", 403), StorageError),
        (error("QueueDoesNotExist"), MissingQueue),
        (error("SomethingNew"), StorageError),
        (answer(200, b"<html>hello</html>"), StorageError),
        (answer(200, b"{}"), StorageError),
        (answer(404, b"<html>hello</html>"), StorageError),
        (answer(503, b"<html>sorry</html>"), StorageUnavailable),
        (silence, StorageUnavailable),
    ],
)
def test_every_failure_has_a_meaning(
    queue: SqsQueue, queues: Queues, given: Answer, kind: type[StorageError]
) -> None:
    """A webhook whose put fails in any way is not answered as if it had been taken."""
    with answered(queues.client, "SendMessage", given), pytest.raises(StorageError) as refused:
        queue.put(new_job(), visible_at=NOW)
    assert type(refused.value) is kind
    assert not do_all(queue)


@pytest.mark.parametrize("body", [b"<html>hello</html>", b"hello", b"[]"])
def test_an_empty_queue_is_told_from_no_queue(queue: SqsQueue, queues: Queues, body: bytes) -> None:
    """Something else that answers does not make an idle worker of one that is set up wrongly."""
    with (
        answered(queues.client, "ReceiveMessage", answer(200, body)),
        pytest.raises(StorageError, match="does not answer as SQS does"),
    ):
        take(queue)


def test_an_endpoint_that_is_down_is_named() -> None:
    """A refused connection ends in one error that says which address did not answer."""
    queues = Queues(Address(name="down", endpoint="http://127.0.0.1:9"), deadline_seconds=0)
    with pytest.raises(StorageUnavailable, match=r"127\.0\.0\.1:9 cannot be reached"):
        SqsQueue(queues, SystemClock()).put(new_job(), visible_at=NOW)


@pytest.fixture
def absent(endpoint: str) -> Iterator[Queues]:
    """Queues that are not made yet."""
    queues = Queues(Address(name=next(_names), endpoint=endpoint), deadline_seconds=0)
    yield queues
    delete_queues(queues)


def test_missing_queues_are_said(absent: Queues) -> None:
    """With the command that makes them."""
    with pytest.raises(MissingQueue, match="commitcollect queue create"):
        SqsQueue(absent, SystemClock()).put(new_job(), visible_at=NOW)
    assert [each.state for each in queue_statuses(absent)] == ["MISSING", "MISSING"]


def test_queues_are_made_and_removed(absent: Queues) -> None:
    """Any number of times; encrypted, kept for two weeks, and what no worker finishes is moved."""
    name = absent.address.name
    made = [
        QueueStatus(name=name, state="ACTIVE", is_encrypted=True, sets_aside=True),
        QueueStatus(name=f"{name}-parked", state="ACTIVE", is_encrypted=True),
    ]
    for _ in range(2):
        assert create_queues(absent) == made
    for queue in (absent.waiting, absent.parked):
        assert queue.attributes("MessageRetentionPeriod") == {"MessageRetentionPeriod": "1209600"}
    for _ in range(2):
        assert [each.state for each in delete_queues(absent)] == ["MISSING", "MISSING"]


def test_a_queue_made_by_hand_is_given_what_it_needs(absent: Queues) -> None:
    """One without the settings is changed, and what waits in it stays."""
    absent.client.call("create_queue", QueueName=absent.address.name)
    absent.waiting.send("something")
    assert queue_statuses(absent)[0].sets_aside is False
    assert create_queues(absent)[0].sets_aside is True
    assert absent.waiting.attributes("ApproximateNumberOfMessages") == {"ApproximateNumberOfMessages": "1"}


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("sqs://jobs", Address(name="jobs")),
        ("sqs://My_Jobs-1?region=eu-west-1", Address(name="My_Jobs-1", region="eu-west-1")),
        (
            "sqs://jobs?endpoint=http://127.0.0.1:4566&region=eu-west-1",
            Address(name="jobs", endpoint="http://127.0.0.1:4566", region="eu-west-1"),
        ),
    ],
)
def test_addresses_are_read(text: str, address: Address) -> None:
    """The name keeps its case; endpoint and region are optional."""
    assert parse(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "sqs://",
        "sqs://a b",
        "sqs://jobs.fifo",
        "sqs://" + "a" * 74,
        "sqs://jobs/",
        "sqs://jobs?queue=1",
        "sqs://jobs?region=",
        "sqs://jobs?endpoint=localhost:4566",
        "sqs:jobs",
        "https://sqs.eu-west-1.amazonaws.com/1/jobs",
    ],
)
def test_other_addresses_are_refused(text: str) -> None:
    """A wrong address is answered with what a right one looks like."""
    with pytest.raises(InvalidInput, match="sqs://NAME"):
        open_sqs(text, SystemClock())
