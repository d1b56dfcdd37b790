"""Every promise of `PersonalData`, of the fence and of the tombstone."""
# ruff: noqa: S101 - a suite asserts, though it does not live under tests/

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from attrs import evolve, frozen

from commitcollect_adapters.testing import samples
from commitcollect_adapters.testing import service_samples as service
from commitcollect_adapters.testing.contracts.checks import race
from commitcollect_adapters.testing.contracts.stores import StoresContract
from commitcollect_core.accounts import registry
from commitcollect_core.accounts.deletion import Person
from commitcollect_core.accounts.registry import ItemType
from commitcollect_core.errors import AccountDeleting
from commitcollect_core.stores import Stores
from commitcollect_core.strava.backfills import BackfillCommit
from commitcollect_core.strava.rates import athlete_scope
from commitcollect_core.training.ledger import LedgerState
from commitcollect_core.values import AthleteId, UserId

_SEVERAL = 3
_FENCERS = 8


@frozen
class _Furnished:
    """A person, and how many items of each type there are."""

    person: Person
    counts: dict[ItemType, int]


def _furnish(
    stores: Stores, user_id: UserId | None = None, athlete_id: AthleteId | None = None
) -> _Furnished:
    """Store something of every type about a new person, three of what there can be several of."""
    user_id = user_id or samples.new_athlete()
    athlete_id = athlete_id or service.new_strava_athlete()
    several = range(1, _SEVERAL + 1)
    stores.ledger.commit(
        samples.commit_of(
            user_id,
            1,
            workouts=[samples.workout(f"w{number}") for number in several],
            milestones=[samples.milestone(f"ms-{number}") for number in several],
            awards=[samples.award("ms-1", number) for number in several],
            tracked=["ms-1"],
        )
    )
    stores.profiles.write(service.profile(user_id))
    stores.connections.commit(service.connecting(service.connection(user_id, athlete_id)))
    for number in several:
        stores.backfills.commit(
            BackfillCommit(backfill=service.backfill(user_id, number), page=service.staged_page(number))
        )
        stores.sessions.write(service.session(user_id, created=number))
        stores.handshakes.begin(evolve(service.handshake(), user_id=user_id))
        service.write_audit(stores.audit, service.audit_event(user_id, f"r{number}"))
    stores.rates.write(athlete_scope(athlete_id), service.rate_budget())
    many = {
        ItemType.WORKOUT, ItemType.MILESTONE, ItemType.AWARD, ItemType.STAGED_PAGE, ItemType.SESSION,
        ItemType.HANDSHAKE, ItemType.AUDIT,
    }  # fmt: skip
    counts = {item: _SEVERAL if item in many else 1 for item in registry.STORED}
    return _Furnished(Person(user_id=user_id, athlete_ids=(athlete_id,)), counts)


def _counts(stores: Stores, person: Person) -> dict[ItemType, int]:
    return {item: sum(1 for _ in stores.personal.walk(item, person)) for item in registry.STORED}


def _firsts(stores: Stores, person: Person) -> dict[str, Callable[[], object]]:
    """The first write of each kind in a person's name."""
    user_id, (athlete_id,) = person.user_id, person.athlete_ids
    connection = evolve(service.connection(user_id, athlete_id), generation="made anew")
    return {
        "ledger": lambda: stores.ledger.commit(samples.first_commit(user_id)),
        "profile": lambda: stores.profiles.write(service.profile(user_id)),
        "connection": lambda: stores.connections.commit(service.connecting(connection)),
        "backfill": lambda: stores.backfills.commit(BackfillCommit(backfill=service.backfill(user_id))),
        "session": lambda: stores.sessions.write(service.session(user_id)),
        "handshake": lambda: stores.handshakes.begin(evolve(service.handshake(), user_id=user_id)),
        "audit": lambda: service.write_audit(stores.audit, service.audit_event(user_id, "first")),
    }


class PersonalDataContract(StoresContract):
    """Subclass it, call the class ``Test…`` and run pytest."""

    def test_of_a_person_never_seen_there_is_nothing(self) -> None:
        """Walking and erasing are no errors."""
        with self.open_stores() as stores:
            person = Person(user_id=samples.new_athlete(), athlete_ids=(service.new_strava_athlete(),))
            assert not any(_counts(stores, person).values())
            assert [stores.personal.erase(item, person) for item in registry.STORED] == [0] * len(
                registry.STORED
            )

    def test_every_type_is_walked_and_erased_and_nothing_of_others(self) -> None:
        """By the registry: each item of the person once, and not one of another person."""
        with self.open_stores() as stores:
            mine, other = _furnish(stores), _furnish(stores)
            assert _counts(stores, mine.person) == mine.counts
            for item in registry.STORED:
                assert stores.personal.erase(item, mine.person) == mine.counts[item], item
                assert stores.personal.erase(item, mine.person) == 0
            stores.personal.scrub()
            assert not any(_counts(stores, mine.person).values())
            assert _counts(stores, other.person) == other.counts

    def test_an_erasure_leaves_neighbours_alone(self) -> None:
        """People whose ids, and whose athletes' ids, begin or look like those of the ones who leave."""
        with self.open_stores() as stores:
            base, athlete_id = samples.new_athlete(), service.new_strava_athlete()
            ids = [UserId(f"{base}{end}") for end in ("_b", "", "0", "xb")] + [UserId(base.upper())]
            people = [
                _furnish(stores, each, AthleteId(f"{athlete_id}{number or ''}"))
                for number, each in enumerate(ids)
            ]
            for number in (1, 2):
                left, *others = people[number - 1 :]
                for item in registry.STORED:
                    assert stores.personal.erase(item, left.person) == left.counts[item], item
                stores.personal.scrub()
                assert [_counts(stores, each.person) for each in others] == [each.counts for each in others]

    def test_rows_have_the_names_of_the_catalogue(self) -> None:
        """The same on every store, and what is never exported is a name that exists."""
        with self.open_stores() as stores:
            person = _furnish(stores).person
            for item in registry.STORED:
                for row in stores.personal.walk(item, person):
                    assert set(registry.RULES[item].never_exported) <= set(row), item
            (head,) = stores.personal.walk(ItemType.LEDGER_HEAD, person)
            assert (head["version"], head["state"], head["activeMilestoneIds"]) == (2, "ACTIVE", "ms-1")

    def test_an_athlete_of_another_account_stays(self) -> None:
        """As after a restore: the owner is erased only if it is this person."""
        with self.open_stores() as stores:
            other = _furnish(stores).person
            person = Person(user_id=samples.new_athlete(), athlete_ids=other.athlete_ids)
            assert not list(stores.personal.walk(ItemType.ATHLETE_OWNER, person))
            assert stores.personal.erase(ItemType.ATHLETE_OWNER, person) == 0
            assert stores.connections.owner(other.athlete_ids[0]) is not None

    def test_the_fence_goes_up_once_whatever_the_head_is(self) -> None:
        """Repeated, by many at once and on a ledger never written it ends in the same place."""
        with self.open_stores() as stores:
            for user_id in (samples.new_athlete(), _furnish(stores).person.user_id):
                before = stores.ledger.read_head(user_id)
                raising: Callable[[], object] = partial(stores.ledger.fence, user_id, now=samples.NOW)
                race([raising] * _FENCERS)
                head = stores.ledger.fence(user_id, now=samples.at(9))
                assert head == stores.ledger.read_head(user_id)
                assert (head.state, head.fenced_at) == (LedgerState.DELETING, samples.NOW)
                assert head.version == before.version + 1
                assert head.tracked_milestone_ids == before.tracked_milestone_ids

    def test_behind_the_fence_nothing_begins(self) -> None:
        """No first item of any kind, but for audit entries, which are erased later."""
        with self.open_stores() as stores:
            person = Person(user_id=samples.new_athlete(), athlete_ids=(service.new_strava_athlete(),))
            service.fence(stores, person.user_id)
            for name, write in _firsts(stores, person).items():
                if name not in {"ledger", "audit"}:
                    with pytest.raises(AccountDeleting):
                        write()

    def test_behind_the_tombstone_nothing_begins_though_the_head_is_gone(self) -> None:
        """The deletion is remembered: no store makes the first item of any kind again."""
        with self.open_stores() as stores:
            person = _furnish(stores).person
            service.tombstone(stores, person.user_id)
            for item in registry.STORED:
                stores.personal.erase(item, person)
            for name, write in _firsts(stores, person).items():
                with pytest.raises(AccountDeleting):
                    write()
                assert not any(_counts(stores, person).values()), name

    def test_another_account_may_begin_beside_a_tombstone(self) -> None:
        """Each of the first writes is possible for a person who was not deleted."""
        with self.open_stores() as stores:
            service.tombstone(stores, samples.new_athlete())
            for name in _firsts(stores, _anyone()):
                _firsts(stores, _anyone())[name]()

    def test_of_a_first_write_and_a_deletion_at_once_nothing_stays(self) -> None:
        """Whichever comes first: what was written before the tombstone is erased, and nothing after it."""
        with self.open_stores() as stores:
            for name in _firsts(stores, _anyone()):
                person = _anyone()
                write = _firsts(stores, person)[name]
                writers: list[Callable[[], object]] = [write, partial(_tombstone_and_erase, stores, person)]
                race(writers)
                assert not any(_counts(stores, person).values()), name


def _anyone() -> Person:
    return Person(user_id=samples.new_athlete(), athlete_ids=(service.new_strava_athlete(),))


def _tombstone_and_erase(stores: Stores, person: Person) -> None:
    service.tombstone(stores, person.user_id)
    stores.ledger.fence(person.user_id, now=samples.NOW)
    for item in registry.STORED:
        stores.personal.erase(item, person)
