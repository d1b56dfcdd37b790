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
from commitcollect_adapters.testing.contracts.checks import assert_read_back, property_test, race, winner_of
from commitcollect_adapters.testing.contracts.stores import StoresContract
from commitcollect_adapters.testing.service_strategies import LATER, audit_entries, audit_events, chain_heads
from commitcollect_core.accounts.audit import AuditEvent, AuditPosition, AuditType
from commitcollect_core.accounts.chain import AuditEntry, ChainHead, chained
from commitcollect_core.accounts.ports import AuditLog, AuditPage
from commitcollect_core.errors import InvalidInput, VersionConflict
from commitcollect_core.values import UserId

_PAGE_ITEMS = 10
_WRITERS = 20


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
            nothing = AuditPage(entries=())
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
            service.write_audit(stores.audit, event)
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
                service.write_audit(stores.audit, event)

            read_page = partial(stores.audit.of_type, AuditType.AUTH_LOGIN, month=events[0].month)
            for limit in (1, 2, 3, 9):
                assert _walk(read_page, limit, most=9) == events
            following = f"{next_month:%Y%m}"
            page = stores.audit.of_type(AuditType.AUTH_LOGIN, month=following, after=None, limit=9)
            assert not page.events

    def test_what_no_store_can_keep_is_refused(self) -> None:
        """Half a character has no encoding: a clear error, not one of the driver, and nothing is written."""
        with self.open_stores() as stores:
            user_id = samples.new_athlete()
            for change in ({"user_agent": "\ud800"}, {"data": {"\udfff": "x"}}):
                entry, head = chained(
                    ChainHead(user_id=user_id), service.audit_event(user_id, "request"), service.AUDIT_KEYS
                )
                bad = evolve(entry, event=evolve(entry.event, **change))
                with pytest.raises(InvalidInput, match="no store can keep"):
                    stores.audit.append(bad, head)
            assert _entries_of(stores.audit, user_id) == ()

    def test_the_same_entry_again_changes_nothing(self) -> None:
        """Written twice it is stored once, however it is read."""
        with self.open_stores() as stores:
            user_id = samples.new_athlete()
            event = service.audit_event(user_id, "1", occurred_at=service.new_month())
            for _ in range(2):
                service.write_audit(stores.audit, event)
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
                service.write_audit(stores.audit, event)
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
                service.write_audit(stores.audit, event)
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
                service.write_audit(stores.audit, service.audit_event(user_id, "1", correlation_id=flow))
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
            service.write_audit(stores.audit, other)
            assert _entries_of(stores.audit, event.user_id) == ()
            assert not stores.audit.of_flow(event.correlation_id, after=None, limit=9).events
            service.write_audit(stores.audit, event)
            assert _entries_of(stores.audit, event.user_id) == (event,)
            assert stores.audit.of_flow(event.correlation_id, after=None, limit=9).events == (event,)

    def test_what_happens_behind_the_fence_is_written_down(self) -> None:
        """Deleting an account is logged as well."""
        with self.open_stores() as stores:
            user_id = samples.new_athlete()
            service.fence(stores, user_id)
            event = service.audit_event(user_id, "1", event_type=AuditType.ACCOUNT_DELETE)
            service.write_audit(stores.audit, event)
            assert _entries_of(stores.audit, user_id) == (event,)

    # The chain

    @property_test
    @given(data=st.data())
    def test_an_entry_and_its_head_are_read_back(self, data: st.DataObject) -> None:
        """Every field of the chain comes back as it was, by place and by key."""
        with self.open_stores() as stores:
            user_id = samples.new_athlete()
            assert stores.audit.read_head(user_id) == ChainHead(user_id=user_id)
            entry = data.draw(audit_entries(user_id=user_id))
            assert stores.audit.find(entry.event.position) is None
            for version in (1, 2):
                head = data.draw(chain_heads(user_id=user_id, version=version))
                if version == 1:
                    stores.audit.append(entry, head)
                else:
                    stores.audit.write_head(head)
                assert_read_back(stores.audit.read_head(user_id), head)
                assert_read_back(stores.audit.find(entry.event.position), entry)
                (listed,) = stores.audit.of_user(user_id, after=None, limit=9).entries
                assert_read_back(listed, entry)

    def test_an_entry_is_appended_with_the_next_head_or_not_at_all(self) -> None:
        """A head that is not one version ahead is refused, and a place that is taken.

        Nothing is written then.
        """
        with self.open_stores() as stores:
            user_id = samples.new_athlete()
            first = service.write_audit(stores.audit, service.audit_event(user_id, "1"))
            head = stores.audit.read_head(user_id)
            event = service.audit_event(user_id, "2")
            entry, after = chained(head, event, service.AUDIT_KEYS)
            for version in (0, 1, 3):
                with pytest.raises(VersionConflict):
                    stores.audit.append(entry, evolve(after, version=version))
                with pytest.raises(VersionConflict):
                    stores.audit.write_head(evolve(after, version=version))
            taken = evolve(entry, event=evolve(event, request_id="1"))
            with pytest.raises(VersionConflict):
                stores.audit.append(taken, after)
            assert stores.audit.read_head(user_id) == head
            assert stores.audit.of_user(user_id, after=None, limit=9).entries == (first,)
            stores.audit.append(entry, after)
            assert stores.audit.of_user(user_id, after=None, limit=9).entries == (first, entry)

    def test_of_two_heads_one_is_taken(self) -> None:
        """Each race on the head's version alone: other entries, other places, no entry at all."""
        with self.open_stores() as stores:
            user_id = samples.new_athlete()
            entries = [
                chained(ChainHead(user_id=user_id), service.audit_event(user_id, f"{n}"), service.AUDIT_KEYS)
                for n in range(8)
            ]

            def append(entry: AuditEntry, head: ChainHead) -> None:
                stores.audit.append(entry, head)

            winner = winner_of(race([partial(append, *each) for each in entries]))
            assert stores.audit.of_user(user_id, after=None, limit=9).entries == (entries[winner][0],)
            head = evolve(entries[winner][1], version=2)
            winner_of(race([partial(stores.audit.write_head, head)] * 8))

    def test_many_writers_leave_one_unbroken_chain(self) -> None:
        """Twenty at once: every entry is there, numbered without a gap, each behind the one before."""
        with self.open_stores() as stores:
            user_id = samples.new_athlete()
            auditing = service.auditing(stores.audit)
            events = [service.audit_event(user_id, f"{n:02}") for n in range(2 * _WRITERS)]

            def write(first: int) -> None:
                for event in events[first::_WRITERS]:
                    auditing.append(event)

            race([partial(write, first) for first in range(_WRITERS)])
            found = auditing.verify(user_id)
            assert (found.bad, found.entries, found.head.sequence) == (None, len(events), len(events))
            assert [each.event for each in auditing.of_user(user_id)] == events

    def test_the_same_event_is_appended_once(self) -> None:
        """Also when many try it at once, as after an answer that was lost."""
        with self.open_stores() as stores:
            auditing = service.auditing(stores.audit)
            event = service.audit_event(samples.new_athlete(), "1")
            entries = race([lambda: auditing.append(event)] * 8)
            assert all(each == entries[0] for each in entries)
            assert auditing.append(event) == entries[0]
            assert auditing.verify(event.user_id).entries == 1

    def test_an_erased_chain_goes_on(self) -> None:
        """Nothing of the person is left but the head; what comes later is chained to it."""
        with self.open_stores() as stores:
            auditing = service.auditing(stores.audit)
            user_id, other = samples.new_athlete(), samples.new_athlete()
            for n in range(5):
                for each in (user_id, other):
                    auditing.append(service.audit_event(each, f"{n}"))
            head = auditing.erase(user_id)
            assert (head.sequence, head.erased_sequence) == (5, 5)
            assert auditing.erase(user_id) == head
            assert not stores.audit.of_user(user_id, after=None, limit=9).entries
            assert auditing.verify(user_id).bad is None
            last = auditing.append(service.audit_event(user_id, "last"))
            assert (last.sequence, last.previous) == (6, head.digest)
            assert (auditing.verify(user_id).bad, auditing.verify(other).bad) == (None, None)
            stores.audit.remove(user_id, through=5)
            assert stores.audit.of_user(user_id, after=None, limit=9).entries == (last,)
            assert [each.sequence for each in auditing.of_user(other)] == [1, 2, 3, 4, 5]

    @pytest.mark.parametrize("suffix", ["b", "-1", "0"])
    def test_chains_of_look_alike_users_are_apart(self, suffix: str) -> None:
        """An id that is a prefix of another has its own head."""
        with self.open_stores() as stores:
            auditing = service.auditing(stores.audit)
            user_id = samples.new_athlete()
            longer = UserId(user_id + suffix)
            auditing.append(service.audit_event(longer, "1"))
            assert stores.audit.read_head(user_id) == ChainHead(user_id=user_id)
            auditing.append(service.audit_event(user_id, "1"))
            auditing.erase(user_id)
            assert auditing.verify(longer).entries == 1
