"""Bodies of requests: bounded, of the right type, and strict JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive

from commitcollect_adapters.readers.strict_json import parse_document
from commitcollect_core.errors import InvalidInput

BODY_BYTES_MAX = 65_536


class Unacceptable(Exception):
    """A body that is not looked into.

    Attributes:
        status: of the answer.
        code: of the answer.
    """

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


async def bounded_body(receive: Receive, bytes_max: int = BODY_BYTES_MAX) -> bytes | None:
    """The body, or None once it is over its limit; no more than that is read.

    Raises:
        ClientDisconnect: it ends before its length.
    """
    body, has_more = bytearray(), True
    while has_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        has_more = message.get("more_body", False)
        if len(body) > bytes_max:
            return None
    return bytes(body)


async def json_object(request: Request) -> Mapping[str, Any]:
    """The JSON object of a body.

    Raises:
        Unacceptable: it is of another type, or too long.
        InvalidInput: it is not one JSON object, by the letter.
        ClientDisconnect: it ends before its length.
    """
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    if media_type.strip().lower() != "application/json" or charset not in {"", "utf-8"}:
        raise Unacceptable(415, "unsupported_media_type")
    body = await bounded_body(request.receive)
    if body is None:
        raise Unacceptable(413, "body_too_large")
    document = parse_document(body)
    if not isinstance(document, dict):
        raise InvalidInput("the body is not a JSON object", code="invalid_json")
    return document
