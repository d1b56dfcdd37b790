"""What an athlete has coming, added up from the whole history by the simplest means.

Written apart from the engine, in integers, from plain values only, so that the two can be held against each
other. It knows nothing of commits, versions or differences.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple

import fold_oracle

GROUPS = {
    "RIDE": "Ride VirtualRide GravelRide MountainBikeRide Velomobile Handcycle",
    "EBIKE": "EBikeRide EMountainBikeRide",
    "RUN": "Run TrailRun VirtualRun",
    "SWIM": "Swim",
    "WALK": "Walk",
    "HIKE": "Hike Snowshoe",
    "SKI": "AlpineSki BackcountrySki NordicSki RollerSki Snowboard",
    "ROW": "Rowing VirtualRow",
    "PADDLE": "Canoeing Kayaking StandUpPaddling",
    "SKATE": "IceSkate InlineSkate Skateboard",
    "RACKET": "Badminton Padel Pickleball Racquetball Squash TableTennis Tennis",
}


class Effort(NamedTuple):
    """One activity as its source shows it now."""

    sport_type: str
    start: int
    distance: int
    elevation: int
    moving: int
    is_flagged: bool
    offset: int | None = None


class Aim(NamedTuple):
    """What is counted, and how far it is to the whole statue."""

    sports: tuple[str, ...]
    counts: str
    target: int
    parts: int
    start: int
    end: int | None
    fold: fold_oracle.Fold = fold_oracle.Fold("Sum")
    place: fold_oracle.Place | None = None
    all_of: tuple[Aim, ...] = ()


Report = tuple[Hashable, Effort | None]
"""An activity's identity, and how it looks from now on; None once it is gone."""


def amount(aim: Aim, effort: Effort) -> int:
    """What one activity adds."""
    names = {word for sport in aim.sports for word in GROUPS.get(sport, sport).split()}
    is_in_period = aim.start <= effort.start and (aim.end is None or effort.start < aim.end)
    is_of_sport = "ANY" in names or effort.sport_type in names
    if effort.is_flagged or not is_in_period or not is_of_sport:
        return 0
    return {
        "DISTANCE_METERS": effort.distance,
        "ELEVATION_METERS": effort.elevation,
        "MOVING_TIME_SECONDS": effort.moving,
        "ACTIVITY_COUNT": 1,
    }[aim.counts]


def total(aim: Aim, efforts: Iterable[Effort]) -> int:
    """What activities add up to."""
    held = list(efforts)
    if aim.all_of:
        reached = [(total(each, held), each.target) for each in aim.all_of]
        return fold_oracle.combined(reached, aim.target)
    counted = [(each.start, each.offset, amount(aim, each)) for each in held]
    return fold_oracle.value([each for each in counted if each[2]], aim.fold, aim.place)


def parts(aim: Aim, progress: int) -> int:
    """How many parts this much progress is worth."""
    return min(aim.parts, progress * aim.parts // aim.target)


def awards(aim: Aim, efforts: Iterable[Effort]) -> list[int]:
    """The parts awarded for a history without edits and deletions."""
    return list(range(1, parts(aim, total(aim, efforts)) + 1))


def final(reports: Iterable[Report]) -> dict[Hashable, Effort]:
    """What the source holds after all reports."""
    held: dict[Hashable, Effort] = {}
    for key, effort in reports:
        held.pop(key, None)
        if effort is not None:
            held[key] = effort
    return held


def totals(aim: Aim, reports: Sequence[Report]) -> list[int]:
    """The sum before any report and after each of them."""
    return [total(aim, final(reports[:count]).values()) for count in range(len(reports) + 1)]


def award_bounds(aim: Aim, reports: Sequence[Report]) -> tuple[int, int]:
    """The fewest and the most parts that may be awarded when reports arrive in this order."""
    sums = totals(aim, reports)
    return parts(aim, sums[-1]), parts(aim, max(sums))
