"""``commitcollect workout show``, ``edit`` and ``undelete``: one workout."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any

import click

from commitcollect_cli.choosing_workouts import chosen_workout, stored_workout, workout_argument
from commitcollect_cli.completing import complete_sport_type
from commitcollect_cli.options import Amount, Instant
from commitcollect_cli.output import print_result, say
from commitcollect_cli.store import open_to_read, store_options
from commitcollect_cli.workout import (
    described,
    earned_lines,
    offset_seconds,
    shown_if_given,
)
from commitcollect_core.errors import Conflict

if TYPE_CHECKING:
    from commitcollect_adapters.settings import Settings
    from commitcollect_core.app import CommitCollect
    from commitcollect_core.training.committing import Committed
    from commitcollect_core.training.workouts import ActivitySnapshot, Workout
    from commitcollect_core.values import ActivityId, WorkoutKey


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
