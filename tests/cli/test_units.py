"""Amounts as people write and read them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from commitcollect_adapters.wording.amounts import (
    show_amount,
    show_needed,
    show_progress,
    show_target,
    shown_as_given,
)
from commitcollect_adapters.wording.goals import show_aims
from commitcollect_adapters.wording.units import KINDS, Kind, parse_amount, parse_target, whole
from commitcollect_core.errors import InvalidInput
from commitcollect_core.training.goals import Aim
from commitcollect_core.values import TargetType

DISTANCE, ELEVATION = TargetType.DISTANCE_METERS, TargetType.ELEVATION_METERS
TIME, COUNT = TargetType.MOVING_TIME_SECONDS, TargetType.ACTIVITY_COUNT


@pytest.mark.parametrize(
    ("text", "target_type", "value"),
    [
        ("distance=1000km", DISTANCE, 1_000_000),
        ("distance=1,000.0 km", DISTANCE, 1_000_000),
        ("distance=1,000,000m", DISTANCE, 1_000_000),
        ("Distance = 42.1950", DISTANCE, 42_195),
        ("distance=42.195km", DISTANCE, 42_195),
        ("distance=42.195", DISTANCE, 42_195),
        ("distance=21.098 km", DISTANCE, 21_098),
        ("distance=26.219mi", DISTANCE, 42_195),
        ("distance=0.805km", DISTANCE, 805),
        ("time=3.987h", TIME, 14_353),
        ("distance=0.500km", DISTANCE, 500),
        ("distance=1000.125km", DISTANCE, 1_000_125),
        ("distance=100mi", DISTANCE, 160_934),
        ("distance=1_500m", DISTANCE, 1_500),
        ("elevation=8848", ELEVATION, 8_848),
        ("elevation=29029ft", ELEVATION, 8_848),
        ("time=100h", TIME, 360_000),
        ("time=90min", TIME, 5_400),
        ("count=52", COUNT, 52),
    ],
)
def test_targets_are_read_in_every_unit(text: str, target_type: TargetType, value: int) -> None:
    """Every unit is known, a missing one is the kind's own, and the sum is exact."""
    assert parse_target(text) == (target_type, value)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "''"),
        ("distance", "'distance'"),
        ("speed=10km", "'speed=10km'"),
        ("distance=km", "'km'"),
        ("distance=-5km", "'-5km'"),
        ("distance=1,5km", "'1,5km'"),
        ("distance=1e6", "'1e6'"),
        ("distance=\u0661\u0660km", "km'"),
        ("distance=" + "9" * 5_000, "'" + "9" * 40 + "…'"),
        ("elevation=5km", "'5km' has no unit of elevation; use m, ft"),
        ("count=3km", "'3km' has no unit of count"),
        ("distance=0,500km", "'0,500km' is no amount"),
        ("distance=0km", "a target must be more than 0 km, not '0km'"),
        ("elevation=0.000 ft", "a target must be more than 0 ft, not '0.000 ft'"),
        ("distance=0.0001mi", "a target must be more than 0 mi, not '0.0001mi', which rounds to 0"),
        ("time=0", "a target must be more than 0 h, not '0'"),
        ("distance=1.000km", "'1.000km' may be 1000 km or 1 km; write 1000km or 1km"),
        ("distance=1,000 km", "'1,000 km' may be 1000 km or 1 km; write 1000km or 1km"),
        ("distance=10.000km", "'10.000km' may be 10000 km or 10 km; write 10000km or 10km"),
        ("distance=12.500", "'12.500' may be 12500 km or 12.5 km; write 12500km or 12.5km"),
        ("distance=42,195km", "'42,195km' may be 42195 km or 42.195 km; write 42195km or 42.195km"),
        ("distance=1.609m", "'1.609m' may be 1609 m or 1.609 m; write 1609m or 1.61m"),
        ("elevation=8.848m", "'8.848m' may be 8848 m or 8.848 m; write 8848m or 8.85m"),
        ("elevation=29.029ft", "'29.029ft' may be 29029 ft or 29.029 ft; write 29029ft or 29.03ft"),
        ("time=1.234min", "'1.234min' may be 1234 min or 1.234 min; write 1234min or 1.23min"),
        ("time=1,500h", "'1,500h' may be 1500 h or 1.5 h; write 1500h or 1.5h"),
        ("count=1.000", "'1.000' may be 1000 activities or 1 activity; write 1000 or 1"),
        ("count=1.234", "'1.234' may be 1234 activities or 1.234 activities; write 1234"),
    ],
)
def test_what_is_no_target_is_refused(text: str, named: str) -> None:
    """Nothing is guessed, a decimal comma least of all; the message repeats the value, shortened."""
    with pytest.raises(InvalidInput) as refused:
        parse_target(text)
    assert len(refused.value.message) < 200
    assert named in refused.value.message


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
@pytest.mark.parametrize("written", ["1.000", "1,000", "12.500", "12,500", "999.120", "999,125"])
def test_what_a_refusal_tells_to_type_is_read(kind: Kind, written: str) -> None:
    """Each way out that an ambiguous amount is answered with is one amount, and they differ by 1,000."""
    unit = next(iter(kind.units))
    with pytest.raises(InvalidInput) as refused:
        parse_amount(kind, written + unit)
    ways = refused.value.message.partition("; write ")[2].split(" or ")
    amounts = [parse_amount(kind, each) for each in ways]
    assert amounts[0] == int(written.replace(",", "").replace(".", "")) * kind.units[unit]
    assert len(amounts) == 1 + (kind.name != "count" or written.endswith("000"))
    assert all(each * 1_000 == amounts[0] for each in amounts[1:] if kind.name in {"distance", "count"})


@pytest.mark.parametrize(
    ("target_type", "value", "shown"),
    [
        (DISTANCE, 10_000_000, "10,000 km"),
        (DISTANCE, 42_195, "42.195 km"),
        (DISTANCE, 800, "800 m"),
        (ELEVATION, 8_848, "8,848 m of climbing"),
        (TIME, 360_000, "100 h"),
        (TIME, 5_400, "1.5 h"),
        (TIME, 600, "10 min"),
        (COUNT, 52, "52 activities"),
        (COUNT, 1, "1 activity"),
    ],
)
def test_targets_are_shown_without_needless_digits(target_type: TargetType, value: int, shown: str) -> None:
    """A headline has whole amounts whole."""
    assert show_target(target_type, value) == shown


@pytest.mark.parametrize(
    ("target_type", "value", "shown"),
    [
        (DISTANCE, 12_440, "12.44 km"),
        (DISTANCE, 40, "40 m"),
        (DISTANCE, 0, "0.0 km"),
        (TIME, 7_200, "2.0 h"),
        (TIME, 59, "59 s"),
        (COUNT, 3, "3 activities"),
    ],
)
def test_small_amounts_are_shown_in_small_units(target_type: TargetType, value: int, shown: str) -> None:
    """What is missing is never shown as nothing."""
    assert show_amount(target_type, value) == shown


def test_progress_is_shown_in_the_unit_of_the_target() -> None:
    """Both figures of "so much of so much" are in one unit."""
    assert show_progress(DISTANCE, 675_111, 10_000_000) == "675.1 of 10,000 km"
    assert show_progress(DISTANCE, 40, 10_000) == "0.0 of 10 km"
    assert show_progress(COUNT, 3, 52) == "3 of 52 activities"


@pytest.mark.parametrize("target_type", [DISTANCE, ELEVATION, TIME, COUNT])
@pytest.mark.parametrize("value", [1, 59, 61, 999, 1_001, 3_599, 3_601, 8_334, 16_667, 99_951, 10**7 + 1])
def test_what_is_needed_is_never_shown_as_less(target_type: TargetType, value: int) -> None:
    """An athlete who does as much as is shown has done enough, and hardly more."""
    shown = show_needed(target_type, value)
    if target_type is TargetType.ACTIVITY_COUNT:
        assert shown == show_amount(target_type, value)
        return
    number, _, unit = shown.partition(" ")
    (units,) = [kind.units for kind in KINDS.values() if kind.target_type is target_type]
    assert Decimal(number.replace(",", "")) * units[unit] >= value
    below = Decimal(show_amount(target_type, value).partition(" ")[0].replace(",", ""))
    last_digit = Decimal(1).scaleb(-len(number.partition(".")[2]))
    assert Decimal(number.replace(",", "")) - below <= last_digit


FEET_AND_MILES = [
    *((name, str(feet), "ft") for name in ("distance", "elevation") for feet in range(100, 30_001, 100)),
    *(("distance", str(miles), "mi") for miles in range(1, 1_001)),
    ("distance", "0.5", "mi"),
    ("distance", "26.2", "mi"),
    ("elevation", "29029", "ft"),
]


def test_round_feet_and_miles_are_shown_as_given() -> None:
    """Whole metres are stored, and the round figure that they were made of is shown."""
    for name, number, unit in FEET_AND_MILES:
        target_type, total = parse_target(f"{name}={number}{unit}")
        with shown_as_given(unit, [Aim(target_type=target_type, total_target=total)]):
            shown = show_target(target_type, total)
            figure = f"{Decimal(number):,} {unit}"
            assert shown == figure + KINDS[name].target_suffix
            assert show_amount(target_type, total) == show_needed(target_type, total) == figure
            done = show_progress(target_type, total, total)
            reached, _, of = done.partition(" of ")
            assert of == figure
            assert _number(reached) == Decimal(number)


TYPED = st.builds(
    lambda digits, exponent: f"{Decimal(digits).scaleb(exponent).normalize():f}",
    st.integers(1, 9_999),
    st.integers(-4, 3),
)


@given(TYPED, st.sampled_from([("distance", "mi"), ("distance", "ft"), ("elevation", "ft")]))
def test_what_is_shown_of_feet_and_miles_is_read_as_the_same(typed: str, of: tuple[str, str]) -> None:
    """The figure shown is stored as the target is, and one metre less or more is on its own side of it."""
    name, unit = of
    kind = KINDS[name]
    total = whole(Decimal(typed), kind.units[unit])
    assume(total)
    with shown_as_given(unit, [Aim(target_type=kind.target_type, total_target=total)]):
        number, shown_unit = show_target(kind, total).removesuffix(kind.target_suffix).split()
        assert shown_unit == unit
        # Commas out: in one group of three they may be read as a fraction.
        assert parse_target(f"{name}={number.replace(',', '')}{unit}") == (kind.target_type, total)
        for value in (total - 1, total, total + 1):
            reached, _, asked = show_progress(kind, value, total).partition(" of ")
            assert asked == f"{number} {unit}"
            assert (_number(reached) >= _number(number)) == (value >= total)
        assert show_needed(kind, total) == show_amount(kind, total) == f"{number} {unit}"


@pytest.mark.parametrize(
    ("value", "target", "shown"), [(0, 805, "0.00 of 0.5 mi"), (402, 805, "0.24 of 0.5 mi")]
)
def test_progress_towards_less_than_a_mile_has_two_digits(value: int, target: int, shown: str) -> None:
    """One digit would be a fifth of half a mile."""
    with shown_as_given("mi", [Aim(target_type=DISTANCE, total_target=target)]):
        assert show_progress(DISTANCE, value, target) == shown


def test_feet_of_climbing_leave_miles_beside_them_as_they_are() -> None:
    """Of several targets, the first unit may be that of another kind."""
    aims = [
        Aim(target_type=ELEVATION, total_target=305),
        Aim(target_type=DISTANCE, total_target=160_934),
    ]
    with shown_as_given("ft", aims):
        assert show_aims(aims) == "1,000 ft of climbing and 100 mi"


def _number(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))
