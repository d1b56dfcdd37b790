"""The OpenAPI 3.1 document of the route table."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

from commitcollect_adapters.web import schemas
from commitcollect_adapters.web.bodies import BODY_BYTES_MAX
from commitcollect_adapters.web.calls import JSON_TYPE, OK, Endpoint, Parameter
from commitcollect_adapters.web.cookies import SESSION

_PARAMETER = re.compile(r"\{(\w+)\}")
_MEANINGS = {
    200: "Done.",
    201: "Made.",
    202: "Begun.",
    204: "Done; there is nothing to say.",
    302: "The browser goes on elsewhere.",
    303: "The browser goes on elsewhere.",
    400: "Something that was sent is not acceptable; `field` names it.",
    401: "Sign in first, or again.",
    403: "This page may not call; see the description of origins.",
    404: "There is no such thing, or not of this person.",
    409: "It collides with what is stored.",
    413: "The body is too long.",
    415: "The body is of another media type than this call takes; a file comes as it is, in no form.",
    421: "A site without passwords answers to browsers on its own machine only.",
    422: "The Idempotency-Key belongs to another request.",
    500: "A mistake of this host; its log has the correlation id.",
    502: "A service this host depends on failed.",
    503: "Not now; the same call may succeed later.",
    507: "There is no room for the file.",
}
_OF_ANY = (421, 500, 503)
_ABOUT = f"""Turns training into a statue. Names are camelCase, times are seconds since 1970 in UTC.

A browser is known by the cookie `{SESSION}`. What changes something needs an `Origin` that is allowed, or
without one a header `X-Requested-By`. Bodies are strict JSON of at most {BODY_BYTES_MAX:,} bytes. Every
answer has an `X-Correlation-Id`: the caller's, if it is letters, digits, dots and dashes, else a new one.
"""


def openapi_document(rows: Iterable[Endpoint], *, base: str) -> dict[str, Any]:
    """The document of these rows, on the host at `base`."""
    paths: dict[str, dict[str, Any]] = {}
    for row in rows:
        paths.setdefault(row.path, {})[row.method.lower()] = _operation(row)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "CommitCollect",
            "version": version("commitcollect"),
            "description": _ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": base}],
        "paths": paths,
        "components": {
            "securitySchemes": {"session": {"type": "apiKey", "in": "cookie", "name": SESSION}},
            "schemas": {"Problem": schemas.PROBLEM, "Unauthenticated": schemas.UNAUTHENTICATED},
        },
    }


def _operation(row: Endpoint) -> dict[str, Any]:
    failures = {*row.fails_with, *_OF_ANY}
    if row.needs_session:
        failures.add(401)
    if row.method != "GET":
        failures.add(403)
    operation: dict[str, Any] = {
        "operationId": _operation_id(row),
        "summary": row.about,
        "security": [{"session": []}] if row.needs_session else [],
        "parameters": [
            *({"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
              for name in _PARAMETER.findall(row.path)),
            *(_parameter(each, "query") for each in row.query),
            *(_parameter(each, "header") for each in row.headers),
        ],
        "responses": {
            **{str(status): _response(status, schema, row) for status, schema in row.answers.items()},
            **{str(status): _failure(status) for status in sorted(failures)},
        },
    }  # fmt: skip
    if row.body is not None:
        operation["requestBody"] = {"required": True, "content": {JSON_TYPE: {"schema": row.body}}}
    if row.admits is not None:
        operation["requestBody"] = {"required": True, "content": {"application/octet-stream": {}}}
    return operation


def _operation_id(row: Endpoint) -> str:
    words = re.findall(r"[A-Za-z]+", row.path)
    return row.method.lower() + "".join(word[0].upper() + word[1:] for word in words)


def _parameter(parameter: Parameter, place: str) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": place,
        "description": parameter.about,
        "schema": parameter.schema,
    }


def _response(status: int, schema: Any, row: Endpoint | None = None) -> dict[str, Any]:
    response: dict[str, Any] = {"description": _MEANINGS[status]}
    if schema is not None:
        response["content"] = {JSON_TYPE: {"schema": schema}}
    elif row is not None and row.media_types and status == OK:
        response["content"] = {media_type: {} for media_type in row.media_types}
    return response


def _failure(status: int) -> dict[str, Any]:
    name = "Unauthenticated" if status == 401 else "Problem"  # noqa: PLR2004 - as HTTP has it
    return _response(status, {"$ref": f"#/components/schemas/{name}"})
