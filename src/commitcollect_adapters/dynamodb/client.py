"""Calls to DynamoDB: how they are configured and repeated, and what their failures mean to the core.

botocore's own retries are switched off: it does not retry a cancelled transaction. A call is repeated here
under one deadline, with the whole wait left to chance (full jitter), so that writers who collided do not meet
again.
"""

from __future__ import annotations

import logging
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen
from botocore.exceptions import BotoCoreError, ClientError

from commitcollect_adapters.aws import calls
from commitcollect_adapters.dynamodb import guards
from commitcollect_core.errors import InvalidInput, StorageError, StorageUnavailable, VersionConflict

_log = logging.getLogger(__name__)
_chance = random.SystemRandom()

SCHEME = "dynamodb"
PREFIX_DEFAULT = "CommitCollect"
_PREFIX = re.compile(r"[A-Za-z0-9_-]{3,200}")
WAIT_SECONDS_FIRST = 0.025
WAIT_SECONDS_MAX = 1.0

RETRYABLE_CODES = frozenset(
    {
        "ContinuousBackupsUnavailableException",
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingError",
        "ThrottlingException",
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
"""Error codes and cancellation reasons after which the same call may succeed."""

_ALWAYS_THERE = {
    "batch_get_item": "Responses",
    "describe_continuous_backups": "ContinuousBackupsDescription",
    "describe_table": "Table",
    "query": "Items",
}
"""What an answer never lacks, by operation; answers to others may be empty."""

_KIND = "DynamoDB"
_CONFLICT = "ConditionalCheckFailed"
_NO_REASON = frozenset({"None", None})


@frozen(kw_only=True)
class Address:
    """Where a DynamoDB store is.

    Attributes:
        prefix: what the names of its tables begin with.
        endpoint: of a local engine; None for AWS.
    """

    prefix: str = PREFIX_DEFAULT
    endpoint: str | None = None
    region: str | None = None

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read ``dynamodb://PREFIX?endpoint=http://127.0.0.1:8000&region=eu-central-1``; all parts optional.

        Raises:
            InvalidInput: the address has another form.
        """
        name, endpoint, region = calls.split_address(text, SCHEME) or ("?", None, None)
        prefix = name.rstrip("/") or PREFIX_DEFAULT
        if not _PREFIX.fullmatch(prefix):
            raise InvalidInput(
                f"{text!r} is not a store; write {SCHEME}://PREFIX?endpoint=http://127.0.0.1:8000&"
                "region=eu-central-1, all parts after :// optional; a prefix has 3 to 200 letters, digits, "
                "hyphens or underscores, an endpoint begins with http:// or https://",
                field="store",
            )
        return cls(prefix=prefix, endpoint=endpoint, region=region)

    @property
    def where(self) -> str:
        """For a person."""
        return self.endpoint or f"DynamoDB in {self.region or 'the default region'}"


def cancellation(reasons: Sequence[Mapping[str, Any]]) -> StorageError | ConditionFailed:
    """What a cancelled transaction means: only a failed condition is a conflict.

    A reason that neither is a conflict nor passes by itself outweighs the others, since no repetition helps;
    a failed condition outweighs what can be retried, since the retry would fail on it.
    """
    codes = {reason.get("Code") for reason in reasons} - _NO_REASON
    lasting = codes - RETRYABLE_CODES - {_CONFLICT}
    if lasting or not codes:
        messages = {str(reason.get("Message")) for reason in reasons if reason.get("Code") in lasting}
        return StorageError(f"DynamoDB refuses this write: {', '.join(sorted(map(str, lasting | messages)))}")
    if _CONFLICT in codes:
        failed = (place for place, reason in enumerate(reasons) if reason.get("Code") == _CONFLICT)
        return ConditionFailed(frozenset(failed))
    return StorageUnavailable(f"DynamoDB is busy ({', '.join(sorted(map(str, codes)))}); try again later")


def translated(failure: ClientError | BotoCoreError, address: Address) -> StorageError | ConditionFailed:
    """What a failure of boto3 means to the core."""
    if not isinstance(failure, ClientError):
        return calls.unanswered(failure, address.where)
    match failure.response.get("Error", {}).get("Code", ""):
        case "TransactionCanceledException":
            return cancellation(failure.response.get("CancellationReasons", ()))
        case "ResourceNotFoundException":
            return MissingTable(
                f"the tables {address.prefix}… are not in {address.where}; make them with: "
                "commitcollect tables create"
            )
        case "ConditionalCheckFailedException":
            return ConditionFailed(frozenset({0}))
        case _:
            return calls.refused(failure, address.where, _KIND, RETRYABLE_CODES)


class MissingTable(StorageError):
    """A table is not there."""


class ConditionFailed(VersionConflict):
    """A condition of a write did not hold.

    Attributes:
        places: where in the transaction such conditions stood; 0 for a single write.
    """

    def __init__(self, places: frozenset[int]) -> None:
        super().__init__("what is stored is not what this write goes over")
        self.places = places


class PerhapsWritten(ConditionFailed):
    """A condition failed, but an earlier attempt of the same call may have been the writer it failed on."""


class _Patience:
    """How long a call has been repeated, and for how long it may be."""

    def __init__(self, deadline_seconds: float, pause: Callable[[float], None]) -> None:
        self._deadline = time.monotonic() + deadline_seconds
        self._pause = pause
        self._wait_seconds_max = WAIT_SECONDS_FIRST

    @property
    def is_over(self) -> bool:
        """Whether the deadline has passed."""
        return time.monotonic() >= self._deadline

    def wait(self) -> None:
        """Wait before the next attempt, by chance up to twice as long as the time before."""
        self._pause(_chance.uniform(0, self._wait_seconds_max))
        self._wait_seconds_max = min(2 * self._wait_seconds_max, WAIT_SECONDS_MAX)


class Client:
    """A DynamoDB client that repeats what can be repeated. Thread-safe.

    Attributes:
        address: where the tables are.
        boto: the client of boto3 under it, for its event hooks.
    """

    def __init__(
        self, address: Address, *, deadline_seconds: float, pause: Callable[[float], None] = time.sleep
    ) -> None:
        """Connect lazily; nothing is sent yet.

        Args:
            address: where the tables are.
            deadline_seconds: for one call with all its repetitions.
            pause: waits between two attempts.

        Raises:
            StorageError: AWS is set up on this machine in a way that cannot work.
        """
        self.address = address
        self._deadline_seconds = deadline_seconds
        self._pause = pause
        try:
            self.boto = calls.boto_client(
                "dynamodb", endpoint=address.endpoint, region=address.region, attempts_max=1
            )
        except BotoCoreError as failure:
            raise translated(failure, address) from failure
        self.boto.meta.events.register("before-parse.dynamodb.*", self._check_answer)

    def _check_answer(self, response_dict: Mapping[str, Any], **_: object) -> None:
        """Refuse what is no answer before botocore makes an empty one of it, which would pass for success."""
        if response_dict["status_code"] == calls.OK:
            calls.check_object(response_dict["body"], self.address.where, _KIND)

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        """Make one call, repeated under the deadline while it may still succeed.

        Raises:
            PerhapsWritten: a condition failed after an attempt whose answer was lost.
            ConditionFailed: a condition failed.
            StorageUnavailable: it failed in passing until the deadline.
            StorageError: it failed for good, or is nothing to be sent (`guards`).
        """
        guards.check(operation, request, self.address.prefix)
        patience = self._patience()
        is_answer_lost = False
        while True:
            try:
                return self._call_once(operation, request)
            except ConditionFailed as failed:
                if is_answer_lost:
                    raise PerhapsWritten(failed.places) from failed
                raise
            except StorageUnavailable as failure:
                if patience.is_over:
                    raise
                is_answer_lost = True
                _log.debug("repeating %s: %s", operation, failure.message)
            patience.wait()

    def batch(self, operation: str, wanted: Mapping[str, Any], *, left: str) -> Iterator[dict[str, Any]]:
        """Make a batch call, and again with what it leaves undone, under a deadline of its own.

        Args:
            operation: the call.
            wanted: its `RequestItems`.
            left: what an answer calls those it leaves undone.

        Raises:
            StorageUnavailable: something was left undone until the deadline.
            StorageError: as in `call`.
        """
        patience = self._patience()
        while wanted:
            answer = self.call(operation, RequestItems=wanted)
            yield answer
            wanted = answer.get(left) or {}
            if wanted and patience.is_over:
                raise StorageUnavailable(f"{self.address.where} is busy; try again later")
            if wanted:
                patience.wait()

    def _patience(self) -> _Patience:
        return _Patience(self._deadline_seconds, self._pause)

    def _call_once(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        call = getattr(self.boto, operation)
        try:
            answer: dict[str, Any] = call(**request)
        except (ClientError, BotoCoreError) as failure:
            raise translated(failure, self.address) from failure
        except calls.UNREADABLE as failure:
            raise calls.stranger(self.address.where, "its answer has another shape", _KIND) from failure
        if _ALWAYS_THERE.get(operation, "ResponseMetadata") not in answer:
            raise calls.stranger(self.address.where, f"its answer lacks {_ALWAYS_THERE[operation]}", _KIND)
        return answer

    def wait(self, event: str, **request: Any) -> None:
        """Wait for one of boto3's events, such as ``table_exists``.

        Raises:
            StorageError: it did not come in time, or the engine refuses.
        """
        try:
            self.boto.get_waiter(event).wait(**request)
        except (ClientError, BotoCoreError) as failure:
            raise translated(failure, self.address) from failure
