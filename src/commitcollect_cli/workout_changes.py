"""``commitcollect workout show``, ``add``, ``edit``, ``delete`` and ``undelete``: one workout."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any

import click

from commitcollect_cli.choosing_workouts import chosen_workout, stored_workout, workout_argument
from commitcollect_cli.completing import complete_sport_type
from commitcollect_cli.options import Amount, Instant, dry_run_option
from commitcollect_cli.output import print_result, say
from commitcollect_cli.store import open_to_read, store_options
from commitcollect_cli.workout_view import described, earned_lines, shown_if_given
from commitcollect_core.errors import Conflict, InvalidInput
from commitcollect_core.values import Source

if TYPE_CHECKING:
    from commitcollect_adapters.settings import Settings
    from commitcollect_core.app import CommitCollect
    from commitcollect_core.training.committing import Committed
    from commitcollect_core.training.workouts import ActivitySnapshot, Workout
    from commitcollect_core.values import ActivityId, UserId, WorkoutKey


@click.command("show")
@workout_argument
@store_options
def show_(*, settings: Settings, activity_id: ActivityId, source: str | None, as_json: bool) -> None:
    """Show all that is stored of a workout."""
    from commitcollect_adapters.documents import workout_document

    with open_to_read(settings) as app:
        found = chosen_workout(app, settings.user, activity_id, source)
    print_result(workout_document(found), _lines(found), as_json=as_json)


def _lines(workout: Workout) -> Iterator[str]:
    from commitcollect_core.values import TargetType

    snapshot = workout.snapshot
    start = f"{snapshot.started_at:%Y-%m-%d %H:%M:%S} UTC"
    if snapshot.utc_offset_seconds:
        local = snapshot.started_at + timedelta(seconds=snapshot.utc_offset_seconds)
        start += f", {local:%Y-%m-%d %H:%M} on the spot"
    state = f"deleted on {workout.deleted_at:%Y-%m-%d}" if workout.deleted_at is not None else ""
    for label, text in (
        ("Activity", f"{snapshot.activity_id} ({snapshot.source.value})"),
        ("Name", snapshot.name),
        ("Sport", snapshot.sport_type),
        ("Start", start),
        ("Distance", shown_if_given(TargetType.DISTANCE_METERS, snapshot.distance_meters)),
        ("Climb", shown_if_given(TargetType.ELEVATION_METERS, snapshot.elevation_meters)),
        ("Moving", shown_if_given(TargetType.MOVING_TIME_SECONDS, snapshot.moving_seconds)),
        ("Elapsed", shown_if_given(TargetType.MOVING_TIME_SECONDS, snapshot.elapsed_seconds)),
        ("State", state or ("flagged at the source" if snapshot.is_flagged else "counts")),
        ("Version", f"{workout.version}, taken in on {workout.fetched_at:%Y-%m-%d}"),
    ):
        yield f"{label:<8}  {text or '-'}"


@click.command()
@workout_argument
@click.option(
    "--sport-type",
    metavar="NAME",
    shell_complete=complete_sport_type,
    help="As Strava names it, such as Run or TrailRun.",
)
@click.option("--start", "started_at", type=Instant(), help="Such as 2026-01-31T07:00Z.")
@click.option("--distance", "distance_meters", type=Amount("distance"), help="Such as 10.2km.")
@click.option("--elevation", "elevation_meters", type=Amount("elevation"), help="Climbed, such as 120m.")
@click.option("--moving", "moving_seconds", type=Amount("time"), help="Time in motion, such as 52min.")
@click.option("--elapsed", "elapsed_seconds", type=Amount("time"), help="Time from start to end.")
@click.option("--name", help="What to call it; an empty one takes the name away.")
@store_options
def edit(
    *, settings: Settings, activity_id: ActivityId, source: str | None, as_json: bool, **given: Any
) -> None:
    """Correct a workout. What is not given stays; parts once earned stay too."""
    from commitcollect_adapters.services import open_audited_app
    from commitcollect_core.values import Source

    changes = {name: value for name, value in given.items() if value is not None}
    if not changes:
        raise click.UsageError("say what to change, such as --distance 10.2km or --name TEXT")
    with open_audited_app(settings, must_exist=True) as (app, record):
        before = chosen_workout(app, settings.user, activity_id, source)
        if before.is_deleted:
            raise Conflict(
                f"workout {activity_id!r} is deleted; first bring it back with 'workout undelete'",
                code="workout_deleted",
            )
        after = _edited(before.snapshot, changes, app)
        if {"moving_seconds", "elapsed_seconds"} & {*changes}:
            _check_times(after)
        committed = app.ingestion.ingest(settings.user, [after])
        record(committed)
        _print_change(app, settings, after.key, committed, "Changed", as_json=as_json)
    if not as_json and before.key.source is not Source.MANUAL:
        say("A later import of the same activity overwrites this.")


def _edited(snapshot: ActivitySnapshot, changes: dict[str, Any], app: CommitCollect) -> ActivitySnapshot:
    from attrs import evolve

    from commitcollect_adapters.readers.fields import clean_name, clean_text
    from commitcollect_core.training.sports import known_sport_type

    if "name" in changes:
        changes["name"] = clean_name(changes["name"], app.policy)
    if "sport_type" in changes:
        given = changes["sport_type"]
        changes["sport_type"] = known_sport_type(given) or clean_text(given)
    if "started_at" in changes:
        changes["utc_offset_seconds"] = offset_seconds(changes["started_at"])
    return evolve(snapshot, **changes)


@click.command()
@workout_argument
@store_options
def undelete(*, settings: Settings, activity_id: ActivityId, source: str | None, as_json: bool) -> None:
    """Bring a deleted workout back, so that it counts again."""
    from commitcollect_adapters.services import open_audited_app

    with open_audited_app(settings, must_exist=True) as (app, record):
        found = chosen_workout(app, settings.user, activity_id, source, is_deleted=True)
        if found.is_erased:
            raise Conflict(
                f"workout {activity_id!r} was erased, so nothing of it is left; import it again",
                code="workout_erased",
            )
        verb = "Brought back" if found.is_deleted else "Was not deleted:"
        committed = app.ingestion.ingest(settings.user, [found.snapshot])
        record(committed)
        _print_change(app, settings, found.key, committed, verb, as_json=as_json)


def _print_change(
    app: CommitCollect, settings: Settings, key: WorkoutKey, committed: Committed, verb: str, *, as_json: bool
) -> None:
    """Print what became of one workout, and what it earned."""
    from commitcollect_adapters.documents import new_award_document, workout_document

    awards = committed.awards
    after = stored_workout(app, settings.user, key)
    document = {"workout": workout_document(after), "awards": [*map(new_award_document, awards)]}
    lines = chain([f"{verb} {described(after)}."], earned_lines(app, settings.user, awards))
    print_result(document, lines, as_json=as_json)


@click.command()
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
        _check_times(snapshot)
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


def _check_times(snapshot: ActivitySnapshot) -> None:
    """Refuse what a person mistyped; files of devices may have it, and are taken as they are."""
    from commitcollect_core.values import TargetType

    if 0 < snapshot.elapsed_seconds < snapshot.moving_seconds:
        moving, elapsed = (
            shown_if_given(TargetType.MOVING_TIME_SECONDS, each)
            for each in (snapshot.moving_seconds, snapshot.elapsed_seconds)
        )
        raise InvalidInput(
            f"{moving} in motion are more than {elapsed} from start to end; give a longer --elapsed, or none",
            field="elapsed_seconds",
        )


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


@click.command()
@workout_argument
@dry_run_option
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
