"""Signing in over HTTP: cookies, who may sign out, and what a browser cannot be made to do."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.applications import Starlette

from accounts.town import ADA, Town
from browser_stub import Browser
from commitcollect_adapters.identity.local_page import local_page
from commitcollect_adapters.simulation.faults import Side
from commitcollect_adapters.testing import service_samples as service
from commitcollect_adapters.web.cookies import HANDSHAKE, SESSION, CookieRules
from commitcollect_adapters.web.sign_in import CALLBACK, LOGIN, LOGOUT, SESSION_PATH, SignInRoutes
from commitcollect_core.accounts.signing_in import SigningIn
from commitcollect_core.errors import StorageUnavailable
from commitcollect_core.policy import DEFAULT_POLICY

BASE = "http://127.0.0.1:8080"
HOME = "https://app.example.org/"
FRONT = "https://app.example.org"
PLAIN = CookieRules(is_secure=False)


class Site:
    """A site that signs people in with the local provider."""

    def __init__(self, rules: CookieRules = PLAIN, signing_in: SigningIn | None = None) -> None:
        self.town = Town()
        self.routes = SignInRoutes(
            signing_in or self.town.signing_in,
            home=HOME,
            policy=DEFAULT_POLICY.accounts,
            rules=rules,
            places={"statue": f"{FRONT}/statue"},
            origins=frozenset({FRONT}),
        )
        self.application = Starlette(routes=[*self.routes.routes(), *local_page(self.town.local)])

    def browser(self) -> Browser:
        """A browser without cookies."""
        return Browser(self.application, BASE)

    def come_back(self, browser: Browser, email: str = ADA, query: str = "") -> str:
        """Sign in up to the provider; the address on which the browser comes back."""
        shown = browser.get(f"{LOGIN}{query}")
        assert shown.status_code == 302
        fields = {
            name: value for name, (value,) in parse_qs(urlsplit(shown.headers["location"]).query).items()
        }
        return browser.post("/auth/local", data={**fields, "email": email}).headers["location"]

    def sign_in(self, browser: Browser, email: str = ADA) -> str:
        """Sign in; the secret in the cookie."""
        done = browser.get(self.come_back(browser, email))
        assert (done.status_code, done.headers["location"]) == (302, HOME)
        return browser.cookies[SESSION]


def test_a_browser_signs_in_and_out() -> None:
    """Two cookies, one after the other; afterwards neither is left."""
    site = Site()
    browser = site.browser()
    site.sign_in(browser)
    assert HANDSHAKE not in browser.cookies
    answer = browser.get(SESSION_PATH)
    assert (answer.status_code, answer.json()["email"]) == (200, ADA)
    out = browser.post(LOGOUT, headers={"origin": FRONT})
    assert (out.status_code, out.headers["location"]) == (303, f"{BASE}/")
    assert SESSION not in browser.cookies
    assert browser.get(SESSION_PATH).json() == {"status": "missing_session"}


def test_cookies_are_for_no_script_and_for_https() -> None:
    """As the rules say, and with the lifetimes of the policy."""
    site = Site(CookieRules(domain="example.org", same_site="none"))
    shown = site.browser().get(LOGIN)
    parts = set(shown.headers["set-cookie"].split("; ")[1:])
    assert parts == {
        "Domain=example.org",
        "HttpOnly",
        "Max-Age=600",
        f"Path={CALLBACK}",
        "SameSite=none",
        "Secure",
    }


@pytest.mark.parametrize("place", ["https://evil.example", "//evil.example", "a\r\nSet-Cookie: x", "unknown"])
def test_no_browser_is_sent_anywhere_else(place: str) -> None:
    """Only names of our own list are followed (open redirects)."""
    site = Site()
    browser = site.browser()
    shown = browser.get(LOGIN, params={"returnTo": place})
    fields = {name: value for name, (value,) in parse_qs(urlsplit(shown.headers["location"]).query).items()}
    back = browser.post("/auth/local", data={**fields, "email": ADA}).headers["location"]
    assert browser.get(back).headers["location"] == HOME


def test_a_place_on_the_list_is_followed() -> None:
    """The name comes back by way of the handshake, not of the provider."""
    site = Site()
    browser = site.browser()
    assert (
        browser.get(site.come_back(browser, query="?returnTo=statue")).headers["location"]
        == f"{FRONT}/statue"
    )


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?error=access_denied",
        "?code=x",
        "?state=x",
        "?code=x&state=x",
        "?code=x&code=y&state=x",
        f"?code={'x' * 3_000}&state=x",
        "?code=%00&state=%ff",
    ],
)
def test_a_callback_out_of_nowhere_is_refused(query: str) -> None:
    """401 and no more, whatever it brings."""
    answer = Site().browser().get(f"{CALLBACK}{query}")
    assert (answer.status_code, answer.json()) == (401, {"status": "sign_in_failed"})


def test_a_callback_in_another_browser_is_refused() -> None:
    """An attacker's code and state sign no one into the attacker's account (login CSRF)."""
    site = Site()
    back = site.come_back(site.browser(), "mallory@example.org")
    victim = site.browser()
    victim.get(LOGIN)
    assert victim.get(back).status_code == 401
    assert SESSION not in victim.cookies


def test_a_state_given_twice_is_refused() -> None:
    """Which of the two is meant is not guessed."""
    site = Site()
    browser = site.browser()
    back = site.come_back(browser)
    assert browser.get(f"{back}&state=other").status_code == 401


def test_a_planted_session_ends_when_its_browser_signs_in() -> None:
    """Session fixation: the secret is a new one, and the planted one is worth nothing."""
    site = Site()
    attacker, victim = site.browser(), site.browser()
    planted = site.sign_in(attacker, "mallory@example.org")
    victim.cookies.set(SESSION, planted, domain="127.0.0.1")
    assert site.sign_in(victim) != planted
    assert attacker.get(SESSION_PATH).json() == {"status": "invalid_session"}


def test_two_session_cookies_are_none() -> None:
    """A sibling domain can plant a second one, in either order."""
    site = Site()
    browser = site.browser()
    secret = site.sign_in(browser)
    browser.cookies.clear()
    good, planted = f"{SESSION}={secret}", f"{SESSION}=planted"
    assert browser.get(SESSION_PATH, headers={"cookie": good}).status_code == 200
    for both in (f"{good}; {planted}", f"{planted}; {good}", f"{good}; {good}"):
        assert browser.get(SESSION_PATH, headers={"cookie": both}).json() == {"status": "missing_session"}
    headers = [("cookie", good), ("cookie", planted)]
    assert browser.get(SESSION_PATH, headers=headers).status_code == 401


@pytest.mark.parametrize("value", ["", "x" * 5_000, "é", "%00", '"', "a b"])
def test_an_odd_cookie_is_no_session(value: str) -> None:
    """It is never a failure of ours."""
    answer = Site().browser().get(SESSION_PATH, headers=[(b"cookie", f"{SESSION}={value}".encode())])
    assert answer.status_code == 401


def test_an_expired_session_whose_row_is_there_is_refused() -> None:
    """The cookie may outlive it."""
    site = Site()
    browser = site.browser()
    site.sign_in(browser)
    site.town.pass_time(days=31)
    assert browser.get(SESSION_PATH).json() == {"status": "invalid_session"}


@pytest.mark.parametrize(
    "origin", [None, "null", "https://evil.example", f"{FRONT}.evil.example", FRONT.upper(), f"{FRONT}/", "é"]
)
def test_no_other_page_signs_a_browser_out(origin: str | None) -> None:
    """The session goes on: the cookie comes along with any form, the origin does not."""
    site = Site()
    browser = site.browser()
    site.sign_in(browser)
    headers = [] if origin is None else [(b"origin", origin.encode())]
    answer = browser.post(LOGOUT, headers=headers)
    assert (answer.status_code, answer.json()) == (403, {"error": "forbidden_origin"})
    assert browser.get(SESSION_PATH).status_code == 200
    assert browser.get(LOGOUT).status_code == 405


def test_signing_out_with_the_store_down_is_no_error() -> None:
    """The cookie goes, and the browser is sent on."""

    def fail(_call: str, _side: Side) -> None:
        raise StorageUnavailable("down")

    site = Site(signing_in=Town().process(fail))
    browser = site.browser()
    browser.cookies.set(SESSION, "x", domain="127.0.0.1")
    out = browser.post(LOGOUT, headers={"origin": FRONT})
    assert out.status_code == 303
    assert SESSION not in browser.cookies
    assert browser.get(LOGIN).json() == {"error": "storage_unavailable"}


def test_a_deleted_account_is_refused() -> None:
    """409, and no session."""
    site = Site()
    browser = site.browser()
    site.sign_in(browser)
    service.fence(site.town.stores, site.town.sign_in().profile.user_id)
    answer = browser.get(site.come_back(browser))
    assert (answer.status_code, answer.json()) == (409, {"error": "account_deleting"})
