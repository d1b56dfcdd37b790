"""Histories for the fake Strava: saved ones, and made-up ones."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from commitcollect_adapters.readers import demo_history
from commitcollect_adapters.readers.demo import LAST_YEAR
from commitcollect_adapters.readers.fields import cause, strava_id
from commitcollect_adapters.readers.strict_json import Broken, BrokenList, Item, read_list
from commitcollect_core.errors import InvalidInput, NotFound
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.training.workouts import ActivitySnapshot

Payload = dict[str, Any]

_DEMO_ENDS_AT = datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC)
_WEEK = timedelta(days=7)


def checked_payload(document: object) -> Payload:
    """An activity to put up. Nothing but its id has to make sense: bad ones are there to be tried, too.

    Raises:
        InvalidInput: it is no object, or has no id.
    """
    if not isinstance(document, dict):
        raise InvalidInput("an activity is a JSON object", field="activity")
    return {**document, "id": int(strava_id(document.get("id"), "id"))}


def saved_payloads(path: Path) -> Iterator[Payload]:
    """The activities of a file that holds a JSON list of them, as Strava's API returns it.

    Raises:
        NotFound: there is no such file.
        InvalidInput: it is no such list, or an item is no activity.
    """
    item = 0
    try:
        with path.open("rb") as stream:
            for read in read_list(stream):
                item = read.index
                yield _checked(read)
    except FileNotFoundError as missing:
        raise NotFound(f"{path}: there is no such file", code="file_not_found") from missing
    except OSError as failed:
        raise InvalidInput(f"{path}: the file cannot be read ({cause(failed)})") from failed
    except BrokenList as broken:
        raise InvalidInput(f"{path}: {broken.message}") from broken
    except InvalidInput as invalid:
        raise InvalidInput(f"{path}, item {item}: {invalid.message}") from invalid


def _checked(read: Item | Broken) -> Payload:
    if isinstance(read, Broken):
        raise InvalidInput(read.reason)
    return checked_payload(read.value)


def demo_payloads(count: int, *, seed: int, now: datetime) -> Iterator[Payload]:
    """A made-up history of so many activities, moved by whole weeks so that it ends just before `now`."""
    shift = (now - _DEMO_ENDS_AT) // _WEEK * _WEEK
    for each in demo_history(seed=seed, activities=count, policy=DEFAULT_POLICY):
        yield _payload(each, each.started_at + shift)


def _payload(snapshot: ActivitySnapshot, started_at: datetime) -> Payload:
    """A snapshot as Strava shows an activity, at another time."""
    offset = snapshot.utc_offset_seconds or 0
    local = started_at + timedelta(seconds=offset)
    return {
        "id": int(snapshot.activity_id),
        "name": snapshot.name,
        "sport_type": snapshot.sport_type,
        "type": snapshot.sport_type,
        "start_date": f"{started_at:%Y-%m-%dT%H:%M:%SZ}",
        "start_date_local": f"{local:%Y-%m-%dT%H:%M:%SZ}",
        "utc_offset": float(offset),
        "distance": float(snapshot.distance_meters),
        "total_elevation_gain": float(snapshot.elevation_meters),
        "moving_time": snapshot.moving_seconds,
        "elapsed_time": snapshot.elapsed_seconds,
        "flagged": snapshot.is_flagged,
    }
