"""The laws, as checks on what a ledger holds and on how it got there.

Here the core's values become the oracle's plain ones; nothing that measures is taken from the core.
"""

from __future__ import annotations

from attrs import fields

import fold_oracle
import oracle
from commitcollect_adapters.testing.dumps import LedgerDump
from commitcollect_core.training.goals import Aim, Goal
from commitcollect_core.training.ledger import LedgerState
from commitcollect_core.training.milestones import Milestone, MilestoneStatus
from commitcollect_core.training.workouts import ActivityGone, ActivitySnapshot, Found


def effort_of(snapshot: ActivitySnapshot) -> oracle.Effort:
    """A snapshot as the oracle sees it."""
    return oracle.Effort(
        sport_type=snapshot.sport_type,
        start=int(snapshot.started_at.timestamp()),
        distance=snapshot.distance_meters,
        elevation=snapshot.elevation_meters,
        moving=snapshot.moving_seconds,
        is_flagged=snapshot.is_flagged,
        offset=snapshot.utc_offset_seconds,
    )


def report_of(found: Found) -> oracle.Report:
    """What a source found as the oracle sees it."""
    match found:
        case ActivitySnapshot():
            return found.key, effort_of(found)
        case ActivityGone():
            return found.key, None


def aim_of(goal: Goal) -> oracle.Aim:
    """A goal as the oracle sees it."""
    aim = _aim_of(goal, goal)
    return aim._replace(all_of=tuple(_aim_of(each, goal) for each in goal.all_of))


def _aim_of(aim: Aim | Goal, goal: Goal) -> oracle.Aim:
    end, place = goal.period_end_at, goal.local_time
    attributes = {each.name: getattr(aim.fold, each.name) for each in fields(type(aim.fold))}
    return oracle.Aim(
        sports=aim.sports.names,
        counts=aim.target_type.value,
        target=aim.total_target,
        parts=goal.parts_total,
        start=int(goal.period_start_at.timestamp()),
        end=None if end is None else int(end.timestamp()),
        fold=fold_oracle.Fold(type(aim.fold).__name__, **attributes),
        place=None if place is None else fold_oracle.Place(place.offsets),
    )


def efforts_of(dump: LedgerDump) -> list[oracle.Effort]:
    """The stored workouts that are not tombstones."""
    return [effort_of(workout.snapshot) for workout in dump.by_start if workout.deleted_at is None]


def check_state(dump: LedgerDump) -> None:
    """Whatever was written last, this is a legal ledger."""
    assert dump.head.workout_count == len(efforts_of(dump))
    assert dump.by_key == {workout.key: workout for workout in dump.by_start}
    assert set(dump.head.tracked_milestone_ids) <= set(dump.milestones)
    for milestone in dump.milestones.values():
        _check_milestone(milestone, dump)


def _check_milestone(milestone: Milestone, dump: LedgerDump) -> None:
    aim, progress = aim_of(milestone.goal), milestone.progress
    if milestone.milestone_id in dump.head.tracked_milestone_ids:
        total = oracle.total(aim, efforts_of(dump))
        assert progress.current_value <= total if progress.is_stale else progress.current_value == total
    assert progress.progress_value >= progress.current_value
    awards = dump.awards[milestone.milestone_id]
    assert [award.part_index for award in awards] == list(range(1, milestone.parts_awarded + 1))
    missing = oracle.parts(aim, progress.progress_value) - milestone.parts_awarded
    assert missing >= 0
    assert (milestone.owed is not None) == (missing > 0)
    is_whole = len(awards) == aim.parts
    assert (milestone.status is MilestoneStatus.COMPLETED) == is_whole
    assert milestone.completed_at == (awards[-1].awarded_at if is_whole else None)
    assert milestone.last_awarded_at == (awards[-1].awarded_at if awards else None)


def check_step(before: LedgerDump, after: LedgerDump) -> None:
    """One commit is one version of the head, and takes nothing back."""
    assert after.head.version == before.head.version + 1
    check_kept(before, after)


def check_kept(before: LedgerDump, after: LedgerDump) -> None:
    """What was promised for good earlier still stands later, however much was written in between."""
    assert after.head.version >= before.head.version
    assert before.by_key.keys() <= after.by_key.keys()
    for milestone_id, earlier in before.milestones.items():
        later = after.milestones[milestone_id]
        assert later.goal == earlier.goal
        assert later.progress.progress_value >= earlier.progress.progress_value
        assert earlier.completed_at in {None, later.completed_at}
        awards = before.awards[milestone_id]
        assert after.awards[milestone_id][: len(awards)] == awards
    if before.head.state is LedgerState.DELETING:
        assert after == before
