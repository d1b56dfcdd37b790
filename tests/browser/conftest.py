"""A real browser, and a real milestone served to it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from attrs import define

from commitcollect_adapters.backend import open_app
from commitcollect_adapters.settings import Settings, load_settings
from commitcollect_adapters.web.loopback import open_site
from commitcollect_cli.statue_export import showing_of
from commitcollect_cli.statue_view import Pages
from commitcollect_core.training.tracking import NewMilestone
from commitcollect_core.training.workouts import ActivitySnapshot
from commitcollect_core.values import ActivityId, MilestoneId, ModelId, Source, TargetType
from needs import missing, program

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

    from browser.eyes import Viewed

PROGRAM = "chromium"
FLAGS = (
    "--headless", "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
DRAWING = ("--use-angle=swiftshader", "--use-gl=angle", "--enable-unsafe-swiftshader")
"""WebGL without a graphics card."""
PART_METERS = 10_000
STATUE_DRAWN = "#stage[data-state]"
"""The statue was drawn, or cannot be."""


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """What drives the browser."""
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - it may not be installed
    except ImportError:
        missing("playwright is not installed; nox -s tests installs it")
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def launch(playwright: Playwright) -> Callable[..., Browser]:
    """Starts a browser with flags."""
    path = program(PROGRAM)
    return lambda *flags: playwright.chromium.launch(executable_path=path, args=[*FLAGS, *flags])


@pytest.fixture(scope="session")
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


@define
class Athlete:
    """A person with a milestone of 120 km, a part for each 10 km, on a store of their own."""

    settings: Settings
    milestone_id: MilestoneId
    workouts: int = 0

    def earn(self, parts: int) -> None:
        """Run far enough for so many more parts."""
        with open_app(self.settings) as app:
            run = ActivitySnapshot(
                source=Source.MANUAL,
                activity_id=ActivityId(f"run-{self.workouts}"),
                sport_type="Run",
                started_at=datetime(2026, 3, 1 + self.workouts, 7, tzinfo=UTC),
                distance_meters=parts * PART_METERS,
            )
            app.ingestion.ingest(self.settings.user, [run])
        self.workouts += 1


@pytest.fixture
def athlete(tmp_path: Path) -> Athlete:
    """An athlete who has earned nothing yet."""
    settings, _ = load_settings({"store": str(tmp_path / "store.db"), "user": "ada"}, {}, tmp_path)
    with open_app(settings) as app:
        wish = NewMilestone(
            model_id=ModelId("DRAGON_2026"),
            target_type=TargetType.DISTANCE_METERS,
            total_target=12 * PART_METERS,
            period_start_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
        milestone = app.tracking.create(settings.user, wish).milestone
    return Athlete(settings, milestone.milestone_id)


@pytest.fixture
def address(athlete: Athlete) -> Iterator[str]:
    """Where the athlete's statue is shown."""
    pages = Pages(partial(showing_of, athlete.settings, athlete.milestone_id, None))
    with open_site(0, pages.site) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server.address
        server.shutdown()
        thread.join()
