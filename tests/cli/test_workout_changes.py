"""``commitcollect workout show``, ``edit`` and ``undelete``."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.console import Console

RUN = ("--sport-type", "run", "--start", "2024-02-01T07:00+01:00", "--distance", "10km")


def test_show_has_every_value(console: Console, history: Path) -> None:
    """The document is that of the list; a person reads every value, and '-' for what is not given."""
    console.json("workout", "import", history)
    listed = {each["activityId"]: each for each in console.json("workout", "list")["workouts"]}
    assert console.json("workout", "show", "1000007") == listed["1000007"]
    lines = dict(line.split(maxsplit=1) for line in console("workout", "show", "1000006").out.splitlines())
    assert (lines["Activity"], lines["Distance"], lines["Elapsed"]) == (
        "1000006 (STRAVA)",
        "10.0 km",
        "51 min",
    )
    assert lines["State"] == "flagged at the source"
    nameless = console.json("workout", "add", *RUN)["workout"]["activityId"]
    text = console("workout", "show", nameless).out
    assert "Name      -" in text
    assert "2024-02-01 07:00 on the spot" in text
    assert "no workout 'nowhere'" in console("workout", "show", "nowhere").err


def test_edit_changes_what_is_given_and_moves_milestones(console: Console) -> None:
    """The rest stays; a larger distance earns parts, and a smaller one takes none away."""
    milestone = console.json("milestone", "create", "--target", "distance=24km", "--from", "2024-01-01")
    before = console.json("workout", "add", *RUN, "--name", "River")["workout"]
    activity_id = before["activityId"]
    larger = console.json("workout", "edit", activity_id, "--distance", "12km")
    taken_in_at = {each: larger["workout"][each] for each in ("fetchedAtUtc", "fetchedAt")}
    assert larger["workout"] == {**before, "distanceMeters": 12_000, "version": 2, **taken_in_at}
    assert [each["partIndex"] for each in larger["awards"]] == [6]
    console.json("workout", "edit", activity_id, "--distance", "1km", "--sport-type", "trail run")
    shown = console.json("milestone", "show", milestone["milestoneId"])
    assert (shown["currentValue"], shown["partsEarned"]) == (1_000, 6)
    changed = console.json("workout", "edit", activity_id, "--start", "2024-03-01T07:00Z", "--name", "")
    kept = changed["workout"]
    assert (kept["sportType"], kept["activityName"], kept["utcOffsetSeconds"]) == ("TrailRun", "", None)


def test_edit_of_an_imported_workout_says_what_an_import_does(console: Console, history: Path) -> None:
    """It is written, and the message says that an import overwrites it."""
    console.json("workout", "import", history)
    outcome = console("workout", "edit", "1000001", "--name", "Race")
    assert outcome.code == 0
    assert "overwrites this" in outcome.err
    console.json("workout", "import", history)
    assert console.json("workout", "show", "1000001")["activityName"] == "Run 1"


@pytest.mark.parametrize(
    "changes", [(), ("--distance", "10"), ("--distance", "9999999km"), ("--start", "2999-01-01T00:00Z")]
)
def test_what_cannot_be_is_refused(console: Console, changes: tuple[str, ...]) -> None:
    """Nothing given, no unit, or more than a workout can be: nothing is written."""
    before = console.json("workout", "add", *RUN)["workout"]
    assert console("workout", "edit", before["activityId"], *changes).code == 2
    assert console.json("workout", "show", before["activityId"]) == before


def test_times_that_contradict_are_refused_where_they_are_given(console: Console) -> None:
    """Also where only one of them is, and the other was stored before."""
    moving = console.json("workout", "add", *RUN, "--moving", "52min")["workout"]["activityId"]
    assert console("workout", "edit", moving, "--elapsed", "50min").code == 2
    console.json("workout", "edit", moving, "--elapsed", "52min")
    assert console("workout", "edit", moving, "--moving", "52:01").code == 2
    console.json("workout", "edit", moving, "--moving", "53min", "--elapsed", "0s")


def test_undelete_brings_back_what_was_deleted(console: Console, history: Path) -> None:
    """The workout counts as before; what is not deleted stays as it is, and what is deleted is not edited."""
    console.json("workout", "import", history)
    milestone = console.json("milestone", "create", "--target", "distance=500km", "--from", "2024-01-01")
    before = milestone["currentValue"]
    console.json("workout", "delete", "1000007")
    refused = console("workout", "edit", "1000007", "--name", "Race")
    assert refused.code != 0
    assert "undelete" in refused.err
    assert console.json("workout", "undelete", "1000007")["workout"]["isDeleted"] is False
    assert console.json("milestone", "show", milestone["milestoneId"])["currentValue"] == before
    assert "Was not deleted" in console("workout", "undelete", "1000007").out
    assert console("workout", "undelete", "nowhere").code == 3


def test_what_is_not_given_is_a_dash(console: Console) -> None:
    """Neither a list nor the workout itself shows a 0 that was never typed; a sentence leaves it out."""
    added = console(
        "workout", "add", "--sport-type", "Yoga", "--start", "2024-02-01T07:00Z", "--moving", "35min"
    )
    assert added.out.endswith("Yoga, 2024-02-01 07:00 UTC, 35 min.\n")
    listed = console("workout", "list").out.splitlines()[1].split()
    assert listed[3:7] == ["-", "-", "35", "min"]
    shown = console("workout", "show", listed[7]).out
    values = dict(line.split(maxsplit=1) for line in shown.splitlines())
    assert {values[each] for each in ("Distance", "Climb", "Elapsed")} == {"-"}


@pytest.mark.parametrize("command", ["list", "export"])
def test_days_in_the_wrong_order_are_refused(console: Console, history: Path, command: str) -> None:
    """Nothing can be between them, so an empty list would hide the mistake."""
    console.json("workout", "import", history)
    file = ("all.csv",) if command == "export" else ()
    refused = console("workout", command, *file, "--from", "2024-05-05", "--to", "2024-05-01")
    assert (refused.code, "lies before the first" in refused.err) == (2, True)


def test_a_workout_is_found_by_the_beginning_of_its_id(console: Console, history: Path) -> None:
    """Where one begins so; several are named, and a full id never means a longer one."""
    console.json("workout", "import", history)
    added = console.json("workout", "add", *RUN)["workout"]["activityId"]
    assert console.json("workout", "show", added[:4])["activityId"] == added
    assert console.json("workout", "edit", "w-", "--name", "River")["workout"]["activityName"] == "River"
    assert console.json("workout", "delete", added[:6])["workout"]["isDeleted"]
    assert not console.json("workout", "undelete", added[:6])["workout"]["isDeleted"]
    several = console("workout", "show", "100000")
    assert (several.code, "may be one of several" in several.err, "and 2 more" in several.err) == (
        2,
        True,
        True,
    )
    assert console("workout", "show", "w-", "--source", "STRAVA").code == 3
    assert console("workout", "show", "1000001").code == 0
