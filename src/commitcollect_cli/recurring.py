"""``commitcollect recurring``: goals that begin anew every year, month or week."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from commitcollect_cli.completing import complete_recurring
from commitcollect_cli.goal_options import goal_options
from commitcollect_cli.output import fitting, print_result, say
from commitcollect_cli.render import table
from commitcollect_cli.store import open_to_read, store_options, suggest
from commitcollect_core.errors import EXIT_FAILURE, InvalidInput, NotFound

if TYPE_CHECKING:
    from commitcollect_adapters.settings import Settings
    from commitcollect_cli.wishes import GoalOptions
    from commitcollect_core.training.committing import Committed
    from commitcollect_core.training.recurrence import RecurringGoal
    from commitcollect_core.values import MilestoneId


PERIODS = ("year", "month", "week")
"""The values of `Every`, in small letters."""


@click.group()
def recurring() -> None:
    """Set goals that begin anew every year, month or week."""


@recurring.command()
@click.option(
    "--every",
    type=click.Choice(PERIODS),
    required=True,
    help="How long each period is; weeks begin on Monday.",
)
@goal_options
@store_options
def begin(*, settings: Settings, goals: GoalOptions, every: str, as_json: bool) -> int:
    """Begin a recurring goal: each period gets a milestone and a statue of its own.

    The first period is the one that holds --from, or the present one. Later milestones open with the first
    activity of their period that counts.
    """
    from commitcollect_adapters.documents import recurring_goal_document
    from commitcollect_adapters.services import open_audited_app
    from commitcollect_core.training.recurrence import Every

    with open_audited_app(settings) as (app, record):
        wish = goals.in_zone(settings.time_zone).recurring_wish(
            Every(every.upper()), settings.policy, now=app.context.now()
        )
        begun = app.recurring_goals.begin(settings.user, wish)
        record(begun.committed)
        document = recurring_goal_document(begun.goal) | {"partsAwarded": len(begun.committed.awards)}
        print_result(document, _begun_lines(begun.goal, begun.committed), as_json=as_json)
    if begun.refused:
        say(f"Not all milestones up to now are open: {begun.refused}")
    return EXIT_FAILURE if begun.refused else 0


def _begun_lines(goal: RecurringGoal, committed: Committed) -> Iterator[str]:
    yield f"Recurring goal {goal.recurring_id}: {_show(goal)}"
    yield from _opened_lines(committed)


def _opened_lines(committed: Committed) -> Iterator[str]:
    opened = {each.milestone_id: each for commit in committed.commits for each in commit.milestones}
    for each in opened.values():
        yield f"Milestone {each.milestone_id}: {each.parts_awarded} of {each.goal.parts_total} parts."


@recurring.command("list")
@store_options
def list_(*, settings: Settings, as_json: bool) -> None:
    """List recurring goals, the oldest first."""
    from commitcollect_adapters.documents import recurring_goal_document

    with open_to_read(settings) as app:
        goals = app.recurring_goals.list(settings.user)
    header = ("Recurring goal", "Statue", "Latest", "Goal")
    rows = [(each.recurring_id, each.model_id, _latest(each), _show(each)) for each in goals]
    document = {"recurringGoals": [recurring_goal_document(each) for each in goals]}
    print_result(document, fitting(table(header, rows)) if rows else (), as_json=as_json)
    if not as_json and not rows:
        suggest("No recurring goals; begin one with 'commitcollect recurring begin'.")


@recurring.command()
@click.argument("wanted", metavar="ID", shell_complete=complete_recurring)
@store_options
def end(*, settings: Settings, wanted: str, as_json: bool) -> None:
    """Let a goal recur no more. Its milestones and their parts stay.

    ID is an id of 'commitcollect recurring list', or the beginning of one.
    """
    from commitcollect_adapters.backend import open_app
    from commitcollect_adapters.documents import recurring_goal_document

    with open_app(settings, must_exist=True) as app:
        recurring_id = _recurring_id_of(app.recurring_goals.list(settings.user), wanted)
        ended = app.recurring_goals.end(settings.user, recurring_id)
    print_result(recurring_goal_document(ended), [f"{_show(ended)} recurs no more."], as_json=as_json)


def _recurring_id_of(goals: Sequence[RecurringGoal], wanted: str) -> MilestoneId:
    """The id of the goal that is meant.

    Raises:
        NotFound: none has it.
        InvalidInput: several begin so.
    """
    ids = [each.recurring_id for each in goals]
    found = [each for each in ids if each == wanted] or [
        each for each in ids if each.startswith(wanted or " ")
    ]
    if len(found) == 1:
        return found[0]
    shown = "'commitcollect recurring begin' begins the first one"
    if ids:
        shown = f"there are: {', '.join(found or ids)} ('commitcollect recurring list' shows more)"
    if found:
        raise InvalidInput(f"{wanted!r} may be one of several; {shown}", field="recurringId")
    raise NotFound(
        f"there is no recurring goal {wanted[:_ID_CHARS_SHOWN]!r}; {shown}", code="recurring_goal_not_found"
    )


_ID_CHARS_SHOWN = 40


@recurring.command("open")
@store_options
def open_(*, settings: Settings, as_json: bool) -> int:
    """Open the milestones of the present periods now, without waiting for an activity.

    For a schedule: repeating it changes nothing.
    """
    from commitcollect_adapters.services import open_audited_app

    with open_audited_app(settings, must_exist=True) as (app, record):
        found = app.recurring_goals.open_present(settings.user)
        record(found.committed)
    lines = [*_opened_lines(found.committed)]
    opened = [each.milestone_id for commit in found.committed.commits for each in commit.milestones]
    document = {"opened": opened, "refused": dict(found.refused)}
    print_result(document, lines or ["Nothing was opened."], as_json=as_json)
    for recurring_id, message in found.refused.items():
        say(f"Not opened for {recurring_id}: {message}")
    return EXIT_FAILURE if found.refused else 0


def _show(goal: RecurringGoal) -> str:
    from commitcollect_adapters.wording.amounts import shown_as_given
    from commitcollect_adapters.wording.goals import show_aims

    place = "" if goal.local_time is None else f" · {goal.local_time.name}"
    with shown_as_given(goal.unit, goal.aims):
        return f"{show_aims(goal.aims)} · every {goal.every.value.lower()}{place}"


def _latest(goal: RecurringGoal) -> str:
    return goal.every.label(goal.opened[-1]) if goal.opened else "-"
