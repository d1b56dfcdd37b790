"""Every promise of `IdempotencyStore`."""
# ruff: noqa: S101 - a suite asserts, though it does not live under tests/

from __future__ import annotations

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from commitcollect_adapters.testing import service_samples as service
from commitcollect_adapters.testing.contracts.checks import (
    THREADS,
    assert_read_back,
    property_test,
    race,
    winner_of,
)
from commitcollect_adapters.testing.contracts.stores import StoresContract
from commitcollect_adapters.testing.service_strategies import idempotency_records
from commitcollect_core.errors import InvalidInput, VersionConflict
from commitcollect_core.jobs.idempotency import IdempotencyStatus, completed


class IdempotencyStoreContract(StoresContract):
    """Subclass it, call the class ``Test…`` and run pytest."""

    def test_nothing_is_known_at_first(self) -> None:
        """Reading is no error, nor is releasing an unknown claim."""
        with self.open_stores() as stores:
            request_id = service.new_name("request")
            stores.idempotency.release(request_id, "me")
            assert stores.idempotency.read(request_id) is None

    @property_test
    @given(data=st.data())
    def test_a_request_is_read_back(self, data: st.DataObject) -> None:
        """Every field comes back as it was, begun, begun again and completed."""
        with self.open_stores() as stores:
            request_id = service.new_name("request")
            in_progress = idempotency_records(request_id=request_id, status=IdempotencyStatus.IN_PROGRESS)
            before = None
            for _ in range(2):
                record = data.draw(in_progress)
                stores.idempotency.begin(record, replaces=before)
                assert_read_back(stores.idempotency.read(request_id), record)
                before = record
            assert before is not None
            done = completed(before, data.draw(st.text(max_size=50)))
            stores.idempotency.complete(done)
            assert_read_back(stores.idempotency.read(request_id), done)

    @property_test
    @given(data=st.data())
    def test_a_mark_is_read_back(self, data: st.DataObject) -> None:
        """Every field of a mark is read back, new and as overwrite."""
        with self.open_stores() as stores:
            request_id = service.new_name("event")
            for _ in range(2):
                record = data.draw(
                    idempotency_records(request_id=request_id, status=IdempotencyStatus.COMPLETED)
                )
                stores.idempotency.mark(record)
                assert_read_back(stores.idempotency.read(request_id), record)

    def test_what_no_store_can_keep_is_refused(self) -> None:
        """Half a character has no encoding: a clear error, not one of the driver, and nothing is written."""
        with self.open_stores() as stores:
            begun = service.claim(service.new_name("request"), "me")
            stores.idempotency.begin(begun, replaces=None)
            with pytest.raises(InvalidInput, match="no store can keep"):
                stores.idempotency.complete(completed(begun, "\ud83c"))
            assert stores.idempotency.read(begun.request_id) == begun

    def test_a_claim_stands_on_what_is_stored(self) -> None:
        """Optimistic locking: a claim replaces only the record it has seen.

        A refused claim writes nothing.
        """
        with self.open_stores() as stores:
            request_id = service.new_name("request")
            mine = service.claim(request_id, "mine")
            theirs = service.claim(request_id, "theirs")
            with pytest.raises(VersionConflict):
                stores.idempotency.begin(mine, replaces=theirs)
            assert stores.idempotency.read(request_id) is None
            stores.idempotency.begin(theirs, replaces=None)
            for seen in (None, mine, completed(theirs, "")):
                with pytest.raises(VersionConflict):
                    stores.idempotency.begin(mine, replaces=seen)
                assert stores.idempotency.read(request_id) == theirs
            stores.idempotency.begin(mine, replaces=theirs)
            assert stores.idempotency.read(request_id) == mine

    def test_a_claim_that_was_completed_meanwhile_is_not_taken_over(self) -> None:
        """A completed request cannot be claimed as expired."""
        with self.open_stores() as stores:
            request_id = service.new_name("request")
            first = service.claim(request_id, "first")
            stores.idempotency.begin(first, replaces=None)
            stores.idempotency.complete(completed(first, "done"))
            with pytest.raises(VersionConflict):
                stores.idempotency.begin(service.claim(request_id, "second"), replaces=first)
            assert stores.idempotency.read(request_id) == completed(first, "done")

    def test_an_answer_that_has_expired_can_be_taken_over(self) -> None:
        """A claim may overwrite a completed request that was seen.

        The same holds for a mark.
        """
        with self.open_stores() as stores:
            for old in (
                completed(service.claim(service.new_name("request"), "old"), "done"),
                service.marker(service.new_name("event")),
            ):
                stores.idempotency.mark(old)
                claim = service.claim(old.request_id, "new")
                stores.idempotency.begin(claim, replaces=old)
                assert stores.idempotency.read(old.request_id) == claim

    def test_a_worker_who_lost_the_lease_changes_nothing(self) -> None:
        """A late completion or release does not change the new holder's claim."""
        with self.open_stores() as stores:
            request_id = service.new_name("request")
            late, owner = service.claim(request_id, "late"), service.claim(request_id, "owner")
            stores.idempotency.begin(late, replaces=None)
            stores.idempotency.begin(owner, replaces=late)
            for stored in (owner, completed(owner, "the answer")):
                if stored is not owner:
                    stores.idempotency.complete(stored)
                with pytest.raises(VersionConflict):
                    stores.idempotency.complete(completed(late, "another answer"))
                stores.idempotency.release(request_id, late.owner_token)
                assert stores.idempotency.read(request_id) == stored

    def test_an_answer_is_given_once(self) -> None:
        """A completed request is neither completed again nor released.

        A request without a claim cannot be completed.
        """
        with self.open_stores() as stores:
            claim = service.claim(service.new_name("request"), "me")
            done = completed(claim, "the answer")
            with pytest.raises(VersionConflict):
                stores.idempotency.complete(done)
            assert stores.idempotency.read(claim.request_id) is None
            stores.idempotency.begin(claim, replaces=None)
            stores.idempotency.complete(done)
            with pytest.raises(VersionConflict):
                stores.idempotency.complete(evolve(done, answer="another answer"))
            stores.idempotency.release(claim.request_id, claim.owner_token)
            assert stores.idempotency.read(claim.request_id) == done

    def test_what_was_given_up_can_be_begun(self) -> None:
        """A release leaves no record."""
        with self.open_stores() as stores:
            claim = service.claim(service.new_name("request"), "me")
            stores.idempotency.begin(claim, replaces=None)
            stores.idempotency.release(claim.request_id, claim.owner_token)
            assert stores.idempotency.read(claim.request_id) is None
            stores.idempotency.begin(claim, replaces=None)
            assert stores.idempotency.read(claim.request_id) == claim

    def test_a_mark_goes_over_anything(self) -> None:
        """A mark overwrites any record of its event."""
        with self.open_stores() as stores:
            claim = service.claim(service.new_name("event"), "me")
            stores.idempotency.begin(claim, replaces=None)
            marker = service.marker(claim.request_id)
            stores.idempotency.mark(marker)
            assert_read_back(stores.idempotency.read(claim.request_id), marker)

    def test_requests_never_see_each_other(self) -> None:
        """An id that is a prefix of another is another request."""
        with self.open_stores() as stores:
            claim = service.claim(service.new_name("request"), "me")
            longer = evolve(claim, request_id=claim.request_id + "0")
            stores.idempotency.begin(claim, replaces=None)
            assert stores.idempotency.read(longer.request_id) is None
            stores.idempotency.begin(longer, replaces=None)
            stores.idempotency.release(longer.request_id, "me")
            assert stores.idempotency.read(claim.request_id) == claim

    @pytest.mark.parametrize("is_first", [True, False])
    def test_of_many_who_claim_a_request_one_gets_it(self, *, is_first: bool) -> None:
        """One claim of many wins, on no record or an expired lease."""
        with self.open_stores() as stores:
            request_id = service.new_name("request")
            seen = None if is_first else service.claim(request_id, "seen")
            if seen is not None:
                stores.idempotency.begin(seen, replaces=None)
            claims = [service.claim(request_id, f"rival {n}") for n in range(THREADS)]
            results = race(
                [lambda each=each: stores.idempotency.begin(each, replaces=seen) for each in claims]  # type: ignore[misc]  # mypy infers no type for a lambda with a default
            )
            assert stores.idempotency.read(request_id) == claims[winner_of(results)]
