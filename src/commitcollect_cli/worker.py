"""``commitcollect worker``: works through the queue."""

from __future__ import annotations

import math
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event
from types import FrameType
from typing import TYPE_CHECKING

import click

from commitcollect_cli.output import print_result, say, status_line
from commitcollect_cli.render import show_count
from commitcollect_cli.store import log_options, logging_here, store_options
from commitcollect_core.errors import StorageUnavailable

if TYPE_CHECKING:
    from commitcollect_adapters.backend import Backend
    from commitcollect_adapters.observing.trail import AuditTrail
    from commitcollect_adapters.settings import Settings
    from commitcollect_core.jobs.worker import JobEnd, Worker, WorkReport
    from commitcollect_core.service import Service

IDLE_SECONDS = 1.0
TIDY_SECONDS = 3_600.0
IDLE_SECONDS_MAX = 3_600.0
_STOPPING = b"Stopping after the job at hand; once more stops at once.\n"

_ENDS = {  # by the values of `JobEnd`
    "done": "done",
    "goes_on": "with more to do",
    "deferred": "put off",
    "to_be_tried_again": "to be tried again",
    "parked": "set aside",
    "lease_lost": "taken over by another worker",
}


@click.command(short_help="Work through the queue.")
@click.option("--once", "is_once", is_flag=True, help="End when nothing is due, instead of waiting for more.")
@click.option(
    "--idle",
    "idle_seconds",
    type=click.FloatRange(0.01, IDLE_SECONDS_MAX),
    default=IDLE_SECONDS,
    show_default=True,
    help="Seconds to wait when nothing is due.",
)
@log_options
@store_options
def worker(*, settings: Settings, is_once: bool, idle_seconds: float, verbosity: int, as_json: bool) -> None:
    """Work through the queue until told to stop.

    SIGTERM or Ctrl-C ends it after the job it is at; a second one ends it at once. Any number of workers may
    run at once. Each job makes a line of the log on stderr.
    """
    from commitcollect_adapters.services import open_service, open_trail
    from commitcollect_core.jobs.worker import JobEnd
    from commitcollect_core.strava.refreshing import LookResult

    with (
        status_line() as show_status,
        logging_here(settings, verbosity, before=lambda: show_status("")),
        open_service(settings) as (service, backend),
        open_trail(settings, backend) as trail,
        _stopped_by_signals() as stopped,
    ):
        if trail is None:
            say("No COMMITCOLLECT_AUDIT_KEYS: nothing is written to the audit log.")

        if not is_once:
            say("Working; stop with Ctrl-C.")
        idle = None if is_once else idle_seconds
        ends, results = work(service.worker, stopped, tidying(service, backend).run, idle, trail, show_status)
    document = {
        "jobs": {each.value: ends[each] for each in JobEnd},
        "outcomes": dict.fromkeys(LookResult, 0) | results,
    }
    print_result(document, [_summed_up(ends)], as_json=as_json)


def _summed_up(ends: Counter[JobEnd]) -> str:
    ended = ", ".join(f"{count:,} {_ENDS[end]}" for end, count in ends.items())
    return f"Worked {show_count(ends.total(), 'time', 'times')}" + (f": {ended}." if ended else ".")


def work(
    worker: Worker,
    stopped: Event,
    when_idle: Callable[[], None],
    idle_seconds: float | None,
    trail: AuditTrail | None,
    show_status: Callable[[str], None] = lambda _line: None,
) -> tuple[Counter[JobEnd], Counter[str]]:
    """Do jobs until told to stop, or without `idle_seconds` until no job is due; what became of them."""
    from commitcollect_adapters.observing.logs import log_jobs

    ends: Counter[JobEnd] = Counter()
    results: Counter[str] = Counter()
    while not stopped.is_set():
        try:
            report = worker.run_once()
            log_jobs(report)
            if trail is not None:
                _audit(trail, report)
            if not report.jobs:
                when_idle()
        except StorageUnavailable as busy:
            if idle_seconds is None:
                raise
            say(f"Error: {busy.message}")
            stopped.wait(idle_seconds)
            continue
        ends += report.ends
        results += report.results
        show_status(f"Waiting for jobs. {_summed_up(ends)}" if not report.jobs else _summed_up(ends))
        if not report.jobs:
            if idle_seconds is None:
                break
            stopped.wait(idle_seconds)
    return ends, results


def _audit(trail: AuditTrail, report: WorkReport) -> None:
    """Record what became of jobs, each in its own flow, and write what waits."""
    from commitcollect_core.flows import flow

    for worked in report.worked:
        with flow(worked.job.correlation_id):
            trail.record(trail.caller("worker"), worked)
    trail.flush()


class Occasional:
    """An action that runs at the first call, and then at most once in an interval."""

    def __init__(
        self,
        act: Callable[[], object],
        *,
        every_seconds: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Run `act` at most once in `every_seconds`; `monotonic` tells how much time has passed."""
        self._act = act
        self._every_seconds = every_seconds
        self._monotonic = monotonic
        self._due_at = -math.inf

    def run(self) -> None:
        """Run the action if it is due."""
        now = self._monotonic()
        if now >= self._due_at:
            self._due_at = now + self._every_seconds
            self._act()


def tidying(service: Service, backend: Backend) -> Occasional:
    """What every worker does when it is idle: forget what has expired, and sweep deletions."""

    def tidy() -> None:
        backend.tidy(service.app.context.now())
        # A deletion whose job was lost, as with a restored queue, is put again.
        service.accounts.deleting.sweep()

    return Occasional(tidy, every_seconds=TIDY_SECONDS)


@contextmanager
def _stopped_by_signals() -> Iterator[Event]:
    """An event that SIGTERM and SIGINT set, instead of ending the process in the middle of a job.

    Each does so once: the second signal of a kind ends the process as usual.
    """
    stopped = Event()

    def stop(number: int, _frame: FrameType | None) -> None:
        stopped.set()
        # Before it is said: a reader may send the second signal at once.
        signal.signal(number, before[signal.Signals(number)])
        # Past the stream, which the interrupted code may be writing to right now.
        with suppress(OSError, ValueError):
            os.write(sys.stderr.fileno(), _STOPPING)

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
