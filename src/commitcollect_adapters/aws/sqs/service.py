"""The two queues of one address, and the calls made to them."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from commitcollect_adapters.aws.calls import ATTEMPTS_MAX, Address, Service, parse_address
from commitcollect_adapters.aws.sqs.messages import Message
from commitcollect_core.errors import StorageError, StorageUnavailable

SCHEME = "sqs"
PARKED_SUFFIX = "-parked"
"""What the name of the queue ends with where jobs are set aside."""

BATCH_MAX = 10
_NAME = re.compile(r"[A-Za-z0-9_-]{1,73}")
_ALWAYS_THERE = {
    "create_queue": "QueueUrl",
    "get_queue_attributes": "Attributes",
    "get_queue_url": "QueueUrl",
    "send_message": "MessageId",
}
_MISSING_CODES = frozenset(
    {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "NonExistentQueue"}
)
_RECENTLY_CODES = frozenset({"AWS.SimpleQueueService.QueueDeletedRecently", "QueueDeletedRecently"})
_STALE_CODES = frozenset({"InvalidParameterValue", "MessageNotInflight", "ReceiptHandleIsInvalid"})
"""Said of a message that was deleted, or received again since."""


class MissingQueue(StorageError):
    """A queue is not there."""


def parse(text: str) -> Address:
    """Read ``sqs://NAME?endpoint=…&region=…``.

    Raises:
        InvalidInput: the address has another form.
    """
    what = "the name of a queue: 1 to 73 letters, digits, hyphens or underscores"
    return parse_address(text, scheme=SCHEME, name=_NAME, what=what, field="queue")


class Queue:
    """One queue of SQS, looked for by its name at the first call."""

    def __init__(self, service: Service, name: str) -> None:
        self.name = name
        self._service = service
        self._url = ""
        self._lock = threading.Lock()

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        """Make one call to this queue; errors as in `Service.call`.

        Raises:
            MissingQueue: it is not there.
        """
        with self._lock:
            if not self._url:
                self._url = self._service.call("get_queue_url", QueueName=self.name)["QueueUrl"]
        return self._service.call(operation, QueueUrl=self._url, **request)

    def send(self, body: str, *, delay_seconds: int = 0) -> None:
        """Send a message."""
        self.call("send_message", MessageBody=body, DelaySeconds=delay_seconds)

    def receive(self, *, limit: int, seconds: int) -> list[Message]:
        """Receive up to ten messages, which nobody else receives for some seconds."""
        answer = self.call(
            "receive_message",
            MaxNumberOfMessages=limit,
            VisibilityTimeout=seconds,
            MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
        )
        return [Message.of(each) for each in answer.get("Messages", ())]

    def delete(self, handles: Sequence[str]) -> bool:
        """Delete messages that were received; False if one of them had been received again or deleted."""
        return self._batch("delete_message_batch", handles, {})

    def release(self, handles: Sequence[str]) -> None:
        """Let others receive messages at once."""
        self._batch("change_message_visibility_batch", handles, {"VisibilityTimeout": 0})

    def attributes(self, *names: str) -> dict[str, str]:
        """What SQS says of the queue."""
        attributes: dict[str, str] = self.call("get_queue_attributes", AttributeNames=[*names])["Attributes"]
        return attributes

    def _batch(self, operation: str, handles: Sequence[str], each: dict[str, Any]) -> bool:
        is_whole = True
        for some in _batches(handles):
            entries = [{"Id": str(place), "ReceiptHandle": handle, **each} for place, handle in some]
            for failed in self.call(operation, Entries=entries).get("Failed", ()):
                code = failed.get("Code", "")
                if code not in _STALE_CODES:
                    raise StorageUnavailable(f"{self.name} is busy or failing ({code}); try again later")
                is_whole = False
        return is_whole


def _batches(handles: Sequence[str]) -> Iterator[list[tuple[int, str]]]:
    numbered = enumerate(handles)
    while some := list(islice(numbered, BATCH_MAX)):
        yield some


class Queues:
    """The queue where jobs wait, and the one where they are set aside.

    Attributes:
        address: where they are.
        service: SQS, for boto3's event hooks.
    """

    def __init__(self, address: Address, *, attempts_max: int = ATTEMPTS_MAX) -> None:
        """Connect lazily; nothing is sent yet.

        Args:
            address: where they are.
            attempts_max: how often one call is made while it fails in passing.

        Raises:
            StorageError: AWS is set up on this machine in a way that cannot work.
        """

        def meaning(code: str) -> StorageError | None:
            return _meaning(code, address)

        self.address = address
        self.service = Service(
            "sqs", address, meanings=meaning, always_there=_ALWAYS_THERE, attempts_max=attempts_max
        )
        self.waiting = Queue(self.service, address.name)
        self.parked = Queue(self.service, address.name + PARKED_SUFFIX)


def _meaning(code: str, address: Address) -> StorageError | None:
    if code in _MISSING_CODES:
        return MissingQueue(
            f"the queues {address.name} and {address.name}{PARKED_SUFFIX} are not in {address.where}; make "
            "them with: commitcollect queue create"
        )
    if code in _RECENTLY_CODES:
        return StorageUnavailable(
            "SQS makes no queue of a name within a minute of its deletion; try again then"
        )
    if code in {"OverLimit", "KmsThrottled"}:
        return StorageUnavailable(f"{address.where} has too much under way ({code}); try again later")
    return None
