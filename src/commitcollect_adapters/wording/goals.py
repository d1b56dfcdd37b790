"""Goals as people write and read them: days, streaks, weeks, best efforts and combinations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from attrs import evolve

from commitcollect_adapters.wording.amounts import show_amount, show_target
from commitcollect_adapters.wording.durations import shortened
from commitcollect_adapters.wording.units import (
    BUCKET_UNITS,
    KINDS,
    Kind,
    is_clock_of,
    kind_of_target,
    most_of,
    parse_amount,
    parse_target,
    split_sports,
)
from commitcollect_core.errors import InvalidInput
from commitcollect_core.training.folds import (
    BestWindow,
    BestWorkout,
    Fold,
    LongestRun,
    ReachedBuckets,
    counts_buckets,
)
from commitcollect_core.training.goals import Aim, Goal
from commitcollect_core.training.local_time import Bucket
from commitcollect_core.training.sports import ANY_SPORT, SportSelection
from commitcollect_core.training.tallies import Effect
from commitcollect_core.training.workouts import Workout
from commitcollect_core.values import TargetType

TARGETS_SHOWN = (
    "distance=1000km, elevation=8848m, time=100h, count=52, days=100, weeks=40@30km, streak=30d, "
    "best-distance=100km or best-elevation=5000m/7d"
)
_BUCKETS = dict(zip(BUCKET_UNITS, Bucket, strict=True))
_BUCKET_UNITS = {"d": Bucket.DAY, "w": Bucket.WEEK, "m": Bucket.MONTH}
_STREAK = re.compile(r"(?P<length>[1-9][0-9]{0,3})\s*(?P<unit>[dwm])\Z")
_WINDOW = re.compile(r"(?P<length>[1-9][0-9]{0,2})\s*(?P<unit>[dwm])\Z")
_COUNT = re.compile(r"[1-9][0-9]{0,3}\Z")
BEST = "best-"


def parse_aim(text: str, *, sports: SportSelection = ANY_SPORT) -> Aim:
    """Read a target such as ``distance=1000km``, ``streak=30d@5km`` or ``count=52:RUN``.

    Args:
        text: what a person wrote; sports behind a colon take precedence.
        sports: what counts unless the text says otherwise.

    Raises:
        InvalidInput: the text is not a target.
    """
    target, names = split_sports(text)
    name, equals, amount = target.partition("=")
    name = name.strip().lower()
    known = {*KINDS, *_BUCKETS, "streak", *(BEST + each for each in KINDS)}
    if name not in known or not equals:
        raise InvalidInput(
            f"{shortened(text)} is not a target; write for example {TARGETS_SHOWN}",
            code="unsupported_targetType",
            field="target",
        )
    aim = _aim(name, amount.strip(), text)
    return evolve(aim, sports=sports if names is None else SportSelection.parse(names.split(",")))


def parse_aims(texts: Sequence[str], *, sports: SportSelection = ANY_SPORT) -> tuple[Aim, ...]:
    """Read several targets, each once.

    Args:
        texts: what a person wrote.
        sports: what counts for the targets that name no sports.

    Raises:
        InvalidInput: a text is not a target, or all name sports of their own and `sports` are others.
    """
    aims = [parse_aim(each, sports=sports) for each in texts]
    if sports != ANY_SPORT and all(split_sports(each)[1] is not None for each in texts):
        for text, aim in zip(texts, aims, strict=True):
            if aim.sports != sports:
                raise InvalidInput(
                    f"{shortened(text)} is for {aim.sports}, and the sport given beside it is {sports}; "
                    "leave one of the two out",
                    field="sport",
                )
    return tuple(dict.fromkeys(aims))


def _aim(name: str, amount: str, text: str) -> Aim:
    if name in KINDS:
        target_type, total_target = parse_target(f"{name}={amount}")
        return Aim(target_type=target_type, total_target=total_target)
    if name.startswith(BEST):
        return _best(KINDS[name.removeprefix(BEST)], amount, text)
    length, at, least = amount.partition("@")
    if at and not least:
        raise InvalidInput(
            f"{shortened(text)}: nothing stands behind the @; write what each has to reach, such as @30km, "
            "or leave the @ out",
            field="target",
        )
    target_type, minimum = _minimum(least.strip(), text) if least else (TargetType.ACTIVITY_COUNT, 1)
    if name == "streak":
        found = _found(_STREAK, length.strip(), text, "streak=30d for days, streak=10w for weeks")
        fold: Fold = LongestRun(bucket=_BUCKET_UNITS[found["unit"]], minimum=minimum)
        return Aim(target_type=target_type, fold=fold, total_target=int(found["length"]))
    found = _found(_COUNT, length.strip(), text, f"{name}=40, or {name}=40@30km with a minimum for each")
    fold = ReachedBuckets(bucket=_BUCKETS[name], minimum=minimum)
    return Aim(target_type=target_type, fold=fold, total_target=int(found[0]))


def _best(kind: Kind, amount: str, text: str) -> Aim:
    least, slash, window = amount.partition("/")
    most = None
    if not slash:
        fold: Fold = BestWorkout()
        most = most_of(kind)
    else:
        found = _found(_WINDOW, window.strip(), text, f"{BEST}{kind.name}=…/7d for 7 days, or /1w, /1m")
        fold = BestWindow(bucket=_BUCKET_UNITS[found["unit"]], length=int(found["length"]))
    target_type, total_target = parse_target(f"{kind.name}={least}", most=most)
    return Aim(target_type=target_type, fold=fold, total_target=total_target)


def _found(pattern: re.Pattern[str], part: str, text: str, example: str) -> re.Match[str]:
    found = pattern.match(part)
    if found is None:
        raise InvalidInput(f"{shortened(text)} is not a target; write {example}", field="target")
    return found


def _minimum(text: str, target: str) -> tuple[TargetType, int]:
    """What each day, week or month has to reach; its unit, or a name before it, says of what."""
    name, equals, amount = text.partition("=")
    if equals:
        kinds = [each for each in KINDS.values() if each.name == name.strip().lower()]
    else:
        unit = text.lstrip("0123456789.,_ ").strip().lower()
        kinds = [each for each in KINDS.values() if unit in each.units or is_clock_of(each, text)]
        amount = text
    if len(kinds) != 1:
        ways = [f"{each.name}={amount}" for each in kinds] or ["30km", "2h", "elevation=500m", "3"]
        example = f"{', '.join(ways[:-1])} or {ways[-1]}"
        raise InvalidInput(
            f"{shortened(target)}: what each has to reach, {shortened(text)}, is no amount of one kind; "
            f"write @{example}",
            field="target",
        )
    minimum = parse_amount(kinds[0], amount)
    if minimum < 1:
        raise InvalidInput(f"{shortened(target)}: each has to reach something", field="target")
    return kinds[0].target_type, minimum


def with_rest(aims: Sequence[Aim], rest: int | None) -> tuple[Aim, ...]:
    """The aims with rest days in their streaks.

    Raises:
        InvalidInput: rest is given, and none of the aims is a streak.
    """
    if rest is None:
        return tuple(aims)
    if not any(isinstance(each.fold, LongestRun) for each in aims):
        raise InvalidInput("--rest is for a streak, such as --target streak=30d", field="rest")
    return tuple(
        evolve(each, fold=evolve(each.fold, rest=rest)) if isinstance(each.fold, LongestRun) else each
        for each in aims
    )


def kind_of(aim: Aim | Goal) -> Kind:
    """What progress towards an aim or a goal is counted in."""
    if isinstance(aim, Goal) and aim.all_of:
        return Kind("share", aim.target_type, {"%": Decimal(aim.total_target) / 100}, (("%", 1),))
    if counts_buckets(aim.fold) and aim.fold.bucket is not None:
        unit = f"{aim.fold.bucket.value.lower()}s"
        return Kind(unit, aim.target_type, {unit: Decimal(1)}, ((unit, 0),))
    return kind_of_target(aim.target_type)


def show_goal(goal: Goal) -> str:
    """What is to be reached, in words."""
    return f"{show_aims(goal.aims)} · {_period(goal)}"


def show_aims(aims: Sequence[Aim]) -> str:
    """One thing to reach with its sports, or several at once."""
    if len(aims) == 1:
        return f"{show_aim(aims[0])} · {_sports(aims[0].sports)}"
    shown = [
        show_aim(each) + ("" if each.sports == ANY_SPORT else f" ({_sports(each.sports)})") for each in aims
    ]
    return f"{', '.join(shown[:-1])} and {shown[-1]}"


def _sports(sports: SportSelection) -> str:
    return "any sport" if sports == ANY_SPORT else ", ".join(sports.names)


def show_aim(aim: Aim | Goal) -> str:
    """One aim in words, such as ``a streak of 30 days``."""
    total = show_target(kind_of(aim), aim.total_target)
    match aim.fold:
        case BestWorkout():
            return f"{total} in one activity"
        case BestWindow(bucket=bucket, length=length):
            unit = bucket.value.lower()
            return f"{total} in {f'one {unit}' if length == 1 else f'{length} {unit}s in a row'}"
        case ReachedBuckets(minimum=minimum):
            return f"{total}{_each(aim, minimum)}"
        case LongestRun(minimum=minimum, rest=rest):
            pauses = f", up to {rest} at rest between" if rest else ""
            return f"a streak of {total}{_each(aim, minimum)}{pauses}"
        case _:
            return total


def _each(aim: Aim | Goal, minimum: int) -> str:
    kind = kind_of_target(aim.target_type)
    if aim.target_type is TargetType.ACTIVITY_COUNT and minimum == 1:
        return " with an activity"
    return f" with {show_target(kind, minimum)}"


def _period(goal: Goal) -> str:
    """From the first to the last day that counts."""
    place = "" if goal.local_time is None else f" ({goal.local_time.name})"
    first = show_day(goal.period_start_at, goal)
    if goal.period_end_at is None:
        return f"from {first}{place}"
    return f"{first} to {show_day(goal.period_end_at - timedelta(seconds=1), goal)}{place}"


def show_day(moment: datetime, goal: Goal | None = None) -> str:
    """A day for people: of the goal's place, else of UTC."""
    if goal is not None and goal.local_time is not None:
        moment += timedelta(seconds=goal.local_time.offset_seconds(moment))
    return f"{moment.day} {moment:%b %Y}"


def show_start(workout: Workout, goal: Goal) -> str:
    """When a workout started, by the clock on the spot where it is known; else in UTC, marked with Z."""
    snapshot = workout.snapshot
    offset = snapshot.utc_offset_seconds
    if offset is None and goal.local_time is not None:
        offset = goal.local_time.offset_seconds(snapshot.started_at)
    local = snapshot.started_at + timedelta(seconds=offset or 0)
    return f"{local:%Y-%m-%d %H:%M}" + ("Z" if offset is None else " ")


def effect_lines(effects: Sequence[Effect]) -> Iterator[str]:
    """What a workout did to each aim of a goal, also where it did nothing."""
    for each in effects:
        yield f"{show_amount(kind_of_target(each.aim.target_type), each.amount)}, {_did(each)}"


def _did(effect: Effect) -> str:
    aim = effect.aim
    kind = kind_of_target(aim.target_type)
    match aim.fold:
        case BestWorkout():
            best = show_amount(kind, effect.value_after)
            return (
                "the largest so far" if effect.value_after > effect.value_before else f"the largest is {best}"
            )
        case BestWindow(bucket=bucket, length=length):
            unit = bucket.value.lower()
            span = f"this {unit}" if length == 1 else f"{length} {unit}s"
            best = "the best so far" if effect.value_after > effect.value_before else "not the best"
            return f"{show_amount(kind, effect.standing)} in {span}, {best}"
        case ReachedBuckets(bucket=bucket, minimum=minimum) | LongestRun(bucket=bucket, minimum=minimum):
            return _reached(effect, bucket.value.lower(), minimum)
        case _:
            return f"{show_amount(kind, effect.value_after)} in all"


def _reached(effect: Effect, unit: str, minimum: int) -> str:
    kind = kind_of_target(effect.aim.target_type)
    if effect.bucket_value < minimum:
        missing = show_amount(kind, minimum - effect.bucket_value)
        return f"its {unit} lacks {missing}"
    if not effect.fills_bucket:
        return f"its {unit} had counted already"
    if isinstance(effect.aim.fold, LongestRun):
        return f"{unit} {effect.standing} of the streak"
    return f"{unit} {effect.value_after} that counts"
