"""All that the fake Strava knows."""

from __future__ import annotations

from collections.abc import Mapping
from threading import RLock
from typing import Any

from attrs import define, field, frozen

from commitcollect_adapters.strava import StravaApp
from commitcollect_adapters.strava.fake import shapes
from commitcollect_adapters.strava.fake.faults import Orders
from commitcollect_adapters.strava.fake.metering import Metering
from commitcollect_adapters.strava.fake.outbox import Outbox
from commitcollect_adapters.strava.fake.permissions import Permissions
from commitcollect_adapters.strava.fake.shelf import Shelf, StoredActivity, announced
from commitcollect_core.context import Clock
from commitcollect_core.strava.webhooks import Aspect, ObjectType


@frozen(kw_only=True)
class Consent:
    """What the athlete who is signed in does when asked for permission.

    Attributes:
        unticks: parts of the scope that are not granted.
        refuses: whether nothing is.
    """

    athlete_id: int
    unticks: frozenset[str] = frozenset()
    refuses: bool = False


@frozen(kw_only=True)
class Subscription:
    """Where events go."""

    subscription_id: int
    callback_url: str
    document: Mapping[str, Any]


@define(kw_only=True, eq=False)
class State:
    """One Strava. Read and changed under `lock` alone.

    Attributes:
        has_short_pages: whether a page of a list is cut before private activities are left out of it.
        subscription: the app's, if it has one.
    """

    app: StravaApp
    clock: Clock
    metering: Metering
    permissions: Permissions
    outbox: Outbox
    has_short_pages: bool
    lock: RLock = field(factory=RLock)
    orders: Orders = field(factory=Orders)
    shelf: Shelf = field(factory=Shelf)
    athletes: dict[int, dict[str, Any]] = field(factory=dict)
    consent: Consent | None = None
    subscription: Subscription | None = None
    is_app_inactive: bool = False

    def athlete_document(self, athlete_id: int) -> dict[str, Any]:
        """An athlete, added if nobody has spoken of them yet."""
        if athlete_id not in self.athletes:
            self.athletes[athlete_id] = shapes.athlete(athlete_id, self.clock.now())
        return self.athletes[athlete_id]

    def is_visible(self, stored: StoredActivity) -> bool:
        """Whether the app may see an activity now."""
        permission = self.permissions.of(stored.athlete_id)
        return permission is not None and stored.is_visible(permission.scope)

    def announce(
        self, stored: StoredActivity, *, was_visible: bool, updates: Mapping[str, str] | None = None
    ) -> None:
        """Tell the app what became of an activity, as far as it may know."""
        told = announced(was_visible=was_visible, is_visible=self.is_visible(stored), updates=updates or {})
        if told is not None:
            aspect, said = told
            self._send(ObjectType.ACTIVITY, int(stored.payload["id"]), aspect, stored.athlete_id, said)

    def end_permission(self, athlete_id: int) -> None:
        """Take an athlete's permission back, and tell the app."""
        if self.permissions.end(athlete_id):
            self._send(ObjectType.ATHLETE, athlete_id, Aspect.UPDATE, athlete_id, {"authorized": "false"})

    def _send(
        self, about: ObjectType, object_id: int, aspect: Aspect, owner_id: int, updates: Mapping[str, str]
    ) -> None:
        if self.subscription is None:
            return
        event = {
            "aspect_type": aspect.value,
            "event_time": int(self.clock.now().timestamp()),
            "object_id": object_id,
            "object_type": about.value,
            "owner_id": owner_id,
            "subscription_id": self.subscription.subscription_id,
            "updates": dict(updates),
        }
        self.outbox.add(self.subscription.callback_url, event)
