"""The fake Strava itself: the port, and what a test may have happen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from attrs import evolve

from commitcollect_adapters.readers import snapshot_from_activity
from commitcollect_adapters.strava import Answer, Request, Revocation, StravaApp, StravaClient
from commitcollect_adapters.strava.fake import calling
from commitcollect_adapters.strava.fake.desk import Desk, NoAnswer
from commitcollect_adapters.strava.fake.faults import CallKind, Fault
from commitcollect_adapters.strava.fake.metering import Limits, Metering
from commitcollect_adapters.strava.fake.outbox import DeliveryPlan, DeliveryReport, Outbox, Post, is_taken
from commitcollect_adapters.strava.fake.permissions import Permissions
from commitcollect_adapters.strava.fake.shelf import StoredActivity
from commitcollect_adapters.strava.fake.state import Consent, State
from commitcollect_adapters.strava.fake.subscribing import Subscribing, Visit
from commitcollect_core.context import Clock
from commitcollect_core.errors import InvalidInput, StravaUnavailable
from commitcollect_core.policy import DEFAULT_POLICY, Policy
from commitcollect_core.strava.connections import DEFAULT_SCOPE
from commitcollect_core.training.workouts import ActivitySnapshot
from commitcollect_core.values import ActivityId, AthleteId

CALLBACK_URL = "http://localhost/webhooks/strava"
"""Where events go that are delivered in process."""


class FakeStrava(StravaClient):
    """A Strava in memory, and the port to it in one; thread-safe.

    As the port it behaves like the client of Strava over HTTP, as it is that client, on another transport.
    Everything else here is what athletes, Strava and chance do. Unless said otherwise, a new app's limits
    hold, every renewal replaces the refresh token, and events arrive once and in order.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        client_id: str = "4711",
        client_secret: str = "fake-client-secret",  # noqa: S107 - of nobody
        revoke_with: Revocation = Revocation.REVOKE,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        rotates_every: int = 1,
        has_short_pages: bool = False,
        plan: DeliveryPlan = DeliveryPlan(),  # noqa: B008 - frozen
        visit: Visit = calling.visit,
        seed: int = 0,
        policy: Policy = DEFAULT_POLICY,
    ) -> None:
        """Make one without athletes.

        Args:
            clock: its time.
            client_id: of the one app it knows.
            client_secret: the app's.
            revoke_with: how the port gives permissions back; over HTTP both ways work.
            limits: of the app's calls.
            rotates_every: which renewal replaces the refresh token: 1 for every one, 0 for none.
            has_short_pages: whether private activities are left out of a page after it was cut.
            plan: what becomes of events on the way.
            visit: how an address is called back when it is subscribed.
            seed: of its tokens.
            policy: as in `StravaClient`.
        """
        app = StravaApp(client_id=client_id, client_secret=client_secret, revoke_with=revoke_with)
        self._state = State(
            app=app,
            clock=clock,
            metering=Metering(limits),
            permissions=Permissions(rotates_every=rotates_every, seed=seed),
            outbox=Outbox(plan),
            has_short_pages=has_short_pages,
        )
        self._subscribing = Subscribing(self._state, visit)
        self._desk = Desk(self._state, self._subscribing)
        super().__init__(app, _InProcess(self._desk), policy=policy)

    def answer(self, request: Request) -> Answer:
        """The answer to a call, however it came.

        Raises:
            NoAnswer: it was ordered that there be none.
        """
        return self._desk.answer(request)

    def app_at(self, base: str) -> StravaApp:
        """The app, for a client that finds this Strava at a base address."""
        return evolve(self._app, api_base=f"{base}/api/v3", oauth_base=f"{base}/oauth")

    # What athletes do

    def add_activities(self, athlete_id: AthleteId, payloads: Iterable[Mapping[str, Any]]) -> None:
        """Put up activities that were there all along: nothing is announced. What is missing is filled in."""
        with self._state.lock:
            for payload in payloads:
                self._state.shelf.add(int(athlete_id), payload)

    def upload(self, athlete_id: AthleteId, payload: Mapping[str, Any]) -> ActivityId:
        """Put up an activity, however long ago it was; it is announced."""
        with self._state.lock:
            stored = self._state.shelf.add(int(athlete_id), payload)
            self._state.announce(stored, was_visible=False)
            return ActivityId(str(stored.payload["id"]))

    def edit(self, activity_id: ActivityId, /, **changes: Any) -> None:
        """Change fields of an activity; name, sport_type and private are announced, all else is not."""
        with self._state.lock:
            stored = self._stored(activity_id)
            was_visible = self._state.is_visible(stored)
            updates = stored.change(changes)
            self._state.announce(stored, was_visible=was_visible, updates=updates)

    def delete(self, activity_id: ActivityId) -> None:
        """Delete an activity."""
        self._set_deleted(activity_id, is_deleted=True)

    def restore(self, activity_id: ActivityId) -> None:
        """Bring a deleted activity back, under the same id."""
        self._set_deleted(activity_id, is_deleted=False)

    def _set_deleted(self, activity_id: ActivityId, *, is_deleted: bool) -> None:
        with self._state.lock:
            stored = self._stored(activity_id)
            was_visible = self._state.is_visible(stored)
            stored.is_deleted = is_deleted
            self._state.announce(stored, was_visible=was_visible)

    def _stored(self, activity_id: ActivityId) -> StoredActivity:
        stored = self._state.shelf.activity(int(activity_id))
        if stored is None:
            raise LookupError(f"the fake Strava has no activity {activity_id}")
        return stored

    def sign_in(self, athlete_id: AthleteId, *, unticks: Iterable[str] = (), refuses: bool = False) -> None:
        """Have an athlete sit at the browser, who grants all but `unticks`, or nothing."""
        consent = Consent(athlete_id=int(athlete_id), unticks=frozenset(unticks), refuses=refuses)
        with self._state.lock:
            self._state.consent = consent

    def visit_consent(self, authorize_url: str) -> str:
        """Open Strava's page of consent; the address that the browser is sent back to."""
        query = dict(parse_qsl(urlsplit(authorize_url).query))
        answer = self.answer(Request(method="GET", address=authorize_url.partition("?")[0], query=query))
        return answer.headers["location"]

    def code_for(self, athlete_id: AthleteId, scope: Sequence[str] = DEFAULT_SCOPE) -> str:
        """A code as it comes back from an athlete who grants this scope."""
        with self._state.lock:
            return self._state.permissions.code(int(athlete_id), scope)

    def deauthorize(self, athlete_id: AthleteId) -> None:
        """Have an athlete take the permission back at Strava."""
        with self._state.lock:
            self._state.end_permission(int(athlete_id))

    # What Strava does

    def end_access_tokens(self, athlete_id: AthleteId) -> None:
        """Have an athlete's access tokens end before their time; the refresh token stays good."""
        with self._state.lock:
            self._state.permissions.end_access_tokens(int(athlete_id), self._state.clock.now())

    def switch_app(self, *, is_on: bool) -> None:
        """Switch the app off, or on again; tokens can be renewed all the same."""
        with self._state.lock:
            self._state.is_app_inactive = not is_on

    def put_subscription(self, callback_url: str = CALLBACK_URL) -> int:
        """Subscribe an address without a handshake; the subscription's id."""
        with self._state.lock:
            return self._subscribing.put(callback_url, self._state.clock.now()).subscription_id

    def deliver(self, post: Post = calling.post, *, limit: int | None = None) -> DeliveryReport:
        """Deliver each event that waits, once; what is not answered with 200 waits for the next round.

        Args:
            post: how; over HTTP unless said otherwise.
            limit: of how many.
        """
        with self._state.lock:
            letters = self._state.outbox.take(limit)
        failed = [each for each in letters if not is_taken(post, each)]
        with self._state.lock:
            waiting = sum([self._state.outbox.put_back(each) for each in failed])
        return DeliveryReport(
            taken=len(letters) - len(failed), failed=waiting, given_up=len(failed) - waiting
        )

    # What goes wrong

    def order(
        self, fault: Fault, kind: CallKind | None = None, *, count: int | None = 1, after: int = 0
    ) -> None:
        """Have calls go wrong: the next `count` of a kind (None for ever), or of any, `after` some others."""
        with self._state.lock:
            self._state.orders.order(fault, kind, count=count, after=after)

    def cancel_orders(self) -> None:
        """Let everything go well again."""
        with self._state.lock:
            self._state.orders.cancel()

    # What a test may look at

    def calls(self, *kinds: CallKind) -> int:
        """How many calls there were of these kinds, or of all, the failed ones included."""
        with self._state.lock:
            return sum(self._state.orders.calls[each] for each in kinds or CallKind)

    def waiting_events(self) -> tuple[Mapping[str, object], ...]:
        """The events that wait for delivery, as they will be sent."""
        with self._state.lock:
            return self._state.outbox.waiting

    def activity_count(self, athlete_id: AthleteId) -> int:
        """How many activities an athlete has, private ones included and deleted ones not."""
        with self._state.lock:
            return sum(not each.is_deleted for each in self._state.shelf.of(int(athlete_id)))

    def visible_activities(
        self, athlete_id: AthleteId, scope: Sequence[str] | None = None
    ) -> tuple[ActivitySnapshot, ...]:
        """What an app with this scope, or else the one that was granted, should end up with; newest first.

        What no client can read is left out.
        """
        with self._state.lock:
            permission = self._state.permissions.of(int(athlete_id))
            granted = scope if scope is not None else permission.scope if permission else ()
            theirs = self._state.shelf.of(int(athlete_id))
            payloads = [dict(each.payload) for each in theirs if each.is_visible(granted)]
        snapshots = []
        for payload in payloads:
            try:
                snapshots.append(snapshot_from_activity(payload, self._policy))
            except InvalidInput:
                continue
        return tuple(snapshots)


class _InProcess:
    """A `Transport` that is a call. What hangs is over at once."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def send(self, request: Request) -> Answer:
        """See `Transport`."""
        try:
            return self._desk.answer(request)
        except NoAnswer as lost:
            raise StravaUnavailable("Strava did not answer in time; try again later") from lost
