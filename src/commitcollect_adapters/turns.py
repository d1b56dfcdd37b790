"""Whose job comes next: those of one owner must not make all others wait.

Jobs of the same group, such as one athlete's, take turns with those of other groups. A group that was served
waits as if its next job had become due then. So a single event waits for one job of each other group at most,
however many of their jobs have been due longer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush
from typing import NamedTuple

GROUPS_REMEMBERED_MAX = 1_000
"""Those served longest ago are forgotten, and then count as never served."""


class DueJob(NamedTuple):
    """A job that may be taken.

    Attributes:
        due_second: since when, in seconds since 1970.
        is_one_of_many: whether its group may have many such jobs, which come after others of the same second.
        key: of the job.
        group: of the job.
    """

    due_second: int
    is_one_of_many: bool
    key: str
    group: str


class Turns:
    """Which groups one process has served last. Not for several threads at once."""

    def __init__(self) -> None:
        self._served: dict[str, tuple[int, int]] = {}
        self._count = 0

    def choose(self, due: Iterable[DueJob], *, limit: int, now_second: int) -> Iterator[DueJob]:
        """The jobs to take, at most `limit`, in the order in which to do them."""
        groups: dict[str, list[DueJob]] = {}
        # Backwards, as each group's next job is taken off the end of its list.
        for each in sorted(due, reverse=True):
            groups.setdefault(each.group, []).append(each)
        heads = [(self._turn(jobs[-1]), jobs) for jobs in groups.values()]
        heapify(heads)
        for _ in range(limit):
            if not heads:
                return
            _, jobs = heappop(heads)
            chosen = jobs.pop()
            self._serve(chosen.group, now_second)
            if jobs:
                heappush(heads, (self._turn(jobs[-1]), jobs))
            yield chosen

    def _turn(self, job: DueJob) -> tuple[int, int, DueJob]:
        served_second, place = self._served.get(job.group, (job.due_second, 0))
        return max(job.due_second, served_second), place, job

    def _serve(self, group: str, now_second: int) -> None:
        self._count += 1
        self._served.pop(group, None)
        self._served[group] = now_second, self._count
        if len(self._served) > GROUPS_REMEMBERED_MAX:
            del self._served[next(iter(self._served))]
