"""The API's description: every route is in it, nothing else is, and it is OpenAPI 3.1."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from adapters.web.visiting import GOAL, Visited, visited
from commitcollect_adapters.web.receiver import ROWS as WEBHOOK_ROWS

UNTOLD = {"/auth/local", "/metrics", "/webhooks/strava/"}
"""The page of the local provider, and the webhook with the slash that some proxies add."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    """One site for all."""
    with visited(tmp_path_factory.mktemp("site")) as opened:
        yield opened


@pytest.fixture(scope="module")
def described(site: Visited) -> dict[str, Any]:
    """The document."""
    document: dict[str, Any] = site.browser().get("/openapi.json").json()
    return document


def routes_of(application: object) -> Iterator[Route]:
    """The routes under all that is wrapped around them."""
    while not isinstance(application, Starlette):
        application = application._application  # type: ignore[attr-defined]  # noqa: SLF001 - ours, all of them
    yield from (each for each in application.routes if isinstance(each, Route))


def test_the_document_and_the_routes_agree(site: Visited, described: dict[str, Any]) -> None:
    """Each path with each of its methods, both ways; Strava's calls are answered before any route."""
    before = {(row.path, row.method) for row in WEBHOOK_ROWS}
    for path, method in before:
        assert site.browser().request(method, path).status_code not in {404, 405}
    served = before | {
        (each.path, method)
        for each in routes_of(site.opened.site.application)
        for method in (each.methods or set()) - {"HEAD"}
        if not each.path.startswith("/assets/") and each.path not in UNTOLD
    }
    told = {
        (path, method.upper())
        for path, operations in described["paths"].items()
        for method in operations
        if path not in UNTOLD
    }
    assert served == told


def test_it_is_whole(described: dict[str, Any]) -> None:
    """A version, unique ids, an answer for each, parameters as in the path, no open reference."""
    assert described["openapi"] == "3.1.0"
    operations = [
        (path, operation) for path, each in described["paths"].items() for operation in each.values()
    ]
    ids = [operation["operationId"] for _, operation in operations]
    assert len(set(ids)) == len(ids)
    for path, operation in operations:
        assert operation["summary"].endswith(".")
        assert any(int(status) < 400 for status in operation["responses"])
        named = [each["name"] for each in operation["parameters"] if each["in"] == "path"]
        assert named == re.findall(r"\{(\w+)\}", path)
        assert all(each["description"] for each in operation["responses"].values())
    schemas = described["components"]["schemas"]
    references = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(described)))
    assert references == set(schemas)


def test_answers_are_of_the_types_it_tells(site: Visited, described: dict[str, Any]) -> None:
    """What is no JSON names its media type, and is of it; only answers without a body name none."""
    browser = site.signed_in()
    made = browser.send("/milestones", GOAL).json()["milestoneId"]
    values = {"modelId": "DRAGON_2026", "milestoneId": made, "format": "svg", "year": "2026"}
    waits = {"/events", "/auth/login", "/auth/callback", "/strava/connect"}
    found, unlike = 0, []
    for path, operations in described["paths"].items():
        told = operations.get("get", {}).get("responses", {}).get("200")
        if told is None or path in waits:
            continue
        answer = browser.get(re.sub(r"\{(\w+)\}", lambda name: values.get(name[1], "x"), path))
        if answer.status_code != 200:
            continue
        found += 1
        if answer.headers["content-type"].partition(";")[0] not in told.get("content", {}):
            unlike.append(path)
    assert unlike == []
    assert found > 20


def test_a_header_that_matters_is_told(described: dict[str, Any]) -> None:
    """A request may be named, so that it can be repeated."""
    parameters = described["paths"]["/milestones"]["post"]["parameters"]
    assert [(each["name"], each["in"]) for each in parameters] == [("Idempotency-Key", "header")]


def test_a_secret_segment_is_not_told(tmp_path: Path) -> None:
    """Who reads the description does not learn where Strava delivers events."""
    with visited(tmp_path, strava_webhook_segment="only-strava-knows") as site:
        assert "only-strava-knows" not in site.browser().get("/openapi.json").text
        assert site.browser().post("/webhooks/strava/only-strava-knows", json={}).status_code == 400
        assert site.browser().post("/webhooks/strava", json={}).status_code == 404
