"""The state of a fake Strava."""

from __future__ import annotations

from collections.abc import Mapping
from threading import RLock
from typing import Any

from attrs import define, field, frozen

from commitcollect_adapters.strava import StravaApp
from commitcollect_adapters.strava.fake.activities import Activities, StoredActivity, announced_as
from commitcollect_adapters.strava.fake.faults import CallKind, FaultPlan
from commitcollect_adapters.strava.fake.rates import RateCounter
from commitcollect_adapters.strava.fake.tokens import Tokens
from commitcollect_adapters.strava.fake.webhooks import DeliveryQueue, Subscriptions
from commitcollect_core.context import Clock
from commitcollect_core.strava.webhooks import Aspect, ObjectType


@frozen(kw_only=True)
class Consent:
    """How the athlete at the browser answers the consent page.

    Attributes:
        unticks: scopes that the athlete does not grant.
        refuses: whether the athlete grants nothing.
    """

    athlete_id: int
    unticks: frozenset[str] = frozenset()
    refuses: bool = False


@define(kw_only=True, eq=False)
class State:
    """One Strava. Hold `lock` to read or change it."""

    app: StravaApp
    clock: Clock
    rates: RateCounter
    tokens: Tokens
    deliveries: DeliveryQueue
    subscriptions: Subscriptions
    lock: RLock
    faults: FaultPlan = field(factory=FaultPlan)
    activities: Activities = field(factory=Activities)
    consent: Consent | None = None
    is_app_inactive: bool = False
    _athletes: dict[int, dict[str, Any]] = field(factory=dict)

    def athlete_document(self, athlete_id: int) -> dict[str, Any]:
        """The document of an athlete, created at first use."""
        if athlete_id not in self._athletes:
            moment = self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
            self._athletes[athlete_id] = _athlete(athlete_id, moment)
        return self._athletes[athlete_id]

    def is_visible(self, stored: StoredActivity) -> bool:
        """Whether the app can see an activity now."""
        permission = self.tokens.permission_of(stored.athlete_id)
        return permission is not None and stored.is_visible(permission.scope)

    def announce(
        self, stored: StoredActivity, *, was_visible: bool, updates: Mapping[str, str] | None = None
    ) -> None:
        """Send the event for a changed activity, if there is one."""
        event = announced_as(
            was_visible=was_visible, is_visible=self.is_visible(stored), updates=updates or {}
        )
        if event is not None:
            aspect, announced = event
            self._send(ObjectType.ACTIVITY, stored.activity_id, aspect, stored.athlete_id, announced)

    def revoke(self, athlete_id: int) -> None:
        """Revoke an athlete's permission and send the event for it."""
        if self.tokens.revoke(athlete_id):
            self._send(ObjectType.ATHLETE, athlete_id, Aspect.UPDATE, athlete_id, {"authorized": "false"})

    def _send(
        self, about: ObjectType, object_id: int, aspect: Aspect, owner_id: int, updates: Mapping[str, str]
    ) -> None:
        subscription = self.subscriptions.current
        if subscription is None:
            return
        fault = self.faults.next_for(CallKind.EVENT)
        event: dict[str, object] = {
            "aspect_type": aspect.value,
            "event_time": int(self.clock.now().timestamp()),
            "object_id": object_id,
            "object_type": about.value,
            "owner_id": owner_id,
            "subscription_id": subscription.subscription_id,
            "updates": dict(updates),
        }
        self.deliveries.add(subscription.callback_url, event, fault)


def _athlete(athlete_id: int, created_at: str) -> dict[str, Any]:
    return {
        "id": athlete_id,
        "username": f"athlete{athlete_id}",
        "resource_state": 2,
        "firstname": "First",
        "lastname": "L.",
        "city": None,
        "state": None,
        "country": None,
        "sex": None,
        "premium": False,
        "summit": False,
        "created_at": created_at,
        "updated_at": created_at,
        "badge_type_id": 0,
        "profile_medium": "avatar/athlete/medium.png",
        "profile": "avatar/athlete/large.png",
        "friend": None,
        "follower": None,
    }
