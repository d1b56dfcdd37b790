"""Bad input: a message that names the thing, the right exit code, the rest taken in, never a traceback.

Commands run in this process here, so an unexpected exception fails the test by itself.
"""

from __future__ import annotations

import io
import json
import sqlite3
import sys
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from cli.console import Console, activity, write_history

HEADER = "Activity ID,Activity Date,Activity Name,Activity Type,Elapsed Time,Distance,Elapsed Time,Distance"
CSV_ROW = '{},"Jan {}, 2024, 7:00:00 AM",Lunch,Run,3100,10.00,3100,10000'


def _table(*rows: str) -> str:
    return "\n".join((HEADER, *rows)) + "\n"


def _empty_zip(path: Path) -> Path:
    with zipfile.ZipFile(path, "w"):
        return path


def _truncated_zip(path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("activities.csv", _table(*(CSV_ROW.format(each, 1) for each in range(1, 200))))
    path.write_bytes(path.read_bytes()[:-200])
    return path


def _written(content: str | bytes) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


UNREADABLE: dict[str, tuple[str, Callable[[Path], Path], int, str]] = {
    "missing": ("gone.csv", lambda path: path, 3, "there is no such file"),
    "empty zip": ("e.zip", _empty_zip, 1, "the archive holds no activities.csv"),
    "truncated zip": ("t.zip", _truncated_zip, 1, "the archive is damaged"),
    "empty file": ("e.csv", _written(""), 1, "the file is empty"),
    "JSON object": ("o.json", _written('{"id": 1}'), 1, "list"),
    "broken JSON": ("b.json", _written("["), 1, "b.json"),
    "other CSV": ("o.csv", _written("a,b\n1,2\n"), 1, "this is not Strava's activities.csv"),
    "binary": ("b.bin", _written(b"\x00\xff" * 50), 1, "unknown format"),
    "directory": ("", lambda path: path, 1, "this is a directory"),
}


@pytest.mark.parametrize("command", [("simulate",), ("workout", "import")])
@pytest.mark.parametrize("case", UNREADABLE)
def test_unreadable_file_is_named(
    console: Console, tmp_path: Path, history: Path, command: tuple[str, ...], case: str
) -> None:
    """A file that cannot be read ends the command; beside a good one it is only reported."""
    name, make, code, problem = UNREADABLE[case]
    path = make(tmp_path / name)
    alone = console(*command, path)
    assert (alone.code, alone.out) == (code, "")
    assert str(path) in alone.err
    assert problem in alone.err
    assert not (tmp_path / "commitcollect.db").exists()

    failed = console(*command, path, "--json")
    assert failed.code == code
    assert failed.document["error"] in {"file_not_found", "unreadable_history"}
    assert str(path) in failed.document["message"]

    both = console(*command, path, history, "--json")
    assert both.code == 1
    assert both.document["workouts"]["imported"] == 7
    (rejected,) = both.document["workouts"]["rejected"]
    assert (rejected["file"], rejected["row"] in {None, 1}) == (str(path), True)
    assert problem in rejected["file"] + rejected["reason"]


BAD_ACTIVITIES = {
    "date without zone": (activity(2, start_date="2024-01-02T07:00:00"), "has no time zone"),
    "no date": (activity(2, start_date="yesterday"), "start_date 'yesterday' is not a date"),
    "far future": (activity(2, start_date="2300-01-01T00:00:00Z"), "is outside"),
    "no id": (activity(2, id=None), "id must be Strava's activity id"),
}
BAD_VALUES: dict[str, tuple[dict[str, object], str]] = {
    "negative distance": ({"distance": -5.0}, "distance -5.0 is negative"),
    "absurd distance": ({"distance": 1e9}, "distance_meters 1000000000 is outside 0 to 10,000,000"),
    "clock that jumped": ({"elapsed_time": 19_525_640}, "elapsed_seconds 19525640 is outside 0 to 5,184,000"),
    "not a number": ({"distance": "far"}, "distance 'far' is not a number"),
    "no sport": ({"sport_type": None}, "sport_type nothing is no sport"),
}


@pytest.mark.parametrize("command", [("simulate",), ("workout", "import")])
@pytest.mark.parametrize("case", BAD_VALUES)
def test_a_bad_value_is_set_aside_and_its_activity_imported(
    console: Console, tmp_path: Path, command: tuple[str, ...], case: str
) -> None:
    """The note names file, row and value; all activities count; the exit code is 0."""
    changes, problem = BAD_VALUES[case]
    path = write_history(tmp_path / "h.json", activity(1), activity(2, **changes), activity(3))
    text = console(*command, path)
    assert text.code == 0
    assert f"Note: {path}, row 2: {problem}; it counts without it" in text.err
    report = console(*command, path, "--json").document["workouts"]
    assert (report["imported"], report["rejectedCount"], report["warningCount"]) == (3, 0, 1)


@pytest.mark.parametrize("command", [("simulate",), ("workout", "import")])
@pytest.mark.parametrize("case", BAD_ACTIVITIES)
def test_bad_activity_is_rejected_and_the_rest_imported(
    console: Console, tmp_path: Path, command: tuple[str, ...], case: str
) -> None:
    """The message names file, row and value; the rows around the bad one count; the exit code is 1."""
    bad, problem = BAD_ACTIVITIES[case]
    path = write_history(tmp_path / "h.json", activity(1), bad, activity(3))
    text = console(*command, path)
    assert text.code == 1
    assert f"Rejected: {path}, row 2: " in text.err
    assert problem in text.err
    report = console(*command, path, "--json").document["workouts"]
    assert (report["imported"], report["rejectedCount"]) == (2, 1)
    assert (report["rejected"][0]["file"], report["rejected"][0]["row"]) == (str(path), 2)
    assert problem in report["rejected"][0]["reason"]


def test_broken_csv_row_is_rejected_and_the_rest_imported(console: Console, tmp_path: Path) -> None:
    """A row with too few cells and one with an open quote cost only themselves."""
    path = tmp_path / "activities.csv"
    path.write_text(
        _table(
            CSV_ROW.format(1, 1),
            "2,too short",
            CSV_ROW.format(3, 3),
            '4,"Jan 4, 2024, 7:00:00 AM,Lunch,Run,3100,10.00,3100,10000',
            CSV_ROW.format(5, 5),
        )
    )
    outcome = console("workout", "import", path, "--json")
    report = outcome.document["workouts"]
    assert (outcome.code, report["imported"]) == (1, 3)
    assert [each["row"] for each in report["rejected"]] == [3, 5]


def test_list_that_breaks_off_keeps_what_came_before(console: Console, tmp_path: Path) -> None:
    """Of a JSON list cut in the middle, the whole activities are taken and the place of the break is told."""
    path = write_history(tmp_path / "h.json", activity(1), activity(2))
    path.write_bytes(path.read_bytes()[:-40])
    outcome = console("workout", "import", path, "--json")
    assert (outcome.code, outcome.document["workouts"]["imported"]) == (1, 1)
    assert outcome.document["workouts"]["rejected"][0]["row"] == 2


@pytest.mark.parametrize(
    "command",
    [
        ("workout", "list"),
        ("workout", "export"),
        ("summary",),
        ("milestone", "create", "--target", "count=5", "--from", "2024-01-01"),
        ("recurring", "begin", "--every", "year", "--target", "count=5"),
        ("simulate", "--demo"),
    ],
    ids=" ".join,
)
def test_a_sport_is_asked_for_alike(console: Console, command: tuple[str, ...]) -> None:
    """Every command has the same words for it, takes several, and refuses what is none."""
    words = "Sport group (RUN, RIDE, SWIM, HIKE, …) or type (TrailRun) that counts; may be repeated."
    assert f"{words} [default: ANY]" in " ".join(console(*command, "-h").out.split())
    refused = console(*command, "--sport", "RUN,ride", "--sport", "Quidditch")
    assert refused.code == 2
    assert "Invalid value for '--sport': unsupported sport 'Quidditch'" in refused.err


def test_unknown_sport_in_a_file_is_kept_with_a_note(console: Console, tmp_path: Path) -> None:
    """An unknown sport is no fault: it counts for ANY, not for RUN, and a note says where."""
    path = write_history(tmp_path / "h.json", activity(1), activity(2, sport_type="Quidditch"))
    outcome = console("simulate", path, "--target", "count=12")
    assert outcome.code == 0
    assert f"Note: {path}, row 2: unknown sport type 'Quidditch'" in outcome.err
    for sport, counted in (("ANY", 2), ("RUN", 1)):
        report = console.json("simulate", path, "--target", "count=12", "--sport", sport)
        assert report["workouts"]["counted"] == counted
        assert (report["workouts"]["warningCount"], report["workouts"]["rejectedCount"]) == (1, 0)


def test_many_rejections_are_counted_not_all_printed(console: Console, tmp_path: Path) -> None:
    """Rejections that say the same are one line with their number; ``--json`` lists them all."""
    bad = [activity(number, start_date=f"day {number}") for number in range(1, 31)]
    path = write_history(tmp_path / "h.json", *bad, activity(31))
    text = console("workout", "import", path)
    assert text.err.count("Rejected: ") == 1
    assert "row 1: start_date 'day 1' is not a date" in text.err
    assert "(and 29 more like it)" in text.err
    assert len(console("workout", "import", path, "--json").document["workouts"]["rejected"]) == 30


def test_equal_remarks_are_one_line(console: Console, tmp_path: Path) -> None:
    """Remarks that differ in their values alone are one kind, with a count; other kinds stay apart."""
    path = write_history(
        tmp_path / "h.json",
        *(activity(number, distance=-1.0 * number) for number in range(1, 4)),
        *(activity(number, sport_type=f"Quidditch{number}") for number in range(4, 6)),
    )
    text = console("workout", "import", path)
    assert text.code == 0
    assert text.err.count("Note: ") == 2
    assert "row 1: distance -1.0 is negative; it counts without it (and 2 more like it)" in text.err
    assert "unknown sport type 'Quidditch4': kept as received; counts for ANY only (and 1 more" in text.err


@pytest.mark.parametrize("command", [("simulate",), ("workout", "import")])
def test_a_file_of_which_nothing_can_be_read_gets_one_sentence(
    console: Console, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """It says how many rows failed, why the first did and what it holds; nothing else comes of it."""
    path = write_history(tmp_path / "h.json", *({"name": f"Run {n}", "km": 10} for n in range(10)))
    store = tmp_path / "new.db"
    failed = console(*command, path, "--store", store)
    assert failed.code == 1
    assert failed.out == ""
    assert failed.err.count("\n") == 1
    for words in (str(path), "any of its 10 rows", "id must be", "it holds name, km"):
        assert words in failed.err
    assert not store.exists()


def test_an_empty_list_is_told_so(console: Console, tmp_path: Path) -> None:
    """Nothing is wrong with it, there is just nothing in it; it leaves no store either."""
    path = write_history(tmp_path / "h.json")
    store = tmp_path / "new.db"
    empty = console("workout", "import", path, "--store", store)
    assert empty.code == 0
    assert f"Note: {path}: there is no activity in it" in empty.err
    assert not store.exists()


def test_standard_input_is_a_file(console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dash reads what is piped in, whatever it is, and messages call it by its name."""

    def pipe(content: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    table = _table(CSV_ROW.format(1, 1)).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("activities.csv", table)
    for content in (write_history(tmp_path / "h.json", activity(1)).read_bytes(), table, packed.getvalue()):
        pipe(content)
        assert console("workout", "import", "-", "--json").document["workouts"]["imported"] == 1
    pipe(b"")
    assert "standard input: the file is empty" in console("workout", "import", "-").err


def test_the_unpacked_folder_is_an_export(console: Console, tmp_path: Path) -> None:
    """The folder is what the archive is."""
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "activities.csv").write_text(_table(CSV_ROW.format(1, 1)), encoding="utf-8")
    read = console("workout", "import", tmp_path / "export", "--json")
    assert read.document["workouts"]["imported"] == 1


USAGE = {
    "unknown sport": (("simulate", "--demo", "--sport", "QUIDDITCH"), "unsupported sport 'QUIDDITCH'"),
    "unknown target": (("simulate", "--demo", "--target", "speed=9"), "'speed=9' is not a target"),
    "bad amount": (("simulate", "--demo", "--target", "distance=1,5km"), "'1,5km' is no amount"),
    "zero target": (("simulate", "--demo", "--target", "count=0"), "more than 0 activities, not '0'"),
    "zero target with a unit": (
        ("simulate", "--demo", "--target", "distance=0km"),
        "a target must be more than 0 km, not '0km'",
    ),
    "large target": (
        ("simulate", "--demo", "--target", "distance=2000000000km"),
        "a target of 2,000,000,000 km is more than 1,000,000,000 km",
    ),
    "large target of a milestone": (
        ("milestone", "create", "--target", "time=300000000h", "--from", "2024-01-01"),
        "a target of 300,000,000 h is more than 277777777h46m40s",
    ),
    "ambiguous target": (
        ("simulate", "--demo", "--target", "distance=1.000km"),
        "'1.000km' may be 1000 km or 1 km; write 1000km or 1km",
    ),
    "ambiguous target of a milestone": (
        ("milestone", "create", "--target", "elevation=8,848m", "--from", "2024-01-01"),
        "'8,848m' may be 8848 m or 8.848 m; write 8848m or 8.85m",
    ),
    **{
        f"ambiguous {option}": (
            ("workout", "add", "--sport-type", "Run", "--start", "2026-01-31T07:00Z", f"--{option}", amount),
            f"'{amount}' may be ",
        )
        for option, amount in (
            ("distance", "1.190km"),
            ("elevation", "1,200ft"),
            ("moving", "1.200h"),
            ("elapsed", "3.600 s"),
        )
    },
    "bad day": (("simulate", "--demo", "--from", "31.1.2019"), "'31.1.2019' is not a day"),
    "no such day": (("simulate", "--demo", "--to", "2019-02-30"), "'2019-02-30' is not a day"),
    "empty period": (
        ("simulate", "--demo", "--from", "2019-02-01", "--to", "2019-02-01"),
        "the period ends at 2019-02-01",
    ),
    "files and demo": (("simulate", "x.json", "--demo"), "give one or more FILES, or --demo"),
    "neither": (("simulate",), "give one or more FILES, or --demo"),
    "bad order": (("simulate", "--demo", "--order", "backwards"), "backwards"),
    "bad duplicate": (("simulate", "--demo", "--duplicate", "-1"), "-1"),
    "bad user": (("simulate", "--demo", "--user", "a/b"), "user_id 'a/b' is not an id"),
    "bad id to go on behind": (("milestone", "list", "--after", "no id"), "is not an id"),
    "bytes as id": (("milestone", "list", "--after", "\udcff"), "is not UTF-8 text"),
    "bytes in a token": (("workout", "list", "--after", "1:STRAVA:\udcff"), "is not UTF-8 text"),
    "no token": (("workout", "list", "--after", "yesterday"), "'yesterday' is not what a list named"),
    "limit": (("workout", "list", "--limit", "501"), "501"),
    "no target": (("milestone", "create", "--from", "2024-01-01"), "--target"),
    "no start": (("milestone", "create", "--target", "count=1"), "--from"),
    "no file": (("workout", "import"), "FILES"),
    "no such command": (("statue", "melt"), "melt"),
    "no such option": (("simulate", "--fast"), "--fast"),
    "unknown shell": (("completion", "tcsh"), "tcsh"),
}


@pytest.mark.parametrize("case", USAGE)
def test_usage_errors_end_with_2(console: Console, case: str) -> None:
    """The message names the value, on stderr in text and as the one object on stdout with ``--json``."""
    arguments, named = USAGE[case]
    text = console(*arguments)
    assert (text.code, text.out) == (2, "")
    assert named in text.err
    failed = console(*arguments, "--json")
    assert failed.code == 2
    assert named in failed.document["message"]
    assert failed.document["error"] in {"usage", "invalid_input"}
    assert failed.err == ""


def test_unknown_model_is_not_found(console: Console) -> None:
    """An unknown statue model ends with 3 everywhere, and the ones there are are named."""
    for arguments in (
        ("simulate", "--demo", "--model", "UNICORN"),
        ("milestone", "create", "--target", "count=1", "--from", "2024-01-01", "--model", "UNICORN"),
        ("statue", "show", "UNICORN"),
    ):
        outcome = console(*arguments, "--json")
        assert outcome.code == 3
        assert outcome.document["error"] == "model_not_found"
        assert "'UNICORN'; there are: DRAGON_2026" in outcome.document["message"]


@pytest.mark.parametrize("command", ["show", "explain", "recompute"])
def test_unknown_milestone_is_not_found(console: Console, command: str) -> None:
    """A milestone that is not there, or is another athlete's, ends with 3."""
    goal = ("--target", "count=1", "--from", "2024-01-01")
    theirs = console.json("milestone", "create", *goal, "--user", "ann")["milestoneId"]
    for milestone_id in ("nope", theirs):
        text = console("milestone", command, milestone_id)
        assert (text.code, text.out) == (3, "")
        assert text.err.startswith(f"Error: there is no milestone '{milestone_id}'; there ")
        assert (
            console("milestone", command, milestone_id, "--json").document["error"] == "milestone_not_found"
        )


def _text_file(path: Path) -> Path:
    path.write_text("Dear diary, today I ran. " * 100)
    return path


def _foreign_database(path: Path) -> Path:
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("CREATE TABLE diary (entry TEXT)")
    return path


def _directory(path: Path) -> Path:
    path.mkdir()
    return path


STORES = {
    "text": (_text_file, "is not a CommitCollect store"),
    "foreign": (_foreign_database, "belongs to another program"),
    "directory": (_directory, "cannot open the store"),
    "in a file": (lambda path: _text_file(path) / "x.db", "cannot open the store"),
}


@pytest.mark.parametrize("case", STORES)
def test_what_is_no_store_is_named_and_left_alone(
    console: Console, history: Path, tmp_path: Path, case: str
) -> None:
    """Readers and writers refuse it with 1, naming it; not a byte of it changes."""
    make, problem = STORES[case]
    store = make(tmp_path / "other")
    before = store.read_bytes() if store.is_file() else None
    for arguments in (
        ("milestone", "list"),
        ("workout", "list"),
        ("workout", "import", history),
        ("simulate", history),
        ("milestone", "create", "--target", "count=1", "--from", "2024-01-01"),
    ):
        outcome = console(*arguments, "--store", store, "--json")
        assert (outcome.code, outcome.document["error"]) == (1, "storage_error")
        assert str(store) in outcome.document["message"]
        assert problem in outcome.document["message"]
    assert (store.read_bytes() if store.is_file() else None) == before


READERS = (
    ("milestone", "list"),
    ("milestone", "show", "x"),
    ("milestone", "explain", "x"),
    ("milestone", "recompute", "x"),
    ("workout", "list"),
    ("workout", "delete", "x"),
    ("doctor",),
)


@pytest.mark.parametrize("arguments", READERS, ids=" ".join)
def test_readers_make_no_store(console: Console, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """A command that only reads does not make the store it misses; it says how to make one."""
    for store in ("absent.db", "no/such/folder.db"):
        outcome = console(*arguments, "--store", store)
        said = outcome.err + outcome.out
        assert outcome.code == (1 if arguments == ("doctor",) else 3)
        assert f"there is no store at {store}; make one with: commitcollect workout import FILE" in said
        assert list(tmp_path.iterdir()) == []


def test_writers_make_no_folder(console: Console, history: Path) -> None:
    """A store in a folder that is missing is an error of the store, not a new folder."""
    outcome = console("workout", "import", history, "--store", "no/such/folder.db")
    assert outcome.code == 1
    assert (
        "cannot open the store no/such/folder.db; it must be a file, in a folder that exists" in outcome.err
    )
    assert not Path("no").exists()


def test_error_object_names_code_message_and_field(console: Console) -> None:
    """With ``--json`` an error is one object on stdout that says which input is at fault."""
    outcome = console(
        "milestone", "create", "--target", "count=2000000000000", "--from", "2024-01-01", "--json"
    )
    assert outcome.err == ""
    assert json.loads(outcome.out) == {
        "error": "invalid_input",
        "message": "a target of 2,000,000,000,000 activities is more than 1,000,000,000,000 activities, the "
        "total_target_max of the policy",
        "field": "target",
    }


@pytest.mark.parametrize(
    "command", [("queue", "retry"), ("milestone", "show"), ("simulate", "--demo", "--model")]
)
def test_bytes_that_are_no_text_are_refused(console: Console, command: tuple[str, ...]) -> None:
    """An argument that is not UTF-8 is a usage error, wherever it stands."""
    outcome = console(*command, "\udcff")
    assert (outcome.code, "is not UTF-8 text" in outcome.err) == (2, True)
