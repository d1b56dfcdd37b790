"""The cipher contract on keys of one's own and on keys in KMS."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import boto3
import pytest

from commitcollect_adapters.aws.calls import REGION_DEFAULT, Address
from commitcollect_adapters.aws.kms import KmsCipher
from commitcollect_adapters.ciphers.keys import new_key
from commitcollect_adapters.ciphers.local import LocalCipher
from commitcollect_adapters.testing.contracts import TokenCipherContract
from commitcollect_core.strava.ports import TokenCipher
from thoroughness import LEVEL

KEY = new_key()


class TestLocalCipher(TokenCipherContract):
    def new_cipher(self) -> TokenCipher:
        """A cipher with one key."""
        return LocalCipher.parse(KEY)

    def stranger(self) -> TokenCipher:
        """A cipher with another."""
        return LocalCipher.parse(new_key())


@cache
def _kms_key(endpoint: str, name: str) -> str:
    """The id of a key that is made once for all tests."""
    kms = boto3.client(
        "kms",
        endpoint_url=endpoint,
        region_name=REGION_DEFAULT,
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - engines on this machine check none
    )
    key_id: str = kms.create_key(Description=name)["KeyMetadata"]["KeyId"]
    return key_id


class TestKmsCipher(TokenCipherContract):
    @pytest.fixture(autouse=True)
    def _engine(self, ministack: str, few_examples: Callable[[int], None]) -> None:
        few_examples(LEVEL.examples_on_ministack)
        self._endpoint = ministack

    def new_cipher(self) -> TokenCipher:
        """A cipher with one KMS key, as another process would have it."""
        return self._cipher("ours")

    def stranger(self) -> TokenCipher:
        """A cipher with another KMS key of the same account."""
        return self._cipher("theirs")

    def _cipher(self, name: str) -> TokenCipher:
        return KmsCipher(Address(name=_kms_key(self._endpoint, name), endpoint=self._endpoint))
