"""``commitcollect workout import``: bring in activities from files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commitcollect_cli.output import print_result, progress
from commitcollect_cli.render import show_count
from commitcollect_cli.store import store_options
from commitcollect_cli.workout_view import earned_lines

if TYPE_CHECKING:
    from commitcollect_adapters.settings import Settings
    from commitcollect_adapters.sqlite.staging import StagedHistory
    from commitcollect_core.app import CommitCollect
    from commitcollect_core.training.workouts import ActivitySnapshot


@click.command("import")
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
