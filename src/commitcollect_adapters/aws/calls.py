"""boto3 as everything on AWS uses it: addresses, settings, and what its failures mean to the core."""

from __future__ import annotations

import json
import re
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

from commitcollect_core.errors import InvalidInput, StorageError, StorageUnavailable

REGION_DEFAULT = "eu-central-1"
ATTEMPTS_MAX = 4
CONNECT_SECONDS_MAX = 3
READ_SECONDS_MAX = 8
CONNECTIONS_MAX = 50

OK = 200
_RETRYABLE_STATUSES = frozenset({500, 502, 503, 504})
"""HTTP statuses of a service in trouble; others, such as 501, come from something that is not on AWS."""

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
"""Said by other services of AWS, and by what stands in for them."""

UNREADABLE = (AttributeError, KeyError, ResponseParserError, TypeError, ValueError)
"""How botocore's parser ends on an answer of another shape."""

_MESSAGE_CHARS_MAX = 300
_LOCAL_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})
_LOCAL_CREDENTIALS = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
"""Engines on this machine check none, and looking for real ones may take seconds."""


@frozen(kw_only=True)
class Address:
    """Where something on AWS is.

    Attributes:
        name: what it is called there.
        endpoint: of a local engine; None for AWS.
    """

    name: str
    endpoint: str | None = None
    region: str | None = None

    @property
    def where(self) -> str:
        """For a person."""
        return self.endpoint or f"AWS in {self.region or 'the default region'}"


def parse_address(text: str, *, scheme: str, name: re.Pattern[str], what: str, field: str) -> Address:
    """Read ``SCHEME://NAME?endpoint=http://127.0.0.1:4566&region=eu-central-1``, both options optional.

    Args:
        text: the address.
        scheme: what it begins with.
        name: which names there may be.
        what: describes such names to a person.
        field: the setting it comes from.

    Raises:
        InvalidInput: the address has another form.
    """
    parts = split_address(text, scheme)
    if parts is None or not name.fullmatch(parts[0]):
        raise InvalidInput(
            f"{text!r} is no address of this kind; write {scheme}://NAME?endpoint=http://127.0.0.1:4566&"
            f"region=eu-central-1, all from the ? on optional; NAME is {what}, an endpoint begins with "
            "http:// or https://",
            field=field,
        )
    return Address(name=parts[0], endpoint=parts[1], region=parts[2])


def split_address(text: str, scheme: str) -> tuple[str, str | None, str | None] | None:
    """What is named, the endpoint and the region in ``SCHEME://NAME?endpoint=…&region=…``, if it is that."""
    # urlsplit folds the case of a host name, and names on AWS are case sensitive.
    name, _, query = text.removeprefix(f"{scheme}://").partition("?")
    options = parse_qs(query, keep_blank_values=True)
    endpoint, region = (options.pop(option, [None])[-1] for option in ("endpoint", "region"))
    is_known = text.startswith(f"{scheme}://") and not options and region != ""
    return (name, endpoint, region) if is_known and (endpoint is None or _is_url(endpoint)) else None


def _is_url(endpoint: str) -> bool:
    try:
        parts = urlsplit(endpoint)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port or an IPv6 address that cannot be
        return False


class Service:
    """One service of AWS, of which every call may be repeated. Thread-safe.

    Attributes:
        address: where it is.
        boto: the client of boto3 under it, for its event hooks.
    """

    def __init__(
        self,
        kind: str,
        address: Address,
        *,
        meanings: Callable[[str], StorageError | None],
        always_there: Mapping[str, str],
        attempts_max: int = ATTEMPTS_MAX,
    ) -> None:
        """Connect lazily; nothing is sent yet.

        Args:
            kind: as boto3 calls it.
            address: where it is.
            meanings: what an error code of this service means, or None for one that all services share.
            always_there: what an answer never lacks, by operation.
            attempts_max: how often one call is made while it fails in passing.

        Raises:
            StorageError: AWS is set up on this machine in a way that cannot work.
        """
        self.address = address
        self._meanings = meanings
        self._always_there = always_there
        try:
            self.boto = boto_client(
                kind, endpoint=address.endpoint, region=address.region, attempts_max=attempts_max
            )
        except BotoCoreError as failure:
            raise unanswered(failure, address.where) from failure
        self.boto.meta.events.register(f"before-parse.{kind}.*", self._check_answer)

    def _check_answer(self, response_dict: Mapping[str, Any], **_: object) -> None:
        """Refuse what is no answer before botocore makes an empty one of it, which would pass for success."""
        if response_dict["status_code"] != OK or not response_dict["body"]:
            return
        check_object(response_dict["body"], self.address.where)

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        """Make one call.

        Raises:
            StorageUnavailable: it failed in passing, again and again.
            StorageError: it failed for good.
        """
        where = self.address.where
        try:
            answer: dict[str, Any] = getattr(self.boto, operation)(**request)
        except ClientError as failure:
            code = failure.response.get("Error", {}).get("Code", "")
            raise self._meanings(code) or refused(failure, where) from failure
        except BotoCoreError as failure:
            raise unanswered(failure, where) from failure
        except UNREADABLE as failure:
            raise stranger(where, "its answer has another shape") from failure
        if self._always_there.get(operation, "ResponseMetadata") not in answer:
            raise stranger(where, f"its answer lacks {self._always_there[operation]}")
        return answer


def boto_client(kind: str, *, endpoint: str | None, region: str | None, attempts_max: int) -> Any:
    """A client of boto3, with settings of our own and not a machine's.

    Raises:
        BotoCoreError: AWS is set up on this machine in a way that cannot work.
    """
    is_local = endpoint is not None and urlsplit(endpoint).hostname in _LOCAL_HOSTS
    session = boto3.session.Session(**(_LOCAL_CREDENTIALS if is_local else {}))
    return session.client(
        kind,
        endpoint_url=endpoint,
        region_name=region or session.region_name or REGION_DEFAULT,
        config=Config(
            connect_timeout=CONNECT_SECONDS_MAX,
            read_timeout=READ_SECONDS_MAX,
            max_pool_connections=CONNECTIONS_MAX,
            retries={"total_max_attempts": attempts_max, "mode": "standard"},
        ),
    )


def check_object(body: bytes, where: str, kind: str = "AWS") -> None:
    """Refuse an answer that is no JSON object.

    Raises:
        StorageError: it is something else.
    """
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise stranger(where, "it answers something that is no JSON object", kind)


def unanswered(failure: BotoCoreError, where: str) -> StorageError:
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


def refused(
    failure: ClientError, where: str, kind: str = "AWS", passing: Container[str] = frozenset()
) -> StorageError:
    """What an answer that is an error means, whatever the service.

    Args:
        failure: the answer.
        where: for a person, where it came from.
        kind: what should be there.
        passing: codes after which the same call may succeed, beside those that all services share.
    """
    error = failure.response.get("Error", {})
    code = error.get("Code", "")
    status = failure.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _CREDENTIAL_CODES:
        return StorageError(f"{where} refuses these credentials ({code}); check them and their permissions")
    if code in passing or "Throttl" in code or status in _RETRYABLE_STATUSES:
        return StorageUnavailable(
            f"{where} is busy or failing ({code}); try again later, and check the address if that lasts"
        )
    # Where an answer names no error, botocore takes the HTTP status for its code.
    if code.isdigit() or code in _STRANGER_CODES:
        return stranger(where, f"it answers {code}", kind)
    return StorageError(f"{where} refuses: {code} {_line(error.get('Message', ''))}".rstrip())


def stranger(where: str, why: str, kind: str = "AWS") -> StorageError:
    """What is said of something that answers otherwise."""
    return StorageError(
        f"{where} does not answer as {kind} does; check that this is the address of one ({why})"
    )


def _line(said: object) -> str:
    """What something else says, as part of one line."""
    return " ".join(str(said).split())[:_MESSAGE_CHARS_MAX]
