"""Deleting an account, so that it stays deleted and the deletion can be proved (law 7).

The order of the steps is the whole of the law:

1. The deletion is written first. It is the tombstone: no store makes the first item of any kind in the name
   of the account from then on.
2. The fence: the head of the ledger refuses every commit, so what a worker decided before loses its race.
3. Only then is read what later steps need, such as the tokens: nothing can replace them any more.
4. Everything is erased. A write that was under way replaces an item, which is not there any more, or would
   be the first of its kind, which the tombstone refuses.
5. Sessions and the head go last: until then the person can ask again after a failure.

Every step may be repeated. A process that goes on with a deletion takes it over with a token of its own;
what the process before it still does changes nothing, and it cannot record it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from enum import StrEnum

from attrs import evolve, frozen

from commitcollect_core.accounts import registry
from commitcollect_core.accounts.deletion import (
    DeletionRequest,
    DeletionStep,
    Identifiers,
    PendingDeletions,
    Person,
    VerificationResult,
    advanced,
    put_off,
    taken_over,
    verified,
)
from commitcollect_core.accounts.erasing import Erasing, Remains
from commitcollect_core.accounts.jobs import deletion_job, request_of
from commitcollect_core.accounts.ports import DeletionStore, ProfileStore, ReceiptSigner, UserDirectory
from commitcollect_core.accounts.receipts import content_of, signed
from commitcollect_core.accounts.revoking import Revoking, sealed, unsealed
from commitcollect_core.context import Context
from commitcollect_core.errors import NotFound, UpstreamError, VersionConflict
from commitcollect_core.jobs.jobs import JobOutcome, LeasedJob
from commitcollect_core.jobs.ports import EventQueue
from commitcollect_core.strava.ports import ConnectionStore, TokenCipher
from commitcollect_core.strava.token_keeping import ACCESS_TOKEN, REFRESH_TOKEN
from commitcollect_core.training.ports import Ledger
from commitcollect_core.values import UserId

_log = logging.getLogger(__name__)


class DeletionResult(StrEnum):
    """What came of going on with a deletion."""

    GOES_ON = "deletion_goes_on"
    WAITS = "deletion_waits"
    DELETED = "deleted"
    DONE_BEFORE = "done_before"


@frozen(kw_only=True, eq=False, repr=False)
class Deleting:
    """Deletes accounts.

    Attributes:
        directory: the users of the identity provider, where an operator administers them.
    """

    deletions: DeletionStore
    erasing: Erasing
    revoking: Revoking
    ledger: Ledger
    profiles: ProfileStore
    connections: ConnectionStore
    queue: EventQueue
    cipher: TokenCipher
    signer: ReceiptSigner
    directory: UserDirectory | None
    context: Context

    def delete(self, user_id: UserId) -> DeletionRequest:
        """Delete an account as far as it can be done now; a job does what has to wait.

        May be repeated at any time, and ends in the same place. `DeletionRequest.is_erased` says whether
        nothing is left here; `receipt` is there at the very end.

        Raises:
            NotFound: nothing is stored of this user, and no deletion.
            StorageError: the store failed; call again.
        """
        return self.resume(self.request(user_id).request_id)

    def request(self, user_id: UserId) -> DeletionRequest:
        """Begin a deletion, or find the one there is; errors as in `delete`.

        From here on nothing can be added to the account, and a job sees to it that the deletion ends.
        """
        request_id = self.deletions.id_of(user_id)
        stored = self.deletions.read(request_id)
        if stored is not None and not self._is_restored(stored, user_id):
            return stored
        if stored is None and not self.erasing.is_there(user_id):
            raise NotFound(f"nothing is stored of {user_id!r}", code="account_not_found")
        # Before anything is gone: without a key the deletion could not be proved.
        _ = self.signer.key_id
        now = self.context.now()
        request = DeletionRequest(
            request_id=request_id,
            identifiers=sealed(self.cipher, request_id, Identifiers(person=Person(user_id=user_id))),
            requested_at=now,
            version=1 if stored is None else stored.version + 1,
        )
        # The job before the deletion: after a crash in between it finds none, and a job is never missing. It
        # comes later, as this process is about to go on itself.
        later = now + timedelta(seconds=self.context.policy.accounts.deletion_retry_seconds)
        self.queue.put(deletion_job(request_id, now=now), visible_at=later)
        try:
            self.deletions.write(request)
        except VersionConflict:
            # Another call of the same person was quicker, or this one and its answer was lost.
            return self._read(request_id)
        return request

    def _is_restored(self, stored: DeletionRequest, user_id: UserId) -> bool:
        """Whether a deletion was done, and a restored backup has brought the account back."""
        return stored.completed_at is not None and self.erasing.is_there(user_id)

    def resume(self, request_id: str) -> DeletionRequest:
        """Go on with a deletion until it is done or has to wait.

        Raises:
            NotFound: there is no such deletion.
            StorageError: the store failed; call again.
        """
        stored = self._read(request_id)
        if stored.completed_at is not None:
            return stored
        try:
            request = self._taken_over(stored, is_asked=True)
            while (step := request.next_step(now=self.context.now())) is not None:
                request = self._take(request, step)
            return request if request.steps_left else self._completed(request)
        except VersionConflict:
            # Another process has taken it over, and does the same.
            return self._read(request_id)

    def go_on(self, leased: LeasedJob) -> JobOutcome:
        """Go on with the deletion of a job, one step; the job is put again for the next.

        Raises:
            NotFound: there is no such deletion.
        """
        request_id = request_of(leased.job)
        stored = self._read(request_id)
        if stored.completed_at is not None:
            return JobOutcome(result=DeletionResult.DONE_BEFORE)
        now = self.context.now()
        request = self._taken_over(stored)
        step = request.next_step(now=now)
        request = request if step is None else self._take(request, step)
        if not request.steps_left:
            self._completed(request)
            return JobOutcome(result=DeletionResult.DELETED, user_id=request.pseudonym)
        if request.next_step(now=now) is None:
            self.queue.put(leased.job, visible_at=request.retry_at or now)
            return JobOutcome(result=DeletionResult.WAITS)
        return JobOutcome(result=DeletionResult.GOES_ON, has_more=True)

    def _taken_over(self, stored: DeletionRequest, *, is_asked: bool = False) -> DeletionRequest:
        request = taken_over(stored, self.context.ids.lease_token(), is_asked=is_asked)
        self.deletions.write(request)
        return request

    def preview(self, user_id: UserId) -> Remains:
        """What a deletion would erase. Changes nothing."""
        return self.erasing.remains(self.erasing.person(user_id))

    def walk(self) -> Iterator[DeletionRequest]:
        """Every deletion in order of request; one asked for just now may be missing."""
        after = None
        while True:
            page = self.deletions.page(after=after, limit=self.context.policy.training.page_items_max)
            yield from page.requests
            if page.next is None:
                return
            after = page.next

    def sweep(self) -> PendingDeletions:
        """Put a job for every deletion that is not done; returns how many these are.

        Also forgets the sealed ids of those whose backups can be restored no more.
        """
        now, pending = self.context.now(), PendingDeletions()
        for each in self.walk():
            if each.completed_at is None:
                at = max(now, each.retry_at or now)
                self.queue.put(deletion_job(each.request_id, now=now), visible_at=at)
                pending = pending.with_one(each, now=now, policy=self.context.policy)
            elif each.identifiers and each.is_beyond_restoring(now=now, policy=self.context.policy):
                with suppress(VersionConflict):
                    self.deletions.write(evolve(each, identifiers="", version=each.version + 1))
        return pending

    def pending(self) -> PendingDeletions:
        """How many deletions are not done. Changes nothing."""
        now, pending = self.context.now(), PendingDeletions()
        for each in self.walk():
            if each.completed_at is None:
                pending = pending.with_one(each, now=now, policy=self.context.policy)
        return pending

    def reapply(self) -> Iterator[DeletionRequest]:
        """Erase again who was deleted since the backup that was restored; yields each that was there.

        Raises:
            StorageError, SealBroken: it stopped there; call again.
        """
        for each in self.walk():
            if each.identifiers and each.completed_at is not None:
                user_id = unsealed(self.cipher, each).person.user_id
                if self.erasing.is_there(user_id):
                    yield self.delete(user_id)

    # Steps

    def _take(self, request: DeletionRequest, step: DeletionStep) -> DeletionRequest:
        """Do a step and record it."""
        known = unsealed(self.cipher, request)
        try:
            match step:
                case DeletionStep.FENCE:
                    after = self._fenced(request, known.person.user_id)
                case DeletionStep.REVOKE:
                    after = self.revoking.run(request, known)
                case DeletionStep.ERASE_IDENTITY:
                    after = self._forgotten_elsewhere(request, known)
                case DeletionStep.VERIFY:
                    after = self._verified(request, known.person)
                case _:
                    self.erasing.erase(step, known.person)
                    after = advanced(request, step)
        except UpstreamError as failed:
            _log.warning("the step %s of a deletion has to wait: %s", step.value, failed.code)
            # The step may have written tokens that were renewed; unless it was another process.
            current = self._read(request.request_id)
            if current.owner_token != request.owner_token:
                raise VersionConflict("another process goes on with this deletion") from failed
            after = put_off(current, step, failed.code, now=self.context.now(), policy=self.context.policy)
        self.deletions.write(after)
        return after

    def _fenced(self, request: DeletionRequest, user_id: UserId) -> DeletionRequest:
        self.ledger.fence(user_id, now=self.context.now())
        # Read behind the fence: no process can replace the tokens any more, nor make another connection.
        connection, profile = self.connections.read(user_id), self.profiles.read(user_id)
        person = self.erasing.person(user_id)
        known = Identifiers(
            person=person,
            username=(profile.provider_username or "") if profile is not None else "",
            access_token=self.revoking.token(connection, ACCESS_TOKEN),
            refresh_token=self.revoking.token(connection, REFRESH_TOKEN),
        )
        # Counted here and not while erasing: a step that is repeated after a crash finds less.
        return advanced(
            request,
            DeletionStep.FENCE,
            identifiers=sealed(self.cipher, request.request_id, known),
            counts=_counted(request.counts, self.erasing.remains(person)),
        )

    def _forgotten_elsewhere(self, request: DeletionRequest, known: Identifiers) -> DeletionRequest:
        """Erase who the person is: here, and at the identity provider."""
        # Here first: an outage there must not keep the e-mail address from being erased.
        self.erasing.erase(DeletionStep.ERASE_IDENTITY, known.person)
        if self.directory is not None and known.username:
            self.directory.sign_out(known.username)
            self.directory.delete(known.username)
        return advanced(request, DeletionStep.ERASE_IDENTITY)

    def _verified(self, request: DeletionRequest, person: Person) -> DeletionRequest:
        """Look at every store; what a process under way has left is erased, and looked for again."""
        remains = self.erasing.remains(person)
        for _ in range(_ERASURES_MAX):
            if not remains.total:
                break
            _log.warning("a deletion finds %d items left, and erases them", remains.total)
            for step in DeletionStep:
                self.erasing.erase(step, person)
            request = evolve(request, counts=_counted(request.counts, remains))
            remains = self.erasing.remains(person)
        # Behind the last erasure, so that nothing stays in a file.
        self.erasing.personal.scrub()
        return verified(
            request,
            VerificationResult(self.context.now(), remains.total),
            lag_seconds=self.erasing.personal.index_lag_seconds,
            policy=self.context.policy,
        )

    def _completed(self, request: DeletionRequest) -> DeletionRequest:
        """The deletion with its receipt, and nothing left of the person but the sealed id."""
        now, policy = self.context.now(), self.context.policy
        content = content_of(request, self.context.ids.request_id(), now=now, policy=policy)
        user_id = unsealed(self.cipher, request).person.user_id
        done = evolve(
            request,
            completed_at=now,
            identifiers=sealed(self.cipher, request.request_id, Identifiers(person=Person(user_id=user_id))),
            receipt=signed(content, key_id=self.signer.key_id, sign=self.signer.sign),
            version=request.version + 1,
        )
        try:
            self.deletions.write(done)
        except VersionConflict:
            return self._read(request.request_id)
        return done

    def _read(self, request_id: str) -> DeletionRequest:
        stored = self.deletions.read(request_id)
        if stored is None:
            raise NotFound("there is no such deletion", code="deletion_not_found")
        return stored


def _counted(counts: Mapping[str, int], remains: Remains) -> Mapping[str, int]:
    """What was counted before, and what there is now."""
    return {
        item.value: total
        for item in registry.PERSONAL
        if (total := counts.get(item.value, 0) + remains.counts.get(item, 0))
    }


_ERASURES_MAX = 3
"""How often one look erases what it finds before the deletion waits."""
