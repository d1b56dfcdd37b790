"""Histories brought over the page: what is told while they run, what stays out and why, and the end."""

from __future__ import annotations

import asyncio
import json
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request

from adapters.web.visiting import BASE, CSV, GOAL, Visited, Visitor, visited
from commitcollect_adapters.web import dispatch, events, imports, uploads
from commitcollect_adapters.web.bodies import Unacceptable
from commitcollect_adapters.web.cookies import SESSION
from commitcollect_core.errors import StorageUnavailable
from commitcollect_core.training.ingestion import Ingestion
from commitcollect_core.values import UserId

PATIENCE_SECONDS = 30


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Visited]:
    """A site."""
    with visited(tmp_path) as opened:
        yield opened


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Uploads lie where the test sees what is left of them."""
    folder = tmp_path / "uploads"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def ended(browser: Visitor) -> dict[str, Any]:
    """The newest import once it has ended."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        newest: dict[str, Any] = browser.get("/imports").json()["imports"][0]
        if newest["state"] in {"done", "failed"}:
            return newest
    pytest.fail("the import does not end")


def test_rows_that_cannot_be_read_are_listed_with_reasons(site: Visited, own_temporary_folder: Path) -> None:
    """The others are taken; the file is named as the person named it, and no copy of it stays."""
    browser = site.signed_in()
    assert browser.upload(CSV.encode(), "my rides.csv").status_code == 202
    found = ended(browser)
    assert (found["state"], found["read"], found["changed"], found["rejectedCount"]) == ("done", 2, 2, 1)
    (row,) = found["rejected"]
    assert (row["file"], row["row"]) == ("my rides.csv", 4)
    assert "not a day" in row["reason"]
    browser.upload(CSV.encode())
    assert ended(browser)["changed"] == 0
    assert [
        each.name for each in own_temporary_folder.iterdir() if each.name.startswith(uploads.PREFIX)
    ] == []


@pytest.mark.parametrize(
    ("content", "name", "why"),
    [
        (b"PK\x03\x04 no archive", "export.zip", "damaged"),
        (b"\x1f\x8b\x08", "export.gz", "unpack it"),
        (b"hello", "letter.txt", "unknown format"),
        (b"[1, 2", "list.json", "could not read"),
        (b"\x00" * 100, "../../etc/passwd", "unknown format"),
    ],
)
def test_a_file_that_is_no_history_fails_and_says_why(
    site: Visited, content: bytes, name: str, why: str
) -> None:
    """It ends as failed with the reader's reason, and the next import is welcome."""
    browser = site.signed_in()
    assert browser.upload(content, name).status_code == 202
    found = ended(browser)
    assert found["state"] == "failed"
    assert why in found["error"]
    assert browser.upload(CSV.encode()).status_code == 202


def test_an_empty_body_is_no_file(site: Visited) -> None:
    """400 at once."""
    answer = site.signed_in().upload(b"")
    assert (answer.status_code, answer.json()) == (400, {"error": "file_empty"})


@pytest.mark.parametrize("is_said", [True, False])
def test_a_file_that_is_too_long_is_not_kept(
    is_said: bool, monkeypatch: pytest.MonkeyPatch, own_temporary_folder: Path
) -> None:
    """Whether its length is said beforehand or not, it is refused before all of it is written."""
    monkeypatch.setattr(uploads, "UPLOAD_BYTES_MAX", 10)
    received = []

    async def receive() -> dict[str, Any]:
        received.append(1)
        return {"type": "http.request", "body": b"x" * 8, "more_body": True}

    headers = [(b"content-length", b"800")] if is_said else []
    request = Request(
        {"type": "http", "method": "POST", "query_string": b"name=a.csv", "headers": headers}, receive
    )
    with pytest.raises(Unacceptable) as refused:
        asyncio.run(uploads.uploaded_file(request))
    assert (refused.value.status, refused.value.code) == (413, "file_too_large")
    assert len(received) == (0 if is_said else 2)
    assert list(own_temporary_folder.iterdir()) == []


def test_one_import_of_a_person_at_a_time(site: Visited, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second is refused before its file is read; another person's runs; stopping ends the first."""
    begun, may_go_on = threading.Event(), threading.Event()
    ingest_all = Ingestion.ingest_all

    def waiting(self: Ingestion, *arguments: Any) -> Iterator[Any]:
        begun.set()
        assert may_go_on.wait(PATIENCE_SECONDS)
        yield from ingest_all(self, *arguments)

    monkeypatch.setattr(Ingestion, "ingest_all", waiting)
    ada, bob = site.signed_in(), site.signed_in("bob@example.org")
    assert ada.upload(CSV.encode()).status_code == 202
    assert begun.wait(PATIENCE_SECONDS)
    second = ada.upload(CSV.encode())
    assert (second.status_code, second.json()["error"]) == (409, "import_running")
    assert bob.upload(CSV.encode()).status_code == 202
    newest = ada.get("/imports").json()["imports"][0]
    assert (newest["state"], newest["read"], newest["rejected"]) == ("counting", 2, [])
    may_go_on.set()
    assert ended(ada)["state"] == "done"


def test_a_person_sends_one_file_at_a_time(site: Visited, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a file arrives the person may send no second one, which would take room as well; then again."""
    begun, may_go_on = threading.Semaphore(0), threading.Event()

    async def arriving(request: Request) -> Path:
        begun.release()
        while not may_go_on.is_set():
            await asyncio.sleep(0.001)
        return await uploads.uploaded_file(request)

    monkeypatch.setattr(dispatch, "uploaded_file", arriving)
    ada, others = site.signed_in(), [site.signed_in(f"p{each}@example.org") for each in range(9)]
    with ThreadPoolExecutor(12) as pool, ExitStack() as stack:
        stack.callback(may_go_on.set)
        sent = [pool.submit(ada.upload, CSV.encode())]
        assert begun.acquire(timeout=PATIENCE_SECONDS)
        second = pool.submit(ada.upload, CSV.encode()).result(PATIENCE_SECONDS)
        assert (second.status_code, second.json()["error"]) == (409, "import_running")
        sent += [pool.submit(each.upload, CSV.encode()) for each in others[: imports.WAITING_MAX - 1]]
        for _ in sent[1:]:
            assert begun.acquire(timeout=PATIENCE_SECONDS)
        one_too_many = others[-1].upload(CSV.encode())
        assert (one_too_many.status_code, one_too_many.json()["error"]) == (503, "busy")
        may_go_on.set()
        assert {each.result().status_code for each in sent} == {202}
    assert ended(ada)["state"] == "done"
    assert ada.upload(b"").status_code == 400
    assert ada.upload(CSV.encode()).status_code == 202


def test_an_import_that_goes_on_is_remembered(site: Visited, monkeypatch: pytest.MonkeyPatch) -> None:
    """Later ones that have ended are forgotten before it, however many there are."""
    monkeypatch.setattr(imports, "KEPT", 2)
    begun, may_go_on = threading.Event(), threading.Event()
    ingest_all = Ingestion.ingest_all

    def waiting(self: Ingestion, user_id: UserId, *arguments: Any) -> Iterator[Any]:
        if user_id == slow_id:
            begun.set()
            assert may_go_on.wait(PATIENCE_SECONDS)
        yield from ingest_all(self, user_id, *arguments)

    monkeypatch.setattr(Ingestion, "ingest_all", waiting)
    slow, quick = site.signed_in(), site.signed_in("bob@example.org")
    slow_id = slow.get("/session").json()["userId"]
    with ExitStack() as stack:
        stack.callback(may_go_on.set)
        running = slow.upload(CSV.encode()).json()["importId"]
        assert begun.wait(PATIENCE_SECONDS)
        for _ in range(4):
            assert quick.upload(CSV.encode()).status_code == 202
            assert ended(quick)["state"] == "done"
        assert slow.get(f"/imports/{running}").json()["state"] == "counting"
        assert len(quick.get("/imports").json()["imports"]) == 1
    assert ended(slow)["state"] == "done"


def test_stopping_ends_an_import_after_its_batch(site: Visited, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was taken in stays, the person is told, and no further import begins."""
    monkeypatch.setattr(imports.Imports, "_check", lambda *_arguments: None)
    browser = site.signed_in()
    browser.send("/milestones", GOAL)
    begun, may_go_on = threading.Event(), threading.Event()
    ingest_all = Ingestion.ingest_all

    def waiting(self: Ingestion, *arguments: Any) -> Iterator[Any]:
        for batch in ingest_all(self, *arguments):
            begun.set()
            assert may_go_on.wait(PATIENCE_SECONDS)
            yield batch

    monkeypatch.setattr(Ingestion, "ingest_all", waiting)
    browser.upload(CSV.encode())
    assert begun.wait(PATIENCE_SECONDS)
    stopper = threading.Thread(target=site.opened.site.stop)
    stopper.start()
    may_go_on.set()
    stopper.join(PATIENCE_SECONDS)
    found = ended(browser)
    assert (found["state"], found["changed"]) == ("failed", 2)
    assert "stopped" in found["error"]


def test_stopping_removes_the_files_of_imports_that_wait(
    site: Visited, monkeypatch: pytest.MonkeyPatch, own_temporary_folder: Path
) -> None:
    """As many as run at once are held; those behind them never begin, say so, and leave no file."""
    monkeypatch.setattr(imports.Imports, "_check", lambda *_arguments: None)
    begun, may_go_on = threading.Semaphore(0), threading.Event()
    ingest_all = Ingestion.ingest_all

    def waiting(self: Ingestion, *arguments: Any) -> Iterator[Any]:
        begun.release()
        assert may_go_on.wait(PATIENCE_SECONDS)
        yield from ingest_all(self, *arguments)

    monkeypatch.setattr(Ingestion, "ingest_all", waiting)
    browser = site.signed_in()
    for _ in range(imports.AT_ONCE + 2):
        assert browser.upload(CSV.encode()).status_code == 202
    for _ in range(imports.AT_ONCE):
        assert begun.acquire(timeout=PATIENCE_SECONDS)
    shutdown = ThreadPoolExecutor.shutdown

    def shut_down(self: ThreadPoolExecutor, **asked: Any) -> None:
        may_go_on.set()  # not before the stop has begun, or those that wait would begin
        shutdown(self, **asked)

    monkeypatch.setattr(ThreadPoolExecutor, "shutdown", shut_down)
    site.opened.site.stop()
    assert not list(own_temporary_folder.glob(f"{uploads.PREFIX}*"))
    newest = browser.get("/imports").json()["imports"][:2]
    assert [(each["state"], each["read"]) for each in newest] == [("failed", 0)] * 2
    assert all("stopped" in each["error"] for each in newest)


def streamed(site: Visited, browser: Visitor, until: str) -> list[tuple[str, dict[str, Any]]]:
    """The events of a stream until one of them contains a text."""
    (row,) = (each for each in _routes(site) if getattr(each, "path", "") == events.PATH)
    secret = browser.cookies[SESSION]
    got: list[tuple[str, dict[str, Any]]] = []

    async def read() -> None:
        scope = {
            "type": "http", "method": "GET", "path": events.PATH, "query_string": b"",
            "headers": [(b"cookie", f"{SESSION}={secret}".encode())],
        }  # fmt: skip
        answer = await row.endpoint(Request(scope))  # type: ignore[attr-defined]  # a route has one
        async for chunk in answer.body_iterator:
            lines = chunk.splitlines()
            if lines[0].startswith("event: "):
                got.append((lines[0].removeprefix("event: "), json.loads(lines[1].removeprefix("data: "))))
                if until in chunk:
                    return

    asyncio.run(asyncio.wait_for(read(), PATIENCE_SECONDS))
    return got


def _routes(site: Visited) -> list[object]:
    application: Any = site.opened.site.application
    while not hasattr(application, "routes"):
        application = application._application  # noqa: SLF001 - ours, all of them
    return list(application.routes)


def test_a_page_hears_of_parts_and_of_the_import(site: Visited) -> None:
    """The ledger's version rises with what is taken in, and the import tells how far it is."""
    browser = site.signed_in()
    browser.send("/milestones", GOAL)
    before = streamed(site, browser, "ledger")
    browser.upload(CSV.encode())
    after = streamed(site, browser, '"state": "done"')
    versions = [data["version"] for name, data in (*before, *after) if name == "ledger"]
    assert versions == sorted(versions)
    assert versions[-1] > versions[0]
    assert after[-1][1]["parts"] == 5


def test_a_form_is_no_file(site: Visited) -> None:
    """Its lines would be read as part of the file, and refused for a reason that misleads."""
    browser = site.signed_in()
    answer = browser.post("/imports", files={"file": ("a.csv", CSV)}, headers={"origin": BASE})
    assert (answer.status_code, answer.json()) == (415, {"error": "unsupported_media_type"})
    assert browser.get("/imports").json() == {"imports": []}


def test_asking_for_the_head_of_a_stream_opens_none(site: Visited) -> None:
    """The answer has the head and ends."""
    answer = site.signed_in().request("HEAD", events.PATH)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"].startswith("text/event-stream")


def test_a_person_has_some_streams_and_leaves_room_for_others(
    site: Visited, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One more than there may be of one person, or of all, is told to come again; an end makes room."""
    monkeypatch.setattr(events, "OF_ONE_MAX", 2)
    monkeypatch.setattr(events, "STREAMS_MAX", 3)
    (row,) = (each for each in _routes(site) if getattr(each, "path", "") == events.PATH)
    ada, bob, eve = (site.signed_in(f"{name}@example.org") for name in ("ada", "bob", "eve"))

    async def ask(browser: Visitor) -> Any:
        cookie = f"{SESSION}={browser.cookies[SESSION]}".encode()
        scope = {"type": "http", "method": "GET", "headers": [(b"cookie", cookie)]}
        answer = await row.endpoint(Request(scope))  # type: ignore[attr-defined]  # a route has one
        if answer.status_code == 200:
            await anext(answer.body_iterator)
        return answer

    async def visit() -> None:
        first, second, refused = [await ask(ada) for _ in range(3)]
        assert [first.status_code, second.status_code, refused.status_code] == [200, 200, 503]
        assert refused.headers["retry-after"]
        other = await ask(bob)
        assert [other.status_code, (await ask(eve)).status_code] == [200, 503]
        await first.body_iterator.aclose()
        third = await ask(ada)
        assert [third.status_code, (await ask(eve)).status_code] == [200, 503]
        await other.body_iterator.aclose()
        assert (await ask(eve)).status_code == 200

    asyncio.run(asyncio.wait_for(visit(), PATIENCE_SECONDS))


def test_a_stream_ends_with_its_session(site: Visited, monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser signed out from elsewhere hears no more; a store that fails for a moment ends no stream."""
    monkeypatch.setattr(events, "_HEARTBEAT_ROUNDS", 1)
    browser = site.signed_in()
    (row,) = (each for each in _routes(site) if getattr(each, "path", "") == events.PATH)
    keeping = row.endpoint.__self__.sessions  # type: ignore[attr-defined]  # a route has one
    sessions = type(keeping.sessions)
    cookie = f"{SESSION}={browser.cookies[SESSION]}".encode()
    read = sessions.read

    def fail_once(*_: object) -> None:
        monkeypatch.setattr(sessions, "read", read)
        raise StorageUnavailable("busy")

    async def visit() -> None:
        scope = {"type": "http", "method": "GET", "headers": [(b"cookie", cookie)]}
        answer = await row.endpoint(Request(scope))  # type: ignore[attr-defined]  # as above
        told = answer.body_iterator
        while not (await anext(told)).startswith(": here"):
            pass
        monkeypatch.setattr(sessions, "read", fail_once)
        assert (await anext(told)).startswith(": here")
        keeping.end(browser.cookies[SESSION])
        assert [each async for each in told] == []

    asyncio.run(asyncio.wait_for(visit(), PATIENCE_SECONDS))


def test_streams_need_a_session_and_end_when_the_site_stops(site: Visited) -> None:
    """401 for strangers; after the stop a stream ends by itself."""
    assert site.browser().get(events.PATH).json() == {"status": "missing_session"}
    browser = site.signed_in()
    site.opened.site.stop()
    assert streamed(site, browser, "nothing that comes") == []
    answer = browser.post("/imports", content=b"x", headers={"origin": BASE})
    assert answer.status_code == 503
