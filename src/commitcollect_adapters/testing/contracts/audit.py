"""Every promise of `AuditLog`."""
# ruff: noqa: S101 - a suite asserts, though it does not live under tests/

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Protocol

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from commitcollect_adapters.testing import samples
from commitcollect_adapters.testing import service_samples as service
from commitcollect_adapters.testing.contracts.checks import assert_read_back, property_test
from commitcollect_adapters.testing.contracts.stores import StoresContract
from commitcollect_adapters.testing.service_strategies import LATER, audit_events
from commitcollect_core.accounts.audit import AuditEvent, AuditPage, AuditPosition, AuditType
from commitcollect_core.accounts.ports import AuditLog
from commitcollect_core.values import UserId

_PAGE_ITEMS = 10


class _ReadPage(Protocol):
    def __call__(self, *, after: AuditPosition | None, limit: int) -> AuditPage: ...


def _entries_of(log: AuditLog, user_id: UserId) -> tuple[AuditEvent, ...]:
    return log.of_user(user_id, after=None, limit=_PAGE_ITEMS).events


def _walk(read_page: _ReadPage, limit: int, most: int) -> list[AuditEvent]:
    """Every entry, page by page, in `most` pages at most."""
    found: list[AuditEvent] = []
    page = read_page(after=None, limit=limit)
    for _ in range(most):
        assert len(page.events) <= limit
        found += page.events
        if page.next is None:
            break
        page = read_page(after=page.next, limit=limit)
    return found


def _in_order(events: Sequence[AuditEvent]) -> list[AuditEvent]:
    return sorted(events, key=lambda each: (each.occurred_at, each.request_id))


_few_places = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(["1", "10", "2", "B", "a"])), unique=True, max_size=8
)


class AuditLogContract(StoresContract):
    """Subclass it, call the class ``Test…`` and run pytest."""

    def test_the_log_is_empty_at_first(self) -> None:
        """Reading is not an error."""
        with self.open_stores() as stores:
            nothing = AuditPage(events=())
            user_id, flow = samples.new_athlete(), service.new_name("flow")
            month = f"{service.new_month():%Y%m}"
            assert stores.audit.of_user(user_id, after=None, limit=1) == nothing
            assert stores.audit.of_flow(flow, after=None, limit=1) == nothing
            assert stores.audit.of_type(AuditType.AUTH_LOGIN, month=month, after=None, limit=1) == nothing

    @property_test
    @given(data=st.data())
    def test_an_entry_is_read_back(self, data: st.DataObject) -> None:
        """Every field is read back, by user and by flow."""
        with self.open_stores() as stores:
            user_id, flow = samples.new_athlete(), service.new_name("flow")
            event = data.draw(audit_events(user_id=user_id, correlation_id=flow))
            stores.audit.write(event)
            for page in (
                stores.audit.of_user(user_id, after=None, limit=_PAGE_ITEMS),
                stores.audit.of_flow(flow, after=None, limit=_PAGE_ITEMS),
            ):
                (found,) = page.events
                assert_read_back(found, event)

    def test_an_entry_is_found_under_its_type_and_month(self) -> None:
        """Months are UTC; other types and months do not show.

        The user of an entry does not matter.
        """
        with self.open_stores() as stores:
            month = service.new_month()
            next_month = (month + timedelta(days=31)).replace(day=1)
            events = [
                service.audit_event(samples.new_athlete(), f"{n}", occurred_at=occurred_at)
                for n, occurred_at in enumerate(
                    (month, month + timedelta(days=3), next_month - timedelta(seconds=1))
                )
            ]
            other_type = service.audit_event(
                samples.new_athlete(), "type", occurred_at=month, event_type=AuditType.AUTH_LOGOUT
            )
            for event in (*events[::-1], other_type):
                stores.audit.write(event)

            read_page = partial(stores.audit.of_type, AuditType.AUTH_LOGIN, month=events[0].month)
            for limit in (1, 2, 3, 9):
                assert _walk(read_page, limit, most=9) == events
            following = f"{next_month:%Y%m}"
            page = stores.audit.of_type(AuditType.AUTH_LOGIN, month=following, after=None, limit=9)
            assert not page.events

    def test_the_same_entry_again_changes_nothing(self) -> None:
        """Written twice it is stored once, however it is read."""
        with self.open_stores() as stores:
            user_id = samples.new_athlete()
            event = service.audit_event(user_id, "1", occurred_at=service.new_month())
            for _ in range(2):
                stores.audit.write(event)
                assert _entries_of(stores.audit, user_id) == (event,)
                flow = stores.audit.of_flow(event.correlation_id, after=None, limit=_PAGE_ITEMS)
                assert flow.events == (event,)
                of_type = stores.audit.of_type(
                    event.event_type, month=event.month, after=None, limit=_PAGE_ITEMS
                )
                assert of_type.events == (event,)

    @property_test
    @given(places=_few_places, limit=st.integers(1, 9))
    def test_pages_follow_each_other_without_gap_or_repetition(
        self, places: list[tuple[int, str]], limit: int
    ) -> None:
        """Entries come in order of time, then of request.

        This holds for a user and for a flow, in pages of any size.
        """
        with self.open_stores() as stores:
            user_id, flow = samples.new_athlete(), service.new_name("flow")
            events = [
                service.audit_event(
                    user_id, request_id, occurred_at=LATER + timedelta(seconds=seconds), correlation_id=flow
                )
                for seconds, request_id in places
            ]
            for event in events:
                stores.audit.write(event)
            for read_page in (partial(stores.audit.of_user, user_id), partial(stores.audit.of_flow, flow)):
                assert _walk(read_page, limit, most=len(events) + 1) == _in_order(events)
                assert (read_page(after=None, limit=limit).next is None) == (len(events) <= limit)

    def test_a_walk_goes_on_behind_a_place_where_nothing_is(self) -> None:
        """A position may name an entry that has expired since."""
        with self.open_stores() as stores:
            user_id, flow = samples.new_athlete(), service.new_name("flow")
            events = [
                service.audit_event(
                    user_id, "1", occurred_at=LATER + timedelta(seconds=seconds), correlation_id=flow
                )
                for seconds in (1, 3)
            ]
            for event in events:
                stores.audit.write(event)
            for seconds, request_id, left in (
                (0, "1", events),
                (1, "0", events),
                (1, "2", events[1:]),
                (2, "1", events[1:]),
                (4, "1", []),
            ):
                after = AuditPosition(LATER + timedelta(seconds=seconds), request_id, user_id)
                for page in (
                    stores.audit.of_user(user_id, after=after, limit=9),
                    stores.audit.of_flow(flow, after=after, limit=9),
                ):
                    assert list(page.events) == left

    def test_entries_of_several_users_share_a_place_in_their_flow(self) -> None:
        """One request may be about several users; paging returns all.

        The pages hold single entries here.
        """
        with self.open_stores() as stores:
            flow = service.new_name("flow")
            users = [samples.new_athlete() for _ in range(4)]
            for user_id in users:
                stores.audit.write(service.audit_event(user_id, "1", correlation_id=flow))
            walked = _walk(partial(stores.audit.of_flow, flow), 1, most=9)
            assert sorted(each.user_id for each in walked) == sorted(users)

    @pytest.mark.parametrize("suffix", ["b", "-1", "0"])
    def test_users_and_flows_never_see_each_other(self, suffix: str) -> None:
        """An id that is a prefix of another has its own entries."""
        with self.open_stores() as stores:
            event = service.audit_event(samples.new_athlete(), "1")
            other = evolve(
                event,
                user_id=UserId(event.user_id + suffix),
                correlation_id=event.correlation_id + suffix,
            )
            stores.audit.write(other)
            assert _entries_of(stores.audit, event.user_id) == ()
            assert not stores.audit.of_flow(event.correlation_id, after=None, limit=9).events
            stores.audit.write(event)
            assert _entries_of(stores.audit, event.user_id) == (event,)
            assert stores.audit.of_flow(event.correlation_id, after=None, limit=9).events == (event,)

    def test_what_happens_behind_the_fence_is_written_down(self) -> None:
        """Deleting an account is logged as well."""
        with self.open_stores() as stores:
            user_id = samples.new_athlete()
            service.fence(stores, user_id)
            event = service.audit_event(user_id, "1", event_type=AuditType.ACCOUNT_DELETE)
            stores.audit.write(event)
            assert _entries_of(stores.audit, user_id) == (event,)
