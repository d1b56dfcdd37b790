"""``commitcollect audit``: who did what, and whether the log is as it was written."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING

import click

from commitcollect_cli.output import print_result, say
from commitcollect_cli.render import show_count, table
from commitcollect_cli.store import list_limit, store_options
from commitcollect_core.accounts.audit import AuditType
from commitcollect_core.errors import EXIT_FAILURE

if TYPE_CHECKING:
    from commitcollect_adapters.settings import Settings
    from commitcollect_core.accounts.auditing import Auditing
    from commitcollect_core.accounts.chain import AuditEntry, Checkpoint, Verification

LISTED = 50
_MONTH = re.compile(r"(?P<year>[0-9]{4})-?(?P<month>0[1-9]|1[0-2])")
_CHECKPOINT = re.compile(r"(?P<sequence>[0-9]{1,15}):(?P<digest>[0-9a-f]{64})")


@click.group()
def audit() -> None:
    """Read the audit log, and verify that nothing in it was changed."""


@contextmanager
def _auditing(settings: Settings) -> Iterator[Auditing]:
    from commitcollect_adapters.backend import open_backend
    from commitcollect_adapters.services import auditing_of

    with open_backend(settings.store, settings.policy, must_exist=True) as backend:
        yield auditing_of(settings, backend)


def _month(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    found = _MONTH.fullmatch(value)
    if found is None:
        raise click.BadParameter(f"{value!r} is not a month; write it as 2026-11")
    return found["year"] + found["month"]


_month_option = click.option(
    "--month", callback=_month, metavar="YYYY-MM", help="UTC month.  [default: the present one]"
)


@audit.command("list")
@click.option(
    "--type",
    "event_type",
    type=click.Choice([each.value for each in AuditType]),
    help="Entries of one type in a month, of everyone.",
)
@_month_option
@click.option("--limit", type=click.IntRange(1), metavar="N", help=f"The most to list.  [default: {LISTED}]")
@store_options
def list_(
    *, settings: Settings, event_type: str | None, month: str | None, limit: int | None, as_json: bool
) -> None:
    """List the newest entries about --user, oldest first; or those of one type in a month."""
    from commitcollect_adapters.system import SystemClock

    most = list_limit(settings, limit, default=LISTED)
    with _auditing(settings) as auditing:
        if event_type is None:
            # All are read to list the newest: the log of a person is 90 days at most.
            found = list(auditing.of_user(settings.user))[-most:]
        else:
            month = month or f"{SystemClock().now():%Y%m}"
            found = list(islice(auditing.of_type(AuditType(event_type), month=month), most))
    _print_entries(found, as_json=as_json)


@audit.command()
@click.argument("correlation_id", metavar="CORRELATION")
@store_options
def trace(*, settings: Settings, correlation_id: str, as_json: bool) -> None:
    """List everything that came of one request or event, oldest first."""
    from commitcollect_core.flows import is_flow

    if not is_flow(correlation_id):
        raise click.BadParameter("a correlation id has letters, digits, '.', '_' and '-'")
    with _auditing(settings) as auditing:
        found = list(islice(auditing.of_flow(correlation_id), settings.policy.training.page_items_max))
    _print_entries(found, as_json=as_json)


def _print_entries(found: Iterable[AuditEntry], *, as_json: bool) -> None:
    from commitcollect_adapters.documents import audit_document

    entries = list(found)
    document = {"entries": [audit_document(each) for each in entries]}
    header = ("When (UTC)", "User", "What", "Result", "Details", "Correlation")
    print_result(document, table(header, map(_row, entries)) if entries else (), as_json=as_json)
    if not as_json:
        say(f"{show_count(len(entries), 'entry', 'entries')}.")


def _row(entry: AuditEntry) -> tuple[str, ...]:
    event = entry.event
    details = {**event.data, **event.metrics}
    shown = ", ".join(f"{name} {value}" for name, value in details.items())
    return (
        f"{event.occurred_at:%Y-%m-%d %H:%M:%S}",
        event.user_id,
        event.event_type.value,
        event.result.value,
        "".join(filter(str.isprintable, shown))[:80],
        event.correlation_id,
    )


@audit.command()
@_month_option
@store_options
def report(*, settings: Settings, month: str | None, as_json: bool) -> None:
    """Count a month's entries by type and result."""
    from commitcollect_adapters.system import SystemClock

    month = month or f"{SystemClock().now():%Y%m}"
    counts: Counter[tuple[str, str]] = Counter()
    with _auditing(settings) as auditing:
        for event_type in AuditType:
            for entry in auditing.of_type(event_type, month=month):
                counts[event_type.value, entry.event.result.value] += 1
    document = {
        "month": month,
        "counts": [
            {"eventType": event_type, "result": result, "entries": count}
            for (event_type, result), count in sorted(counts.items())
        ],
    }
    rows = ((event_type, result, f"{count:,}") for (event_type, result), count in sorted(counts.items()))
    print_result(document, table(("What", "Result", "Entries"), rows) if counts else (), as_json=as_json)
    if not as_json:
        say(f"{show_count(counts.total(), 'entry', 'entries')} in {month}.")


def _checkpoint(_ctx: click.Context, _param: click.Parameter, value: str | None) -> Checkpoint | None:
    from commitcollect_core.accounts.chain import Checkpoint

    if value is None:
        return None
    found = _CHECKPOINT.fullmatch(value)
    if found is None:
        raise click.BadParameter("a checkpoint is what 'commitcollect audit verify' printed, NUMBER:DIGEST")
    return Checkpoint(int(found["sequence"]), found["digest"])


@audit.command()
@click.option(
    "--checkpoint",
    callback=_checkpoint,
    metavar="NUMBER:DIGEST",
    help="What an earlier verification printed: finds a log that was put back to before it.",
)
@store_options
def verify(*, settings: Settings, checkpoint: Checkpoint | None, as_json: bool) -> int:
    """Verify that no entry about --user was changed, removed, swapped or cut off."""
    from commitcollect_adapters.documents import verification_document

    with _auditing(settings) as auditing:
        found = auditing.verify(settings.user, checkpoint=checkpoint)
    print_result(verification_document(found), [_verdict(found)], as_json=as_json)
    return 0 if found.bad is None else EXIT_FAILURE


def _verdict(found: Verification) -> str:
    count = show_count(found.entries, "entry", "entries")
    bad = found.bad
    if bad is None:
        head = found.head
        return f"{count}, as written. Checkpoint: {head.sequence}:{head.digest}"
    at = bad.position
    where = "" if at is None else f" ({at.occurred_at:%Y-%m-%d %H:%M:%S} UTC, request {at.request_id})"
    return (
        f"{count}; the first bad one is number {bad.sequence}{where}: {bad.fault.value.replace('_', ' ')}. "
        "With another audit key than the entries were written with, every entry looks edited."
    )
