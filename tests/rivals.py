"""Use cases on a memory ledger on which others may write, or which may fail, just before a commit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta

from commitcollect_adapters.memory import MemoryLedger
from commitcollect_adapters.statues import FixedCatalog
from commitcollect_adapters.system import ManualClock, NoBackoff, SequentialIds
from commitcollect_adapters.testing.strategies import SEASON_END_AT, SEASON_START_AT, STATUES
from commitcollect_core.app import CommitCollect, assemble
from commitcollect_core.policy import DEFAULT_POLICY, Policy
from commitcollect_core.training.awards import StatueModel
from commitcollect_core.training.ledger import LedgerCommit, LedgerHead, LedgerState
from commitcollect_core.training.ports import Ledger, Ports
from commitcollect_core.training.tracking import NewMilestone
from commitcollect_core.training.workouts import ActivitySnapshot, Found
from commitcollect_core.values import ActivityId, ModelId, Source, TargetType, UserId, WorkoutKey

ATHLETE = UserId("athlete")


class RacedLedger(MemoryLedger):
    """A memory ledger that lets another writer in just before its next commits.

    Attributes:
        intruders: what happens before each coming commit, None for nothing; used up in order.
        commits_tried: how many commits were asked for, by all writers.
    """

    def __init__(self) -> None:
        super().__init__()
        self.intruders: list[Callable[[], object] | None] = []
        self.commits_tried = 0

    def commit(self, commit: LedgerCommit) -> None:
        """See `Ledger`."""
        self.commits_tried += 1
        # Set aside while one of them is at work, who commits through this method too.
        intruders, self.intruders = self.intruders, []
        if intruders and (intrude := intruders.pop(0)):
            intrude()
        self.intruders = intruders
        super().commit(commit)


def unasked(key: WorkoutKey) -> Found | None:
    """A source that must not be asked."""
    raise AssertionError(f"{key} was asked for")


def app_on(
    ledger: Ledger, *, policy: Policy = DEFAULT_POLICY, models: Iterable[StatueModel] = STATUES
) -> CommitCollect:
    """The application on `ledger`, at the end of the season, with ids that count up."""
    ports = Ports(
        clock=ManualClock(SEASON_END_AT),
        ids=SequentialIds(),
        backoff=NoBackoff(),
        ledger=ledger,
        catalog=FixedCatalog(models),
    )
    return assemble(ports, policy)


def ride(activity_id: str, distance_meters: int = 1000, *, day: int = 0) -> ActivitySnapshot:
    """A ride on a day of the season."""
    return ActivitySnapshot(
        source=Source.STRAVA,
        activity_id=ActivityId(activity_id),
        sport_type="Ride",
        started_at=SEASON_START_AT + timedelta(days=day),
        distance_meters=distance_meters,
    )


def wish(total_target: int = 12_000, *, model_id: str = "HERON", days: int | None = None) -> NewMilestone:
    """So many metres from the start of the season on, or in its first days."""
    return NewMilestone(
        model_id=ModelId(model_id),
        target_type=TargetType.DISTANCE_METERS,
        total_target=total_target,
        period_start_at=SEASON_START_AT,
        period_end_at=None if days is None else SEASON_START_AT + timedelta(days=days),
    )


def fence(ledger: Ledger) -> None:
    """Begin to delete the athlete's account."""
    head = LedgerHead(version=ledger.read_head(ATHLETE).version + 1, state=LedgerState.DELETING)
    ledger.commit(LedgerCommit(user_id=ATHLETE, head=head))
