"""Activities: storage, documents, events, and histories to start from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from attrs import define

from commitcollect_adapters.readers import demo_history
from commitcollect_adapters.readers.demo import LAST_YEAR
from commitcollect_adapters.readers.fields import cause, strava_id
from commitcollect_adapters.readers.strict_json import Broken, BrokenList, Item, read_list
from commitcollect_core.errors import InvalidInput, NotFound
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.strava.connections import READ_ALL_ACTIVITIES
from commitcollect_core.strava.webhooks import Aspect
from commitcollect_core.training.workouts import ActivitySnapshot

Payload = dict[str, Any]

_SUMMARY: Mapping[str, Any] = {
    "resource_state": 2,
    "name": "Activity",
    "distance": 0.0,
    "moving_time": 0,
    "elapsed_time": 0,
    "total_elevation_gain": 0,
    "type": "Workout",
    "sport_type": "Workout",
    "workout_type": None,
    "timezone": "(GMT+00:00) Europe/London",
    "utc_offset": 0.0,
    "location_city": None,
    "location_state": None,
    "location_country": None,
    "achievement_count": 0,
    "kudos_count": 0,
    "comment_count": 0,
    "athlete_count": 1,
    "photo_count": 0,
    "trainer": False,
    "commute": False,
    "manual": False,
    "private": False,
    "visibility": "everyone",
    "flagged": False,
    "gear_id": None,
    "start_latlng": [],
    "end_latlng": [],
    "average_speed": 0.0,
    "max_speed": 0.0,
    "has_heartrate": False,
    "heartrate_opt_out": False,
    "display_hide_heartrate_option": False,
    "upload_id": None,
    "external_id": None,
    "from_accepted_tag": False,
    "pr_count": 0,
    "total_photo_count": 0,
    "has_kudoed": False,
}
_DETAILS: Mapping[str, Any] = {
    "resource_state": 3,
    "description": None,
    "calories": 0.0,
    "perceived_exertion": None,
    "prefer_perceived_exertion": None,
    "segment_efforts": [],
    "best_efforts": [],
    "photos": {"primary": None, "count": 0},
    "stats_visibility": [],
    "hide_from_home": False,
    "embed_token": "0000000000000000000000000000000000000000",
    "available_zones": [],
}
_OLD_TYPES = frozenset(
    (
        "AlpineSki", "BackcountrySki", "Canoeing", "Crossfit", "EBikeRide", "Elliptical", "Golf", "Handcycle",
        "Hike", "IceSkate", "InlineSkate", "Kayaking", "Kitesurf", "NordicSki", "Ride", "RockClimbing",
        "RollerSki", "Rowing", "Run", "Sail", "Skateboard", "Snowboard", "Snowshoe", "Soccer", "StairStepper",
        "StandUpPaddling", "Surfing", "Swim", "Velomobile", "VirtualRide", "VirtualRun", "Walk",
        "WeightTraining", "Wheelchair", "Windsurf", "Workout", "Yoga",
    )
)  # fmt: skip
"""The values of `type`, which Strava has not added to since 2022."""

_NEAREST_OLD_TYPE = {
    "EMountainBikeRide": "EBikeRide",
    "GravelRide": "Ride",
    "MountainBikeRide": "Ride",
    "TrailRun": "Run",
    "VirtualRow": "Rowing",
}
"""The `type` of newer sport types; that of all others is Workout."""

_ANNOUNCED_AS = {"name": "title", "sport_type": "type", "private": "private"}
"""Fields whose changes Strava announces, and their names in events. Other changes are silent."""

_DEMO_ENDS_AT = datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC)
_WEEK = timedelta(days=7)


@define
class StoredActivity:
    """One activity, now and before its last change."""

    athlete_id: int
    payload: Payload
    previous: Payload
    is_deleted: bool = False

    @property
    def activity_id(self) -> int:
        """Its id."""
        return int(self.payload["id"])

    @property
    def is_private(self) -> bool:
        """Whether only the athlete can see it."""
        return bool(self.payload.get("private")) or self.payload.get("visibility") == "only_me"

    def is_visible(self, scope: Iterable[str]) -> bool:
        """Whether an app with this scope can see it."""
        return not self.is_deleted and (not self.is_private or READ_ALL_ACTIVITIES in scope)

    @property
    def start_at(self) -> float:
        """The start in epoch seconds, or 0 without a valid one."""
        try:
            return datetime.fromisoformat(self.payload["start_date"]).timestamp()
        except (KeyError, TypeError, ValueError):
            return 0.0

    def change(self, changes: Mapping[str, Any]) -> dict[str, str]:
        """Change fields; return the announced ones by their names in events."""
        self.previous = dict(self.payload)
        known = {**changes}
        if "sport_type" in known:
            known.setdefault("type", old_type(known["sport_type"]))
        if "private" in known:
            known["visibility"] = "only_me" if known["private"] else "everyone"
        updates = {
            name_in_event: str(known[name]).lower() if isinstance(known[name], bool) else str(known[name])
            for name, name_in_event in _ANNOUNCED_AS.items()
            if name in known and known[name] != self.payload.get(name)
        }
        self.payload.update(known)
        return updates


class Activities:
    """Every athlete's activities."""

    def __init__(self) -> None:
        self._by_id: dict[int, StoredActivity] = {}
        self._by_athlete: dict[int, dict[int, StoredActivity]] = {}

    def add(self, athlete_id: int, payload: Mapping[str, Any]) -> StoredActivity:
        """Store an activity; it overwrites one with the same id."""
        whole = summary(payload, athlete_id)
        stored = StoredActivity(athlete_id, whole, dict(whole))
        if before := self._by_id.get(stored.activity_id):
            del self._by_athlete[before.athlete_id][stored.activity_id]
        self._by_id[stored.activity_id] = stored
        self._by_athlete.setdefault(athlete_id, {})[stored.activity_id] = stored
        return stored

    def get(self, activity_id: int) -> StoredActivity | None:
        """One activity, deleted or not."""
        return self._by_id.get(activity_id)

    def of(self, athlete_id: int) -> list[StoredActivity]:
        """An athlete's activities, newest first."""
        theirs = self._by_athlete.get(athlete_id, {})
        return sorted(theirs.values(), key=lambda each: (each.start_at, each.activity_id), reverse=True)


def old_type(sport_type: object) -> str:
    """The `type` that Strava shows beside a sport type: a shorter list, in which some are lost."""
    name = str(sport_type)
    return name if name in _OLD_TYPES else _NEAREST_OLD_TYPE.get(name, "Workout")


def announced_as(
    *, was_visible: bool, is_visible: bool, updates: Mapping[str, str]
) -> tuple[Aspect, Mapping[str, str]] | None:
    """The event for a change of visibility or fields, if any."""
    # To an app without `activity:read_all`, hiding an activity is a delete and showing it a create.
    if was_visible and not is_visible:
        return Aspect.DELETE, {}
    if is_visible and not was_visible:
        return Aspect.CREATE, {}
    return (Aspect.UPDATE, updates) if is_visible and updates else None


def summary(payload: Mapping[str, Any], athlete_id: int) -> Payload:
    """An activity as lists show it: the given fields override the defaults."""
    whole = {
        **_SUMMARY,
        **({"type": old_type(payload["sport_type"])} if "sport_type" in payload else {}),
        "map": {"id": f"a{payload['id']}", "summary_polyline": "", "resource_state": 2},
        **payload,
        "athlete": {"id": athlete_id, "resource_state": 1},
    }
    return {"start_date_local": whole.get("start_date"), **whole}


def detail(summed: Mapping[str, Any]) -> Payload:
    """An activity as the activity endpoint returns it."""
    outline = {"id": f"a{summed['id']}", "polyline": "", "summary_polyline": "", "resource_state": 3}
    return {**summed, "map": outline, **_DETAILS}


def checked_payload(document: object) -> Payload:
    """An activity to store; only its id must be valid.

    Raises:
        InvalidInput: the document is no object or has no id.
    """
    if not isinstance(document, dict):
        raise InvalidInput("an activity is a JSON object", field="activity")
    return {**document, "id": int(strava_id(document.get("id"), "id"))}


def saved_payloads(path: Path) -> Iterator[Payload]:
    """The activities of a file in the format of Strava's API.

    Raises:
        NotFound: there is no such file.
        InvalidInput: the file is no such list, or an item is no activity.
    """
    item = 0
    try:
        with path.open("rb") as stream:
            for read in read_list(stream):
                item = read.index
                yield _checked_item(read)
    except FileNotFoundError as missing:
        raise NotFound(f"{path}: there is no such file", code="file_not_found") from missing
    except OSError as failed:
        raise InvalidInput(f"{path}: the file cannot be read ({cause(failed)})") from failed
    except BrokenList as broken:
        raise InvalidInput(f"{path}: {broken.message}") from broken
    except InvalidInput as invalid:
        raise InvalidInput(f"{path}, item {item}: {invalid.message}") from invalid


def _checked_item(read: Item | Broken) -> Payload:
    if isinstance(read, Broken):
        raise InvalidInput(read.reason)
    return checked_payload(read.value)


def demo_payloads(count: int, *, seed: int, now: datetime) -> Iterator[Payload]:
    """The demo history, shifted by whole weeks to end before `now`."""
    shift = (now - _DEMO_ENDS_AT) // _WEEK * _WEEK
    for each in demo_history(seed=seed, activities=count, policy=DEFAULT_POLICY):
        yield _payload(each, each.started_at + shift)


def _payload(snapshot: ActivitySnapshot, started_at: datetime) -> Payload:
    offset = snapshot.utc_offset_seconds or 0
    local = started_at + timedelta(seconds=offset)
    return {
        "id": int(snapshot.activity_id),
        "name": snapshot.name,
        "sport_type": snapshot.sport_type,
        "type": old_type(snapshot.sport_type),
        "start_date": f"{started_at:%Y-%m-%dT%H:%M:%SZ}",
        "start_date_local": f"{local:%Y-%m-%dT%H:%M:%SZ}",
        "utc_offset": float(offset),
        "distance": float(snapshot.distance_meters),
        "total_elevation_gain": float(snapshot.elevation_meters),
        "moving_time": snapshot.moving_seconds,
        "elapsed_time": snapshot.elapsed_seconds,
        "flagged": snapshot.is_flagged,
    }
