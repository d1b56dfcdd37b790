"""Keys in KMS: how often it is asked, how keys are changed, and what its failures mean."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from adapters.aws.calls import Answer, answer, answered, error, silence, watched
from commitcollect_adapters.aws import kms
from commitcollect_adapters.aws.calls import REGION_DEFAULT, Address, NotNow
from commitcollect_adapters.aws.kms import DATA_KEY_SECONDS_MAX, KmsCipher
from commitcollect_adapters.ciphers.sealing import encoded
from commitcollect_core.errors import InvalidInput, SealBroken, StorageError, StorageUnavailable
from commitcollect_core.strava.ports import SealContext

CONTEXT = SealContext("StravaConnection", "me", "refreshToken")
GENERATE, DECRYPT = "GenerateDataKey", "Decrypt"


class Hours:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        """See `time.monotonic`."""
        return self.seconds


@pytest.fixture(scope="module")
def admin(endpoint: str) -> Any:
    """A client of KMS that may do everything."""
    return boto3.client(
        "kms",
        endpoint_url=endpoint,
        region_name=REGION_DEFAULT,
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - engines on this machine check none
    )


@pytest.fixture
def key(admin: Any) -> str:
    """A key of the test's own."""
    key_id: str = admin.create_key()["KeyMetadata"]["KeyId"]
    return key_id


def open_cipher(endpoint: str, keys: str, clock: Hours | None = None) -> KmsCipher:
    """A cipher that never tries again."""
    return KmsCipher(Address(name=keys, endpoint=endpoint), deadline_seconds=0, monotonic=clock or Hours())


def test_one_data_key_seals_many_texts_for_an_hour(endpoint: str, key: str) -> None:
    """KMS is asked for a key once, and again when the time is over."""
    clock = Hours()
    cipher = open_cipher(endpoint, key, clock)
    with watched(cipher.client, GENERATE) as asked:
        sealed = [cipher.seal("token", CONTEXT) for _ in range(5)]
        clock.seconds = DATA_KEY_SECONDS_MAX - 1
        sealed.append(cipher.seal("token", CONTEXT))
        assert len(asked) == 1
        clock.seconds += 1
        sealed.append(cipher.seal("token", CONTEXT))
        assert len(asked) == 2
    assert {open_cipher(endpoint, key).unseal(each, CONTEXT) for each in sealed} == {"token"}


def test_a_data_key_seals_a_bounded_number_of_texts(
    endpoint: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After that many it is another key's turn."""
    monkeypatch.setattr(kms, "DATA_KEY_SEALS_MAX", 3)
    cipher = open_cipher(endpoint, key)
    with watched(cipher.client, GENERATE) as asked:
        wrapped = [cipher.seal("token", CONTEXT).split(".")[1] for _ in range(7)]
    assert len(asked) == 3
    assert [wrapped.count(each) for each in dict.fromkeys(wrapped)] == [3, 3, 1]


def test_an_unwrapped_key_is_kept_for_an_hour(endpoint: str, key: str) -> None:
    """Opening many texts of one data key asks KMS once; what KMS forbids ends within the hour."""
    sealed = open_cipher(endpoint, key).seal("token", CONTEXT)
    clock = Hours()
    cipher = open_cipher(endpoint, key, clock)
    with watched(cipher.client, DECRYPT) as asked:
        for _ in range(3):
            assert cipher.unseal(sealed, CONTEXT) == "token"
        assert len(asked) == 1
        clock.seconds = DATA_KEY_SECONDS_MAX
        assert cipher.unseal(sealed, CONTEXT) == "token"
        assert len(asked) == 2


def test_unwrapped_keys_are_bounded(endpoint: str, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that was not needed for longest makes room."""
    monkeypatch.setattr(kms, "DATA_KEYS_KEPT_MAX", 2)
    first, second, third = (open_cipher(endpoint, key).seal("token", CONTEXT) for _ in range(3))
    cipher = open_cipher(endpoint, key)
    with watched(cipher.client, DECRYPT) as asked:
        for sealed in (first, second, first, third, first):
            cipher.unseal(sealed, CONTEXT)
        assert len(asked) == 3
        cipher.unseal(second, CONTEXT)
        assert len(asked) == 4


def test_kms_is_told_what_for(endpoint: str, key: str) -> None:
    """Both calls carry the same encryption context, which a key's policy can ask for."""
    cipher = open_cipher(endpoint, key)
    with watched(cipher.client, GENERATE) as sealing, watched(cipher.client, DECRYPT) as opening:
        cipher.unseal(cipher.seal("token", CONTEXT), CONTEXT)
    contexts = [each["EncryptionContext"] for each in (*sealing, *opening)]
    assert contexts == [{"application": "commitcollect", "purpose": "tokens"}] * 2


def test_a_new_key_seals_and_the_old_one_opens(endpoint: str, key: str, admin: Any) -> None:
    """Going over to another KMS key: both are named, the new one first."""
    newer = admin.create_key()["KeyMetadata"]["KeyId"]
    before = open_cipher(endpoint, key).seal("token", CONTEXT)
    both = open_cipher(endpoint, f"{newer},{key}")
    assert both.unseal(before, CONTEXT) == "token"
    after = both.seal("token", CONTEXT)
    assert open_cipher(endpoint, newer).unseal(after, CONTEXT) == "token"
    with pytest.raises(SealBroken, match=f"{newer}.*name that key behind the current one"):
        open_cipher(endpoint, key).unseal(after, CONTEXT)


def test_an_alias_names_a_key(endpoint: str, key: str, admin: Any) -> None:
    """So does an ARN; what the alias's key sealed opens under its id."""
    alias = f"alias/{key}"
    admin.create_alias(AliasName=alias, TargetKeyId=key)
    arn = admin.describe_key(KeyId=key)["KeyMetadata"]["Arn"]
    sealed = open_cipher(endpoint, alias).seal("token", CONTEXT)
    for name in (alias, arn, key):
        assert open_cipher(endpoint, name).unseal(sealed, CONTEXT) == "token"


def test_a_disabled_key_breaks_no_seal(endpoint: str, key: str, admin: Any) -> None:
    """An operator's mistake must not cost athletes their connections: it passes once the key is enabled."""
    sealed = open_cipher(endpoint, key).seal("token", CONTEXT)
    admin.disable_key(KeyId=key)
    with pytest.raises(StorageUnavailable, match="enable it"):
        open_cipher(endpoint, key).unseal(sealed, CONTEXT)
    with pytest.raises(StorageUnavailable, match="enable it"):
        open_cipher(endpoint, key).seal("token", CONTEXT)
    admin.enable_key(KeyId=key)
    assert open_cipher(endpoint, key).unseal(sealed, CONTEXT) == "token"


def test_what_the_key_wrapped_for_others_is_refused(endpoint: str, key: str, admin: Any) -> None:
    """Something that is no data key, though it was wrapped with the right key for the right purpose."""
    purpose = {"application": "commitcollect", "purpose": "tokens"}
    wrapped = admin.encrypt(KeyId=key, Plaintext=b"short", EncryptionContext=purpose)["CiphertextBlob"]
    with pytest.raises(SealBroken, match="altered or moved"):
        open_cipher(endpoint, key).unseal(f"k1.{encoded(wrapped)}.{'A' * 80}", CONTEXT)


def test_a_key_that_is_not_there_is_said(endpoint: str) -> None:
    """A wrong id in the settings is no broken seal."""
    with pytest.raises(StorageError, match="no such KMS key") as refused:
        open_cipher(endpoint, "alias/absent").seal("token", CONTEXT)
    assert not isinstance(refused.value, SealBroken)


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (error("InvalidCiphertextException"), SealBroken),
        (error("IncorrectKeyException"), SealBroken),
        (error("DisabledException"), NotNow),
        (error("KMSInvalidStateException"), NotNow),
        (error("KeyUnavailableException", 500), StorageUnavailable),
        (error("KMSInternalException", 500), StorageUnavailable),
        (error("ThrottlingException"), StorageUnavailable),
        (error("AccessDeniedException"), StorageError),
        (error("NotFoundException"), StorageError),
        (error("SomethingNew"), StorageError),
        (answer(200, b"{}"), StorageError),
        (answer(200, b"[]"), StorageError),
        (answer(200, b"<html>hello</html>"), StorageError),
        (answer(404, b"<html>hello</html>"), StorageError),
        (answer(503, b"<html>sorry</html>"), StorageUnavailable),
        (silence, StorageUnavailable),
    ],
)
def test_every_failure_has_a_meaning(
    endpoint: str, key: str, given: Answer, kind: type[StorageError]
) -> None:
    """Only what KMS says of the text itself breaks a seal; what passes is told from what lasts."""
    cipher = open_cipher(endpoint, key)
    sealed = cipher.seal("token", CONTEXT)
    with answered(cipher.client, DECRYPT, given), pytest.raises(StorageError) as refused:
        cipher.unseal(sealed, CONTEXT)
    assert type(refused.value) is kind
    assert cipher.unseal(sealed, CONTEXT) == "token"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("kms://alias/tokens", Address(name="alias/tokens")),
        (
            "kms://1234abcd-12ab-34cd-56ef-1234567890ab,alias/Old?region=eu-west-1",
            Address(name="1234abcd-12ab-34cd-56ef-1234567890ab,alias/Old", region="eu-west-1"),
        ),
        (
            "kms://arn:aws:kms:eu-west-1:111122223333:key/1?endpoint=http://127.0.0.1:1",
            Address(name="arn:aws:kms:eu-west-1:111122223333:key/1", endpoint="http://127.0.0.1:1"),
        ),
    ],
)
def test_addresses_are_read(text: str, address: Address) -> None:
    """A key or several; endpoint and region are optional."""
    assert KmsCipher.parse(text).client.address == address


@pytest.mark.parametrize(
    "text",
    [
        "kms://",
        "kms://a,",
        "kms://a b",
        "kms://a,b,c,d,e,f",
        "kms://a?region=",
        "kms://a?endpoint=127.0.0.1:1",
        "kms://a?endpoint=http://localhost:0",
        "kms://a?key=b",
        "kms:a",
        "alias/tokens",
    ],
)
def test_other_addresses_are_refused(text: str) -> None:
    """A wrong address is answered with what a right one looks like."""
    with pytest.raises(InvalidInput, match="kms://KEY"):
        KmsCipher.parse(text)
