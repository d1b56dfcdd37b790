from __future__ import annotations

import json
import os
import tracemalloc
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.readers.samples import (
    ENGLISH_HEADER,
    NOW,
    POLICY,
    accepted,
    activity,
    csv_bytes,
    english_row,
    rows_of,
    write,
    write_json,
    zip_bytes,
)
from commitcollect_adapters.readers import Accepted, Rejected, UnreadableHistory, read_history
from commitcollect_core.errors import CommitCollectError, InvalidInput, NotFound

IDS = range(1, 6)
TABLE = csv_bytes([ENGLISH_HEADER, *(english_row(each, description="a\nb") for each in IDS)])
LIST = json.dumps([activity(each) for each in IDS], indent=1).encode()
ARCHIVE = zip_bytes({"activities.csv": TABLE, "activities/1.gpx": b"<gpx/>"})
FILES = {"a.csv": TABLE, "a.json": LIST, "a.zip": ARCHIVE}
in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("name", ["history", "history.JSON", "history.txt", "history.zip", "history.CSV"])
def test_a_file_is_known_by_suffix_or_content(tmp_path: Path, name: str) -> None:
    """An archive is known whatever its name, a list without one, a table by its suffix."""
    contents = {"history.zip": [ARCHIVE], "history.CSV": [TABLE, ARCHIVE]}.get(name, [LIST, ARCHIVE])
    for content in contents:
        rows = rows_of(write(tmp_path, name, content))
        assert [each.activity_id for each in accepted(rows)] == [str(each) for each in IDS]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"", "is empty"),
        ("a.json", b" \n\t", "is empty"),
        ("a.zip", b"", "is empty"),
        ("a.zip", b"no archive", "damaged"),
        ("a.fit", b"\x0e\x10", "unknown format: a .fit file records one workout, .* not read; give"),
        ("a.GPX", b"<?xml version='1.0'?><gpx/>", "a .gpx file records"),
        ("a.txt", b"hello", "unknown format; give"),
        ("a.gz", b"\x1f\x8b", "unknown format: a .gz archive"),
        ("a.7z", b"7z\xbc\xaf\x27", "unpack it"),
        ("a.xlsx", zip_bytes({"[Content_Types].xml": b"<", "xl/workbook.xml": b"<"}), "a workbook"),
        ("a.json", b'{"message": "Authorization Error"}', "one JSON object"),
        ("a.json", b"[{]", "ends before|not JSON"),
    ],
)
def test_what_cannot_be_read_raises_at_once(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    """The call itself raises, naming the file and what is wrong; or a rejected row does."""
    path = write(tmp_path, name, content)
    if content == b"[{]":
        (row,) = rows_of(path)
        assert isinstance(row, Rejected)
        return
    with pytest.raises(UnreadableHistory, match=words) as caught:
        read_history(path, policy=POLICY, now=NOW)
    assert caught.value.message.startswith(str(path))
    assert caught.value.code == "unreadable_history"


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    """It has its own code, because the way out is another."""
    with pytest.raises(NotFound, match=r"none\.csv") as caught:
        read_history(tmp_path / "none.csv", policy=POLICY, now=NOW)
    assert caught.value.code == "file_not_found"


def test_directories_and_pipes_are_refused(tmp_path: Path) -> None:
    """Neither is opened; a pipe would wait for ever."""
    os.mkfifo(tmp_path / "pipe.csv")
    for path, words in ((tmp_path, "a directory"), (tmp_path / "pipe.csv", "not a regular file")):
        with pytest.raises(UnreadableHistory, match=words):
            read_history(path, policy=POLICY, now=NOW)


@pytest.mark.parametrize("name", ["a\0b.csv", "x" * 5_000])
def test_impossible_names_are_refused(name: str) -> None:
    """What the system will not even look up is the caller's mistake, not a crash."""
    with pytest.raises(UnreadableHistory, match="cannot be opened"):
        read_history(Path(name), policy=POLICY, now=NOW)


def test_no_permission_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says that it is the permission; simulated, as tests may run as root."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = write(tmp_path, "a.csv", TABLE)
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UnreadableHistory, match="no permission"):
        read_history(path, policy=POLICY, now=NOW)


def test_now_needs_a_zone(tmp_path: Path) -> None:
    """A clock without zone is refused before anything is read."""
    with pytest.raises(InvalidInput, match="no time zone"):
        read_history(write_json(tmp_path, []), policy=POLICY, now=datetime(2026, 1, 1))  # noqa: DTZ001 - without a zone on purpose


def test_an_empty_list_is_an_empty_history(tmp_path: Path) -> None:
    """Nothing in it is not an error."""
    assert rows_of(write_json(tmp_path, [])) == []


def survives(path: Path) -> None:
    """The law of all fuzzing here: rows or a CommitCollectError, and every accepted row passes its check."""
    try:
        rows = rows_of(path)
    except CommitCollectError:
        return
    for row in rows:
        if isinstance(row, Accepted):
            row.snapshot.check(POLICY, now=NOW)
        else:
            assert row.reason.isprintable()


@in_one_folder
@given(name=st.sampled_from(sorted(FILES)), content=st.binary(max_size=400))
def test_arbitrary_bytes_are_survived(tmp_path: Path, name: str, content: bytes) -> None:
    """No content of any file raises anything but our own errors."""
    survives(write(tmp_path, name, content))


@settings(in_one_folder, max_examples=300)
@given(name=st.sampled_from(sorted(FILES)), data=st.data())
def test_mutations_are_survived(tmp_path: Path, name: str, data: st.DataObject) -> None:
    """Overwriting, removing or inserting bytes anywhere in a valid file raises nothing but our own errors."""
    content = bytearray(FILES[name])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content)))
        content[at : at + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))
    survives(write(tmp_path, name, bytes(content)))


@settings(in_one_folder, max_examples=150)
@given(cut=st.integers(1, len(LIST) - 1))
def test_any_cut_of_a_list_keeps_the_items_before(tmp_path: Path, cut: int) -> None:
    """However much arrived, each activity that arrived whole is accepted and the last row names the cut."""
    whole = sum(cut >= end for end in _ends(LIST, b"\n }"))
    path = write(tmp_path, "a.json", LIST[:cut])
    if not whole:
        with pytest.raises(UnreadableHistory):
            rows_of(path)
        return
    rows = rows_of(path)
    assert len(accepted(rows)) == whole
    assert isinstance(rows[-1], Rejected)


def _ends(content: bytes, mark: bytes) -> list[int]:
    return [at + len(mark) for at in range(len(content)) if content.startswith(mark, at)]


@in_one_folder
@given(
    place=st.integers(0, 5),
    junk=st.binary(max_size=60).filter(lambda each: b"\n" not in each and b"\r" not in each),
)
def test_rows_around_any_broken_line_survive(tmp_path: Path, place: int, junk: bytes) -> None:
    """One line of anything between the rows of a table costs no other row."""
    lines = [csv_bytes([ENGLISH_HEADER]), *(csv_bytes([english_row(each)]) for each in IDS)]
    lines.insert(place + 1, junk + b"\r\n")
    rows = rows_of(write(tmp_path, "a.csv", b"".join(lines)))
    assert [each.activity_id for each in accepted(rows)] == [str(each) for each in IDS]


@in_one_folder
@given(
    place=st.integers(0, 5),
    junk=st.recursive(
        st.sampled_from(
            ["NaN", "1e999", '"\x01"', "nul", "'x'", '{"id":}', '{"a":1,"a":1}', "1" * 50, '"\\u12"']
        ),
        lambda inner: st.lists(inner, min_size=1, max_size=3).map(lambda each: "[" + ",".join(each) + "]"),
    ),
)
def test_items_around_any_broken_item_survive(tmp_path: Path, place: int, junk: str) -> None:
    """One item of anything with balanced brackets between the items of a list costs no other item."""
    texts = [json.dumps(activity(each)) for each in IDS]
    texts.insert(place, junk)
    rows = rows_of(write(tmp_path, "a.json", ("[" + ",".join(texts) + "]").encode()))
    assert [each.activity_id for each in accepted(rows)] == [str(each) for each in IDS]
    (bad,) = [row for row in rows if isinstance(row, Rejected)]
    assert bad.row == place + 1


@pytest.mark.slow
def test_a_long_list_streams(tmp_path: Path) -> None:
    """A list of 10,000 activities is read in a few MB, whatever the length of the file."""
    path = tmp_path / "a.json"
    one = json.dumps(activity(7)).encode()
    with path.open("wb") as stream:
        stream.write(b"[" + one)
        stream.writelines(b"," + one for _ in range(9_999))
        stream.write(b"]")
    tracemalloc.start()
    try:
        rows = read_history(path, policy=POLICY, now=NOW)
        assert sum(isinstance(row, Accepted) for row in rows) == 10_000
        assert tracemalloc.get_traced_memory()[1] < 2 * 1024**2
    finally:
        tracemalloc.stop()
