"""Sealing with keys that AWS KMS keeps: they never leave it, and every use can be seen and forbidden there.

Texts are sealed here with data keys. KMS makes one for some texts and some time, and its wrapped form, which
only KMS can unwrap, stands in every text it sealed: ``k1.WRAPPED KEY.TEXT``, both in base64. Data keys are
kept unwrapped in memory for a while, so that not every text costs a call.

KMS rotates the material of a key by itself, and old texts still open. To change to another key, name it
before the old one.
"""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from attrs import field, frozen
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from commitcollect_adapters.aws.calls import (
    DEADLINE_SECONDS,
    Address,
    AwsClient,
    NotNow,
    code_of,
    parse_address,
)
from commitcollect_adapters.ciphers.sealing import altered, decoded, decrypt, encoded, encrypt
from commitcollect_core.errors import SealBroken, StorageError, StorageUnavailable
from commitcollect_core.policy import DEFAULT_POLICY, Policy
from commitcollect_core.strava.ports import SealContext

SCHEME = "kms"
FORMAT = "k1"
KEYS_MAX = 5
DATA_KEY_SEALS_MAX = 10_000
DATA_KEY_SECONDS_MAX = 3_600
DATA_KEYS_KEPT_MAX = 1_000

_PURPOSE = {"application": "commitcollect", "purpose": "tokens"}
"""What KMS writes into its log, and a policy of the key may ask for."""

_KEY = r"[A-Za-z0-9:/_-]{1,300}"
_NAMES = re.compile(rf"{_KEY}(,{_KEY}){{0,{KEYS_MAX - 1}}}")
_SEALED = re.compile(rf"{FORMAT}\.([A-Za-z0-9_=-]{{1,8192}})\.([A-Za-z0-9_=-]+)")
_ALWAYS_THERE = {"describe_key": "KeyMetadata", "generate_data_key": "CiphertextBlob", "decrypt": "Plaintext"}
_KEY_BYTES = 32


class _NotWrapped(StorageError):
    """KMS never wrapped this, or not for this purpose."""


def _meaning(failure: ClientError) -> StorageError | None:
    match code := code_of(failure):
        case "InvalidCiphertextException" | "IncorrectKeyException":
            return _NotWrapped("KMS cannot unwrap this")
        case "DisabledException" | "KMSInvalidStateException":
            # A person has to act, which takes longer than a call waits.
            return NotNow(
                f"the KMS key is disabled or is to be deleted ({code}); enable it, or cancel its deletion"
            )
        case "NotFoundException":
            return StorageError("there is no such KMS key; check its id or alias, and the region")
        case "DependencyTimeoutException" | "KeyUnavailableException" | "KMSInternalException":
            return StorageUnavailable(f"KMS is busy or failing ({code}); try again later")
        case _:
            return None


@frozen(kw_only=True)
class _DataKey:
    """A key in memory; its wrapped form goes into what it seals."""

    key: AESGCM = field(repr=False)
    wrapped: str
    ends_at: float


class KmsCipher:
    """Implements `TokenCipher` with keys in KMS.

    Attributes:
        client: KMS, for boto3's event hooks.
    """

    def __init__(
        self,
        address: Address,
        *,
        deadline_seconds: float = DEADLINE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Connect lazily; nothing is sent yet.

        Args:
            address: its name holds the keys' ids, ARNs or aliases with commas between; the first seals.
            deadline_seconds: for one call with all its retries.
            monotonic: tells how much time has passed.

        Raises:
            StorageError: AWS is set up on this machine in a way that cannot work.
        """
        self.client = AwsClient(
            "KMS", address, meaning=_meaning, always_there=_ALWAYS_THERE, deadline_seconds=deadline_seconds
        )
        self._keys = address.name.split(",")
        self._monotonic = monotonic
        self._trusted: frozenset[str] = frozenset()
        self._sealing: _DataKey | None = None
        self._seals_left = 0
        self._sealing_lock = threading.Lock()
        self._unwrapped: OrderedDict[str, _DataKey] = OrderedDict()
        self._unwrapped_lock = threading.Lock()

    @classmethod
    def parse(cls, text: str, policy: Policy = DEFAULT_POLICY) -> KmsCipher:
        """Read ``kms://KEY,OLDER KEY…?endpoint=…&region=…``.

        Raises:
            InvalidInput: the address has another form.
            StorageError: AWS is set up on this machine in a way that cannot work.
        """
        what = f"KEY is a key's id, ARN or alias (alias/…), or up to {KEYS_MAX} with commas between"
        form = f"{SCHEME}://KEY"
        address = parse_address(text, form=form, name=_NAMES, what=what, field="seal_keys")
        return cls(address, deadline_seconds=policy.training.store_deadline_seconds)

    def seal(self, plain: str, context: SealContext) -> str:
        data_key = self._data_key()
        text = encrypt(data_key.key, plain, context, FORMAT, data_key.wrapped)
        return f"{FORMAT}.{data_key.wrapped}.{text}"

    def unseal(self, sealed: str, context: SealContext) -> str:
        parts = _SEALED.fullmatch(sealed)
        if parts is None:
            raise altered(context)
        wrapped, text = parts.groups()
        data_key = self._kept(wrapped)
        if data_key is None:
            data_key = self._unwrap(wrapped, context)
            plain = decrypt(data_key.key, text, context, FORMAT, wrapped)
            # Kept only after it has opened the text: a forged text evicts no key that is in use.
            self._keep(data_key)
            return plain
        return decrypt(data_key.key, text, context, FORMAT, wrapped)

    def _data_key(self) -> _DataKey:
        """A key to seal with, used by as many texts and as long as it may be."""
        # One thread asks KMS for all that wait. Bounded in texts and time, as for any key of AES-GCM.
        with self._sealing_lock:
            if self._sealing is None or not self._seals_left or self._sealing.ends_at <= self._monotonic():
                self._sealing, self._seals_left = self._fresh(), DATA_KEY_SEALS_MAX
            self._seals_left -= 1
            return self._sealing

    def _fresh(self) -> _DataKey:
        answer = self.client.call(
            "generate_data_key", KeyId=self._keys[0], KeySpec="AES_256", EncryptionContext=_PURPOSE
        )
        return self._made(answer["Plaintext"], encoded(answer["CiphertextBlob"]))

    def _unwrap(self, wrapped: str, context: SealContext) -> _DataKey:
        try:
            answer = self.client.call("decrypt", CiphertextBlob=decoded(wrapped), EncryptionContext=_PURPOSE)
        except (_NotWrapped, ValueError) as strange:
            raise altered(context) from strange
        if len(answer["Plaintext"]) != _KEY_BYTES:
            raise altered(context)
        # KMS unwraps with any key this account may use; only the named ones are trusted.
        if answer["KeyId"] not in self._arns():
            raise SealBroken(
                f"{context.field} of {context.item} was sealed with the key {answer['KeyId']}, which is not "
                "known here; name that key behind the current one"
            )
        return self._made(answer["Plaintext"], wrapped)

    def _made(self, plain: bytes, wrapped: str) -> _DataKey:
        ends_at = self._monotonic() + DATA_KEY_SECONDS_MAX
        return _DataKey(key=AESGCM(plain), wrapped=wrapped, ends_at=ends_at)

    def _arns(self) -> frozenset[str]:
        """The keys of the address as KMS names them; asked for once."""
        if not self._trusted:
            described = (self.client.call("describe_key", KeyId=each) for each in self._keys)
            self._trusted = frozenset(each["KeyMetadata"]["Arn"] for each in described)
        return self._trusted

    def _kept(self, wrapped: str) -> _DataKey | None:
        with self._unwrapped_lock:
            data_key = self._unwrapped.get(wrapped)
            if data_key is None or data_key.ends_at <= self._monotonic():
                return None
            self._unwrapped.move_to_end(wrapped)
            return data_key

    def _keep(self, data_key: _DataKey) -> None:
        with self._unwrapped_lock:
            self._unwrapped[data_key.wrapped] = data_key
            self._unwrapped.move_to_end(data_key.wrapped)
            if len(self._unwrapped) > DATA_KEYS_KEPT_MAX:
                self._unwrapped.popitem(last=False)
