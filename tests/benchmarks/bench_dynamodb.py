"""What an event costs on DynamoDB as the history grows, by the engine's own figures.

Beside it stands a design that reads the whole history for every event. Prints figures, asserts none.
"""

from __future__ import annotations

import statistics
import time

from adapters.dynamodb.engine import connect, metered
from adapters.dynamodb.test_costs import athlete, ride
from commitcollect_adapters.dynamodb import items
from commitcollect_adapters.dynamodb.client import Client
from commitcollect_core.app import CommitCollect
from commitcollect_core.values import UserId
from engines import running

LENGTHS = (0, 100, 1_000, 3_000)
EVENTS = 20
IMPORTED = 1_000


def read_whole_history(client: Client, user_id: UserId) -> int:
    """The older design's read: every workout, eventually consistent; returns the sum of distances."""
    query = {
        "TableName": items.ledger_table(client.address.prefix),
        "KeyConditionExpression": "PK = :pk AND begins_with(SK, :prefix)",
        "ExpressionAttributeValues": {":pk": items.partition(user_id), ":prefix": items.text("WORKOUT#")},
    }
    total = 0
    while True:
        answer = client.call("query", **query)
        total += sum(int(item["distanceMeters"]["N"]) for item in answer["Items"])
        if "LastEvaluatedKey" not in answer:
            return total
        query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def event_cost(client: Client, app: CommitCollect, user_id: UserId, first: int) -> str:
    """Units and time of one event, over `EVENTS` of them."""
    milliseconds = []
    with metered(client) as units:
        for number in range(first, first + EVENTS):
            started = time.perf_counter()
            app.ingestion.ingest(user_id, [ride(number)])
            milliseconds.append(1_000 * (time.perf_counter() - started))
    reads, writes = units["read"] / EVENTS, units["write"] / EVENTS
    return f"{reads:>8.1f}{writes:>8.1f}{statistics.median(milliseconds):>8.1f}"


def rereading_cost(client: Client, user_id: UserId) -> str:
    """Read units and time of reading everything once."""
    with metered(client) as units:
        started = time.perf_counter()
        read_whole_history(client, user_id)
        milliseconds = 1_000 * (time.perf_counter() - started)
    return f"{units['read']:>18.1f}{milliseconds:>8.1f}"


def main() -> None:
    """Print a line per length of history, and what an import costs."""
    print(f"{'history':>8}{'read':>8}{'write':>8}{'ms':>8}   {'re-reading: read':>18}{'ms':>8}")
    with running.dynoxide() as endpoint:
        client = connect(endpoint)
        app, user_id = athlete(client)
        stored = 0
        for length in LENGTHS:
            list(app.ingestion.ingest_all(user_id, map(ride, range(stored, length))))
            cost = event_cost(client, app, user_id, length)
            print(f"{length:>8,}{cost}   {rereading_cost(client, user_id)}")
            stored = length + EVENTS
        with metered(client) as units:
            list(app.ingestion.ingest_all(user_id, map(ride, range(stored, stored + IMPORTED))))
        writes, reads = units["write"] / IMPORTED, units["read"] / IMPORTED
        print(f"import: {writes:.2f} write and {reads:.2f} read units a workout")


if __name__ == "__main__":
    main()
