"""``commitcollect strava reconcile``: compare with Strava and repair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click
from attrs import define, field

from commitcollect_cli.options import parse_athlete_id
from commitcollect_cli.output import print_result, say, show
from commitcollect_cli.render import show_count
from commitcollect_cli.store import store_options
from commitcollect_core.errors import EXIT_FAILURE, CommitCollectError, NeedsReconnect, ScopeMissing

if TYPE_CHECKING:
    from commitcollect_adapters.documents import Document
    from commitcollect_adapters.settings import Settings
    from commitcollect_core.service import Service
    from commitcollect_core.strava.reconciling import ReconcileReport
    from commitcollect_core.strava.rounds import Visit
    from commitcollect_core.values import AthleteId, UserId

DAYS_MAX = 20_000
REPAIRS_SHOWN_MAX = 20

_REPAIRS = {  # by the values of `Repair`
    "missing": "missing here",
    "outdated": "out of date here",
    "deleted_here": "deleted here",
    "gone_there": "gone from Strava",
}


@click.command()
@click.option(
    "--days",
    type=click.IntRange(1, DAYS_MAX),
    help="How far back to look. Default: reconcile_days of the policy.",
)
@click.option("--all", "is_round", is_flag=True, help="Every connected athlete, one after the other.")
@click.option(
    "--after",
    metavar="ATHLETE",
    callback=parse_athlete_id,
    help="With --all: go on behind this athlete of Strava's, as an earlier round said.",
)
@store_options
def reconcile(
    *, settings: Settings, days: int | None, is_round: bool, after: AthleteId | None, as_json: bool
) -> int:
    """Compare the last days with Strava and repair what differs. Ends with 1 if something was rejected."""
    from commitcollect_adapters.documents import reconcile_document
    from commitcollect_adapters.services import open_service

    if after is not None and not is_round:
        raise click.UsageError("--after goes with --all")
    with open_service(settings, must_exist=True) as (service, _):
        if is_round:
            return _reconcile_all(service, days, after, as_json=as_json)
        report = service.strava.reconciling.run(settings.user, days=days)
        # What was repaired is written and told, also where letting go fails.
        failure = _let_go(service, settings.user)
    print_result({**reconcile_document(report), **_not_let_go(failure)}, _lines(report), as_json=as_json)
    if not as_json:
        _say_remarks(report)
        if failure is not None:
            say(f"Not let go: {failure.message}")
    return EXIT_FAILURE if report.rejected or failure is not None else 0


def _let_go(service: Service, user_id: UserId) -> CommitCollectError | None:
    """Let workouts go that may be kept no longer; returns why some are still there."""
    try:
        service.strava.retaining.run(user_id)
    except CommitCollectError as failed:
        return failed
    return None


def _not_let_go(failure: CommitCollectError | None) -> Document:
    from commitcollect_adapters.documents import error_document

    return {} if failure is None else {"notLetGo": error_document(failure)}


def _say_remarks(report: ReconcileReport) -> None:
    for reason in report.rejected:
        say(f"Rejected: {reason}")
    for value in report.set_aside:
        say(f"Note: {value}; it counts without it")
    if report.asked_again:
        left = show_count(len(report.asked_again), "activity", "activities")
        say(f"Changing at this moment: {left}; 'commitcollect worker' looks once more.")


def _lines(report: ReconcileReport) -> Iterator[str]:
    from commitcollect_adapters.wording.goals import show_day

    for repair, workout in report.repairs[:REPAIRS_SHOWN_MAX]:
        started_at = workout.snapshot.started_at
        yield f"{workout.key.activity_id}  {started_at:%Y-%m-%d}  {workout.snapshot.name}  {_REPAIRS[repair]}"
    if len(report.repairs) > REPAIRS_SHOWN_MAX:
        yield f"… and {len(report.repairs) - REPAIRS_SHOWN_MAX:,} more"
    listed = show_count(report.listed, "activity", "activities")
    yield f"{listed} since {show_day(report.since)}: {_found(report)}."


def _found(report: ReconcileReport) -> str:
    counts = Counter(repair for repair, _ in report.repairs)
    repaired = ", ".join(f"{count:,} {_REPAIRS[repair]}" for repair, count in counts.items())
    is_settled = not report.rejected and not report.asked_again
    return repaired or ("all as stored" if is_settled else "nothing to repair yet")


@define
class _Sums:
    """What a round came to so far.

    Attributes:
        waiting: athletes who have to connect again, which no retry changes.
        failed: athletes whose reconciliation failed, or left something out.
    """

    athletes: int = 0
    repairs: int = 0
    waiting: int = 0
    failed: int = 0
    documents: list[Document] = field(factory=list)
    latest: AthleteId | None = None

    def add(self, visit: Visit) -> None:
        """Count an athlete."""
        from commitcollect_core.strava.reconciling import ReconcileReport

        self.athletes += 1
        self.latest = visit.athlete.athlete_id
        self.documents.append(_visit_document(visit))
        match visit.outcome:
            case ReconcileReport() as report:
                self.repairs += len(report.repairs)
                self.failed += bool(report.rejected or visit.retention_failure)
            case NeedsReconnect() | ScopeMissing():
                self.waiting += 1
            case _:
                self.failed += 1

    def line(self) -> str:
        """The round in a line."""
        athletes = show_count(self.athletes, "athlete", "athletes")
        waiting = f", {self.waiting:,} to connect again" if self.waiting else ""
        failed = f", {self.failed:,} with errors" if self.failed else ""
        return f"{athletes}: {show_count(self.repairs, 'workout', 'workouts')} repaired{waiting}{failed}."


def _reconcile_all(service: Service, days: int | None, after: AthleteId | None, *, as_json: bool) -> int:
    sums = _Sums()
    try:
        for visit in service.strava.rounds.run(after=after, days=days):
            sums.add(visit)
            if not as_json:
                show(_visit_line(visit))
    except CommitCollectError as stopped:
        if sums.latest is not None or after is not None:
            stopped.message += f" ({sums.athletes:,} done; go on with --all --after {sums.latest or after})"
        raise
    document = {
        "athletes": sums.documents,
        "repaired": sums.repairs,
        "toConnectAgain": sums.waiting,
        "failed": sums.failed,
    }
    print_result(document, [sums.line()], as_json=as_json)
    return EXIT_FAILURE if sums.failed else 0


def _visit_line(visit: Visit) -> str:
    outcome = visit.outcome
    if isinstance(outcome, CommitCollectError):
        said = outcome.message
    else:
        rejected = f", {len(outcome.rejected):,} rejected" if outcome.rejected else ""
        kept = f", not let go: {visit.retention_failure.message}" if visit.retention_failure else ""
        said = f"{show_count(outcome.listed, 'activity', 'activities')}: {_found(outcome)}{rejected}{kept}"
    count = _opened(visit)
    opened = f", {show_count(count, 'milestone', 'milestones')} opened" if count else ""
    return f"{visit.athlete.athlete_id} ({visit.athlete.user_id})  {said}{opened}"


def _opened(visit: Visit) -> int:
    """How many milestones of new periods were opened."""
    return len({each.milestone_id for commit in visit.opened.commits for each in commit.milestones})


def _visit_document(visit: Visit) -> Document:
    """What became of one athlete; repairs as numbers, since a round may have any number of them."""
    from commitcollect_adapters.documents import error_document

    outcome = visit.outcome
    who = {
        "athleteId": visit.athlete.athlete_id,
        "userId": visit.athlete.user_id,
        "milestonesOpened": _opened(visit),
    }
    if isinstance(outcome, CommitCollectError):
        return {**who, **error_document(outcome)}
    counts = Counter(repair.value for repair, _ in outcome.repairs)
    return {
        **who,
        "listed": outcome.listed,
        "repairs": dict(counts),
        "askedAgain": len(outcome.asked_again),
        "rejected": list(outcome.rejected),
        **_not_let_go(visit.retention_failure),
    }
