"""Taking in what sources say of activities."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from itertools import islice
from typing import TypeVar

from attrs import evolve, frozen

from commitcollect_core.context import Context
from commitcollect_core.errors import InvalidInput, NotFound, VersionConflict
from commitcollect_core.training.committing import NOTHING_COMMITTED, Committed, Committing
from commitcollect_core.training.decisions import decide
from commitcollect_core.training.directions import lowering
from commitcollect_core.training.ledger import LedgerCommit, LedgerView, keys_of
from commitcollect_core.training.milestones import Milestone
from commitcollect_core.training.ports import Ledger, StatueCatalog
from commitcollect_core.training.recounting import Recounting
from commitcollect_core.training.recurring_goals import RecurringGoals
from commitcollect_core.training.statues import models_of
from commitcollect_core.training.workouts import (
    ActivityErased,
    ActivityGone,
    ActivitySettled,
    ActivitySnapshot,
    Answer,
    Change,
    Found,
    SetAside,
    Workout,
)
from commitcollect_core.values import (
    MilestoneId,
    UserId,
    WorkoutKey,
    items,
    require_id,
    require_items,
    require_kind,
)

_Item = TypeVar("_Item")


@frozen(kw_only=True)
class ListedResult:
    """What taking in a list changed.

    Attributes:
        committed: what was written.
        changes: every workout written, and what stood there before (None for a new one).
        in_doubt: activities another process wrote at about the time of listing; ask their source again.
        rejected: activities whose start is not believable, and why.
        set_aside: values that are not believable; their activities were taken in without them.
    """

    committed: Committed = NOTHING_COMMITTED
    changes: tuple[tuple[Workout | None, Workout], ...] = ()
    in_doubt: tuple[WorkoutKey, ...] = ()
    rejected: tuple[tuple[WorkoutKey, str], ...] = ()
    set_aside: tuple[tuple[WorkoutKey, SetAside], ...] = ()

    def __add__(self, later: ListedResult) -> ListedResult:
        """What one call and then another changed."""
        return ListedResult(
            committed=self.committed + later.committed,
            changes=(*self.changes, *later.changes),
            in_doubt=(*self.in_doubt, *later.in_doubt),
            rejected=(*self.rejected, *later.rejected),
            set_aside=(*self.set_aside, *later.set_aside),
        )


NOTHING_LISTED = ListedResult()


@frozen(kw_only=True, eq=False, repr=False)
class Ingestion:
    """Takes activities into an athlete's ledger.

    Any order, any number of times: the result is the same.
    """

    ledger: Ledger
    catalog: StatueCatalog
    context: Context

    def ingest(self, user_id: UserId, found: Sequence[Found]) -> Committed:
        """Take in what a source found at one moment: decreases first, else in the order given.

        The policy bounds each atomic write, and there are as few as possible.

        Of an activity that is given several times the last snapshot takes precedence. If another process
        changes an activity at the same time, the last write wins.

        One activity is one atomic write together with the milestones it moves and the awards it mints.
        For many activities every prefix of the writes is a legal ledger. After a failure, a call with the
        same activities finishes the rest.

        Raises:
            InvalidInput: a snapshot is not believable (`ActivitySnapshot.check`); nothing was written.
            AccountDeleting: the account is being deleted.
            VersionConflict: other processes kept writing to this ledger; try again.
            StorageError: the store failed; try again with the same activities.
        """
        require_id(user_id, "user_id")
        now = self.context.now()
        # Walked through several times, and a generator gives its activities only once.
        found = items(found, "found")
        self._check(found, now)
        committed, stale = self._take_in(user_id, found, now)
        return committed + self._recount(user_id, stale) if stale else committed

    def refresh(
        self,
        user_id: UserId,
        key: WorkoutKey,
        ask: Callable[[], Found | None],
        *,
        generation: str | None = None,
    ) -> Committed:
        """Take in the current state of one activity.

        A stale answer never overwrites a newer one.

        Args:
            user_id: the athlete.
            key: the activity.
            ask: asks its source; None for an answer that says nothing about it.
            generation: of the connection that brings it; None if none does.

        Values that are not believable are set aside (`ActivitySnapshot.believable`).

        Raises:
            VersionConflict: other processes kept writing to this ledger, or to this workout; try again.
            InvalidInput: the activity's start is not believable; nothing was written.
            ConnectionChanged: that connection has ended (`LedgerHead.check_admits`).
            AccountDeleting, StorageError: as in `ingest`; and whatever `ask` raises.
        """
        require_id(user_id, "user_id")
        now = self.context.now()
        fetches_left = self.context.policy.training.fetch_attempts_max
        fetched_for: int | None = None
        found: Found | None = None
        set_aside: tuple[SetAside, ...] = ()
        committing = Committing(self.ledger, self.context)
        while True:
            # The ledger is read before the source is asked. A writer that comes between the two raises the
            # head's version, so the commit below loses and its answer is never taken for the newer one.
            view = self._read(user_id, (key,), generation)
            stored = view.workouts.get(key)
            version = 0 if stored is None else stored.version
            # Only another version of this very workout makes the answer stale: a write to another workout
            # costs a new decision and no call, and calls are scarce.
            if version != fetched_for:
                if not fetches_left:
                    raise VersionConflict(
                        "this workout changed under each attempt to fetch it; try again later"
                    )
                fetches_left -= 1
                found, set_aside = self._believable(ask(), now)
                fetched_for = version
            if found is None:
                return committing.committed
            if self._opens(view, (found,), committing):
                continue
            if committing.commit(self._decided(view, (found,), now)):
                break
        committed = evolve(committing.committed, set_aside=set_aside)
        return committed + self._recount(user_id, committed.stale_after(view))

    def _believable(self, found: Found | None, now: datetime) -> tuple[Found | None, tuple[SetAside, ...]]:
        if isinstance(found, ActivitySnapshot):
            return found.believable(self.context.policy, now=now)
        return found, ()

    def ingest_listed(
        self,
        user_id: UserId,
        answers: Sequence[Answer],
        *,
        ask: Callable[[WorkoutKey], Found | None],
        generation: str | None = None,
    ) -> ListedResult:
        """Take in listed activities, except those changed since the listing.

        Args:
            user_id: the athlete.
            answers: what the source listed.
            ask: asks the source for one activity now, as in `refresh`. It is called only where an answer that
                is in doubt may lower a sum that others raise.
            generation: of the connection that listed them, as in `refresh`.

        All of it is one change (law 1), so a caller passes the pages of one listing together. Values that are
        not believable are set aside. An activity whose start is not believable is rejected, and the others
        are taken in. All other errors are those of `ingest`, and `ConnectionChanged`.
        """
        now = self.context.now()
        believable, rejected, set_aside = self._sorted_out(answers, now)
        settled = NOTHING_LISTED
        before: dict[WorkoutKey, Workout | None] = {}
        committing = Committing(self.ledger, self.context)
        while True:
            keys = keys_of(each.found for each in believable)
            view = self._read(user_id, keys, generation)
            in_doubt = {
                each.found.key: each.found
                for each in believable
                if each.is_in_doubt(view.workouts.get(each.found.key), self.context.policy)
            }
            # What is in doubt and may lower a sum comes before what raises it, or progress would pass a sum
            # that never existed (law 1). So its source is asked again at once, and not later.
            falling = keys_of(lowering(view, in_doubt.values(), now=now))
            if falling and len(falling) < len(keys):
                settled += self._settled(user_id, view, falling, ask, generation)
                believable = [each for each in believable if each.found.key not in falling]
                continue
            for key in keys:
                # The first reading is kept: a later one may hold what an earlier attempt wrote itself.
                before.setdefault(key, view.workouts.get(key))
            certain = [each.found for each in believable if each.found.key not in in_doubt]
            if self._opens(view, certain, committing):
                continue
            if committing.commit(self._decided(view, certain, now)):
                break
        committed = committing.committed
        committed += self._recount(user_id, committed.stale_after(view))
        # A workout that moved between two goals may be written twice; the last write is its final state.
        written = {each.key: each for commit in committed.commits for each in commit.workouts}
        return settled + ListedResult(
            committed=committed,
            changes=tuple((before[key], each) for key, each in written.items()),
            in_doubt=tuple(key for key in keys if key in in_doubt),
            rejected=rejected,
            set_aside=set_aside,
        )

    def _settled(
        self,
        user_id: UserId,
        view: LedgerView,
        keys: Iterable[WorkoutKey],
        ask: Callable[[WorkoutKey], Found | None],
        generation: str | None,
    ) -> ListedResult:
        """Ask the source for activities one by one, and take in what it says now."""
        settled = NOTHING_LISTED
        for key in keys:
            committed = self.refresh(user_id, key, partial(ask, key), generation=generation)
            written = {each.key: each for commit in committed.commits for each in commit.workouts}
            settled += ListedResult(
                committed=committed,
                changes=tuple((view.workouts.get(each.key), each) for each in written.values()),
                set_aside=tuple((key, each) for each in committed.set_aside),
            )
        return settled

    def erase(
        self, user_id: UserId, keys: Iterable[WorkoutKey], *, generation: str | None = None
    ) -> Committed:
        """Erase all of the workouts but their identity; progress and parts stay.

        They are tombstones afterwards, and a later snapshot of their source revives them.

        Args:
            user_id: the athlete.
            keys: of the workouts.
            generation: `NO_CONNECTION` for what an ended connection leaves; None to erase in any case.

        Raises:
            ConnectionChanged: the athlete has connected again meanwhile.
            VersionConflict, AccountDeleting, StorageError: as in `ingest`; call again to finish the rest.
        """
        require_id(user_id, "user_id")
        require_items(keys, "keys")
        now = self.context.now()
        start_at = self.context.policy.training.workout_started_at_min
        committed = NOTHING_COMMITTED
        for batch in self._batches(keys):
            erasures = tuple(ActivityErased(key=key, placeholder_start_at=start_at) for key in batch)
            committed += self._take_in(user_id, erasures, now, generation)[0]
        return committed + self._recount(user_id, self._stale(user_id))

    def settle(self, user_id: UserId, keys: Iterable[WorkoutKey]) -> Committed:
        """Let workouts go that may not be kept longer: sums, progress and parts stay as they are.

        Raises:
            VersionConflict, AccountDeleting, StorageError: as in `ingest`; call again to settle the rest.
        """
        require_id(user_id, "user_id")
        require_items(keys, "keys")
        now = self.context.now()
        committed = NOTHING_COMMITTED
        for batch in self._batches(keys):
            committed += self._take_in(user_id, tuple(map(_settled, batch)), now)[0]
        return committed

    def _take_in(
        self, user_id: UserId, changes: Sequence[Change], now: datetime, generation: str | None = None
    ) -> tuple[Committed, tuple[MilestoneId, ...]]:
        """Commit changes that are valid for any stored state.

        Returns the milestones to recount afterwards as well.
        """
        keys = keys_of(changes)
        committing = Committing(self.ledger, self.context)
        while True:
            view = self._read(user_id, keys, generation)
            if self._opens(view, changes, committing):
                continue
            if committing.commit(self._decided(view, changes, now)):
                committed = committing.committed
                return committed, committed.stale_after(view)

    def _opens(self, view: LedgerView, changes: Sequence[Change], committing: Committing) -> bool:
        """Open milestones of recurring goals that activities begin; whether to read the ledger again."""
        if not view.head.recurring:
            return False
        opening = RecurringGoals(ledger=self.ledger, catalog=self.catalog, context=self.context)
        # Opened before the activity is taken in, which then moves it like any other milestone.
        return opening.open_begun(view, changes, committing)

    def _read(self, user_id: UserId, keys: Sequence[WorkoutKey], generation: str | None) -> LedgerView:
        """The view that a decision rests on; refused for a connection that has ended."""
        view = self.ledger.read(user_id, keys)
        view.head.check_admits(generation)
        return view

    def _stale(self, user_id: UserId) -> tuple[MilestoneId, ...]:
        """The milestones to recount."""
        return NOTHING_COMMITTED.stale_after(self.ledger.read(user_id, ()))

    def _recount(self, user_id: UserId, milestone_ids: Iterable[MilestoneId]) -> Committed:
        """Recount untracked milestones whose periods have changed (law 4), and those that lost their best.

        The head and these milestones say so until it is done: a crash before this leaves it to the next call.
        """
        recounting = Recounting(ledger=self.ledger, catalog=self.catalog, context=self.context)
        committed = NOTHING_COMMITTED
        for milestone_id in milestone_ids:

            def find(milestone_id: MilestoneId = milestone_id) -> Milestone:
                milestone = self.ledger.read_milestone(user_id, milestone_id)
                if milestone is None:
                    raise NotFound(f"there is no milestone {milestone_id!r}", code="milestone_not_found")
                return milestone

            # Removed meanwhile: its removal has taken it out of the head.
            with suppress(NotFound):
                committed += recounting.run(user_id, find, is_bounded=False).committed
        return committed

    def _sorted_out(
        self, answers: Sequence[Answer], now: datetime
    ) -> tuple[list[Answer], tuple[tuple[WorkoutKey, str], ...], tuple[tuple[WorkoutKey, SetAside], ...]]:
        """Believable activities, reasons of the others, and values set aside."""
        believable: list[Answer] = []
        rejected: list[tuple[WorkoutKey, str]] = []
        set_aside: list[tuple[WorkoutKey, SetAside]] = []
        for each in answers:
            if not isinstance(each.found, ActivitySnapshot):
                believable.append(each)
                continue
            try:
                believed, values = each.found.believable(self.context.policy, now=now)
            except InvalidInput as unbelievable:
                rejected.append((each.found.key, unbelievable.message))
            else:
                believable.append(evolve(each, found=believed))
                set_aside += [(believed.key, value) for value in values]
        return believable, tuple(rejected), tuple(set_aside)

    def _check(self, found: Iterable[Found], now: datetime) -> None:
        for each in found:
            if type(each) is ActivitySnapshot:
                each.check(self.context.policy, now=now)
            else:
                require_kind(each, (ActivitySnapshot, ActivityGone), "found")

    def _decided(self, view: LedgerView, found: Sequence[Change], now: datetime) -> Sequence[LedgerCommit]:
        models = models_of(self.catalog, view.milestones)
        return decide(view, found, models=models, now=now, policy=self.context.policy)

    def ingest_all(self, user_id: UserId, found: Iterable[Found]) -> Iterator[Committed]:
        """Take in a long history in batches, each as `ingest` does.

        Best given in order of start. Give each activity once: over batches, each of its snapshots counts.

        All of it is one change (law 1): where workouts are stored already, `found` is read twice, first for
        all decreases. An iterator can be read only once and is kept in memory then.

        Yields:
            What each batch changed, once it is written. A caller that stops early leaves a legal ledger.
        """
        require_id(user_id, "user_id")
        require_items(found, "found")
        now = self.context.now()
        committed = NOTHING_COMMITTED
        # A ledger without workouts has no sum that could fall.
        if self.ledger.read_head(user_id).workout_count:
            found = tuple(found) if isinstance(found, Iterator) else found
            if falling := self._lowering(user_id, found, now):
                self._check(falling, now)
                committed, _ = self._take_in(user_id, falling, now)
        stale: tuple[MilestoneId, ...] = ()
        for batch in self._batches(found):
            self._check(batch, now)
            taken_in, stale = self._take_in(user_id, batch, now)
            yield committed + taken_in
            committed = NOTHING_COMMITTED
        # Once, after all batches: a recount reads a whole period.
        if recounted := self._recount(user_id, stale).commits:
            yield Committed(recounted)

    def _lowering(self, user_id: UserId, found: Iterable[Found], now: datetime) -> list[Found]:
        """Those of all changes that lower the sum of a milestone."""
        result: list[Found] = []
        for batch in self._batches(found):
            view = self.ledger.read(user_id, keys_of(batch))
            result += lowering(view, batch, now=now)
        return result

    def _batches(self, found: Iterable[_Item]) -> Iterator[tuple[_Item, ...]]:
        remaining = iter(found)
        while batch := tuple(islice(remaining, self.batch_items)):
            yield batch

    @property
    def batch_items(self) -> int:
        """How many workouts fit one write whatever milestones they move."""
        # The head and every tracked milestone may have to stand in the same write (law 6).
        return (
            self.context.policy.training.commit_items_max
            - self.context.policy.training.milestones_tracked_max
            - 1
        )


def _settled(key: WorkoutKey) -> ActivitySettled:
    return ActivitySettled(key=key)
