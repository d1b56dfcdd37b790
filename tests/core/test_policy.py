"""The policy: sections by package, values by name, and what no policy may say."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from attrs import fields

from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import (
    DEFAULT_POLICY,
    OnDisconnect,
    Policy,
    TrainingPolicy,
    customised,
    values_of,
)


@pytest.mark.parametrize(
    ("limits", "needed"),
    [
        ({"commit_items_max": 51}, 52),
        ({"commit_items_max": 99, "milestones_tracked_max": 98}, 100),
        ({"statue_parts_max": 99}, 101),
    ],
)
def test_a_policy_whose_commits_are_too_small_is_refused(limits: dict[str, int], needed: int) -> None:
    """A workout with all it moves, and a milestone with all its parts, must each fit one commit."""
    with pytest.raises(InvalidInput, match=f"need {needed}") as refused:
        customised(DEFAULT_POLICY, limits)
    assert refused.value.field == "commit_items_max"


def test_a_statue_leaves_a_place_in_the_first_commit_of_a_ledger() -> None:
    """Beside head, milestone and parts a store looks at the deletions of accounts in the same write."""
    assert TrainingPolicy(statue_parts_max=97).statue_parts_max == 97
    with pytest.raises(InvalidInput, match="at most 97") as refused:
        TrainingPolicy(statue_parts_max=98)
    assert refused.value.field == "statue_parts_max"


@pytest.mark.parametrize("name", ["job_retry_seconds_max", "look_again_seconds"])
def test_no_job_is_made_to_wait_longer_than_jobs_may(name: str) -> None:
    """Such a job would count as put by a wrong clock, and be done at once, again and again."""
    longest = DEFAULT_POLICY.jobs.job_wait_seconds_max
    customised(DEFAULT_POLICY, {name: longest})
    with pytest.raises(
        InvalidInput, match=f"{name} {longest + 1} is longer than job_wait_seconds_max"
    ) as refused:
        customised(DEFAULT_POLICY, {name: longest + 1})
    assert refused.value.field == name
    customised(DEFAULT_POLICY, {name: longest + 1, "job_wait_seconds_max": longest + 1})


def test_a_policy_at_its_limits_is_accepted() -> None:
    """Exactly enough is enough."""
    assert TrainingPolicy(commit_items_max=52).statue_parts_max == 50
    assert TrainingPolicy(milestones_tracked_max=98).commit_items_max == 100


def test_names_are_unique_over_all_sections() -> None:
    """An operator sets a value by its name alone, so no two sections share one."""
    sections = [getattr(DEFAULT_POLICY, each.name) for each in fields(Policy)]
    assert len(values_of(DEFAULT_POLICY)) == sum(len(fields(type(each))) for each in sections)


def test_every_value_can_be_given_as_text() -> None:
    """Environment variables hold texts: each value's own text gives the same policy."""
    texts = {
        name: each.isoformat() if isinstance(each, datetime) else str(each)
        for name, each in values_of(DEFAULT_POLICY).items()
    }
    assert customised(DEFAULT_POLICY, texts) == DEFAULT_POLICY


def test_values_are_replaced_in_their_sections() -> None:
    """What is given is set, in whatever section it stands, and nothing else changes."""
    given: dict[str, object] = {
        "workouts_on_disconnect": "erase",
        "page_items_max": "7",
        "job_attempts_max": 3,
        "handshake_seconds": 60,
        "workout_started_at_min": "2000-01-01T00:00:00Z",
    }
    expected = {
        **given,
        "workouts_on_disconnect": OnDisconnect.ERASE,
        "page_items_max": 7,
        "workout_started_at_min": datetime(2000, 1, 1, tzinfo=UTC),
    }
    policy = customised(DEFAULT_POLICY, given)
    assert values_of(policy) == {**values_of(DEFAULT_POLICY), **expected}


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("page_items_max", 0, "must be at least 1"),
        ("commit_attempts_max", 0, "must be at least 1"),
        ("milestones_tracked_max", 0, "must be at least 1"),
        ("page_items_max", -5, "must be at least 1"),
        ("page_items_max", 10**16, "at most 1,000,000,000,000,000"),
        ("webhook_delay_seconds", -1, "must be at least 0"),
        ("session_seconds", 10**11, "at most 3,162,240,000"),
        ("job_lease_seconds", 180, "at most 179"),
        ("list_page_items", 201, "at most 200"),
        ("commit_items_max", 101, "at most 100"),
        ("live_reserve_percent", 100, "at most 99"),
        ("page_items_max", "many", "is not a whole number"),
        ("page_items_max", "1.5", "is not a whole number"),
        ("page_items_max", 1.5, "is not a whole number"),
        ("page_items_max", True, "is not a whole number"),
        ("page_items_max", None, "is not a whole number"),
        ("workouts_on_disconnect", "maybe", "is not one of KEEP, ERASE"),
        ("workouts_on_disconnect", 1, "is not one of KEEP, ERASE"),
        ("workout_started_at_min", "yesterday", "is not a date"),
        ("workout_started_at_min", "2000-01-01", "has no time zone"),
        ("no_such_limit", 1, "the policy has no value 'no_such_limit'; it has: absence_retry"),
    ],
)
def test_a_wrong_name_or_value_is_refused_with_the_limit_named(name: str, value: object, why: str) -> None:
    """A limit under which nothing could work is named, not met as a failure later."""
    with pytest.raises(InvalidInput, match=why) as refused:
        customised(DEFAULT_POLICY, {name: value})
    assert refused.value.field == name
