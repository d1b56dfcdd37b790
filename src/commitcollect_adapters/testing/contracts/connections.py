"""Every promise of `ConnectionStore`."""
# ruff: noqa: S101 - a suite asserts, though it does not live under tests/

from __future__ import annotations

from collections.abc import Iterator

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from commitcollect_adapters.testing import samples
from commitcollect_adapters.testing import service_samples as service
from commitcollect_adapters.testing.contracts.checks import (
    THREADS,
    assert_read_back,
    property_test,
    race,
    winner_of,
)
from commitcollect_adapters.testing.contracts.stores import StoresContract
from commitcollect_adapters.testing.service_strategies import connections
from commitcollect_core.errors import (
    AccountDeleting,
    AthleteAlreadyConnected,
    Conflict,
    InvalidInput,
    VersionConflict,
)
from commitcollect_core.stores import Stores
from commitcollect_core.strava.connections import AthleteOwner, ConnectionStatus, Lease, StravaConnection
from commitcollect_core.strava.ports import ConnectedPage
from commitcollect_core.training.ledger import NO_CONNECTION, LedgerHead, LedgerState
from commitcollect_core.values import AthleteId, UserId


def _connected(stores: Stores) -> StravaConnection:
    """The connection of a new user to a new athlete."""
    connection = service.connection(samples.new_athlete(), service.new_strava_athlete())
    stores.connections.commit(service.connecting(connection))
    return connection


def _owner_id(stores: Stores, athlete_id: AthleteId) -> UserId | None:
    owner = stores.connections.owner(athlete_id)
    return None if owner is None else owner.user_id


def _pages(stores: Stores, limit: int) -> Iterator[ConnectedPage]:
    """The connected athletes of a store, page by page; other tests may have left some."""
    after: AthleteId | None = None
    while True:
        page = stores.connections.connected(after=after, limit=limit)
        yield page
        if page.next is None:
            return
        after = page.next


def _next(connection: StravaConnection) -> StravaConnection:
    return service.connection(connection.user_id, connection.athlete_id, connection.version + 1)


class ConnectionStoreContract(StoresContract):
    """Subclass it, call the class ``Test…`` and run pytest."""

    def test_there_is_no_connection_at_first(self) -> None:
        """Reading is not an error."""
        with self.open_stores() as stores:
            assert stores.connections.read(samples.new_athlete()) is None
            assert stores.connections.owner(service.new_strava_athlete()) is None

    @property_test
    @given(data=st.data())
    def test_a_connection_and_its_owner_are_read_back(self, data: st.DataObject) -> None:
        """Every field is read back after an insert and an overwrite."""
        with self.open_stores() as stores:
            user_id, athlete_id = samples.new_athlete(), service.new_strava_athlete()
            generation = data.draw(st.sampled_from(["", "first"]))
            before = None
            for version in (1, 2):
                after = data.draw(
                    connections(
                        user_id=user_id, athlete_id=athlete_id, version=version, generation=generation
                    )
                )
                stores.connections.commit(service.connecting(after, before))
                assert_read_back(stores.connections.read(user_id), after)
                if before is None:
                    owner = AthleteOwner(
                        athlete_id=athlete_id,
                        user_id=user_id,
                        generation=generation,
                        updated_at=after.updated_at,
                    )
                    assert_read_back(stores.connections.owner(athlete_id), owner)
                before = after
            assert _owner_id(stores, athlete_id) == user_id

    # Conditions

    def test_a_commit_stands_on_what_is_stored(self) -> None:
        """Optimistic locking: another stored connection refuses the commit, which writes nothing."""
        with self.open_stores() as stores:
            first = _connected(stores)
            second = _next(first)
            stores.connections.commit(service.connecting(second, first))
            elsewhere = service.new_strava_athlete()
            moved = evolve(_next(second), athlete_id=elsewhere)
            for seen in (None, first, _next(second)):
                for commit in (
                    service.connecting(_next(second), seen),
                    service.connecting(moved, seen),
                    evolve(service.disconnecting(second), before=seen),
                ):
                    with pytest.raises(VersionConflict):
                        stores.connections.commit(commit)
                    assert stores.connections.read(first.user_id) == second
                    assert _owner_id(stores, first.athlete_id) == first.user_id
                    assert stores.connections.owner(elsewhere) is None

    def test_a_connection_that_is_gone_is_not_renewed(self) -> None:
        """Late tokens do not bring back a connection that was removed."""
        with self.open_stores() as stores:
            first = _connected(stores)
            stores.connections.commit(service.disconnecting(first))
            for commit in (service.connecting(_next(first), first), service.disconnecting(first)):
                with pytest.raises(VersionConflict):
                    stores.connections.commit(commit)
            assert stores.connections.read(first.user_id) is None
            assert stores.connections.owner(first.athlete_id) is None

    def test_a_late_write_does_not_match_a_connection_made_anew(self) -> None:
        """Versions begin again with a new connection, so its generation is compared as well."""
        with self.open_stores() as stores:
            old = _connected(stores)
            for generation in ("second", "third"):
                stores.connections.commit(service.disconnecting(old))
                new = service.connection(old.user_id, service.new_strava_athlete(), 1, generation)
                stores.connections.commit(service.connecting(new))
                for late in (
                    service.connecting(_next(old), old),
                    service.connecting(evolve(_next(old), generation=generation), old),
                    service.disconnecting(old),
                ):
                    with pytest.raises(VersionConflict):
                        stores.connections.commit(late)
                    assert stores.connections.read(old.user_id) == new
                    assert _owner_id(stores, new.athlete_id) == old.user_id
                    assert stores.connections.owner(old.athlete_id) is None
                old = new

    def test_the_owner_tells_the_generation_of_the_connection(self) -> None:
        """A new permission for the same athlete is told with the owner, too."""
        with self.open_stores() as stores:
            first = _connected(stores)
            again = evolve(_next(first), generation="second")
            stores.connections.commit(service.connecting(again, first))
            assert stores.connections.owner(first.athlete_id) == AthleteOwner(
                athlete_id=first.athlete_id,
                user_id=first.user_id,
                generation="second",
                updated_at=again.updated_at,
            )

    # What the ledger takes in

    def test_the_ledger_takes_in_what_the_connection_brings_and_nothing_after_its_end(self) -> None:
        """The head names the generation, in the write of the connection and with a version of its own.

        Renewing tokens writes no head.
        """
        with self.open_stores() as stores:
            user_id, athlete_id = samples.new_athlete(), service.new_strava_athlete()
            samples.open_milestone(stores.ledger, user_id)
            head = stores.ledger.read_head(user_id)
            first = service.connection(user_id, athlete_id, 1, "first")
            renewed = service.connection(user_id, athlete_id, 2, "first")
            again = service.connection(user_id, athlete_id, 3, "second")
            ending = evolve(again, status=ConnectionStatus.DISCONNECTING, version=4)
            for commit, generation, version in (
                (service.connecting(first), "first", 1),
                (service.connecting(renewed, first), "first", 1),
                (service.connecting(again, renewed), "second", 2),
                (service.connecting(ending, again), NO_CONNECTION, 3),
                (service.disconnecting(ending), NO_CONNECTION, 3),
                (service.connecting(first), "first", 4),
                (service.disconnecting(first), NO_CONNECTION, 5),
                (service.connecting(evolve(first, generation="")), "", 6),
            ):
                stores.connections.commit(commit)
                assert stores.ledger.read_head(user_id) == evolve(
                    head, version=head.version + version, connection_generation=generation
                )

    def test_a_first_connection_may_come_before_the_first_write_of_a_ledger(self) -> None:
        """A ledger that was never written is open afterwards, and empty."""
        with self.open_stores() as stores:
            connection = service.connection(samples.new_athlete(), service.new_strava_athlete(), 1, "first")
            stores.connections.commit(service.connecting(connection))
            head = stores.ledger.read_head(connection.user_id)
            assert head == LedgerHead(version=1, connection_generation="first")
            samples.open_milestone(stores.ledger, connection.user_id)
            after = stores.ledger.read_head(connection.user_id)
            assert (after.version, after.connection_generation) == (2, "first")

    def test_a_commit_that_is_refused_leaves_the_head_alone(self) -> None:
        """Whether the connection or its athlete is the reason."""
        with self.open_stores() as stores:
            first, other = _connected(stores), _connected(stores)
            heads = [stores.ledger.read_head(each.user_id) for each in (first, other)]
            newcomer = service.connection(samples.new_athlete(), first.athlete_id, 1, "new")
            for commit in (
                service.connecting(evolve(first, generation="new")),
                service.connecting(evolve(_next(other), athlete_id=first.athlete_id, generation="x"), other),
                service.disconnecting(_next(first)),
                service.connecting(newcomer),
            ):
                with pytest.raises(Conflict):
                    stores.connections.commit(commit)
            assert [stores.ledger.read_head(each.user_id) for each in (first, other)] == heads
            assert stores.ledger.read_head(newcomer.user_id) == LedgerHead()

    def test_what_was_decided_before_the_end_is_refused_after_it(self) -> None:
        """Between a look and its commit the connection ends: the head has moved on."""
        with self.open_stores() as stores:
            first = _connected(stores)
            version = stores.ledger.read_head(first.user_id).version
            late = samples.commit_of(first.user_id, version + 1, workouts=[samples.workout("1")])
            ending = evolve(_next(first), status=ConnectionStatus.DISCONNECTING)
            stores.connections.commit(service.connecting(ending, first))
            with pytest.raises(VersionConflict):
                stores.ledger.commit(late)
            assert not stores.ledger.read(first.user_id, [samples.workout("1").key]).workouts

    def test_of_an_end_and_a_commit_at_once_both_come_in_some_order(self) -> None:
        """A commit that lands raises the version; the end raises it once more, or was there first."""
        with self.open_stores() as stores:
            first = _connected(stores)
            version = stores.ledger.read_head(first.user_id).version
            late = samples.commit_of(first.user_id, version + 1, workouts=[samples.workout("1")])
            _, ended = race(
                [
                    lambda: stores.ledger.commit(late),
                    lambda: stores.connections.commit(service.disconnecting(first)),
                ]
            )
            assert ended is None
            head = stores.ledger.read_head(first.user_id)
            landed = bool(stores.ledger.read(first.user_id, [samples.workout("1").key]).workouts)
            assert (head.version, head.connection_generation) == (version + 1 + landed, NO_CONNECTION)

    def test_an_athlete_belongs_to_one_account(self) -> None:
        """The athlete of another account is refused, and nothing is written."""
        with self.open_stores() as stores:
            first, other = _connected(stores), _connected(stores)
            newcomer = service.connection(samples.new_athlete(), first.athlete_id)
            moving = evolve(_next(other), athlete_id=first.athlete_id)
            for commit in (service.connecting(newcomer), service.connecting(moving, other)):
                with pytest.raises(AthleteAlreadyConnected):
                    stores.connections.commit(commit)
            assert stores.connections.read(newcomer.user_id) is None
            assert stores.connections.read(other.user_id) == other
            assert _owner_id(stores, other.athlete_id) == other.user_id
            assert _owner_id(stores, first.athlete_id) == first.user_id

    # Coming and going

    def test_an_athlete_who_is_let_go_can_be_connected_to_another_account(self) -> None:
        """Removing a connection releases its athlete."""
        with self.open_stores() as stores:
            first = _connected(stores)
            stores.connections.commit(service.disconnecting(first))
            assert stores.connections.read(first.user_id) is None
            assert stores.connections.owner(first.athlete_id) is None
            second = service.connection(samples.new_athlete(), first.athlete_id)
            stores.connections.commit(service.connecting(second))
            assert _owner_id(stores, first.athlete_id) == second.user_id

    def test_an_athlete_who_is_let_go_can_be_connected_again(self) -> None:
        """The same account may come back to the same athlete."""
        with self.open_stores() as stores:
            first = _connected(stores)
            stores.connections.commit(service.disconnecting(first))
            stores.connections.commit(service.connecting(first))
            assert stores.connections.read(first.user_id) == first
            assert _owner_id(stores, first.athlete_id) == first.user_id

    def test_an_account_may_move_to_another_athlete(self) -> None:
        """One write claims the new athlete and releases the old one."""
        with self.open_stores() as stores:
            first = _connected(stores)
            moved = evolve(_next(first), athlete_id=service.new_strava_athlete())
            stores.connections.commit(service.connecting(moved, first))
            assert stores.connections.read(first.user_id) == moved
            assert _owner_id(stores, moved.athlete_id) == first.user_id
            assert stores.connections.owner(first.athlete_id) is None

    @pytest.mark.parametrize("suffix", ["b", "-1", "0"])
    def test_users_and_athletes_never_see_each_other(self, suffix: str) -> None:
        """An id that extends another is another user or athlete."""
        with self.open_stores() as stores:
            first = _connected(stores)
            user_id, athlete_id = UserId(first.user_id + suffix), AthleteId(first.athlete_id + "1")
            assert stores.connections.read(user_id) is None
            assert stores.connections.owner(athlete_id) is None
            other = service.connection(user_id, athlete_id)
            stores.connections.commit(service.connecting(other))
            stores.connections.commit(service.disconnecting(other))
            assert stores.connections.read(first.user_id) == first
            assert _owner_id(stores, first.athlete_id) == first.user_id

    # Listing

    @pytest.mark.parametrize("limit", [1, 7, 500])
    def test_every_connected_athlete_is_listed_once(self, limit: int) -> None:
        """No athlete is missed or named twice, and every page but the last is full."""
        with self.open_stores() as stores:
            ours = [_connected(stores) for _ in range(20)]
            moved = evolve(_next(ours[0]), athlete_id=service.new_strava_athlete())
            stores.connections.commit(service.connecting(moved, ours[0]))
            renewed = _next(ours[1])
            stores.connections.commit(service.connecting(renewed, ours[1]))
            stores.connections.commit(service.disconnecting(ours[2]))
            pages = list(_pages(stores, limit))
            assert all(len(each.athletes) == limit for each in pages[:-1])
            assert len(pages[-1].athletes) <= limit
            listed = [each for page in pages for each in page.athletes]
            assert len({each.athlete_id for each in listed}) == len(listed)
            expected = {each.athlete_id: each.user_id for each in (moved, renewed, *ours[3:])}
            involved = {moved.athlete_id, *(each.athlete_id for each in ours)}
            found = {each.athlete_id: each.user_id for each in listed if each.athlete_id in involved}
            assert found == expected

    def test_a_list_goes_on_behind_an_athlete_who_has_gone(self) -> None:
        """Athletes who come and go between two pages cost the others nothing."""
        with self.open_stores() as stores:
            ours = {each.athlete_id: each for each in (_connected(stores) for _ in range(20))}
            seen: list[AthleteId] = []
            after: AthleteId | None = None
            while True:
                page = stores.connections.connected(after=after, limit=3)
                seen += [each.athlete_id for each in page.athletes]
                if page.next is None:
                    break
                after = page.next
                if (passed := ours.get(after)) is not None:
                    stores.connections.commit(service.disconnecting(passed))
                _connected(stores)
            assert len(set(seen)) == len(seen)
            assert ours.keys() <= set(seen)

    def test_two_walks_have_one_order(self) -> None:
        """A round that stopped goes on behind the athlete it came to."""
        with self.open_stores() as stores:
            for _ in range(10):
                _connected(stores)
            (whole,) = _pages(stores, limit=100_000)
            middle = whole.athletes[len(whole.athletes) // 2]
            rest = stores.connections.connected(after=middle.athlete_id, limit=100_000)
            assert rest.athletes == whole.athletes[whole.athletes.index(middle) + 1 :]

    # The fence

    def test_behind_the_fence_connections_only_go(self) -> None:
        """A fenced account makes and refreshes no connection, and removes one."""
        with self.open_stores() as stores:
            first = _connected(stores)
            newcomer = service.connection(samples.new_athlete(), service.new_strava_athlete())
            for user_id in (first.user_id, newcomer.user_id):
                service.fence(stores, user_id)
            moved = evolve(_next(first), athlete_id=newcomer.athlete_id)
            for commit in (
                service.connecting(newcomer),
                service.connecting(_next(first), first),
                service.connecting(moved, first),
            ):
                with pytest.raises(AccountDeleting):
                    stores.connections.commit(commit)
            assert stores.connections.read(newcomer.user_id) is None
            assert stores.connections.owner(newcomer.athlete_id) is None
            assert stores.connections.read(first.user_id) == first
            stores.connections.commit(service.disconnecting(first))
            assert stores.connections.read(first.user_id) is None
            assert stores.connections.owner(first.athlete_id) is None
            assert stores.ledger.read_head(first.user_id).state is LedgerState.DELETING

    # Races
    def test_what_no_store_can_keep_is_refused(self) -> None:
        """Half a character has no encoding: a clear error, not one of the driver, and nothing is written."""
        with self.open_stores() as stores:
            before = _connected(stores)
            after = evolve(_next(before), access_token="\ud83c")  # noqa: S106 - no real one
            with pytest.raises(InvalidInput, match="no store can keep"):
                stores.connections.commit(service.connecting(after, before))
            assert stores.connections.read(before.user_id) == before

    def test_of_many_who_claim_an_athlete_one_gets_it(self) -> None:
        """Of several accounts that claim an athlete at once, one succeeds.

        The others have no connection.
        """
        with self.open_stores() as stores:
            athlete_id = service.new_strava_athlete()
            rivals = [service.connection(samples.new_athlete(), athlete_id) for _ in range(THREADS)]
            results = race(
                [lambda each=each: stores.connections.commit(service.connecting(each)) for each in rivals]  # type: ignore[misc]  # mypy infers no type for a lambda with a default
            )
            winner = rivals[winner_of(results, refusal=AthleteAlreadyConnected)]
            assert _owner_id(stores, athlete_id) == winner.user_id
            for each in rivals:
                expected = each if each is winner else None
                assert stores.connections.read(each.user_id) == expected

    def test_of_many_who_would_renew_one_gets_the_lease(self) -> None:
        """Of several workers that find expired tokens, one gets the lease."""
        with self.open_stores() as stores:
            before = _connected(stores)
            leased = [evolve(_next(before), lease=Lease(f"worker {n}", samples.NOW)) for n in range(THREADS)]
            results = race(
                [
                    lambda each=each: stores.connections.commit(service.connecting(each, before))  # type: ignore[misc]  # mypy infers no type for a lambda with a default
                    for each in leased
                ]
            )
            assert stores.connections.read(before.user_id) == leased[winner_of(results)]

    def test_of_many_who_remove_a_connection_one_does(self) -> None:
        """A late removal is refused and keeps the newer connection."""
        with self.open_stores() as stores:
            before = _connected(stores)
            winner_of(race([lambda: stores.connections.commit(service.disconnecting(before))] * THREADS))
            assert stores.connections.read(before.user_id) is None
            assert stores.connections.owner(before.athlete_id) is None
