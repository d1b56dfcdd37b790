"""``commitcollect simulate``: a history becomes a statue."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click

from commitcollect_adapters.documents import Document, award_document, milestone_document
from commitcollect_adapters.readers.demo import demo_history
from commitcollect_adapters.simulation.simulation import Delivery, Simulation, SimulationReport
from commitcollect_adapters.sqlite.staging import Order, StagedHistory
from commitcollect_adapters.wiring import open_ports, sqlite_ports
from commitcollect_cli.drawing import earned_parts, picture_lines
from commitcollect_cli.history import Intake, staged
from commitcollect_cli.options import Target, UtcDay, goal_options, json_option, user_option
from commitcollect_cli.output import print_json, progress, say, show
from commitcollect_cli.render import milestone_lines, show_count
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.training.ports import Ports
from commitcollect_core.training.sports import SportSelection
from commitcollect_core.training.statues import model_of
from commitcollect_core.training.tracking import NewMilestone
from commitcollect_core.training.workouts import ActivitySnapshot
from commitcollect_core.values import ModelId, TargetType, UserId

DEFAULT_TARGET = (TargetType.DISTANCE_METERS, 1_000_000)
DEMO_TARGET = (TargetType.DISTANCE_METERS, 15_000_000)
"""The demo athlete gets most of the way, which shows more than a statue that is whole."""

DEMO_ACTIVITIES = 600
DEMO_ACTIVITIES_MAX = 1_000_000
DUPLICATES_MAX = 100


@click.command(short_help="Run a training history and show its statue.")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--demo", is_flag=True, help="Use a made-up history instead of files.")
@click.option(
    "--activities",
    type=click.IntRange(1, DEMO_ACTIVITIES_MAX),
    default=DEMO_ACTIVITIES,
    show_default=True,
    help="Length of the demo history.",
)
@click.option(
    "--target",
    "targets",
    type=Target(),
    multiple=True,
    help="distance=1000km (m, km, mi), elevation=8848m (m, ft), time=100h or count=52; may be repeated. "
    "Default: distance=1000km; for the demo 15000km.",
)
@click.option(
    "--from",
    "period_start_at",
    type=UtcDay(),
    help="Leave out activities that start before this UTC day. Default: the first activity's day.",
)
@goal_options
@click.option(
    "--store",
    "store",
    metavar="STORE",
    help="Keep the result here: a SQLite file or dynamodb://…. Default: a temporary file.",
)
@user_option
@click.option(
    "--order", type=click.Choice([each.value for each in Order]), default="start", show_default=True,
    help="Deliver the activities in this order.",
)  # fmt: skip
@click.option(
    "--duplicate", "duplicates", type=click.IntRange(0, DUPLICATES_MAX), default=0, metavar="N",
    help="Deliver each activity N more times, at places by chance.",
)  # fmt: skip
@click.option(
    "--crash", "has_crashes", is_flag=True, help="Crash now and then at a store call, and start anew."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of everything left to chance.")
@json_option
@click.pass_context
def simulate(
    ctx: click.Context,
    *,
    files: tuple[Path, ...],
    demo: bool,
    activities: int,
    targets: tuple[tuple[TargetType, int], ...],
    period_start_at: datetime | None,
    period_end_at: datetime | None,
    sports: SportSelection,
    model_id: ModelId,
    store: str | None,
    user_id: UserId,
    order: str,
    duplicates: int,
    has_crashes: bool,
    seed: int,
    as_json: bool,
) -> None:
    """Run a training history through the engine and show the statue it has earned.

    FILES are what 'commitcollect workout import' takes. The clock is virtual: each activity arrives when it
    ends.
    """
    if bool(files) == demo:
        raise click.UsageError("give one or more FILES, or --demo")
    intake = Intake(policy=DEFAULT_POLICY)
    delivery = Delivery(order=Order(order), duplicates=duplicates, has_crashes=has_crashes, seed=seed)
    # Read before the store is opened: files that cannot be read leave no new store behind.
    with staged(_snapshots(intake, files, activities, seed)) as history, _store(store) as ports:
        start_at = period_start_at or _first_day(history)
        wishes = [
            NewMilestone(
                model_id=model_id,
                sports=sports,
                target_type=target_type,
                total_target=total_target,
                period_start_at=start_at,
                period_end_at=period_end_at,
            )
            for target_type, total_target in _distinct(targets)
            or ((DEMO_TARGET if demo else DEFAULT_TARGET),)
        ]
        report = _run(Simulation(ports, user_id, delivery), history, wishes, duplicates)
        if as_json:
            print_json(_document(report, intake))
        else:
            _print(report, ports, intake)
    ctx.exit(intake.exit_code)


def _distinct(targets: Sequence[tuple[TargetType, int]]) -> tuple[tuple[TargetType, int], ...]:
    """Each target once; refused before anything is opened if there are more than an athlete may have."""
    distinct = tuple(dict.fromkeys(targets))
    if len(distinct) > DEFAULT_POLICY.training.milestones_tracked_max:
        raise click.UsageError(
            f"{len(distinct)} targets are too many; an athlete has at most "
            f"{DEFAULT_POLICY.training.milestones_tracked_max} milestones under way"
        )
    return distinct


@contextmanager
def _store(address: str | None) -> Iterator[Ports]:
    """The store named, or a temporary one. The user's own default store is never taken for a simulation."""
    if address is not None:
        with open_ports(address) as ports:
            yield ports
        return
    with (
        tempfile.TemporaryDirectory(prefix="commitcollect-") as folder,
        sqlite_ports(Path(folder) / "simulation.db", is_durable=False) as ports,
    ):
        yield ports


def _snapshots(
    intake: Intake, files: Sequence[Path], activities: int, seed: int
) -> Iterator[ActivitySnapshot]:
    if files:
        # The clock is virtual, so only the policy's own bounds say what is too far in the future.
        return intake.read(files, now=DEFAULT_POLICY.training.workout_started_at_max)
    return demo_history(seed=seed, activities=activities, policy=DEFAULT_POLICY)


def _first_day(history: StagedHistory) -> datetime:
    first = history.earliest_start() or DEFAULT_POLICY.training.workout_started_at_min
    return first.replace(hour=0, minute=0, second=0)


def _run(
    simulation: Simulation, history: StagedHistory, wishes: Sequence[NewMilestone], duplicates: int
) -> SimulationReport:
    with progress("Training", len(history) * (1 + duplicates)) as advance:
        return simulation.run(history, wishes, on_delivery=advance)


def _document(report: SimulationReport, intake: Intake) -> Document:
    counts = report.workouts
    return {
        "workouts": {
            "imported": report.imported,
            "counted": counts.counted,
            "deleted": counts.deleted,
            "skipped": {reason.value: count for reason, count in sorted(counts.skipped.items())},
            **intake.document(),
        },
        "deliveries": report.deliveries,
        "crashes": report.crashes,
        "milestones": [
            {
                **milestone_document(view.milestone),
                "excluded": {reason.value: count for reason, count in sorted(exclusions.items())},
                "awards": [award_document(award) for award in view.awards],
            }
            for view, exclusions in zip(report.milestones, report.exclusions, strict=True)
        ],
        "stateDigest": report.digest,
    }


def _print(report: SimulationReport, ports: Ports, intake: Intake) -> None:
    for view, exclusions in zip(report.milestones, report.exclusions, strict=True):
        model = model_of(ports.catalog, view.milestone)
        picture = picture_lines(model, earned_parts(view))
        for line in milestone_lines(view, model, exclusions, picture=picture):
            show(line)
        show()
    activities = show_count(report.imported, "activity", "activities")
    deliveries = show_count(report.deliveries, "delivery", "deliveries")
    crashes = f", {show_count(report.crashes, 'crash', 'crashes')}" if report.crashes else ""
    show(f"{activities} in {deliveries}{crashes}; state {report.digest[:16]}")
    if not report.imported:
        say("There was no activity to deliver.")
    intake.say()
