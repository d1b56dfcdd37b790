"""Answers are packed for clients that say so alone, and not sent to those that have them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from adapters.web.visiting import Visited, visited
from commitcollect_adapters.web.negotiation import has_already, takes_gzip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    """One site for all tests of the module."""
    with visited(tmp_path_factory.mktemp("site")) as opened:
        yield opened


@pytest.mark.parametrize(
    ("header", "takes"),
    [
        ("gzip", True), ("deflate, gzip;q=1.0, *;q=0.5", True), ("GZIP", True), ("x-gzip", True), ("*", True),
        ("gzip;q=0.001", True), ("br, gzip; q=0.5", True), ("*;q=0, gzip", True),
        ("", False), ("identity", False), ("br", False), ("gzip;q=0", False), ("gzip; q=0.000", False),
        ("*, gzip;q=0", False), ("*;q=0", False), ("notgzip", False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/", "/statues/DRAGON_2026/picture?solid=1"])
def test_only_who_takes_gzip_gets_it(site: Visited, path: str, header: str, takes: bool) -> None:
    """By the weights that the client gives; caches are told that it depends on them in any case."""
    assert takes_gzip(header) is takes
    answer = site.browser().get(path, headers={"accept-encoding": header})
    assert answer.status_code == 200
    assert ("content-encoding" in answer.headers) is takes
    assert "Accept-Encoding" in answer.headers["vary"]
    assert b"<" in answer.content[:1]


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ("{}", 304), ("W/{}", 304), ('"other", {}', 304), ("*", 304),
        ("", 200), ('"other"', 200), ('W/"other"', 200),
    ],
)  # fmt: skip
def test_what_a_client_has_is_not_sent_again(site: Visited, given: str, status: int) -> None:
    """Weak or strong, alone or among others; the tag comes with the answer either way."""
    browser = site.browser()
    tag = browser.get("/assets/home.js").headers["etag"]
    assert tag.startswith('W/"')
    header = given.format(tag.removeprefix("W/"))
    answer = browser.get("/assets/home.js", headers={"if-none-match": header})
    assert (answer.status_code, answer.headers["etag"]) == (status, tag)
    assert bool(answer.content) is (status == 200)
    assert has_already(header, tag) is (status == 304)
