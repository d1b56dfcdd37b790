"""`FakeStrava`: the port, and what tests let athletes and Strava do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from threading import RLock
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from attrs import evolve

from commitcollect_adapters.readers import snapshot_from_activity
from commitcollect_adapters.strava import Answer, Request, Revocation, StravaApp, StravaClient
from commitcollect_adapters.strava.fake.activities import StoredActivity
from commitcollect_adapters.strava.fake.endpoints import Endpoints
from commitcollect_adapters.strava.fake.faults import TO_STRAVA, CallKind, Fault, NoAnswer
from commitcollect_adapters.strava.fake.rates import Limits, RateCounter
from commitcollect_adapters.strava.fake.state import Consent, State
from commitcollect_adapters.strava.fake.tokens import Tokens
from commitcollect_adapters.strava.fake.webhooks import (
    DeliveryPlan,
    DeliveryQueue,
    DeliveryReport,
    HttpGet,
    HttpPost,
    Subscriptions,
    http_get,
    http_post,
)
from commitcollect_core.context import Clock
from commitcollect_core.errors import InvalidInput, StravaUnavailable
from commitcollect_core.policy import DEFAULT_POLICY, Policy
from commitcollect_core.strava.connections import DEFAULT_SCOPE
from commitcollect_core.training.workouts import ActivitySnapshot
from commitcollect_core.values import ActivityId, AthleteId

CALLBACK_URL = "http://localhost/webhooks/strava"
"""The subscribed address of events that are delivered in process."""


class FakeStrava(StravaClient):
    """A Strava in memory that is also the port to it; thread-safe.

    It is the same client as over HTTP, on a transport that calls the endpoints in process. By default the
    limits of a new app hold, every refresh rotates the refresh token, and events arrive once and in order.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        client_id: str = "4711",
        client_secret: str = "fake-client-secret",  # noqa: S107 - of no real app
        revoke_with: Revocation = Revocation.REVOKE,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        rotates_every: int = 1,
        plan: DeliveryPlan = DeliveryPlan(),  # noqa: B008 - frozen
        http_get: HttpGet = http_get,
        seed: int = 0,
        policy: Policy = DEFAULT_POLICY,
    ) -> None:
        """Start without athletes.

        Args:
            clock: Strava's clock.
            client_id: of the only app.
            client_secret: of the only app.
            revoke_with: the endpoint the port revokes with; over HTTP both work.
            limits: the app's rate limits.
            rotates_every: rotates the refresh token at every n-th refresh; 0 for never.
            plan: how unreliable the delivery of events is.
            http_get: calls an address for the handshake of a subscription.
            seed: of the tokens.
            policy: as in `StravaClient`.
        """
        app = StravaApp(client_id=client_id, client_secret=client_secret, revoke_with=revoke_with)
        lock = RLock()
        self._state = State(
            app=app,
            clock=clock,
            rates=RateCounter(limits),
            tokens=Tokens(rotates_every=rotates_every, seed=seed),
            deliveries=DeliveryQueue(plan),
            subscriptions=Subscriptions(int(client_id), http_get, lock),
            lock=lock,
        )
        self._endpoints = Endpoints(self._state)
        super().__init__(app, _InProcess(self._endpoints), policy=policy)

    def answer(self, request: Request) -> Answer:
        """The answer to a call from any transport.

        Raises:
            NoAnswer: an injected fault.
        """
        return self._endpoints.answer(request)

    def app_at(self, base: str) -> StravaApp:
        """The app, for a client of this Strava at an address."""
        return evolve(self._app, api_base=f"{base}/api/v3", oauth_base=f"{base}/oauth")

    # What athletes do

    def add_activities(self, athlete_id: AthleteId, payloads: Iterable[Mapping[str, Any]]) -> None:
        """Store earlier activities without events. Missing fields get defaults."""
        with self._state.lock:
            for payload in payloads:
                self._state.activities.add(int(athlete_id), payload)

    def upload(self, athlete_id: AthleteId, payload: Mapping[str, Any]) -> ActivityId:
        """Store an activity of any date, send its event, return its id."""
        with self._state.lock:
            stored = self._state.activities.add(int(athlete_id), payload)
            self._state.announce(stored, was_visible=False)
            return ActivityId(str(stored.activity_id))

    def edit(self, activity_id: ActivityId, /, **changes: Any) -> None:
        """Change fields of an activity; only name, sport_type and private are announced."""
        with self._state.lock:
            stored = self._stored(activity_id)
            # Before the change: whether an edit looks like a create or delete depends on both states.
            was_visible = self._state.is_visible(stored)
            updates = stored.change(changes)
            self._state.announce(stored, was_visible=was_visible, updates=updates)

    def delete(self, activity_id: ActivityId) -> None:
        """Delete an activity."""
        self._set_deleted(activity_id, is_deleted=True)

    def restore(self, activity_id: ActivityId) -> None:
        """Restore a deleted activity under the same id."""
        self._set_deleted(activity_id, is_deleted=False)

    def _set_deleted(self, activity_id: ActivityId, *, is_deleted: bool) -> None:
        with self._state.lock:
            stored = self._stored(activity_id)
            was_visible = self._state.is_visible(stored)
            stored.is_deleted = is_deleted
            self._state.announce(stored, was_visible=was_visible)

    def _stored(self, activity_id: ActivityId) -> StoredActivity:
        stored = self._state.activities.get(int(activity_id))
        if stored is None:
            raise LookupError(f"the fake Strava has no activity {activity_id}")
        return stored

    def sign_in(self, athlete_id: AthleteId, *, unticks: Iterable[str] = (), refuses: bool = False) -> None:
        """Put an athlete at the browser, who grants all but `unticks`."""
        consent = Consent(athlete_id=int(athlete_id), unticks=frozenset(unticks), refuses=refuses)
        with self._state.lock:
            self._state.consent = consent

    def visit_consent(self, authorize_url: str) -> str:
        """Open the consent page; return where it redirects the browser."""
        query = dict(parse_qsl(urlsplit(authorize_url).query))
        answer = self.answer(Request(method="GET", address=authorize_url.partition("?")[0], query=query))
        return answer.headers["location"]

    def code_for(self, athlete_id: AthleteId, scope: Sequence[str] = DEFAULT_SCOPE) -> str:
        """A code from an athlete who grants this scope."""
        with self._state.lock:
            return self._state.tokens.new_code(int(athlete_id), scope)

    def deauthorize(self, athlete_id: AthleteId) -> None:
        """Have an athlete revoke the permission at Strava."""
        with self._state.lock:
            self._state.revoke(int(athlete_id))

    # What Strava does

    def expire_access_tokens(self, athlete_id: AthleteId) -> None:
        """Expire an athlete's access tokens early; the refresh token stays valid."""
        with self._state.lock:
            self._state.tokens.expire_access_tokens(int(athlete_id), self._state.clock.now())

    def switch_app(self, *, is_on: bool) -> None:
        """Deactivate the app, or activate it again; tokens can still be refreshed."""
        with self._state.lock:
            self._state.is_app_inactive = not is_on

    def put_subscription(self, callback_url: str = CALLBACK_URL) -> int:
        """Subscribe an address without a handshake; return the subscription's id."""
        with self._state.lock:
            return self._state.subscriptions.put(callback_url, self._state.clock.now()).subscription_id

    def deliver(self, http_post: HttpPost = http_post, *, limit: int | None = None) -> DeliveryReport:
        """Deliver every waiting event once; failed ones wait for the next round.

        Args:
            http_post: sends an event to the subscribed address.
            limit: the number of events in this round.
        """
        with self._state.lock:
            deliveries = self._state.deliveries.take(limit)
        # Without the lock: the receiver may call this Strava before it answers.
        failed = [each for each in deliveries if not each.is_accepted(http_post)]
        with self._state.lock:
            waiting = sum([self._state.deliveries.put_back(each) for each in failed])
        return DeliveryReport(
            accepted=len(deliveries) - len(failed), failed=waiting, given_up=len(failed) - waiting
        )

    # What goes wrong

    def inject(
        self, fault: Fault, kind: CallKind | None = None, *, count: int | None = 1, after: int = 0
    ) -> None:
        """Inject a fault into the next calls.

        Args:
            fault: what goes wrong.
            kind: the calls it hits; None for all to which it applies.
            count: how many; None for all.
            after: how many calls succeed first.

        Raises:
            InvalidInput: the fault does not apply to this kind of call.
        """
        with self._state.lock:
            self._state.faults.inject(fault, kind, count=count, after=after)

    def clear_faults(self) -> None:
        """Remove every injected fault, and what one did to the rate limits."""
        with self._state.lock:
            self._state.faults.clear()
            self._state.rates.refill()

    # What tests look at

    def calls(self, *kinds: CallKind) -> int:
        """The number of calls of these kinds, or of all to Strava."""
        with self._state.lock:
            return sum(self._state.faults.calls[each] for each in kinds or TO_STRAVA)

    def waiting_events(self) -> tuple[Mapping[str, object], ...]:
        """The events that wait for delivery, as they will be sent."""
        with self._state.lock:
            return self._state.deliveries.events

    def has_permission(self, athlete_id: AthleteId) -> bool:
        """Whether an athlete lets the app in."""
        with self._state.lock:
            return self._state.tokens.permission_of(int(athlete_id)) is not None

    def activity_count(self, athlete_id: AthleteId) -> int:
        """The number of an athlete's activities that are not deleted."""
        with self._state.lock:
            return sum(not each.is_deleted for each in self._state.activities.of(int(athlete_id)))

    def visible_activities(
        self, athlete_id: AthleteId, scope: Sequence[str] | None = None
    ) -> tuple[ActivitySnapshot, ...]:
        """What an app with this scope should end up with, newest first.

        The default is the granted scope. Activities that no client can read are left out.
        """
        with self._state.lock:
            permission = self._state.tokens.permission_of(int(athlete_id))
            granted = scope if scope is not None else permission.scope if permission else ()
            theirs = self._state.activities.of(int(athlete_id))
            payloads = [dict(each.payload) for each in theirs if each.is_visible(granted)]
        snapshots = []
        for payload in payloads:
            try:
                snapshots.append(snapshot_from_activity(payload, self._policy))
            except InvalidInput:
                continue
        return tuple(snapshots)


class _InProcess:
    """A `Transport` that calls the endpoints; hanging calls time out at once."""

    def __init__(self, endpoints: Endpoints) -> None:
        self._endpoints = endpoints

    def send(self, request: Request) -> Answer:
        try:
            return self._endpoints.answer(request)
        except NoAnswer as lost:
            raise StravaUnavailable("Strava did not answer in time; try again later") from lost
