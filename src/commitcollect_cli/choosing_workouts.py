"""Which workout a person means: by id, or by the beginning of an id."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from commitcollect_cli.completing import complete_workout
from commitcollect_cli.options import chained, parse_activity_id
from commitcollect_core.errors import NotFound
from commitcollect_core.values import Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from commitcollect_core.app import CommitCollect
    from commitcollect_core.training.workouts import Workout
    from commitcollect_core.values import ActivityId, UserId, WorkoutKey

_LISTED_MAX = 5

workout_argument = chained(
    click.argument("activity_id", callback=parse_activity_id, shell_complete=complete_workout),
    click.option(
        "--source",
        type=click.Choice([each.value for each in Source]),
        help="Where it came from; needed only if several sources use this id.",
    ),
)
"""The id of a workout or its beginning, and its source where the id leaves that open."""


def stored_workout(app: CommitCollect, user_id: UserId, key: WorkoutKey) -> Workout:
    """A workout that is known to be stored."""
    return app.ports.ledger.read(user_id, [key]).workouts[key]


def chosen_workout(
    app: CommitCollect,
    user_id: UserId,
    activity_id: ActivityId,
    source: str | None,
    *,
    is_deleted: bool = False,
) -> Workout:
    """The workout that is meant: one that is deleted or not as said, else any.

    Raises:
        NotFound: there is none.
        click.UsageError: there are several.
    """
    from commitcollect_core.values import WorkoutKey

    keys = [WorkoutKey(each, activity_id) for each in Source if source in {None, each.value}]
    # The whole ledger is walked only for what is no full id.
    stored = list(app.ports.ledger.read(user_id, keys).workouts.values())
    found = stored or _beginning_with(app, user_id, activity_id, source)
    if not found:
        raise NotFound(
            f"there is no workout {activity_id!r}; 'commitcollect workout list' shows them",
            code="workout_not_found",
        )
    wanted = [each for each in found if each.is_deleted == is_deleted] or found
    if len({each.key.activity_id for each in found}) > 1:
        raise click.UsageError(f"{activity_id!r} may be one of several; there are: {_listed(found)}")
    if len(wanted) > 1:
        sources = " or ".join(each.key.source.value for each in wanted)
        raise click.UsageError(
            f"there are several workouts {activity_id!r}; say which with --source {sources}"
        )
    return wanted[0]


def _beginning_with(app: CommitCollect, user_id: UserId, start: str, source: str | None) -> list[Workout]:
    from commitcollect_core.training.history import walk_workouts
    from commitcollect_core.training.ports import WorkoutQuery

    query = WorkoutQuery(limit=app.policy.training.page_items_max)
    return [
        each
        for each in walk_workouts(app.ports.ledger, user_id, query)
        if each.key.activity_id.startswith(start) and source in {None, each.key.source.value}
    ]


def _listed(found: Sequence[Workout]) -> str:
    ids = [each.key.activity_id for each in found]
    more = f" and {len(ids) - _LISTED_MAX} more" if len(ids) > _LISTED_MAX else ""
    return ", ".join(ids[:_LISTED_MAX]) + more
