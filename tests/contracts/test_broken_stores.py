"""The kit sees what is wrong with a catalogue, a queue and the stores of a service.

Each of these keeps all promises but one, over stores in memory; the test that is named has to fail on it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve, frozen

from commitcollect_adapters.memory.accounts import MemoryAuditLog, MemorySessionStore
from commitcollect_adapters.memory.jobs import MemoryQueue
from commitcollect_adapters.memory.ledger import MemoryLedger
from commitcollect_adapters.memory.stores import memory_stores
from commitcollect_adapters.statues import FixedCatalog
from commitcollect_adapters.testing import contracts
from commitcollect_adapters.testing.breaking import BrokenDriver
from commitcollect_adapters.testing.strategies import STATUES
from commitcollect_core.accounts.audit import AuditPosition
from commitcollect_core.accounts.deletion import Person
from commitcollect_core.accounts.ports import AuditPage, PersonalData, Row
from commitcollect_core.accounts.registry import ItemType
from commitcollect_core.accounts.sessions import Session
from commitcollect_core.errors import StorageUnavailable
from commitcollect_core.handshakes import Handshake
from commitcollect_core.jobs.jobs import Job, LeasedJob
from commitcollect_core.jobs.ports import EventQueue
from commitcollect_core.stores import Stores
from commitcollect_core.training.awards import StatueModel
from commitcollect_core.training.ports import StatueCatalog
from commitcollect_core.values import ModelId, UserId


@frozen
class ErasesTooMuch:
    """Personal data of which an erasure takes that of others along, whose ids look alike to it."""

    inner: PersonalData
    is_alike: Callable[[str, str], bool]
    seen: list[Person]

    @property
    def index_lag_seconds(self) -> int:
        """As below it."""
        return self.inner.index_lag_seconds

    def walk(self, item: ItemType, person: Person) -> Iterator[Row]:
        """As below it."""
        return self.inner.walk(item, person)

    def erase(self, item: ItemType, person: Person) -> int:
        """Not of this person alone."""
        for other in self.seen:
            if other != person and self.is_alike(person.user_id, other.user_id):
                self.inner.erase(item, other)
        return self.inner.erase(item, person)

    def scrub(self) -> None:
        """As below it."""


def _people_of(stores: Stores) -> list[Person]:
    """A list that grows with everybody who signs in, as a table of all users is."""
    seen: list[Person] = []
    write = stores.sessions.write

    def remember(session: Session) -> None:
        person = Person(user_id=session.user_id, athlete_ids=())
        if person not in seen:
            seen.append(person)
        write(session)

    stores.sessions.write = remember  # type: ignore[method-assign]  # of this object
    return seen


def erasing(is_alike: Callable[[str, str], bool]) -> Stores:
    """Stores whose erasures take neighbours along."""
    stores = memory_stores()
    return evolve(stores, personal=ErasesTooMuch(stores.personal, is_alike, _people_of(stores)))


class SessionsAnHourOff(MemorySessionStore):
    """Sessions that end an hour later than they should."""

    def read(self, session_id: str) -> Session | None:
        """An hour off."""
        found = super().read(session_id)
        return None if found is None else evolve(found, expires_at=found.expires_at + timedelta(hours=1))


class HandshakesForAll(MemorySessionStore):
    """Handshakes that every caller gets."""

    def take(self, state: str) -> Handshake | None:
        """Put back at once."""
        taken = super().take(state)
        if taken is not None:
            self.begin(taken)
        return taken


class TiesTurnedRound(MemoryAuditLog):
    """Entries of one second in the wrong order."""

    def of_user(self, user_id: UserId, *, after: AuditPosition | None, limit: int) -> AuditPage:
        """In order of time alone."""
        page = super().of_user(user_id, after=after, limit=limit)
        ordered = [*page.entries]
        ordered.reverse()
        ordered.sort(key=lambda each: each.event.occurred_at)
        return evolve(page, entries=tuple(ordered))


class Unsorted(FixedCatalog):
    """Models as they came."""

    def models(self) -> Sequence[StatueModel]:
        """The other way round."""
        return super().models()[::-1]


class IgnoresCase(FixedCatalog):
    """Ids as a database with a forgiving collation compares them."""

    def model(self, model_id: ModelId) -> StatueModel | None:
        """Whatever the case."""
        return super().model(ModelId(model_id.upper()))


class ParkedAndWaiting(MemoryQueue):
    """A parked job is worked on all the same."""

    def park(self, leased: LeasedJob, **how: Any) -> bool:
        """In both places."""
        is_parked = super().park(leased, **how)
        self.put(leased.job, visible_at=how["now"])
        return is_parked


class DueAnHourLater(MemoryQueue):
    """Jobs are due by another clock."""

    def put(self, job: Job, **how: Any) -> None:
        """An hour off."""
        super().put(job, **{**how, "visible_at": how["visible_at"] + timedelta(hours=1)})


class ParksInTwoSteps:
    """A crash in between loses the job."""

    def __init__(self, queue: MemoryQueue, *, at: int) -> None:
        self._queue = queue
        self._driver = BrokenDriver(at=at, error=lambda: StorageUnavailable("the queue is gone"))

    def park(self, leased: LeasedJob, **how: Any) -> bool:
        """Removed here, and added there."""
        if not self._driver.around(lambda: self._queue.complete(leased)):
            return False
        self._queue.put(leased.job, visible_at=how["now"])
        (again,) = self._queue.lease(now=how["now"], seconds=1, limit=1)
        return self._driver.around(lambda: self._queue.park(again, **how))


@frozen
class _Opens:
    """Gives the suites what they ask for."""

    what: Any

    def open_stores(self) -> AbstractContextManager[Stores]:
        """Broken stores."""
        return nullcontext(self.what)

    def open_catalog(self) -> AbstractContextManager[StatueCatalog]:
        """A broken catalogue."""
        return nullcontext(self.what)

    def open_queue(self) -> AbstractContextManager[EventQueue]:
        """A broken queue."""
        return nullcontext(self.what)

    def open_broken_queue(self, *, at: int) -> AbstractContextManager[Any]:
        """One that parks in two steps."""
        return nullcontext(ParksInTwoSteps(self.what, at=at))


def _with(**stores: Any) -> Stores:
    return evolve(memory_stores(), **stores)


_DUE = "test_a_due_time_is_not_an_hour_off"
BROKEN: tuple[tuple[str, type, Callable[[], Any], str, dict[str, Any]], ...] = (
    ("an erasure takes ids that begin alike", contracts.PersonalDataContract,
     lambda: erasing(lambda gone, other: other.startswith(gone)),
     "test_an_erasure_leaves_neighbours_alone", {}),
    ("an erasure ignores case", contracts.PersonalDataContract,
     lambda: erasing(lambda gone, other: other.lower() == gone.lower()),
     "test_an_erasure_leaves_neighbours_alone", {}),
    ("an erasure takes an id for a pattern", contracts.PersonalDataContract,
     lambda: erasing(lambda gone, other: re.fullmatch(gone.replace("_", "."), other) is not None),
     "test_an_erasure_leaves_neighbours_alone", {}),
    ("a session ends an hour later", contracts.SessionStoreContract,
     lambda: _with(sessions=SessionsAnHourOff(MemoryLedger())),
     "test_an_expiry_is_not_an_hour_off", {"zone": "UTC"}),
    ("a handshake is taken twice", contracts.HandshakeStoreContract,
     lambda: _with(handshakes=HandshakesForAll(MemoryLedger())),
     "test_of_many_who_take_a_handshake_one_gets_it", {}),
    ("entries of one second are out of order", contracts.AuditLogContract,
     lambda: _with(audit=TiesTurnedRound()),
     "test_pages_follow_each_other_without_gap_or_repetition", {}),
    ("models are not in order", contracts.ReadOnlyCatalogContract, lambda: Unsorted(STATUES),
     "test_models_are_listed_once_in_order_of_id", {}),
    ("models are found in any case", contracts.ReadOnlyCatalogContract, lambda: IgnoresCase(STATUES),
     "test_an_id_that_is_not_there_is_no_error", {}),
    ("a parked job waits as well", contracts.EventQueueContract, ParkedAndWaiting,
     "test_a_parked_job_waits_for_a_person", {}),
    ("a job is due an hour later", contracts.EventQueueContract, DueAnHourLater, _DUE, {"zone": "UTC"}),
    ("a job is parked in two steps", contracts.EventQueueContract, MemoryQueue,
     "test_a_job_whose_parking_breaks_off_is_parked_or_comes_again", {}),
)  # fmt: skip


@pytest.mark.parametrize(
    ("contract", "make", "test", "parameters"),
    [each[1:] for each in BROKEN],
    ids=[each[0] for each in BROKEN],
)
def test_the_suite_sees_a_broken_promise(
    contract: type, make: Callable[[], Any], test: str, parameters: dict[str, Any]
) -> None:
    """The test that is named fails; on the stores that are shipped it passes."""
    opens = _Opens(make())
    hooks = {name: getattr(opens, name) for name in dir(opens) if name.startswith("open_")}
    suite = type(
        "Suite",
        (contract,),
        {name: lambda _self, hook=hook, **how: hook(**how) for name, hook in hooks.items()},
    )()
    with pytest.raises((AssertionError, ValueError)):
        getattr(suite, test)(**parameters)
