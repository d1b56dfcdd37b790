"""Which pages may call: five origins, four values of fetch-site, four methods, each as its table says."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest

from adapters.web.visiting import BASE, FRONT, Visited, visited
from commitcollect_adapters.web.origins import Origins

OWN, FRONT_END, SIBLING, FOREIGN, ABSENT = BASE, FRONT, "https://evil.example.org", "null", None
SITES = ("same-origin", "same-site", "cross-site", "none")
METHODS = {"GET": "/milestones", "POST": "/logout", "DELETE": "/sessions", "PUT": "/milestones"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    """One site for all."""
    with visited(tmp_path_factory.mktemp("site")) as opened:
        yield opened


def expected(origin: str | None, fetch_site: str, method: str, *, has_header: bool) -> bool:
    """The table: whether a request goes on."""
    if method == "GET":
        return True
    if origin is None:
        return has_header and fetch_site in {"same-origin", "none"}
    return origin in {OWN, FRONT_END}


@pytest.mark.parametrize("origin", [OWN, FRONT_END, SIBLING, FOREIGN, ABSENT])
@pytest.mark.parametrize("has_header", [False, True])
def test_the_matrix(site: Visited, origin: str | None, has_header: bool) -> None:
    """Only our own pages change anything; programs without an origin name themselves in a header."""
    for fetch_site, (method, path) in product(SITES, METHODS.items()):
        headers = {"sec-fetch-site": fetch_site}
        if origin is not None:
            headers["origin"] = origin
        if has_header:
            headers["x-requested-by"] = "a test"
        answer = site.browser().request(method, path, headers=headers)
        goes_on = expected(origin, fetch_site, method, has_header=has_header)
        assert (answer.status_code != 403) == goes_on, (origin, fetch_site, method)
        if not goes_on:
            assert answer.json() == {"error": "forbidden_origin"}
        allowed = answer.headers.get("access-control-allow-origin")
        assert allowed == (origin if origin in {OWN, FRONT_END} else None)
        assert "Origin" in answer.headers["vary"]
        assert allowed != "*"


@pytest.mark.parametrize(
    "origin",
    ["https://app.example.org.evil.example", "https://app.example.org:8443", "http://app.example.org",
     "https://APP.example.org", "https://app.example.org/", "", "https://app.example.org, https://x.example"],
)  # fmt: skip
def test_what_only_looks_like_an_origin_of_ours_is_none(site: Visited, origin: str) -> None:
    """Origins are compared whole and to the letter."""
    answer = site.browser().post("/logout", headers={"origin": origin})
    assert answer.status_code == 403


def test_a_preflight_is_answered_for_our_own_pages_alone(site: Visited) -> None:
    """With credentials, and with the headers that a front end needs; others get none of it."""
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    ours = site.browser().request("OPTIONS", "/milestones", headers={"origin": FRONT, **asked})
    assert ours.status_code == 204
    assert ours.headers["access-control-allow-credentials"] == "true"
    assert "content-type" in ours.headers["access-control-allow-headers"]
    other = site.browser().request("OPTIONS", "/milestones", headers={"origin": SIBLING, **asked})
    assert other.status_code == 403
    assert "access-control-allow-origin" not in other.headers


def test_strava_needs_no_origin(site: Visited) -> None:
    """Its events carry a proof of their own."""
    answer = site.browser().post("/webhooks/strava", json={})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_event")


def test_every_other_call_that_changes_something_is_checked(site: Visited) -> None:
    """Each row of the table, with the session of the person whose browser is abused."""
    browser = site.signed_in()
    rows = [row for row in site.opened.site.rows if row.method != "GET"]
    for row in rows:
        if row.path != "/webhooks/strava":
            answer = browser.request(row.method, row.path, headers={"origin": SIBLING})
            assert (answer.status_code, answer.json()) == (403, {"error": "forbidden_origin"}), row.path
    assert len(rows) > 8


def test_no_origin_is_known_by_default() -> None:
    """Without any, nothing that has an origin gets through."""
    assert not Origins(frozenset()).lets("POST", {"origin": "https://app.example.org"})
    assert not Origins(frozenset()).knows("")
