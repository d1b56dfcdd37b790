"""Activities as Strava's API describes them, single or as a saved list.

Only what `ActivitySnapshot` holds is taken over. Polylines, coordinates, places, heart rates and everything
else end here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from commitcollect_adapters.readers.fields import (
    cause,
    clean_name,
    clean_text,
    finite,
    shown,
    strava_id,
    whole,
)
from commitcollect_adapters.readers.rows import Desk, Row, UnreadableHistory
from commitcollect_adapters.readers.strict_json import Broken, BrokenList, Item, read_list
from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import Policy
from commitcollect_core.training.workouts import ActivitySnapshot
from commitcollect_core.values import Source, utc

DATE_CHARS_MAX = 40


def read_api_list(path: Path, desk: Desk) -> Iterator[Row]:
    """Yield a row per item of a saved answer of Strava's activity list.

    Raises:
        UnreadableHistory: the file is not a JSON list, or breaks off.
    """
    row = 0
    try:
        with path.open("rb") as stream:
            for item in read_list(stream):
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
    return desk.judge(item.index, lambda: snapshot_from_activity(value, desk.policy))


def snapshot_from_activity(payload: Mapping[str, Any], policy: Policy) -> ActivitySnapshot:
    """Reduce one activity payload, detailed or summary, to a snapshot. Unknown keys are ignored.

    The caller still has to `check` the snapshot, and that the payload's athlete is the right one.

    Raises:
        InvalidInput: a value is missing or not of its kind; `field` names it.
    """
    return ActivitySnapshot(
        source=Source.STRAVA,
        activity_id=strava_id(payload.get("id"), "id"),
        sport_type=_sport_type(payload),
        started_at=start_of(payload),
        distance_meters=whole(payload.get("distance"), "distance"),
        elevation_meters=whole(payload.get("total_elevation_gain"), "total_elevation_gain"),
        moving_seconds=whole(payload.get("moving_time"), "moving_time"),
        elapsed_seconds=whole(payload.get("elapsed_time"), "elapsed_time"),
        name=clean_name(_text(payload, "name"), policy),
        utc_offset_seconds=_utc_offset(payload.get("utc_offset"), policy),
        is_flagged=_flag(payload.get("flagged")),
    )


def _text(payload: Mapping[str, Any], field: str) -> str:
    value = payload.get(field)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidInput(f"{field} must be a text, not {shown(value)}", field=field)
    return value


def _sport_type(payload: Mapping[str, Any]) -> str:
    # `type` is older and coarser (a TrailRun is a Run there), but all that old payloads have.
    for field in ("sport_type", "type"):
        if found := clean_text(_text(payload, field)):
            return found
    raise InvalidInput("sport_type is missing, and so is type", field="sport_type")


def start_of(payload: Mapping[str, Any]) -> datetime:
    """When an activity started, whatever else of it can be read.

    Raises:
        InvalidInput: `start_date` is no moment.
    """
    # Never start_date_local: it is a wall clock that claims to be UTC.
    value = payload.get("start_date")
    if not isinstance(value, str) or len(value) > DATE_CHARS_MAX:
        raise InvalidInput(
            f"start_date must be a date with time and zone, not {shown(value)}", field="start_date"
        )
    try:
        start = datetime.fromisoformat(value)
    except ValueError as error:
        raise InvalidInput(
            f"start_date {shown(value)} is not a date; write it like 2026-05-01T06:30:00Z", field="start_date"
        ) from error
    if start.utcoffset() is None:
        raise InvalidInput(
            f"start_date {shown(value)} has no time zone; write it in UTC, like 2026-05-01T06:30:00Z",
            field="start_date",
        )
    try:
        return utc(start)
    except InvalidInput as beyond:
        raise InvalidInput(f"start_date {beyond.message}", field="start_date") from beyond


def _utc_offset(value: object, policy: Policy) -> int | None:
    """Which day it was there; nothing depends on it, so nothing is refused for it."""
    seconds = finite(value)
    if seconds is None or abs(seconds) > policy.training.utc_offset_seconds_max:
        return None
    return round(seconds)


def _flag(value: object) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    raise InvalidInput(f"flagged must be true or false, not {shown(value)}", field="flagged")
