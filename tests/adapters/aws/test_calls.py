"""Retries of a call, whatever the service."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from adapters.aws.calls import Answer, answer, answered, error, silence
from commitcollect_adapters.aws.calls import (
    WAIT_SECONDS_FIRST,
    WAIT_SECONDS_MAX,
    Address,
    AwsClient,
    NotNow,
    code_of,
)
from commitcollect_core.errors import StorageError, StorageUnavailable

SERVICES = ("DynamoDB", "KMS", "SQS")
"""All of them answer this operation with JSON; which one is asked makes no difference to a retry."""

OPERATIONS = {"DynamoDB": "list_tables", "KMS": "list_keys", "SQS": "list_queues"}
FINE = answer(200, b"{}")
PASSING = {
    "throttled": error("ThrottlingException"),
    "in trouble": answer(503, b"<html>sorry</html>"),
    "silent": silence,
}


def client(service: str, waits: list[float], deadline_seconds: float = 60) -> AwsClient:
    """A client that notes its waits instead of waiting. Nothing listens at its address."""
    return AwsClient(
        service,
        Address(name="any", endpoint="http://127.0.0.1:9"),
        meaning=lambda failure: NotNow("not now") if code_of(failure) == "Disabled" else None,
        always_there={},
        deadline_seconds=deadline_seconds,
        pause=waits.append,
    )


@contextmanager
def script(client: AwsClient, answers: Sequence[Answer]) -> Iterator[list[Answer]]:
    """Calls are answered so, in order; yields the answers that are left."""
    left = [*answers]

    def next_answer(request: AWSPreparedRequest) -> AWSResponse:
        return left.pop(0)(request)

    with answered(client, "*", next_answer):
        yield left


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("why", PASSING)
def test_what_passes_is_retried_until_it_succeeds(service: str, why: str) -> None:
    """Every service retries in the same way, waiting by full jitter: up to twice as long each time."""
    waits: list[float] = []
    calling = client(service, waits)
    with script(calling, [*[PASSING[why]] * 9, FINE]) as left:
        calling.call(OPERATIONS[service])
    assert left == []
    bounds = [min(WAIT_SECONDS_FIRST * 2**number, WAIT_SECONDS_MAX) for number in range(9)]
    assert all(0 <= wait <= bound for wait, bound in zip(waits, bounds, strict=True))
    assert len(set(waits)) > 1


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (error("Disabled"), NotNow),
        (error("AccessDeniedException"), StorageError),
        (error("SomethingNew"), StorageError),
        (answer(404, b"<html>hello</html>"), StorageError),
        (answer(200, b"[]"), StorageError),
    ],
)
def test_what_no_retry_mends_is_said_at_once(service: str, given: Answer, kind: type[StorageError]) -> None:
    """One attempt, also where the call may succeed at a later time."""
    waits: list[float] = []
    calling = client(service, waits)
    with script(calling, [given, FINE]) as left, pytest.raises(StorageError) as refused:
        calling.call(OPERATIONS[service])
    assert type(refused.value) is kind
    assert (left, waits) == ([FINE], [])


@pytest.mark.parametrize("service", SERVICES)
def test_the_deadline_ends_the_retries(service: str) -> None:
    """Law 9: once it is over, the failure of the last attempt is raised."""
    waits: list[float] = []
    calling = client(service, waits, deadline_seconds=0)
    with script(calling, [silence, FINE]) as left, pytest.raises(StorageUnavailable, match="in time"):
        calling.call(OPERATIONS[service])
    assert (left, waits) == ([FINE], [])
