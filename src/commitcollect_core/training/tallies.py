"""Adding a goal up from stored workouts, and explaining each of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from attrs import Factory, frozen

from commitcollect_core.training.awards import Crossing
from commitcollect_core.training.folds import Counter
from commitcollect_core.training.goals import Aim, Exclusion, Goal
from commitcollect_core.training.milestones import Progress, progress_after
from commitcollect_core.training.workouts import Workout


@frozen(kw_only=True)
class Tally:
    """What stored workouts make of a goal, added up from nothing.

    Attributes:
        crossings: the workout that crossed the threshold of part i + 1 stands at index i.
        counted: workouts that count.
        settled: workouts that were let go; they stand in the running sum and not in this one.
        excluded: how many do not, by reason.
        counters: what the folds work on, one for each aim; empty for a plain goal.
    """

    current_value: int
    crossings: tuple[Crossing, ...]
    counted: int
    settled: int
    excluded: Mapping[Exclusion, int] = Factory(dict)
    counters: tuple[Counter, ...] = ()


def tally(goal: Goal, workouts: Iterable[Workout]) -> Tally:
    """Add up `workouts`, given in order of start time.

    Reads them once and keeps none.
    """
    progress, counted, settled = Progress(), 0, 0
    crossings: list[Crossing] = []
    excluded: dict[Exclusion, int] = {}
    for workout in workouts:
        settled += workout.is_settled
        if (reason := goal.exclusion(workout)) is not None:
            excluded[reason] = excluded.get(reason, 0) + 1
            continue
        counted += 1
        progress = progress_after(goal, progress, None, workout)
        if (gained := goal.parts_earned(progress.current_value) - len(crossings)) > 0:
            crossings += [Crossing.by(workout, progress.current_value)] * gained
    return Tally(
        current_value=progress.current_value,
        crossings=tuple(crossings),
        counted=counted,
        settled=settled,
        excluded=excluded,
        counters=() if goal.is_plain else goal.counters_of(progress.counters),
    )


@frozen(kw_only=True)
class Effect:
    """What one workout did to one aim, when workouts are taken in order of start.

    Attributes:
        aim: the aim.
        amount: what the workout measures, in the unit of the aim's target type; 0 if it does not count.
        bucket: the number of its day, week or month; None where the whole period counts.
        bucket_value: what its bucket adds up to with it.
        standing: where its bucket stands, see the folds: its place in the run, the sum of its window, or
            how many buckets reached the minimum.
        value_before, value_after: of the fold, without the workout and with it.
    """

    aim: Aim
    amount: int
    bucket: int | None
    bucket_value: int
    standing: int
    value_before: int
    value_after: int

    @property
    def fills_bucket(self) -> bool:
        """Whether this workout brought its bucket to the minimum that the aim asks for."""
        minimum = getattr(self.aim.fold, "minimum", None)
        return minimum is not None and self.bucket_value - self.amount < minimum <= self.bucket_value


@frozen(kw_only=True)
class Explanation:
    """Whether and how much one workout counts towards a milestone.

    Attributes:
        amount: in the unit of the target type; 0 if it does not count.
        exclusion: why it does not count, None if it does.
        effects: what it did to each aim it counts for; empty for a plain goal.
    """

    workout: Workout
    amount: int
    exclusion: Exclusion | None
    effects: tuple[Effect, ...] = ()


def explain(goal: Goal, workouts: Iterable[Workout]) -> Iterator[Explanation]:
    """Say of each workout, given in order of start, how much it counts, or why not."""
    progress = Progress()
    for workout in workouts:
        exclusion = goal.exclusion(workout)
        effects: tuple[Effect, ...] = ()
        if exclusion is None and not goal.is_plain:
            before = goal.counters_of(progress.counters)
            progress = progress_after(goal, progress, None, workout)
            effects = tuple(_effects(goal, workout, before, progress.counters))
        amount = effects[0].amount if effects else goal.contribution(workout)
        yield Explanation(workout=workout, amount=amount, exclusion=exclusion, effects=effects)


def _effects(
    goal: Goal, workout: Workout, before: tuple[Counter, ...], after: tuple[Counter, ...]
) -> Iterator[Effect]:
    for aim, share, old, new in zip(goal.aims, goal.shares(workout), before, after, strict=True):
        if share.amount:
            yield Effect(
                aim=aim,
                amount=share.amount,
                bucket=None if aim.fold.bucket is None else share.bucket,
                bucket_value=new.sums.get(share.bucket, 0),
                standing=aim.fold.standing(new.sums, share.bucket),
                value_before=aim.fold.value(old.sums),
                value_after=aim.fold.value(new.sums),
            )
