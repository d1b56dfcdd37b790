"""How soon pages show the statue, where Chromium draws without a graphics card. Prints, asserts nothing.

Every page is opened in a new context, so nothing comes from a cache.
"""

from __future__ import annotations

import shutil
import statistics
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from browser.served import serve, sign_in
from browser.shown import DRAWING, FLAGS, PROGRAM, STATUE_DRAWN, new_athlete, shown

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PAGES = 5
_LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"
_SCREEN: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"}


def seconds_after_load(browser: Browser, address: str, **signed_in: Any) -> float:
    """How long after its load event a page has drawn the statue."""
    with closing(browser.new_context(**_SCREEN, **signed_in)) as context:
        page = context.new_page()
        page.goto(address)
        page.wait_for_selector(STATUE_DRAWN)
        return float(page.evaluate(f"performance.now() - {_LOADED}")) / 1_000


def tell(name: str, browser: Browser, address: str, **signed_in: Any) -> None:
    """Print how long a page takes."""
    found = sorted(seconds_after_load(browser, address, **signed_in) for _ in range(PAGES))
    print(f"{name:<38}{statistics.median(found):.2f} s after load, {found[-1]:.2f} s at most")


def the_statue_alone(browser: Browser, folder: Path) -> None:
    """The page of ``statue view``, with nothing earned and with everything."""
    athlete = new_athlete(folder)
    with shown(athlete) as address:
        tell("statue alone, nothing earned", browser, address)
        athlete.earn(12)
        tell("statue alone, 12 of 12 parts earned", browser, address)


def the_page_of_an_athlete(browser: Browser, folder: Path) -> None:
    """The whole page, of a person who has only signed in."""
    with serve(folder) as site:
        with closing(browser.new_context(**_SCREEN)) as context:
            sign_in(context.new_page(), site, "ada@example.org")
            cookies = context.storage_state()
        tell("page of an athlete, nothing earned", browser, f"{site.address}/", storage_state=cookies)


def main() -> int:
    """Print a line for each page."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - it may not be installed

    path = shutil.which(PROGRAM)
    if path is None:
        print(f"{PROGRAM} is not installed", file=sys.stderr)
        return 1
    with sync_playwright() as driver:
        for show in (the_statue_alone, the_page_of_an_athlete):
            flags = [*FLAGS, *DRAWING]
            with (
                TemporaryDirectory() as folder,
                driver.chromium.launch(executable_path=path, args=flags) as browser,
            ):
                show(browser, Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
