"""A process that works on a queue in a file and says what it has done, line by line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.jobs import SqliteQueue
from commitcollect_adapters.testing.samples import NOW
from commitcollect_core.strava.jobs import activity_job
from commitcollect_core.values import ActivityId, AthleteId


def putting(queue: SqliteQueue) -> Iterator[str]:
    """Put jobs for ever; tell the key of each once it is put."""
    for number in count():
        job = activity_job(AthleteId("7"), ActivityId(str(number)), now=NOW)
        queue.put(job, visible_at=NOW)
        yield job.key


def working(queue: SqliteQueue) -> Iterator[str]:
    """Do all there is, some at a time; tell the key of each."""
    while taken := queue.lease(now=NOW, seconds=60, limit=3):
        for leased in taken:
            if queue.complete(leased):
                yield leased.job.key


def main(path: Path, act: str) -> None:
    """Do one or the other."""
    with closing(Database(path)) as database:
        queue = SqliteQueue(database)
        for key in putting(queue) if act == "put" else working(queue):
            sys.stdout.write(f"{key}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
