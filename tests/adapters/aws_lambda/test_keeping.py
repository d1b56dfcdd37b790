"""What a container keeps open, and how secrets are read anew."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import pytest
from attrs import define, field

from adapters.aws_lambda.invoking import environ_in
from commitcollect_adapters.aws_lambda.keeping import (
    SECRETS_JITTER,
    SECRETS_RETRY_SECONDS,
    SECRETS_SECONDS,
    Kept,
)
from commitcollect_adapters.aws_lambda.secrets import SecretSettings
from commitcollect_adapters.settings import Settings
from commitcollect_core.errors import CommitCollectError, InvalidInput, StorageError

_names = (f"commitcollect/secret-{number}" for number in count())
OLDEST = SECRETS_SECONDS * (1 + SECRETS_JITTER)


@define
class Opening:
    """Opens something, and notes with what."""

    secrets: list[str] = field(factory=list)
    closed: int = 0
    refuses: str = ""

    @contextmanager
    def open(self, settings: Settings) -> Iterator[str]:
        """Open it."""
        if settings.strava_client_secret == self.refuses:
            raise StorageError("refused")
        self.secrets.append(settings.strava_client_secret)
        yield settings.strava_client_secret
        self.closed += 1


@define
class Passing:
    """A clock."""

    seconds: float = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.seconds


@define
class Secret:
    """A secret at the engine."""

    endpoint: str
    name: str
    client: Any

    @property
    def address(self) -> str:
        """As a function is told of it."""
        return f"secretsmanager://{self.name}?endpoint={self.endpoint}&region=eu-central-1"

    def put(self, text: str) -> None:
        """Write a new version."""
        self.client.put_secret_value(SecretId=self.name, SecretString=text)


@pytest.fixture
def secret(ministack: str) -> Secret:
    """A secret of its own, with Strava's client secret in it."""
    client = boto3.client(
        "secretsmanager",
        endpoint_url=ministack,
        region_name="eu-central-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - of no account
    )
    made = Secret(ministack, next(_names), client)
    client.create_secret(Name=made.name, SecretString=json.dumps({"strava_client_secret": "first"}))
    return made


def kept_in(environ: Mapping[str, str], opening: Opening, clock: Passing) -> Kept[str]:
    """Something kept open."""
    return Kept(opening.open, environ, monotonic=clock)


def test_it_is_opened_once(tmp_path: Path) -> None:
    """Without secrets to read anew it stays open for as long as the container lives."""
    opening, clock = Opening(), Passing()
    kept = kept_in(environ_in(tmp_path), opening, clock)
    for _ in range(3):
        assert kept.opened() == "s"
        clock.seconds += OLDEST
    assert opening.secrets == ["s"]
    kept.close()
    assert opening.closed == 1


def test_a_rotated_secret_is_taken_over(secret: Secret, tmp_path: Path) -> None:
    """Not at each call but after a while; the one of before is closed."""
    environ = environ_in(tmp_path, secrets=secret.address)
    opening, clock = Opening(), Passing()
    kept = kept_in(environ, opening, clock)
    assert kept.opened() == "first"
    secret.put(json.dumps({"strava_client_secret": "second"}))
    assert kept.opened() == "first"
    clock.seconds += OLDEST
    assert kept.opened() == "second"
    assert (opening.secrets, opening.closed) == (["first", "second"], 1)
    clock.seconds += OLDEST
    assert kept.opened() == "second"
    assert opening.secrets == ["first", "second"]


@pytest.mark.parametrize("bad", ["no object", json.dumps({"strava_client_secret": "refused"}), "[]"])
def test_a_secret_that_cannot_be_used_takes_nothing_down(secret: Secret, tmp_path: Path, bad: str) -> None:
    """The previous secrets stay in use, and the next version is taken soon."""
    opening, clock = Opening(refuses="refused"), Passing()
    kept = kept_in(environ_in(tmp_path, secrets=secret.address), opening, clock)
    secret.put(bad)
    clock.seconds += OLDEST
    assert kept.opened() == "first"
    secret.put(json.dumps({"strava_client_secret": "third"}))
    clock.seconds += SECRETS_RETRY_SECONDS
    assert kept.opened() == "third"


def test_a_first_secret_that_is_missing_is_an_error(ministack: str, tmp_path: Path) -> None:
    """A function whose secrets cannot be read does not begin."""
    environ = environ_in(tmp_path, secrets=f"secretsmanager://nothing?endpoint={ministack}")
    with pytest.raises(StorageError, match="no such secret"):
        kept_in(environ, Opening(), Passing())


@pytest.mark.parametrize(
    "text", ['{"store": "x"}', '{"strava_client_secret": 7}', '{"strava_client_secret": "a"', "", '"hunter2"']
)
def test_a_secret_is_an_object_of_secret_settings(secret: Secret, text: str) -> None:
    """Anything else is refused, and not a word of it repeated but the name of a setting."""
    secret.put(text or " ")
    with pytest.raises(InvalidInput) as refused:
        SecretSettings(secret.address).environ()
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("address", ["nothing", "secretsmanager://", "secretsmanager://a b", "sqs://name"])
def test_other_addresses_are_refused(tmp_path: Path, address: str) -> None:
    """With the form that is right."""
    with pytest.raises(CommitCollectError, match="secretsmanager://NAME"):
        kept_in(environ_in(tmp_path, secrets=address), Opening(), Passing())
