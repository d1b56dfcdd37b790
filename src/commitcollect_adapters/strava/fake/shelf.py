"""Activities as athletes made and changed them, and what Strava announces of each change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from attrs import define

from commitcollect_adapters.strava.fake import shapes
from commitcollect_core.strava.connections import READ_ALL_ACTIVITIES
from commitcollect_core.strava.webhooks import Aspect

_ANNOUNCED_AS = {"name": "title", "sport_type": "type", "private": "private"}
"""The changes that Strava announces, and under what name; corrections of measures come silently."""


@define
class StoredActivity:
    """One activity: as it is, as it was before the last change, and whether it is gone."""

    athlete_id: int
    payload: dict[str, Any]
    previous: dict[str, Any]
    is_deleted: bool = False

    @property
    def is_private(self) -> bool:
        """Whether only the athlete may see it."""
        return bool(self.payload.get("private")) or self.payload.get("visibility") == "only_me"

    def is_visible(self, scope: Iterable[str]) -> bool:
        """Whether an app with this scope may see it."""
        return not self.is_deleted and (not self.is_private or READ_ALL_ACTIVITIES in scope)

    @property
    def start_at(self) -> float:
        """When it started, for the order of lists; a payload that does not say comes last."""
        try:
            return datetime.fromisoformat(self.payload["start_date"]).timestamp()
        except (KeyError, TypeError, ValueError):
            return 0.0

    def change(self, changes: Mapping[str, Any]) -> dict[str, str]:
        """Change it; returns what Strava says was updated, by its own names."""
        self.previous = dict(self.payload)
        known = {**changes}
        if "sport_type" in known:
            known.setdefault("type", known["sport_type"])
        if "private" in known:
            known["visibility"] = "only_me" if known["private"] else "everyone"
        updates = {
            said: str(known[name]).lower() if isinstance(known[name], bool) else str(known[name])
            for name, said in _ANNOUNCED_AS.items()
            if name in known and known[name] != self.payload.get(name)
        }
        self.payload.update(known)
        return updates


class Shelf:
    """Every athlete's activities."""

    def __init__(self) -> None:
        self._by_id: dict[int, StoredActivity] = {}
        self._by_athlete: dict[int, dict[int, StoredActivity]] = {}

    def add(self, athlete_id: int, payload: Mapping[str, Any]) -> StoredActivity:
        """Put up an activity; one of the same id takes the place of the one before."""
        whole = shapes.summary(payload, athlete_id)
        stored = StoredActivity(athlete_id, whole, dict(whole))
        activity_id = int(whole["id"])
        if before := self._by_id.get(activity_id):
            del self._by_athlete[before.athlete_id][activity_id]
        self._by_id[activity_id] = stored
        self._by_athlete.setdefault(athlete_id, {})[activity_id] = stored
        return stored

    def activity(self, activity_id: int) -> StoredActivity | None:
        """One activity, deleted or not."""
        return self._by_id.get(activity_id)

    def of(self, athlete_id: int) -> list[StoredActivity]:
        """An athlete's activities, the newest first."""
        theirs = self._by_athlete.get(athlete_id, {})
        return sorted(
            theirs.values(), key=lambda each: (each.start_at, int(each.payload["id"])), reverse=True
        )


def announced(
    *, was_visible: bool, is_visible: bool, updates: Mapping[str, str]
) -> tuple[Aspect, Mapping[str, str]] | None:
    """What Strava tells an app of a change, by whether the app could see the activity before and after it."""
    if was_visible and not is_visible:
        return Aspect.DELETE, {}
    if is_visible and not was_visible:
        return Aspect.CREATE, {}
    return (Aspect.UPDATE, updates) if is_visible and updates else None
