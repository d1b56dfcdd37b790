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
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
from attrs import frozen
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
)

from commitcollect_core.errors import InvalidInput, StorageError, StorageUnavailable, VersionConflict

_log = logging.getLogger(__name__)

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

_REFUSED = 400
"""The status of everything that DynamoDB itself refuses."""

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
        parts = urlsplit(text)
        options = parse_qs(parts.query, keep_blank_values=True)
        unknown = sorted(set(options) - {"endpoint", "region"})
        # urlsplit folds the case of a host name, and table names are case sensitive.
        prefix = text.removeprefix(f"{SCHEME}://").partition("?")[0].rstrip("/") or PREFIX_DEFAULT
        if parts.scheme != SCHEME or unknown or not _PREFIX.fullmatch(prefix):
            raise InvalidInput(
                f"{text!r} is not a store; write {SCHEME}://PREFIX?endpoint=http://127.0.0.1:8000&"
                "region=eu-central-1, all parts after :// optional; a prefix has 3 to 200 letters, digits, "
                "hyphens or underscores",
                field="store",
            )
        endpoint, region = (options.get(name, [None])[-1] for name in ("endpoint", "region"))
        return cls(prefix=prefix, endpoint=endpoint, region=region)

    @property
    def is_local(self) -> bool:
        """Whether the endpoint is on this machine."""
        return self.endpoint is not None and urlsplit(self.endpoint).hostname in _LOCAL_HOSTS


def cancellation(reasons: Sequence[Mapping[str, Any]]) -> StorageError | VersionConflict:
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
        return VersionConflict("somebody else wrote to this ledger first; read it again and decide again")
    return StorageUnavailable(f"DynamoDB is busy ({', '.join(sorted(map(str, codes)))}); try again later")


def translated(failure: ClientError | BotoCoreError, address: Address) -> StorageError | VersionConflict:
    """What a failure of boto3 means to the core."""
    where = address.endpoint or f"DynamoDB in {address.region or 'the default region'}"
    if isinstance(failure, ClientError):
        return _translated_answer(failure, address, where)
    if isinstance(failure, (NoCredentialsError, PartialCredentialsError)):
        return StorageError(
            f"no credentials for {where}; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile"
        )
    return StorageUnavailable(f"{where} cannot be reached or does not answer as DynamoDB does ({failure})")


def _translated_answer(failure: ClientError, address: Address, where: str) -> StorageError | VersionConflict:
    error = failure.response.get("Error", {})
    code = error.get("Code", "")
    if code == "TransactionCanceledException":
        return cancellation(failure.response.get("CancellationReasons", ()))
    if code == "ResourceNotFoundException":
        return MissingTable(
            f"the tables {address.prefix}… are not in {where}; make them with: commitcollect tables create"
        )
    if code in _CREDENTIAL_CODES:
        return StorageError(f"{where} refuses these credentials ({code}); check them and their permissions")
    if code == f"{_CONFLICT}Exception":
        return VersionConflict("somebody else wrote to this ledger first; read it again and decide again")
    status = failure.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in RETRYABLE_CODES or status in RETRYABLE_STATUSES:
        return StorageUnavailable(f"{where} is busy or failing ({code}); try again later")
    said = f"{where} refuses: {code} {error.get('Message', '')}".rstrip()
    return StorageError(
        said if status == _REFUSED else f"{said}; check that this is the address of a DynamoDB"
    )


class MissingTable(StorageError):
    """A table is not there."""


class PerhapsWritten(VersionConflict):
    """A condition failed, but an earlier attempt of the same call may have been the writer it failed on."""


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
        """
        self.address = address
        self._deadline_seconds = deadline_seconds
        self._pause = pause
        self._chance = random.SystemRandom()
        session = boto3.session.Session(**(_LOCAL_CREDENTIALS if address.is_local else {}))
        self.boto = session.client(
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

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        """Make one call, repeated under the deadline while it may still succeed.

        Raises:
            PerhapsWritten: a condition failed after an attempt whose answer was lost.
            VersionConflict: a condition failed.
            StorageUnavailable: it failed in passing until the deadline.
            StorageError: it failed for good.
        """
        deadline = time.monotonic() + self._deadline_seconds
        wait_seconds_max = WAIT_SECONDS_FIRST
        is_answer_lost = False
        while True:
            try:
                return self._call_once(operation, request)
            except VersionConflict as conflict:
                if is_answer_lost:
                    raise PerhapsWritten(conflict.message) from conflict
                raise
            except StorageUnavailable as failure:
                if time.monotonic() >= deadline:
                    raise
                is_answer_lost = True
                _log.debug("repeating %s: %s", operation, failure.message)
            self._pause(self._chance.uniform(0, wait_seconds_max))
            wait_seconds_max = min(2 * wait_seconds_max, WAIT_SECONDS_MAX)

    def _call_once(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(self.boto, operation)(**request)
        except (ClientError, BotoCoreError) as failure:
            raise translated(failure, self.address) from failure
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
