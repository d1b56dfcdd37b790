"""``commitcollect workout`` on a store."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from cli.console import Console, activity, write_history
from commitcollect_adapters.sqlite.ledger import SqliteLedger
from commitcollect_adapters.sqlite.staging import StagedHistory
from commitcollect_core.training.ports import WorkoutPage, WorkoutQuery
from commitcollect_core.training.workouts import ActivitySnapshot
from commitcollect_core.values import UserId

RUN = ("--sport-type", "run", "--start", "2024-02-01T07:00+01:00")


def test_import_says_what_changed_and_what_was_earned(console: Console, history: Path) -> None:
    """The parts that an import earns are shown, once: the same import again changes and earns nothing."""
    milestone = console.json("milestone", "create", "--target", "count=24", "--from", "2024-01-01")
    first = console.json("workout", "import", history)
    assert first["workouts"] == {
        "imported": 7, "changed": 7, "unchanged": 0,
        "rejected": [], "rejectedCount": 0, "warnings": [], "warningCount": 0,
    }  # fmt: skip
    earned = [(each["milestoneId"], each["partIndex"], each["activityId"]) for each in first["awards"]]
    milestone_id = milestone["milestoneId"]
    # The sixth run is flagged, so the ride on the seventh day is the sixth that counts.
    assert earned == [
        (milestone_id, 1, "1000002"),
        (milestone_id, 2, "1000004"),
        (milestone_id, 3, "1000007"),
    ]

    again = console.json("workout", "import", history)
    assert (again["workouts"]["changed"], again["workouts"]["unchanged"], again["awards"]) == (0, 7, [])


def test_an_import_is_walked_through_and_never_held(
    console: Console, history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where workouts are stored, the history is walked twice instead of kept in memory."""
    walks: list[object] = []
    deliveries = StagedHistory.deliveries

    def counted(staged: StagedHistory) -> Iterator[ActivitySnapshot]:
        walks.append(staged)
        return deliveries(staged)

    monkeypatch.setattr(StagedHistory, "deliveries", counted)
    console.json("workout", "import", history)
    assert len(walks) == 1
    console.json("workout", "import", history)
    assert len(walks) == 3


def test_import_in_text_names_the_parts(console: Console, history: Path) -> None:
    """A person reads which parts were just earned, when, and for which milestone."""
    milestone_id = console.json("milestone", "create", "--target", "count=24", "--from", "2024-01-01")[
        "milestoneId"
    ]
    lines = console("workout", "import", history).out.splitlines()
    assert lines[:3] == [
        "7 activities, 7 of them new or changed.",
        "Parts just earned:",
        f"  ◆ Base            2 Jan 2024  at 2 activities  ({milestone_id})",
    ]
    assert len(lines) == 5


def test_import_takes_the_last_of_several_files(console: Console, tmp_path: Path) -> None:
    """An activity given twice is one workout, as the later file has it."""
    old = write_history(tmp_path / "old.json", activity(1), activity(2))
    new = write_history(tmp_path / "new.json", activity(1, distance=12_000.0))
    assert console.json("workout", "import", old, new)["workouts"]["imported"] == 2
    listed = console.json("workout", "list")["workouts"]
    assert {each["activityId"]: each["distanceMeters"] for each in listed} == {
        "1000001": 12_000,
        "1000002": 10_000,
    }


def test_list_is_newest_first_and_bounded(console: Console, tmp_path: Path) -> None:
    """Twenty by default, the newest first; walked by ``next``, every workout comes once."""
    console.json(
        "workout", "import", write_history(tmp_path / "h.json", *(activity(n) for n in range(1, 26)))
    )
    first = console.json("workout", "list")
    rest = console.json("workout", "list", "--after", first["next"])
    assert rest["total"] == first["total"]
    assert (len(first["workouts"]), len(rest["workouts"]), rest["next"]) == (20, 5, None)
    walked = [each["activityId"] for each in (*first["workouts"], *rest["workouts"])]
    assert walked == [str(1_000_000 + number) for number in range(25, 0, -1)]
    text = console("workout", "list", "--limit", "1")
    assert text.out.splitlines()[1].split() == [
        "2024-01-25", "07:00", "Run", "10.0", "km", "100", "m", "50", "min", "1000025", "Run", "25",
    ]  # fmt: skip
    assert "--after 1706166000:STRAVA:1000025" in text.err


def test_list_of_a_span_of_days(console: Console, history: Path) -> None:
    """``--from`` includes its day, ``--to`` does not."""
    console.json("workout", "import", history)
    listed = console.json("workout", "list", "--from", "2024-01-02", "--to", "2024-01-04")["workouts"]
    assert [each["activityId"] for each in listed] == ["1000003", "1000002"]
    outcome = console("workout", "list", "--from", "2030-01-01")
    assert (outcome.code, outcome.out) == (0, "")
    assert "No workouts" in outcome.err


def test_list_of_a_sport_a_name_and_a_month(console: Console, history: Path) -> None:
    """Filters leave out the others, also of the total; days are those of the time zone of the settings."""
    console.json("workout", "import", history)
    rides = console.json("workout", "list", "--sport", "RIDE")
    assert ([each["activityId"] for each in rides["workouts"]], rides["next"]) == (["1000007"], None)
    named = console.json("workout", "list", "--name", "rUN 3")["workouts"]
    assert [each["activityId"] for each in named] == ["1000003"]
    assert len(console.json("workout", "list", "--year", "2024")["workouts"]) == 7
    assert not console.json("workout", "list", "--month", "2024-02")["workouts"]
    through = console.json("workout", "list", "--from", "2024-01-02", "--through", "2024-01-03")["workouts"]
    assert [each["activityId"] for each in through] == ["1000003", "1000002"]
    assert "No workouts there" in console("workout", "list", "--sport", "SWIM").err


def test_list_adds_up_all_that_match(console: Console, history: Path) -> None:
    """The total is of all that match, also of those not listed; flagged and deleted ones are not in it."""
    console.json("workout", "import", history)
    console.json("workout", "delete", "1000001")
    listed = console.json("workout", "list", "--limit", "2", "--sport", "RUN")
    assert (len(listed["workouts"]), listed["total"]["workouts"]) == (2, 4)
    assert listed["total"]["distanceMeters"] == 40_000
    text = console("workout", "list", "--limit", "2", "--sport", "RUN")
    assert text.out.splitlines()[-1] == "Total: 4 workouts, 40.0 km, 400 m, 3.3 h."
    assert "There are 4 more: --after" in text.err


def test_pages_of_a_filtered_list_in_either_order(console: Console, history: Path) -> None:
    """Walked by ``next``, every match comes once; oldest first is the same list from the other end."""
    console.json("workout", "import", history)
    found: dict[tuple[str, ...], list[str]] = {}
    for order in ((), ("--oldest-first",)):
        walked: list[str] = []
        token: tuple[str, ...] = ()
        while True:
            page = console.json("workout", "list", "--sport", "RUN", "--limit", "4", *order, *token)
            walked += [each["activityId"] for each in page["workouts"]]
            if page["next"] is None:
                break
            token = ("--after", page["next"])
        found[order] = walked
    assert found[()] == [str(1_000_000 + number) for number in (6, 5, 4, 3, 2, 1)]
    assert found["--oldest-first",] == found[()][::-1]


@pytest.mark.parametrize("order", [(), ("--oldest-first",)])
def test_a_list_reads_each_workout_once(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: tuple[str, ...]
) -> None:
    """Whichever page is asked for, and with workouts of the same second; pages meet without a gap."""
    same = {"start_date": "2024-01-20T07:00:00Z"}
    runs = (activity(n, **same) if n > 10 else activity(n) for n in range(1, 16))
    console.json("workout", "import", write_history(tmp_path / "h.json", *runs))
    whole = [each["activityId"] for each in console.json("workout", "list", *order)["workouts"]]
    read = 0
    walked: list[str] = []
    token: list[str] = []
    read_workouts = SqliteLedger.read_workouts

    def counting(self: SqliteLedger, user_id: UserId, query: WorkoutQuery) -> WorkoutPage:
        nonlocal read
        page = read_workouts(self, user_id, query)
        read += len(page.workouts)
        return page

    monkeypatch.setattr(SqliteLedger, "read_workouts", counting)
    while not walked or token:
        read = 0
        page = console.json("workout", "list", "--limit", "4", *order, *token)
        assert (read, page["total"]["workouts"]) == (15, 15)
        walked += [each["activityId"] for each in page["workouts"]]
        token = ["--after", page["next"]] if page["next"] else []
    assert walked == whole
    assert len(set(walked)) == 15


def test_list_in_days_of_the_time_zone(
    console: Console, history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seven in the morning in UTC is the evening before in Honolulu."""
    console.json("workout", "import", history)
    monkeypatch.setenv("COMMITCOLLECT_TIME_ZONE", "Pacific/Honolulu")
    listed = console.json("workout", "list", "--year", "2023")["workouts"]
    assert [each["activityId"] for each in listed] == ["1000001"]


def test_list_fits_a_terminal(console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On eighty columns a long name is cut, and no line wraps."""
    long = activity(1, name="A long way round the lake and over all the hills behind it " * 3)
    console.json("workout", "import", write_history(tmp_path / "h.json", long, activity(2)))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _stream: True)
    lines = [click.unstyle(line) for line in console("workout", "list").out.splitlines()]
    assert max(map(len, lines)) == 80
    assert sum(line.endswith("…") for line in lines) == 1


def test_add_keeps_what_was_said(console: Console) -> None:
    """Units, zone and the sport's spelling are normalised; the source is MANUAL; parts are earned."""
    console.json("milestone", "create", "--target", "distance=24km", "--from", "2024-01-01")
    measures = ("--distance", "10.2km", "--elevation", "400ft", "--moving", "52min", "--elapsed", "1h")
    added = console.json("workout", "add", *RUN, *measures, "--name", "Along the river")
    kept = added["workout"]
    assert {key: kept[key] for key in ("source", "sportType", "activityName", "startDateUtc")} == {
        "source": "MANUAL",
        "sportType": "Run",
        "activityName": "Along the river",
        "startDateUtc": 1_706_767_200,
    }  # fmt: skip
    assert (kept["distanceMeters"], kept["totalElevationGainMeters"]) == (10_200, 122)
    assert (kept["movingTimeSeconds"], kept["elapsedTimeSeconds"], kept["utcOffsetSeconds"]) == (
        3_120,
        3_600,
        3_600,
    )
    assert [each["partIndex"] for each in added["awards"]] == [1, 2, 3, 4, 5]
    assert console.json("workout", "list")["workouts"] == [kept]


def test_added_workouts_have_ids_of_their_own(console: Console) -> None:
    """Two workouts that look the same are two."""
    for _ in range(2):
        assert "Added w-" in console("workout", "add", *RUN, "--again").out
    assert len(console.json("workout", "list")["workouts"]) == 2


def test_the_same_or_an_overlapping_workout_needs_again(console: Console, history: Path) -> None:
    """What is stored at that time is named; what ends before or starts after is not in the way."""
    console.json("workout", "import", history)
    run = ("workout", "add", "--sport-type", "Run", "--moving", "30min", "--start")
    for start in ("2024-01-01T07:00Z", "2024-01-01T07:51Z", "2024-01-01T06:31Z"):
        refused = console(*run, start)
        assert (refused.code, refused.out) == (1, "")
        assert "1000001" in refused.err
        assert "--again" in refused.err
    for start in ("2024-01-01T06:30Z", "2024-01-01T07:51:40Z"):
        assert console(*run, start).code == 0
    assert console(*run, "2024-01-01T07:10Z", "--again").code == 0
    console.json("workout", "delete", "1000002")
    assert console(*run, "2024-01-02T07:00Z").code == 0
    assert console(*run, "0001-01-01T00:00Z").code == 2


def test_added_name_cannot_move_the_cursor(console: Console) -> None:
    """A name is cleaned of control characters and cut, as names in files are."""
    name = console.json("workout", "add", *RUN, "--name", "a\x1b[31m\nb" + "c" * 300)["workout"][
        "activityName"
    ]
    assert name.startswith("a [31m bcc")
    assert len(name) == 200
    assert "\x1b" not in console("workout", "list").out


def test_added_unknown_sport_is_kept_with_a_note(console: Console) -> None:
    """Sport types are an open set: a new one is taken, and what it counts for is said."""
    outcome = console("workout", "add", "--sport-type", "Quidditch", "--start", "2024-02-01T07:00Z")
    assert outcome.code == 0
    assert "Note: unknown sport type 'Quidditch'" in outcome.err
    assert console.json("workout", "list")["workouts"][0]["sportType"] == "Quidditch"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--start", "2024-02-01T07:00"), "no time zone"),
        (("--start", "2024-02-01"), "no time of day"),
        (("--start", "soon"), "'soon' is not a date with time"),
        (("--start", "0001-01-01T00:00+14:00"), "outside the years 2 to 9998"),
        (("--start", "2300-01-01T00:00Z"), "started_at 2300-01-01T00:00:00+00:00 is outside"),
        (("--distance", "-5km"), "'-5km' is no amount of distance"),
        (("--distance", "5"), "'5' needs a unit; use km, m, mi"),
        (("--distance", "5h"), "'5h' has no unit of distance; use km, m, mi"),
        (("--distance", "90000km"), "distance_meters 90000000 is outside 0 to 10,000,000"),
        (("--moving", "2000h"), "moving_seconds 7200000 is outside"),
        (("--moving", "52min", "--elapsed", "50min"), "52 min in motion are more than 50 min from start"),
        (("--sport-type", "\x1b"), "sport_type of 0 characters is outside 1 to 64"),
    ],
)
def test_add_refuses_what_no_workout_is_like(
    console: Console, arguments: tuple[str, ...], named: str
) -> None:
    """A bad value is a usage error that names it, and nothing is stored."""
    console.json("workout", "add", *RUN)
    outcome = console("workout", "add", *RUN, *arguments)
    assert outcome.code == 2
    assert named in " ".join(outcome.err.split())
    assert len(console.json("workout", "list")["workouts"]) == 1


def test_delete_leaves_a_tombstone_and_import_revives(console: Console, history: Path) -> None:
    """A dry run changes nothing; a deletion lowers the live sum only; an import brings it back."""
    console.json("workout", "import", history)
    goal = ("--target", "distance=60km", "--from", "2024-01-01", "--sport", "RUN")
    milestone_id = console.json("milestone", "create", *goal)["milestoneId"]

    def sums() -> tuple[Any, ...]:
        shown = console.json("milestone", "show", milestone_id)
        return shown["currentValue"], shown["progressValue"], len(shown["awards"])

    dry = console.json("workout", "delete", "1000001", "--dry-run")
    assert (dry["isDryRun"], dry["workout"]["isDeleted"], sums()) == (True, False, (50_000, 50_000, 10))

    outcome = console("workout", "delete", "1000001")
    assert outcome.out == "Deleted 1000001 (STRAVA): Run, 2024-01-01 07:00 UTC, 10.0 km.\n"
    assert "later import of the same activity brings it back" in outcome.err
    assert sums() == (40_000, 50_000, 10)
    assert "(deleted)" in console("workout", "list").out

    again = console.json("workout", "delete", "1000001")
    assert (again["wasDeleted"], again["workout"]["version"]) == (True, 2)
    assert console.json("workout", "import", history)["workouts"]["changed"] == 1
    assert sums() == (50_000, 50_000, 10)


def test_delete_in_words_before_and_after(console: Console) -> None:
    """Text tells a dry run, a deletion and a second deletion apart; only what has a source may come back."""
    activity_id = console.json("workout", "add", *RUN)["workout"]["activityId"]
    verbs = [
        console("workout", "delete", activity_id, *flags).out.split(activity_id)[0]
        for flags in (("--dry-run",), (), ("--source", "MANUAL"))
    ]
    assert verbs == ["Would delete ", "Deleted ", "Was deleted before: "]
    assert "brings it back" not in console("workout", "delete", activity_id).err


def test_delete_of_what_is_not_there(console: Console, history: Path) -> None:
    """An unknown id, or a known one of another source, is not found."""
    console.json("workout", "import", history)
    for arguments in (("nope",), ("1000001", "--source", "FILE")):
        outcome = console("workout", "delete", *arguments, "--json")
        assert (outcome.code, outcome.document["error"]) == (3, "workout_not_found")
        assert repr(arguments[0]) in outcome.document["message"]
