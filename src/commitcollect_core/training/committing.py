"""Deciding, committing, and deciding again after losing a race."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from commitcollect_core.context import Context
from commitcollect_core.errors import VersionConflict
from commitcollect_core.training.ledger import LedgerCommit
from commitcollect_core.training.ports import Ledger


def commit_decision(
    ledger: Ledger, context: Context, decide: Callable[[], Iterable[LedgerCommit]]
) -> list[LedgerCommit]:
    """Run `decide`, commit what it returns in order, and start over when somebody else wrote first.

    Args:
        ledger: where to commit.
        context: waits between two attempts, and bounds them.
        decide: reads the ledger afresh each time it is called.

    Returns:
        The commits that were written, over all attempts.

    Raises:
        VersionConflict: every attempt lost; or `decide` itself gave up, and then it is not run again.
    """
    attempts_max = context.policy.training.commit_attempts_max
    written: list[LedgerCommit] = []
    for attempt in range(1, attempts_max + 1):
        commits = decide()
        try:
            for commit in commits:
                ledger.commit(commit)
                written.append(commit)
        except VersionConflict:
            _log_lost_race(attempt)
            context.backoff.wait(attempt)
            continue
        return written
    raise VersionConflict(f"this ledger changed under each of {attempts_max} attempts; try again in a moment")


def _log_lost_race(attempt: int) -> None:
    import logging  # noqa: PLC0415 - a fifth of what importing the core costs, and few races are lost

    logging.getLogger(__name__).debug("lost the race for a ledger, attempt %d", attempt)
