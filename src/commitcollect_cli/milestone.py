"""``commitcollect milestone``: goals, and how far they have come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import click

from commitcollect_cli.choosing import (
    by_creation,
    milestone_argument,
    milestone_id_of,
    optional_milestone_argument,
    shown_by_default,
)
from commitcollect_cli.completing import complete_milestone
from commitcollect_cli.drawing import earned_parts, picture_lines
from commitcollect_cli.goal_options import new_goal_options
from commitcollect_cli.options import dry_run_option, limit_option, parse_milestone_id
from commitcollect_cli.output import fitting, print_json, print_result, say, show, stream_json
from commitcollect_cli.render import (
    fitting_table,
    milestone_lines,
    show_count,
    show_exclusions,
    show_reason,
)
from commitcollect_cli.store import list_limit, open_to_read, store_options, suggest
from commitcollect_core.errors import CorruptItem, NotFound

if TYPE_CHECKING:
    from datetime import datetime

    from commitcollect_adapters.settings import Settings
    from commitcollect_cli.wishes import GoalOptions
    from commitcollect_core.app import CommitCollect
    from commitcollect_core.training.goals import Exclusion, Goal
    from commitcollect_core.training.milestones import Milestone
    from commitcollect_core.training.tallies import Explanation
    from commitcollect_core.training.tracking import MilestoneView, Preview, Recomputed
    from commitcollect_core.values import MilestoneId, UserId

MILESTONES_LISTED = 50
_VERDICT_CHARS, _EFFECT_CHARS = 23, 42
_GOAL_COLUMNS = 12
_STATUSES = ("active", "completed", "over", "archived", "all")


@click.group()
def milestone() -> None:
    """Set goals, and see how far they have come."""


@milestone.command()
@new_goal_options
@click.option("--name", default="", metavar="TEXT", help="What to call it.")
@click.option("--dry-run", is_flag=True, help="Only say what it would be worth now; open nothing.")
@store_options
def create(*, settings: Settings, goals: GoalOptions, name: str, dry_run: bool, as_json: bool) -> None:
    """Open a milestone; workouts already in the store count at once."""
    from attrs import evolve

    from commitcollect_adapters.documents import milestone_view_document, preview_document
    from commitcollect_adapters.services import open_audited_app
    from commitcollect_adapters.wording.amounts import shown_as_given

    wishes = goals.in_zone(settings.time_zone).wishes(settings.policy)
    if len(wishes) != 1:
        raise click.UsageError("give one --target, or join several with --all-of; one milestone at a time")
    wish = evolve(wishes[0], name=name)
    with open_audited_app(settings, must_exist=dry_run) as (app, record):
        if dry_run:
            preview = app.tracking.preview(settings.user, wish)
            with shown_as_given(wish.unit, preview.goal.aims):
                print_result(preview_document(preview), _preview_lines(preview), as_json=as_json)
            return
        view = app.tracking.create(settings.user, wish, is_bounded=False)
        record(view)
        document = milestone_view_document(view, now=app.context.now())
        print_result(document, _lines(view, app), as_json=as_json)


def _preview_lines(preview: Preview) -> Iterator[str]:
    from commitcollect_adapters.wording.amounts import show_progress
    from commitcollect_adapters.wording.goals import kind_of, show_day, show_goal

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
@click.option(
    "--after",
    metavar="ID",
    callback=parse_milestone_id,
    shell_complete=complete_milestone,
    help="Go on behind this milestone.",
)
@click.option(
    "--status",
    type=click.Choice(_STATUSES),
    help="Only those that are so; 'over' are unfinished with an ended period.  [default: all but archived]",
)
@store_options
def list_(
    *, settings: Settings, limit: int | None, after: MilestoneId | None, status: str | None, as_json: bool
) -> None:
    """List milestones in the order they were opened."""
    from commitcollect_adapters.documents import milestone_document

    with open_to_read(settings) as app:
        most = list_limit(settings, limit, default=MILESTONES_LISTED)
        now = app.context.now()
        everything = by_creation(app, settings.user)
    places = [number for number, each in enumerate(everything, start=1) if each.milestone_id == after]
    if after is not None and not places:
        raise NotFound(f"there is no milestone {after!r} to go on behind", code="milestone_not_found")
    rest = everything[places[0] :] if places else everything
    wanted = [each for each in rest if _is_listed(each, status, now)]
    page, left = wanted[:most], wanted[most:]
    next_id = page[-1].milestone_id if left else None
    document = {"milestones": [milestone_document(each, now=now) for each in page], "next": next_id}
    print_result(document, _table(page, now), as_json=as_json)
    if not as_json and not page:
        others = show_count(len(everything), "milestone", "milestones")
        suggest(
            f"No milestones there; --status all lists {others}."
            if everything
            else "No milestones; open one with 'commitcollect milestone create'."
        )
    if next_id is not None and not as_json:
        say(f"There are {len(left)} more: --after {next_id}")


def _is_listed(milestone: Milestone, status: str | None, now: datetime) -> bool:
    if status is None:
        return milestone.archived_at is None
    return status == "all" or _status(milestone, now) == status


def _status(milestone: Milestone, now: datetime) -> str:
    """One word for a list."""
    if milestone.archived_at is not None:
        return "archived"
    return "over" if milestone.is_over(now) else milestone.status.value.lower()


def _table(milestones: Sequence[Milestone], now: datetime) -> Iterator[str]:
    if not milestones:
        return
    header: tuple[str, ...] = ("Milestone", "Name", "Status", "Parts", "Done", "Reached", "Goal")
    rows = [_row(each, now) for each in milestones]
    if not any(each.name for each in milestones):
        header, rows = header[:1] + header[2:], [row[:1] + row[2:] for row in rows]
    yield from fitting_table(header, rows, spare=("Reached", "Parts", "Done"), last_columns=_GOAL_COLUMNS)


def _row(milestone: Milestone, now: datetime) -> tuple[str, ...]:
    from commitcollect_adapters.wording.amounts import show_amount, shown_as_given
    from commitcollect_adapters.wording.goals import kind_of, show_goal

    goal = milestone.goal
    parts = f"{milestone.parts_awarded:2} of {goal.parts_total}"
    percent = f"{milestone.percent_complete:3} %"
    status = _status(milestone, now)
    with shown_as_given(milestone.unit, milestone.goal.aims):
        reached = show_amount(kind_of(goal), milestone.progress.progress_value)
        return (milestone.milestone_id, milestone.name, status, parts, percent, reached, show_goal(goal))


@milestone.command("show")
@optional_milestone_argument
@store_options
def show_(*, settings: Settings, wanted: str | None, as_json: bool) -> None:
    """Show a milestone and its statue; without one, those that are under way.

    MILESTONE is an id, the beginning of one, or a name.
    """
    from commitcollect_adapters.documents import milestone_view_document

    with open_to_read(settings) as app:
        if wanted is None:
            ids = [each.milestone_id for each in shown_by_default(app, settings.user)]
        else:
            ids = [milestone_id_of(app, settings.user, wanted)]
        views = [app.tracking.view(settings.user, each) for each in ids]
        now = app.context.now()
        if wanted is None and as_json:
            print_json({"milestones": [milestone_view_document(each, now=now) for each in views]})
            return
        for number, view in enumerate(views):
            if number:
                show()
            print_result(milestone_view_document(view, now=now), _lines(view, app), as_json=as_json)


@milestone.command()
@milestone_argument
@click.option("--name", metavar="TEXT", help="What to call it; an empty one takes the name away.")
@store_options
def edit(*, settings: Settings, wanted: str, name: str | None, as_json: bool) -> None:
    """Rename a milestone. A goal stays as it is: parts were awarded for it."""
    if name is None:
        raise click.UsageError("say what to change: --name TEXT")
    _edited(settings, wanted, as_json=as_json, name=name)


@milestone.command()
@milestone_argument
@click.option("--undo", is_flag=True, help="Take it out again.")
@store_options
def archive(*, settings: Settings, wanted: str, undo: bool, as_json: bool) -> None:
    """Put a milestone away: it counts on, and lists leave it out."""
    _edited(settings, wanted, as_json=as_json, is_archived=not undo)


def _edited(
    settings: Settings,
    wanted: str,
    *,
    as_json: bool,
    name: str | None = None,
    is_archived: bool | None = None,
) -> None:
    from commitcollect_adapters.backend import open_app
    from commitcollect_adapters.documents import milestone_document

    with open_app(settings, must_exist=True) as app:
        milestone_id = milestone_id_of(app, settings.user, wanted)
        after = app.tracking.edit(settings.user, milestone_id, name=name, is_archived=is_archived)
        now = app.context.now()
        print_result(milestone_document(after, now=now), _table([after], now), as_json=as_json)


@milestone.command()
@milestone_argument
@click.option("--yes", is_flag=True, help="Delete it with the parts it has earned.")
@dry_run_option
@store_options
def delete(*, settings: Settings, wanted: str, yes: bool, is_dry_run: bool, as_json: bool) -> None:
    """Delete a milestone, also one that cannot be read any more.

    Workouts stay. Earned parts go with it and need --yes; 'archive' keeps them.
    """
    from commitcollect_adapters.backend import open_app

    with open_app(settings, must_exist=True) as app:
        milestone_id = milestone_id_of(app, settings.user, wanted)
        parts = _parts_lost(app, settings.user, milestone_id)
        lost = "parts that cannot be read" if parts is None else show_count(parts, "part", "parts")
        if is_dry_run:
            document = {"isDryRun": True, "milestoneId": milestone_id, "partsDeleted": parts}
            line = f"Would delete milestone {milestone_id} with {lost}; workouts stay."
            print_result(document, [line], as_json=as_json)
            return
        if parts != 0 and not yes:
            raise click.UsageError(
                f"milestone {milestone_id} has {lost}, which would be gone for good; give --yes if you are "
                "sure, or put it away with 'commitcollect milestone archive'"
            )
        # A part may be earned after the look above: only what the person agreed to lose may go.
        app.tracking.remove(settings.user, milestone_id, takes_awards=yes)
    document = {"milestoneId": milestone_id, "partsDeleted": parts}
    gone = "" if not parts else f" with {show_count(parts, 'part', 'parts')}"
    print_result(document, [f"Milestone {milestone_id} is deleted{gone}."], as_json=as_json)


def _parts_lost(app: CommitCollect, user_id: UserId, milestone_id: MilestoneId) -> int | None:
    """How many awards go along; None where that cannot be read."""
    try:
        return len(app.ports.ledger.read_awards(user_id, milestone_id))
    except CorruptItem:
        return None


@milestone.command()
@milestone_argument
@store_options
def explain(*, settings: Settings, wanted: str, as_json: bool) -> None:
    """Say of every workout how much it counts, or why not."""
    from commitcollect_adapters.documents import explanation_document, milestone_document
    from commitcollect_adapters.wording.amounts import shown_as_given

    with open_to_read(settings) as app:
        milestone_id = milestone_id_of(app, settings.user, wanted)
        view = app.tracking.view(settings.user, milestone_id)
        explanations = app.tracking.explain(settings.user, milestone_id)
        if as_json:
            document = milestone_document(view.milestone, now=app.context.now())
            stream_json(document, "workouts", map(explanation_document, explanations))
            return
        with shown_as_given(view.milestone.unit, view.milestone.goal.aims):
            for line in _explanation_lines(view.milestone.goal, explanations):
                show(line)


def _explanation_lines(goal: Goal, explanations: Iterable[Explanation]) -> Iterator[str]:
    """A line per workout; columns of fixed width, as the last is not known while the first is shown."""
    from commitcollect_adapters.wording.amounts import show_amount
    from commitcollect_adapters.wording.goals import effect_lines, show_goal, show_start

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
        yield from fitting([f"{facts}  {workout.activity_id}  {workout.name}".rstrip()])
    yield f"{show_goal(goal)}: {show_count(counted, 'workout counts', 'workouts count')}" + (
        f"; not counted: {show_exclusions(excluded)}." if excluded else "."
    )


@milestone.command()
@milestone_argument
@store_options
def recompute(*, settings: Settings, wanted: str, as_json: bool) -> None:
    """Add a milestone up again from its workouts, and repair what differs."""
    from commitcollect_adapters.documents import recompute_document
    from commitcollect_adapters.services import open_audited_app

    with open_audited_app(settings, must_exist=True) as (app, record):
        milestone_id = milestone_id_of(app, settings.user, wanted)
        found = app.tracking.recompute(settings.user, milestone_id, is_bounded=False)
        record(found)
        document = recompute_document(found, now=app.context.now())
        print_result(document, _lines(found.view, app), as_json=as_json)
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
    from commitcollect_adapters.wording.amounts import shown_as_given

    with shown_as_given(view.milestone.unit, view.milestone.goal.aims):
        yield from _shown(view, app)


def _shown(view: MilestoneView, app: CommitCollect) -> Iterator[str]:
    from commitcollect_core.training.statues import model_of

    name = view.milestone.name
    yield f"Milestone {view.milestone.milestone_id}" + (f"  {name}" if name else "")
    catalog = app.ports.catalog
    model = model_of(catalog, view.milestone)
    yield from milestone_lines(view, model, picture=picture_lines(catalog, model, earned_parts(view)))
    yield from _pace_lines(view.milestone, app.context.now())


def _pace_lines(milestone: Milestone, now: datetime) -> Iterator[str]:
    from commitcollect_adapters.wording.amounts import show_needed
    from commitcollect_adapters.wording.goals import kind_of, show_day
    from commitcollect_core.training.pace import pace

    found, goal = pace(milestone, now=now), milestone.goal
    if found is None:
        return
    if found.is_over:
        yield "The period is over; only workouts that come in late can still count."
        return
    needed = found.needed_a_week
    said = [] if needed is None else [f"{show_needed(kind_of(goal), needed)} a week needed"]
    if found.whole_at is not None:
        said.append(f"whole on {show_day(found.whole_at, goal)} at the rate so far")
    if said:
        yield f"Pace: {', '.join(said)}."
