"""The worker behind an event source on SQS, or invoked directly."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest

from adapters.aws.calls import Answer, answer, answered
from adapters.aws_lambda.invoking import Call, environ_in, records
from commitcollect_adapters.aws.sqs.provisioning import create_queues
from commitcollect_adapters.aws.sqs.queue import SqsQueue
from commitcollect_adapters.aws.sqs.queues import Queues, parse
from commitcollect_adapters.aws_lambda import make_worker_handler
from commitcollect_adapters.aws_lambda.keeping import Handler
from commitcollect_adapters.system import SystemClock
from commitcollect_core.errors import InvalidInput
from commitcollect_core.jobs.jobs import Job
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.strava.jobs import activity_job
from commitcollect_core.values import ActivityId, AthleteId

ATTEMPTS_MAX = DEFAULT_POLICY.jobs.job_attempts_max


@pytest.fixture(scope="module")
def address(ministack: str) -> str:
    """A queue that all tests of this module share."""
    address = f"sqs://lambda?endpoint={ministack}"
    create_queues(Queues(parse(address)))
    return address


@pytest.fixture(scope="module")
def made(address: str) -> Queues:
    """The same, looked at past the handler."""
    return Queues(parse(address), deadline_seconds=0)


@pytest.fixture
def queues(made: Queues) -> Queues:
    """The same, emptied."""
    for queue in (made.waiting, made.parked):
        queue.call("purge_queue")
    return made


@pytest.fixture(scope="module")
def handler(address: str, tmp_path_factory: pytest.TempPathFactory) -> Handler:
    """The worker of this queue."""
    return make_worker_handler(environ_in(tmp_path_factory.mktemp("worker"), queue=address))


def put(queues: Queues, *numbers: int, kind: str = "strava/activity") -> None:
    """Put jobs of athletes who are not connected, which are done without asking Strava."""
    now = SystemClock().now()
    for number in numbers:
        job = activity_job(AthleteId(str(number)), ActivityId("1"), now=now)
        job = Job(kind=kind, subject=job.subject, enqueued_at=now)
        SqsQueue(queues, SystemClock()).put(job, visible_at=now)


def delivered(queues: Queues, *, seconds: int = 300) -> dict[str, Any]:
    """What waits, taken as the event source takes it."""
    messages = queues.waiting.call(
        "receive_message",
        MaxNumberOfMessages=10,
        VisibilityTimeout=seconds,
        MessageSystemAttributeNames=["All"],
    ).get("Messages", [])
    return records(messages)


def ids_of(event: dict[str, Any]) -> set[str]:
    """The ids of all messages of an event."""
    return {each["messageId"] for each in event["Records"]}


def failed(result: Any) -> set[str]:
    """The ids that a handler reported."""
    return {each["itemIdentifier"] for each in result["batchItemFailures"]}


def left(queues: Queues) -> int:
    """How many messages there are, hidden ones included."""
    counts = SqsQueue(queues, SystemClock()).counts(now=SystemClock().now())
    return counts.waiting + counts.leased


def test_a_batch_is_worked_on(queues: Queues, handler: Handler) -> None:
    """Every job is done and its message gone, so nothing is reported."""
    put(queues, 1, 2, 3)
    event = delivered(queues)
    assert len(ids_of(event)) == 3
    assert failed(handler(event, Call())) == set()
    assert left(queues) == 0


def test_what_is_no_job_and_what_fails_is_set_aside(queues: Queues, handler: Handler) -> None:
    """As by any other worker, and without holding up the jobs beside it."""
    put(queues, 1)
    put(queues, 2, kind="strava/tomorrow")
    queues.waiting.send("no job")
    event = delivered(queues)
    assert failed(handler(event, Call())) == set()
    assert left(queues) == 0
    aside = SqsQueue(queues, SystemClock()).parked(limit=10)
    assert {each.job.kind for each in aside} == {"strava/tomorrow", "sqs/unreadable"}


def test_the_receives_of_a_message_are_its_tries(queues: Queues, handler: Handler) -> None:
    """A job whose workers end again and again is set aside, also if Lambda delivers it."""
    put(queues, 1)
    for _ in range(ATTEMPTS_MAX):
        delivered(queues, seconds=0)
    assert failed(handler(delivered(queues), Call())) == set()
    (aside,) = SqsQueue(queues, SystemClock()).parked(limit=10)
    assert aside.attempts == ATTEMPTS_MAX + 1
    assert "every worker" in aside.reason


def test_without_time_jobs_are_left_to_the_next_call(queues: Queues, handler: Handler) -> None:
    """All are reported, and none is begun."""
    put(queues, 1, 2)
    event = delivered(queues)
    assert failed(handler(event, Call(seconds=5))) == ids_of(event)
    assert left(queues) == 2


def test_two_messages_of_one_job_are_reported_together(queues: Queues, handler: Handler) -> None:
    """Neither is deleted while the other one waits for its next try."""
    put(queues, 1, 1)
    event = delivered(queues)
    assert len(ids_of(event)) == 2
    assert failed(handler(event, Call(seconds=5))) == ids_of(event)


@pytest.fixture
def deletes_answered(monkeypatch: pytest.MonkeyPatch) -> Callable[[Answer], AbstractContextManager[object]]:
    """Has every client that is made from here on answer its deletes so, for a while."""
    made: list[Queues] = []
    init = Queues.__init__

    def noted(self: Queues, *arguments: Any, **options: Any) -> None:
        init(self, *arguments, **options)
        made.append(self)

    monkeypatch.setattr(Queues, "__init__", noted)

    def answers(given: Answer) -> AbstractContextManager[object]:
        stack = ExitStack()
        for each in made:
            stack.enter_context(answered(each.client, "DeleteMessageBatch", given))
        return stack

    return answers


REFUSED = {"Successful": [], "Failed": [{"Id": "0", "Code": "ReceiptHandleIsInvalid", "SenderFault": True}]}


@pytest.mark.parametrize("given", [answer(503, b"{}"), answer(200, json.dumps(REFUSED).encode())])
def test_what_is_not_deleted_is_reported(
    queues: Queues,
    address: str,
    tmp_path: Path,
    deletes_answered: Callable[[Answer], AbstractContextManager[object]],
    given: Answer,
) -> None:
    """Whether SQS is down or another worker has the message: Lambda must not delete it, and others go on."""
    environ = environ_in(tmp_path, queue=address, policy_store_deadline_seconds="1")
    handler = make_worker_handler(environ)
    put(queues, 1, 2)
    event = delivered(queues)
    with deletes_answered(given):
        assert failed(handler(event, Call())) == ids_of(event)
    assert left(queues) == 2
    assert failed(handler(event, Call())) == set()
    assert left(queues) == 0


def test_a_job_is_done_by_a_direct_invoke(queues: Queues, handler: Handler) -> None:
    """It is put first, so that it is not lost if the function ends, and then worked on at once."""
    job = {"kind": "strava/activity", "subject": {"athleteId": "1", "activityId": "2"}}
    assert handler(job, Call())["jobs"]["done"] == 1
    assert left(queues) == 0
    assert handler(job, Call(seconds=1))["jobs"]["done"] == 0
    assert left(queues) == 1
    assert handler({}, Call())["jobs"]["done"] == 1
    assert left(queues) == 0


@pytest.mark.parametrize(
    "event",
    [
        {"kind": "strava/activity"},
        {"kind": 1, "subject": {}},
        {"kind": "no kind", "subject": {}},
        {"kind": "strava/activity", "subject": {"athleteId": "a#b"}},
        {"kind": "strava/activity", "subject": {"athleteId": 1}},
        {"kind": "strava/activity", "subject": {}, "more": 1},
        {"detail": json.dumps({})},
    ],
)
def test_what_is_no_job_is_refused(queues: Queues, handler: Handler, event: dict[str, Any]) -> None:
    """With an error, so that Lambda keeps the event with its other failures; nothing is put."""
    with pytest.raises(InvalidInput):
        handler(event, Call())
    assert left(queues) == 0


def test_no_messages_change_nothing(handler: Handler) -> None:
    """So a deployment asks a new version whether it reaches its store."""
    assert handler({"Records": []}, Call()) == {"batchItemFailures": []}


def test_messages_need_a_queue_on_sqs(tmp_path: Path) -> None:
    """An event source on a function whose settings name no queue there is a mistake that is named."""
    handler = make_worker_handler(environ_in(tmp_path))
    with pytest.raises(InvalidInput, match="no queue"):
        handler({"Records": []}, Call())
