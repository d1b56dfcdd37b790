"""What is costly to make takes a few threads of the host, and no more of them than that."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from threading import Event, Semaphore

import pytest

from adapters.web.visiting import Visited, visited
from commitcollect_adapters.web import statue_files
from commitcollect_adapters.web.bulkheads import AT_ONCE, WAITING_MAX, Bulkhead, CostlyCache
from commitcollect_core.errors import StorageUnavailable

PATIENCE_SECONDS = 30
PICTURE = "/statues/DRAGON_2026/picture"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Visited]:
    """A site of its own."""
    with visited(tmp_path) as opened:
        yield opened


def test_some_work_some_wait_and_the_others_are_turned_away() -> None:
    """At most `at_once` are inside, `waiting_max` wait and get their turn, one more is refused at once."""
    bulkhead, inside, go_on = Bulkhead(at_once=2, waiting_max=3), Semaphore(0), Event()

    def work() -> str:
        with bulkhead.turn():
            inside.release()
            assert go_on.wait(PATIENCE_SECONDS)
        return "done"

    with ThreadPoolExecutor(5) as pool, ExitStack() as stack:
        stack.callback(go_on.set)
        found = [pool.submit(work) for _ in range(2)]
        for _ in range(2):
            assert inside.acquire(timeout=PATIENCE_SECONDS)
        found += [pool.submit(work) for _ in range(3)]
        while bulkhead._places._value:  # noqa: SLF001 - nothing else tells that the last one waits
            assert not inside.acquire(blocking=False)
        with pytest.raises(StorageUnavailable) as refused, bulkhead.turn():
            pass
        assert refused.value.code == "busy"
        go_on.set()
        assert [each.result() for each in found] == ["done"] * 5
    with bulkhead.turn():
        pass


def test_a_turn_that_fails_or_comes_too_late_gives_its_place_back() -> None:
    """Errors pass through, a wait ends after its time, and as many calls as before may come."""
    bulkhead = Bulkhead(at_once=1, waiting_max=1, wait_seconds_max=0.0)
    for _ in range(3):
        with pytest.raises(KeyError), bulkhead.turn():
            raise KeyError("of the work")
    with bulkhead.turn(), pytest.raises(StorageUnavailable), bulkhead.turn():
        pass
    with bulkhead.turn():
        pass


def test_what_is_kept_is_made_once_and_the_oldest_goes_first() -> None:
    """Looking something up keeps it; nothing is kept of what cannot be made."""
    made: list[str] = []
    cache = CostlyCache[str](bulkhead=Bulkhead(), kept_max=2)

    def make(key: str) -> str:
        made.append(key)
        return key.upper()

    def broken() -> str:
        raise KeyError("of the work")

    with pytest.raises(KeyError):
        cache.get("a", broken)
    for key in ("a", "b", "a", "c", "a", "b"):
        assert cache.get(key, partial(make, key)) == key.upper()
    assert made == ["a", "b", "c", "b"]


def test_a_picture_is_drawn_once(site: Visited, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the order and repetition of its parts; that needs no session, so any stranger may ask."""
    drawn: list[frozenset[int]] = []

    def draw(_statue: object, solid: frozenset[int]) -> bytes:
        drawn.append(solid)
        return b"<svg/>"

    monkeypatch.setattr(statue_files, "picture_file", draw)
    browser = site.browser()
    for solid in ("1,2", "2,1,2", "", "1,2"):
        assert browser.get(f"{PICTURE}?solid={solid}").content == b"<svg/>"
    assert drawn == [{1, 2}, frozenset()]


def test_a_crowd_that_wants_pictures_is_turned_away(site: Visited, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 with the time to wait, while the host answers other calls; those that wait are served."""
    begun, go_on = Semaphore(0), Event()

    def draw(*_of: object) -> bytes:
        begun.release()
        assert go_on.wait(PATIENCE_SECONDS)
        return b"<svg/>"

    def ask(number: int) -> tuple[int, str | None]:
        # A number in binary: each is another picture.
        solid = [str(place + 1) for place in range(12) if number >> place & 1]
        answer = site.browser().get(f"{PICTURE}?solid={','.join(solid)}")
        return answer.status_code, answer.headers.get("retry-after")

    monkeypatch.setattr(statue_files, "picture_file", draw)
    more = 5
    with ThreadPoolExecutor(AT_ONCE + WAITING_MAX + more) as pool, ExitStack() as stack:
        stack.callback(go_on.set)
        found = [pool.submit(ask, number) for number in range(AT_ONCE + WAITING_MAX + more)]
        for _ in range(AT_ONCE):
            assert begun.acquire(timeout=PATIENCE_SECONDS)
        refused: list[Future[tuple[int, str | None]]] = []
        while len(refused) < more:
            refused = [each for each in found if each.done()]
        assert {each.result() for each in refused} == {(503, "5")}
        assert site.browser().get("/health").status_code == 200
        go_on.set()
        assert [each.result()[0] for each in found].count(200) == AT_ONCE + WAITING_MAX
    assert site.browser().get(PICTURE).text == "<svg/>"
