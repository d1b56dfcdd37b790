"""The site inside an application of one's own, beside its other pages.

Run: ``python examples/web/mounted.py``. It asks the application a few things in process and prints the
answers; ``uvicorn`` or any other ASGI server can serve what `application` returns.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from commitcollect_adapters.settings import Settings
from commitcollect_adapters.web.opening import open_site

BASE = "http://127.0.0.1:8080"


def settings_in(folder: Path) -> Settings:
    """A site for this machine: people sign in without a password, and Strava's app is made up."""
    return Settings(
        store=str(folder / "statues.db"),
        identity="local:",
        identity_redirect_uri=f"{BASE}/auth/callback",
        strava_client_id="1",
        strava_client_secret="s",  # noqa: S106 - of no app
        environment="example",
    )


async def about(_request: Request) -> PlainTextResponse:
    """A page of one's own."""
    return PlainTextResponse("A running club.")


def application(site: ASGIApp) -> Starlette:
    """One's own pages first; all other paths are the site's, which knows itself at the root of its host."""
    return Starlette(routes=[Route("/about", about), Mount("/", site)])


async def ask(app: ASGIApp, *paths: str) -> None:
    """Print what the application answers."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as browser:
        for path in paths:
            answer = await browser.get(path)
            print(f"{path} {answer.status_code} {answer.text[:60].splitlines()[0]}")


def main() -> None:
    """Open the site on a store of its own, mount it, and ask."""
    with TemporaryDirectory() as folder, open_site(settings_in(Path(folder))) as opened:
        # A worker beside it does what waits: opened.service.worker.run_once(), in a thread or a process.
        asyncio.run(ask(application(opened.site.application), "/about", "/info", "/milestones", "/"))


if __name__ == "__main__":
    main()
