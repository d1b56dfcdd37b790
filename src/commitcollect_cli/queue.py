"""``commitcollect queue``: jobs that wait, and those that were set aside."""

from __future__ import annotations

import click

from commitcollect_adapters.serialization import Document, epoch
from commitcollect_adapters.settings import Settings
from commitcollect_adapters.system import SystemClock
from commitcollect_adapters.wiring import open_queue
from commitcollect_cli.options import json_option
from commitcollect_cli.output import print_json, say, show
from commitcollect_cli.render import show_count, table
from commitcollect_cli.store import store_options
from commitcollect_core.errors import NotFound
from commitcollect_core.jobs import ParkedJob
from commitcollect_core.policy import DEFAULT_POLICY

_key_argument = click.argument("key", metavar="JOB")


@click.group()
def queue() -> None:
    """See jobs that failed too often, try them again or drop them."""


@queue.command("list")
@store_options
@json_option
def list_(*, settings: Settings, as_json: bool) -> None:
    """List jobs that were set aside, oldest first; count the others."""
    with open_queue(settings, must_exist=True) as jobs:
        parked = jobs.parked(limit=DEFAULT_POLICY.jobs_parked_listed_max)
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
        "kind": parked.job.kind.value,
        "athleteId": parked.job.athlete_id,
        "activityId": parked.job.activity_id,
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
