"""How workouts, and the parts they earned, read in a sentence or a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from commitcollect_cli.render import award_lines

if TYPE_CHECKING:
    from commitcollect_core.app import CommitCollect
    from commitcollect_core.training.awards import Award
    from commitcollect_core.training.workouts import Workout
    from commitcollect_core.values import TargetType, UserId


def described(workout: Workout) -> str:
    """A workout in a sentence."""
    from commitcollect_adapters.wording.amounts import show_amount
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


def shown_if_given(target_type: TargetType, amount: int) -> str:
    """An amount of a workout; a dash for none, as nothing tells it from one that is not known."""
    from commitcollect_adapters.wording.amounts import show_amount

    return show_amount(target_type, amount) if amount else "-"


def earned_lines(app: CommitCollect, user_id: UserId, awards: Sequence[Award]) -> Iterator[str]:
    """The parts that were just earned."""
    milestones = {
        each: app.tracking.view(user_id, each).milestone
        for each in dict.fromkeys(award.milestone_id for award in awards)
    }
    if awards:
        yield "Parts just earned:"
    yield from award_lines(awards, milestones)
