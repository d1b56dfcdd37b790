"""Requests done once, though asked for several times by callers and workers that come and go."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from attrs import evolve, frozen
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, precondition, rule

from commitcollect_adapters.memory.jobs import MemoryIdempotencyStore
from commitcollect_adapters.testing.strategies import SEASON_START_AT
from commitcollect_core.errors import InvalidInput, VersionConflict
from commitcollect_core.jobs.idempotency import (
    AlreadyDone,
    Begin,
    HeldElsewhere,
    IdempotencyRecord,
    IdempotencyStatus,
    completed,
    completed_event,
    decide,
)
from commitcollect_core.policy import DEFAULT_POLICY, JobsPolicy, Policy

POLICY = Policy(jobs=JobsPolicy(idempotency_lease_seconds=60, idempotency_kept_seconds=300))
SKEW = POLICY.training.clock_skew_seconds_max
REQUEST = "key-1"
MINE, NEXT = "worker-1", "worker-2"


@frozen(kw_only=True)
class Known:
    """What the model knows of the request: who began it, with what, and what was answered."""

    owner: str
    body: str
    began_at: datetime
    answer: str | None = None

    def is_kept(self, now: datetime) -> bool:
        """Whether it is to be remembered."""
        return now < self.began_at + timedelta(seconds=POLICY.jobs.idempotency_kept_seconds)

    def is_held(self, now: datetime) -> bool:
        """Whether its owner is thought to be at work."""
        return self.answer is None and now < self.began_at + timedelta(
            seconds=POLICY.jobs.idempotency_lease_seconds
        )


class Requests(RuleBasedStateMachine):
    """One request, asked for by several workers: `decide` and a store against a model of a few lines."""

    workers = Bundle("workers")

    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryIdempotencyStore()
        self.now = SEASON_START_AT
        self.known: Known | None = None
        self.count = 0

    @rule(seconds=st.sampled_from([1, 59, 60, 239, 300]))
    def wait(self, seconds: int) -> None:
        """Time passes."""
        self.now += timedelta(seconds=seconds)

    @rule(target=workers, body=st.sampled_from(["one", "other"]))
    def come(self, body: str) -> IdempotencyRecord | None:
        """A worker asks what to do; it begins only what no worker has done or is doing."""
        self.count += 1
        worker = f"worker-{self.count}"
        stored = self.store.read(REQUEST)
        known = self.known if self.known and self.known.is_kept(self.now) else None
        if known is not None and known.body != body:
            with pytest.raises(InvalidInput, match="was used for another request") as refused:
                decide(stored, REQUEST, body, owner_token=worker, now=self.now, policy=POLICY)
            assert (refused.value.code, refused.value.field) == ("idempotency_key_reused", "Idempotency-Key")
            return None
        decision = decide(stored, REQUEST, body, owner_token=worker, now=self.now, policy=POLICY)
        match decision:
            case Begin(record):
                assert known is None or (known.answer is None and not known.is_held(self.now))
                self.store.begin(record, replaces=stored)
                self.known = Known(owner=worker, body=body, began_at=self.now)
                return record
            case AlreadyDone(answer):
                assert known is not None
                assert answer == known.answer
            case HeldElsewhere(until):
                assert known is not None
                assert known.is_held(self.now)
                assert self.now < until == known.began_at + timedelta(seconds=60)
        return None

    @precondition(lambda self: self.known is not None)
    @rule(record=workers)
    def finish(self, record: IdempotencyRecord | None) -> None:
        """A worker is done; only the one that holds the request can say so, however late."""
        if record is None or self.known is None:
            return
        done = completed(record, f"answer of {record.owner_token}")
        if (record.owner_token, None) == (self.known.owner, self.known.answer):
            self.store.complete(done)
            self.known = evolve(self.known, answer=done.answer)
        else:
            with pytest.raises(VersionConflict):
                self.store.complete(done)

    @rule(record=workers)
    def give_up(self, record: IdempotencyRecord | None) -> None:
        """A worker failed; the request is free again if it was still its own."""
        if record is None:
            return
        self.store.release(REQUEST, record.owner_token)
        if self.known and (record.owner_token, None) == (self.known.owner, self.known.answer):
            self.known = None


TestRequests = Requests.TestCase
"""Nothing is done twice within its time but what its worker did not finish in its own."""


def begun(body: str = "body") -> IdempotencyRecord:
    """The record of a request that is begun now."""
    decision = decide(None, REQUEST, body, owner_token=MINE, now=SEASON_START_AT, policy=POLICY)
    assert isinstance(decision, Begin)
    return decision.record


@pytest.mark.parametrize(
    ("stored", "seconds", "outcome"),
    [
        (None, 0, Begin),
        (begun(), 0, HeldElsewhere),
        (begun(), 59, HeldElsewhere),
        (begun(), 60, Begin),
        (completed(begun(), "done"), 0, AlreadyDone),
        (completed(begun(), "done"), 299, AlreadyDone),
        (completed(begun(), "done"), 300, Begin),
        (begun(), -SKEW, HeldElsewhere),
        (begun(), -SKEW - 1, Begin),
        (completed(begun(), "done"), -SKEW - 301, AlreadyDone),
        (begun("another"), 0, InvalidInput),
        (begun("another"), 299, InvalidInput),
        (begun("another"), 300, Begin),
        (completed(begun("another"), "done"), 299, InvalidInput),
    ],
)
def test_what_to_do_about_a_request(
    stored: IdempotencyRecord | None, seconds: int, outcome: type[object]
) -> None:
    """Begin what is new, lost or forgotten; repeat the answer; wait; refuse another body under this key."""
    now = SEASON_START_AT + timedelta(seconds=seconds)

    def ask() -> object:
        return decide(stored, REQUEST, "body", owner_token=NEXT, now=now, policy=POLICY)

    if outcome is InvalidInput:
        with pytest.raises(InvalidInput):
            ask()
    else:
        assert type(ask()) is outcome


def test_what_is_begun_says_whose_it_is_and_until_when() -> None:
    """The record carries what later decisions and conditions need."""
    assert begun() == IdempotencyRecord(
        request_id=REQUEST,
        status=IdempotencyStatus.IN_PROGRESS,
        owner_token=MINE,
        body_digest="body",
        lease_until=SEASON_START_AT + timedelta(seconds=60),
        expires_at=SEASON_START_AT + timedelta(seconds=300),
    )


def test_what_is_completed_keeps_its_owner_and_end() -> None:
    """Completing changes the status and the answer; whose it is the store needs for its condition."""
    assert completed(begun(), "done") == evolve(
        begun(), status=IdempotencyStatus.COMPLETED, answer="done", lease_until=None
    )


def test_an_event_is_marked_for_longer_than_it_may_be_late() -> None:
    """Delays of up to eight days are survived; the mark names no person."""
    marked = completed_event("event", now=SEASON_START_AT, policy=DEFAULT_POLICY)
    assert (marked.status, marked.owner_token) == (IdempotencyStatus.COMPLETED, "")
    assert marked.expires_at - SEASON_START_AT > timedelta(days=8)
