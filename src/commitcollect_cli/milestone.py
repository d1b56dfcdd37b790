"""``commitcollect milestone``: goals, and how far they have come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

import click

from commitcollect_adapters.backend import open_app
from commitcollect_adapters.documents import (
    explanation_document,
    milestone_document,
    milestone_view_document,
    recompute_document,
)
from commitcollect_adapters.settings import Settings
from commitcollect_cli.drawing import earned_parts, picture_lines
from commitcollect_cli.options import UtcDay, goal_options, limit_option, parse_milestone_id, target_option
from commitcollect_cli.output import print_result, say, show, stream_json
from commitcollect_cli.render import milestone_lines, show_exclusions, show_goal, show_reason, table
from commitcollect_cli.store import list_limit, store_options
from commitcollect_cli.units import check_target, show_amount
from commitcollect_core.app import CommitCollect
from commitcollect_core.training.goals import Exclusion, Explanation, Goal
from commitcollect_core.training.milestones import Milestone
from commitcollect_core.training.sports import SportSelection
from commitcollect_core.training.statues import model_of
from commitcollect_core.training.tracking import MilestoneView, NewMilestone, Recomputed
from commitcollect_core.values import MilestoneId, ModelId, TargetType

MILESTONES_LISTED = 50
_id_argument = click.argument("milestone_id", metavar="ID", callback=parse_milestone_id)


@click.group()
def milestone() -> None:
    """Set goals, and see how far they have come."""


@milestone.command()
@target_option
@click.option(
    "--from",
    "period_start_at",
    type=UtcDay(),
    required=True,
    help="Leave out activities that start before this UTC day.",
)
@goal_options
@store_options
def create(
    *,
    settings: Settings,
    targets: tuple[tuple[TargetType, int], ...],
    period_start_at: datetime,
    period_end_at: datetime | None,
    sports: SportSelection,
    model_id: ModelId,
    as_json: bool,
) -> None:
    """Open a milestone; workouts already in the store count at once."""
    if len(targets) != 1:
        raise click.UsageError("give exactly one --target; create a milestone for each")
    [(target_type, total_target)] = targets
    check_target(target_type, total_target, settings.policy)
    wish = NewMilestone(
        model_id=model_id,
        sports=sports,
        target_type=target_type,
        total_target=total_target,
        period_start_at=period_start_at,
        period_end_at=period_end_at,
    )
    with open_app(settings) as app:
        view = app.tracking.create(settings.user, wish, is_bounded=False)
        print_result(milestone_view_document(view), _lines(view, app), as_json=as_json)


@milestone.command("list")
@limit_option(MILESTONES_LISTED)
@click.option("--after", metavar="ID", callback=parse_milestone_id, help="Go on behind this milestone.")
@store_options
def list_(*, settings: Settings, limit: int | None, after: MilestoneId | None, as_json: bool) -> None:
    """List milestones in order of id."""
    with open_app(settings, must_exist=True) as app:
        items = list_limit(settings, limit, default=MILESTONES_LISTED)
        page = app.tracking.list(settings.user, after=after, limit=items)
    document = {"milestones": [milestone_document(each) for each in page.milestones], "next": page.next}
    header = ("Milestone", "Statue", "Parts", "Done", "Goal")
    lines = table(header, map(_row, page.milestones)) if page.milestones else ()
    print_result(document, lines, as_json=as_json)
    if not as_json and not page.milestones:
        say("No milestones; open one with 'commitcollect milestone create'.")
    if not as_json and page.next is not None:
        say(f"There are more: --after {page.next}")


def _row(milestone: Milestone) -> tuple[str, ...]:
    goal = milestone.goal
    parts = f"{milestone.parts_awarded:2} of {goal.parts_total}"
    percent = f"{milestone.percent_complete:3} %"
    return (milestone.milestone_id, goal.model_id, parts, percent, show_goal(goal))


@milestone.command("show")
@_id_argument
@store_options
def show_(*, settings: Settings, milestone_id: MilestoneId, as_json: bool) -> None:
    """Show a milestone and its statue."""
    with open_app(settings, must_exist=True) as app:
        view = app.tracking.view(settings.user, milestone_id)
        print_result(milestone_view_document(view), _lines(view, app), as_json=as_json)


@milestone.command()
@_id_argument
@store_options
def explain(*, settings: Settings, milestone_id: MilestoneId, as_json: bool) -> None:
    """Say of every workout how much it counts, or why not."""
    with open_app(settings, must_exist=True) as app:
        view = app.tracking.view(settings.user, milestone_id)
        explanations = app.tracking.explain(settings.user, milestone_id)
        if as_json:
            stream_json(
                milestone_document(view.milestone), "workouts", map(explanation_document, explanations)
            )
            return
        for line in _explanation_lines(view.milestone.goal, explanations):
            show(line)


def _explanation_lines(goal: Goal, explanations: Iterable[Explanation]) -> Iterator[str]:
    """A line per workout; columns of fixed width, as the last is not known while the first is shown."""
    excluded: dict[Exclusion, int] = {}
    counted = 0
    for each in explanations:
        if each.exclusion is None:
            counted += 1
            verdict = show_amount(goal.target_type, each.amount)
        else:
            excluded[each.exclusion] = excluded.get(each.exclusion, 0) + 1
            verdict = f"- {show_reason(each.exclusion)}"
        workout = each.workout.snapshot
        facts = f"{workout.started_at:%Y-%m-%d %H:%M}  {workout.sport_type:<14}  {verdict:<23}"
        yield f"{facts}  {workout.activity_id}  {workout.name}".rstrip()
    yield f"{show_goal(goal)}: {counted:,} workouts count" + (
        f"; not counted: {show_exclusions(excluded)}." if excluded else "."
    )


@milestone.command()
@_id_argument
@store_options
def recompute(*, settings: Settings, milestone_id: MilestoneId, as_json: bool) -> None:
    """Add a milestone up again from its workouts, and repair what differs."""
    with open_app(settings, must_exist=True) as app:
        found = app.tracking.recompute(settings.user, milestone_id, is_bounded=False)
        print_result(recompute_document(found), _lines(found.view, app), as_json=as_json)
    if not as_json:
        say(_verdict(found))


def _verdict(found: Recomputed) -> str:
    if not (found.progress_delta or found.current_delta or found.parts_delta):
        return f"It was right: {found.tally.counted:,} workouts add up to it."
    return (
        f"Repaired from {found.tally.counted:,} workouts: live sum {found.current_delta:+,}, "
        f"progress {found.progress_delta:+,}, parts {found.parts_delta:+,}."
    )


def _lines(view: MilestoneView, app: CommitCollect) -> Iterator[str]:
    yield f"Milestone {view.milestone.milestone_id}"
    catalog = app.ports.catalog
    model = model_of(catalog, view.milestone)
    yield from milestone_lines(view, model, picture=picture_lines(catalog, model, earned_parts(view)))
