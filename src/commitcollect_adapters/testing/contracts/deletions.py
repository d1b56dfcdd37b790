"""Every promise of `DeletionStore`."""
# ruff: noqa: S101 - a suite asserts, though it does not live under tests/

from __future__ import annotations

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
            request_id, user_id = service.new_name("deletion"), samples.new_athlete()
            for version in (1, 2):
                request = data.draw(deletions(request_id=request_id, user_id=user_id, version=version))
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
            request = service.deletion(service.new_name("deletion"))
            service.fence(stores, user_id := samples.new_athlete())
            stores.deletions.write(evolve(request, user_id=user_id))
            assert stores.deletions.read(request.request_id) == evolve(request, user_id=user_id)

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
