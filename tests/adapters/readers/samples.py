"""What the readers' tests share: a policy, a clock, and files made on the spot."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from commitcollect_adapters.readers import Accepted, Rejected, Row, read_history
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.training.workouts import ActivitySnapshot

NOW = datetime(2026, 6, 1, tzinfo=UTC)
POLICY = DEFAULT_POLICY
ENGLISH_HEADER = (
    "Activity ID", "Activity Date", "Activity Name", "Activity Type", "Activity Description", "Elapsed Time",
    "Distance", "Commute", "Elapsed Time", "Moving Time", "Distance", "Elevation Gain", "<b>Flagged</b>",
)  # fmt: skip


def rows_of(path: Path) -> list[Row]:
    """Everything the file yields."""
    return list(read_history(path, policy=POLICY, now=NOW))


def accepted(rows: Sequence[Row]) -> list[ActivitySnapshot]:
    """The snapshots of the accepted rows."""
    return [row.snapshot for row in rows if isinstance(row, Accepted)]


def rejected(rows: Sequence[Row]) -> list[Rejected]:
    """The rejected rows."""
    return [row for row in rows if isinstance(row, Rejected)]


def the_snapshot(path: Path) -> ActivitySnapshot:
    """The snapshot of a file of one activity, which must be accepted."""
    (row,) = rows_of(path)
    assert isinstance(row, Accepted), row
    return row.snapshot


def the_rejection(path: Path) -> str:
    """The reason of a file of one activity, which must be rejected."""
    (row,) = rows_of(path)
    assert isinstance(row, Rejected), row
    return row.reason


def activity(activity_id: object = 1, **changes: Any) -> dict[str, Any]:
    """A plausible API activity."""
    return {
        "id": activity_id,
        "name": "Morning Run",
        "sport_type": "Run",
        "start_date": "2025-05-01T06:30:00Z",
        "start_date_local": "2025-05-01T08:30:00Z",
        "utc_offset": 7200.0,
        "distance": 10_000.4,
        "total_elevation_gain": 55,
        "moving_time": 3_000,
        "elapsed_time": 3_100,
        "flagged": False,
    } | changes


def csv_bytes(rows: Sequence[Sequence[str]]) -> bytes:
    """A table as UTF-8."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def english_row(activity_id: int = 1, **changes: str) -> list[str]:
    """A row under `ENGLISH_HEADER`; `changes` name cells by their keys below."""
    cells = {
        "id": str(activity_id),
        "date": "May 1, 2025, 6:30:00 AM",
        "name": "Morning Run",
        "type": "Run",
        "description": "",
        "shown_elapsed": "3100",
        "shown_distance": "10.00",
        "commute": "false",
        "elapsed": "3100.0",
        "moving": "3000.0",
        "distance": "10000.4",
        "elevation": "55.2",
        "flagged": "0.0",
    } | changes
    assert len(cells) == len(ENGLISH_HEADER), changes
    return list(cells.values())


def write(folder: Path, name: str, content: bytes) -> Path:
    """A file with that content."""
    path = folder / name
    path.write_bytes(content)
    return path


def write_json(folder: Path, value: object) -> Path:
    """A JSON file of that value."""
    return write(folder, "activities.json", json.dumps(value).encode())


def write_csv(folder: Path, *rows: Sequence[str], header: Sequence[str] = ENGLISH_HEADER) -> Path:
    """A table with that header and those rows."""
    return write(folder, "activities.csv", csv_bytes([header, *rows]))


def zip_bytes(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive of those files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()
