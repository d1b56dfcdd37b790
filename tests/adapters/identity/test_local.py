"""The local provider: a person is who they say, on this machine only."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from attrs import evolve
from starlette.applications import Starlette

from adapters.identity.issuer import REQUEST, Seconds
from browser_stub import Browser
from commitcollect_adapters.identity.local import CODE_SECONDS, CODES_MAX, PAGE, LocalProvider
from commitcollect_adapters.identity.local_page import FORM_BYTES_MAX, local_page
from commitcollect_adapters.testing.contracts import IdentityProviderContract
from commitcollect_core.accounts.ports import IdentityProvider
from commitcollect_core.errors import Forbidden, InvalidInput, Unauthenticated

BACK = "http://127.0.0.1:8080/auth/callback"
ADA = "ada@example.org"


def code_of(address: str) -> str:
    """The code that a browser takes back."""
    (code,) = parse_qs(urlsplit(address).query)["code"]
    return code


def signed_in(provider: LocalProvider, email: str = ADA) -> str:
    """The code of a person who has signed in for `REQUEST`."""
    challenge = REQUEST.code_challenge
    address = provider.sign_in(email, state=REQUEST.state, nonce=REQUEST.nonce, code_challenge=challenge)
    assert parse_qs(urlsplit(address).query)["state"] == [REQUEST.state]
    return code_of(address)


class TestLocalProvider(IdentityProviderContract):
    @pytest.fixture(autouse=True)
    def _provider(self) -> None:
        self._local = LocalProvider(BACK)

    def identity_provider(self) -> IdentityProvider:
        """A provider of its own for each test."""
        return self._local

    def sign_in_at(self, address: str) -> str:
        """Fill its page in."""
        form = {name: value for name, (value,) in parse_qs(urlsplit(address).query).items()}
        back = browser(self._local).post(PAGE, data={**form, "email": ADA})
        return back.headers["location"]


@pytest.mark.parametrize(
    "address",
    [
        "https://app.example.org/auth/callback",
        "http://192.168.1.7/back",
        "http://127.0.0.1.example.org/back",
        "http://0.0.0.0:8080/back",
        "http://127.0.0.1:x/back",
        "back",
        "",
    ],
)
def test_it_is_refused_outside_this_machine(address: str) -> None:
    """Without a password every visitor could be every user."""
    with pytest.raises(InvalidInput, match="this machine only"):
        LocalProvider(address)


def test_a_code_names_its_person_once() -> None:
    """The same e-mail is the same user, however it is written."""
    provider = LocalProvider(BACK)
    code = signed_in(provider, " Ada@Example.org ")
    identity = provider.identify(code, REQUEST)
    assert (identity.issuer, identity.subject, identity.email) == ("local", ADA, ADA)
    assert identity.user_id == provider.identify(signed_in(provider), REQUEST).user_id
    with pytest.raises(Unauthenticated):
        provider.identify(code, REQUEST)


@pytest.mark.parametrize("name", ["state", "nonce", "code_verifier"])
def test_a_code_is_good_for_its_request_only(name: str) -> None:
    """As at a real provider: a stolen code without its verifier is worth nothing."""
    provider = LocalProvider(BACK)
    with pytest.raises(Unauthenticated):
        provider.identify(signed_in(provider), evolve(REQUEST, **{name: "another"}))


def test_codes_end_by_time_and_by_number() -> None:
    """A minute later, or behind a thousand others, a code is gone."""
    seconds = Seconds()
    provider = LocalProvider(BACK, monotonic=seconds)
    late, early = signed_in(provider), signed_in(provider)
    newest = [signed_in(provider) for _ in range(CODES_MAX - 1)][-1]
    for code in (late, "made up"):
        with pytest.raises(Unauthenticated):
            provider.identify(code, REQUEST)
    assert provider.identify(early, REQUEST).email == ADA
    seconds.now = CODE_SECONDS
    with pytest.raises(Unauthenticated):
        provider.identify(newest, REQUEST)


@pytest.mark.parametrize("email", ["", "ada", "a@b c", "ada@", "<b>@x", f"{'a' * 64}@{'b' * 200}", "a@b\n"])
def test_what_is_no_address_is_refused(email: str) -> None:
    """A sign-in always names a person."""
    if email.strip() != "a@b":
        with pytest.raises(InvalidInput) as refused:
            signed_in(LocalProvider(BACK), email)
        assert refused.value.field == "email"


def test_users_can_be_administered() -> None:
    """As at a real provider: signed out, disabled and deleted; what is gone is no error."""
    provider = LocalProvider(BACK)
    code = signed_in(provider)
    provider.sign_out(ADA)
    with pytest.raises(Unauthenticated):
        provider.identify(code, REQUEST)
    for _ in range(2):
        provider.disable(ADA)
    with pytest.raises(Forbidden):
        signed_in(provider)
    for _ in range(2):
        provider.delete(ADA)
    assert provider.identify(signed_in(provider), REQUEST).email == ADA


# The page


def browser(provider: LocalProvider, host: str = "127.0.0.1", peer: str = "127.0.0.1") -> Browser:
    """A browser that calls the page by a host name."""
    return Browser(Starlette(routes=local_page(provider)), f"http://{host}:8080", peer)


def test_the_page_signs_in() -> None:
    """Open the address, send the form, go back with a code."""
    provider = LocalProvider(BACK)
    client = browser(provider)
    shown = client.get(provider.authorize_url(REQUEST))
    assert shown.status_code == 200
    assert shown.headers["content-security-policy"].startswith("default-src 'none'")
    form = {
        "state": REQUEST.state,
        "nonce": REQUEST.nonce,
        "code_challenge": REQUEST.code_challenge,
    }
    for name, value in form.items():
        assert f'name="{name}" value="{value}"' in shown.text
    refused = client.post(PAGE, data={**form, "email": "<script>"})
    assert refused.status_code == 400
    assert "<script>" not in refused.text
    back = client.post(PAGE, data={**form, "email": ADA})
    assert back.status_code == 303
    assert provider.identify(code_of(back.headers["location"]), REQUEST).email == ADA


def test_the_page_repeats_nothing_unescaped() -> None:
    """What stands in the address cannot become markup."""
    shown = browser(LocalProvider(BACK)).get(PAGE, params={"state": '"><script>alert(1)</script>'})
    assert "<script>" not in shown.text


@pytest.mark.parametrize(("host", "peer"), [("evil.example", "127.0.0.1"), ("127.0.0.1", "192.168.1.7")])
def test_the_page_answers_on_this_machine_only(host: str, peer: str) -> None:
    """Neither to another machine, nor under a name that some page pointed here."""
    client = browser(LocalProvider(BACK), host, peer)
    assert client.get(PAGE).status_code == 403
    assert client.post(PAGE, data={"email": ADA}).status_code == 403


def test_the_page_takes_no_long_form() -> None:
    """A form has a few hundred bytes."""
    client = browser(LocalProvider(BACK))
    assert client.post(PAGE, content=b"email=" + b"a" * FORM_BYTES_MAX).status_code == 413
