"""The names this host answers to, and the correlation id that every answer carries."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from commitcollect_adapters.addresses import LOCAL_HOSTS
from commitcollect_adapters.web.problems import problem
from commitcollect_core.flows import flow, is_flow

CORRELATION = "x-correlation-id"
_CORRELATION = CORRELATION.encode()
_MISDIRECTED, _TEMPORARY = 421, 307
_OF_PROXIES = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


class Flows:
    """Puts each call into a flow, the caller's or a new one, and tells its id in the answer."""

    def __init__(self, application: ASGIApp, make_id: Callable[[], str]) -> None:
        self._application = application
        self._make_id = make_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as ASGI wants it."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        given = [value.decode("latin-1") for name, value in scope["headers"] if name == _CORRELATION]
        correlation_id = given[0] if given and is_flow(given[0]) else self._make_id()
        told = correlation_id.encode()

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (_CORRELATION, told)]
            await send(message)

        with flow(correlation_id):
            await self._application(scope, receive, send_with_id)


class ThisMachineOnly:
    """Lets in browsers on this machine alone, for a site that asks for no password.

    A page elsewhere may have pointed a name of its own at this machine, and a proxy may bring strangers.
    """

    def __init__(self, application: ASGIApp, base: str) -> None:
        """Guard an application at this address."""
        self._application = application
        self._base = base
        parts = urlsplit(base)
        self._host = parts.netloc
        port = "" if parts.port is None else f":{parts.port}"
        self._hosts = frozenset(f"{f'[{name}]' if ':' in name else name}{port}" for name in LOCAL_HOSTS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as ASGI wants it."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host, peer = headers.get("host", ""), (scope.get("client") or ("",))[0]
        if peer not in LOCAL_HOSTS or host not in self._hosts or any(each in headers for each in _OF_PROXIES):
            await problem(_MISDIRECTED, "this_machine_only")(scope, receive, send)
        elif host != self._host and scope["method"] == "GET" and scope["path"] == "/":
            # Cookies belong to one name, and signing in comes back to this one.
            await RedirectResponse(f"{self._base}/", _TEMPORARY)(scope, receive, send)
        else:
            await self._application(scope, receive, send)
