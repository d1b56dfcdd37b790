"""``commitcollect queue``: jobs that wait, and those that were set aside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from commitcollect_adapters.documents import Document
from commitcollect_adapters.records.columns import epoch
from commitcollect_adapters.settings import Settings
from commitcollect_adapters.system import SystemClock
from commitcollect_adapters.wiring import open_queue, sqs_queues
from commitcollect_cli.options import json_option
from commitcollect_cli.output import EXIT_FAILURE, is_confirmed, print_json, say, show
from commitcollect_cli.render import show_count, table
from commitcollect_cli.store import store_options
from commitcollect_core.errors import NotFound
from commitcollect_core.jobs.jobs import ParkedJob
from commitcollect_core.policy import DEFAULT_POLICY

if TYPE_CHECKING:
    from commitcollect_adapters.aws.sqs.provisioning import QueueStatus

MISSING = "MISSING"
"""The state of a queue that is not there."""

_key_argument = click.argument("key", metavar="JOB")


@click.group()
def queue() -> None:
    """See jobs that failed too often, try them again or drop them; manage queues on SQS."""


@queue.command()
@store_options
@json_option
def create(*, settings: Settings, as_json: bool) -> None:
    """Make the queues on SQS that are not there. May be repeated."""
    queues = sqs_queues(settings)
    from commitcollect_adapters.aws.sqs.provisioning import create_queues  # noqa: PLC0415 - boto3 takes half a second

    _print_statuses(create_queues(queues), as_json=as_json)


@queue.command()
@store_options
@json_option
@click.pass_context
def status(ctx: click.Context, *, settings: Settings, as_json: bool) -> None:
    """Say which queues on SQS are there. Ends with 1 if one is not."""
    queues = sqs_queues(settings)
    from commitcollect_adapters.aws.sqs.provisioning import queue_statuses  # noqa: PLC0415 - boto3 takes half a second

    statuses = queue_statuses(queues)
    _print_statuses(statuses, as_json=as_json)
    ctx.exit(EXIT_FAILURE if any(each.state == MISSING for each in statuses) else 0)


@queue.command()
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Only say what would be deleted.")
@store_options
@json_option
@click.pass_context
def delete(ctx: click.Context, *, settings: Settings, is_sure: bool, is_dry_run: bool, as_json: bool) -> None:
    """Delete the queues on SQS with every job in them."""
    queues = sqs_queues(settings)
    from commitcollect_adapters.aws.sqs.provisioning import delete_queues, queue_statuses  # noqa: PLC0415 - as above

    there = queue_statuses(queues)
    if is_dry_run:
        _print_statuses(there, as_json=as_json)
        return
    names = ", ".join(each.name for each in there if each.state != MISSING)
    if names and not is_sure and not is_confirmed(f"Delete {names} with every job in them?"):
        say("Nothing was deleted.")
        ctx.exit(EXIT_FAILURE)
    _print_statuses(delete_queues(queues), as_json=as_json)


def _print_statuses(statuses: Sequence[QueueStatus], *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "queues": [
                    {
                        "name": each.name,
                        "state": each.state,
                        "isEncrypted": each.is_encrypted,
                        "setsAside": each.sets_aside,
                    }
                    for each in statuses
                ]
            }
        )
        return
    shown = {True: "yes", False: "no", None: ""}
    rows = ((each.name, each.state, shown[each.is_encrypted], shown[each.sets_aside]) for each in statuses)
    for line in table(("Queue", "State", "Encrypted", "Sets failed jobs aside"), rows):
        show(line)
    if any(each.state == MISSING for each in statuses):
        say("Make the missing ones with: commitcollect queue create")


@queue.command("list")
@store_options
@json_option
def list_(*, settings: Settings, as_json: bool) -> None:
    """List jobs that were set aside, oldest first; count the others."""
    with open_queue(settings, must_exist=True) as jobs:
        parked = jobs.parked(limit=DEFAULT_POLICY.jobs.jobs_parked_listed_max)
        counts = jobs.counts(now=SystemClock().now())
    if as_json:
        print_json(
            {
                "waiting": counts.waiting,
                "leased": counts.leased,
                "parked": counts.parked,
                "jobs": [_document(each) for each in parked],
            }
        )
        return
    for line in table(("Job", "Set aside", "Tries", "Why"), map(_row, parked)) if parked else ():
        show(line)
    waiting = show_count(counts.waiting, "job waits", "jobs wait")
    say(f"{waiting}, {counts.leased:,} under way, {counts.parked:,} set aside.")


def _row(parked: ParkedJob) -> tuple[str, ...]:
    return (
        parked.job.key,
        f"{parked.parked_at:%Y-%m-%d %H:%M}",
        str(parked.attempts),
        parked.reason,
    )


def _document(parked: ParkedJob) -> Document:
    return {
        "job": parked.job.key,
        "kind": parked.job.kind,
        "subject": dict(parked.job.subject),
        "attempts": parked.attempts,
        "reason": parked.reason,
        "parkedAtUtc": epoch(parked.parked_at),
    }


@queue.command()
@_key_argument
@store_options
@json_option
def retry(*, settings: Settings, key: str, as_json: bool) -> None:
    """Let a job that was set aside wait again."""
    with open_queue(settings, must_exist=True) as jobs:
        is_done = jobs.unpark(key, now=SystemClock().now())
    _report(key, "waiting", "waits again", is_done=is_done, as_json=as_json)


@queue.command()
@_key_argument
@store_options
@json_option
def drop(*, settings: Settings, key: str, as_json: bool) -> None:
    """Forget a job that was set aside."""
    with open_queue(settings, must_exist=True) as jobs:
        is_done = jobs.drop(key)
    _report(key, "dropped", "is forgotten", is_done=is_done, as_json=as_json)


def _report(key: str, state: str, said: str, *, is_done: bool, as_json: bool) -> None:
    if not is_done:
        raise NotFound(
            f"no job {key!r} was set aside; 'commitcollect queue list' shows those that were",
            code="job_not_found",
        )
    if as_json:
        print_json({"job": key, "state": state})
    else:
        show(f"{key} {said}.")
