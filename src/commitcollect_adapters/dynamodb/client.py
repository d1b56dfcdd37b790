"""Calls to DynamoDB: batches, conditions that fail, and transactions that are cancelled."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from commitcollect_adapters.aws.calls import DEADLINE_SECONDS, Address, AwsClient, code_of, parse_address
from commitcollect_adapters.dynamodb import guards
from commitcollect_core.errors import CommitCollectError, StorageError, StorageUnavailable, VersionConflict

SCHEME = "dynamodb"
PREFIX_DEFAULT = "CommitCollect"
_PREFIX = re.compile(r"[A-Za-z0-9_-]{3,200}")

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

_CONFLICT = "ConditionalCheckFailed"
_NO_REASON = frozenset({"None", None})


def parse(text: str) -> Address:
    """Read ``dynamodb://PREFIX?endpoint=…&region=…``; all parts after ``://`` are optional.

    Raises:
        InvalidInput: the address has another form.
    """
    what = f"PREFIX is 3 to 200 letters, digits, hyphens or underscores, and {PREFIX_DEFAULT} unless given"
    form = f"{SCHEME}://PREFIX"
    return parse_address(text, form=form, name=_PREFIX, what=what, field="store", default=PREFIX_DEFAULT)


def cancellation(reasons: Sequence[Mapping[str, Any]]) -> StorageError | ConditionFailed:
    """What a cancelled transaction means: only a failed condition is a conflict."""
    codes = {reason.get("Code") for reason in reasons} - _NO_REASON
    lasting = codes - RETRYABLE_CODES - {_CONFLICT}
    # A lasting reason takes precedence, since no retry helps; a failed condition comes next, since the retry
    # would fail on it.
    if lasting or not codes:
        messages = {str(reason.get("Message")) for reason in reasons if reason.get("Code") in lasting}
        return StorageError(f"DynamoDB refuses this write: {', '.join(sorted(map(str, lasting | messages)))}")
    if _CONFLICT in codes:
        failed = (place for place, reason in enumerate(reasons) if reason.get("Code") == _CONFLICT)
        return ConditionFailed(frozenset(failed))
    return StorageUnavailable(f"DynamoDB is busy ({', '.join(sorted(map(str, codes)))}); try again later")


class MissingTable(StorageError):
    """A table does not exist."""


class ConditionFailed(VersionConflict):
    """A condition of a write did not hold.

    Attributes:
        places: where in the transaction such conditions stood; 0 for a single write.
    """

    def __init__(self, places: frozenset[int]) -> None:
        super().__init__("the stored item does not meet the condition of this write")
        self.places = places


class PerhapsWritten(ConditionFailed):
    """A condition failed, perhaps on an earlier attempt of the same call whose answer was lost."""


class Client(AwsClient):
    """A DynamoDB client. Thread-safe.

    Attributes:
        deletion_key: what ids of deletions are hashed with, once it was read; it never changes.
    """

    def __init__(
        self,
        address: Address,
        *,
        deadline_seconds: float = DEADLINE_SECONDS,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Connect lazily; arguments and errors as in `AwsClient`."""
        self.deletion_key: str | None = None
        super().__init__(
            "DynamoDB",
            address,
            meaning=self._meaning_of,
            always_there=_ALWAYS_THERE,
            deadline_seconds=deadline_seconds,
            pause=pause,
            passing=RETRYABLE_CODES,
            may_be_empty=False,
        )

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        """Make one call, retried until the deadline.

        Raises:
            PerhapsWritten: a condition failed after an attempt whose answer was lost.
            ConditionFailed: a condition failed.
            StorageUnavailable: it failed in passing until the deadline.
            StorageError: it failed for good, or must not be sent (`guards`).
        """
        guards.check(operation, request, self.address.name)
        return super().call(operation, **request)

    def attempt(self, operation: str, request: Mapping[str, Any], *, is_retry: bool) -> dict[str, Any]:
        """Make one call once; errors as in `call`."""
        try:
            return super().attempt(operation, request, is_retry=is_retry)
        except ConditionFailed as failed:
            # An earlier attempt may have been carried out although its answer was lost: then this condition
            # failed on our own write, and what is stored decides (ADR 8).
            if is_retry:
                raise PerhapsWritten(failed.places) from failed
            raise

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
        patience = self.patience()
        while wanted:
            answer = self.call(operation, RequestItems=wanted)
            yield answer
            wanted = answer.get(left) or {}
            if wanted and patience.is_over:
                raise StorageUnavailable(f"{self.address.where} is busy; try again later")
            if wanted:
                patience.wait()

    def wait(self, event: str, **request: Any) -> None:
        """Wait for one of boto3's events, such as ``table_exists``.

        Raises:
            StorageError: it did not come in time, or the engine refuses.
        """
        try:
            self.boto.get_waiter(event).wait(**request)
        except (ClientError, BotoCoreError) as failure:
            raise self.translated(failure) from failure

    def _meaning_of(self, failure: ClientError) -> CommitCollectError | None:
        match code_of(failure):
            case "TransactionCanceledException":
                return cancellation(failure.response.get("CancellationReasons", ()))
            case "ResourceNotFoundException":
                return MissingTable(
                    f"the tables {self.address.name}… are not in {self.address.where}; make them with: "
                    "commitcollect tables create"
                )
            case "ConditionalCheckFailedException":
                return ConditionFailed(frozenset({0}))
            case _:
                return None
