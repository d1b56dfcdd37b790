"""A browser for ASGI applications: it keeps cookies and follows no redirect by itself."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from starlette.applications import Starlette


class Browser:
    """Calls an application in process.

    Attributes:
        cookies: what it has been given and brings back.
    """

    def __init__(
        self, application: Starlette, base: str = "https://app.example.org", peer: str = "127.0.0.1"
    ) -> None:
        self._transport = httpx.ASGITransport(app=application, client=(peer, 5_000))
        self._base = base
        self.cookies = httpx.Cookies()

    def get(self, address: str, **options: Any) -> httpx.Response:
        """Open an address."""
        return self.request("GET", address, **options)

    def post(self, address: str, **options: Any) -> httpx.Response:
        """Send a form."""
        return self.request("POST", address, **options)

    def request(self, method: str, address: str, **options: Any) -> httpx.Response:
        """Make any call."""

        async def call() -> httpx.Response:
            client = httpx.AsyncClient(
                transport=self._transport, base_url=self._base, cookies=self.cookies, trust_env=False
            )
            async with client:
                answer = await client.request(method, address, **options)
                self.cookies = client.cookies
                return answer

        return asyncio.run(call())
