"""Every promise of `BackfillStore`."""
# ruff: noqa: S101 - a suite asserts, though it does not live under tests/

from __future__ import annotations

import pytest
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
from commitcollect_adapters.testing.service_strategies import backfills, staged_pages
from commitcollect_core.errors import AccountDeleting, ConnectionChanged, VersionConflict
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.stores import Stores
from commitcollect_core.strava.backfills import BackfillCommit, StagedPage
from commitcollect_core.values import UserId


def _commit(
    stores: Stores,
    user_id: UserId,
    version: int,
    *,
    page: StagedPage | None = None,
    done_page: int | None = None,
) -> None:
    backfill = service.backfill(user_id, version)
    stores.backfills.commit(BackfillCommit(backfill=backfill, page=page, done_page=done_page))


class BackfillStoreContract(StoresContract):
    """Subclass it, call the class ``Test…`` and run pytest."""

    def test_there_is_no_backfill_at_first(self) -> None:
        """Reading is not an error, nor is erasing nothing."""
        with self.open_stores() as stores:
            user_id = samples.new_athlete()
            stores.backfills.erase(user_id)
            assert stores.backfills.read(user_id) is None
            assert stores.backfills.read_page(user_id, 1) is None

    @property_test
    @given(data=st.data())
    def test_a_backfill_and_its_pages_are_read_back(self, data: st.DataObject) -> None:
        """Every field is read back after an insert and an overwrite."""
        with self.open_stores() as stores:
            user_id = samples.new_athlete()
            generation = data.draw(st.sampled_from(["", "first"]))
            for version in (1, 2):
                backfill = data.draw(backfills(user_id=user_id, version=version, generation=generation))
                page = data.draw(staged_pages(number=version))
                stores.backfills.commit(BackfillCommit(backfill=backfill, page=page))
                assert_read_back(stores.backfills.read(user_id), backfill)
                assert_read_back(stores.backfills.read_page(user_id, version), page)

    def test_a_page_may_be_as_long_as_pages_get(self) -> None:
        """A page of the greatest length can be stored.

        It has as many activities as Strava lists at once, with the longest names of letters that take the
        most bytes.
        """
        with self.open_stores() as stores:
            user_id = samples.new_athlete()
            page = service.staged_page(
                1,
                activities=DEFAULT_POLICY.strava.list_page_items,
                name="\N{MOUNTAIN BICYCLIST}" * DEFAULT_POLICY.training.activity_name_chars_max,
            )
            _commit(stores, user_id, 1, page=page)
            assert stores.backfills.read_page(user_id, 1) == page

    def test_a_commit_stages_one_page_and_drops_another(self) -> None:
        """The state, the new page and the old one change together."""
        with self.open_stores() as stores:
            user_id = samples.new_athlete()
            _commit(stores, user_id, 1, page=service.staged_page(1))
            _commit(stores, user_id, 2, page=service.staged_page(2), done_page=1)
            assert stores.backfills.read(user_id) == service.backfill(user_id, 2)
            assert stores.backfills.read_page(user_id, 1) is None
            assert stores.backfills.read_page(user_id, 2) == service.staged_page(2)

    def test_a_backfill_is_written_one_version_ahead(self) -> None:
        """Any other version is refused."""
        with self.open_stores() as stores:
            user_id = samples.new_athlete()
            check_one_ahead(
                lambda version: _commit(stores, user_id, version), lambda: stores.backfills.read(user_id)
            )

    def test_a_late_step_does_not_match_a_backfill_begun_anew(self) -> None:
        """Versions begin again with a new backfill, so its generation is compared as well."""
        with self.open_stores() as stores:
            user_id = samples.new_athlete()
            old = ""
            for new in ("first", "second"):
                stores.backfills.commit(BackfillCommit(backfill=service.backfill(user_id, generation=old)))
                stores.backfills.erase(user_id)
                begun = service.backfill(user_id, generation=new)
                stores.backfills.commit(BackfillCommit(backfill=begun))
                late = service.backfill(user_id, 2, generation=old)
                with pytest.raises(VersionConflict):
                    stores.backfills.commit(BackfillCommit(backfill=late, page=service.staged_page(1)))
                assert stores.backfills.read(user_id) == begun
                assert stores.backfills.read_page(user_id, 1) is None
                following = service.backfill(user_id, 2, generation=new)
                stores.backfills.commit(BackfillCommit(backfill=following))
                stores.backfills.erase(user_id)
                old = new

    def test_a_backfill_of_an_ended_connection_is_not_written(self) -> None:
        """Nothing is begun, staged or dropped with a connection that has ended or was made anew."""
        with self.open_stores() as stores:
            user_id, athlete_id = samples.new_athlete(), service.new_strava_athlete()
            first = service.connection(user_id, athlete_id, 1, "first")
            again = service.connection(user_id, athlete_id, 2, "second")
            stores.connections.commit(service.connecting(first))
            begun = service.backfill(user_id, connection_generation="first")
            stores.backfills.commit(BackfillCommit(backfill=begun, page=service.staged_page(1)))
            for commit in (service.connecting(again, first), service.disconnecting(again)):
                stores.connections.commit(commit)
                late = service.backfill(user_id, 2, connection_generation="first")
                for backfill in (late, begun, service.backfill(user_id, 2)):
                    with pytest.raises(ConnectionChanged):
                        stores.backfills.commit(
                            BackfillCommit(backfill=backfill, page=service.staged_page(2), done_page=1)
                        )
                    assert stores.backfills.read(user_id) == begun
                    assert stores.backfills.read_page(user_id, 1) == service.staged_page(1)
                    assert stores.backfills.read_page(user_id, 2) is None

    def test_of_a_commit_that_is_refused_nothing_is_written(self) -> None:
        """Neither is its page staged, nor the old one dropped."""
        with self.open_stores() as stores:
            user_id = samples.new_athlete()
            _commit(stores, user_id, 1, page=service.staged_page(1))
            with pytest.raises(VersionConflict):
                _commit(stores, user_id, 1, page=service.staged_page(2), done_page=1)
            assert stores.backfills.read_page(user_id, 1) == service.staged_page(1)
            assert stores.backfills.read_page(user_id, 2) is None

    def test_of_workers_who_go_on_at_once_one_does(self) -> None:
        """A page that two workers have listed is staged once."""
        with self.open_stores() as stores:
            user_id = samples.new_athlete()
            _commit(stores, user_id, 1)
            results = race(
                [
                    lambda n=n: _commit(stores, user_id, 2, page=service.staged_page(n))  # type: ignore[misc]  # mypy infers no type for a lambda with a default
                    for n in range(THREADS)
                ]
            )
            winner = winner_of(results)
            staged = [n for n in range(THREADS) if stores.backfills.read_page(user_id, n) is not None]
            assert staged == [winner]

    @pytest.mark.parametrize("suffix", ["b", "-1", "0"])
    def test_users_never_see_each_other(self, suffix: str) -> None:
        """An id that is a prefix of another has its own backfill.

        The same holds for pages 1 and 11.
        """
        with self.open_stores() as stores:
            user_id = samples.new_athlete()
            other = UserId(user_id + suffix)
            _commit(stores, user_id, 1, page=service.staged_page(1))
            assert stores.backfills.read(other) is None
            assert stores.backfills.read_page(other, 1) is None
            assert stores.backfills.read_page(user_id, 11) is None
            _commit(stores, other, 1, page=service.staged_page(11))
            stores.backfills.erase(other)
            assert stores.backfills.read(user_id) == service.backfill(user_id)
            assert stores.backfills.read_page(user_id, 1) == service.staged_page(1)

    def test_a_backfill_is_erased_with_all_its_pages(self) -> None:
        """However many are staged; a new one may begin afterwards."""
        with self.open_stores() as stores:
            user_id = samples.new_athlete()
            numbers = range(1, 31)
            for number in numbers:
                _commit(stores, user_id, number, page=service.staged_page(number))
            for _ in range(2):
                stores.backfills.erase(user_id)
                assert stores.backfills.read(user_id) is None
                assert [stores.backfills.read_page(user_id, each) for each in numbers] == [None] * 30
            _commit(stores, user_id, 1)
            assert stores.backfills.read(user_id) == service.backfill(user_id)

    def test_nothing_is_written_behind_the_fence(self) -> None:
        """A fenced account stages and drops nothing, and erasing still works."""
        with self.open_stores() as stores:
            known, unknown = samples.new_athlete(), samples.new_athlete()
            _commit(stores, known, 1, page=service.staged_page(1))
            for user_id, version in ((known, 2), (unknown, 1)):
                service.fence(stores, user_id)
                with pytest.raises(AccountDeleting):
                    _commit(stores, user_id, version, page=service.staged_page(2), done_page=1)
                assert stores.backfills.read_page(user_id, 2) is None
            assert stores.backfills.read(known) == service.backfill(known)
            assert stores.backfills.read_page(known, 1) == service.staged_page(1)
            assert stores.backfills.read(unknown) is None
            stores.backfills.erase(known)
            assert stores.backfills.read(known) is None
            assert stores.backfills.read_page(known, 1) is None
