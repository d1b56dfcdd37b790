"""How many jobs of a group one process has sent: SQS itself knows no jobs and counts only messages."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Lock

from attrs import define

CROWD_SECONDS = 900
"""How long jobs are counted together: as long as SQS can delay the job that stands for all the others."""

GROUPS_COUNTED_MAX = 10_000


@define
class _Crowd:
    """The jobs of a group since a moment, and when the job that stands for the others is due."""

    ends_at: datetime
    jobs: int = 0
    stand_in_at: datetime | None = None


class Crowds:
    """Counts the jobs of groups, for all threads of a process.

    Beyond the limit one job is sent that is due once the counting begins anew: it comes after everything that
    is not sent until then.
    """

    def __init__(self, jobs_max: int) -> None:
        self._jobs_max = jobs_max
        self._crowds: dict[str, _Crowd] = {}
        self._lock = Lock()

    def has_room(self, group: str, now: datetime) -> bool:
        """Whether one more job of a group may be sent; it counts."""
        with self._lock:
            crowd = self._crowd(group, now)
            crowd.jobs += 1
            return crowd.jobs <= self._jobs_max

    def stand_in_at(self, group: str, now: datetime, *, delay: timedelta) -> datetime | None:
        """When the job that stands for others is to be due; None if one is due that late already."""
        with self._lock:
            crowd = self._crowd(group, now)
            due_at = crowd.ends_at + delay
            return due_at if crowd.stand_in_at is None or crowd.stand_in_at < due_at else None

    def sent(self, group: str, now: datetime, *, due_at: datetime) -> None:
        """Note a job that stands for others, once it was sent: until then every thread sends its own."""
        with self._lock:
            self._crowd(group, now).stand_in_at = due_at

    def _crowd(self, group: str, now: datetime) -> _Crowd:
        crowd = self._crowds.get(group)
        if crowd is None or crowd.ends_at <= now:
            if len(self._crowds) >= GROUPS_COUNTED_MAX:
                self._crowds = {name: each for name, each in self._crowds.items() if each.ends_at > now}
            crowd = self._crowds[group] = _Crowd(ends_at=now + timedelta(seconds=CROWD_SECONDS))
        return crowd
