"""An OpenID Connect provider: where it sends browsers, what it is asked, how its documents are fetched."""

from __future__ import annotations

import logging
from base64 import b64decode, urlsafe_b64encode
from hashlib import sha256
from threading import Barrier, Event
from urllib.parse import parse_qs, urlsplit

import pytest

from adapters.identity.issuer import (
    CLIENT_ID,
    CLIENT_SECRET,
    CODE,
    DOWN,
    HOME,
    ISSUER,
    REDIRECT,
    REQUEST,
    Issuer,
    Seconds,
    json_answer,
    provider,
    public_entry,
    signed_by,
    token,
)
from commitcollect_adapters.http import Answer, Request
from commitcollect_adapters.identity.documents import DOCUMENT_BYTES_MAX
from commitcollect_adapters.testing.contracts.checks import race
from commitcollect_core.errors import (
    CommitCollectError,
    IdentityProviderError,
    IdentityProviderUnavailable,
    InvalidInput,
    Unauthenticated,
)
from commitcollect_core.policy import DEFAULT_POLICY

RETRY = DEFAULT_POLICY.accounts.identity_retry_seconds
FRESH = DEFAULT_POLICY.accounts.identity_fresh_seconds
MADE_UP = [
    token(header={"alg": "RS256", "kid": f"made-up-{n}"}, sign=lambda _data: b"x") for n in range(1_000)
]


def query_of(address: str) -> dict[str, str]:
    """The parameters of an address, each once."""
    return {name: value for name, (value,) in parse_qs(urlsplit(address).query).items()}


def test_a_browser_is_sent_with_state_nonce_and_challenge() -> None:
    """The verifier itself stays here: only its digest goes out (PKCE with S256)."""
    address = provider(Issuer()).authorize_url(REQUEST)
    assert address.startswith("https://identity.example.org/authorize?")
    digest = sha256(REQUEST.code_verifier.encode()).digest()
    assert query_of(address) == {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": REDIRECT,
        "scope": "openid email",
        "state": REQUEST.state,
        "nonce": REQUEST.nonce,
        "code_challenge": urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    assert REQUEST.code_verifier not in address


def test_an_endpoint_may_have_a_query_of_its_own() -> None:
    """It is kept, and ours goes behind it."""
    issuer = Issuer()
    issuer.document["authorization_endpoint"] += "?tenant=7"
    assert query_of(provider(issuer).authorize_url(REQUEST))["tenant"] == "7"


@pytest.mark.parametrize(
    ("methods", "secret", "is_basic"),
    [
        (None, CLIENT_SECRET, True),
        (["client_secret_post", "client_secret_basic"], CLIENT_SECRET, True),
        (["client_secret_post"], CLIENT_SECRET, False),
        (None, "", None),
    ],
)
def test_a_code_is_exchanged_with_its_verifier(
    methods: list[str] | None, secret: str, *, is_basic: bool | None
) -> None:
    """The secret goes as the provider takes it, and never into an address."""
    issuer = Issuer()
    if methods is not None:
        issuer.document["token_endpoint_auth_methods_supported"] = methods
    provider(issuer, client_secret=secret).identify(CODE, REQUEST)
    (asked,) = [each for each in issuer.requests if each.method == "POST"]
    assert asked.form["code_verifier"] == REQUEST.code_verifier
    assert (asked.form["code"], asked.form["redirect_uri"]) == (CODE, REDIRECT)
    assert asked.form.get("client_secret") == (secret if is_basic is False else None)
    basic = asked.headers.get("Authorization", "")
    assert bool(basic) == bool(is_basic)
    if basic:
        assert b64decode(basic.removeprefix("Basic ")).decode() == f"{CLIENT_ID}:{CLIENT_SECRET}"
    assert "canary" not in asked.address + repr(asked)


def test_it_is_checked_as_a_sign_in_would_use_it() -> None:
    """Its addresses and its keys are fetched; keys that are of no use are a fault."""
    issuer = Issuer()
    assert provider(issuer).check() == "people sign in at identity.example.org; keys: 1"
    issuer.keys = json_answer({"keys": []})
    with pytest.raises(IdentityProviderUnavailable, match="no key"):
        provider(issuer).check()


def test_signing_out_leads_back() -> None:
    """Cognito calls the parameter otherwise; a provider without such an address leads back at once."""
    issuer = Issuer()
    assert query_of(provider(issuer).logout_url()) == {
        "client_id": CLIENT_ID,
        "post_logout_redirect_uri": HOME,
    }
    address = provider(issuer, is_cognito=True).logout_url()
    assert query_of(address) == {"client_id": CLIENT_ID, "logout_uri": HOME}
    del issuer.document["end_session_endpoint"]
    assert provider(issuer).logout_url() == HOME


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (json_answer({"error": "invalid_grant"}, 400), Unauthenticated),
        (json_answer({"error": "invalid_client"}, 401), IdentityProviderError),
        (json_answer({"error": "unauthorized_client"}, 400), IdentityProviderError),
        (json_answer({"error": "invalid_request"}, 400), IdentityProviderError),
        (json_answer({"access_token": "x"}), IdentityProviderError),
        (json_answer({"id_token": ["x"]}), IdentityProviderError),
        (json_answer({"error": "slow_down"}, 429), IdentityProviderUnavailable),
        (json_answer({"error": "server_error"}, 503), IdentityProviderUnavailable),
        (json_answer({}, 400), IdentityProviderUnavailable),
        (json_answer([1]), IdentityProviderUnavailable),
        (Answer(status=200, body=b"<html>canary</html>"), IdentityProviderUnavailable),
        (Answer(status=302, headers={"location": "https://evil.example"}), IdentityProviderUnavailable),
        (Answer(status=200, body=b" " * (DOCUMENT_BYTES_MAX + 1)), IdentityProviderUnavailable),
        (DOWN, IdentityProviderUnavailable),
    ],
)
def test_an_exchange_that_fails_says_whose_matter_it_is(
    answer: Answer | Exception, kind: type[CommitCollectError], caplog: pytest.LogCaptureFixture
) -> None:
    """The person starts again, the operator corrects a setting, or it passes; nothing is echoed."""
    issuer = Issuer()
    issuer.tokens = answer
    with caplog.at_level(logging.DEBUG), pytest.raises(CommitCollectError) as failed:
        provider(issuer).identify(CODE, REQUEST)
    assert type(failed.value) is kind
    assert "canary" not in failed.value.message + caplog.text


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": f"{ISSUER}/"},
        {"issuer": None},
        {"token_endpoint": "http://identity.example.org/token"},
        {"token_endpoint": "http://127.0.0.1/token"},
        {"token_endpoint": "https://ann:secret@identity.example.org/token"},
        {"token_endpoint": "https://identity.example.org/token#x"},
        {"token_endpoint": "https://identity.example.org:x/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": None},
        {"authorization_endpoint": "https://identity.example.org/a\r\nSet-Cookie: x"},
        {"authorization_endpoint": ["https://identity.example.org"]},
    ],
)
def test_a_discovery_document_of_another_or_unsafe_is_refused(change: dict[str, object]) -> None:
    """A wrong document could send secrets anywhere."""
    issuer = Issuer()
    issuer.document |= change
    with pytest.raises(IdentityProviderError) as refused:
        provider(issuer).authorize_url(REQUEST)
    assert type(refused.value) is IdentityProviderError


@pytest.mark.parametrize(
    "answer", [Answer(status=404, body=b"{}"), Answer(status=200, body=b"<html>"), json_answer([1])]
)
def test_no_discovery_document_is_a_provider_that_is_down(answer: Answer) -> None:
    """What is no document says nothing."""
    issuer = Issuer()
    issuer.discovery = answer
    with pytest.raises(IdentityProviderUnavailable):
        provider(issuer).authorize_url(REQUEST)


@pytest.mark.parametrize("address", ["http://identity.example.org", "ftp://x", "identity", "https://"])
def test_an_unsafe_provider_is_refused_at_once(address: str) -> None:
    """Nothing is sent where it could be read on the way."""
    with pytest.raises(InvalidInput):
        provider(Issuer(), issuer=address)
    with pytest.raises(InvalidInput) as refused:
        provider(Issuer(), redirect_uri="http://app.example.org/back")
    assert refused.value.field == "identity_redirect_uri"


# Fetching with restraint


def test_documents_are_fetched_once_and_again_when_they_are_old() -> None:
    """A thousand sign-ins cost one fetch; keys that were withdrawn are gone a day later."""
    issuer, seconds = Issuer(), Seconds()
    subject = provider(issuer, seconds=seconds)
    for _ in range(50):
        subject.identify(CODE, REQUEST)
    assert (issuer.fetches("openid-configuration"), issuer.fetches("jwks")) == (1, 1)
    seconds.now = FRESH
    issuer.keys = json_answer({"keys": [public_entry("key-2")]})
    with pytest.raises(Unauthenticated):
        subject.identify(CODE, REQUEST)
    assert issuer.fetches("jwks") == 2


def test_a_thousand_made_up_keys_cost_one_fetch_in_ten_seconds() -> None:
    """However many tokens name unknown keys; good ones pass all the time."""
    issuer, seconds = Issuer(), Seconds()
    subject = provider(issuer, seconds=seconds)
    subject.identify(CODE, REQUEST)
    for number, made_up in enumerate(MADE_UP):
        seconds.now = number * 0.1  # a thousand in a hundred seconds
        issuer.give(made_up)
        with pytest.raises(Unauthenticated):
            subject.identify(CODE, REQUEST)
        assert issuer.fetches("jwks") <= 1 + seconds.now / RETRY
    assert issuer.fetches("jwks") == 1 + int(seconds.now / RETRY)
    issuer.give(token())
    assert subject.identify(CODE, REQUEST).subject == "person-1"


def test_a_new_key_is_found_at_once() -> None:
    """A provider that changes its keys locks no one out for a day."""
    issuer, seconds = Issuer(), Seconds()
    subject = provider(issuer, seconds=seconds)
    subject.identify(CODE, REQUEST)
    seconds.now = RETRY
    issuer.keys = json_answer({"keys": [public_entry("key-2")]})
    issuer.give(token(header={"alg": "RS256", "kid": "key-2"}, sign=signed_by("key-2")))
    assert subject.identify(CODE, REQUEST).subject == "person-1"


@pytest.mark.parametrize("failure", [DOWN, json_answer({"keys": []}), Answer(status=500)])
def test_the_last_good_keys_stay_while_fetching_fails(
    failure: Answer | Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """Also when they are old: an outage of the provider signs no one out who it had vouched for."""
    issuer, seconds = Issuer(), Seconds()
    subject = provider(issuer, seconds=seconds)
    subject.identify(CODE, REQUEST)
    issuer.keys = failure
    for day in range(1, 4):
        seconds.now = day * FRESH
        assert subject.identify(CODE, REQUEST).subject == "person-1"
        assert subject.identify(CODE, REQUEST).subject == "person-1"
        assert issuer.fetches("jwks") == 1 + day
    assert "keys could not be fetched" in caplog.text


def test_a_provider_that_never_answered_is_asked_once_in_ten_seconds() -> None:
    """Each sign-in would otherwise wait for a time-out of its own."""
    issuer, seconds = Issuer(), Seconds()
    issuer.discovery = DOWN
    subject = provider(issuer, seconds=seconds)
    for _ in range(20):
        with pytest.raises(IdentityProviderUnavailable):
            subject.authorize_url(REQUEST)
    assert issuer.fetches("openid-configuration") == 1
    seconds.now, issuer.discovery = RETRY, None
    assert subject.authorize_url(REQUEST)


def test_many_who_need_a_key_at_once_fetch_it_once() -> None:
    """Those who come while a fetch is under way wait for it."""
    issuer = Issuer()
    subject = provider(issuer)
    found = race([lambda: subject.identify(CODE, REQUEST)] * 20)
    assert len(found) == 20
    assert issuer.fetches("jwks") == 1


def test_who_knows_the_key_does_not_wait_for_a_slow_fetch() -> None:
    """A hanging provider delays only tokens with keys that are not known."""
    arrived, go_on = Barrier(2), Event()

    class Slow(Issuer):
        is_slow = False

        def send(self, request: Request) -> Answer:
            if self.is_slow and request.address.endswith("/jwks"):
                arrived.wait()
                assert go_on.wait(60)
            return super().send(request)

    issuer, seconds = Slow(), Seconds()
    subject = provider(issuer, seconds=seconds)
    subject.identify(CODE, REQUEST)
    issuer.is_slow, seconds.now = True, FRESH

    def meanwhile() -> object:
        arrived.wait()
        try:
            return subject.identify(CODE, REQUEST)
        finally:
            go_on.set()

    assert len(race([lambda: subject.identify(CODE, REQUEST), meanwhile])) == 2
