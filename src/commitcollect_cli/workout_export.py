"""``commitcollect workout export``: workouts as a file for other programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commitcollect_cli.output import print_json, print_result, say, show, with_iso_times
from commitcollect_cli.render import show_count
from commitcollect_cli.saving import save
from commitcollect_cli.store import open_to_read, store_options
from commitcollect_cli.workout_filters import filter_options, instants, matches

if TYPE_CHECKING:
    from commitcollect_adapters.settings import Settings
    from commitcollect_core.training.sports import SportSelection
    from commitcollect_core.training.workouts import Workout

_FORMATS = ("csv", "json")
_STDOUT = "-"


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--format", "form", type=click.Choice(_FORMATS), help="Default: as FILE ends; csv for standard output."
)
@filter_options
@click.option("--force", is_flag=True, help="Overwrite FILE.")
@store_options
def export(
    *,
    settings: Settings,
    file: Path,
    form: str | None,
    sports: SportSelection,
    name: str,
    force: bool,
    as_json: bool,
    **days: Any,
) -> None:
    """Write workouts to FILE as CSV or JSON, the oldest first. Deleted ones are left out.

    '-' is standard output.
    """
    from commitcollect_core.training.history import walk_workouts
    from commitcollect_core.training.ports import WorkoutQuery

    form = _form(file, form, as_json=as_json)
    start_at, end_at = instants(days, settings.time_zone)
    query = WorkoutQuery(start_at=start_at, end_at=end_at, limit=settings.policy.training.page_items_max)
    with open_to_read(settings) as app:
        found = walk_workouts(app.ports.ledger, settings.user, query)
        rows = [_row(each) for each in found if not each.is_deleted and matches(each, sports, name)]
    count = show_count(len(rows), "workout", "workouts")
    if str(file) == _STDOUT:
        _print(rows, form)
        say(f"Wrote {count}.")
        return
    text = _as_csv(rows) if form == "csv" else json.dumps({"workouts": rows}, ensure_ascii=False, indent=2)
    save({file: text.encode()}, folder=None, force=force, asked_as="FILE")
    line = f"Saved {count} to {file}."
    print_result({"file": str(file), "workouts": len(rows)}, [line], as_json=as_json)


def _print(rows: list[dict[str, Any]], form: str) -> None:
    if form == "json":
        print_json({"workouts": rows})
    else:
        show(_as_csv(rows).rstrip("\r\n"))


def _form(file: Path, form: str | None, *, as_json: bool) -> str:
    """What the file is to hold.

    Raises:
        click.UsageError: its name does not say, or ``--json`` asks for something else on standard output.
    """
    if str(file) == _STDOUT:
        form = form or ("json" if as_json else "csv")
        if as_json and form != "json":
            raise click.UsageError("--json prints one JSON object; leave it out, or --format csv")
    form = form or file.suffix.removeprefix(".").lower()
    if form not in _FORMATS:
        raise click.UsageError(f"{str(file)!r} ends neither in .csv nor in .json; give --format csv or json")
    return form


def _row(workout: Workout) -> dict[str, Any]:
    """A workout as `workout list --json` has it."""
    from commitcollect_adapters.documents import workout_document

    row: dict[str, Any] = with_iso_times(workout_document(workout))
    return row


_COLUMNS = (
    "startAt", "source", "activityId", "activityName", "sportType", "utcOffsetSeconds", "distanceMeters",
    "totalElevationGainMeters", "movingTimeSeconds", "elapsedTimeSeconds", "isFlagged",
)  # fmt: skip


def _as_csv(rows: Iterable[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
