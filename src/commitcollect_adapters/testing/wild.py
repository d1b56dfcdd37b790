"""Hypothesis strategies for values of any type, as callers without a type checker give them.

Law: where a public value is made of such attributes, it is refused with `InvalidInput`, or every store keeps
it. What a strategy draws is a function that makes the value, so that a test sees the refusal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import IntEnum, StrEnum
from functools import cache
from types import FunctionType
from typing import Any, TypeVar

from attrs import fields
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from commitcollect_adapters.testing.strategies import (
    SEASON_START_AT,
    local_times,
)
from commitcollect_core.training.folds import BestWindow, LongestRun, ReachedBuckets
from commitcollect_core.training.goals import Aim
from commitcollect_core.training.local_time import Bucket, LocalTime
from commitcollect_core.training.recurrence import Every
from commitcollect_core.training.recurring_goals import NewRecurringGoal
from commitcollect_core.training.sports import SportSelection
from commitcollect_core.training.tracking import COMBINATION_SHARES, NewMilestone
from commitcollect_core.training.workouts import ActivitySnapshot
from commitcollect_core.values import Source, TargetType

_Value = TypeVar("_Value")


class _Word(str):
    """A text of another class, as libraries for numbers make."""

    __slots__ = ()


class _Instant(datetime):
    """A time of another class, as libraries for tables make."""


class _Number(IntEnum):
    TEN = 10


class _Name(StrEnum):
    RUN = "RUN"
    METERS = "DISTANCE_METERS"


_TEXTS = (
    "", " ", "RUN", "run, TrailRun", "distance", "DISTANCE_METERS", "distance_meters", "ALL_OF", "SUM", "DAY",
    "week", "STRAVA", "HERON", "12", "2026-01-01", "2026-01-01T00:00:00Z", "nul\0inside", "half \ud83c",
    "a" * 300,
)  # fmt: skip

_TIMES = (
    SEASON_START_AT.replace(tzinfo=None),
    SEASON_START_AT.replace(microsecond=999_999),
    SEASON_START_AT.astimezone(timezone(timedelta(hours=-11, seconds=7))),
    datetime.min,  # noqa: DTZ901 - callers give times without a zone
    datetime.min.replace(tzinfo=UTC),
    datetime.max.replace(tzinfo=UTC),
    datetime.max.replace(tzinfo=timezone(timedelta(hours=-14))),
    _Instant(2026, 3, 1, tzinfo=UTC),
    date(2026, 1, 1),
    timedelta(days=1),
)

_ODD: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 10, 10**30, -(2**63), 1000.5, 1000.0, float("nan"), float("inf"),
    Decimal(10), _Number.TEN, *_TEXTS, _Word("RUN"), _Name.RUN, _Name.METERS, *Source, *TargetType, *Bucket,
    *_TIMES, b"RUN",
    (), [], ["RUN", "RIDE"], ("RIDE", "RUN"), {"RUN"}, ["RUN", 7], [None], {}, {"RUN": 1}, object(), int, len,
)  # fmt: skip


@cache
def odd_values() -> SearchStrategy[Any]:
    """Values of many types; hardly any fits where it is put."""
    return st.sampled_from(_ODD) | st.integers() | st.text(max_size=12) | st.floats() | st.datetimes()


def _spoiled(
    make: Callable[..., _Value], facts: Mapping[str, Any], odd: Mapping[str, Any]
) -> Callable[[], _Value]:
    return lambda: make(
        **{**facts, **{name: each() if type(each) is FunctionType else each for name, each in odd.items()}}
    )


def _attributes(
    names: list[str], special: Mapping[str, SearchStrategy[Any]]
) -> SearchStrategy[dict[str, Any]]:
    """Odd values for up to three attributes."""
    chosen = st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True)
    return chosen.flatmap(
        lambda some: st.fixed_dictionaries(
            {name: special[name] | odd_values() if name in special else odd_values() for name in some}
        )
    )


def _known(kind: type[Any], given: Mapping[str, Any]) -> dict[str, Any]:
    return {each.name: given[each.name] for each in fields(kind) if each.name in given}


@cache
def _wild_folds() -> SearchStrategy[Callable[[], Any]]:
    kinds = st.sampled_from((BestWindow, ReachedBuckets, LongestRun))
    odd = st.fixed_dictionaries(
        {"bucket": st.sampled_from((*Bucket, "DAY", "day", None)) | odd_values()},
        optional={name: odd_values() for name in ("length", "minimum", "rest")},
    )
    return st.builds(lambda kind, given: lambda: kind(**_known(kind, given)), kinds, odd)


@cache
def _wild_places() -> SearchStrategy[Callable[[], Any]]:
    pairs = st.tuples(
        st.integers(-(2**40), 2**40) | odd_values(), st.sampled_from((0, 3_600, 10**6)) | odd_values()
    )
    offsets = st.lists(pairs | odd_values(), max_size=3) | odd_values()
    return st.builds(
        lambda name, given: lambda: LocalTime(name, given), st.sampled_from(("Here", *_TEXTS)), offsets
    )


@cache
def _wild_selections() -> SearchStrategy[Callable[[], Any]]:
    names = st.lists(st.sampled_from(("RUN", "ride", "TrailRun", "ANY", "Nonsense", 7, None)), max_size=4)
    return st.builds(lambda given: lambda: SportSelection(given), names | odd_values())


@cache
def _wild_aims() -> SearchStrategy[Callable[[], Any]]:
    facts = st.fixed_dictionaries(
        {
            "sports": _wild_selections() | odd_values(),
            "target_type": st.sampled_from((*TargetType, "ACTIVITY_COUNT", "distance")) | odd_values(),
            "total_target": st.sampled_from((1, 1_000, 10**6)) | odd_values(),
        },
        optional={"fold": _wild_folds() | odd_values()},
    )
    return facts.map(lambda given: _spoiled(Aim, {}, given))


def _wild_combinations() -> SearchStrategy[Any]:
    aims = st.lists(_wild_aims(), min_size=1, max_size=3)
    return aims.map(lambda some: lambda: [each() for each in some])


_WISHES: tuple[dict[str, Any], ...] = (
    {
        "model_id": "HERON",
        "target_type": TargetType.DISTANCE_METERS,
        "total_target": 1_000,
        "period_start_at": SEASON_START_AT,
    },
    {
        "model_id": "PEBBLE",
        "sports": ["run", "RIDE"],
        "target_type": "ACTIVITY_COUNT",
        "total_target": 3,
        "period_start_at": SEASON_START_AT,
        "period_end_at": SEASON_START_AT + timedelta(days=90),
        "fold": ReachedBuckets(bucket=Bucket.WEEK),
    },
    {
        "model_id": "HERON",
        "target_type": "ALL_OF",
        "total_target": COMBINATION_SHARES,
        "period_start_at": SEASON_START_AT,
        "all_of": [
            Aim(target_type=TargetType.DISTANCE_METERS, total_target=1_000),
            Aim(target_type=TargetType.MOVING_TIME_SECONDS, total_target=3_600),
        ],
    },
)


def wild_wishes() -> SearchStrategy[Callable[[], NewMilestone]]:
    """Functions that make a request for a milestone of whatever a caller may give, or refuse."""
    names = [each.name for each in fields(NewMilestone)]
    special: dict[str, SearchStrategy[Any]] = {
        "sports": _wild_selections(),
        "fold": _wild_folds(),
        "local_time": _wild_places() | local_times(),
        "all_of": _wild_combinations(),
        "target_type": st.sampled_from([each.value for each in TargetType]),
        "total_target": st.integers(1, 10**6),
    }
    return st.builds(_spoiled, st.just(NewMilestone), st.sampled_from(_WISHES), _attributes(names, special))


_RECURRING: dict[str, Any] = {
    "model_id": "HERON",
    "every": "MONTH",
    "aims": [Aim(target_type=TargetType.DISTANCE_METERS, total_target=1_000)],
}


def wild_recurring_goals() -> SearchStrategy[Callable[[], NewRecurringGoal]]:
    """Functions that make a request for a recurring goal of whatever a caller may give, or refuse."""
    names = [each.name for each in fields(NewRecurringGoal)]
    special: dict[str, SearchStrategy[Any]] = {
        "aims": _wild_combinations(),
        "every": st.sampled_from([each.value for each in Every]),
        "local_time": _wild_places() | local_times(),
    }
    return st.builds(_spoiled, st.just(NewRecurringGoal), st.just(_RECURRING), _attributes(names, special))


def wild_snapshots() -> SearchStrategy[Callable[[], ActivitySnapshot]]:
    """Functions that make a snapshot of whatever a caller may give, or refuse."""
    names = [each.name for each in fields(ActivitySnapshot)]
    plain = {"source": "FILE", "activity_id": "1", "sport_type": "Ride", "started_at": SEASON_START_AT}
    return st.builds(_spoiled, st.just(ActivitySnapshot), st.just(plain), _attributes(names, {}))
