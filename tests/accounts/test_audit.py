"""Entries of the audit log: their month, their place, their end."""

from __future__ import annotations

from datetime import timedelta

from attrs import evolve
from hypothesis import given

from commitcollect_adapters.testing.service_strategies import audit_events
from commitcollect_core.accounts.audit import AuditEvent, AuditPosition
from commitcollect_core.accounts.chain import AuditEntry
from commitcollect_core.accounts.ports import AuditPage
from commitcollect_core.accounts.sessions import USER_AGENT_CHARS_MAX
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.values import UserId

any_entry = audit_events(user_id=UserId("user"), correlation_id="flow")


@given(entry=any_entry)
def test_an_entry_is_found_under_its_month(entry: AuditEvent) -> None:
    """Six digits of UTC, so that months sort as they follow each other."""
    assert entry.month == f"{entry.occurred_at.year:04}{entry.occurred_at.month:02}"


@given(entry=any_entry, other=any_entry)
def test_the_place_of_an_entry_is_its_time_request_and_user(entry: AuditEvent, other: AuditEvent) -> None:
    """Together they name it: nothing else about an entry moves it."""
    assert entry.position == AuditPosition(entry.occurred_at, entry.request_id, entry.user_id)
    same = evolve(other, occurred_at=entry.occurred_at, request_id=entry.request_id)
    assert same.position == entry.position


@given(event=any_entry)
def test_a_page_tells_events_without_their_chain(event: AuditEvent) -> None:
    """Who looks for what happened need not know how entries are linked."""
    entry = AuditEntry(event=event, sequence=1, previous="", digest="x")
    assert AuditPage(entries=(entry,)).events == (event,)


@given(entry=any_entry)
def test_an_entry_may_be_forgotten_after_ninety_days(entry: AuditEvent) -> None:
    """Counted from what it tells of, not from when it was written."""
    assert entry.expires_at(DEFAULT_POLICY) - entry.occurred_at == timedelta(days=90)


@given(entry=any_entry)
def test_what_a_browser_says_of_itself_is_cut(entry: AuditEvent) -> None:
    """A user agent of any length costs no more than it is worth."""
    talkative = evolve(entry, user_agent="x" * 10_000)
    assert talkative.user_agent == "x" * USER_AGENT_CHARS_MAX
