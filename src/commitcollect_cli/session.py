"""``commitcollect session``: the browsers a person is signed in with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from commitcollect_cli.options import dry_run_option
from commitcollect_cli.output import print_result, say
from commitcollect_cli.render import show_count, table
from commitcollect_cli.store import store_options
from commitcollect_core.errors import NotFound

if TYPE_CHECKING:
    from commitcollect_adapters.settings import Settings
    from commitcollect_core.accounts.session_keeping import SessionKeeping
    from commitcollect_core.accounts.sessions import Session

_AGENT_CHARS_SHOWN = 60


@click.group()
def session() -> None:
    """List the browsers a person is signed in with, and sign them out."""


@contextmanager
def _sessions(settings: Settings) -> Iterator[SessionKeeping]:
    from commitcollect_adapters.backend import open_backend, ports_on
    from commitcollect_core.accounts.session_keeping import SessionKeeping
    from commitcollect_core.context import Context

    with open_backend(settings.store, settings.policy, must_exist=True) as backend:
        ports = ports_on(backend)
        context = Context(clock=ports.clock, ids=ports.ids, backoff=ports.backoff, policy=settings.policy)
        yield SessionKeeping(sessions=backend.stores().sessions, context=context)


@session.command("list")
@store_options
def list_(*, settings: Settings, as_json: bool) -> None:
    """List the sessions of --user, oldest first."""
    from commitcollect_adapters.documents import session_document

    with _sessions(settings) as sessions:
        found = sessions.list(settings.user)
    document = {"sessions": [session_document(each) for each in found]}
    header = ("Session", "Signed in", "Last seen", "Ends", "Browser")
    print_result(document, table(header, map(_row, found)) if found else (), as_json=as_json)
    if not as_json:
        say(f"{settings.user} has {show_count(len(found), 'session', 'sessions')}.")


def _row(found: Session) -> tuple[str, ...]:
    moments = (found.created_at, found.last_seen_at, found.expires_at)
    # What a browser says of itself may hold anything, and the terminal obeys control characters.
    agent = "".join(filter(str.isprintable, found.user_agent))[:_AGENT_CHARS_SHOWN]
    return (found.session_id, *(f"{each:%Y-%m-%d %H:%M}" for each in moments), agent)


@session.command()
@click.argument("session_id", metavar="SESSION", required=False)
@click.option("--all", "is_all", is_flag=True, help="End every session of the person.")
@dry_run_option
@store_options
def revoke(
    *, settings: Settings, session_id: str | None, is_all: bool, is_dry_run: bool, as_json: bool
) -> None:
    """End a session of --user, or all of them."""
    if (session_id is None) != is_all:
        raise click.UsageError("name a SESSION, as 'commitcollect session list' shows it, or give --all")
    with _sessions(settings) as sessions:
        if is_dry_run:
            known = [each.session_id for each in sessions.list(settings.user)]
            _preview([each for each in known if is_all or each == session_id], is_all=is_all, as_json=as_json)
            return
        if session_id is None:
            ended = list(sessions.revoke_others(settings.user))
        else:
            ended = [sessions.revoke(settings.user, session_id)]
    count = show_count(len(ended), "session", "sessions")
    print_result({"revoked": [each.session_id for each in ended]}, [f"Ended {count}."], as_json=as_json)


def _preview(ids: Sequence[str], *, is_all: bool, as_json: bool) -> None:
    if not ids and not is_all:
        raise NotFound("there is no such session", code="session_not_found")
    line = f"Would end {show_count(len(ids), 'session', 'sessions')}."
    print_result({"isDryRun": True, "revoked": list(ids)}, [line], as_json=as_json)
