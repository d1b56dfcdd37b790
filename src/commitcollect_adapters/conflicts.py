"""The refusals of writes, the same from every store."""

from __future__ import annotations

from commitcollect_core.errors import (
    AccountDeleting,
    AthleteAlreadyConnected,
    Conflict,
    VersionConflict,
)
from commitcollect_core.training.awards import StatueModel
from commitcollect_core.values import AthleteId


def stale() -> VersionConflict:
    """The stored version is not the one that the write replaces."""
    return VersionConflict("another writer was first; read again and decide again")


def fenced() -> AccountDeleting:
    """The user's ledger is fenced."""
    return AccountDeleting("this account is being deleted; nothing can be added to it any more")


def taken(athlete_id: AthleteId) -> AthleteAlreadyConnected:
    """The athlete belongs to another account."""
    return AthleteAlreadyConnected(
        f"Strava's athlete {athlete_id} is connected to another account; disconnect it there first"
    )


def check_replaces(stored: StatueModel | None, model: StatueModel) -> None:
    """Refuse a model whose parts differ from those that milestones were promised.

    Raises:
        Conflict: it is stored with other parts (``model_exists``).
    """
    if stored is not None and stored.parts != model.parts:
        raise Conflict(
            f"the statue model {model.model_id} exists with other parts; publish it under another id",
            code="model_exists",
        )
