"""Many writers at once."""

from __future__ import annotations

import heapq
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Lock, local

import pytest
from attrs import evolve

from commitcollect_adapters.dynamodb.backend import RACE_WAIT_SECONDS, RACE_WAIT_SECONDS_MAX
from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.ledger import DynamoLedger
from commitcollect_adapters.system import JitteredBackoff
from commitcollect_adapters.testing import samples
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.training.ingestion import Ingestion
from commitcollect_core.training.ledger import LedgerCommit
from commitcollect_core.values import UserId

EVENTS = 50
ATHLETES = 300
RIVALS = 100
SLOW_COMMIT_SECONDS = 2.0


class CountingLedger(DynamoLedger):
    """Counts the commits each thread tries."""

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self.attempts: list[int] = []
        self._mine = local()
        self._lock = Lock()

    def commit(self, commit: LedgerCommit) -> None:
        """Try, counted."""
        self._mine.count = getattr(self._mine, "count", 0) + 1
        super().commit(commit)
        with self._lock:
            self.attempts.append(self._mine.count)
        self._mine.count = 0


def backoff(pause: Callable[[float], None] = time.sleep) -> JitteredBackoff:
    """As in production, with another way to wait if one is given."""
    return JitteredBackoff(
        first_seconds=RACE_WAIT_SECONDS, longest_seconds=RACE_WAIT_SECONDS_MAX, pause=pause
    )


def ingestion(ledger: DynamoLedger) -> Ingestion:
    """The use case, waiting after lost races as in production."""
    made = samples.ingestion(ledger)
    return evolve(made, context=evolve(made.context, backoff=backoff()))


def crowd(ledger: CountingLedger) -> None:
    """Take in many events of one new athlete at the same time; each has to be written."""
    user_id = samples.new_athlete()
    ingest = partial(ingestion(ledger).ingest, user_id)
    with ThreadPoolExecutor(max_workers=EVENTS) as pool:
        list(pool.map(ingest, ([ride] for ride in samples.rides("ride", EVENTS))))
    assert ledger.read_head(user_id).workout_count == EVENTS


@pytest.mark.slow
def test_many_events_of_one_athlete_all_land(client: Client) -> None:
    """Fifty concurrent events of one athlete are all written within the attempts of the policy."""
    ledger = CountingLedger(client)
    crowd(ledger)
    assert len(ledger.attempts) == EVENTS
    assert max(ledger.attempts) <= DEFAULT_POLICY.training.commit_attempts_max


def test_a_slow_store_only_makes_writers_wait_longer() -> None:
    """A hundred rivals whose commits take two seconds each all land within the attempts of the policy.

    Time is simulated: a commit wins unless another one was written since it began.
    """
    waits: list[float] = []
    waiting = backoff(waits.append)
    attempts: Counter[int] = Counter()
    written_at = -1.0
    ends = [(SLOW_COMMIT_SECONDS + rival / 1_000, rival) for rival in range(RIVALS)]
    while ends:
        now, rival = heapq.heappop(ends)
        attempts[rival] += 1
        if written_at < now - SLOW_COMMIT_SECONDS:
            written_at = now
            continue
        waiting.wait(attempts[rival])
        heapq.heappush(ends, (now + waits.pop() + SLOW_COMMIT_SECONDS, rival))
    assert max(attempts.values()) <= DEFAULT_POLICY.training.commit_attempts_max


@pytest.mark.slow
def test_athletes_never_meet(client: Client) -> None:
    """Events of hundreds of athletes in parallel need one attempt each."""
    ledger = CountingLedger(client)
    use_case = ingestion(ledger)
    athletes = [samples.new_athlete() for _ in range(ATHLETES)]

    def ingest(user_id: UserId) -> None:
        use_case.ingest(user_id, samples.rides("ride", 1))

    with ThreadPoolExecutor(max_workers=20) as pool:
        list(pool.map(ingest, athletes))
    assert ledger.attempts == [1] * ATHLETES
