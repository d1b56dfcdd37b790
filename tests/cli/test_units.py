"""Amounts as people write and read them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from commitcollect_cli.units import (
    KINDS,
    parse_target,
    show_amount,
    show_needed,
    show_progress,
    show_target,
)
from commitcollect_core.errors import InvalidInput
from commitcollect_core.values import TargetType

DISTANCE, ELEVATION = TargetType.DISTANCE_METERS, TargetType.ELEVATION_METERS
TIME, COUNT = TargetType.MOVING_TIME_SECONDS, TargetType.ACTIVITY_COUNT


@pytest.mark.parametrize(
    ("text", "target_type", "value"),
    [
        ("distance=1000km", DISTANCE, 1_000_000),
        ("distance=1,000 km", DISTANCE, 1_000_000),
        ("Distance = 42.195", DISTANCE, 42_195),
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
    ],
)
def test_what_is_no_target_is_refused(text: str, named: str) -> None:
    """Nothing is guessed, a decimal comma least of all; the message repeats the value, shortened."""
    with pytest.raises(InvalidInput) as refused:
        parse_target(text)
    assert len(refused.value.message) < 200
    assert named in refused.value.message


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
        (DISTANCE, 12_440, "12.4 km"),
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


@pytest.mark.parametrize("target_type", TargetType)
@pytest.mark.parametrize("value", [1, 59, 61, 999, 1_001, 3_599, 3_601, 8_334, 16_667, 99_951, 10**7 + 1])
def test_what_is_needed_is_never_shown_as_less(target_type: TargetType, value: int) -> None:
    """Whoever does as much as is shown has done enough, and hardly more."""
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
