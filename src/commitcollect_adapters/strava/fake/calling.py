"""How the fake Strava calls others: on this machine alone, and with no more patience than Strava has."""

from __future__ import annotations

from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

PATIENCE_SECONDS = 2.0
BODY_BYTES_MAX = 65_536
_LOCAL_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})


def visit(address: str) -> tuple[int, bytes]:
    """GET an address of this machine; the status and the body.

    Raises:
        OSError: it is elsewhere, or does not answer in time.
    """
    return _call("GET", address, None)


def post(address: str, body: bytes) -> int:
    """POST a JSON body to an address of this machine; the status. Errors as in `visit`."""
    return _call("POST", address, body)[0]


def _call(method: str, address: str, body: bytes | None) -> tuple[int, bytes]:
    parts = urlsplit(address)
    if parts.scheme != "http" or parts.hostname not in _LOCAL_HOSTS:
        raise ConnectionRefusedError("a fake Strava calls nobody but this machine")
    connection = HTTPConnection(parts.hostname, parts.port or 80, timeout=PATIENCE_SECONDS)
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    try:
        connection.request(method, path, body, {"content-type": "application/json"} if body else {})
        answer = connection.getresponse()
        return answer.status, answer.read(BODY_BYTES_MAX)
    except HTTPException as broken:
        raise ConnectionAbortedError("the answer was no HTTP") from broken
    finally:
        connection.close()
