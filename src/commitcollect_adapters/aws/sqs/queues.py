"""The two queues of one address, and the calls to them."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from commitcollect_adapters.aws.calls import (
    DEADLINE_SECONDS,
    Address,
    AwsClient,
    NotNow,
    code_of,
    parse_address,
)
from commitcollect_adapters.aws.sqs.messages import Message
from commitcollect_core.errors import StorageError, StorageUnavailable

Entry = TypeVar("Entry")

SCHEME = "sqs"
PARKED_SUFFIX = "-parked"
"""Ends the name of the queue where jobs are set aside (the dead letter queue)."""

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
"""Answers about a message that was deleted, or received again since."""


class MissingQueue(StorageError):
    """A queue does not exist."""


def parse(text: str) -> Address:
    """Read ``sqs://NAME?endpoint=…&region=…``.

    Raises:
        InvalidInput: the address has another form.
    """
    what = "NAME is a queue's name: 1 to 73 letters, digits, hyphens or underscores"
    return parse_address(text, form=f"{SCHEME}://NAME", name=_NAME, what=what, field="queue")


class Queue:
    """One queue of SQS, looked for by its name at the first call."""

    def __init__(self, client: AwsClient, name: str) -> None:
        self.name = name
        self._client = client
        self._url = ""
        self._lock = threading.Lock()

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        """Make one call to this queue; errors as in `AwsClient.call`.

        Raises:
            MissingQueue: it does not exist.
        """
        # Under the lock, so that threads which begin together ask for the address once.
        with self._lock:
            if not self._url:
                self._url = self._client.call("get_queue_url", QueueName=self.name)["QueueUrl"]
        return self._client.call(operation, QueueUrl=self._url, **request)

    def send(self, body: str, *, delay_seconds: int = 0) -> None:
        """Send a message."""
        self.call("send_message", MessageBody=body, DelaySeconds=delay_seconds)

    def send_all(self, messages: Sequence[tuple[str, int]]) -> Sequence[StorageError | None]:
        """Send bodies with their delays, ten in a call; for each why it was not sent, or None."""
        failures: list[StorageError | None] = []
        for some in _batches(messages):
            entries = [
                {"Id": str(place), "MessageBody": body, "DelaySeconds": delay_seconds}
                for place, (body, delay_seconds) in some
            ]
            try:
                answer = self.call("send_message_batch", Entries=entries)
            except StorageError as failed:
                # The rest would wait for the same failure once more.
                return [*failures, *[failed] * (len(messages) - len(failures))]
            codes = {each["Id"]: each.get("Code", "") for each in answer.get("Failed", ())}
            refusals = {place: self._refusal(code) for place, code in codes.items()}
            failures += [refusals.get(each["Id"]) for each in entries]
        return failures

    def _refusal(self, code: str) -> StorageError:
        return StorageUnavailable(f"{self.name} is busy or failing ({code}); try again later")

    def receive(self, *, limit: int, seconds: int) -> list[Message]:
        """Receive up to ten messages, which stay hidden from other receivers for some seconds."""
        answer = self.call(
            "receive_message",
            MaxNumberOfMessages=limit,
            VisibilityTimeout=seconds,
            MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
        )
        return [Message.of(each) for each in answer.get("Messages", ())]

    def send_again(self, messages: Sequence[Message], body_of: Callable[[Message], str]) -> None:
        """Replace messages that were received by new ones, whose receives SQS counts from none."""
        for some in _batches(messages):
            batch = [each for _, each in some]
            # Sent before they are deleted: a process that dies in between leaves them twice and not lost (law
            # 6). Ten jobs are far below SQS's limit for a batch.
            if not self._batch("send_message_batch", [{"MessageBody": body_of(each)} for each in batch]):
                raise StorageUnavailable(f"{self.name} refused messages that it held before; try again later")
            self.delete([each.handle for each in batch])

    def delete(self, handles: Sequence[str]) -> bool:
        """Delete messages that were received; False if one of them had been received again or deleted."""
        return self._batch("delete_message_batch", [{"ReceiptHandle": each} for each in handles])

    def release(self, handles: Sequence[str]) -> None:
        """Let other receivers have messages at once."""
        entries = [{"ReceiptHandle": each, "VisibilityTimeout": 0} for each in handles]
        self._batch("change_message_visibility_batch", entries)

    def attributes(self, *names: str) -> dict[str, str]:
        """Attributes of the queue as SQS keeps them."""
        attributes: dict[str, str] = self.call("get_queue_attributes", AttributeNames=[*names])["Attributes"]
        return attributes

    def _batch(self, operation: str, entries: Sequence[dict[str, Any]]) -> bool:
        is_whole = True
        for some in _batches(entries):
            numbered = [{"Id": str(place), **entry} for place, entry in some]
            # SQS answers 200 for a batch of which some failed.
            for failed in self.call(operation, Entries=numbered).get("Failed", ()):
                code = failed.get("Code", "")
                if code not in _STALE_CODES:
                    raise self._refusal(code)
                is_whole = False
        return is_whole


def _batches(entries: Sequence[Entry]) -> Iterator[list[tuple[int, Entry]]]:
    numbered = enumerate(entries)
    while some := list(islice(numbered, BATCH_MAX)):
        yield some


class Queues:
    """The queue where jobs wait, and the one where they are set aside.

    Attributes:
        address: where they are.
        client: SQS, for boto3's event hooks.
    """

    def __init__(self, address: Address, *, deadline_seconds: float = DEADLINE_SECONDS) -> None:
        """Connect lazily; arguments and errors as in `AwsClient`."""

        def meaning(failure: ClientError) -> StorageError | None:
            return _meaning(code_of(failure), address)

        self.address = address
        self.client = AwsClient(
            "SQS", address, meaning=meaning, always_there=_ALWAYS_THERE, deadline_seconds=deadline_seconds
        )
        self.waiting = Queue(self.client, address.name)
        self.parked = Queue(self.client, address.name + PARKED_SUFFIX)


def _meaning(code: str, address: Address) -> StorageError | None:
    if code in _MISSING_CODES:
        return MissingQueue(
            f"the queues {address.name} and {address.name}{PARKED_SUFFIX} are not in {address.where}; make "
            "them with: commitcollect queue create"
        )
    if code in _RECENTLY_CODES:
        # AWS refuses for a minute, and no call waits that long.
        return NotNow("SQS makes no queue of a name within a minute of its deletion; try again then")
    if code in {"OverLimit", "KmsThrottled"}:
        return StorageUnavailable(f"{address.where} has too much under way ({code}); try again later")
    return None
