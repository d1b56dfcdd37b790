"""``commitcollect workout``: what an athlete has done."""

from __future__ import annotations

import click

from commitcollect_cli.late import Late, LateGroup

_LATE = {
    "import": Late("workout_import:import_", "Bring in the activities of FILES."),
    "list": Late("workout_list:list_", "List workouts, newest first, and what they add up to."),
    "show": Late("workout_changes:show_", "Show all that is stored of a workout."),
    "add": Late("workout_changes:add", "Add a workout by hand."),
    "edit": Late("workout_changes:edit", "Correct a workout."),
    "delete": Late("workout_changes:delete", "Delete a workout."),
    "undelete": Late("workout_changes:undelete", "Bring a deleted workout back."),
    "export": Late("workout_export:export", "Write workouts to a file as CSV or JSON."),
}


@click.group(cls=LateGroup, late=_LATE)
def workout() -> None:
    """Bring workouts in, look at them, delete them."""
