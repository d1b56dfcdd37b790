"""Removing expired rows. DynamoDB does so by itself; on a file the worker does it from time to time."""

from __future__ import annotations

from datetime import datetime, timedelta

from commitcollect_adapters.records.columns import epoch
from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.statements import delete, select
from commitcollect_core.policy import Policy

_EXPIRING = {
    "session": "sessionId",
    "handshake": "state",
    "idempotency": "requestId",
}
"""The tables whose rows say when they expire, and their keys."""


def _forget(table: str, key: str, time: str) -> str:
    some = select(table, (key,), f"{time} <= ? LIMIT ?")
    return delete(table, f"({key}) IN ({some})")


_FORGET_EVENTS = _forget("audit", "userId, occurredAtUtc, requestId", "occurredAtUtc")


def forget_expired(database: Database, *, now: datetime, policy: Policy, rows_max: int) -> int:
    """Remove sessions, handshakes, answers to requests and audit entries that have expired.

    Args:
        database: the file.
        now: the present.
        policy: how long audit entries are kept.
        rows_max: the most to remove from one table, since other writers wait meanwhile.

    Returns:
        How many were removed; go on until it is 0.
    """
    oldest_event_at = now - timedelta(seconds=policy.accounts.audit_kept_seconds)
    forgotten = 0
    # One short transaction: the caller repeats it, and writers get their turn in between.
    with database.transaction() as connection:
        for table, key in _EXPIRING.items():
            statement = _forget(table, key, "expiresAtUtc")
            forgotten += connection.execute(statement, (epoch(now), rows_max)).rowcount
        forgotten += connection.execute(_FORGET_EVENTS, (epoch(oldest_event_at), rows_max)).rowcount
    return forgotten
