"""Units people write and read, and the whole units of target types."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal

from attrs import frozen

from commitcollect_adapters.wording.durations import (
    AMOUNT_CHARS_MAX,
    CLOCK,
    LETTERS,
    seconds_of,
    shortened,
)
from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.training.goals import most_of_one
from commitcollect_core.values import TargetType


@frozen
class Kind:
    """A kind of target as people name it.

    Attributes:
        name: the word before the ``=``.
        units: unit name -> how much of the target type's unit it is; the first is the default.
        shown: the units amounts are shown in, large to small, each with the digits behind the point.
        imperial: the same for people who measure in miles and feet; those of `shown` where there are none.
        target_digits: the most digits behind the point of a target.
        target_suffix: completes a target in a headline.
    """

    name: str
    target_type: TargetType
    units: Mapping[str, Decimal]
    shown: tuple[tuple[str, int], ...]
    imperial: tuple[tuple[str, int], ...] = ()
    target_digits: int = 0
    target_suffix: str = ""


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "distance",
            TargetType.DISTANCE_METERS,
            {"km": Decimal(1000), "m": Decimal(1), "mi": Decimal("1609.344"), "ft": Decimal("0.3048")},
            (("km", 1), ("m", 0)),
            (("mi", 1), ("ft", 0)),
            target_digits=3,
        ),
        Kind(
            "elevation",
            TargetType.ELEVATION_METERS,
            {"m": Decimal(1), "ft": Decimal("0.3048")},
            (("m", 0),),
            (("ft", 0),),
            target_suffix=" of climbing",
        ),
        Kind(
            "time",
            TargetType.MOVING_TIME_SECONDS,
            {"h": Decimal(3600), "min": Decimal(60), "s": Decimal(1)},
            (("h", 1), ("min", 0), ("s", 0)),
            target_digits=3,
        ),
        Kind("count", TargetType.ACTIVITY_COUNT, {"": Decimal(1)}, (("", 0),)),
    )
}
METRIC, IMPERIAL = "metric", "imperial"
IMPERIAL_UNITS = frozenset({"mi", "ft"})
SYSTEM_UNITS = frozenset({"km", "m", *IMPERIAL_UNITS})
DURATION_UNITS = ("h", "min", "s")
BUCKET_UNITS = ("days", "weeks", "months")
"""What a goal by days, weeks or months is counted in."""
_BY_TARGET_TYPE = {kind.target_type: kind for kind in KINDS.values()}


def kind_of_target(target_type: TargetType) -> Kind:
    """The kind of amount that a target type measures."""
    return _BY_TARGET_TYPE[target_type]


_SPORTS = re.compile(r":(?!\s*[0-9])")
"""A colon before a digit is a clock's, as in ``time=3:59:12``; no sport begins with one."""


def split_sports(target: str) -> tuple[str, str | None]:
    """A target and its sports, as of ``time=3:59:12:RUN``; None without sports."""
    text, *sports = _SPORTS.split(target, maxsplit=1)
    return text, sports[0] if sports else None


_ONE_UNIT = re.compile(r"[0-9.,_ ]*[0-9]\s*(?P<unit>[a-z]*)")


def unit_given(target: str) -> str:
    """The unit or form a target was written in; empty for none.

    It is ``mi`` of ``distance=100mi:RUN``.
    """
    text = split_sports(target)[0].lower()
    name = text.partition("=")[0].strip()
    # What is counted in days, weeks or months has a unit only in the minimum of each.
    amount = text.partition("@" if name in {"streak", *BUCKET_UNITS} else "=")[2]
    amount = amount.partition("/")[0].rpartition("=")[2].strip()
    if ":" in amount:
        return CLOCK
    found = _ONE_UNIT.fullmatch(amount)
    if found is None:
        return LETTERS if amount else ""
    unit = found["unit"]
    if "time" in text:  # its ``m`` is for minutes
        return {"": "h", "m": "min"}.get(unit, unit)
    return unit if unit in {*SYSTEM_UNITS, *DURATION_UNITS} else ""


def units_given(targets: Iterable[str]) -> str:
    """The first units of length and time that targets were written in."""
    units = [unit_given(each) for each in targets]
    lengths = [each for each in units if each in SYSTEM_UNITS]
    times = [each for each in units if each and each not in SYSTEM_UNITS]
    return " ".join(lengths[:1] + times[:1])


# Commas and underscores only where they part thousands: "1,5km" means one and a half to many people.
_AMOUNT = re.compile(
    r"\s*(?P<number>(?:[1-9][0-9]{0,2}(?:[,_][0-9]{3})+|[0-9]+)(?:\.[0-9]+)?)\s*(?P<unit>[A-Za-z]*)\s*\Z"
)
# One point or comma with three digits behind it parts thousands for some people and a fraction for others.
_AMBIGUOUS = re.compile(r"(?P<whole>[1-9][0-9]{0,2})[.,](?P<three>[0-9]{3})")


def most_of(kind: Kind) -> int:
    """The most of a kind that one activity can have."""
    return most_of_one(kind.target_type, DEFAULT_POLICY.training)


def parse_target(text: str, *, most: int | None = None) -> tuple[TargetType, int]:
    """Read a target such as ``distance=1000km``, ``elevation=29029ft``, ``time=100h`` or ``count=52``.

    Args:
        text: what a person wrote.
        most: as in `parse_amount`.

    Returns:
        The target type and the target in its whole unit, rounded half to even.

    Raises:
        InvalidInput: the text is not a target, or is one of nothing.
    """
    name, equals, amount = text.partition("=")
    kind = KINDS.get(name.strip().lower())
    if kind is None or not equals:
        raise InvalidInput(
            f"{shortened(text)} is not a target; write for example distance=1000km, elevation=8848m, "
            "time=100h or count=52",
            code="unsupported_targetType",
            field="target",
        )
    number, unit = _read(kind, amount, most=most)
    total = whole(number, kind.units[unit])
    if not total:
        # In the unit given: people know what they wrote, and not what it is stored as.
        rounded = ", which rounds to 0" if number else ""
        raise InvalidInput(
            f"a target must be more than {with_unit('0', unit)}, not {shortened(amount.strip())}{rounded}",
            field="target",
        )
    return kind.target_type, total


def parse_amount(kind: Kind, text: str, *, needs_unit: bool = False, most: int | None = None) -> int:
    """Read an amount such as ``10.2km`` or ``1500 m``.

    Args:
        kind: what it is an amount of.
        text: what a person wrote.
        needs_unit: refuse a bare number instead of taking the kind's default unit.
        most: the most that can be meant, in the target type's unit. Then ``12.500km`` of one activity has one
            reading only, as none is 12,500 km long.

    Returns:
        The amount in the target type's whole unit, rounded half to even.

    Raises:
        InvalidInput: the text is not an amount of this kind, or may be one of two.
    """
    number, unit = _read(kind, text, needs_unit=needs_unit, most=most)
    return whole(number, kind.units[unit])


def _read(kind: Kind, text: str, *, needs_unit: bool = False, most: int | None = None) -> tuple[Decimal, str]:
    """Number and unit of an amount; arguments and errors as of `parse_amount`."""
    found = _AMOUNT.match(text) if len(text) <= AMOUNT_CHARS_MAX else None
    known = ", ".join(filter(None, kind.units)) or "no unit"
    if kind.target_type is TargetType.MOVING_TIME_SECONDS and (seconds := seconds_of(text)) is not None:
        return Decimal(seconds), "s"
    if found is None:
        raise InvalidInput(
            f"{shortened(text)} is no amount of {kind.name}; write a number such as 1000 or 1234.5 with "
            f"a point for the fraction and {known}",
            field=kind.name,
        )
    unit = found["unit"].lower() or ("?" if needs_unit else next(iter(kind.units)))
    if unit not in kind.units:
        missing = "needs a unit" if unit == "?" else f"has no unit of {kind.name}"
        raise InvalidInput(f"{shortened(text)} {missing}; use {known}", field=kind.name)
    ambiguous = _AMBIGUOUS.fullmatch(found["number"])
    if ambiguous is not None and not _is_fraction(ambiguous, kind.units[unit], most):
        raise _two_readings(kind, text, ambiguous, unit)
    number = Decimal(re.sub("[,_]", "", found["number"]))
    if kind.target_type is TargetType.ACTIVITY_COUNT and number % 1:
        raise InvalidInput(f"{shortened(text)} activities cannot be; write a whole number", field=kind.name)
    return number, unit


def _is_fraction(ambiguous: re.Match[str], unit: Decimal, most: int | None) -> bool:
    """Whether a point cannot part thousands.

    Thousands are round numbers, and a fraction whose last digit is not 0 needs a unit of a thousand whole
    ones: ``42.195km`` is a marathon, but ``12.500km`` and ``8.848m`` may be two amounts.
    """
    if "." not in ambiguous[0]:
        return False
    large = Decimal(ambiguous["whole"] + ambiguous["three"]) * unit
    is_exact = unit >= _THOUSAND and not ambiguous["three"].endswith("0")
    return is_exact or (most is not None and large > most)


_THOUSAND = 1_000


def is_clock_of(kind: Kind, text: str) -> bool:
    """Whether the kind is time, and a text is like ``1h30m``.

    Raises:
        InvalidInput: it may be one of two durations.
    """
    return kind.target_type is TargetType.MOVING_TIME_SECONDS and seconds_of(text) is not None


def _two_readings(kind: Kind, text: str, found: re.Match[str], unit: str) -> InvalidInput:
    """The refusal of an amount with two readings; it names both."""
    large = f"{found['whole']}{found['three']}"
    small = f"{found['whole']}.{found['three']}".rstrip("0").rstrip(".")
    # Of a small unit, a third digit is less than a whole metre or second.
    is_fine = kind.units[unit] < _THOUSAND and len(small.partition(".")[2]) == len(found["three"])
    typed = str(Decimal(small).quantize(Decimal("0.01"))) if is_fine else small
    is_whole = "." not in small or kind.target_type is not TargetType.ACTIVITY_COUNT
    fraction = f" or {typed}{unit}" if is_whole else ""
    return InvalidInput(
        f"{shortened(text.strip())} may be {with_unit(large, unit)} or {with_unit(small, unit)}; "
        f"write {large}{unit}{fraction}",
        field=kind.name,
    )


def whole(number: Decimal, unit: Decimal) -> int:
    """A number of a unit in whole ones, rounded half to even."""
    return int((number * unit).to_integral_value(ROUND_HALF_EVEN))


def with_unit(number: str, unit: str) -> str:
    """A number and its unit, in the singular for 1."""
    if unit in {"", *BUCKET_UNITS}:
        one, many = (unit[:-1], unit) if unit else ("activity", "activities")
        return f"{number} {one if number == '1' else many}"
    return f"{number} {unit}"
