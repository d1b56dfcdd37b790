"""Which milestone a person means: by id, by the beginning of an id, or by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from commitcollect_cli.completing import complete_milestone
from commitcollect_core.errors import CorruptItem, InvalidInput, NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from commitcollect_core.app import CommitCollect
    from commitcollect_core.training.milestones import Milestone
    from commitcollect_core.values import MilestoneId, UserId

_LISTED_MAX = 10

milestone_argument = click.argument("wanted", metavar="MILESTONE", shell_complete=complete_milestone)
"""An id, its beginning, or a name."""

optional_milestone_argument = click.argument(
    "wanted", metavar="[MILESTONE]", required=False, shell_complete=complete_milestone
)

milestone_option = click.option(
    "--milestone",
    "wanted",
    metavar="MILESTONE",
    shell_complete=complete_milestone,
    help="Whose statue: an id, its beginning, or a name.",
)


def by_creation(app: CommitCollect, user_id: UserId) -> list[Milestone]:
    """Every milestone of an athlete, the first one first."""
    found = app.tracking.milestones(user_id)
    return sorted(found, key=lambda each: (each.created_at, each.milestone_id))


def milestone_id_of(app: CommitCollect, user_id: UserId, wanted: str) -> MilestoneId:
    """The id of the milestone that is meant. A full id is not looked up.

    Raises:
        NotFound: no milestone is called so.
        InvalidInput: several are.
    """
    from commitcollect_core.values import MilestoneId, is_id

    known = MilestoneId(wanted)
    if is_id(wanted):
        try:
            if app.ports.ledger.read_milestone(user_id, known) is not None:
                return known
        except CorruptItem:
            return known  # there is one; what is done with it decides what that means
    everything = by_creation(app, user_id)
    named = [each for each in everything if each.name.casefold() == wanted.casefold() and wanted]
    found = named or [each for each in everything if wanted and each.milestone_id.startswith(wanted)]
    if not found:
        raise NotFound(f"there is no milestone {wanted!r}; {_listed(everything)}", code="milestone_not_found")
    if len(found) > 1:
        raise InvalidInput(f"{wanted!r} may be one of several; {_listed(found)}", field="milestone")
    return found[0].milestone_id


def shown_by_default(app: CommitCollect, user_id: UserId) -> list[Milestone]:
    """The milestones that are meant where none is named: the active ones, or the only one.

    Raises:
        NotFound: there is none.
    """
    everything = by_creation(app, user_id)
    active = [each for each in everything if each.archived_at is None and each.completed_at is None]
    if not everything:
        raise NotFound(
            "there is no milestone yet; open one with 'commitcollect milestone create'",
            code="milestone_not_found",
        )
    return active or everything[-1:]


def _listed(milestones: Sequence[Milestone]) -> str:
    if not milestones:
        return "there is none yet: open one with 'commitcollect milestone create'"
    shown = [
        each.milestone_id + (f" ({each.name})" if each.name else "") for each in milestones[:_LISTED_MAX]
    ]
    more = len(milestones) - len(shown)
    return f"there are: {', '.join(shown)}" + (f" and {more} more" if more else "")
