"""The ports of training: ledger and statue catalogue.

A host wires one implementation of each; see `Ports`.

A port method takes a decision, not its pieces. Implementations are thread-safe. Every read is by key or by
key prefix within one athlete's data (law 10). An adapter translates the errors of its technology to
`StorageError`; `StorageUnavailable` means that the same call may succeed later.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from attrs import frozen

from commitcollect_core.context import Backoff, Clock, IdGenerator
from commitcollect_core.training.awards import Award, StatueModel
from commitcollect_core.training.ledger import LedgerCommit, LedgerHead, LedgerView, StoredItem
from commitcollect_core.training.milestones import Milestone
from commitcollect_core.training.publications import Publication
from commitcollect_core.training.workouts import Workout
from commitcollect_core.values import MilestoneId, ModelId, UserId, WorkoutKey


@frozen
class WorkoutPosition:
    """A position in an athlete's workouts.

    The order is start, then source, then activity id.
    """

    started_at: datetime
    key: WorkoutKey


@frozen(kw_only=True)
class WorkoutQuery:
    """Workouts of one athlete in a span of time, tombstones included.

    Attributes:
        start_at: leave out workouts that start before; None for no bound.
        end_at: leave out workouts that start at or after; None for no bound.
        newest_first: walk from the end.
        after: go on behind this position, in the direction of the walk.
        limit: the most workouts to return.
    """

    start_at: datetime | None = None
    end_at: datetime | None = None
    newest_first: bool = False
    after: WorkoutPosition | None = None
    limit: int


@frozen(kw_only=True)
class WorkoutPage:
    """One page of workouts; `next` is None on the last."""

    workouts: Sequence[Workout]
    next: WorkoutPosition | None


@frozen(kw_only=True)
class MilestonePage:
    """One page of milestones in order of id.

    `next` is None on the last.
    """

    milestones: Sequence[Milestone]
    next: MilestoneId | None


class Ledger(Protocol):
    """Athletes' workouts, milestones and awards.

    `commit` is the only way to change them. Every read is strongly consistent, and what `commit` or `fence`
    wrote is durable when it returns. Ids are texts that differ by any character, compared by code point.
    Sizes go up to the policy's `commit_items_max`, `page_items_max` and `statue_parts_max`.

    Every method may raise `StorageError`. In a write it means that it is unknown whether anything was
    written: read before deciding again. No failure reads as if nothing were stored.
    """

    def read_head(self, user_id: UserId) -> LedgerHead:
        """The stored head; version 0 for an athlete never written.

        Reads one item.
        """
        ...

    def read(self, user_id: UserId, keys: Sequence[WorkoutKey]) -> LedgerView:
        """The head, the stored workouts of `keys`, and every tracked milestone.

        A key that is named twice is read once, one that is not stored is left out, and there may be none. The
        milestones are in the head's order.

        Not of one moment: a commit is refused if what it replaces, or the
        head, has moved on since. The milestones are read after the head that names them. Reads one item per
        key and per tracked milestone, and the head.
        """
        ...

    def commit(self, commit: LedgerCommit) -> None:
        """Write all of `commit`, or nothing.

        Raises:
            VersionConflict: the head, a workout or a milestone is not exactly one version behind, an award
                is there already, or the ledger is fenced.
            AccountDeleting: the account was deleted, and this would be the first head. It takes precedence.
            StorageError: it is unknown whether this was written; all of it was, or nothing.
        """
        ...

    def fence(self, user_id: UserId, *, now: datetime) -> LedgerHead:
        """Refuse every commit from now on; returns the head. May be repeated, and ends in the same place.

        One atomic write, whatever the head is. It makes a head where there is none.
        """
        ...

    def unreadable(self, user_id: UserId) -> Sequence[StoredItem]:
        """The athlete's milestones and workouts that other reads refuse with `CorruptItem`.

        For repairs: reads the whole ledger.
        """
        ...

    def read_milestone(self, user_id: UserId, milestone_id: MilestoneId) -> Milestone | None:
        """One milestone, or None. Reads one item."""
        ...

    def read_milestones(self, user_id: UserId, *, after: MilestoneId | None, limit: int) -> MilestonePage:
        """The athlete's milestones in order of id, tracked or not.

        Reads at most `limit` and one more, and at most their awards besides.
        """
        ...

    def read_awards(self, user_id: UserId, milestone_id: MilestoneId) -> Sequence[Award]:
        """The awards of one milestone in order of part.

        Reads no more than its parts.
        """
        ...

    def read_workouts(self, user_id: UserId, query: WorkoutQuery) -> WorkoutPage:
        """A page of workouts. Reads at most `query.limit` and one more."""
        ...


class StatueCatalog(Protocol):
    """The statue models there are."""

    def model(self, model_id: ModelId) -> StatueModel | None:
        """One model, or None."""
        ...

    def models(self) -> Sequence[StatueModel]:
        """Every model in order of id; a catalogue is small."""
        ...

    def geometry(self, model_id: ModelId) -> bytes | None:
        """What a model was published with to be drawn and printed; None if there was nothing.

        The bytes mean nothing to the core.

        Raises:
            CorruptItem: it is missing, or is not what was published.
        """
        ...


class StatueStore(StatueCatalog, Protocol):
    """Statue models that are added while the service runs.

    Only published ones are in the catalogue.
    """

    def publication(self, model_id: ModelId) -> Publication | None:
        """One model at whatever stage, or None."""
        ...

    def save(self, publication: Publication) -> None:
        """Add a model, or replace its previous version, in one atomic write.

        Its parts are part of that write.

        Raises:
            VersionConflict: what is stored is not one version behind.
            Conflict: it is stored as published with other parts (``model_exists``).
        """
        ...

    def save_geometry(self, model_id: ModelId, content: bytes) -> str:
        """Store the geometry for a publication to come, and return its SHA-256.

        It is known by that digest: what other geometry is stored for the model stays as it is. It may be
        written in pieces, so a publication that names it is saved afterwards.
        """
        ...


@frozen(kw_only=True, eq=False, repr=False)
class Ports:
    """What milestones and workouts run on: one implementation of each port."""

    clock: Clock
    ids: IdGenerator
    backoff: Backoff
    ledger: Ledger
    catalog: StatueCatalog
