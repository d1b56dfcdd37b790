"""boto3 as the queue and the cipher on AWS use it: addresses, settings, and what its failures mean.

Repeating is left to botocore here, unlike on DynamoDB: every call may be repeated, as none is conditional.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
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
)
from botocore.parsers import ResponseParserError

from commitcollect_core.errors import InvalidInput, StorageError, StorageUnavailable

REGION_DEFAULT = "eu-central-1"
ATTEMPTS_MAX = 4
CONNECT_SECONDS_MAX = 3
READ_SECONDS_MAX = 8
CONNECTIONS_MAX = 50

_OK = 200
_RETRYABLE_STATUSES = frozenset({500, 502, 503, 504})
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
_UNREADABLE = (AttributeError, KeyError, ResponseParserError, TypeError, ValueError)
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
    def is_local(self) -> bool:
        """Whether the endpoint is on this machine."""
        return self.endpoint is not None and urlsplit(self.endpoint).hostname in _LOCAL_HOSTS

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
    # urlsplit folds the case of a host name, and these names are case sensitive.
    found, _, query = text.removeprefix(f"{scheme}://").partition("?")
    options = parse_qs(query, keep_blank_values=True)
    endpoint, region = (options.pop(option, [None])[-1] for option in ("endpoint", "region"))
    is_known = text.startswith(f"{scheme}://") and not options and name.fullmatch(found)
    if not is_known or region == "" or not (endpoint is None or _is_url(endpoint)):
        raise InvalidInput(
            f"{text!r} is no address of this kind; write {scheme}://NAME?endpoint=http://127.0.0.1:4566&"
            f"region=eu-central-1, all from the ? on optional; NAME is {what}, an endpoint begins with "
            "http:// or https://",
            field=field,
        )
    return Address(name=found, endpoint=endpoint, region=region)


def _is_url(endpoint: str) -> bool:
    try:
        parts = urlsplit(endpoint)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port or an IPv6 address that cannot be
        return False


class Service:
    """One service of AWS. Thread-safe.

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
            self.boto = _boto_client(kind, address, attempts_max)
        except BotoCoreError as failure:
            raise _unusable(failure, address.where) from failure
        self.boto.meta.events.register(f"before-parse.{kind}.*", self._check_answer)

    def _check_answer(self, response_dict: Mapping[str, Any], **_: object) -> None:
        """Refuse what is no answer before botocore makes an empty one of it, which would pass for success."""
        if response_dict["status_code"] != _OK or not response_dict["body"]:
            return
        try:
            document = json.loads(response_dict["body"])
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise _stranger(self.address.where)

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
            raise self._meanings(code) or _refused(failure, where) from failure
        except BotoCoreError as failure:
            raise _unusable(failure, where) from failure
        except _UNREADABLE as failure:
            raise _stranger(where) from failure
        if self._always_there.get(operation, "ResponseMetadata") not in answer:
            raise _stranger(where)
        return answer


def _boto_client(kind: str, address: Address, attempts_max: int) -> Any:
    session = boto3.session.Session(**(_LOCAL_CREDENTIALS if address.is_local else {}))
    return session.client(
        kind,
        endpoint_url=address.endpoint,
        region_name=address.region or session.region_name or REGION_DEFAULT,
        config=Config(
            connect_timeout=CONNECT_SECONDS_MAX,
            read_timeout=READ_SECONDS_MAX,
            max_pool_connections=CONNECTIONS_MAX,
            retries={"total_max_attempts": attempts_max, "mode": "standard"},
        ),
    )


def _unusable(failure: BotoCoreError, where: str) -> StorageError:
    """What it means that there is no answer."""
    match failure:
        case NoCredentialsError() | PartialCredentialsError():
            return StorageError(
                f"no credentials for {where}; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile"
            )
        case SSLError():
            return StorageError(f"no safe connection to {where}; check the address ({_line(failure)})")
        case HTTPClientError() | ConnectionError():
            return StorageUnavailable(
                f"{where} cannot be reached or does not answer in time; check the address, the network and "
                f"that it is running ({_line(failure)})"
            )
        case _:
            return StorageError(
                f"cannot use {where}; check the address, and the region and profile in AWS's settings "
                f"({_line(failure)})"
            )


def _refused(failure: ClientError, where: str) -> StorageError:
    """What an answer that is an error means, whatever the service."""
    error = failure.response.get("Error", {})
    code = error.get("Code", "")
    status = failure.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _CREDENTIAL_CODES:
        return StorageError(f"{where} refuses these credentials ({code}); check them and their permissions")
    if "Throttl" in code or status in _RETRYABLE_STATUSES:
        return StorageUnavailable(
            f"{where} is busy or failing ({code}); try again later, and check the address if that lasts"
        )
    # Where an answer names no error, botocore takes the HTTP status for its code.
    if code.isdigit():
        return _stranger(where)
    return StorageError(f"{where} refuses: {code} {_line(error.get('Message', ''))}".rstrip())


def _stranger(where: str) -> StorageError:
    return StorageError(f"{where} does not answer as AWS does; check that this is the right address")


def _line(said: object) -> str:
    """What something else says, as part of one line."""
    return " ".join(str(said).split())[:_MESSAGE_CHARS_MAX]
