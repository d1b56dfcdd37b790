"""Running an application: sockets that listen."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from commitcollect_adapters.web.serving import LOCALHOST, address_of, listening, serving
from commitcollect_core.errors import InvalidInput


def test_a_call_before_it_is_served_waits() -> None:
    """From when an address can be told, no client is turned away there."""
    with listening(LOCALHOST, 0) as listener:
        port = listener.getsockname()[1]
        assert address_of(listener) == f"http://127.0.0.1:{port}"
        socket.create_connection((LOCALHOST, port), timeout=60).close()


@pytest.mark.parametrize("host", ["no.such.host.invalid", "256.0.0.1"])
def test_what_cannot_be_listened_on_is_told(host: str) -> None:
    """A host that is not of this machine, and a port that is taken, are named."""
    with pytest.raises(InvalidInput, match=f"cannot listen on {host}, port 0: "):
        listening(host, 0)
    with listening(LOCALHOST, 0) as taken, pytest.raises(InvalidInput, match="Address already in use"):
        listening(LOCALHOST, taken.getsockname()[1])


def test_uvloop_serves_where_there_is_one(each_loop: str) -> None:
    """The extra `web` installs it, but on systems it does not know."""

    async def tell(_request: Request) -> PlainTextResponse:
        return PlainTextResponse(type(asyncio.get_running_loop()).__module__)

    with serving(Starlette(routes=[Route("/", tell)])) as base:
        assert httpx.get(base).text.partition(".")[0] == each_loop


def test_a_proxy_on_this_machine_says_who_calls() -> None:
    """The audit log keeps the address, and a page without passwords lets in nothing from elsewhere."""

    async def tell(request: Request) -> PlainTextResponse:
        assert request.client is not None
        return PlainTextResponse(request.client.host)

    with serving(Starlette(routes=[Route("/", tell)])) as base:
        assert httpx.get(base).text == LOCALHOST
        assert httpx.get(base, headers={"X-Forwarded-For": "192.0.2.7"}).text == "192.0.2.7"


def test_no_answer_names_the_server() -> None:
    """What runs here, and in which version, is for its operator."""
    with serving(Starlette()) as base:
        assert "server" not in httpx.get(base).headers


def test_a_site_begins_without_what_few_calls_need() -> None:
    """A function on Lambda waits for every import; readers of files and drawings come with a call."""
    program = "import sys, commitcollect_adapters.web.opening; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", program], text=True).split()
    for late in (
        "readers.histories", "readers.tables", "statues.exporting", "statues.pictures.card",
        "sqlite.staging", "exports.writing",
    ):  # fmt: skip
        assert f"commitcollect_adapters.{late}" not in loaded
    assert not {"boto3", "httpx"} & {*loaded}
