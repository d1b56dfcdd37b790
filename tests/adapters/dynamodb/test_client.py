"""Addresses, and the meaning of every cancellation reason."""

from __future__ import annotations

from itertools import product

import pytest

from commitcollect_adapters.aws.calls import Address
from commitcollect_adapters.dynamodb.client import (
    PREFIX_DEFAULT,
    RETRYABLE_CODES,
    Client,
    ConditionFailed,
    cancellation,
    parse,
)
from commitcollect_adapters.dynamodb.ledger import DynamoLedger
from commitcollect_core.errors import InvalidInput, StorageError, StorageUnavailable
from commitcollect_core.values import UserId

LASTING = ("ValidationError", "ItemCollectionSizeLimitExceeded", "SomethingNew")
CONFLICT = "ConditionalCheckFailed"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("dynamodb://", Address(name=PREFIX_DEFAULT)),
        ("dynamodb://Prod", Address(name="Prod")),
        (
            "dynamodb://my-Team_1?endpoint=http://127.0.0.1:8000&region=eu-west-1",
            Address(name="my-Team_1", endpoint="http://127.0.0.1:8000", region="eu-west-1"),
        ),
    ],
)
def test_addresses_are_read(text: str, address: Address) -> None:
    """Prefix, endpoint and region are optional; the prefix keeps its case."""
    assert parse(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "dynamodb://a b",
        "dynamodb://ab",
        "dynamodb://[x",
        "dynamodb://Prod?port=1",
        "dynamodb://Prod?region=",
        "dynamodb://Prod?endpoint=",
        "dynamodb://Prod?endpoint=127.0.0.1:8000",
        "dynamodb://Prod?endpoint=localhost:8000",
        "dynamodb://Prod?endpoint=ftp://localhost",
        "dynamodb://Prod?endpoint=http://",
        "dynamodb://Prod?endpoint=http://localhost:0",
        "dynamodb://Prod?endpoint=http://localhost:99999",
        "dynamodb://Prod?endpoint=http://localhost:port",
        "dynamodb://Prod?endpoint=http://[::1",
        "dynamo://Prod",
    ],
)
def test_other_addresses_are_refused(text: str) -> None:
    """A wrong address is answered with what a right one looks like."""
    with pytest.raises(InvalidInput, match="dynamodb://PREFIX"):
        parse(text)


def expected(codes: tuple[str, ...]) -> type[Exception]:
    """What a set of reasons means, by the sentence in the design: only a failed condition is a conflict."""
    if any(code in LASTING for code in codes) or set(codes) == {"None"}:
        return StorageError
    return ConditionFailed if CONFLICT in codes else StorageUnavailable


@pytest.mark.parametrize(
    "codes", [*product(("None", CONFLICT, *sorted(RETRYABLE_CODES), *LASTING), repeat=2)], ids="-".join
)
def test_every_pair_of_cancellation_reasons_is_classified(codes: tuple[str, str]) -> None:
    """All codes in all positions and pairs: conflict, passing fault or lasting fault."""
    error = cancellation([{"Code": code} for code in codes])
    assert type(error) is expected(codes)


def test_an_endpoint_that_is_down_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused connection ends, at the deadline, in one error that says which address did not answer."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    client = Client(Address(name="P", endpoint="http://127.0.0.1:9"), deadline_seconds=0)
    with pytest.raises(StorageUnavailable, match=r"127\.0\.0\.1:9 cannot be reached"):
        DynamoLedger(client).read_head(UserId("me"))


@pytest.mark.parametrize("region", ["../x", "eu west"])
def test_settings_that_aws_refuses_are_said(region: str) -> None:
    """What boto3 refuses before anything is sent is one error, too, and not worth another try."""
    with pytest.raises(StorageError, match="check the address, and the region and profile") as caught:
        Client(Address(name="P", region=region), deadline_seconds=0)
    assert not isinstance(caught.value, StorageUnavailable)


def test_a_profile_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile named in the environment and nowhere else ends in one error that names it."""
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(StorageError, match="nobody"):
        Client(Address(name="P", endpoint="http://127.0.0.1:9"), deadline_seconds=0)
