"""``commitcollect simulate``: a history becomes a statue."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commitcollect_cli.completing import complete_store
from commitcollect_cli.drawing import earned_parts, picture_lines
from commitcollect_cli.goal_options import goal_options
from commitcollect_cli.history import exit_code_of, read_files, say_left_out, staged
from commitcollect_cli.options import json_option, user_option
from commitcollect_cli.output import print_result, progress, say
from commitcollect_cli.render import milestone_lines, show_count
from commitcollect_cli.store import settings_here
from commitcollect_core.errors import Conflict

if TYPE_CHECKING:
    from commitcollect_adapters.documents import Document
    from commitcollect_adapters.readers.intake import Intake
    from commitcollect_adapters.settings import Settings
    from commitcollect_adapters.simulation.simulation import Simulation, SimulationReport
    from commitcollect_adapters.sqlite.staging import StagedHistory
    from commitcollect_cli.wishes import GoalOptions
    from commitcollect_core.policy import Policy
    from commitcollect_core.training.ports import Ports
    from commitcollect_core.training.tracking import NewMilestone
    from commitcollect_core.values import UserId

DEFAULT_TARGET = "distance=1000km"
DEMO_TARGET = "distance=15000km"
"""The demo athlete gets most of the way, which shows more than a statue that is whole."""

DEMO_ACTIVITIES = 600
DEMO_ACTIVITIES_MAX = 1_000_000
ORDERS = ("start", "file", "shuffled")
"""The values of `Order`."""
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
@goal_options
@click.option(
    "--store",
    "store",
    shell_complete=complete_store,
    metavar="STORE",
    help="Keep the result here: a SQLite file or dynamodb://…. Default: a temporary file.",
)
@user_option
@click.option(
    "--force", "is_forced", is_flag=True, help="Add the demo history to a STORE that holds another."
)
@click.option(
    "--order", type=click.Choice(ORDERS), default="start", show_default=True,
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
def simulate(
    *,
    files: tuple[Path, ...],
    demo: bool,
    activities: int,
    goals: GoalOptions,
    store: str | None,
    user_id: UserId,
    is_forced: bool,
    order: str,
    duplicates: int,
    has_crashes: bool,
    seed: int,
    as_json: bool,
) -> int:
    """Run a training history through the engine and show the statue it has earned.

    FILES are what 'commitcollect workout import' takes. The clock is virtual: each activity arrives when it
    ends. Without a target it is
    distance=1000km, for the demo distance=15000km; each of several makes a milestone of its own.
    """
    from commitcollect_adapters.readers.demo import demo_history
    from commitcollect_adapters.readers.intake import Intake
    from commitcollect_adapters.simulation.simulation import Delivery, Simulation
    from commitcollect_adapters.sqlite.staging import Order

    if bool(files) == demo:
        raise click.UsageError("give one or more FILES, or --demo")
    if is_forced and not (demo and store):
        raise click.UsageError("--force goes with --demo and --store")
    settings, _ = settings_here(store, user_id)
    policy = settings.policy
    intake = Intake(policy=policy)
    delivery = Delivery(order=Order(order), duplicates=duplicates, has_crashes=has_crashes, seed=seed)
    default = DEMO_TARGET if demo else DEFAULT_TARGET
    _check_number(goals, policy, default)
    activity_list = (
        demo_history(seed=seed, activities=activities, policy=policy)
        if demo
        # The clock is virtual, so only the policy's own bounds say what is too far in the future.
        else read_files(intake, files, now=policy.training.workout_started_at_max)
    )
    # Read before the store is opened: files that cannot be read leave no new store behind.
    with staged(activity_list) as history, _store(settings, is_named=store is not None) as ports:
        if demo and not is_forced:
            _check_holds_no_other(ports, user_id, history, policy)
        wishes = goals.wishes(policy, first_day=_first_day(history, policy), default=default)
        simulation = Simulation(ports, user_id, delivery, policy=policy)
        report = _run(simulation, history, wishes, duplicates)
        print_result(_document(report, intake), _lines(report, ports, order), as_json=as_json)
    if not as_json:
        if not report.imported:
            say("There was no activity to deliver.")
        say_left_out(intake)
    return exit_code_of(intake)


def _check_number(goals: GoalOptions, policy: Policy, default: str) -> None:
    """Refuse targets before anything is opened: one is too large, or there are too many."""
    number = len(goals.aims(policy, default=default))
    most = policy.training.milestones_tracked_max
    if number > most and not goals.is_combination:
        raise click.UsageError(
            f"{number} targets are too many; an athlete has at most {most} milestones under way"
        )


def _check_holds_no_other(ports: Ports, user_id: UserId, history: StagedHistory, policy: Policy) -> None:
    """Refuse to mix the demo history with another: parts that it earns stay for ever.

    Raises:
        Conflict: the athlete has a workout that is not of this demo, or milestones and no workouts.
    """
    from commitcollect_core.training.history import walk_workouts
    from commitcollect_core.training.ports import WorkoutQuery

    query = WorkoutQuery(limit=policy.training.page_items_max)
    is_empty = True
    for workout in walk_workouts(ports.ledger, user_id, query):
        is_empty = False
        if not history.holds(workout.key):
            raise _other_history(user_id)
    if is_empty and ports.ledger.read_head(user_id).tracked_milestone_ids:
        raise _other_history(user_id)


def _other_history(user_id: UserId) -> Conflict:
    return Conflict(
        f"the store holds another history of {user_id!r}, and parts that the demo earns there would stay; "
        "name another --store or --user, or give --force",
        code="other_history",
    )


@contextmanager
def _store(settings: Settings, *, is_named: bool) -> Iterator[Ports]:
    """The store that ``--store`` names, else a temporary one: never the athlete's own by default."""
    from commitcollect_adapters.backend import open_ports, ports_on
    from commitcollect_adapters.sqlite.backend import open_sqlite

    if is_named:
        with open_ports(settings.store, settings.policy) as ports:
            yield ports
        return
    with (
        tempfile.TemporaryDirectory(prefix="commitcollect-") as folder,
        open_sqlite(
            str(Path(folder) / "simulation.db"), settings.policy, must_exist=False, is_durable=False
        ) as backend,
    ):
        yield ports_on(backend)


def _first_day(history: StagedHistory, policy: Policy) -> datetime:
    first = history.earliest_start() or policy.training.workout_started_at_min
    return first.replace(hour=0, minute=0, second=0)


def _run(
    simulation: Simulation, history: StagedHistory, wishes: Sequence[NewMilestone], duplicates: int
) -> SimulationReport:
    with progress("Training", len(history) * (1 + duplicates)) as advance:
        return simulation.run(history, wishes, on_delivery=advance)


def _document(report: SimulationReport, intake: Intake) -> Document:
    from commitcollect_adapters.documents import exclusions_document, milestone_view_document

    counts = report.workouts
    return {
        "workouts": {
            "imported": report.imported,
            "counted": counts.counted,
            "deleted": counts.deleted,
            "skipped": exclusions_document(counts.skipped),
            **intake.document(),
        },
        "deliveries": report.deliveries,
        "crashes": report.crashes,
        "milestones": [
            {
                **milestone_view_document(view, now=report.ended_at),
                "excluded": exclusions_document(exclusions),
            }
            for view, exclusions in zip(report.milestones, report.exclusions, strict=True)
        ],
        "stateDigest": report.digest,
    }


def _lines(report: SimulationReport, ports: Ports, order: str) -> Iterator[str]:
    from commitcollect_core.training.statues import model_of

    for view, exclusions in zip(report.milestones, report.exclusions, strict=True):
        model = model_of(ports.catalog, view.milestone)
        picture = picture_lines(ports.catalog, model, earned_parts(view))
        yield from milestone_lines(view, model, exclusions, picture)
        yield ""
    if report.milestones and order != ORDERS[0]:
        yield "Days stand in no order: a part bears the day of the activity that reached it, as they arrived."
    activities = show_count(report.imported, "activity", "activities")
    deliveries = show_count(report.deliveries, "delivery", "deliveries")
    crashes = f", {show_count(report.crashes, 'crash', 'crashes')}" if report.crashes else ""
    yield f"{activities} in {deliveries}{crashes}; state {report.digest[:16]}"
