"""What the tests of the DynamoDB adapter share: a metered client, and faults between it and the engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ReadTimeoutError

from commitcollect_adapters.dynamodb.client import Address, Client
from commitcollect_adapters.dynamodb.tables import create_tables

DEADLINE_SECONDS = 5
WRITING = ("BatchWrite", "Delete", "Put", "TransactWrite", "Update")
"""What the names of operations that write begin with."""


def connect(endpoint: str, *, prefix: str = "CommitCollect") -> Client:
    """A client with the tables made, which does not wait between attempts."""
    address = Address(endpoint=endpoint, prefix=prefix)
    client = Client(address, deadline_seconds=DEADLINE_SECONDS, pause=lambda _seconds: None)
    create_tables(client)
    return client


class Meter:
    """Adds up the capacity that the engine says calls took."""

    def __init__(self, client: Client) -> None:
        self.units: Counter[str] = Counter()
        self._events = client.boto.meta.events
        self._events.register("provide-client-params.dynamodb.*", self._ask)
        self._events.register("after-call.dynamodb.*", self._note)

    def _ask(self, params: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {**params, "ReturnConsumedCapacity": "TOTAL"}

    def _note(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        capacity = parsed.get("ConsumedCapacity", [])
        kind = "write" if model.name.startswith(WRITING) else "read"
        for each in capacity if isinstance(capacity, list) else [capacity]:
            self.units[kind] += each["CapacityUnits"]

    def close(self) -> None:
        """Stop metering."""
        self._events.unregister("provide-client-params.dynamodb.*", self._ask)
        self._events.unregister("after-call.dynamodb.*", self._note)


@contextmanager
def metered(client: Client) -> Iterator[Counter[str]]:
    """Capacity units of the calls made inside, as ``read`` and ``write``."""
    meter = Meter(client)
    try:
        yield meter.units
    finally:
        meter.close()


@contextmanager
def lost_answers(client: Client, operation: str, *, times: int, is_sent: bool) -> Iterator[None]:
    """The first `times` calls of an operation end in a time-out, sent to the engine before or not at all."""
    left = times
    event = f"before-send.dynamodb.{operation}"

    def lose(request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        nonlocal left
        if left == 0:
            return None
        left -= 1
        if is_sent:
            client.boto._endpoint.http_session.send(request)  # noqa: SLF001 - the only way to send it once
        raise ReadTimeoutError(endpoint_url=request.url)

    with _registered(client, event, lose):
        yield


@contextmanager
def answers(
    client: Client, operation: str, *, times: int, make: Callable[[str], AWSResponse]
) -> Iterator[None]:
    """The first `times` calls of an operation are answered by `make` instead of the engine."""
    left = times

    def answer(request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        nonlocal left
        if left == 0:
            return None
        left -= 1
        return make(request.url)

    with _registered(client, f"before-send.dynamodb.{operation}", answer):
        yield


@contextmanager
def _registered(client: Client, event: str, handler: Callable[..., Any]) -> Iterator[None]:
    client.boto.meta.events.register(event, handler)
    try:
        yield
    finally:
        client.boto.meta.events.unregister(event, handler)
