"""Every promise of `ProfileStore`."""
# ruff: noqa: S101 - a suite asserts, though it does not live under tests/

from __future__ import annotations

import pytest
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
from commitcollect_adapters.testing.service_strategies import profiles
from commitcollect_core.errors import AccountDeleting, InvalidInput
from commitcollect_core.values import UserId


class ProfileStoreContract(StoresContract):
    """Subclass it, call the class ``Test…`` and run pytest."""

    def test_a_user_never_written_has_no_profile(self) -> None:
        """Reading is not an error."""
        with self.open_stores() as stores:
            assert stores.profiles.read(samples.new_athlete()) is None

    @property_test
    @given(data=st.data())
    def test_a_profile_is_read_back(self, data: st.DataObject) -> None:
        """Every field is read back after an insert and an overwrite."""
        with self.open_stores() as stores:
            user_id = samples.new_athlete()
            for version in (1, 2):
                profile = data.draw(profiles(user_id=user_id, version=version))
                stores.profiles.write(profile)
                assert_read_back(stores.profiles.read(user_id), profile)

    def test_a_profile_is_written_one_version_ahead(self) -> None:
        """Any other version is refused, and nothing of it is written."""
        with self.open_stores() as stores:
            user_id = samples.new_athlete()
            check_one_ahead(
                lambda version: stores.profiles.write(service.profile(user_id, version)),
                lambda: stores.profiles.read(user_id),
            )

    def test_what_no_store_can_keep_is_refused(self) -> None:
        """Half a character has no encoding: a clear error, not one of the driver, and nothing is written."""
        with self.open_stores() as stores:
            user_id = samples.new_athlete()
            kept = evolve(service.profile(user_id), display_name="a\0b")
            with pytest.raises(InvalidInput, match="no store can keep"):
                stores.profiles.write(evolve(kept, display_name="\udcff"))
            stores.profiles.write(kept)
            assert stores.profiles.read(user_id) == kept

    def test_of_profiles_written_at_once_one_is_taken(self) -> None:
        """Two sign-ups of one user make one profile."""
        with self.open_stores() as stores:
            user_id = samples.new_athlete()
            winner_of(race([lambda: stores.profiles.write(service.profile(user_id))] * THREADS))
            assert stores.profiles.read(user_id) == service.profile(user_id)

    @pytest.mark.parametrize("suffix", ["b", "-1", "0"])
    def test_users_never_see_each_other(self, suffix: str) -> None:
        """An id that is a prefix of another has its own profile."""
        with self.open_stores() as stores:
            user_id = samples.new_athlete()
            other = UserId(user_id + suffix)
            stores.profiles.write(service.profile(user_id))
            assert stores.profiles.read(other) is None
            stores.profiles.write(service.profile(other))
            stores.profiles.write(service.profile(other, 2))
            assert stores.profiles.read(user_id) == service.profile(user_id)

    def test_nothing_is_written_behind_the_fence(self) -> None:
        """Once the account is being deleted no profile is made or changed."""
        with self.open_stores() as stores:
            known, unknown = samples.new_athlete(), samples.new_athlete()
            stores.profiles.write(service.profile(known))
            for user_id, version in ((known, 2), (unknown, 1)):
                service.fence(stores, user_id)
                with pytest.raises(AccountDeleting):
                    stores.profiles.write(service.profile(user_id, version))
            assert stores.profiles.read(known) == service.profile(known)
            assert stores.profiles.read(unknown) is None
