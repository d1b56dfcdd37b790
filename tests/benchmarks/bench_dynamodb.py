"""What an event costs on DynamoDB as the history grows, by the engine's own figures.

Beside it stand the reads alone of a design that reads the whole history for every event. Prints figures,
asserts none.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from adapters.dynamodb.engine import connect, metered
from adapters.dynamodb.test_contention import EVENTS as CROWD
from adapters.dynamodb.test_contention import CountingLedger, crowd
from adapters.dynamodb.test_costs import athlete, import_rides, ride
from commitcollect_adapters.dynamodb.capacity import IMPORT_BATCH_WORKOUTS
from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.items.definitions import ledger_table
from commitcollect_adapters.dynamodb.items.encoding import partition, text
from commitcollect_core.app import CommitCollect
from commitcollect_core.values import UserId
from engines import running

LENGTHS = (0, 100, 1_000, 3_000)
EVENTS = 20
IMPORTED_BATCHES = 12
CROWDS = 4


def read_whole_history(client: Client, user_id: UserId) -> int:
    """The older design's read: every workout, eventually consistent; returns the sum of distances."""
    query = {
        "TableName": ledger_table(client.address.name),
        "KeyConditionExpression": "PK = :pk AND begins_with(SK, :prefix)",
        "ExpressionAttributeValues": {":pk": partition(user_id), ":prefix": text("WORKOUT#")},
    }
    total = 0
    while True:
        answer = client.call("query", **query)
        total += sum(int(item["distanceMeters"]["N"]) for item in answer["Items"])
        if "LastEvaluatedKey" not in answer:
            return total
        query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


class Cost(NamedTuple):
    """Units and wall time of something, of one of them on average."""

    read: float
    write: float
    milliseconds: float

    def __str__(self) -> str:
        return f"{self.read:>8.2f}{self.write:>8.2f}{self.milliseconds:>9.2f}"


def cost(client: Client, count: int, act: Callable[[], object]) -> Cost:
    """What `act` costs for each of the `count` things it does."""
    with metered(client) as units:
        started = time.perf_counter()
        act()
        seconds = time.perf_counter() - started
    return Cost(units["read"] / count, units["write"] / count, 1_000 * seconds / count)


def events(app: CommitCollect, user_id: UserId, numbers: Iterable[int]) -> None:
    """Take in rides one by one."""
    for number in numbers:
        app.ingestion.ingest(user_id, [ride(number)])


def imported(
    client: Client, app: CommitCollect, user_id: UserId, first: int
) -> tuple[Cost, tuple[float, float]]:
    """What a workout costs that is imported, and the reads and milliseconds of the other design for it.

    That design would read the whole history for each workout; it is sampled while that grows.
    """
    ours, samples = [], []
    step = IMPORT_BATCH_WORKOUTS
    for batch in range(IMPORTED_BATCHES):
        rides = range(first + batch * step, first + (batch + 1) * step)
        ours.append(cost(client, step, lambda: import_rides(app, user_id, rides)))  # noqa: B023 - called at once
        samples.append(cost(client, 1, lambda: read_whole_history(client, user_id)))
    mean = Cost(*map(statistics.fmean, zip(*ours, strict=True)))
    return mean, (
        statistics.fmean(each.read for each in samples),
        statistics.fmean(each.milliseconds for each in samples),
    )


def print_contention(client: Client) -> None:
    """Print how many attempts events of one athlete take that come at the same time."""
    ledger = CountingLedger(client)
    started = time.perf_counter()
    for _ in range(CROWDS):
        crowd(ledger)
    seconds = (time.perf_counter() - started) / CROWDS
    attempts = sorted(ledger.attempts)
    middle, p99 = attempts[len(attempts) // 2], attempts[len(attempts) * 99 // 100]
    print(f"{CROWD} events at once: {seconds:.1f} s; attempts: p50 {middle}, p99 {p99}, most {attempts[-1]}")


def main() -> None:
    """Print a line per length of history, and what an import costs."""
    print(f"{'one event at':<22}{'read':>8}{'write':>8}{'ms':>9}   {'re-reading: read':>18}{'ms':>9}")
    with running.dynoxide() as endpoint:
        client = connect(endpoint)
        app, user_id = athlete(client)
        stored = 0
        for length in LENGTHS:
            import_rides(app, user_id, range(stored, length))
            numbers = range(length, length + EVENTS)
            event = cost(client, EVENTS, lambda: events(app, user_id, numbers))  # noqa: B023 - called at once
            reread = cost(client, 1, lambda: read_whole_history(client, user_id))
            shown = f"{length:,} workouts"
            print(f"{shown:<22}{event}   {reread.read:>18.2f}{reread.milliseconds:>9.2f}")
            stored = length + EVENTS
        workout, (reads, milliseconds) = imported(client, app, user_id, stored)
        print(f"{'one of an import':<22}{workout}   {reads:>18.2f}{milliseconds:>9.2f}")
        print_contention(client)


if __name__ == "__main__":
    main()
