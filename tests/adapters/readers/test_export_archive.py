from __future__ import annotations

import csv
import io
import struct
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from adapters.readers.samples import (
    ENGLISH_HEADER,
    NOW,
    POLICY,
    accepted,
    csv_bytes,
    english_row,
    rejected,
    rows_of,
    write,
    zip_bytes,
)
from commitcollect_adapters.readers import Accepted, Rejected, UnreadableHistory, archives, read_history


@pytest.mark.parametrize("name", ["activities.csv", "export_1/activities.csv"])
def test_an_archive_is_its_table(tmp_path: Path, name: str) -> None:
    """The table counts at the top or in one folder, with a byte order mark or not; nothing else is opened."""
    table = b"\xef\xbb\xbf" + csv_bytes([ENGLISH_HEADER, english_row(1), english_row(2)])
    members = {"../../etc/passwd": b"x", "activities/1.gpx": b"<", name: table, "a/b/activities.csv": b"deep"}
    path = write(tmp_path, "export_1.zip", zip_bytes(members))
    rows = rows_of(path)
    assert [each.activity_id for each in accepted(rows)] == ["1", "2"]
    assert {row.file for row in rows} == {f"{path}/activities.csv"}
    assert {each.name for each in tmp_path.iterdir()} == {"export_1.zip"}


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({}, "no activities.csv"),
        ({"activities/1.gpx": b"x"}, "no activities.csv"),
        ({"a/activities.csv": b"x", "b/activities.csv": b"x"}, "several activities.csv"),
        ({"activities.csv": b""}, "is empty"),
        ({"activities.csv": b"\0" * 30_000_000}, "times its size"),
        ({"activities.csv": b"x,y\n"}, "not Strava's activities.csv"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_archive_without_a_sound_table_is_refused(
    tmp_path: Path, members: dict[str, bytes], words: str
) -> None:
    """No table, two tables, an empty one or a bomb: one clear sentence, nothing unpacked."""
    with pytest.raises(UnreadableHistory, match=words):
        rows_of(write(tmp_path, "export.zip", zip_bytes(members)))


def test_an_unusual_method_is_refused(tmp_path: Path) -> None:
    """Only the two methods Strava uses are unpacked."""
    packed = zip_bytes({"activities.csv": b"x" * 100}, zipfile.ZIP_LZMA)
    with pytest.raises(UnreadableHistory, match="unusual method"):
        rows_of(write(tmp_path, "export.zip", packed))


def test_an_encrypted_table_is_refused(tmp_path: Path) -> None:
    """The encryption bit in the directory is enough."""
    packed = bytearray(zip_bytes({"activities.csv": b"x" * 100}))
    packed[packed.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(UnreadableHistory, match="unpack it with its password"):
        rows_of(write(tmp_path, "export.zip", bytes(packed)))


def test_a_table_beyond_the_size_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The size is read in the directory, before anything is unpacked."""
    monkeypatch.setattr(archives, "TABLE_BYTES_MAX", 99)
    with pytest.raises(UnreadableHistory, match="at most 99"):
        rows_of(write(tmp_path, "export.zip", zip_bytes({"activities.csv": b"x" * 100})))


def test_a_table_that_lies_about_its_size_is_cut_there(tmp_path: Path) -> None:
    """A bomb that states a small size unpacks to no more than that."""
    table = csv_bytes([ENGLISH_HEADER, *(english_row(each) for each in range(1, 2_000))])
    packed = bytearray(zip_bytes({"activities.csv": table}))
    stated = len(table) // 2
    at = packed.index(b"PK\x01\x02") + 24
    packed[at : at + 4] = struct.pack("<I", stated)
    rows = rows_of(write(tmp_path, "export.zip", bytes(packed)))
    assert 0 < len(accepted(rows)) <= 1_000
    assert "reading failed" in rejected(rows)[-1].reason


@pytest.mark.parametrize("kept", [4, 30, 200, -1, -30])
def test_a_truncated_archive_is_refused(tmp_path: Path, kept: int) -> None:
    """Without its directory at the end, an archive cannot be read at all."""
    packed = zip_bytes({"activities.csv": csv_bytes([ENGLISH_HEADER, english_row(1)])})
    with pytest.raises(UnreadableHistory, match="damaged"):
        rows_of(write(tmp_path, "export.zip", packed[:kept]))


def test_damage_inside_the_table_keeps_what_came_before(tmp_path: Path) -> None:
    """Rows up to the damage are accepted, then one rejection says where it is."""
    # Numbers that do not repeat, so that the packed table is long enough to be damaged in its middle.
    rows = [english_row(each * 7_919 % 99_991 + 1) for each in range(1, 3_000)]
    packed = bytearray(zip_bytes({"activities.csv": csv_bytes([ENGLISH_HEADER, *rows])}))
    middle = len(packed) * 3 // 4
    packed[middle : middle + 64] = b"\xff" * 64
    read = rows_of(write(tmp_path, "export.zip", bytes(packed)))
    assert len(accepted(read)) > 500
    last = read[-1]
    assert isinstance(last, Rejected)
    assert "reading failed" in last.reason
    assert last.row == read[-2].row + 1


@pytest.mark.slow
def test_a_large_table_streams(tmp_path: Path) -> None:
    """8,000 packed rows pass through a few MB of memory."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(ENGLISH_HEADER)
    writer.writerows(english_row(each, name=f"Run {each * 7_919 % 99_991}") for each in range(1, 8_001))
    path = write(tmp_path, "export.zip", zip_bytes({"activities.csv": text.getvalue().encode()}))
    del text, writer
    tracemalloc.start()
    try:
        count = sum(isinstance(row, Accepted) for row in read_history(path, policy=POLICY, now=NOW))
        assert count == 8_000
        assert tracemalloc.get_traced_memory()[1] < 4 * 1024**2
    finally:
        tracemalloc.stop()
