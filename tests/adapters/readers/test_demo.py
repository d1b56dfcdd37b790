from __future__ import annotations

import tracemalloc
from collections import Counter
from datetime import UTC, datetime
from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.readers.samples import NOW, POLICY
from commitcollect_adapters.readers import demo_history
from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import customised
from commitcollect_core.training.sports import known_sport_type
from commitcollect_core.training.workouts import ActivitySnapshot


def history(activities: int, seed: int = 1) -> list[ActivitySnapshot]:
    """A demo of that size, all at once."""
    return list(demo_history(seed=seed, activities=activities, policy=POLICY))


@settings(max_examples=25)
@given(st.integers(), st.integers(0, 1_500))
def test_a_demo_is_a_valid_history(seed: int, activities: int) -> None:
    """Of any seed and size: the number asked for, each passing its check, in start order, ids distinct."""
    made = history(activities, seed)
    assert len(made) == activities
    for each in made:
        each.check(POLICY, now=NOW)
        assert known_sport_type(each.sport_type) == each.sport_type
        assert each.activity_id.isdecimal()
        assert each.moving_seconds <= each.elapsed_seconds
    assert all(one.started_at <= two.started_at for one, two in pairwise(made))
    assert len({each.activity_id for each in made}) == activities


def test_the_same_seed_tells_the_same_story() -> None:
    """A demo can be repeated, and another seed is another one."""
    assert history(300, seed=5) == history(300, seed=5)
    assert history(300, seed=5) != history(300, seed=6)


def test_three_years_of_a_plausible_athlete() -> None:
    """A thousand activities fill 2023 to 2025 with every sport in its season, a few of them odd."""
    made = history(1_000)
    assert {each.started_at.year for each in made} == {2023, 2024, 2025}
    sports = Counter(each.sport_type for each in made)
    assert {"Run", "TrailRun", "Ride", "GravelRide", "Hike", "Swim", "NordicSki", "Yoga"} <= set(sports)
    assert sports.most_common(1)[0][0] == "Run"
    assert {each.started_at.month for each in made if "Ski" in each.sport_type} <= {12, 1, 2, 3}
    assert 1 <= sum(each.is_flagged for each in made) <= 10
    assert any(each.distance_meters == 0 and each.sport_type == "Run" for each in made)
    assert "Morning Run" in {each.name for each in made}
    ids = [int(each.activity_id) for each in made]
    assert ids != sorted(ids)


@pytest.mark.parametrize(
    ("sport", "slow", "fast"), [("Run", 7, 15), ("Ride", 17, 36), ("Swim", 1.5, 4), ("Hike", 2.5, 6)]
)
def test_speeds_are_human(sport: str, slow: float, fast: float) -> None:
    """No activity is slower or faster than people are, in km/h."""
    moved = [each for each in history(1_500) if each.sport_type == sport and each.distance_meters]
    speeds = [each.distance_meters / each.moving_seconds * 3.6 for each in moved]
    assert moved
    assert all(slow < speed < fast for speed in speeds)


def test_runs_get_faster_over_the_years() -> None:
    """The last year's runs are faster on average than the first year's."""
    runs = [each for each in history(1_500) if each.sport_type == "Run" and each.distance_meters]

    def speed(year: int) -> float:
        of_year = [each for each in runs if each.started_at.year == year]
        return sum(each.distance_meters for each in of_year) / sum(each.moving_seconds for each in of_year)

    assert speed(2023) * 1.03 < speed(2025)


def test_many_activities_go_back_in_time() -> None:
    """20,000 fill the years since 1990, nearly all with a start of their own; 100,000 fill no more."""
    starts = Counter(each.started_at for each in demo_history(seed=1, activities=20_000, policy=POLICY))
    assert min(starts) >= datetime(1990, 1, 1, tzinfo=UTC)
    assert len(starts) > 19_900
    first = next(demo_history(seed=1, activities=100_000, policy=POLICY))
    assert first.started_at.year == 1990


def test_a_demo_streams() -> None:
    """The first activities of a hundred thousand cost no more than a list of days."""
    tracemalloc.start()
    try:
        made = sum(1 for _ in islice(demo_history(seed=1, activities=100_000, policy=POLICY), 10_000))
        assert made == 10_000
        assert tracemalloc.get_traced_memory()[1] < 5 * 1024**2
    finally:
        tracemalloc.stop()


def test_a_demo_keeps_within_a_tighter_policy() -> None:
    """Whatever limits a host sets, the demo passes its check."""
    tight = customised(
        POLICY, {"activity_name_chars_max": 5, "distance_meters_max": 9_000, "duration_seconds_max": 1_800}
    )
    for each in demo_history(seed=1, activities=200, policy=tight):
        each.check(tight, now=NOW)


def test_fewer_than_none_is_refused() -> None:
    """A negative size is the caller's mistake, told at the call."""
    with pytest.raises(InvalidInput, match="-1"):
        demo_history(seed=1, activities=-1, policy=POLICY)
