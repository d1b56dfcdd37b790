"""What the page and the card tell of a milestone or a model."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from attrs import frozen

from commitcollect_adapters.statues import Statue
from commitcollect_adapters.statues.exporting import Shape, size_mm
from commitcollect_adapters.statues.pictures.card import CardText
from commitcollect_adapters.statues.printing import grams
from commitcollect_adapters.web.page import PartEntry, StatuePage
from commitcollect_adapters.wording.amounts import show_amount, show_needed, shown_as_given
from commitcollect_adapters.wording.goals import kind_of, show_day, show_goal
from commitcollect_core.training.awards import Award
from commitcollect_core.training.tracking import MilestoneView

PICTURE_WIDTH, PICTURE_HEIGHT = 640, 700
"""Of the still picture in the page."""


@frozen
class Showing:
    """A statue, and the milestone it is of; None for a model."""

    statue: Statue
    view: MilestoneView | None

    @property
    def earned(self) -> frozenset[int]:
        """Numbers of the parts that are earned; all of a model."""
        if self.view is None:
            return frozenset(range(1, self.statue.model.parts_total + 1))
        return frozenset(award.part_index for award in self.view.awards)

    @property
    def aim(self) -> str:
        """The goal in words; nothing for a model."""
        if self.view is None:
            return ""
        with shown_as_given(self.view.milestone.unit, self.view.milestone.goal.aims):
            return show_goal(self.view.milestone.goal)

    def count(self, solid: Collection[int]) -> str:
        """How many parts are solid, in words."""
        total = self.statue.model.parts_total
        if self.view is None:
            return f"{total} parts" if len(solid) == total else f"{len(solid)} of {total} parts"
        return f"{len(solid)} of {total} parts earned"


def card_text(showing: Showing, solid: Collection[int]) -> CardText:
    """What the card says: the goal the athlete set, and the count; nothing of any workout."""
    total = showing.statue.model.parts_total
    return CardText(
        title=showing.statue.title,
        goal=showing.aim,
        count=showing.count(solid),
        steps=tuple(index in solid for index in range(1, total + 1)),
    )


def page_of(
    showing: Showing, solid: Collection[int], shapes: Sequence[Shape], *, tells_workouts: bool
) -> StatuePage:
    """The page of a statue.

    Args:
        showing: the statue.
        solid: numbers of the parts that are solid.
        shapes: every part.
        tells_workouts: whether it says when parts were earned and at what progress. That comes from workouts,
            and Strava lets an athlete's data be shown to that athlete only.
    """
    model = showing.statue.model
    told = showing.view.awards if tells_workouts and showing.view is not None else ()
    awards = {award.part_index: award for award in told}
    return StatuePage(
        name=model.name,
        year=model.year,
        aim=showing.aim,
        count=showing.count(solid),
        parts=tuple(_entry(showing, shape, awards.get(shape.index), solid) for shape in shapes),
    )


def _entry(showing: Showing, shape: Shape, award: Award | None, solid: Collection[int]) -> PartEntry:
    return PartEntry(
        index=shape.index,
        name=shape.part.name,
        is_earned=shape.index in solid,
        state=_state(showing, shape.index, award, solid),
        direction=shape.part.direction,
        facts=tuple(_facts(showing, shape, award)),
    )


def _state(showing: Showing, index: int, award: Award | None, solid: Collection[int]) -> str:
    if award is not None:
        return show_day(award.earned_at)
    if showing.view is None:
        return ""
    return "earned" if index in solid else f"at {_threshold(showing.view, index)}"


def _facts(showing: Showing, shape: Shape, award: Award | None) -> Iterator[tuple[str, str]]:
    if award is not None and showing.view is not None:
        milestone = showing.view.milestone
        with shown_as_given(milestone.unit, milestone.goal.aims):
            reached = show_amount(kind_of(milestone.goal), award.progress_value_at_award)
        yield "Earned", f"{show_day(award.earned_at)}, at {reached}"
    elif showing.view is not None:
        yield "Threshold", _threshold(showing.view, shape.index)
    yield "Goes onto", shape.part.entry.attach_point.replace("_", " ")
    yield "Size", " \N{MULTIPLICATION SIGN} ".join(f"{each:.0f}" for each in size_mm(shape.mesh)) + " mm"
    supports = "with supports" if shape.part.needs_supports else "without supports"
    yield "Print", f"about {grams(shape.mesh):.0f} g, {supports}"


def _threshold(view: MilestoneView, index: int) -> str:
    goal = view.milestone.goal
    with shown_as_given(view.milestone.unit, view.milestone.goal.aims):
        return show_needed(kind_of(goal), goal.threshold(index))
