"""Files of activities as JSON, in all known shapes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from commitcollect_adapters.readers.activities import read_activity
from commitcollect_adapters.readers.fields import cause, described, shown
from commitcollect_adapters.readers.json_shapes import read_items
from commitcollect_adapters.readers.rows import Desk, Row, UnreadableHistory
from commitcollect_adapters.readers.strict_json import Broken, BrokenList, Item


def read_api_list(path: Path, desk: Desk) -> Iterator[Row]:
    """Yield a row per activity of a saved activity list.

    It is an answer of Strava's API, or the file of a tool.

    Raises:
        UnreadableHistory: the file is not JSON, holds nothing like a list of activities, or breaks off.
    """
    row = 0
    try:
        with path.open("rb") as stream:
            for item in read_items(stream):
                row = item.index
                yield _row(item, desk)
    except BrokenList as error:
        raise UnreadableHistory(desk.file, error.message, row=error.index) from error
    except OSError as error:
        raise UnreadableHistory(desk.file, f"reading failed ({cause(error)})", row=row + 1) from error


def _row(item: Item | Broken, desk: Desk) -> Row:
    if isinstance(item, Broken):
        return desk.reject(item.index, item.reason)
    value = item.value
    if not isinstance(value, dict):
        return desk.reject(item.index, f"the item is not an activity object but {shown(value)}")
    return desk.judge(item.index, lambda: read_activity(value, desk.policy), holds=described(value))
