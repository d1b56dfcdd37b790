"""``commitcollect queue``: jobs that wait, jobs that were set aside, and queues on SQS."""

from __future__ import annotations

import click

from commitcollect_adapters.backend import open_queue, queue_provisioning
from commitcollect_adapters.documents import parked_job_document
from commitcollect_adapters.settings import Settings
from commitcollect_adapters.system import SystemClock
from commitcollect_cli.output import print_result, say
from commitcollect_cli.provisioning import Column, Provisioned, add_commands
from commitcollect_cli.render import show_count, table
from commitcollect_cli.store import store_options
from commitcollect_core.errors import NotFound
from commitcollect_core.jobs.jobs import ParkedJob

_YES_NO = {True: "yes", False: "no", None: ""}
_key_argument = click.argument("key", metavar="JOB")


@click.group()
def queue() -> None:
    """See jobs that failed too often, retry or drop them; manage queues on SQS."""


add_commands(
    Provisioned(
        group=queue,
        plural="queues",
        content="every job",
        find=queue_provisioning,
        columns=(
            Column("is_encrypted", "Encrypted", _YES_NO),
            Column("sets_aside", "Sets failed jobs aside", _YES_NO),
        ),
    )
)


@queue.command("list")
@store_options
def list_(*, settings: Settings, as_json: bool) -> None:
    """List jobs that were set aside, oldest first; count the others."""
    with open_queue(settings, must_exist=True) as jobs:
        parked = jobs.parked(limit=settings.policy.jobs.jobs_parked_listed_max)
        counts = jobs.counts(now=SystemClock().now())
    document = {
        "waiting": counts.waiting,
        "leased": counts.leased,
        "parked": counts.parked,
        "jobs": [parked_job_document(each) for each in parked],
    }
    header = ("Job", "Set aside", "Tries", "Why")
    print_result(document, table(header, map(_row, parked)) if parked else (), as_json=as_json)
    if not as_json:
        waiting = show_count(counts.waiting, "job waits", "jobs wait")
        say(f"{waiting}, {counts.leased:,} under way, {counts.parked:,} set aside.")


def _row(parked: ParkedJob) -> tuple[str, ...]:
    return (
        parked.job.key,
        f"{parked.parked_at:%Y-%m-%d %H:%M}",
        str(parked.attempts),
        parked.reason,
    )


@queue.command()
@_key_argument
@store_options
def retry(*, settings: Settings, key: str, as_json: bool) -> None:
    """Put a job that was set aside back into the queue."""
    with open_queue(settings, must_exist=True) as jobs:
        is_done = jobs.unpark(key, now=SystemClock().now())
    _report(key, "waiting", "waits again", is_done=is_done, as_json=as_json)


@queue.command()
@_key_argument
@store_options
def drop(*, settings: Settings, key: str, as_json: bool) -> None:
    """Delete a job that was set aside."""
    with open_queue(settings, must_exist=True) as jobs:
        is_done = jobs.drop(key)
    _report(key, "dropped", "is deleted", is_done=is_done, as_json=as_json)


def _report(key: str, state: str, result: str, *, is_done: bool, as_json: bool) -> None:
    if not is_done:
        raise NotFound(
            f"no job {key!r} was set aside; 'commitcollect queue list' shows those that were",
            code="job_not_found",
        )
    print_result({"job": key, "state": state}, [f"{key} {result}."], as_json=as_json)
