"""What athletes need and cost is reckoned right, and says what it assumes."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean

import pytest

from adapters.dynamodb import sizes
from cli.console import Console
from commitcollect_adapters.dynamodb import capacity
from commitcollect_adapters.dynamodb.capacity import STATUE_PARTS
from commitcollect_adapters.readers import read_history
from commitcollect_adapters.readers.rows import Accepted
from commitcollect_adapters.statues import shipped_catalog
from commitcollect_core import DEFAULT_POLICY, UserId
from commitcollect_core.training.workouts import Workout

MANY = ("capacity", "--athletes", 10_000_000, "--per-week", 4)
WRITE_UNIT_BYTES = 1_024
SAMPLES = {
    "HEAD": sizes.sample_head(),
    "WORKOUT": sizes.sample_workout(),
    "INDEX": sizes.index_entry(sizes.sample_workout()),
    "MILESTONE": sizes.sample_milestone(),
    "AWARD": sizes.sample_award(),
}


def test_ten_million_athletes(console: Console) -> None:
    """The figures are those of a sum on paper."""
    found = console.json(*MANY)
    events = 10_000_000 * 4 / (7 * 86_400)
    awards = 10_000_000 * 12 / 31_557_600
    assert found["event"] == {"writeUnits": 8, "readUnits": 4}
    average, peak = found["perSecond"]["average"], found["perSecond"]["peak"]
    assert average["events"] == pytest.approx(events)
    assert average["writeUnits"] == pytest.approx(8 * events + 2 * awards)
    assert average["readUnits"] == pytest.approx(4 * events)
    assert peak == pytest.approx({name: 10 * figure for name, figure in average.items()})
    month = found["month"]
    assert month["writeUnits"] == pytest.approx(average["writeUnits"] * 86_400 * 365.25 / 12)
    assert month["costUsd"]["writes"] == pytest.approx(month["writeUnits"] / 10**6 * 0.625, abs=0.01)
    assert month["costUsd"]["reads"] == pytest.approx(month["readUnits"] / 10**6 * 0.125, abs=0.01)
    assert month["costUsd"]["storage"] == pytest.approx(month["storedGigabytes"] * 0.25, abs=0.01)
    assert month["costUsd"]["recovery"] == pytest.approx(month["storedGigabytes"] * 0.20, abs=0.01)
    assert found["strava"]["callsPerDay"] == pytest.approx(10_000_000 * 4 / 7)
    assert found["strava"]["callsPer15Minutes"] == pytest.approx(events * 900)
    assert found["athlete"]["commitsPerSecondMax"] == 1_000 // 7


def test_what_is_stored_is_what_the_samples_weigh(console: Console) -> None:
    """A year of one athlete is a head, 209 workouts with their index entries, a milestone and 12 awards."""
    head, workout, index, milestone, award = map(sizes.billed_bytes, SAMPLES.values())
    stored = head + 209 * (workout + index) + milestone + 12 * award
    assert console.json(*MANY)["athlete"]["storedBytes"] == pytest.approx(stored, rel=0.05)
    assert console.json(*MANY, "--years", 2)["athlete"]["storedBytes"] == pytest.approx(
        2 * stored - head, rel=0.05
    )


@pytest.mark.parametrize("kind", SAMPLES)
def test_the_sizes_that_are_reckoned_are_those_of_items(kind: str) -> None:
    """An item that grows by more than a tenth has to be reckoned anew."""
    reckoned: int = getattr(capacity, f"{kind}_BYTES")
    assert sizes.billed_bytes(SAMPLES[kind]) == pytest.approx(reckoned, rel=0.1)


def test_each_part_of_the_bill_follows_its_price(console: Console) -> None:
    """A price of 0 takes its line off the bill; twice the price doubles it."""
    before = console.json(*MANY)["month"]["costUsd"]
    parts = {"writes": "write", "reads": "read", "storage": "storage", "recovery": "recovery"}
    assert before["total"] == pytest.approx(sum(before[part] for part in parts), abs=0.02)
    for part, price in parts.items():
        free = console.json(*MANY, f"--{price}-price", 0)["month"]["costUsd"]
        assert free == pytest.approx({**before, part: 0, "total": before["total"] - before[part]}, abs=0.02)
    dear = console.json(*MANY, "--write-price", 1.25)["month"]["costUsd"]
    assert dear["writes"] == pytest.approx(2 * before["writes"], abs=0.02)


def test_more_milestones_cost_more_of_everything(console: Console) -> None:
    """Each further milestone is 2 write units and a read unit an event; none at all is the workout alone."""
    for milestones in (0, 1, 20):
        event = console.json(*MANY, "--milestones", milestones)["event"]
        assert event == {"writeUnits": 6 + 2 * milestones, "readUnits": 3 + milestones}


def test_people_are_shown_the_same(console: Console) -> None:
    """The text says the load, the units, the money and what one partition carries."""
    shown = console(*MANY).out
    for expected in (
        "10,000,000 athletes with 4 activities a week",
        "peak (10 times)",
        "5,714,286",
        "882.14",
        "An event takes 8 write and 4 read units",
    ):
        assert expected in shown
    assert "under 0.01" in console("capacity", "--athletes", 1, "--per-week", 0.01).out


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("athletes", 0),
        ("athletes", 10**11),
        ("athletes", 1.5),
        ("per-week", 0),
        ("per-week", "nan"),
        ("per-week", "inf"),
        ("per-week", "four"),
        ("milestones", 21),
        ("years", 0),
        ("peak", 0.5),
        ("write-price", -1),
        ("read-price", "nan"),
        ("storage-price", "1e9"),
        ("recovery-price", "-0.01"),
    ],
)
def test_what_cannot_be_is_refused(console: Console, option: str, value: object) -> None:
    """A figure outside its bounds ends in one error that names the option."""
    outcome = console(*MANY, f"--{option}", value)
    assert outcome.code == 2
    assert f"--{option}" in outcome.err
    assert outcome.out == ""
    as_json = console(*MANY, f"--{option}", value, "--json")
    assert (as_json.code, as_json.document["error"]) == (2, "usage")


def test_the_load_has_to_be_said(console: Console) -> None:
    """Without athletes or activities there is nothing to reckon."""
    assert console("capacity", "--athletes", 5).code == 2
    assert console("capacity", "--per-week", 4).code == 2


def test_reckoning_needs_no_boto3() -> None:
    """The calculator works without the extra that talks to DynamoDB."""
    program = "import sys, commitcollect_cli.capacity; sys.exit('boto3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize("kind", SAMPLES)
def test_samples_take_the_units_that_are_reckoned(kind: str) -> None:
    """Every sample is within the 1 KB that one write unit covers."""
    assert sizes.item_bytes(SAMPLES[kind]) <= WRITE_UNIT_BYTES


def test_the_sample_workout_is_no_smaller_than_a_real_one(shared_data: Path) -> None:
    """Storage is not reckoned too small: real workouts weigh less on average."""
    real = shared_data / "real" / "summary_activities.json"
    now = datetime(2026, 1, 1, tzinfo=UTC)
    rows = read_history(real, policy=DEFAULT_POLICY, now=now)
    workouts = [
        Workout(snapshot=each.snapshot, version=1, fetched_at=now)
        for each in rows
        if isinstance(each, Accepted)
    ]
    user_id = UserId("0f8fad5b-d9cb-469f-a165-70867728950e")
    average = fmean(sizes.item_bytes(sizes.workout_item(user_id, each)) for each in workouts)
    sample = sizes.item_bytes(sizes.sample_workout())
    assert 0.8 * sample < average <= sample


def test_the_statue_is_the_shipped_one() -> None:
    """As many awards are reckoned as the largest shipped statue has parts."""
    assert max(model.parts_total for model in shipped_catalog().models()) == STATUE_PARTS


def test_sizes_are_counted_as_dynamodb_does() -> None:
    """Text in UTF-8, two digits of a number to a byte without zeros at its ends, one byte for a truth."""
    item = {"é": {"S": "ü1"}, "n": {"N": "-1200"}, "zero": {"N": "0"}, "b": {"BOOL": True}}
    assert sizes.item_bytes(item) == (2 + 3) + (1 + 1 + 1 + 1) + (4 + 1) + (1 + 1)
