"""``commitcollect workout``: what an athlete has done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commitcollect_cli.choosing_workouts import chosen_workout, stored_workout, workout_argument
from commitcollect_cli.completing import complete_sport, complete_sport_type
from commitcollect_cli.late import Late, LateGroup
from commitcollect_cli.options import (
    Amount,
    Instant,
    limit_option,
    parse_sports,
    span_of,
    span_options,
)
from commitcollect_cli.output import print_result, progress, say
from commitcollect_cli.render import award_lines, fitting_table, show_count
from commitcollect_cli.store import list_limit, open_to_read, store_options
from commitcollect_core.errors import Conflict, InvalidInput
from commitcollect_core.values import Source

if TYPE_CHECKING:
    from commitcollect_adapters.settings import Settings
    from commitcollect_adapters.sqlite.staging import StagedHistory
    from commitcollect_core.app import CommitCollect
    from commitcollect_core.training.awards import Award
    from commitcollect_core.training.periods import Totals
    from commitcollect_core.training.ports import WorkoutPosition
    from commitcollect_core.training.sports import SportSelection
    from commitcollect_core.training.workouts import ActivitySnapshot, Workout
    from commitcollect_core.values import ActivityId, TargetType, UserId

WORKOUTS_LISTED = 20
_NAME_COLUMNS = 4


_LATE = {
    "show": Late("workout_changes:show_", "Show all that is stored of a workout."),
    "edit": Late("workout_changes:edit", "Correct a workout."),
    "export": Late("workout_export:export", "Write workouts to a file as CSV or JSON."),
    "undelete": Late("workout_changes:undelete", "Bring a deleted workout back."),
}


@click.group(cls=LateGroup, late=_LATE)
def workout() -> None:
    """Bring workouts in, look at them, delete them."""


@workout.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@store_options
def import_(*, settings: Settings, files: tuple[Path, ...], as_json: bool) -> int:
    """Bring in the activities of FILES.

    FILES are a Strava bulk export (the zip, the folder it was unpacked to, or its activities.csv), a list of
    activities as JSON or CSV as Strava's API and tools write it, or a table of Garmin Connect or Runkeeper.
    '-' is standard input. Importing again changes nothing, but for what changed at the source.
    """
    from commitcollect_adapters.documents import new_award_document

    # The readers cost more to import than the other commands of this group take to run.
    from commitcollect_adapters.readers.intake import Intake
    from commitcollect_adapters.services import open_audited_app
    from commitcollect_adapters.system import SystemClock
    from commitcollect_cli.history import exit_code_of, read_files, say_left_out, staged
    from commitcollect_core.training.awards import Award

    intake = Intake(policy=settings.policy)
    changed, awards = 0, list[Award]()
    app: CommitCollect | None = None
    # Read before the store is opened: files with nothing readable in them leave no new store behind.
    with staged(read_files(intake, files, now=SystemClock().now())) as history, ExitStack() as stack:
        imported = len(history)
        if imported:
            app, record = stack.enter_context(open_audited_app(settings))
            with progress("Importing", imported) as advance:
                # One batch at a time: neither the history nor what was committed of it has to fit in memory.
                for batch in app.ingestion.ingest_all(settings.user, _Walks(history)):
                    advance(app.ingestion.batch_items)
                    record(batch)
                    changed += batch.workouts_changed
                    awards += batch.awards
        counts = {"imported": imported, "changed": changed, "unchanged": imported - changed}
        document = {"workouts": {**counts, **intake.document()}, "awards": [*map(new_award_document, awards)]}
        line = f"{show_count(imported, 'activity', 'activities')}, {changed:,} of them new or changed."
        earned = () if app is None else earned_lines(app, settings.user, awards)
        print_result(document, chain([line], earned), as_json=as_json)
    if not as_json:
        say_left_out(intake)
    return exit_code_of(intake)


class _Walks:
    """A staged history that can be walked more than once."""

    def __init__(self, history: StagedHistory) -> None:
        self._history = history

    def __iter__(self) -> Iterator[ActivitySnapshot]:
        return self._history.deliveries()


class _Position(click.ParamType["WorkoutPosition"]):
    """Where a list of workouts goes on, as an earlier one said."""

    name = "TOKEN"

    def convert(
        self, value: str | WorkoutPosition, param: click.Parameter | None, ctx: click.Context | None
    ) -> WorkoutPosition:
        """Read the token, or refuse it."""
        from commitcollect_core.training.ports import WorkoutPosition
        from commitcollect_core.values import ActivityId, WorkoutKey, require_id

        if isinstance(value, WorkoutPosition):
            return value
        try:
            started_at, source, activity_id = value.split(":")
            require_id(activity_id, "activity_id")
            key = WorkoutKey(Source(source), ActivityId(activity_id))
            return WorkoutPosition(datetime.fromtimestamp(int(started_at), UTC), key)
        except (ValueError, OverflowError, OSError, InvalidInput):
            self.fail(f"{value!r} is not what a list named as its next", param, ctx)


def _token(position: WorkoutPosition | None) -> str | None:
    from commitcollect_adapters.records.columns import epoch

    return None if position is None else ":".join((str(epoch(position.started_at)), *position.key))


@workout.command("list")
@limit_option(WORKOUTS_LISTED)
@span_options("workouts")
@click.option(
    "--sport",
    "sports",
    shell_complete=complete_sport,
    multiple=True,
    callback=parse_sports,
    metavar="NAME",
    help="Only this sport group (RUN, RIDE, …) or type (TrailRun); may be repeated.",
)
@click.option("--name", default="", metavar="TEXT", help="Only those with TEXT in their name, in any case.")
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
    from commitcollect_core.training.history import walk_workouts
    from commitcollect_core.training.ports import WorkoutPosition, WorkoutQuery
    from commitcollect_core.training.sports import ANY_SPORT

    most = list_limit(settings, limit, default=WORKOUTS_LISTED)
    start_at, end_at = instants(days, settings.time_zone)
    query = WorkoutQuery(
        start_at=start_at,
        end_at=end_at,
        newest_first=not oldest_first,
        after=after,
        limit=settings.policy.training.page_items_max,
    )
    with open_to_read(settings) as app:
        found = walk_workouts(app.ports.ledger, settings.user, query)
        matching = (each for each in found if matches(each, sports, name))
        listed = list(islice(matching, most))
        total, more = _added_up(chain(listed, matching))
    next_ = None
    if more > len(listed):
        next_ = WorkoutPosition(listed[-1].snapshot.started_at, listed[-1].key)
    document = {
        "workouts": [workout_document(each) for each in listed],
        "next": _token(next_),
        "total": totals_document(total),
    }
    print_result(document, _listing(listed, total, settings.time_zone), as_json=as_json)
    if as_json:
        return
    if not listed:
        is_part = start_at or end_at or after or name or sports != ANY_SPORT
        say(
            "No workouts there."
            if is_part
            else "No workouts; bring some in with 'commitcollect workout import FILE'."
        )
    if next_ is not None:
        say(f"There are {more - len(listed):,} more: --after {_token(next_)}")


def instants(days: Mapping[str, Any], time_zone: str) -> tuple[datetime | None, datetime | None]:
    """The first instant of the days that are meant, and that of the day behind the last."""
    start, end = span_of(
        start=days["start_day"],
        end=days["end_day"],
        through=days["last_day"],
        year=days["year"],
        month=days["month"],
    )
    if start is not None and end is not None and end <= start:
        raise click.UsageError("the last day lies before the first one; no workout can be between them")
    known = [each for each in (start, end) if each is not None]
    if not time_zone or not known:
        return start, end
    from commitcollect_adapters.time_zones import local_time

    place = local_time(time_zone, min(known), max(known))
    first, last = (None if each is None else place.start_of(each.date().toordinal()) for each in (start, end))
    return first, last


def matches(workout: Workout, sports: SportSelection, name: str) -> bool:
    """Whether a workout is of these sports and has this text in its name."""
    snapshot = workout.snapshot
    return sports.covers(snapshot.sport_type) and name.casefold() in snapshot.name.casefold()


def _added_up(workouts: Iterable[Workout]) -> tuple[Totals, int]:
    """What they add up to without flagged and deleted ones, and how many there are with these."""
    from commitcollect_core.training.periods import Totals

    total, count = Totals(), 0
    for count, each in enumerate(workouts, start=1):  # noqa: B007 - used behind the loop
        if not each.is_deleted and not each.snapshot.is_flagged:
            total = total.with_one(each)
    return total, count


def _listing(workouts: Sequence[Workout], total: Totals, time_zone: str) -> Iterator[str]:
    from commitcollect_adapters.wording.units import show_amount
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


def shown_if_given(target_type: TargetType, amount: int) -> str:
    """An amount of a workout; a dash for none, as nothing tells it from one that is not known."""
    from commitcollect_adapters.wording.units import show_amount

    return show_amount(target_type, amount) if amount else "-"


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


@workout.command()
@click.option(
    "--sport-type",
    required=True,
    shell_complete=complete_sport_type,
    metavar="NAME",
    help="As Strava names it, such as Run or TrailRun.",
)
@click.option(
    "--start",
    "started_at",
    type=Instant(),
    required=True,
    help="Such as 2026-01-31T07:00Z; without a zone, in time_zone of the settings.",
)
@click.option("--distance", "distance_meters", type=Amount("distance"), default=0, help="Such as 10.2km.")
@click.option(
    "--elevation", "elevation_meters", type=Amount("elevation"), default=0, help="Climbed, such as 120m."
)
@click.option(
    "--moving", "moving_seconds", type=Amount("time"), default=0, help="Time in motion, such as 52min."
)
@click.option("--elapsed", "elapsed_seconds", type=Amount("time"), default=0, help="Time from start to end.")
@click.option("--name", default="", help="What to call it.")
@click.option("--again", is_flag=True, help="Add it also where another workout is stored at that time.")
@store_options
def add(
    *,
    settings: Settings,
    sport_type: str,
    started_at: datetime,
    distance_meters: int,
    elevation_meters: int,
    moving_seconds: int,
    elapsed_seconds: int,
    name: str,
    again: bool,
    as_json: bool,
) -> None:
    """Add a workout by hand."""
    from commitcollect_adapters.documents import new_award_document, workout_document
    from commitcollect_adapters.readers.fields import clean_name, clean_text, sport_warning
    from commitcollect_adapters.services import open_audited_app
    from commitcollect_core.training.sports import known_sport_type
    from commitcollect_core.training.workouts import ActivitySnapshot

    sport = known_sport_type(sport_type) or clean_text(sport_type)
    with open_audited_app(settings) as (app, record):
        snapshot = ActivitySnapshot(
            source=Source.MANUAL,
            activity_id=app.ports.ids.activity_id(),
            sport_type=sport,
            started_at=started_at,
            utc_offset_seconds=offset_seconds(started_at),
            distance_meters=distance_meters,
            elevation_meters=elevation_meters,
            moving_seconds=moving_seconds,
            elapsed_seconds=elapsed_seconds,
            name=clean_name(name, app.policy),
        )
        snapshot.check(app.policy, now=app.context.now())
        if not again:
            _refuse_overlap(app, settings.user, snapshot)
        committed = app.ingestion.ingest(settings.user, [snapshot])
        record(committed)
        awards = committed.awards
        added = stored_workout(app, settings.user, snapshot.key)
        document = {"workout": workout_document(added), "awards": [*map(new_award_document, awards)]}
        lines = chain([f"Added {described(added)}."], earned_lines(app, settings.user, awards))
        print_result(document, lines, as_json=as_json)
    if not as_json and (warning := sport_warning(sport)) is not None:
        say(f"Note: {warning}")


def _refuse_overlap(app: CommitCollect, user_id: UserId, snapshot: ActivitySnapshot) -> None:
    from commitcollect_core.training.history import overlapping

    for each in overlapping(app.ports.ledger, user_id, snapshot, app.policy):
        raise Conflict(
            f"at that time there is {described(each)}; give --again to add this workout too",
            code="workout_overlaps",
            field="start",
        )


def offset_seconds(started_at: datetime) -> int | None:
    """The place's offset from UTC; a time in UTC says nothing about the place."""
    offset = started_at.utcoffset()
    return int(offset.total_seconds()) if offset else None


@workout.command()
@workout_argument
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Only say what would be deleted.")
@store_options
def delete(
    *, settings: Settings, activity_id: ActivityId, source: str | None, is_dry_run: bool, as_json: bool
) -> None:
    """Delete a workout.

    It no longer counts; progress and parts once reached stay. 'undelete' brings it back, and so does
    importing the same activity again.
    """
    from commitcollect_adapters.documents import workout_document
    from commitcollect_adapters.services import open_audited_app
    from commitcollect_core.training.workouts import ActivityGone

    with open_audited_app(settings, must_exist=True) as (app, record):
        found = chosen_workout(app, settings.user, activity_id, source)
        was_deleted = found.is_deleted
        if not is_dry_run:
            record(app.ingestion.ingest(settings.user, [ActivityGone(key=found.key)]))
            found = stored_workout(app, settings.user, found.key)
    document = {"isDryRun": is_dry_run, "wasDeleted": was_deleted, "workout": workout_document(found)}
    verb = "Was deleted before:" if was_deleted else "Would delete" if is_dry_run else "Deleted"
    print_result(document, [f"{verb} {described(found)}."], as_json=as_json)
    if as_json:
        return
    say("Progress and parts once reached stay.")
    if found.key.source is not Source.MANUAL:
        say("A later import of the same activity brings it back.")


def described(workout: Workout) -> str:
    """A workout in a sentence."""
    from commitcollect_adapters.wording.units import show_amount
    from commitcollect_core.values import TargetType

    snapshot = workout.snapshot
    amounts = (
        (TargetType.DISTANCE_METERS, snapshot.distance_meters),
        (TargetType.MOVING_TIME_SECONDS, snapshot.moving_seconds),
    )
    start = f"{snapshot.started_at:%Y-%m-%d %H:%M} UTC"
    known = [show_amount(of, amount) for of, amount in amounts if amount]
    facts = [snapshot.sport_type, start, *known[:1]]
    return f"{snapshot.activity_id} ({snapshot.source.value}): {', '.join(facts)}"


def earned_lines(app: CommitCollect, user_id: UserId, awards: Sequence[Award]) -> Iterator[str]:
    """The parts that were just earned."""
    milestones = {
        each: app.tracking.view(user_id, each).milestone
        for each in dict.fromkeys(award.milestone_id for award in awards)
    }
    if awards:
        yield "Parts just earned:"
    yield from award_lines(awards, milestones)
