"""CommitCollect inside your own program: wire a store, open a milestone, take activities in.

Run it: ``python examples/embed_library.py``.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from commitcollect_adapters import in_memory
from commitcollect_core import (
    ActivityGone,
    ActivityId,
    ActivitySnapshot,
    CommitCollect,
    ModelId,
    NewMilestone,
    Source,
    SportSelection,
    TargetType,
    UserId,
)

ATHLETE = UserId("ada")
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def ride(number: int) -> ActivitySnapshot:
    """A made-up weekly ride."""
    return ActivitySnapshot(
        source=Source.MANUAL,
        activity_id=ActivityId(f"ride-{number}"),
        sport_type="GravelRide",
        started_at=NEW_YEAR + timedelta(weeks=number),
        distance_meters=31_000,
        moving_seconds=4_800,
    )


def main() -> None:
    """Ten rides, one of them withdrawn; the parts stay."""
    with in_memory() as app:
        show_season(app)


def show_season(app: CommitCollect) -> None:
    """Open a milestone and bring the rides in."""
    wish = NewMilestone(
        model_id=ModelId("DRAGON_2026"),
        sports=SportSelection.parse(["RIDE"]),
        target_type=TargetType.DISTANCE_METERS,
        total_target=600_000,
        period_start_at=NEW_YEAR,
        period_end_at=NEW_YEAR + timedelta(days=365),
    )
    milestone_id = app.tracking.create(ATHLETE, wish).milestone.milestone_id
    for number in range(10):
        for award in app.ingestion.ingest(ATHLETE, [ride(number)]).awards:
            print(f"ride {number}: earned {award.part_name}")
    app.ingestion.ingest(ATHLETE, [ActivityGone(key=ride(9).key)])
    view = app.tracking.view(ATHLETE, milestone_id)
    print(f"live sum {view.milestone.progress.current_value} m", end=", ")
    print(f"progress {view.milestone.progress.progress_value} m, {len(view.awards)} parts")


if __name__ == "__main__":
    main()
