"""A real browser, and a real milestone served to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from browser.shown import DRAWING, FLAGS, PROGRAM, STATUE_DRAWN, Athlete, new_athlete, shown
from needs import missing, program

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

    from browser.eyes import Viewed


# Of a module: while it runs no other test of the process can start an event loop.
@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """What drives the browser."""
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - it may not be installed
    except ImportError:
        missing("playwright is not installed; nox -s tests installs it")
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="module")
def launch(playwright: Playwright) -> Callable[..., Browser]:
    """Starts a browser with flags."""
    path = program(PROGRAM)
    return lambda *flags: playwright.chromium.launch(executable_path=path, args=[*FLAGS, *flags])


@pytest.fixture(scope="module")
def browser(launch: Callable[..., Browser]) -> Iterator[Browser]:
    """A browser that draws."""
    with launch(*DRAWING) as running:
        yield running


@pytest.fixture
def view(browser: Browser) -> Iterator[Callable[..., Viewed]]:
    """Opens pages that are closed at the end, and that must not have complained."""
    from browser.eyes import Viewed  # noqa: PLC0415 - the same

    opened: list[Viewed] = []

    def open_one(address: str, waits_for: str = STATUE_DRAWN, **options: object) -> Viewed:
        opened.append(Viewed(browser, **{"reduced_motion": "reduce", **options}))
        opened[-1].open(address, waits_for)
        return opened[-1]

    yield open_one
    for each in opened:
        complaints = each.complaints
        each.context.close()
        assert complaints == []


@pytest.fixture
def athlete(tmp_path: Path) -> Athlete:
    """An athlete who has earned nothing yet."""
    return new_athlete(tmp_path)


@pytest.fixture
def address(athlete: Athlete) -> Iterator[str]:
    """Where the athlete's statue is shown."""
    with shown(athlete) as address:
        yield address
