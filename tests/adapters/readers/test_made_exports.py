"""Exports of many languages, widths and tools read to the same workouts, or say what is missing."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from attrs import fields
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.readers import exports
from adapters.readers.exports import LANGUAGES, Language, expected, history, table
from adapters.readers.samples import NOW, POLICY, accepted, rejected, rows_of, write, zip_bytes
from commitcollect_adapters.readers import Accepted, UnreadableHistory, read_history
from commitcollect_core.training.workouts import ActivitySnapshot

SNAPSHOTS = [each for each in history() if each.started_at < NOW]
TOOLS: dict[str, Callable[[Sequence[Sequence[str]]], bytes]] = {
    "as it comes": exports.as_strava,
    "pandas": exports.through_pandas,
    "pandas with dates": lambda rows: exports.through_pandas_with_dates(rows, SNAPSHOTS),
    "R": exports.through_r,
    "semicolons": exports.with_semicolons,
    "Unicode text": exports.as_unicode_text,
    "separator line": exports.with_separator_line,
}
MEASURES = ("distance_meters", "elevation_meters", "moving_seconds", "elapsed_seconds", "is_flagged")
in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("columns", [10, 40, 100])
@pytest.mark.parametrize("name", LANGUAGES)
def test_every_export_reads_to_the_same_workouts(tmp_path: Path, name: str, columns: int, tool: str) -> None:
    """Whatever language, width and tool: every workout as it is; what the table lacks is said once."""
    language = LANGUAGES[name]
    rows = rows_of(write(tmp_path, "activities.csv", TOOLS[tool](table(language, columns, SNAPSHOTS))))
    assert rejected(rows) == []
    assert accepted(rows) == expected(columns, SNAPSHOTS, has_flags=language.is_known)
    remarked = [row for row in rows if isinstance(row, Accepted) and row.remarks]
    if language.is_known and columns > 10:
        assert remarked == []
        return
    (only,) = remarked
    assert only is rows[0]
    (remark,) = only.remarks
    assert ("taken by position" in remark) == (not language.is_known)
    assert ("no column was found for flags" in remark) == (not language.is_known and columns > 10)
    assert ("without their unit" in remark) == (columns == 10)


def backslashes(content: bytes) -> bytes:
    """As tools on Windows pack a folder."""
    return zip_bytes({"export_1\\activities.csv": content, "export_1\\activities\\1.gpx": b"<"})


def mac(content: bytes) -> bytes:
    """As the Finder packs a folder, with its own files beside each."""
    return zip_bytes(
        {
            "Strava 2026/activities.csv": content,
            "__MACOSX/Strava 2026/._activities.csv": b"\0\5\x16\7",
            "__MACOSX/activities.csv": b"not a table",
            "Strava 2026/.DS_Store": b"\0",
        }
    )


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "Strava": lambda content: zip_bytes({"activities.csv": content, "activities/1.gpx": b"<"}),
    "backslashes": backslashes,
    "the Finder": mac,
    "two folders more": lambda content: zip_bytes(
        {"a/b/activities.csv": content, "a/b/c/activities.csv": b"x"}
    ),
    "dots in front": lambda content: zip_bytes({"./activities.csv": content}),
    "another case": lambda content: zip_bytes({"Export/Activities.CSV": content}),
    "a browser's copy": lambda content: zip_bytes({"activities (1).csv": content}),
    "an archive in an archive": lambda content: zip_bytes(
        {"export_1.zip": zip_bytes({"activities.csv": content})}
    ),
    "an archive in an archive's folder": lambda content: zip_bytes(
        {"Downloads\\export_1.zip": zip_bytes({"x/activities.csv": content}), "Downloads\\readme.txt": b"x"},
        zipfile.ZIP_STORED,
    ),
    "with entries for folders": lambda content: zip_bytes({"export/": b"", "export/activities.csv": content}),
}


@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("name", ["English", "Spanish", "Russian"])
def test_every_archive_holds_its_table(tmp_path: Path, name: str, packer: str) -> None:
    """However an export was packed anew, it reads as the table in it does."""
    content = exports.as_strava(table(LANGUAGES[name], 40, SNAPSHOTS))
    alone = accepted(rows_of(write(tmp_path, "activities.csv", content)))
    assert accepted(rows_of(write(tmp_path, "packed.zip", PACKERS[packer](content)))) == alone != []


@pytest.mark.parametrize("inner", ["", "export_1", "a/b"])
def test_a_folder_is_the_archive_unpacked(tmp_path: Path, inner: str) -> None:
    """The folder, or one around it, reads as the table in it does; what macOS leaves is passed over."""
    content = exports.as_strava(table(LANGUAGES["English"], 40, SNAPSHOTS))
    folder = tmp_path / "export"
    (folder / inner).mkdir(parents=True)
    write(folder / inner, "activities.csv", content)
    (folder / "__MACOSX").mkdir()
    write(folder / "__MACOSX", "activities.csv", b"no table")
    rows = rows_of(folder)
    assert len(accepted(rows)) == len(SNAPSHOTS)
    assert {row.file for row in rows} == {f"{folder}/activities.csv"}


def test_a_folder_with_two_tables_is_refused(tmp_path: Path) -> None:
    """Which of them is meant cannot be known."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write(tmp_path / name, "activities.csv", b"x")
    with pytest.raises(UnreadableHistory, match="a directory with several files"):
        rows_of(tmp_path)


def test_an_inner_archive_that_is_a_bomb_is_refused(tmp_path: Path) -> None:
    """The bounds hold for what is packed twice too."""
    bomb = zip_bytes({"export.zip": b"\0" * 30_000_000})
    with pytest.raises(UnreadableHistory, match="times its size"):
        rows_of(write(tmp_path, "bomb.zip", bomb))
    twice = zip_bytes({"a.zip": zip_bytes({"b.zip": zip_bytes({"activities.csv": b"x"})})})
    with pytest.raises(UnreadableHistory, match=r"no activities\.csv"):
        rows_of(write(tmp_path, "twice.zip", twice))


@pytest.mark.parametrize(
    ("name", "missing", "words"),
    [
        ("English", exports.DISTANCE, "the column 'distance' (distance) is missing"),
        ("English", exports.TYPE, "the column 'activity type' (sport) is missing"),
        ("German", exports.DATE, "the column 'aktivitätsdatum' (date) is missing"),
        ("Spanish", exports.ID, "the column 'id. de actividad' (id) is missing"),
        ("Russian", exports.DISTANCE, "not Strava's activities.csv"),
    ],
)
def test_a_missing_column_is_named(tmp_path: Path, name: str, missing: int, words: str) -> None:
    """A table that a tool has cut says in one line which column it lacks."""
    language = LANGUAGES[name]
    header, *rows = table(language, 40, SNAPSHOTS)
    kept = [at for at, title in enumerate(header) if title != language.titles[missing]]
    cut = [[row[at] for at in kept] for row in (header, *rows)]
    with pytest.raises(UnreadableHistory) as refused:
        read_history(write(tmp_path, "a.csv", exports.as_strava(cut)), policy=POLICY, now=NOW)
    assert words in refused.value.message
    assert "\n" not in refused.value.message


@pytest.mark.parametrize(
    "date", ["13:57:47 27 thg 1, 2021", "27 ม.ค. 2564 13:57:47", "1/2/2021 13:57", "44223.58", "Vuit de maig"]
)
def test_a_date_in_no_language_names_its_column(tmp_path: Path, date: str) -> None:
    """A date that cannot be read is never guessed: the message names the column and the cure."""
    header, row, *_ = table(LANGUAGES["Russian"], 40, SNAPSHOTS)
    row[exports.DATE] = date
    with pytest.raises(UnreadableHistory) as refused:
        rows_of(write(tmp_path, "a.csv", exports.as_strava([header, row])))
    assert "'Дата'" in refused.value.message
    assert "set the language of your account to English" in refused.value.message


@settings(in_one_folder, max_examples=300)
@given(
    name=st.sampled_from(sorted(LANGUAGES)),
    columns=st.sampled_from([10, 40]),
    dropped=st.sets(st.integers(0, 24), max_size=6),
    order=st.one_of(st.none(), st.randoms(use_true_random=False)),
    renamed=st.dictionaries(
        st.integers(0, 24), st.sampled_from(["Q", "Distance", "Zeit", "", "Moving Time"]), max_size=2
    ),
)
def test_no_table_reads_to_a_wrong_number_in_silence(
    tmp_path: Path, name: str, columns: int, dropped: set[int], order: object, renamed: dict[int, str]
) -> None:
    """Whatever a tool did to the columns: a measure is right, or nothing and something was said."""
    header, *rows = table(LANGUAGES[name], columns, SNAPSHOTS[:6])
    header = [renamed.get(at, title) for at, title in enumerate(header)]
    kept = [at for at in range(len(header)) if at not in dropped]
    if order is not None:
        order.shuffle(kept)  # type: ignore[attr-defined]  # a Random, which mypy does not see
    changed = [[row[at] for at in kept] for row in (header, *rows)]
    try:
        found = rows_of(write(tmp_path, "a.csv", exports.as_strava(changed)))
    except UnreadableHistory:
        return
    truth = {each.activity_id: each for each in SNAPSHOTS}
    is_said = any(row.remarks for row in found if isinstance(row, Accepted))
    # Where titles are not known, or were changed, columns go by position: nothing tells one from its
    # neighbour, so the remark names what was taken. No goal counts elapsed time.
    is_by_position = not LANGUAGES[name].is_known or bool(renamed)
    unsure = {"elapsed_seconds"} if is_by_position else set[str]()
    if is_by_position and dropped & {18, 19, 20}:
        unsure.add("elevation_meters")
    # Ten columns have one distance, with no second one to compare it with.
    if is_by_position and columns == 10 and dropped:
        unsure |= {"distance_meters", "moving_seconds"}
    # Ten columns in another order, or under other titles, may hold anything: the remark is all there is.
    if is_by_position and columns == 10 and (order is not None or renamed):
        unsure |= set(MEASURES)
    for row in found:
        if isinstance(row, Accepted):
            check_measures(
                row.snapshot, truth[row.snapshot.activity_id], is_said=is_said, renamed=renamed, unsure=unsure
            )


def check_measures(
    read: ActivitySnapshot,
    true: ActivitySnapshot,
    *,
    is_said: bool,
    renamed: dict[int, str],
    unsure: set[str],
) -> None:
    """Every measure is the true one, or is nothing, and what is not the true one was spoken of."""
    assert read.started_at == true.started_at
    for measure in MEASURES:
        value = getattr(read, measure)
        # A title that is given to another column lies; nothing can be made of that.
        if value != getattr(true, measure) and not {"Distance", "Moving Time"} & set(renamed.values()):
            assert is_said or (measure == "elapsed_seconds" and not value), measure
            assert not value or measure in unsure, measure


def test_the_generator_covers_every_month_and_field() -> None:
    """The made histories are no easy ones: all months, both halves of the day, every measure told apart."""
    assert {each.started_at.month for each in SNAPSHOTS} == set(range(1, 13))
    assert {each.started_at.hour < 12 for each in SNAPSHOTS} == {True, False}
    assert len(LANGUAGES) >= 12
    for measure in MEASURES:
        assert len({getattr(each, measure) for each in SNAPSHOTS}) > 1
    assert {each.name for each in fields(ActivitySnapshot)} >= set(MEASURES)
    assert isinstance(LANGUAGES["English"], Language)
    assert io.BytesIO(exports.as_strava([["a"]])).read() == b"a\r\n"
