"""A person with a goal, and the page that shows its statue."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from attrs import define

from commitcollect_adapters.backend import open_app
from commitcollect_adapters.settings import Settings, load_settings
from commitcollect_adapters.web.loopback import open_site
from commitcollect_cli.statue_export import showing_of
from commitcollect_cli.statue_view import Pages
from commitcollect_core.training.tracking import NewMilestone
from commitcollect_core.training.workouts import ActivitySnapshot
from commitcollect_core.values import ActivityId, MilestoneId, ModelId, Source, TargetType

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


def new_athlete(folder: Path) -> Athlete:
    """An athlete who has earned nothing yet, with a store in a folder."""
    settings, _ = load_settings({"store": str(folder / "store.db"), "user": "ada"}, {}, folder)
    with open_app(settings) as app:
        wish = NewMilestone(
            model_id=ModelId("DRAGON_2026"),
            target_type=TargetType.DISTANCE_METERS,
            total_target=12 * PART_METERS,
            period_start_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
        milestone = app.tracking.create(settings.user, wish).milestone
    return Athlete(settings, milestone.milestone_id)


@contextmanager
def shown(athlete: Athlete) -> Iterator[str]:
    """Serve the athlete's statue; yields where."""
    pages = Pages(partial(showing_of, athlete.settings, athlete.milestone_id, None))
    with open_site(0, pages.site) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.address
        finally:
            server.shutdown()
            thread.join()
