"""Calls to AWS, whatever the service: addresses, settings, retries, and the meaning of failures to the core.

botocore's own retries are switched off: they do not retry a cancelled transaction, and two layers of
retries cannot keep one deadline. `AwsClient` retries under one deadline with full jitter, so that writers who
collided do not collide again.
"""

from __future__ import annotations

import json
import logging
import random
import re
import time
from collections.abc import Callable, Container, Mapping
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
from botocore.parsers import ResponseParserError

from commitcollect_adapters.addresses import LOCAL_HOSTS, shown_address
from commitcollect_adapters.texts import check_keepable
from commitcollect_core.errors import CommitCollectError, InvalidInput, StorageError, StorageUnavailable
from commitcollect_core.policy import DEFAULT_POLICY

_log = logging.getLogger(__name__)
_chance = random.SystemRandom()

REGION_DEFAULT = "eu-central-1"
DEADLINE_SECONDS = DEFAULT_POLICY.training.store_deadline_seconds
WAIT_SECONDS_FIRST = 0.025
WAIT_SECONDS_MAX = 1.0
CONNECT_SECONDS_MAX = 3
READ_SECONDS_MAX = 8
CONNECTIONS_MAX = 50

OK = 200
_RETRYABLE_STATUSES = frozenset({500, 502, 503, 504})
"""HTTP statuses of a service in trouble; others, such as 501, come from a server that is not on AWS."""

_CREDENTIAL_CODES = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_STRANGER_CODES = frozenset({"InvalidAction", "UnknownOperationException"})
"""Answers of other AWS services, and of what stands in for them."""

_UNREADABLE = (AttributeError, KeyError, ResponseParserError, TypeError, ValueError)
"""How botocore's parser ends on an answer of another shape."""

_MESSAGE_CHARS_MAX = 300
_LOCAL_CREDENTIALS = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
"""Engines on this machine check none, and looking for real ones may take seconds."""


@frozen(kw_only=True)
class Address:
    """Where a resource on AWS is.

    Attributes:
        name: its name there; for tables, what all their names begin with.
        endpoint: of a local engine; None for AWS.
    """

    name: str
    endpoint: str | None = None
    region: str | None = None

    @property
    def where(self) -> str:
        """For a person."""
        return self.endpoint or f"AWS in {self.region or 'the default region'}"


def parse_address(
    text: str, *, form: str, name: re.Pattern[str], what: str, field: str, default: str = ""
) -> Address:
    """Read ``SCHEME://NAME?endpoint=http://127.0.0.1:4566&region=eu-central-1``, both options optional.

    Args:
        text: the address.
        form: ``SCHEME://NAME``, as an error shows it.
        name: which names are allowed.
        what: describes such names to a person.
        field: the setting it comes from.
        default: the name where none is given.

    Raises:
        InvalidInput: the address has another form.
    """
    scheme = form.partition("://")[0] + "://"
    # urlsplit folds the case of a host name, and names on AWS are case sensitive.
    found, _, query = text.removeprefix(scheme).partition("?")
    found = (found.rstrip("/") or default) if default else found
    options = parse_qs(query, keep_blank_values=True)
    endpoint, region = (options.pop(option, [None])[-1] for option in ("endpoint", "region"))
    is_known = text.startswith(scheme) and not options and region != ""
    if not is_known or not name.fullmatch(found) or not (endpoint is None or _is_url(endpoint)):
        raise InvalidInput(
            f"{shown_address(text)!r} is no such address; write {form}?endpoint=http://127.0.0.1:4566&"
            f"region=eu-central-1, all from the ? on optional; {what}; an endpoint begins with http:// or https://",
            field=field,
        )
    return Address(name=found, endpoint=endpoint, region=region)


def _is_url(endpoint: str) -> bool:
    try:
        parts = urlsplit(endpoint)
        # Credentials are boto3's matter; in an endpoint they would only end up in messages.
        is_plain = parts.scheme in {"http", "https"} and "@" not in parts.netloc
        return is_plain and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port or an IPv6 address that cannot be
        return False


class NotNow(StorageUnavailable):
    """The same call may succeed later, but not before the deadline of this one: it is not retried."""


Meaning = Callable[[ClientError], CommitCollectError | None]
"""What an error of one service means, or None for one that all services share."""


def code_of(failure: ClientError) -> str:
    """The code of an error."""
    code: str = failure.response.get("Error", {}).get("Code", "")
    return code


class Patience:
    """How long a call has been retried, and for how long it may be."""

    def __init__(self, deadline_seconds: float, pause: Callable[[float], None]) -> None:
        self._deadline = time.monotonic() + deadline_seconds
        self._pause = pause
        self._wait_seconds_max = WAIT_SECONDS_FIRST

    @property
    def is_over(self) -> bool:
        """Whether the deadline has passed."""
        return time.monotonic() >= self._deadline

    def wait(self) -> None:
        """Wait before the next attempt: full jitter, up to twice as long as the time before."""
        self._pause(_chance.uniform(0, self._wait_seconds_max))
        self._wait_seconds_max = min(2 * self._wait_seconds_max, WAIT_SECONDS_MAX)


class AwsClient:
    """One service of AWS. Every call is retried under a deadline while it may still succeed. Thread-safe.

    Attributes:
        address: where it is.
        boto: the client of boto3 under it, for its event hooks.
    """

    def __init__(
        self,
        title: str,
        address: Address,
        *,
        meaning: Meaning,
        always_there: Mapping[str, str],
        deadline_seconds: float = DEADLINE_SECONDS,
        pause: Callable[[float], None] = time.sleep,
        passing: Container[str] = frozenset(),
        may_be_empty: bool = True,
    ) -> None:
        """Connect lazily; nothing is sent yet.

        Args:
            title: of the service; boto3 knows it in small letters.
            address: where it is.
            meaning: what an error of this service means.
            always_there: what an answer never lacks, by operation.
            deadline_seconds: for one call with all its retries.
            pause: waits between two attempts.
            passing: error codes after which the same call may succeed, beside those that all services share.
            may_be_empty: whether an answer may have no body.

        Raises:
            StorageError: AWS is configured on this machine in a way that cannot work.
        """
        self.address = address
        self._title = title
        self._meaning = meaning
        self._always_there = always_there
        self._deadline_seconds = deadline_seconds
        self._pause = pause
        self._passing = passing
        self._may_be_empty = may_be_empty
        try:
            self.boto = _boto_client(title.lower(), address)
        except BotoCoreError as failure:
            raise self.translated(failure) from failure
        # Before botocore parses: its parsers make an empty answer of a foreign page.
        self.boto.meta.events.register(f"before-parse.{title.lower()}.*", self._check_answer)

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        """Make one call, retried until the deadline.

        Raises:
            StorageUnavailable: it failed in passing until the deadline.
            StorageError: it failed for good.
        """
        # Repeating is safe: writes to DynamoDB are conditional or idempotent, and SQS may deliver a message
        # twice anyway.
        patience = self.patience()
        is_retry = False
        while True:
            try:
                return self.attempt(operation, request, is_retry=is_retry)
            except StorageUnavailable as failure:
                if patience.is_over or isinstance(failure, NotNow):
                    raise
                _log.debug("retrying %s: %s", operation, failure.message)
            is_retry = True
            patience.wait()

    def patience(self) -> Patience:
        """The deadline of a call that begins now."""
        return Patience(self._deadline_seconds, self._pause)

    def attempt(self, operation: str, request: Mapping[str, Any], *, is_retry: bool) -> dict[str, Any]:  # noqa: ARG002 - for services whose errors mean something else in a retry
        """Make one call once; errors as in `call`."""
        # JSON would carry half a character to the service, which refuses the whole request for it.
        check_keepable(request)
        try:
            answer: dict[str, Any] = getattr(self.boto, operation)(**request)
        except (ClientError, BotoCoreError) as failure:
            raise self.translated(failure) from failure
        except _UNREADABLE as failure:
            raise self._stranger("its answer has another shape") from failure
        if self._always_there.get(operation, "ResponseMetadata") not in answer:
            raise self._stranger(f"its answer lacks {self._always_there[operation]}")
        return answer

    def translated(self, failure: ClientError | BotoCoreError) -> CommitCollectError:
        """What a failure of boto3 means to the core."""
        if not isinstance(failure, ClientError):
            return _unanswered(failure, self.address.where)
        return self._meaning(failure) or self._refused(failure)

    def _check_answer(self, response_dict: Mapping[str, Any], **_: object) -> None:
        """Refuse what is no JSON object; it would pass for success."""
        body = response_dict["body"]
        if response_dict["status_code"] != OK or (self._may_be_empty and not body):
            return
        try:
            document = json.loads(body)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise self._stranger("it answers something that is no JSON object")

    def _refused(self, failure: ClientError) -> StorageError:
        """What an answer that is an error means, whatever the service."""
        where, code = self.address.where, code_of(failure)
        status = failure.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in _CREDENTIAL_CODES:
            return StorageError(
                f"{where} refuses these credentials ({code}); check them and their permissions"
            )
        if code in self._passing or "Throttl" in code or status in _RETRYABLE_STATUSES:
            return StorageUnavailable(
                f"{where} is busy or failing ({code}); try again later, and check the address if that lasts"
            )
        # Where an answer names no error, botocore takes the HTTP status for its code.
        if code.isdigit() or code in _STRANGER_CODES:
            return self._stranger(f"it answers {code}")
        message = failure.response.get("Error", {}).get("Message", "")
        return StorageError(f"{where} refuses: {code} {_line(message)}".rstrip())

    def _stranger(self, why: str) -> StorageError:
        """The error for an endpoint that does not answer as the service does."""
        return StorageError(
            f"{self.address.where} does not answer as {self._title} does; check that this is the address of "
            f"one ({why})"
        )


def _boto_client(kind: str, address: Address) -> Any:
    """A client of boto3, with settings of our own and not the machine's.

    Raises:
        BotoCoreError: AWS is configured on this machine in a way that cannot work.
    """
    is_local = address.endpoint is not None and urlsplit(address.endpoint).hostname in LOCAL_HOSTS
    session = boto3.session.Session(**(_LOCAL_CREDENTIALS if is_local else {}))
    return session.client(
        kind,
        endpoint_url=address.endpoint,
        region_name=address.region or session.region_name or REGION_DEFAULT,
        config=Config(
            connect_timeout=CONNECT_SECONDS_MAX,
            read_timeout=READ_SECONDS_MAX,
            max_pool_connections=CONNECTIONS_MAX,
            retries={"total_max_attempts": 1, "mode": "standard"},
        ),
    )


def _unanswered(failure: BotoCoreError, where: str) -> StorageError:
    """What it means that there is no answer."""
    match failure:
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


def _line(said: object) -> str:
    """A foreign message as part of one line."""
    return " ".join(str(said).split())[:_MESSAGE_CHARS_MAX]
