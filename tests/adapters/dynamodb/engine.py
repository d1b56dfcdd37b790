"""What the tests of the DynamoDB adapter share: a metered client, and faults between it and the engine."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import local
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ReadTimeoutError

from commitcollect_adapters.aws.calls import Address
from commitcollect_adapters.dynamodb.client import PREFIX_DEFAULT, Client
from commitcollect_adapters.dynamodb.provisioning import create_tables

DEADLINE_SECONDS = 5
TRANSACT = "TransactWriteItems"
PAGES_LATE = 2
"""How many empty pages `grudging_pages` begins with."""

WRITING = ("BatchWrite", "Delete", "Put", "TransactWrite", "Update")
"""What the names of operations that write begin with."""


def connect(endpoint: str, *, prefix: str = PREFIX_DEFAULT) -> Client:
    """A client with the tables made, which does not wait between attempts."""
    address = Address(endpoint=endpoint, name=prefix)
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
def lost_answers(client: Client, operation: str, *, times: int, is_sent: bool) -> Iterator[Callable[[], int]]:
    """The first `times` calls of an operation end in a time-out, sent to the engine before or not at all.

    Yields what tells how many did.
    """
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
        yield lambda: times - left


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


class _Body(io.BytesIO):
    def stream(self, **_: Any) -> list[bytes]:
        return [self.read()]


def answer(status: int, body: object) -> Callable[[str], AWSResponse]:
    """An answer of DynamoDB."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda url: AWSResponse(
        url, status, {"content-type": "application/x-amz-json-1.0"}, _Body(content)
    )


def cancelled(*codes: str) -> Callable[[str], AWSResponse]:
    """A cancelled transaction."""
    return answer(
        400,
        {
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Message": "Transaction cancelled",
            "CancellationReasons": [{"Code": code} for code in codes],
        },
    )


class _Walk:
    """A query under way: where it goes on, and pages that are held back."""

    def __init__(self) -> None:
        self.next: object = None
        self.held: list[list[Any]] = []


class _GrudgingPages:
    """Lets every query come an item at a time, some pages late: the first are empty, and more follow."""

    def __init__(self) -> None:
        self._mine = local()

    def ask(self, params: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Ask for one item. A query that does not go on where the last one ended is a new walk."""
        start = params.get("ExclusiveStartKey")
        query = json.dumps([params.get("IndexName"), params["ExpressionAttributeValues"]], sort_keys=True)
        walks = self._mine.__dict__.setdefault("walks", {})
        if start is None or start != walks.get(query, _Walk()).next:
            walks[query] = _Walk()
        self._mine.walk = walks[query]
        return {**params, "Limit": 1}

    def hold(self, parsed: dict[str, Any], **_: Any) -> None:
        """Hold back what came, except at the end."""
        walk = self._mine.walk
        walk.next = parsed.get("LastEvaluatedKey")
        walk.held.append(parsed["Items"])
        late = 0 if walk.next is None else PAGES_LATE
        given = walk.held[: len(walk.held) - late]
        del walk.held[: len(given)]
        parsed["Items"] = [item for page in given for item in page]


@contextmanager
def grudging_pages(client: Client) -> Iterator[None]:
    """Queries give short pages, and empty ones that are not the last, in every thread."""
    pages = _GrudgingPages()
    with (
        _registered(client, "provide-client-params.dynamodb.Query", pages.ask),
        _registered(client, "after-call.dynamodb.Query", pages.hold),
    ):
        yield


@contextmanager
def stale_index(client: Client) -> Iterator[None]:
    """Every global index is as it was when it was first asked inside."""
    seen: dict[str, dict[str, Any]] = {}
    asked: dict[str, str] = {}

    def note(params: dict[str, Any], **_: Any) -> None:
        asked["query"] = json.dumps(params, sort_keys=True) if "IndexName" in params else ""

    def answer_again(parsed: dict[str, Any], **_: Any) -> None:
        if asked["query"]:
            parsed.update(seen.setdefault(asked["query"], dict(parsed)))

    with (
        _registered(client, "provide-client-params.dynamodb.Query", note),
        _registered(client, "after-call.dynamodb.Query", answer_again),
    ):
        yield


@contextmanager
def undone_batches(client: Client, operation: str, *, left: str, times: int) -> Iterator[None]:
    """The first `times` batches of an operation are left undone, whole."""
    undone = times

    def leave(request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        nonlocal undone
        if undone == 0:
            return None
        undone -= 1
        wanted = json.loads(request.body)["RequestItems"]
        return answer(200, {"Responses": {}, left: wanted})(request.url)

    with _registered(client, f"before-send.dynamodb.{operation}", leave):
        yield


@contextmanager
def _registered(client: Client, event: str, handler: Callable[..., Any]) -> Iterator[None]:
    client.boto.meta.events.register(event, handler)
    try:
        yield
    finally:
        client.boto.meta.events.unregister(event, handler)
