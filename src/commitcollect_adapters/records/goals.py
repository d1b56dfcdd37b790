"""What a milestone stores beside its plain columns: the attributes ``goal`` and ``buckets``.

A plain goal, the sum over a period of UTC, has neither. Both begin with the version of their form, as does
``recurringGoals``, which a head stores.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import fields, frozen

from commitcollect_adapters.records.columns import joined, json_text, mapping
from commitcollect_core.training.folds import (
    SUM,
    BestWindow,
    BestWorkout,
    Counter,
    Fold,
    LongestRun,
    ReachedBuckets,
    Sum,
)
from commitcollect_core.training.goals import Aim, Goal
from commitcollect_core.training.local_time import Bucket, LocalTime
from commitcollect_core.training.recurrence import Every, RecurringGoal
from commitcollect_core.training.sports import SportSelection
from commitcollect_core.values import MilestoneId, ModelId, TargetType

_FORM = 1

_FOLDS: dict[str, type[Fold]] = {
    "SUM": Sum,
    "BEST_WORKOUT": BestWorkout,
    "BEST_WINDOW": BestWindow,
    "REACHED_BUCKETS": ReachedBuckets,
    "LONGEST_RUN": LongestRun,
}
_FOLD_NAMES = {kind: name for name, kind in _FOLDS.items()}


@frozen
class GoalForm:
    """The parts of a goal that are no plain columns."""

    fold: Fold = SUM
    local_time: LocalTime | None = None
    all_of: tuple[Aim, ...] = ()


PLAIN_FORM = GoalForm()


def fold_document(fold: Fold) -> dict[str, Any]:
    """A fold by its name and attributes."""
    return {
        "kind": _FOLD_NAMES[type(fold)],
        **{each.name: getattr(fold, each.name) for each in fields(type(fold))},
    }


def _fold(document: dict[str, Any]) -> Fold:
    kind = _FOLDS[document["kind"]]
    if kind is Sum:
        return SUM
    known = {each.name: document[each.name] for each in fields(kind)}
    if "bucket" in known:
        known["bucket"] = Bucket(known["bucket"])
    return kind(**known)


def aim_document(aim: Aim) -> dict[str, Any]:
    """One aim of a combination, with the names of the milestone's own attributes."""
    return {
        "sport": str(aim.sports),
        "targetType": aim.target_type.value,
        "totalTarget": aim.total_target,
        "fold": fold_document(aim.fold),
    }


def _aim(document: dict[str, Any]) -> Aim:
    return Aim(
        sports=SportSelection.parse(document["sport"].split(",")),
        target_type=TargetType(document["targetType"]),
        total_target=document["totalTarget"],
        fold=_fold(document["fold"]),
    )


def goal_document(goal: Goal) -> dict[str, Any]:
    """How the workouts of a goal become one number."""
    return {"fold": fold_document(goal.fold), "allOf": [aim_document(each) for each in goal.all_of]}


def goal_text(goal: Goal) -> str | None:
    """The ``goal`` attribute; None for a plain goal in UTC."""
    if goal.is_plain and goal.local_time is None:
        return None
    return json_text(
        {
            "version": _FORM,
            **goal_document(goal),
            **_place_document(goal.local_time),
        }
    )


def goal_form(text: str | None) -> GoalForm:
    """What `goal_text` wrote."""
    if text is None:
        return PLAIN_FORM
    document = mapping(text)
    if document["version"] != _FORM:
        raise ValueError(f"a goal of form {document['version']!r} is newer than this version")
    return GoalForm(
        fold=_fold(document["fold"]),
        local_time=_place(document),
        all_of=tuple(map(_aim, document["allOf"])),
    )


def recurring_text(recurring: Sequence[RecurringGoal]) -> str | None:
    """The ``recurringGoals`` attribute; None for none, which most ledgers have."""
    if not recurring:
        return None
    return json_text({"version": _FORM, "goals": [recurring_document(each) for each in recurring]})


def recurring_document(goal: RecurringGoal) -> dict[str, Any]:
    """A recurring goal by the names of a milestone's attributes."""
    return {
        "recurringId": goal.recurring_id,
        "every": goal.every.value,
        "modelId": goal.model_id,
        "aims": [aim_document(each) for each in goal.aims],
        **_place_document(goal.local_time),
        "firstPeriod": goal.first_period,
        "opened": list(goal.opened),
        "unit": goal.unit,
    }


def recurring_goals(text: str | None) -> tuple[RecurringGoal, ...]:
    """What `recurring_text` wrote."""
    if text is None:
        return ()
    document = mapping(text)
    if document["version"] != _FORM:
        raise ValueError(f"recurring goals of form {document['version']!r} are newer than this version")
    return tuple(map(_recurring_goal, document["goals"]))


def _recurring_goal(document: dict[str, Any]) -> RecurringGoal:
    return RecurringGoal(
        recurring_id=MilestoneId(document["recurringId"]),
        every=Every(document["every"]),
        model_id=ModelId(document["modelId"]),
        aims=tuple(map(_aim, document["aims"])),
        local_time=_place(document),
        first_period=document["firstPeriod"],
        opened=tuple(document["opened"]),
        unit=document.get("unit", ""),  # older versions wrote none
    )


def _place_document(place: LocalTime | None) -> dict[str, Any]:
    return {
        "timeZone": None if place is None else place.name,
        "offsets": [] if place is None else [list(each) for each in place.offsets],
    }


def _place(document: dict[str, Any]) -> LocalTime | None:
    offsets = tuple((start, offset) for start, offset in document["offsets"])
    return LocalTime(document["timeZone"], offsets) if offsets else None


_STALE = "~"


def counters_text(counters: tuple[Counter, ...]) -> str | None:
    """The ``buckets`` attribute: each counter as its first bucket and all sums from there on.

    A year of active days is 730 characters this way, and one of distances about 2,500.
    """
    if not counters:
        return None
    return ";".join([str(_FORM), *map(_counter_text, counters)])


def _counter_text(counter: Counter) -> str:
    mark = _STALE if counter.is_stale else ""
    if not counter.sums:
        return mark
    first, last = min(counter.sums), max(counter.sums)
    return f"{mark}{first}:" + joined(str(counter.sums.get(each, "")) for each in range(first, last + 1))


def counters(text: str | None) -> tuple[Counter, ...]:
    """What `counters_text` wrote."""
    if text is None:
        return ()
    form, *texts = text.split(";")
    if form != str(_FORM):
        raise ValueError(f"buckets of form {form!r} are newer than this version")
    return tuple(map(_counter, texts))


def _counter(text: str) -> Counter:
    is_stale = text.startswith(_STALE)
    first, colon, amounts = text.removeprefix(_STALE).partition(":")
    if not colon:
        return Counter(is_stale=is_stale)
    numbered = enumerate(amounts.split(","), start=int(first))
    return Counter({number: int(amount) for number, amount in numbered if amount}, is_stale)
