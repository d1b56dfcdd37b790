"""How soon a page shows its statue, where Chromium draws without a graphics card. Prints, asserts nothing.

Every page is opened in a new context, so nothing comes from a cache.
"""

from __future__ import annotations

import shutil
import statistics
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from browser.shown import DRAWING, FLAGS, PROGRAM, STATUE_DRAWN, new_athlete, shown

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PAGES = 5
_LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"


def seconds_after_load(browser: Browser, address: str) -> float:
    """How long after its load event a page has drawn the statue."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector(STATUE_DRAWN)
    milliseconds = float(page.evaluate(f"performance.now() - {_LOADED}"))
    context.close()
    return milliseconds / 1_000


def main() -> int:
    """Print the seconds with nothing earned, and with everything."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - it may not be installed

    path = shutil.which(PROGRAM)
    if path is None:
        print(f"{PROGRAM} is not installed", file=sys.stderr)
        return 1
    with TemporaryDirectory() as folder, sync_playwright() as driver:
        athlete = new_athlete(Path(folder))
        with (
            shown(athlete) as address,
            driver.chromium.launch(executable_path=path, args=[*FLAGS, *DRAWING]) as browser,
        ):
            for parts, more in ((0, 0), (12, 12)):
                athlete.earn(more)
                found = sorted(seconds_after_load(browser, address) for _ in range(PAGES))
                middle = statistics.median(found)
                print(f"{parts:2} of 12 parts: {middle:.2f} s after load, {found[-1]:.2f} s at most")
    return 0


if __name__ == "__main__":
    sys.exit(main())
