"""Which sport types a milestone's sport names cover.

The mapping is data, applied when measuring, so that changing it needs no migration. Sport types are an
open set: an unknown one is kept as received and counts for `ANY` only.

Source: the sport types Strava listed in 2026.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import field, frozen

from commitcollect_core.errors import InvalidInput
from commitcollect_core.values import items, shown

ANY = "ANY"

_GROUPED_TYPES: dict[str, tuple[str, ...]] = {
    "RIDE": ("Ride", "VirtualRide", "GravelRide", "MountainBikeRide", "Velomobile", "Handcycle"),
    "EBIKE": ("EBikeRide", "EMountainBikeRide"),
    "RUN": ("Run", "TrailRun", "VirtualRun"),
    "SWIM": ("Swim",),
    "WALK": ("Walk",),
    "HIKE": ("Hike", "Snowshoe"),
    "SKI": ("AlpineSki", "BackcountrySki", "NordicSki", "RollerSki", "Snowboard"),
    "ROW": ("Rowing", "VirtualRow"),
    "PADDLE": ("Canoeing", "Kayaking", "StandUpPaddling"),
    "SKATE": ("IceSkate", "InlineSkate", "Skateboard"),
    "RACKET": ("Badminton", "Padel", "Pickleball", "Racquetball", "Squash", "TableTennis", "Tennis"),
}
_OTHER_TYPES = (
    "Basketball", "Cricket", "Crossfit", "Dance", "Elliptical", "Golf", "HighIntensityIntervalTraining",
    "Kitesurf", "PhysicalTherapy", "Pilates", "RockClimbing", "Sail", "Soccer", "StairStepper", "Surfing",
    "Volleyball", "WeightTraining", "Wheelchair", "Windsurf", "Workout", "Yoga",
)  # fmt: skip

SPORT_GROUPS: dict[str, frozenset[str]] = {
    name: frozenset(each.casefold() for each in types) for name, types in _GROUPED_TYPES.items()
}
"""Group name -> the sport types it covers, case folded."""

SPORT_TYPES: dict[str, str] = {
    each.casefold(): each for types in (*_GROUPED_TYPES.values(), _OTHER_TYPES) for each in types
}
"""Every known sport type: case folded -> as Strava writes it."""


def known_sport_type(name: str) -> str | None:
    """Return the sport type called `name`, or None.

    Case and spacing do not matter ("weight training").
    """
    return SPORT_TYPES.get("".join(name.split()).casefold())


def _covered_types(name: str) -> frozenset[str]:
    return SPORT_GROUPS.get(name) or frozenset({name.casefold()})


def _canonical_name(name: str) -> str:
    if type(name) is not str:
        raise InvalidInput(
            f"sport {shown(name)} is not a text; use a name such as RUN",
            code="unsupported_sport",
            field="sport",
        )
    upper = name.strip().upper()
    if upper == ANY or upper in SPORT_GROUPS:
        return upper
    if (known := known_sport_type(name)) is not None:
        return known
    raise InvalidInput(
        f"unsupported sport {name[:40]!r}; use {ANY}, one of {', '.join(sorted(SPORT_GROUPS))}, "
        "or a Strava sport type such as TrailRun",
        code="unsupported_sport",
        field="sport",
    )


def _canonical_names(names: Iterable[str]) -> tuple[str, ...]:
    given = names.split(",") if type(names) is str else items(names, "sport")
    canonical = {_canonical_name(name) for name in given}
    if not canonical:
        raise InvalidInput(
            f"a milestone names at least one sport; use {ANY} for every sport",
            code="sport_required",
            field="sport",
        )
    return (ANY,) if ANY in canonical else tuple(sorted(canonical))


@frozen
class SportSelection:
    """The sports a milestone counts: canonical names, sorted, or `ANY` alone.

    A name is a group (``RUN`` covers trail and virtual runs) or one sport type (``TrailRun``). Names in any
    case are taken; `ANY` includes all others.

    Raises:
        InvalidInput: a name is unknown, or there are none.
    """

    names: tuple[str, ...] = field(converter=_canonical_names)
    _types: frozenset[str] | None = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        covered = None if self.names == (ANY,) else frozenset[str]().union(*map(_covered_types, self.names))
        object.__setattr__(self, "_types", covered)

    @classmethod
    def parse(cls, names: Iterable[str]) -> SportSelection:
        """Make a selection of sport names; one text may hold several with commas between."""
        return cls(names)

    def covers(self, sport_type: str) -> bool:
        """Whether a workout of this sport type counts."""
        return self._types is None or sport_type.casefold() in self._types

    def __str__(self) -> str:
        return ",".join(self.names)


ANY_SPORT = SportSelection((ANY,))


def selection(sports: SportSelection | Iterable[str]) -> SportSelection:
    """The sports of a goal, also given by their names."""
    return sports if isinstance(sports, SportSelection) else SportSelection(sports)
