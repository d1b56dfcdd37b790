"""Taking webhooks in: validate, put into the queue, answer. No call to Strava, nothing slow."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from attrs import field, frozen

from commitcollect_core.context import Context
from commitcollect_core.errors import Forbidden
from commitcollect_core.flows import current_flow, flow
from commitcollect_core.jobs.jobs import ComingJob
from commitcollect_core.jobs.ports import EventQueue
from commitcollect_core.strava.jobs import athlete_of, reconcile_job
from commitcollect_core.strava.webhooks import interpret, parse_event


class WebhookResult(StrEnum):
    """What became of an event."""

    QUEUED = "queued"
    NOTHING_TO_DO = "nothing_to_do"
    OTHER_SUBSCRIPTION = "other_subscription"


@frozen(kw_only=True)
class WebhookSecrets:
    """What tells Strava's calls from those of others.

    Attributes:
        verify_token: given to Strava on subscribing, which gives it back in the handshake; empty refuses all.
        subscription_id: of the app's subscription; events of others are not taken. None takes none at all.
        signature_key: what Strava signs events with; empty where that is not known, and then none is checked.
    """

    verify_token: str = field(default="", repr=False)
    subscription_id: int | None = None
    signature_key: str = field(default="", repr=False)


_SIGNATURE_PARTS_MAX = 8


@frozen(kw_only=True, eq=False)
class WebhookIntake:
    """Answers Strava's calls."""

    queue: EventQueue
    secrets: WebhookSecrets
    context: Context

    def check_signature(self, header: str, body: bytes) -> None:
        """Refuse a call that Strava has not signed, where the key of its signatures is known.

        Its age does not matter: an event is a hint, and a repeated one costs no more than a delivered one.

        Args:
            header: ``X-Strava-Signature``, such as ``t=1767225600,v1=5f2c…``; empty if there was none.
            body: as it came.

        Raises:
            Forbidden: there is no signature, or it is not one of this body with this key.
        """
        key = self.secrets.signature_key
        if not key:
            return
        import hmac  # noqa: PLC0415 - loads OpenSSL, which nothing else in the core needs

        parts = [each.strip().partition("=") for each in header.split(",")[:_SIGNATURE_PARTS_MAX]]
        times = [value for name, _, value in parts if name == "t"]
        # There may be several, as while a key is replaced; one that is right is enough.
        given = [value for name, _, value in parts if name == "v1"]
        signed = b"".join((f"{times[0] if times else ''}.".encode(), body))
        expected = hmac.digest(key.encode(), signed, "sha256").hex()
        if not any(hmac.compare_digest(each.encode(), expected.encode()) for each in given):
            raise Forbidden("this event is not signed by Strava", code="signature_refused")

    def confirm(self, query: Mapping[str, str]) -> str:
        """Answer the handshake; returns the challenge to send back.

        Raises:
            Forbidden: it is not Strava's answer to our own request.
        """
        from hmac import compare_digest  # noqa: PLC0415 - loads OpenSSL, which nothing else in the core needs

        given, expected = query.get("hub.verify_token", ""), self.secrets.verify_token
        is_ours = bool(expected) and compare_digest(given.encode(), expected.encode())
        challenge = query.get("hub.challenge", "")
        if not is_ours or query.get("hub.mode") != "subscribe" or not challenge:
            raise Forbidden("this is not a handshake that was asked for", code="handshake_refused")
        return challenge

    def read(self, document: object) -> ComingJob | WebhookResult:
        """What an event asks for, without touching the queue: a job to put, or why there is none.

        Raises:
            InvalidInput: it is no event.
        """
        now = self.context.now()
        event = parse_event(document, now=now, policy=self.context.policy)
        # An event is not signed: the subscription's id is all that tells an event of ours from another app's.
        # None on both sides is no match: an event without an id must not pass for the app's.
        if event.subscription_id is None or event.subscription_id != self.secrets.subscription_id:
            return WebhookResult.OTHER_SUBSCRIPTION
        # Here the flow begins: everything that comes of the event carries this id.
        with flow(current_flow() or self.context.ids.request_id()):
            job = interpret(event, now=now)
            if job is None:
                return WebhookResult.NOTHING_TO_DO
            # Any number of events may be forged about one athlete; beyond a limit one look stands for all.
            athlete, is_many = athlete_of(job), job.is_one_of_many
            crowd = reconcile_job(athlete, events=job.events, now=now) if is_many else None
        # Strava has often not finished the activity when it sends the event, and more events follow within
        # seconds: all that come until the job is due become one look.
        delay = timedelta(seconds=self.context.policy.strava.webhook_delay_seconds)
        return ComingJob(job=job, visible_at=now + delay, otherwise=crowd)

    def accept(self, document: object) -> WebhookResult:
        """Take an event in, in one durable write; what it says is looked into later.

        Raises:
            InvalidInput: it is no event.
            StorageUnavailable: it could not be kept; Strava delivers it again.
        """
        found = self.read(document)
        if not isinstance(found, ComingJob):
            return found
        self.queue.put(found.job, visible_at=found.visible_at, otherwise=found.otherwise)
        return WebhookResult.QUEUED
