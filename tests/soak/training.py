"""Athletes who train: activities come, change and go, and the service is told of most of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random
from threading import RLock

from attrs import define, field

from commitcollect_adapters.strava.fake import Delivery
from commitcollect_adapters.strava.fake.webhooks import http_post
from commitcollect_core.values import ActivityId, AthleteId
from soak.clock import SoakClock
from soak.strava import OK, SoakStrava

HISTORY_ACTIVITIES = 12
DAYS_BACK_MAX = 20
BURST_ACTIVITIES = 4


@define(eq=False)
class Training:
    """What athletes do at Strava.

    Attributes:
        changes: how often what was done.
    """

    fake: SoakStrava
    clock: SoakClock
    athletes: Sequence[AthleteId]
    chance: Random
    changes: Counter[str] = field(factory=Counter)
    _owners: dict[ActivityId, AthleteId] = field(factory=dict)
    _changed: dict[ActivityId, tuple[datetime, datetime]] = field(factory=dict)
    _told: set[ActivityId] = field(factory=set)
    _lock: RLock = field(factory=RLock)

    def begin(self) -> None:
        """Give every athlete a history."""
        for athlete_id in self.athletes:
            for _ in range(HISTORY_ACTIVITIES):
                self.fake.add_activities(athlete_id, [self._payload(athlete_id)])

    def step(self) -> None:
        """Change something of some athlete."""
        steps = {
            self._upload: 5,
            self._edit: 6,
            self._edit_silently: 1,
            self._delete: 2,
            self._restore: 2,
            self._expire_tokens: 3,
        }
        self.chance.choices(list(steps), list(steps.values()))[0]()

    def _payload(self, athlete_id: AthleteId) -> dict[str, object]:
        number = len(self._owners) + 1
        self._owners[ActivityId(str(1_000 + number))] = athlete_id
        started_at = self.clock.now() - timedelta(minutes=self.chance.randrange(1, DAYS_BACK_MAX * 1_440))
        return {
            "id": 1_000 + number,
            "sport_type": self.chance.choice(("Ride", "Run", "Hike")),
            "name": f"Activity {number}",
            "start_date": f"{started_at:%Y-%m-%dT%H:%M:%SZ}",
            "distance": float(self.chance.randrange(30_000)),
            "moving_time": 1_000,
            "elapsed_time": 1_100,
            "total_elevation_gain": 10.0,
        }

    def _upload(self) -> None:
        athlete_id = self.chance.choice(self.athletes)
        payload = self._payload(athlete_id)
        activity_id = ActivityId(str(payload["id"]))
        self._change("uploaded", activity_id, lambda: self.fake.upload(athlete_id, payload))

    def _edit(self) -> None:
        changes: tuple[dict[str, object], ...] = (
            {"name": f"Name {self.chance.random()}", "distance": float(self.chance.randrange(30_000))},
            {"sport_type": self.chance.choice(("Walk", "Ride", "Swim"))},
            {"private": self.chance.random() < 0.5},
        )
        self._edit_with("edited", self._some(), self.chance.choice(changes))

    def _edit_silently(self) -> None:
        changes: dict[str, object] = {"distance": float(self.chance.randrange(30_000))}
        self._edit_with("edited silently", self._some(), changes)

    def _edit_with(self, what: str, activity_id: ActivityId, changes: dict[str, object]) -> None:
        self._change(what, activity_id, lambda: self.fake.edit(activity_id, **changes))

    def _delete(self) -> None:
        activity_id = self._some()
        self._change("deleted", activity_id, lambda: self.fake.delete(activity_id))

    def _restore(self) -> None:
        activity_id = self._some()
        self._change("restored", activity_id, lambda: self.fake.restore(activity_id))

    def _expire_tokens(self) -> None:
        """End an athlete's access tokens while several workers need them."""
        athlete_id = self.chance.choice(self.athletes)
        theirs = [each for each, owner in self._owners.items() if owner == athlete_id]
        self.fake.expire_access_tokens(athlete_id)
        self.changes["access tokens ended"] += 1
        for activity_id in self.chance.sample(theirs, BURST_ACTIVITIES):
            self._edit_with("edited in a burst", activity_id, {"name": f"Name {self.chance.random()}"})

    def _some(self) -> ActivityId:
        return self.chance.choice(list(self._owners))

    def _change(self, what: str, activity_id: ActivityId, act: Callable[[], object]) -> None:
        with self._lock:
            before = self.clock.now()
            act()
            self._changed[activity_id] = before, self.clock.now()
            self._told.discard(activity_id)
            self.fake.untrue.discard(activity_id)
            self.changes[what] += 1

    def post(self, delivery: Delivery) -> int:
        """Deliver an event, and remember that the service has taken it."""
        status = http_post(delivery)
        event = json.loads(delivery.body)
        if status == OK and event["object_type"] == "activity":
            self._hear(ActivityId(str(event["object_id"])), event["event_time"])
        return status

    def _hear(self, activity_id: ActivityId, event_time: object) -> None:
        with self._lock:
            span = self._changed.get(activity_id)
            # Events with odd times, and those of earlier changes, are no promise that this one is known.
            if span is not None and isinstance(event_time, int):
                is_latest = span[0].timestamp() <= event_time <= span[1].timestamp()
                self._told |= {activity_id} if is_latest else set()

    def forget(self, athlete_id: AthleteId) -> None:
        """Expect nothing of events from before now: the athlete's connection ends or begins."""
        with self._lock:
            self._told -= {each for each, owner in self._owners.items() if owner == athlete_id}

    def told(self, athlete_id: AthleteId) -> set[ActivityId]:
        """Activities whose last change the service was told, and of which no read told an untruth since."""
        with self._lock:
            theirs = {each for each in self._told if self._owners[each] == athlete_id}
            return theirs - self.fake.untrue
