"""``commitcollect queue``: jobs that wait, jobs that were set aside, and queues on SQS."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from commitcollect_cli.options import dry_run_option
from commitcollect_cli.output import fitting, print_result, say
from commitcollect_cli.provisioning import Column, Provisioned, add_commands
from commitcollect_cli.render import show_count, table
from commitcollect_cli.store import store_options
from commitcollect_core.errors import NotFound

if TYPE_CHECKING:
    from commitcollect_adapters.backend import Provisioning
    from commitcollect_adapters.settings import Settings
    from commitcollect_core.jobs.jobs import ParkedJob, QueuedJob

_YES_NO = {True: "yes", False: "no", None: ""}
_key_argument = click.argument("key", metavar="JOB")


def _find(settings: Settings) -> Provisioning:
    from commitcollect_adapters.backend import queue_provisioning

    return queue_provisioning(settings)


@click.group()
def queue() -> None:
    """See jobs that failed too often, retry or drop them; manage queues on SQS."""


add_commands(
    Provisioned(
        group=queue,
        plural="queues",
        content="every job",
        find=_find,
        columns=(
            Column("is_encrypted", "Encrypted", _YES_NO),
            Column("sets_aside", "Sets failed jobs aside", _YES_NO),
        ),
    )
)


_athlete_option = click.option("--athlete", metavar="ID", help="Strava's id of an athlete whose jobs wait.")


@queue.command("list")
@_athlete_option
@click.option("--all", "is_all", is_flag=True, help="Also those that wait or are under way, first due first.")
@store_options
def list_(*, settings: Settings, athlete: str | None, is_all: bool, as_json: bool) -> None:
    """List jobs that were set aside, oldest first; count the others.

    With --athlete, list the jobs of one athlete that wait or are under way.
    """
    from commitcollect_adapters.backend import open_queue
    from commitcollect_adapters.documents import parked_job_document, queued_job_document
    from commitcollect_adapters.system import SystemClock

    if athlete is not None:
        _list_waiting(settings, athlete, as_json=as_json)
        return
    with open_queue(settings, must_exist=True) as jobs:
        parked = jobs.parked(limit=settings.policy.jobs.jobs_parked_listed_max)
        counts = jobs.counts(now=SystemClock().now())
        waiting = jobs.waiting(None, limit=settings.policy.jobs.jobs_parked_listed_max) if is_all else ()
    document = {
        "waiting": counts.waiting,
        "leased": counts.leased,
        "parked": counts.parked,
        "jobs": [parked_job_document(each) for each in parked],
        **({"waitingJobs": [queued_job_document(each) for each in waiting]} if is_all else {}),
    }
    header = ("Job", "Set aside", "Tries", "Why")
    lines = [*_waiting_lines(waiting), *(table(header, map(_row, parked)) if parked else ())]
    print_result(document, fitting(lines), as_json=as_json)
    if not as_json:
        told = show_count(counts.waiting, "job waits", "jobs wait")
        say(f"{told}, {counts.leased:,} under way, {counts.parked:,} set aside.")


def _waiting_lines(waiting: Sequence[QueuedJob]) -> Iterator[str]:
    """Jobs that wait, with when they are due, how often they were tried and why the last try failed."""
    rows = (
        (each.job.key, f"{each.due_at:%Y-%m-%d %H:%M:%S}", str(each.attempts), each.last_error or "-")
        for each in waiting
    )
    return table(("Job", "Due", "Tries", "Last error"), rows) if waiting else iter(())


def _list_waiting(settings: Settings, athlete: str, *, as_json: bool) -> None:
    from commitcollect_adapters.backend import open_queue
    from commitcollect_adapters.documents import queued_job_document

    with open_queue(settings, must_exist=True) as jobs:
        waiting = jobs.waiting(_group(athlete), limit=settings.policy.jobs.jobs_parked_listed_max)
    document = {"jobs": [queued_job_document(each) for each in waiting]}
    print_result(document, fitting(_waiting_lines(waiting)), as_json=as_json)
    if not waiting and not as_json:
        say(f"No job of athlete {athlete} waits.")


def _group(athlete: str) -> str:
    from commitcollect_core.strava.jobs import group_of
    from commitcollect_core.values import AthleteId, require_id

    require_id(athlete, "athlete")
    return group_of(AthleteId(athlete))


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
    from commitcollect_adapters.backend import open_queue
    from commitcollect_adapters.system import SystemClock

    with open_queue(settings, must_exist=True) as jobs:
        is_done = jobs.unpark(key, now=SystemClock().now())
    _report(key, "waiting", "waits again", is_done=is_done, as_json=as_json)


@queue.command()
@click.argument("key", metavar="[JOB]", required=False)
@_athlete_option
@dry_run_option
@store_options
def drop(
    *, settings: Settings, key: str | None, athlete: str | None, is_dry_run: bool, as_json: bool
) -> None:
    """Delete a job that was set aside, or with --athlete all jobs of one athlete that wait.

    What their events told of is then found by 'commitcollect strava reconcile'.
    """
    from commitcollect_adapters.backend import open_queue

    if (key is None) == (athlete is None):
        raise click.UsageError("name either a job or --athlete")
    if key is None:
        _drop_waiting(settings, athlete or "", is_dry_run=is_dry_run, as_json=as_json)
        return
    with open_queue(settings, must_exist=True) as jobs:
        if is_dry_run:
            parked = jobs.parked(limit=settings.policy.jobs.jobs_parked_listed_max)
            is_there = key in {each.job.key for each in parked}
            _report(key, "parked", "would be deleted", is_done=is_there, as_json=as_json)
            return
        is_done = jobs.drop(key)
    _report(key, "dropped", "is deleted", is_done=is_done, as_json=as_json)


def _drop_waiting(settings: Settings, athlete: str, *, is_dry_run: bool, as_json: bool) -> None:
    from commitcollect_adapters.backend import open_queue

    with open_queue(settings, must_exist=True) as jobs:
        if is_dry_run:
            limit = settings.policy.jobs.jobs_parked_listed_max
            count = len(jobs.waiting(_group(athlete), limit=limit))
            line = f"Would delete {show_count(count, 'job', 'jobs')}; one that is under way stays."
            print_result({"isDryRun": True, "athleteId": athlete, "dropped": count}, [line], as_json=as_json)
            return
        count = jobs.drop_waiting(_group(athlete))
    line = f"{show_count(count, 'job is', 'jobs are')} deleted."
    print_result({"athleteId": athlete, "dropped": count}, [line], as_json=as_json)


def _report(key: str, state: str, result: str, *, is_done: bool, as_json: bool) -> None:
    if not is_done:
        raise NotFound(
            f"no job {key!r} was set aside; 'commitcollect queue list' shows those that were",
            code="job_not_found",
        )
    print_result({"job": key, "state": state}, [f"{key} {result}."], as_json=as_json)
