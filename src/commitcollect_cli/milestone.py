"""``commitcollect milestone``: goals, and how far they have come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from commitcollect_adapters.backend import open_app
from commitcollect_adapters.documents import (
    explanation_document,
    milestone_document,
    milestone_view_document,
    preview_document,
    recompute_document,
)
from commitcollect_adapters.settings import Settings
from commitcollect_adapters.wording.goals import effect_lines, kind_of, show_day, show_goal, show_start
from commitcollect_adapters.wording.units import show_amount, show_progress
from commitcollect_cli.drawing import earned_parts, picture_lines
from commitcollect_cli.goal_options import GoalOptions, goal_options
from commitcollect_cli.options import limit_option, parse_milestone_id
from commitcollect_cli.output import print_result, say, show, stream_json
from commitcollect_cli.render import milestone_lines, show_exclusions, show_reason, table
from commitcollect_cli.store import list_limit, store_options

if TYPE_CHECKING:
    from commitcollect_core.app import CommitCollect
    from commitcollect_core.training.goals import Exclusion, Goal
    from commitcollect_core.training.milestones import Milestone
    from commitcollect_core.training.tallies import Explanation
    from commitcollect_core.training.tracking import MilestoneView, Preview, Recomputed
    from commitcollect_core.values import MilestoneId

MILESTONES_LISTED = 50
_VERDICT_CHARS, _EFFECT_CHARS = 23, 42
_id_argument = click.argument("milestone_id", metavar="ID", callback=parse_milestone_id)


@click.group()
def milestone() -> None:
    """Set goals, and see how far they have come."""


@milestone.command()
@goal_options
@click.option("--dry-run", is_flag=True, help="Only say what it would be worth now; open nothing.")
@store_options
def create(*, settings: Settings, goals: GoalOptions, dry_run: bool, as_json: bool) -> None:
    """Open a milestone; workouts already in the store count at once."""
    wishes = goals.wishes(settings.policy)
    if len(wishes) != 1:
        raise click.UsageError("give one --target, or join several with --all-of; one milestone at a time")
    [wish] = wishes
    with open_app(settings, must_exist=dry_run) as app:
        if dry_run:
            preview = app.tracking.preview(settings.user, wish)
            print_result(preview_document(preview), _preview_lines(preview), as_json=as_json)
            return
        view = app.tracking.create(settings.user, wish, is_bounded=False)
        print_result(milestone_view_document(view), _lines(view, app), as_json=as_json)


def _preview_lines(preview: Preview) -> Iterator[str]:
    goal, history = preview.goal, preview.tally
    yield show_goal(goal)
    done = show_progress(kind_of(goal), history.current_value, goal.total_target)
    yield f"You would have {len(history.crossings)} of {goal.parts_total} parts at once: {done}."
    if history.crossings:
        first, last = history.crossings[0], history.crossings[-1]
        yield (
            f"The first was earned on {show_day(first.earned_at, goal)}, the last so far on "
            f"{show_day(last.earned_at, goal)}."
        )


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
    width = _VERDICT_CHARS if goal.is_plain else _EFFECT_CHARS
    for each in explanations:
        if each.exclusion is None:
            counted += 1
            verdict = "; ".join(effect_lines(each.effects)) or show_amount(goal.target_type, each.amount)
        else:
            excluded[each.exclusion] = excluded.get(each.exclusion, 0) + 1
            verdict = f"- {show_reason(each.exclusion)}"
        workout = each.workout.snapshot
        facts = f"{show_start(each.workout, goal)} {workout.sport_type:<14}  {verdict:<{width}}"
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
    from commitcollect_core.training.statues import model_of  # noqa: PLC0415 - for what is shown only

    yield f"Milestone {view.milestone.milestone_id}"
    catalog = app.ports.catalog
    model = model_of(catalog, view.milestone)
    yield from milestone_lines(view, model, picture=picture_lines(catalog, model, earned_parts(view)))
