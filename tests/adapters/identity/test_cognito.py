"""The whole sign-in against ministack's Cognito: its hosted UI, its tokens, its administration, over HTTP."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import boto3
import httpx
import pytest
from attrs import evolve, frozen
from starlette.applications import Starlette

from adapters.aws.calls import answered, error, silence
from commitcollect_adapters.identity.cognito import CognitoUsers, UserPool, parse
from commitcollect_adapters.identity.local import LocalProvider
from commitcollect_adapters.memory.stores import memory_stores
from commitcollect_adapters.services import open_identities
from commitcollect_adapters.settings import Settings
from commitcollect_adapters.system import NoBackoff, SystemClock, SystemIds
from commitcollect_adapters.testing.contracts import IdentityProviderContract, UserDirectoryContract
from commitcollect_adapters.web.serving import serving
from commitcollect_adapters.web.sign_in import SignInRoutes
from commitcollect_core.accounts.ports import IdentityProvider, UserDirectory
from commitcollect_core.accounts.session_keeping import SessionKeeping
from commitcollect_core.accounts.signing_in import SigningIn
from commitcollect_core.context import Context
from commitcollect_core.errors import (
    CommitCollectError,
    IdentityProviderError,
    IdentityProviderUnavailable,
    InvalidInput,
)
from commitcollect_core.policy import DEFAULT_POLICY

BACK, HOME = "http://127.0.0.1:8080/auth/callback", "http://127.0.0.1:8080/"
EMAIL, PASSWORD = "ada@example.org", "Canary-password-77a1"
_INPUT = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')


@frozen
class Pool:
    """A user pool with one client and one user."""

    cognito: Any
    pool_id: str
    settings: Settings
    sub: str

    def user(self) -> dict[str, Any]:
        """The user as the pool knows it."""
        found: dict[str, Any] = self.cognito.admin_get_user(UserPoolId=self.pool_id, Username=EMAIL)
        return found


@pytest.fixture
def pool(ministack: str) -> Pool:
    """A pool of its own for each test."""
    cognito = boto3.client(
        "cognito-idp",
        endpoint_url=ministack,
        region_name="eu-central-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - engines check none
    )
    pool_id = cognito.create_user_pool(PoolName="people")["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool_id,
        ClientName="service",
        GenerateSecret=True,
        AllowedOAuthFlows=["code"],
        AllowedOAuthScopes=["openid", "email"],
        AllowedOAuthFlowsUserPoolClient=True,
        CallbackURLs=[BACK],
        LogoutURLs=[HOME],
    )["UserPoolClient"]
    cognito.admin_create_user(
        UserPoolId=pool_id,
        Username=EMAIL,
        UserAttributes=[{"Name": "email", "Value": EMAIL}, {"Name": "email_verified", "Value": "true"}],
        MessageAction="SUPPRESS",
    )
    cognito.admin_set_user_password(UserPoolId=pool_id, Username=EMAIL, Password=PASSWORD, Permanent=True)
    found = cognito.admin_get_user(UserPoolId=pool_id, Username=EMAIL)
    (sub,) = [each["Value"] for each in found["UserAttributes"] if each["Name"] == "sub"]
    settings = Settings(
        store="memory:",
        identity=f"cognito://{pool_id}?endpoint={ministack}",
        identity_client_id=client["ClientId"],
        identity_client_secret=client["ClientSecret"],
        identity_redirect_uri=BACK,
        identity_logout_redirect_uri=HOME,
    )
    return Pool(cognito, pool_id, settings, sub)


@pytest.mark.slow
class TestCognito(IdentityProviderContract, UserDirectoryContract):
    @pytest.fixture(autouse=True)
    def _pool(self, pool: Pool) -> Iterator[None]:
        self._people = pool
        with open_identities(pool.settings) as identities:
            assert identities.directory is not None
            self._provider, self._directory = identities.provider, identities.directory
            yield

    def identity_provider(self) -> IdentityProvider:
        """The pool's hosted UI."""
        return self._provider

    def sign_in_at(self, address: str) -> str:
        """Fill its form in."""
        with a_browser() as browser:
            return sent_to(through_the_form(browser, address))

    def user_directory(self) -> UserDirectory:
        """The pool's administration."""
        return self._directory

    def new_user(self) -> str:
        """Another person of the pool."""
        username = f"user-{uuid4().hex}@example.org"
        self._people.cognito.admin_create_user(
            UserPoolId=self._people.pool_id, Username=username, MessageAction="SUPPRESS"
        )
        return username

    def is_known(self, username: str) -> bool:
        """Ask the pool."""
        listed = self._people.cognito.list_users(UserPoolId=self._people.pool_id)["Users"]
        return username in {each["Username"] for each in listed} or any(
            attribute["Value"] == username for each in listed for attribute in each["Attributes"]
        )


def a_browser() -> httpx.Client:
    """A browser with patience for a busy machine."""
    return httpx.Client(trust_env=False, timeout=60)


@contextmanager
def service(settings: Settings) -> Iterator[tuple[str, SigningIn]]:
    """The service over HTTP, and its use cases."""
    stores = memory_stores()
    context = Context(clock=SystemClock(), ids=SystemIds(), backoff=NoBackoff())
    with open_identities(settings) as identities:
        signing_in = SigningIn(
            provider=identities.provider,
            profiles=stores.profiles,
            ledger=stores.ledger,
            deletions=stores.deletions,
            handshakes=stores.handshakes,
            sessions=SessionKeeping(sessions=stores.sessions, context=context),
            context=context,
        )
        routes = SignInRoutes(
            signing_in, home=HOME, policy=DEFAULT_POLICY.accounts, origins=frozenset({"http://front.example"})
        )
        with serving(Starlette(routes=routes.routes())) as address:
            yield address, signing_in


def sent_to(answer: httpx.Response) -> str:
    """Where an answer sends the browser."""
    assert answer.status_code in {302, 303}, answer.text
    return answer.headers["location"]


def through_the_form(browser: httpx.Client, address: str, password: str = PASSWORD) -> httpx.Response:
    """Open the hosted UI, fill its form in and send it."""
    page = browser.get(address)
    assert page.status_code == 200, page.text
    hidden = {name: unescape(value) for name, value in _INPUT.findall(page.text)}
    at = urlsplit(address)
    return browser.post(
        f"{at.scheme}://{at.netloc}/login", data={**hidden, "username": EMAIL, "password": password}
    )


def begun(browser: httpx.Client, address: str) -> tuple[str, str]:
    """Begin at the service: the hosted UI's address, and the cookie of the sign-in."""
    answer = browser.get(f"{address}/auth/login")
    # By hand: the cookies are for HTTPS, and the test is not.
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "Secure", "Path=/auth/callback", "SameSite=lax"} <= set(cookie.split("; "))
    return sent_to(answer), cookie.partition(";")[0]


@pytest.mark.slow
def test_the_clients_settings_are_compared_with_the_pools(pool: Pool) -> None:
    """As doctor asks: what fits is said to, and each address that does not is named with its setting."""

    def told(**changes: Any) -> str:
        with open_identities(evolve(pool.settings, **changes)) as identities:
            try:
                return " / ".join(check() for check in identities.checks.values())
            except IdentityProviderError as refused:
                return refused.message

    assert "keys: " in told()
    assert told().endswith(
        f"client {pool.settings.identity_client_id} of pool {pool.pool_id} allows what is set"
    )
    elsewhere = "https://elsewhere.example.org/"
    assert "add it to its CallbackURLs, or change identity_redirect_uri" in told(
        identity_redirect_uri=elsewhere
    )
    assert "change identity_logout_redirect_uri" in told(identity_logout_redirect_uri=elsewhere)
    assert "ResourceNotFoundException" in told(identity_client_id="gone")


@pytest.mark.slow
def test_the_whole_sign_in(pool: Pool) -> None:
    """Authorize, form, code, PKCE, ID token, session, sign-out, global sign-out, delete."""
    with service(pool.settings) as (address, signing_in), a_browser() as browser:
        hosted, cookie = begun(browser, address)
        sent = {name: value for name, (value,) in parse_qs(urlsplit(hosted).query).items()}
        assert (sent["code_challenge_method"], sent["response_type"]) == ("S256", "code")
        assert "Incorrect username or password" in through_the_form(browser, hosted, "wrong").text

        back = urlsplit(sent_to(through_the_form(browser, hosted)))
        callback = f"{address}{back.path}?{back.query}"
        assert browser.get(callback).json() == {"status": "sign_in_failed"}  # without the cookie
        assert browser.get(callback, headers={"cookie": cookie}).status_code == 401  # the state is used up

        hosted, cookie = begun(browser, address)
        back = urlsplit(sent_to(through_the_form(browser, hosted)))
        answer = browser.get(f"{address}{back.path}?{back.query}", headers={"cookie": cookie})
        assert sent_to(answer) == HOME
        session, forgotten = answer.headers.get_list("set-cookie")
        assert {"HttpOnly", "Secure", "Path=/", "SameSite=lax", "Max-Age=2592000"} <= set(session.split("; "))
        assert forgotten.startswith('cc_sign_in=""; ')
        mine = {"cookie": session.partition(";")[0]}
        who = browser.get(f"{address}/session", headers=mine).json()
        assert who["email"] == EMAIL
        profile = signing_in.profiles.read(who["userId"])
        assert profile is not None
        assert profile.provider_username is not None

        away = browser.post(f"{address}/logout", headers={**mine, "origin": "http://front.example"})
        at_cognito = browser.get(sent_to(away))
        assert sent_to(at_cognito) == HOME
        assert browser.get(f"{address}/session", headers=mine).json() == {"status": "invalid_session"}

    with open_identities(pool.settings) as identities:
        assert identities.directory is not None
        identities.directory.sign_out(profile.provider_username)
        identities.directory.disable(profile.provider_username)
        assert pool.user()["Enabled"] is False
        for _ in range(2):
            identities.directory.delete(profile.provider_username)
        with pytest.raises(pool.cognito.exceptions.UserNotFoundException):
            pool.user()
        identities.directory.sign_out(profile.provider_username)
        identities.directory.disable(profile.provider_username)


@pytest.mark.slow
def test_a_code_does_not_work_without_its_verifier_or_with_another_nonce(pool: Pool) -> None:
    """A code that was overheard is worth nothing in another browser's sign-in."""
    with service(pool.settings) as (address, signing_in), a_browser() as browser:
        hosted, _ = begun(browser, address)
        overheard = parse_qs(urlsplit(sent_to(through_the_form(browser, hosted))).query)["code"][0]
        own = signing_in.begin()
        state = parse_qs(urlsplit(own.address).query)["state"][0]
        with pytest.raises(CommitCollectError) as refused:
            signing_in.finish(state=state, secret=own.secret, code=overheard)
        assert refused.value.code == "sign_in_failed"

        own = signing_in.begin()
        state = parse_qs(urlsplit(own.address).query)["state"][0]
        other_nonce = re.sub(r"nonce=[^&]+", "nonce=another", own.address)
        back = parse_qs(urlsplit(sent_to(through_the_form(browser, other_nonce))).query)
        with pytest.raises(CommitCollectError) as refused:
            signing_in.finish(state=state, secret=own.secret, code=back["code"][0])
        assert refused.value.code == "sign_in_failed"


@pytest.mark.slow
def test_a_pool_that_is_not_there_is_no_user_that_is_gone(pool: Pool, ministack: str) -> None:
    """A wrong setting must not make a deletion believe that it is done."""
    wrong = CognitoUsers(parse(f"cognito://eu-central-1_Missing1?endpoint={ministack}"), deadline_seconds=1)
    for call in (wrong.sign_out, wrong.disable, wrong.delete):
        with pytest.raises(IdentityProviderError) as refused:
            call(EMAIL)
        assert type(refused.value) is IdentityProviderError
    assert pool.user()["Enabled"] is True


POOL = UserPool(
    address=parse("cognito://eu-central-1_Ab12?endpoint=http://127.0.0.1:9").address,
    issuer="i",
    discovery="d",
)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error("TooManyRequestsException"), IdentityProviderUnavailable),
        (error("InternalErrorException", 500), IdentityProviderUnavailable),
        (silence, IdentityProviderUnavailable),
        (error("NotAuthorizedException"), IdentityProviderError),
        (error("AccessDeniedException"), IdentityProviderError),
        (error("ResourceNotFoundException"), IdentityProviderError),
        (error("UserNotFoundException"), None),
    ],
)
def test_failures_of_the_administration_say_whether_to_try_again(
    answer: Any, kind: type[CommitCollectError] | None
) -> None:
    """Throttling and outages pass, settings have to be corrected, and a user that is gone is done."""
    users = CognitoUsers(POOL, deadline_seconds=0, pause=lambda _seconds: None)
    with answered(users.aws, "AdminDeleteUser", answer):
        if kind is None:
            users.delete(EMAIL)
        else:
            with pytest.raises(kind) as failed:
                users.delete(EMAIL)
            assert type(failed.value) is kind


def test_an_address_names_a_pool_and_its_region() -> None:
    """The region is part of the pool's id; issuer and discovery document follow."""
    found = parse("cognito://ap-southeast-2_Ab12Cd34E")
    assert found.issuer == "https://cognito-idp.ap-southeast-2.amazonaws.com/ap-southeast-2_Ab12Cd34E"
    assert found.discovery == f"{found.issuer}/.well-known/openid-configuration"
    assert (found.address.region, found.address.endpoint) == ("ap-southeast-2", None)


@pytest.mark.parametrize("address", ["cognito://", "cognito://pool", "cognito://eu-central-1_", "cognito:x"])
def test_what_is_no_pool_is_refused(address: str) -> None:
    """With what one looks like."""
    with pytest.raises(InvalidInput, match="eu-central-1_Ab12Cd34E"):
        parse(address)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({}, "identity"),
        ({"identity": "ldap://x"}, "identity"),
        ({"identity": "local:x"}, "identity"),
        ({"identity": "local:", "identity_redirect_uri": "https://app.example.org/back"}, "identity"),
        ({"identity": "https://issuer.example"}, "identity_client_id"),
        ({"identity": "http://issuer.example", "identity_client_id": "x"}, "identity"),
        (
            {
                "identity": "https://issuer.example",
                "identity_client_id": "x",
                "identity_redirect_uri": "http://app.example",
            },
            "identity_redirect_uri",
        ),
    ],
)
def test_settings_that_cannot_sign_in_are_named(changes: dict[str, Any], field: str) -> None:
    """Nothing is sent; the setting at fault is named."""
    with pytest.raises(InvalidInput) as refused, open_identities(evolve(Settings(), **changes)):
        pass
    assert refused.value.field == field


def test_the_local_provider_is_its_own_directory() -> None:
    """For development nothing but `local:` has to be set."""
    with open_identities(Settings(identity="local:")) as identities:
        assert isinstance(identities.provider, LocalProvider)
        assert isinstance(identities.directory, LocalProvider)


@pytest.mark.parametrize(
    ("missing", "address", "extra"),
    [
        ("joserfc", "https://id.example.org", "identity"),
        ("botocore", "cognito://eu-central-1_Ab12Cd34E", "aws,identity"),
    ],
)
def test_an_extra_that_is_missing_is_named(missing: str, address: str, extra: str) -> None:
    """Also one whose library is imported only when the provider is opened."""
    script = f"""\
import sys
sys.modules[{missing!r}] = None
from commitcollect_adapters.services import open_identities
from commitcollect_adapters.settings import Settings
from commitcollect_core.errors import InvalidInput
try:
    with open_identities(Settings(identity={address!r}, identity_client_id="1")):
        pass
except InvalidInput as refused:
    print(refused.field, refused.message)
"""
    said = subprocess.check_output([sys.executable, "-c", script], text=True)
    assert said.startswith(
        f"identity this needs {missing}; install it with: pip install 'commitcollect[{extra}]'"
    )
