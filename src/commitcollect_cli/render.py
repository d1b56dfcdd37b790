"""Text a person enjoys: a statue growing part by part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from commitcollect_cli.output import columns_of, fitting, terminal_columns

if TYPE_CHECKING:
    from commitcollect_core.training.awards import Award, StatueModel
    from commitcollect_core.training.goals import Exclusion, Goal
    from commitcollect_core.training.milestones import Milestone
    from commitcollect_core.training.tracking import MilestoneView
    from commitcollect_core.values import MilestoneId

BAR_CHARS = 30

_REASONS: Mapping[str, str] = {  # by the values of `Exclusion`
    "deleted": "deleted",
    "flagged": "flagged at the source",
    "before_start": "before the start",
    "after_end": "after the end",
    "other_sport": "other sports",
    "nothing_to_count": "nothing to count",
}


def show_count(count: int, one: str, many: str) -> str:
    """How many there are of something, such as ``1 activity`` or ``1,132 activities``."""
    return f"{count:,} {one if count == 1 else many}"


def show_reason(reason: Exclusion) -> str:
    """Why a workout does not count, in words."""
    return _REASONS[reason]


def show_exclusions(exclusions: Mapping[Exclusion, int]) -> str:
    """How many workouts do not count and why, as one phrase."""
    ordered = sorted(exclusions.items(), key=lambda each: -each[1])
    return ", ".join(f"{count:,} {_REASONS[reason]}" for reason, count in ordered)


def bar(percent: int) -> str:
    """A progress bar of text."""
    filled = percent * BAR_CHARS // 100
    return click.style("█" * filled, fg="green") + click.style("░" * (BAR_CHARS - filled), dim=True)


def milestone_lines(
    view: MilestoneView,
    model: StatueModel,
    exclusions: Mapping[Exclusion, int] | None = None,
    picture: Sequence[str] = (),
) -> Iterator[str]:
    """A milestone: its goal, how far it has come, its statue as a picture and part by part."""
    from commitcollect_adapters.wording.amounts import shown_as_given

    with shown_as_given(view.milestone.unit, view.milestone.goal.aims):
        yield from _milestone_lines(view, model, exclusions, picture)


def _milestone_lines(
    view: MilestoneView,
    model: StatueModel,
    exclusions: Mapping[Exclusion, int] | None,
    picture: Sequence[str],
) -> Iterator[str]:
    from commitcollect_adapters.wording.amounts import show_progress
    from commitcollect_adapters.wording.goals import kind_of, show_goal

    milestone = view.milestone
    goal = milestone.goal
    done = show_progress(kind_of(goal), milestone.progress.progress_value, goal.total_target)
    yield click.style(f"{model.name} ({model.model_id})", bold=True) + f"  {show_goal(goal)}"
    yield f"{bar(milestone.percent_complete)} {milestone.percent_complete:3} %  {done}"
    yield ""
    if picture:
        yield from picture
        yield ""
    yield from _part_lines(view, model)
    yield ""
    yield _next_line(view, model)
    if exclusions:
        yield f"Did not count: {show_exclusions(exclusions)}."


def _part_lines(view: MilestoneView, model: StatueModel) -> Iterator[str]:
    from commitcollect_adapters.wording.amounts import show_needed
    from commitcollect_adapters.wording.goals import kind_of

    goal = view.milestone.goal
    awards = {award.part_index: award for award in view.awards}
    width = max(len(part.part_name) for part in model.parts)
    for part in model.parts:
        label = f"{part.part_index:2}  {part.part_name:<{width}}"
        if (award := awards.get(part.part_index)) is not None:
            yield click.style("  ◆ ", fg="green") + f"{label}  {_earned(goal, award)}"
        else:
            threshold = show_needed(kind_of(goal), goal.threshold(part.part_index))
            yield click.style(f"  ◇ {label}  at {threshold}", dim=True)


def _earned(goal: Goal, award: Award) -> str:
    from commitcollect_adapters.wording.amounts import show_amount
    from commitcollect_adapters.wording.goals import kind_of, show_day

    at = show_amount(kind_of(goal), award.progress_value_at_award)
    return f"{show_day(award.earned_at, goal):>11}  at {at}"


def _next_line(view: MilestoneView, model: StatueModel) -> str:
    from commitcollect_adapters.wording.amounts import show_needed
    from commitcollect_adapters.wording.goals import kind_of, show_day

    milestone = view.milestone
    missing = milestone.remaining_to_next_part
    if missing is None:
        # The day of the workout, not the day it was written down: a history may be imported years later.
        since = f" since {show_day(view.awards[-1].earned_at, milestone.goal)}" if view.awards else ""
        return click.style(f"The statue is whole{since}.", fg="green", bold=True)
    part = model.parts[milestone.parts_earned]
    return f"Next: {part.part_name} in {show_needed(kind_of(milestone.goal), missing)}."


def award_lines(awards: Sequence[Award], milestones: Mapping[MilestoneId, Milestone]) -> Iterator[str]:
    """Parts just earned, one line each; `milestones` are theirs by id."""
    from commitcollect_adapters.wording.amounts import shown_as_given

    width = max((len(award.part_name) for award in awards), default=0)
    for award in awards:
        milestone = milestones[award.milestone_id]
        with shown_as_given(milestone.unit, milestone.goal.aims):
            earned = f"{award.part_name:<{width}}  {_earned(milestone.goal, award)}"
        yield click.style("  ◆ ", fg="green") + f"{earned}  ({award.milestone_id})"


_GAP = "  "


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Columns under a header, as wide as their widest cell."""
    cells = [tuple(header), *(tuple(row) for row in rows)]
    widths = _widths(cells)
    for number, row in enumerate(cells):
        padded = (cell + " " * (width - columns_of(cell)) for cell, width in zip(row, widths, strict=True))
        line = _GAP.join(padded).rstrip()
        yield click.style(line, bold=True) if number == 0 else line


def fitting_table(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    spare: Sequence[str],
    last_columns: int | None = None,
) -> Iterator[str]:
    """A table as wide as the terminal: without its spare columns, as far as that helps, and then cut.

    Args:
        header: the titles.
        rows: the cells.
        spare: titles of columns that may be left out, the first one first.
        last_columns: how much of the last column should be seen; None for all of it.
    """
    cells = [tuple(header), *(tuple(row) for row in rows)]
    for title in spare:
        *widths, last = _widths(cells)
        needed = sum(widths) + len(_GAP) * len(widths) + min(last, last_columns or last)
        if needed <= (terminal_columns() or needed):
            break
        left = [number for number, each in enumerate(cells[0]) if each != title]
        cells = [tuple(row[number] for number in left) for row in cells]
    yield from fitting(table(cells[0], cells[1:]))


def _widths(cells: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(columns_of, column)) for column in zip(*cells, strict=True)]
