"""The deletion of an account, step by step, and what stays of it: a tombstone.

The first write of a deletion is the tombstone, too: from then on no store creates anything in the account's
name (`DeletionStore`). It lies where a restored backup of the data does not overwrite it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from attrs import evolve, field, frozen

from commitcollect_core.policy import Policy
from commitcollect_core.values import AthleteId, UserId, optional_utc, utc


class DeletionStep(StrEnum):
    """The steps of deleting an account, in order.

    Every step is idempotent.
    """

    FENCE = "FENCE"
    REVOKE = "REVOKE"
    ERASE_LEDGER = "ERASE_LEDGER"
    ERASE_LINKS = "ERASE_LINKS"
    ERASE_IDENTITY = "ERASE_IDENTITY"
    ERASE_AUDIT = "ERASE_AUDIT"
    END_SESSIONS = "END_SESSIONS"
    VERIFY = "VERIFY"


@frozen(kw_only=True)
class Person:
    """Under which names things of one person are stored.

    Attributes:
        athlete_ids: of every Strava athlete the account was connected to, as far as it is known.
    """

    user_id: UserId
    athlete_ids: tuple[AthleteId, ...] = ()


@frozen(kw_only=True)
class Identifiers:
    """What the steps of a deletion need of what earlier steps erase. Stored sealed.

    Attributes:
        username: what the identity provider's administration calls the user; empty for none.
        access_token, refresh_token: Strava's; empty where there is no permission to give back.
    """

    person: Person
    username: str = field(default="", repr=False)
    access_token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)

    def as_text(self) -> str:
        """As a text to seal."""
        return json.dumps(
            {
                "userId": self.person.user_id,
                "athleteIds": self.person.athlete_ids,
                "username": self.username,
                "accessToken": self.access_token,
                "refreshToken": self.refresh_token,
            }
        )


def identifiers_of(text: str) -> Identifiers:
    """What `Identifiers.as_text` wrote."""
    known = json.loads(text)
    return Identifiers(
        person=Person(user_id=known["userId"], athlete_ids=tuple(known["athleteIds"])),
        username=known["username"],
        access_token=known["accessToken"],
        refresh_token=known["refreshToken"],
    )


@frozen
class VerificationResult:
    """What one look at every store came to: how many items of the person were left."""

    verified_at: datetime = field(converter=utc)
    found: int = 0


@frozen(kw_only=True)
class DeletionRequest:
    """A deletion under way, or done; the tombstone of its account.

    Attributes:
        request_id: a keyed hash of the user id, which only the store that keeps deletions can make.
        identifiers: sealed `Identifiers`; of a deletion that is done, the user id alone, for the time in
            which a backup of before may be restored, and then empty.
        steps_done: in the order in which they were done.
        steps_given_up: those that an outage elsewhere has kept from being done until their deadline.
        waits: steps that have to wait, and until when.
        failure: why one waits: the code of an error; empty if none does.
        counts: how many items of each type were erased.
        verifications: the last looks in a row that found nothing.
        owner_token: of the process that goes on with it.
        receipt: signed; empty until the end.
        version: 1 when first written, one more with every change.
    """

    request_id: str
    identifiers: str = field(default="", repr=False)
    steps_done: tuple[DeletionStep, ...] = ()
    steps_given_up: tuple[DeletionStep, ...] = ()
    waits: Mapping[DeletionStep, datetime] = field(factory=dict)
    failure: str = ""
    counts: Mapping[str, int] = field(factory=dict)
    verifications: tuple[VerificationResult, ...] = ()
    requested_at: datetime = field(converter=utc)
    completed_at: datetime | None = field(default=None, converter=optional_utc)
    owner_token: str = field(default="", repr=False)
    receipt: str = ""
    version: int = 1

    @property
    def steps_left(self) -> tuple[DeletionStep, ...]:
        """What is neither done nor given up, in order."""
        settled = {*self.steps_done, *self.steps_given_up}
        return tuple(each for each in DeletionStep if each not in settled)

    @property
    def is_erased(self) -> bool:
        """Whether nothing of the person is left here, whatever others still have to be told."""
        return not set(self.steps_left) - _TELLING_OTHERS - {DeletionStep.VERIFY}

    @property
    def retry_at(self) -> datetime | None:
        """When the first step that waits is due; None if none waits."""
        return min((self.waits[each] for each in self.steps_left if each in self.waits), default=None)

    @property
    def pseudonym(self) -> UserId:
        """Under which the audit log tells of the deletion."""
        return UserId(f"deleted-{self.request_id[:_PSEUDONYM_DIGITS]}")

    def is_beyond_restoring(self, *, now: datetime, policy: Policy) -> bool:
        """Whether no backup that still has the account can be restored any more."""
        kept = timedelta(seconds=policy.accounts.deletion_restorable_seconds)
        return self.completed_at is not None and self.completed_at + kept <= now

    def next_step(self, *, now: datetime) -> DeletionStep | None:
        """The first step left that need not wait; None if all have to, and at the end."""
        # A step that waits for others must not keep the rest from being done.
        return next((each for each in self.steps_left if self.waits.get(each, now) <= now), None)


_LATE_AFTER = timedelta(days=1)


@frozen(kw_only=True)
class PendingDeletions:
    """How many deletions are not done, and how many of them no outage elsewhere excuses."""

    total: int = 0
    late: int = 0

    def with_one(self, request: DeletionRequest, *, now: datetime, policy: Policy) -> PendingDeletions:
        """The counts with one deletion more that is not done."""
        # A day after steps that wait for others are given up, the rest has long been done.
        excused = timedelta(seconds=policy.accounts.deletion_outage_seconds) + _LATE_AFTER
        is_late = request.requested_at + excused < now
        return PendingDeletions(total=self.total + 1, late=self.late + is_late)


_PSEUDONYM_DIGITS = 40
_TELLING_OTHERS = frozenset({DeletionStep.REVOKE, DeletionStep.ERASE_IDENTITY})
"""Steps that call others than the store, which may be down."""


def advanced(request: DeletionRequest, step: DeletionStep, **changes: Any) -> DeletionRequest:
    """The request with a step done; itself if that was done before."""
    if step in request.steps_done:
        return request
    waits = {each: at for each, at in request.waits.items() if each is not step}
    return _changed(
        request,
        steps_done=(*request.steps_done, step),
        waits=waits,
        failure=request.failure if waits else "",
        **changes,
    )


def put_off(
    request: DeletionRequest, step: DeletionStep, failure: str, *, now: datetime, policy: Policy
) -> DeletionRequest:
    """The request with a step that could not be done now: it waits, or is given up at its deadline."""
    limits = policy.accounts
    deadline = request.requested_at + timedelta(seconds=limits.deletion_outage_seconds)
    if now >= deadline:
        waits = {each: at for each, at in request.waits.items() if each is not step}
        return _changed(request, steps_given_up=(*request.steps_given_up, step), waits=waits, failure=failure)
    at = min(now + timedelta(seconds=limits.deletion_retry_seconds), deadline)
    return _changed(request, waits={**request.waits, step: at}, failure=failure)


def taken_over(request: DeletionRequest, owner_token: str, *, is_asked: bool = False) -> DeletionRequest:
    """The request once a process goes on with it; the one before is refused from then on.

    A person who asks again has what waits for others tried at once.
    """
    waits = {step: at for step, at in request.waits.items() if not (is_asked and step in _TELLING_OTHERS)}
    return _changed(request, owner_token=owner_token, waits=waits)


def verified(
    request: DeletionRequest, result: VerificationResult, *, lag_seconds: int, policy: Policy
) -> DeletionRequest:
    """The request after one more look at every store.

    It ends with the second look in a row that finds nothing. An index may lag behind, so that is made so
    much later than the first. A look that finds something is repeated later.
    """
    if result.found:
        at = result.verified_at + timedelta(seconds=policy.accounts.deletion_retry_seconds)
        return _changed(request, verifications=(), waits={**request.waits, DeletionStep.VERIFY: at})
    first = request.verifications[0] if request.verifications else None
    if first is not None and result.verified_at >= first.verified_at + timedelta(seconds=lag_seconds):
        return advanced(request, DeletionStep.VERIFY, verifications=(first, result))
    first = first or result
    at = first.verified_at + timedelta(seconds=lag_seconds)
    return _changed(request, verifications=(first,), waits={**request.waits, DeletionStep.VERIFY: at})


def _changed(request: DeletionRequest, **changes: Any) -> DeletionRequest:
    return evolve(request, version=request.version + 1, **changes)
