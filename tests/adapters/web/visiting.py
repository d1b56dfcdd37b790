"""A whole site in process, and the browsers of people who are signed in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import httpx
from attrs import evolve, frozen
from starlette.applications import Starlette

from browser_stub import Browser
from commitcollect_adapters.settings import Settings
from commitcollect_adapters.web.opening import OpenedSite, open_site
from commitcollect_adapters.web.sign_in import LOGIN

BASE = "http://127.0.0.1:8080"
FRONT = "https://app.example.org"
ADA, BOB = "ada@example.org", "bob@example.org"
START = 1_767_225_600
"""The first second of 2026."""

GOAL: dict[str, Any] = {
    "modelId": "DRAGON_2026",
    "sport": "ANY",
    "targetType": "DISTANCE_METERS",
    "totalTarget": 120_000,
    "periodStartAtUtc": START,
}
CSV = (
    "Activity ID,Activity Date,Activity Name,Activity Type,Elapsed Time,Distance,Moving Time\n"
    '1,"Jan 3, 2026, 7:00:00 AM",Long,Run,3600,25.0,3500\n'
    '2,"Feb 1, 2026, 7:00:00 AM",Ride,Ride,3600,30.0,3500\n'
    '3,"not a day",Broken,Run,3600,10.0,3500\n'
)


def settings_in(folder: Path) -> Settings:
    """A site on this machine, in a folder, with a Strava that is never called."""
    return Settings(
        store=str(folder / "store.db"),
        identity="local:",
        identity_redirect_uri=f"{BASE}/auth/callback",
        strava_client_id="1",
        strava_client_secret="s",  # noqa: S106 - of no app
        strava_verify_token="v",  # noqa: S106 - the same
        strava_subscription_id="1",
        web_origins=FRONT,
        metrics="prometheus",
    )


@frozen
class Visited:
    """A site and who visits it."""

    opened: OpenedSite

    def browser(self, peer: str = "127.0.0.1") -> Visitor:
        """A browser without cookies."""
        return Visitor(cast("Starlette", self.opened.site.application), BASE, peer)

    def signed_in(self, email: str = ADA) -> Visitor:
        """The browser of a person."""
        browser = self.browser()
        shown = browser.get(LOGIN)
        query = parse_qs(urlsplit(shown.headers["location"]).query)
        fields = {name: value for name, (value,) in query.items()}
        form = browser.post("/auth/local", data={**fields, "email": email}, headers={"origin": BASE})
        back = browser.get(form.headers["location"])
        assert back.status_code == 302, back.status_code
        return browser


class Visitor(Browser):
    """A browser whose page is one of the site's own."""

    def send(self, address: str, document: Any = None, **headers: str) -> httpx.Response:
        """Post JSON."""
        return self.post(address, json=document, headers={"origin": BASE, **headers})

    def patch(self, address: str, document: Any) -> httpx.Response:
        """Change something."""
        return self.request("PATCH", address, json=document, headers={"origin": BASE})

    def delete(self, address: str) -> httpx.Response:
        """Delete something."""
        return self.request("DELETE", address, headers={"origin": BASE})

    def upload(self, content: bytes, name: str = "activities.csv") -> httpx.Response:
        """Bring a file in."""
        headers = {"origin": BASE, "content-type": "application/octet-stream"}
        return self.post(f"/imports?name={name}", content=content, headers=headers)


@contextmanager
def visited(folder: Path, **changes: Any) -> Iterator[Visited]:
    """A site on a store of its own."""
    with open_site(evolve(settings_in(folder), **changes)) as opened:
        yield Visited(opened)
