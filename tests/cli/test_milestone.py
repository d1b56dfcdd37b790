"""``commitcollect milestone`` on a store."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest

from cli.console import Console, activity, write_history
from commitcollect_cli import milestone

GOAL = ("--target", "distance=60km", "--sport", "RUN", "--from", "2024-01-01")

# The keys that are promised for a milestone and for an award.
MILESTONE_KEYS = {
    "milestoneId", "modelId", "sport", "targetType", "totalTarget", "partTarget", "partsTotal",
    "progressValue", "currentValue", "percentComplete", "partsEarned", "status", "periodStartAtUtc",
    "periodEndAtUtc",
}  # fmt: skip
AWARD_KEYS = {
    "partIndex", "partName", "meshFile", "attachPoint", "progressValueAtAward", "awardedAtUtc", "earnedAtUtc",
    "activityId", "meshSha256",
}  # fmt: skip


def _with_history(console: Console, history: Path) -> dict[str, Any]:
    console.json("workout", "import", history)
    return console.json("milestone", "create", *GOAL)


def test_create_counts_the_stored_history_at_once(console: Console, history: Path) -> None:
    """Five runs of 10 km stand; the flagged run and the ride do not count: 50 of 60 km, 10 of 12 parts."""
    created = _with_history(console, history)
    assert created.keys() >= MILESTONE_KEYS | {"awards"}
    assert (created["progressValue"], created["partsEarned"], created["status"]) == (50_000, 10, "ACTIVE")
    assert [award["partIndex"] for award in created["awards"]] == list(range(1, 11))
    assert all(award.keys() >= AWARD_KEYS for award in created["awards"])
    assert created["awards"][0]["activityId"] == "1000001"
    assert console.json("milestone", "show", created["milestoneId"]) == created


def test_show_draws_the_statue(console: Console, history: Path) -> None:
    """The text names the goal, what is earned and when, and what comes next."""
    milestone_id = _with_history(console, history)["milestoneId"]
    lines = console("milestone", "show", milestone_id).out.splitlines()
    assert lines[0] == f"Milestone {milestone_id}"
    assert lines[1] == "Dragon (DRAGON_2026)  60 km · RUN · from 1 Jan 2024"
    assert lines[2].endswith(" 83 %  50.0 of 60 km")
    assert "  ◆  1  Base             1 Jan 2024  at 10.0 km" in lines
    assert "  ◇ 11  Head            at 55.0 km" in lines
    assert lines[-2] == "Next: Head in 5.0 km."
    assert lines[-1].startswith("Pace: whole on ")


def test_create_in_text_shows_the_new_milestone(console: Console) -> None:
    """What ``create`` prints without ``--json`` is the milestone, with the id to ask for it again."""
    lines = console("milestone", "create", *GOAL, "--to", "2025-01-01").out.splitlines()
    word, milestone_id = lines[0].split()
    assert word == "Milestone"
    assert lines[1] == "Dragon (DRAGON_2026)  60 km · RUN · 1 Jan 2024 to 31 Dec 2024"
    assert console("milestone", "show", milestone_id).out.splitlines() == lines


def test_list_goes_on_where_it_stopped(console: Console) -> None:
    """Pages of one milestone each, walked by their ``next``, give every milestone once, by creation."""
    opened = [console.json("milestone", "create", *GOAL) for _ in range(3)]
    # Milestones of the same second stand in order of id.
    made = [each["milestoneId"] for each in sorted(opened, key=itemgetter("createdAtUtc", "milestoneId"))]
    walked, after = [], None
    while True:
        page = console.json("milestone", "list", "--limit", "1", *(("--after", after) if after else ()))
        walked += [each["milestoneId"] for each in page["milestones"]]
        after = page["next"]
        if after is None:
            break
    assert walked == made
    text = console("milestone", "list", "--limit", "2")
    assert [line.split()[0] for line in text.out.splitlines()[1:]] == made[:2]
    assert f"--after {made[1]}" in text.err


def test_empty_list_says_so_on_stderr(console: Console) -> None:
    """No milestones are no data: stdout stays empty."""
    console("workout", "add", "--sport-type", "Run", "--start", "2024-01-01T07:00Z")
    outcome = console("milestone", "list")
    assert (outcome.code, outcome.out) == (0, "")
    assert "milestone create" in outcome.err


def test_explain_gives_every_workout_its_reason(console: Console, history: Path) -> None:
    """Each stored workout appears once, in order of start, with its amount or the reason it has none."""
    milestone_id = _with_history(console, history)["milestoneId"]
    explained = console.json("milestone", "explain", milestone_id)
    assert explained["milestoneId"] == milestone_id
    assert [(each["amount"], each["reason"]) for each in explained["workouts"]] == [
        *[(10_000, None)] * 5,
        (0, "flagged"),
        (0, "other_sport"),
    ]
    lines = console("milestone", "explain", milestone_id).out.splitlines()
    assert lines[0] == f"2024-01-01 07:00Z Run             {'10.0 km':<23}  1000001  Run 1"
    assert "- flagged at the source" in lines[5]
    assert lines[-1].endswith("5 workouts count; not counted: 1 flagged at the source, 1 other sports.")


def test_explain_of_nothing_is_one_object(console: Console) -> None:
    """Without workouts the streamed object is whole, too."""
    milestone_id = console.json("milestone", "create", *GOAL)["milestoneId"]
    assert console.json("milestone", "explain", milestone_id)["workouts"] == []


def test_recompute_mends_what_doctor_finds(console: Console, history: Path) -> None:
    """A falsified live sum is reported by doctor, which changes nothing, and mended by recompute."""
    milestone_id = _with_history(console, history)["milestoneId"]
    assert console.json("milestone", "recompute", milestone_id)["currentDelta"] == 0
    with closing(sqlite3.connect("commitcollect.db")) as store, store:
        store.execute("UPDATE milestone SET currentValue = 7")

    for _ in range(2):
        doctor = console("doctor")
        assert doctor.code == 1
        assert f"FAILED  milestone   {milestone_id}: holds 7, its workouts add up to 50,000" in doctor.out

    mended = console.json("milestone", "recompute", milestone_id)
    assert (mended["currentDelta"], mended["progressDelta"], mended["partsDelta"]) == (49_993, 0, 0)
    assert (mended["counted"], mended["excluded"]) == (5, {"flagged": 1, "other_sport": 1})
    assert console("doctor").code == 0
    assert console("milestone", "recompute", milestone_id).err == "It was right: 5 workouts add up to it.\n"


def test_recompute_in_text_says_what_it_mended(console: Console, history: Path) -> None:
    """The repair is told on stderr; the milestone as it is now is the data."""
    milestone_id = _with_history(console, history)["milestoneId"]
    with closing(sqlite3.connect("commitcollect.db")) as store, store:
        store.execute("UPDATE milestone SET currentValue = 0")
    outcome = console("milestone", "recompute", milestone_id)
    assert outcome.err == "Repaired from 5 workouts: live sum +50,000, progress +0, parts +0.\n"
    assert outcome.out == console("milestone", "show", milestone_id).out


def test_command_line_counts_beyond_the_limit_of_a_request(console: Console, tmp_path: Path) -> None:
    """More workouts than one request may inspect (3,000) count on the command line, in a recount too."""
    long_history = write_history(tmp_path / "long.json", *(activity(each) for each in range(1, 3_102)))
    console.json("workout", "import", long_history)
    goal = ("--target", "count=3101", "--from", "2000-01-01")
    created = console.json("milestone", "create", *goal)
    assert (created["progressValue"], created["status"]) == (3_101, "COMPLETED")
    assert console.json("milestone", "recompute", created["milestoneId"])["counted"] == 3_101


def test_a_milestone_has_one_target(console: Console) -> None:
    """A second target is not passed over: it is refused, and nothing is created."""
    both = ("--target", "distance=5km", "--target", "count=5")
    outcome = console("milestone", "create", *both, "--from", "2026-01-01")
    assert (outcome.code, "one --target" in outcome.err) == (2, True)
    assert console("milestone", "list").code == 3


def _damage(statement: str, identity: str) -> None:
    with closing(sqlite3.connect("commitcollect.db")) as connection, connection:
        connection.execute(statement, (identity,))


def test_a_ledger_with_items_that_cannot_be_read_is_repaired(console: Console, history: Path) -> None:
    """Doctor names them, --repair removes them, and the athlete's other commands work again."""
    damaged = _with_history(console, history)["milestoneId"]
    kept = console.json("milestone", "create", *GOAL)["milestoneId"]
    _damage("UPDATE milestone SET sport = 'R,U,N' WHERE milestoneId = ?", damaged)
    _damage("UPDATE workout SET distanceMeters = 'far' WHERE activityId = ?", "1000002")
    refused = console("workout", "list")
    assert (refused.code, "'commitcollect doctor' tells" in refused.err) == (1, True)
    said = console("doctor")
    assert (said.code, damaged in said.out, "1000002 (strava) cannot be read" in said.out) == (1, True, True)
    repaired = console("doctor", "--repair")
    assert repaired.code == 0, repaired
    assert f"Removed milestone {damaged}" in repaired.err
    assert [each["milestoneId"] for each in console.json("milestone", "list")["milestones"]] == [kept]
    assert console.json("milestone", "show", kept)["currentValue"] == 40_000
    console.json("workout", "import", history)
    assert console.json("milestone", "show", kept)["currentValue"] == 50_000


def test_parts_that_cannot_be_read_hide_no_other_fault(console: Console, history: Path) -> None:
    """Doctor checks every other milestone, --repair mends them, and the way out that it names works."""
    damaged, false = (_with_history(console, history)["milestoneId"] for _ in range(2))
    _damage("UPDATE award SET earnedAtUtc = 'once' WHERE milestoneId = ? AND partIndex = 2", damaged)
    _damage("UPDATE milestone SET currentValue = 7 WHERE milestoneId = ?", false)
    said = console("doctor")
    assert (said.code, "FAILED  store" in said.out) == (1, False)
    assert f"{false}: holds 7, its workouts add up to 50,000" in said.out
    (way_out,) = re.findall(rf"{damaged}: its parts cannot be read; '(commitcollect [^']+)'", said.out)
    repaired = console("doctor", "--repair")
    assert (repaired.code, repaired.out.count("FAILED")) == (1, 1), repaired
    assert f"{false}: 5 workouts agree with it" in repaired.out
    assert console(*way_out.split()[1:]).code == 0
    assert console("doctor").code == 0


def test_a_milestone_that_cannot_be_read_can_be_deleted(console: Console, history: Path) -> None:
    """Its parts need --yes as those of any other."""
    damaged = _with_history(console, history)["milestoneId"]
    _damage("UPDATE milestone SET targetType = 'WEIGHT' WHERE milestoneId = ?", damaged)
    refused = console("milestone", "delete", damaged)
    assert (refused.code, "has 10 parts" in refused.err) == (2, True)
    assert console.json("milestone", "delete", damaged, "--yes")["partsDeleted"] == 10
    assert console("workout", "import", history).code == 0


def test_a_part_earned_while_a_milestone_is_deleted_is_kept(
    console: Console, history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was looked at before may be out of date when the milestone is removed."""
    made = _with_history(console, history)["milestoneId"]
    monkeypatch.setattr(milestone, "_parts_lost", lambda *_: 0)
    refused = console("milestone", "delete", made)
    assert (refused.code, "10 earned parts" in refused.err) == (1, True)
    assert console.json("milestone", "show", made)["partsEarned"] == 10


def test_a_milestone_without_parts_is_deleted_at_once(console: Console) -> None:
    """Nothing is lost with it."""
    made = console.json("milestone", "create", *GOAL)["milestoneId"]
    assert console("milestone", "delete", made).out == f"Milestone {made} is deleted.\n"
    assert console("milestone", "show", made).code == 3


def test_a_milestone_is_found_by_name_and_by_the_beginning_of_its_id(console: Console, history: Path) -> None:
    """What may be several is refused with those there are; without a word the ones under way are shown."""
    first = _with_history(console, history)["milestoneId"]
    second = console.json("milestone", "create", *GOAL, "--name", "Spring runs")
    assert second["name"] == "Spring runs"
    assert console.json("milestone", "show", "spring RUNS") == second
    assert console.json("milestone", "show", first[:12])["milestoneId"] == first
    several = console("milestone", "show", "ms-")
    assert (several.code, f"{second['milestoneId']} (Spring runs)" in several.err) == (2, True)
    assert console("milestone", "show", "none").code == 3
    shown = console.json("milestone", "show")["milestones"]
    assert {each["milestoneId"] for each in shown} == {first, second["milestoneId"]}
    assert console("status").out.count("Milestone ms-") == 2


def test_a_list_tells_names_and_where_each_stands(console: Console, history: Path) -> None:
    """Those of one second stand in any order; what is put away is left out unless it is asked for."""
    _with_history(console, history)
    over = console.json("milestone", "create", *GOAL, "--to", "2025-01-01", "--name", "2024")["milestoneId"]
    text = console("milestone", "list").out.splitlines()
    assert text[0].split() == ["Milestone", "Name", "Status", "Parts", "Done", "Reached", "Goal"]
    assert sorted(each.split()[1] for each in text[1:]) == ["2024", "active"]
    assert all("50.0 km" in each for each in text[1:])
    assert "period is over" in console("milestone", "show", over).out
    marks = {each["milestoneId"]: each["isOver"] for each in console.json("milestone", "list")["milestones"]}
    assert [name for name, is_over in marks.items() if is_over] == [over]
    assert all(console.json("milestone", *shown)["isOver"] for shown in (("show", over), ("recompute", over)))
    assert console.json("milestone", "explain", over)["isOver"]
    assert console("milestone", "archive", "2024").code == 0
    assert len(console.json("milestone", "list")["milestones"]) == 1
    archived = console.json("milestone", "list", "--status", "archived")["milestones"]
    assert [each["milestoneId"] for each in archived] == [over]
    assert console.json("milestone", "archive", "2024", "--undo")["archivedAtUtc"] is None
    assert console.json("milestone", "edit", "2024", "--name", "")["name"] is None
    assert console("milestone", "edit", over).code == 2


def test_an_empty_list_says_whether_there_are_others(console: Console) -> None:
    """Who has milestones is not told to open the first one."""
    console.json("milestone", "create", *GOAL, "--name", "away")
    assert "open one with" in console("milestone", "list", "--user", "bob").err
    for status in ("over", "completed", "archived"):
        listed = console("milestone", "list", "--status", status)
        assert (listed.out, listed.err) == ("", "No milestones there; --status all lists 1 milestone.\n")
    assert console("milestone", "archive", "away").code == 0
    assert "--status all" in console("milestone", "list").err


def test_no_place_is_told_before_and_when_a_milestone_is_opened(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dry run is refused as the opening is; what the message says of archiving and deleting is true."""
    monkeypatch.setenv("COMMITCOLLECT_POLICY_MILESTONES_TRACKED_MAX", "1")
    wish = ("milestone", "create", "--target", "count=5", "--year", "2026")
    first = console.json(*wish)["milestoneId"]
    for again in (wish, (*wish, "--dry-run")):
        refused = console(*again)
        assert refused.code == 1
        assert "complete or delete one ('milestone delete')" in refused.err
        assert "an archived one counts on and keeps its place" in refused.err
    assert console("milestone", "archive", first).code == 0
    assert console(*wish, "--dry-run").code == 1
    assert console("milestone", "delete", first).code == 0
    assert console(*wish, "--dry-run").code == 0
    assert console(*wish).code == 0


def test_a_recurring_goal_that_opens_nothing_exits_with_1(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The goal stays and is printed; a script sees that a milestone is missing."""
    monkeypatch.setenv("COMMITCOLLECT_POLICY_MILESTONES_TRACKED_MAX", "1")
    begin = ("recurring", "begin", "--every", "year", "--target", "count=5")
    assert console(*begin).code == 0
    refused = console(*begin)
    assert refused.code == 1
    assert "Recurring goal " in refused.out
    assert "Not all milestones up to now are open: an athlete can have 1 milestones under way" in refused.err
    assert len(console.json("recurring", "list")["recurringGoals"]) == 2


def test_a_dry_run_deletes_no_milestone(console: Console, history: Path) -> None:
    """It needs no --yes, and tells how many parts would go."""
    console.json("workout", "import", history)
    made = console.json("milestone", "create", "--target", "count=6", "--from", "2024-01-01")["milestoneId"]
    dry = console("milestone", "delete", made, "--dry-run")
    assert dry.out == f"Would delete milestone {made} with 12 parts; workouts stay.\n"
    told = console.json("milestone", "delete", made, "--dry-run", "--yes")
    assert told == {"isDryRun": True, "milestoneId": made, "partsDeleted": 12}
    assert len(console.json("milestone", "list")["milestones"]) == 1
