"""Every promise of `DeletionStore`."""
# ruff: noqa: S101 - a suite asserts, though it does not live under tests/

from __future__ import annotations

from hashlib import sha256

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from commitcollect_adapters.testing import samples
from commitcollect_adapters.testing import service_samples as service
from commitcollect_adapters.testing.contracts.checks import (
    THREADS,
    assert_read_back,
    check_one_ahead,
    property_test,
    race,
    winner_of,
)
from commitcollect_adapters.testing.contracts.stores import StoresContract
from commitcollect_adapters.testing.service_strategies import deletions
from commitcollect_core.accounts.deletion import DeletionRequest

_PAGE = 2


class DeletionStoreContract(StoresContract):
    """Subclass it, call the class ``Test…`` and run pytest."""

    def test_there_is_no_deletion_at_first(self) -> None:
        """Reading is not an error."""
        with self.open_stores() as stores:
            assert stores.deletions.read(service.new_name("deletion")) is None

    @property_test
    @given(data=st.data())
    def test_a_deletion_is_read_back(self, data: st.DataObject) -> None:
        """Every field is read back after an insert and an overwrite."""
        with self.open_stores() as stores:
            request_id = service.new_name("deletion")
            for version in (1, 2):
                request = data.draw(deletions(request_id=request_id, version=version))
                stores.deletions.write(request)
                assert_read_back(stores.deletions.read(request_id), request)

    def test_a_deletion_is_written_one_version_ahead(self) -> None:
        """Any other version is refused, and nothing of it is written."""
        with self.open_stores() as stores:
            request_id = service.new_name("deletion")
            check_one_ahead(
                lambda version: stores.deletions.write(service.deletion(request_id, version)),
                lambda: stores.deletions.read(request_id),
            )

    def test_a_deletion_goes_on_behind_the_fence(self) -> None:
        """The account's own fence does not stop its deletion."""
        with self.open_stores() as stores:
            service.fence(stores, user_id := samples.new_athlete())
            request = service.deletion(stores.deletions.id_of(user_id))
            stores.deletions.write(request)
            assert stores.deletions.read(request.request_id) == request

    def test_an_account_has_one_deletion_whose_id_does_not_tell_whose(self) -> None:
        """Every process finds it under the same id, which is a keyed hash."""
        with self.open_stores() as stores, self.open_stores() as again:
            user_id, other = samples.new_athlete(), samples.new_athlete()
            request_id = stores.deletions.id_of(user_id)
            assert request_id == again.deletions.id_of(user_id) != stores.deletions.id_of(other)
            assert user_id not in request_id
            plain = sha256(f"deletion of {user_id}".encode()).hexdigest()
            assert request_id != plain

    def test_deletions_are_listed_in_order_of_request(self) -> None:
        """Page by page, each once, also those of the same second."""
        with self.open_stores() as stores:
            wanted = [
                evolve(service.deletion(service.new_name("deletion")), requested_at=samples.at(place // 2))
                for place in range(5)
            ]
            for each in reversed(wanted):
                stores.deletions.write(each)
            listed: list[DeletionRequest] = []
            after = None
            while True:
                page = stores.deletions.page(after=after, limit=_PAGE)
                assert len(page.requests) <= _PAGE
                listed += page.requests
                if page.next is None:
                    break
                after = page.next
            places = [(each.requested_at, each.request_id) for each in listed]
            assert places == sorted(places)
            assert len(set(places)) == len(places)
            assert all(each in listed for each in wanted)

    def test_deletions_never_see_each_other(self) -> None:
        """An id that is a prefix of another is another deletion."""
        with self.open_stores() as stores:
            request_id = service.new_name("deletion")
            stores.deletions.write(service.deletion(request_id))
            assert stores.deletions.read(request_id + "0") is None
            for version in (1, 2):
                stores.deletions.write(service.deletion(request_id + "0", version))
            assert stores.deletions.read(request_id) == service.deletion(request_id)

    def test_of_workers_who_go_on_at_once_one_does(self) -> None:
        """A step is recorded once."""
        with self.open_stores() as stores:
            request_id = service.new_name("deletion")
            stores.deletions.write(service.deletion(request_id))
            winner_of(race([lambda: stores.deletions.write(service.deletion(request_id, 2))] * THREADS))
            assert stores.deletions.read(request_id) == service.deletion(request_id, 2)
