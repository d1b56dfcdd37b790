"""Calls to DynamoDB: how they are configured and repeated, and what their failures mean to the core.

botocore's own retries are switched off: it does not retry a cancelled transaction. A call is repeated here
under one deadline, with the whole wait left to chance (full jitter), so that writers who collided do not meet
again.
"""

from __future__ import annotations

import json
import logging
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
from attrs import frozen
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own, and no child of Python's
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    SSLError,
    WaiterError,
)

from commitcollect_adapters.dynamodb import guards
from commitcollect_core.errors import InvalidInput, StorageError, StorageUnavailable, VersionConflict

_log = logging.getLogger(__name__)
_chance = random.SystemRandom()

SCHEME = "dynamodb"
PREFIX_DEFAULT = "CommitCollect"
_PREFIX = re.compile(r"[A-Za-z0-9_-]{3,200}")
REGION_DEFAULT = "eu-central-1"
CONNECT_SECONDS_MAX = 3
READ_SECONDS_MAX = 8
CONNECTIONS_MAX = 50
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

RETRYABLE_STATUSES = frozenset({500, 502, 503, 504})
"""HTTP statuses of a service in trouble; others, such as 501, come from something that is no DynamoDB."""

_OK = 200
_ALWAYS_THERE = {
    "batch_get_item": "Responses",
    "describe_continuous_backups": "ContinuousBackupsDescription",
    "describe_table": "Table",
    "query": "Items",
}
"""What an answer never lacks, by operation; answers to others may be empty."""

_UNREADABLE = (AttributeError, KeyError, TypeError, ValueError)
"""How botocore's parser ends on an answer of another shape."""

_MESSAGE_CHARS_MAX = 300

_CONFLICT = "ConditionalCheckFailed"
_NO_REASON = frozenset({"None", None})
_CREDENTIAL_CODES = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "UnrecognizedClientException",
    }
)


_STRANGER_CODES = frozenset({"InvalidAction", "UnknownOperationException"})
"""Said by other services of AWS, and by what stands in for them."""

_LOCAL_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})
_LOCAL_CREDENTIALS = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
"""Engines on this machine check none, and looking for real ones may take seconds."""


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
        # urlsplit folds the case of a host name, and table names are case sensitive.
        rest, _, query = text.removeprefix(f"{SCHEME}://").partition("?")
        options = parse_qs(query, keep_blank_values=True)
        prefix = rest.rstrip("/") or PREFIX_DEFAULT
        endpoint, region = (options.pop(name, [None])[-1] for name in ("endpoint", "region"))
        is_known = text.startswith(f"{SCHEME}://") and not options and _PREFIX.fullmatch(prefix)
        if not is_known or region == "" or not (endpoint is None or _is_url(endpoint)):
            raise InvalidInput(
                f"{text!r} is not a store; write {SCHEME}://PREFIX?endpoint=http://127.0.0.1:8000&"
                "region=eu-central-1, all parts after :// optional; a prefix has 3 to 200 letters, digits, "
                "hyphens or underscores, an endpoint begins with http:// or https://",
                field="store",
            )
        return cls(prefix=prefix, endpoint=endpoint, region=region)

    @property
    def is_local(self) -> bool:
        """Whether the endpoint is on this machine."""
        return self.endpoint is not None and urlsplit(self.endpoint).hostname in _LOCAL_HOSTS

    @property
    def where(self) -> str:
        """For a person."""
        return self.endpoint or f"DynamoDB in {self.region or 'the default region'}"


def _is_url(endpoint: str) -> bool:
    try:
        parts = urlsplit(endpoint)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port or an IPv6 address that cannot be
        return False


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
    where = address.where
    match failure:
        case ClientError():
            return _translated_answer(failure, address)
        case NoCredentialsError() | PartialCredentialsError():
            return StorageError(
                f"no credentials for {where}; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile"
            )
        case SSLError():
            return StorageError(f"no safe connection to {where}; check the address ({_line(failure)})")
        case HTTPClientError() | ConnectionError() | WaiterError():
            return StorageUnavailable(
                f"{where} cannot be reached or does not answer in time; check the address, the network and "
                f"that it is running ({_line(failure)})"
            )
        case _:
            return StorageError(
                f"cannot use {where}; check the address, and the region and profile in AWS's settings "
                f"({_line(failure)})"
            )


def _translated_answer(failure: ClientError, address: Address) -> StorageError | ConditionFailed:
    error, where = failure.response.get("Error", {}), address.where
    code, message = error.get("Code", ""), _line(error.get("Message", ""))
    if code == "TransactionCanceledException":
        return cancellation(failure.response.get("CancellationReasons", ()))
    if code == "ResourceNotFoundException":
        return MissingTable(
            f"the tables {address.prefix}… are not in {where}; make them with: commitcollect tables create"
        )
    if code in _CREDENTIAL_CODES:
        return StorageError(f"{where} refuses these credentials ({code}); check them and their permissions")
    if code == f"{_CONFLICT}Exception":
        return ConditionFailed(frozenset({0}))
    status = failure.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in RETRYABLE_CODES or status in RETRYABLE_STATUSES:
        return StorageUnavailable(
            f"{where} is busy or failing ({code}); try again later, and check the address if that lasts"
        )
    # Where an answer names no error, botocore takes the HTTP status for its code.
    if code.isdigit() or code in _STRANGER_CODES:
        return _not_dynamodb(address, f"it answers {code}")
    return StorageError(f"{where} refuses: {code} {message}".rstrip())


def _not_dynamodb(address: Address, why: str) -> StorageError:
    return StorageError(
        f"{address.where} does not answer as DynamoDB does; check that this is the address of one ({why})"
    )


def _line(said: object) -> str:
    """What something else says, as part of one line."""
    return " ".join(str(said).split())[:_MESSAGE_CHARS_MAX]


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
            self.boto = _boto_client(address)
        except BotoCoreError as failure:
            raise translated(failure, address) from failure
        self.boto.meta.events.register("before-parse.dynamodb.*", self._check_answer)

    def _check_answer(self, response_dict: Mapping[str, Any], **_: object) -> None:
        """Refuse what is no answer before botocore makes an empty one of it, which would pass for success."""
        if response_dict["status_code"] != _OK:
            return
        try:
            document = json.loads(response_dict["body"])
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise _not_dynamodb(self.address, "it answers something that is no JSON object")

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
        except _UNREADABLE as failure:
            raise _not_dynamodb(self.address, "its answer has another shape") from failure
        if _ALWAYS_THERE.get(operation, "ResponseMetadata") not in answer:
            raise _not_dynamodb(self.address, f"its answer lacks {_ALWAYS_THERE[operation]}")
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


def _boto_client(address: Address) -> Any:
    session = boto3.session.Session(**(_LOCAL_CREDENTIALS if address.is_local else {}))
    return session.client(
        "dynamodb",
        endpoint_url=address.endpoint,
        region_name=address.region or session.region_name or REGION_DEFAULT,
        config=Config(
            connect_timeout=CONNECT_SECONDS_MAX,
            read_timeout=READ_SECONDS_MAX,
            max_pool_connections=CONNECTIONS_MAX,
            retries={"total_max_attempts": 1, "mode": "standard"},
        ),
    )
