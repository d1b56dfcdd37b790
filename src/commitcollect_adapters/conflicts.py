"""The refusals of writes, the same from every store."""

from __future__ import annotations

from commitcollect_core.errors import (
    ACCOUNT_DELETED,
    AccountDeleting,
    AthleteAlreadyConnected,
    VersionConflict,
)
from commitcollect_core.training.publications import Publication
from commitcollect_core.values import AthleteId


def stale() -> VersionConflict:
    """The stored version is not the one that the write replaces."""
    return VersionConflict("another writer was first; read again and decide again")


def fenced() -> AccountDeleting:
    """The user's ledger is fenced."""
    return AccountDeleting(ACCOUNT_DELETED)


def taken(athlete_id: AthleteId) -> AthleteAlreadyConnected:
    """The athlete belongs to another account."""
    return AthleteAlreadyConnected(
        f"Strava's athlete {athlete_id} is connected to another account; disconnect it there first"
    )


def check_saves(stored: Publication | None, publication: Publication) -> None:
    """Refuse a version that does not follow the stored one.

    A published model's parts must not change either.

    Raises:
        VersionConflict: another version is stored.
        Conflict: it is stored as published with other parts (``model_exists``).
    """
    publication.check_follows(stored)
    if publication.version != (1 if stored is None else stored.version + 1):
        raise stale()
