"""``commitcollect workout list``: workouts and what they add up to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from commitcollect_cli.options import limit_option
from commitcollect_cli.output import print_result, say
from commitcollect_cli.render import fitting_table, show_count
from commitcollect_cli.store import list_limit, open_to_read, store_options, suggest
from commitcollect_cli.workout_filters import filter_options, instants, matches
from commitcollect_cli.workout_view import shown_if_given
from commitcollect_core.errors import InvalidInput

if TYPE_CHECKING:
    from commitcollect_adapters.settings import Settings
    from commitcollect_core.training.periods import Totals
    from commitcollect_core.training.ports import WorkoutPosition
    from commitcollect_core.training.sports import SportSelection
    from commitcollect_core.training.workouts import Workout

WORKOUTS_LISTED = 20
_NAME_COLUMNS = 4


class _Position(click.ParamType["WorkoutPosition"]):
    """Where a list of workouts goes on, as an earlier one said."""

    name = "TOKEN"

    def convert(
        self, value: str | WorkoutPosition, param: click.Parameter | None, ctx: click.Context | None
    ) -> WorkoutPosition:
        """Read the token, or refuse it."""
        from commitcollect_adapters.positions import read_position

        if not isinstance(value, str):
            return value
        try:
            return read_position(value)
        except InvalidInput as refused:
            self.fail(refused.message, param, ctx)


@click.command("list")
@limit_option(WORKOUTS_LISTED)
@filter_options
@click.option("--oldest-first", is_flag=True, help="Begin with the oldest instead of the newest.")
@click.option("--after", type=_Position(), help="Go on behind an earlier list.")
@store_options
def list_(
    *,
    settings: Settings,
    limit: int | None,
    sports: SportSelection,
    name: str,
    oldest_first: bool,
    after: WorkoutPosition | None,
    as_json: bool,
    **days: Any,
) -> None:
    """List workouts, newest first, and what they add up to."""
    from commitcollect_adapters.documents import totals_document, workout_document
    from commitcollect_adapters.positions import write_position
    from commitcollect_core.training.history import walk_workouts
    from commitcollect_core.training.ports import WorkoutPosition, WorkoutQuery
    from commitcollect_core.training.sports import ANY_SPORT

    most = list_limit(settings, limit, default=WORKOUTS_LISTED)
    start_at, end_at = instants(days, settings.time_zone)
    query = WorkoutQuery(
        start_at=start_at,
        end_at=end_at,
        newest_first=not oldest_first,
        limit=settings.policy.training.page_items_max,
    )
    with open_to_read(settings) as app:
        # From the first one on, as the total is of all that match, wherever this list begins.
        walked = walk_workouts(app.ports.ledger, settings.user, query)
        matching = (each for each in walked if matches(each, sports, name))
        listed, left, total = _page(matching, after, most, newest_first=query.newest_first)
    next_ = WorkoutPosition(listed[-1].snapshot.started_at, listed[-1].key) if left else None
    document = {
        "workouts": [workout_document(each) for each in listed],
        "next": write_position(next_),
        "total": totals_document(total),
    }
    print_result(document, _listing(listed, total, settings.time_zone), as_json=as_json)
    if as_json:
        return
    if not listed:
        is_part = start_at or end_at or after or name or sports != ANY_SPORT
        suggest(
            "No workouts there."
            if is_part
            else "No workouts; bring some in with 'commitcollect workout import FILE'."
        )
    if next_ is not None:
        say(f"There are {left:,} more: --after {write_position(next_)}")


def _page(
    workouts: Iterable[Workout], after: WorkoutPosition | None, most: int, *, newest_first: bool
) -> tuple[Sequence[Workout], int, Totals]:
    """The workouts behind a position, the number left, and their totals.

    What is left lies behind the last workout listed. The totals are of all workouts but flagged and deleted
    ones, which are listed, and add up to nothing.
    """
    from commitcollect_core.training.periods import Totals

    listed: list[Workout] = []
    left, total = 0, Totals()
    for each in workouts:
        if not each.is_deleted and not each.snapshot.is_flagged:
            total = total.with_one(each)
        if after is not None and not _is_behind(each, after, newest_first=newest_first):
            continue
        if len(listed) < most:
            listed.append(each)
        else:
            left += 1
    return listed, left, total


def _is_behind(workout: Workout, position: WorkoutPosition, *, newest_first: bool) -> bool:
    place, start = (workout.snapshot.started_at, workout.key), (position.started_at, position.key)
    return place < start if newest_first else place > start


def _listing(workouts: Sequence[Workout], total: Totals, time_zone: str) -> Iterator[str]:
    from commitcollect_adapters.wording.amounts import show_amount
    from commitcollect_core.values import TargetType

    if not workouts:
        return
    start = "Start (local)" if time_zone else "Start (UTC)"
    header: tuple[str, ...] = (start, "Sport", "Distance", "Climb", "Moving", "Activity", "Name")
    rows = [(f"{at:%Y-%m-%d %H:%M}", *_cells(each)) for at, each in _starts(workouts, time_zone)]
    sources = [each.snapshot.source.value for each in workouts]
    if len(set(sources)) > 1:
        header = (*header[:-2], "Source", *header[-2:])
        rows = [(*row[:-2], source, *row[-2:]) for row, source in zip(rows, sources, strict=True)]
    yield from fitting_table(header, rows, spare=("Source", "Climb", "Moving"), last_columns=_NAME_COLUMNS)
    amounts = (
        show_amount(TargetType.DISTANCE_METERS, total.distance_meters),
        show_amount(TargetType.ELEVATION_METERS, total.elevation_meters),
        show_amount(TargetType.MOVING_TIME_SECONDS, total.moving_seconds),
    )
    yield f"Total: {show_count(total.workouts, 'workout', 'workouts')}, {', '.join(amounts)}."


def _starts(workouts: Sequence[Workout], time_zone: str) -> Iterator[tuple[datetime, Workout]]:
    """Each workout with its start by the clocks on the spot, else of the time zone; of UTC without one."""
    starts = [each.snapshot.started_at for each in workouts]
    if not time_zone:
        yield from zip(starts, workouts, strict=True)
        return
    from commitcollect_adapters.time_zones import local_time

    place = local_time(time_zone, min(starts), max(starts))
    for at, each in zip(starts, workouts, strict=True):
        own = each.snapshot.utc_offset_seconds
        yield at + timedelta(seconds=place.offset_seconds(at) if own is None else own), each


def _cells(workout: Workout) -> tuple[str, ...]:
    from commitcollect_core.values import TargetType

    snapshot = workout.snapshot
    # In front of the name, of which a narrow terminal cuts the end.
    marks = ("(deleted) " if workout.is_deleted else "") + ("(flagged) " if snapshot.is_flagged else "")
    return (
        snapshot.sport_type,
        shown_if_given(TargetType.DISTANCE_METERS, snapshot.distance_meters),
        shown_if_given(TargetType.ELEVATION_METERS, snapshot.elevation_meters),
        shown_if_given(TargetType.MOVING_TIME_SECONDS, snapshot.moving_seconds),
        snapshot.activity_id,
        marks + snapshot.name,
    )
