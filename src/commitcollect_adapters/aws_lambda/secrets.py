"""Settings that AWS Secrets Manager keeps: one secret, a JSON object of settings and their values."""

from __future__ import annotations

import re
from collections.abc import Mapping

from attrs import fields
from botocore.exceptions import ClientError

from commitcollect_adapters.aws.calls import DEADLINE_SECONDS, AwsClient, NotNow, code_of, parse_address
from commitcollect_adapters.readers.strict_json import parse_document
from commitcollect_adapters.settings import ENVIRONMENT_PREFIX, SECRET, SECRETS_VARIABLE, Settings
from commitcollect_core.errors import InvalidInput, StorageError, StorageUnavailable

SCHEME = "secretsmanager"
_NAME = re.compile(r"[A-Za-z0-9/_+=.@:-]{1,2048}")
_KNOWN = frozenset(each.name for each in fields(Settings) if each.metadata == SECRET)


class SecretSettings:
    """One secret. Reads it at each call."""

    def __init__(self, text: str, *, deadline_seconds: float = DEADLINE_SECONDS) -> None:
        """Read ``secretsmanager://NAME?endpoint=…&region=…``; nothing is sent yet.

        Raises:
            InvalidInput: the address has another form.
        """
        what = "NAME is a secret's name or ARN"
        address = parse_address(text, form=f"{SCHEME}://NAME", name=_NAME, what=what, field=SECRETS_VARIABLE)
        self._name = address.name
        self._client = AwsClient(
            "SecretsManager",
            address,
            meaning=_meaning,
            always_there={"get_secret_value": "ARN"},
            deadline_seconds=deadline_seconds,
        )

    def environ(self) -> Mapping[str, str]:
        """The settings of the secret's current version, as the environment names them.

        Raises:
            InvalidInput: it is no such object, or names what is no secret setting.
            StorageError: it cannot be read.
        """
        text = self._client.call("get_secret_value", SecretId=self._name).get("SecretString", "")
        try:
            found = parse_document(text.encode())
        except (InvalidInput, ValueError):
            found = None  # the error might quote the secret, and is not chained
        if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
            raise InvalidInput(
                f"the secret {self._name} is no JSON object of texts; write the names of settings and their "
                "values",
                field=SECRETS_VARIABLE,
            )
        if unknown := sorted(found.keys() - _KNOWN):
            raise InvalidInput(
                f"the secret {self._name} names {unknown[0]!r}; it may name {', '.join(sorted(_KNOWN))}",
                field=SECRETS_VARIABLE,
            )
        return {f"{ENVIRONMENT_PREFIX}{name.upper()}": value for name, value in found.items()}


def _meaning(failure: ClientError) -> StorageError | None:
    match code := code_of(failure):
        case "ResourceNotFoundException":
            return StorageError(
                "there is no such secret, or it has no value yet; check its name, and the region"
            )
        case "DecryptionFailure" | "InvalidRequestException":
            # A person has to act, which takes longer than a call waits.
            return NotNow(
                f"the secret cannot be read ({code}): it is to be deleted, or its KMS key is disabled"
            )
        case "InternalServiceError":
            return StorageUnavailable("Secrets Manager is failing; try again later")
        case _:
            return None
