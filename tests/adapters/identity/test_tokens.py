"""ID tokens: the one that is good, and every kind that is not."""

from __future__ import annotations

import logging

import pytest

from adapters.identity.issuer import (
    CLIENT_ID,
    CODE,
    GOOD,
    ISSUER,
    KEY_ID,
    REQUEST,
    TIME,
    Issuer,
    claims,
    encoded,
    hs256,
    json_answer,
    provider,
    public_entry,
    signed_by,
    token,
)
from commitcollect_adapters.identity.tokens import TOKEN_CHARS_MAX
from commitcollect_core.errors import IdentityProviderUnavailable, Unauthenticated

SKEW = 60
ENTRY = public_entry()
OTHER = "key-2"
SHORT = public_entry(bits=1_024)


def twice(name: str, value: str) -> str:
    """Good claims in which a name stands twice, the wrong value first."""
    rest = ", ".join(
        f'"{each}": "{text}"' if isinstance(text, str) else f'"{each}": {text}' for each, text in GOOD.items()
    )
    return f'{{"{name}": "{value}", {rest}}}'


BAD_TOKENS = {
    "alg none": token(header={"alg": "none", "kid": KEY_ID}, sign=lambda _data: b""),
    "alg none, signed": token(header={"alg": "none", "kid": KEY_ID}),
    "alg in another case": token(header={"alg": "rs256", "kid": KEY_ID}),
    "HS256 with the public key": token(
        header={"alg": "HS256", "kid": KEY_ID}, sign=hs256(ENTRY["n"].encode())
    ),
    "RS512": token(header={"alg": "RS512", "kid": KEY_ID}),
    "PS256": token(header={"alg": "PS256", "kid": KEY_ID}),
    "no alg": token(header={"kid": KEY_ID}),
    "key in the header": token(
        header={"alg": "RS256", "kid": KEY_ID, "jwk": public_entry(OTHER)}, sign=signed_by(OTHER)
    ),
    "address of keys in the header": token(header={"alg": "RS256", "kid": KEY_ID, "jku": "https://evil.example/"}),
    "critical extension": token(header={"alg": "RS256", "kid": KEY_ID, "crit": ["exp"]}),
    "unknown key id": token(header={"alg": "RS256", "kid": OTHER}, sign=signed_by(OTHER)),
    "no key id": token(header={"alg": "RS256"}),
    "key id of another type": token(header={"alg": "RS256", "kid": [KEY_ID]}),
    "signed by another key": token(sign=signed_by(OTHER)),
    "signature of other claims": f"{token(claims(sub='x')).rpartition('.')[0]}.{token().rpartition('.')[2]}",
    "no signature": token().rpartition(".")[0] + ".",
    "signature cut off": token().rpartition(".")[0],
    "five parts": token() + ".a.b",
    "no base64": "a!." + token().partition(".")[2],
    "header is no object": token(header="[1]"),
    "claims are no object": token("[1]"),
    "claims are no JSON": token("{"),
    "NaN for a time": token(str(claims()).replace("'", '"').replace(str(TIME + 3_600), "NaN")),
    "a name twice": token(twice("iss", "https://evil.example")),
    "other pool": token(claims(iss=f"{ISSUER}2")),
    "issuer with a slash": token(claims(iss=f"{ISSUER}/")),
    "no issuer": token(claims(iss=None)),
    "other client": token(claims(aud="client-2")),
    "no client": token(claims(aud=None)),
    "client as part of a text": token(claims(aud=f"{CLIENT_ID} client-2")),
    "several clients, given to none": token(claims(aud=[CLIENT_ID, "client-2"])),
    "several clients, given to another": token(claims(aud=[CLIENT_ID, "client-2"], azp="client-2")),
    "one client, given to another": token(claims(azp="client-2")),
    "no clients": token(claims(aud=[])),
    "access token": token(claims(token_use="access")),  # noqa: S106 - the name of a use
    "expired": token(claims(exp=TIME - SKEW, iat=TIME - 3_600)),
    "no expiry": token(claims(exp=None)),
    "expiry as a text": token(claims(exp=str(TIME + 3_600))),
    "expiry as a truth value": token(claims(exp=True)),
    "ends before it begins": token(claims(iat=TIME + 30, exp=TIME + 20)),
    "from the future": token(claims(iat=TIME + SKEW + 1)),
    "not valid yet": token(claims(nbf=TIME + SKEW + 1)),
    "no time of issue": token(claims(iat=None)),
    "other nonce": token(claims(nonce="another")),
    "no nonce": token(claims(nonce=None)),
    "nonce of another type": token(claims(nonce=[REQUEST.nonce])),
    "no subject": token(claims(sub=None)),
    "empty subject": token(claims(sub="")),
    "subject of another type": token(claims(sub=7)),
    "subject too long": token(claims(sub="s" * 256)),
    "subject with a line break": token(claims(sub="a\nb")),
    "too long": token(claims(more="x" * TOKEN_CHARS_MAX)),
    "no token": "",
    "not ASCII": token() + "é",
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD_TOKENS)
def test_a_bad_token_signs_no_one_in(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """One answer for every kind, the reason in the log, and nothing of the token in either."""
    issuer = Issuer()
    issuer.give(BAD_TOKENS[kind])
    with caplog.at_level(logging.DEBUG), pytest.raises(Unauthenticated) as refused:
        provider(issuer).identify(CODE, REQUEST)
    assert (refused.value.code, refused.value.message) == (
        "sign_in_failed",
        "the sign-in did not succeed; start again",
    )
    assert "an ID token was refused" in caplog.text
    assert "canary" not in caplog.text + repr(refused.value)
    assert "evil" not in caplog.text


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"exp": TIME - SKEW + 1, "iat": TIME - 3_600},
        {"iat": TIME + SKEW},
        {"nbf": TIME + SKEW},
        {"exp": TIME + 3_600.5, "iat": TIME - 0.5},
        {"aud": [CLIENT_ID]},
        {"aud": [CLIENT_ID, "client-2"], "azp": CLIENT_ID},
        {"token_use": None},
        {"email": None},
        {"unknown": {"deep": [1, None]}},
    ],
)
def test_a_good_token_signs_its_person_in(changed: dict[str, object]) -> None:
    """Clocks may differ by a minute, and what is not known is passed over."""
    issuer = Issuer()
    issuer.give(token(claims(**changed)))
    identity = provider(issuer).identify(CODE, REQUEST)
    assert (identity.issuer, identity.subject, identity.username) == (ISSUER, "person-1", "person-1")
    assert identity.email == ("" if "email" in changed else "ada@example.org")


def test_cognito_says_what_a_token_is_for_and_what_it_calls_a_person() -> None:
    """Without `token_use` an access token could pass; the administration knows people by the username."""
    issuer = Issuer()
    issuer.give(token(claims(token_use=None)))
    with pytest.raises(Unauthenticated):
        provider(issuer, is_cognito=True).identify(CODE, REQUEST)
    for name, username in (("Google_1234", "Google_1234"), (None, "person-1"), (["x"], "person-1")):
        issuer.give(token(claims(**{"cognito:username": name})))
        assert provider(issuer, is_cognito=True).identify(CODE, REQUEST).username == username


@pytest.mark.parametrize(
    "entry",
    [
        public_entry(use="enc"),
        public_entry(alg="RS512"),
        public_entry(kty="EC"),
        public_entry(kid=None),
        public_entry(kid=7),
        public_entry(n=None),
        public_entry(n="!"),
        public_entry(n=encoded(b"\x01" * 256)[:100]),
        public_entry(e=7),
        SHORT,
        {"kid": KEY_ID, "kty": "oct", "k": ENTRY["n"]},
        "no entry",
    ],
)
def test_keys_that_are_not_for_this_are_passed_over(entry: object) -> None:
    """A symmetric, short, damaged or encrypting key verifies nothing."""
    issuer = Issuer()
    issuer.keys = json_answer({"keys": [entry, public_entry(OTHER)]})
    issuer.give(token(sign=signed_by(KEY_ID, 1_024) if entry == SHORT else None))
    with pytest.raises(Unauthenticated):
        provider(issuer).identify(CODE, REQUEST)
    issuer.keys = json_answer({"keys": [entry]})
    with pytest.raises(IdentityProviderUnavailable, match="no key that can be used"):
        provider(issuer).identify(CODE, REQUEST)


def test_keys_may_leave_out_what_they_are_for() -> None:
    """`use` and `alg` are optional, and private parts of a key mean nothing."""
    issuer = Issuer()
    issuer.keys = json_answer({"keys": [public_entry(use=None, alg=None, d="AQAB", key_ops=["sign"])]})
    assert provider(issuer).identify(CODE, REQUEST).subject == "person-1"
