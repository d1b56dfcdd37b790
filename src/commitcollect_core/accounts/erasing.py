"""Finding and erasing what is stored of a person who is being deleted."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from commitcollect_core.accounts import registry
from commitcollect_core.accounts.deletion import DeletionStep, Person
from commitcollect_core.accounts.ports import PersonalData
from commitcollect_core.accounts.registry import ItemType
from commitcollect_core.jobs.ports import EventQueue
from commitcollect_core.policy import Policy
from commitcollect_core.strava.jobs import group_of
from commitcollect_core.strava.ports import ConnectionStore
from commitcollect_core.values import AthleteId, UserId


@frozen(kw_only=True)
class Remains:
    """How many items of each type there are of a person; those of which there is none are left out."""

    counts: Mapping[ItemType, int] = field(factory=dict)

    @property
    def total(self) -> int:
        """How many there are of all types."""
        return sum(self.counts.values())


@frozen(kw_only=True, eq=False, repr=False)
class Erasing:
    """Erases what is stored of a person, in the stores and in the queue."""

    personal: PersonalData
    queue: EventQueue
    connections: ConnectionStore
    policy: Policy

    def is_there(self, user_id: UserId) -> bool:
        """Whether anything is stored of a user."""
        # Without the queue, which is slow to look at: who has jobs has a connection or workouts as well.
        person = self.person(user_id)
        return any(True for each in registry.STORED for _ in self.personal.walk(each, person))

    def person(self, user_id: UserId) -> Person:
        """The names under which things of a user are stored."""
        connection = self.connections.read(user_id)
        athletes = [] if connection is None else [connection.athlete_id]
        for item in (ItemType.BACKFILL, ItemType.STAGED_PAGE, ItemType.WORKOUT):
            name = "shownToAthleteId" if item is ItemType.WORKOUT else "athleteId"
            rows = self.personal.walk(item, Person(user_id=user_id))
            athletes += dict.fromkeys(AthleteId(row[name]) for row in rows if row[name])
        return Person(user_id=user_id, athlete_ids=tuple(dict.fromkeys(athletes)))

    def erase(self, step: DeletionStep, person: Person) -> None:
        """Erase what a step erases."""
        for item in registry.erased_in(step):
            self.personal.erase(item, person)
        if step is DeletionStep.ERASE_LINKS:
            for athlete_id in person.athlete_ids:
                self.queue.drop_waiting(group_of(athlete_id))
                self.queue.drop_parked(group_of(athlete_id))

    def remains(self, person: Person) -> Remains:
        """What there is of a person."""
        counts = {each: sum(1 for _ in self.personal.walk(each, person)) for each in registry.STORED}
        # Of an athlete no more are counted than are listed; all are erased.
        limit = self.policy.jobs.jobs_parked_listed_max
        groups = [group_of(each) for each in person.athlete_ids]
        counts[ItemType.JOB] = sum(len(self.queue.waiting(each, limit=limit)) for each in groups)
        counts[ItemType.PARKED_JOB] = sum(len(self.queue.parked(limit=limit, group=each)) for each in groups)
        return Remains(counts={item: count for item, count in counts.items() if count})
