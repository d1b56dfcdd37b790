"""Many writers at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from math import ceil
from threading import Lock, local

import pytest
from attrs import evolve

from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.ledger import DynamoLedger
from commitcollect_adapters.system import JitteredBackoff
from commitcollect_adapters.testing import samples
from commitcollect_adapters.wiring import RACE_WAIT_SECONDS, RACE_WAIT_SECONDS_MAX
from commitcollect_core.training.ingestion import Ingestion
from commitcollect_core.training.ledger import LedgerCommit
from commitcollect_core.values import UserId

EVENTS = 50
ROUNDS = 4
"""Several, since a percentile of fifty says little."""

ATTEMPTS_MAX = 8
ATHLETES = 1_000


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


def ingestion(ledger: DynamoLedger) -> Ingestion:
    """The use case, waiting after lost races as in production."""
    backoff = JitteredBackoff(first_seconds=RACE_WAIT_SECONDS, longest_seconds=RACE_WAIT_SECONDS_MAX)
    ingestion = samples.ingestion(ledger)
    return evolve(ingestion, context=evolve(ingestion.context, backoff=backoff))


@pytest.mark.slow
def test_many_events_of_one_athlete_all_land(client: Client) -> None:
    """Fifty concurrent events of one athlete are all written, nearly all within eight attempts."""
    ledger = CountingLedger(client)
    use_case = ingestion(ledger)
    for _ in range(ROUNDS):
        user_id = samples.new_athlete()
        ingest = partial(use_case.ingest, user_id)
        with ThreadPoolExecutor(max_workers=EVENTS) as pool:
            list(pool.map(ingest, ([ride] for ride in samples.rides("ride", EVENTS))))
        assert ledger.read_head(user_id).workout_count == EVENTS
    nearest_rank = ceil(len(ledger.attempts) * 0.99)
    assert sorted(ledger.attempts)[nearest_rank - 1] <= ATTEMPTS_MAX


@pytest.mark.slow
def test_athletes_never_meet(client: Client) -> None:
    """Events of a thousand athletes in parallel need one attempt each."""
    ledger = CountingLedger(client)
    use_case = ingestion(ledger)
    athletes = [samples.new_athlete() for _ in range(ATHLETES)]

    def ingest(user_id: UserId) -> None:
        use_case.ingest(user_id, samples.rides("ride", 1))

    with ThreadPoolExecutor(max_workers=20) as pool:
        list(pool.map(ingest, athletes))
    assert ledger.attempts == [1] * ATHLETES
