"""Opening milestones and looking at them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime

from attrs import evolve, field, frozen

from commitcollect_core.context import Context
from commitcollect_core.errors import Conflict, CorruptItem, InvalidInput, NotFound
from commitcollect_core.policy import Policy
from commitcollect_core.training.awards import Award, StatueModel
from commitcollect_core.training.committing import NOTHING_COMMITTED, Committed, Committing
from commitcollect_core.training.decisions import (
    decide_creation,
    decide_discard,
    decide_edit,
    decide_removal,
    with_room,
)
from commitcollect_core.training.explaining import ExplanationPage, explanation_page
from commitcollect_core.training.folds import SUM, Fold
from commitcollect_core.training.goals import (
    Aim,
    Goal,
    check_fold,
    check_place,
    check_target,
    combination,
    latest_end,
    new_period_end,
    new_period_start,
    one_or_more,
    target_type_of,
)
from commitcollect_core.training.history import walk_workouts, workouts_of_period
from commitcollect_core.training.ledger import LedgerCommit, LedgerView, StoredItem
from commitcollect_core.training.local_time import UTC_TIME, LocalTime
from commitcollect_core.training.milestones import Milestone, milestone_name, target_unit
from commitcollect_core.training.periods import DaySpan, Summary, TrainingPeriod, training_period
from commitcollect_core.training.ports import (
    Ledger,
    MilestonePage,
    StatueCatalog,
    WorkoutPosition,
    WorkoutQuery,
)
from commitcollect_core.training.recounting import Recount, Recounting
from commitcollect_core.training.recurrence import Every
from commitcollect_core.training.sports import ANY_SPORT, SportSelection, selection
from commitcollect_core.training.statues import model_on_offer, models_of
from commitcollect_core.training.tallies import Explanation, Tally, explain, tally
from commitcollect_core.training.workouts import Workout
from commitcollect_core.values import (
    MilestoneId,
    ModelId,
    TargetType,
    UserId,
    check_id,
    is_id,
    member,
    require_id,
    require_kind,
    require_whole,
)

MILESTONE_EXISTS = "milestone_exists"

COMBINATION_SHARES = 1_000_000
"""Into how many shares, about, a combination is divided."""


@frozen(kw_only=True)
class NewMilestone:
    """The request for a milestone, before its statue is looked up.

    Attributes as in `Goal` and `Milestone`; `of` makes the request for a combination.

    Raises:
        InvalidInput: an attribute is of another type, or names something unknown. Limits that an operator can
            set are for `Tracking.create`.
    """

    model_id: ModelId = field(validator=check_id)
    target_type: TargetType = field(converter=target_type_of)
    total_target: int = field(validator=check_target)
    period_start_at: datetime = field(converter=new_period_start)
    period_end_at: datetime | None = field(default=None, converter=new_period_end)
    sports: SportSelection = field(default=ANY_SPORT, converter=selection)
    fold: Fold = field(default=SUM, validator=check_fold)
    local_time: LocalTime | None = field(default=None, validator=check_place)
    all_of: tuple[Aim, ...] = field(default=(), converter=combination)
    name: str = field(default="", converter=milestone_name)
    unit: str = field(default="", converter=target_unit)

    @classmethod
    def of(
        cls,
        aims: Sequence[Aim],
        *,
        model_id: ModelId,
        period_start_at: datetime,
        period_end_at: datetime | None = None,
        local_time: LocalTime | None = None,
        name: str = "",
        unit: str = "",
    ) -> NewMilestone:
        """The request to reach one aim, or all of several."""
        first, *more = one_or_more(aims)
        return cls(
            model_id=model_id,
            sports=ANY_SPORT if more else first.sports,
            target_type=TargetType.ALL_OF if more else first.target_type,
            total_target=COMBINATION_SHARES if more else first.total_target,
            period_start_at=period_start_at,
            period_end_at=period_end_at,
            fold=SUM if more else first.fold,
            local_time=local_time,
            all_of=(first, *more) if more else (),
            name=name,
            unit=unit,
        )

    def goal(self, model: StatueModel, policy: Policy) -> Goal:
        """The requested goal with the statue `model`.

        A goal by days, weeks or months without an end gets the longest period the policy allows.
        """
        # Shares come in equal numbers for every part, so that rounding them down never costs a part (law 2).
        shares = COMBINATION_SHARES - COMBINATION_SHARES % model.parts_total
        goal = Goal(
            model_id=model.model_id,
            sports=self.sports,
            target_type=self.target_type,
            total_target=shares if self.all_of else self.total_target,
            parts_total=model.parts_total,
            period_start_at=self.period_start_at,
            period_end_at=self.period_end_at,
            fold=self.fold,
            local_time=self.local_time,
            all_of=self.all_of,
        )
        if goal.period_end_at is not None:
            return goal
        end = latest_end(goal.aims, goal.period_start_at, goal.local_time or UTC_TIME, policy)
        return evolve(goal, period_end_at=end)


@frozen(kw_only=True)
class MilestoneView:
    """A milestone with its awards in order of part.

    Attributes:
        committed: what opening the milestone wrote, parts owed to other milestones included; nothing
            where it is only looked at.
    """

    milestone: Milestone
    awards: tuple[Award, ...]
    committed: Committed = field(default=NOTHING_COMMITTED, eq=False)


@frozen(kw_only=True)
class Preview:
    """What a milestone would be, if it were opened now."""

    goal: Goal
    tally: Tally


@frozen(kw_only=True)
class Recomputed:
    """What re-adding a milestone from its stored workouts found.

    Attributes:
        view: the milestone afterwards.
        progress_delta: how much the high-water mark rose; 0 when the running sum was right.
        current_delta: how much the live sum was off.
        parts_delta: parts minted by the repair.
        tally: what the stored workouts of the period add up to.
        committed: what the repair wrote; nothing when the milestone was right.
    """

    view: MilestoneView
    progress_delta: int
    current_delta: int
    parts_delta: int
    tally: Tally
    committed: Committed


@frozen(kw_only=True, eq=False, repr=False)
class Tracking:
    """Milestones of an athlete: open, look at, list, repair, explain."""

    ledger: Ledger
    catalog: StatueCatalog
    context: Context

    def create(
        self,
        user_id: UserId,
        wish: NewMilestone,
        *,
        milestone_id: MilestoneId | None = None,
        is_bounded: bool = True,
    ) -> MilestoneView:
        """Open a milestone; the history already stored counts at once.

        Args:
            user_id: the athlete.
            wish: what to reach.
            milestone_id: an id that the caller made, to find it again; None for a new one.
            is_bounded: refuse to count more than `TrainingPolicy.workouts_inspected_max` workouts, as a
                request must; workers and the command line count them all.

        Raises:
            InvalidInput, NotFound: the request is not valid, or names no statue model on offer.
            Conflict: the athlete has a milestone with this id.
            LimitExceeded: too many milestones under way, or too many workouts for a request.
            VersionConflict: other processes kept writing to this ledger; try again.
        """
        require_id(user_id, "user_id")
        require_kind(wish, NewMilestone, "wish")
        now = self.context.now()
        model = model_on_offer(self.catalog, wish.model_id)
        goal = wish.goal(model, self.context.policy)
        goal.check(self.context.policy)
        new_id = milestone_id or self.context.ids.milestone_id()
        require_id(new_id, "milestone_id")

        committing = Committing(self.ledger, self.context)
        while True:
            # The view first: the history is counted under its head's version. A workout that is taken in
            # meanwhile makes the commit fail; the next attempt counts it, and it never counts twice.
            view = self.ledger.read(user_id, ())
            if self.ledger.read_milestone(user_id, new_id) is not None:
                raise Conflict(f"there is a milestone {new_id!r} already", code=MILESTONE_EXISTS)
            history = self.tally(user_id, goal, is_bounded=is_bounded)
            models = {**models_of(self.catalog, view.milestones), model.model_id: model}
            commits = decide_creation(
                view, new_id, goal, history, models=models, now=now, policy=self.context.policy,
                name=wish.name, unit=wish.unit,
            )  # fmt: skip
            if committing.commit(commits):
                opening = commits[-1]  # the ones before it award what other milestones are owed
                return MilestoneView(
                    milestone=opening.milestones[0], awards=opening.awards, committed=committing.committed
                )

    def preview(self, user_id: UserId, wish: NewMilestone, *, is_bounded: bool = False) -> Preview:
        """What a milestone would be worth at once, from the history already stored. Writes nothing.

        Args:
            user_id: the athlete.
            wish: what to reach.
            is_bounded: as in `create`.

        Raises:
            InvalidInput, NotFound, LimitExceeded: as in `create`.
        """
        require_id(user_id, "user_id")
        require_kind(wish, NewMilestone, "wish")
        policy = self.context.policy
        goal = wish.goal(model_on_offer(self.catalog, wish.model_id), policy)
        goal.check(policy)
        with_room(self.ledger.read(user_id, ()), policy, now=self.context.now())
        return Preview(goal=goal, tally=self.tally(user_id, goal, is_bounded=is_bounded))

    def view(self, user_id: UserId, milestone_id: MilestoneId) -> MilestoneView:
        """A milestone and its awards.

        Raises:
            NotFound: this athlete has no such milestone.
        """
        milestone = self._milestone(user_id, milestone_id)
        return MilestoneView(
            milestone=milestone, awards=tuple(self.ledger.read_awards(user_id, milestone_id))
        )

    def list(self, user_id: UserId, *, after: MilestoneId | None = None, limit: int = 50) -> MilestonePage:
        """A page of the athlete's milestones in order of id.

        Raises:
            InvalidInput: the limit is outside 1 to `TrainingPolicy.page_items_max`, or an id is none.
        """
        require_id(user_id, "user_id")
        if after is not None:
            require_id(after, "after")
        self._check_limit(limit)
        return self.ledger.read_milestones(user_id, after=after, limit=limit)

    def recompute(self, user_id: UserId, milestone_id: MilestoneId, *, is_bounded: bool = True) -> Recomputed:
        """Recompute a milestone from the stored workouts of its period.

        This is the repair tool.

        Args:
            user_id: the athlete.
            milestone_id: the milestone.
            is_bounded: as in `create`.

        Raises:
            NotFound: this athlete has no such milestone.
            LimitExceeded: too many workouts for a request.
            VersionConflict: other processes kept writing to this ledger; try again.
        """
        return self._recomputed(user_id, self._recount(user_id, milestone_id, is_bounded=is_bounded))

    def _recount(self, user_id: UserId, milestone_id: MilestoneId, *, is_bounded: bool) -> Recount:
        recounting = Recounting(ledger=self.ledger, catalog=self.catalog, context=self.context)
        return recounting.run(user_id, lambda: self._milestone(user_id, milestone_id), is_bounded=is_bounded)

    def _recomputed(self, user_id: UserId, recount: Recount) -> Recomputed:
        before = recount.before
        after = self.view(user_id, before.milestone_id)
        progress = after.milestone.progress
        return Recomputed(
            view=after,
            progress_delta=progress.progress_value - before.progress.progress_value,
            current_delta=progress.current_value - before.progress.current_value,
            parts_delta=after.milestone.parts_awarded - before.parts_awarded,
            tally=recount.tally,
            committed=recount.committed,
        )

    def remove_all(self, user_id: UserId, *, generation: str | None = None) -> Committed:
        """Remove every milestone with its awards.

        For an operator whose rules ask for it.

        Args:
            user_id: the athlete.
            generation: `NO_CONNECTION` for what an ended connection leaves; None to remove in any case.

        Raises:
            ConnectionChanged: the athlete has connected again meanwhile.
            AccountDeleting, StorageError: call again to finish the rest.
            VersionConflict: other processes kept writing to this ledger; call again.
        """
        committed = NOTHING_COMMITTED
        # All of them are listed first, so that no page is read between two removals.
        for milestone in list(self.milestones(user_id)):
            committed += self._remove(user_id, milestone.milestone_id, generation, takes_awards=True)
        return committed

    def remove(self, user_id: UserId, milestone_id: MilestoneId, *, takes_awards: bool = False) -> Committed:
        """Remove a milestone, also one that cannot be read.

        Args:
            user_id: the athlete.
            milestone_id: the milestone.
            takes_awards: whether earned parts may go with it, and what cannot be read.

        Raises:
            NotFound: this athlete has no such milestone.
            Conflict: it has parts, and they may not go with it.
            AccountDeleting, StorageError: nothing was removed.
            VersionConflict: other processes kept writing to this ledger; call again.
        """
        with suppress(CorruptItem):
            self._milestone(user_id, milestone_id)
        return self._remove(user_id, milestone_id, None, takes_awards=takes_awards)

    def _remove(
        self, user_id: UserId, milestone_id: MilestoneId, generation: str | None, *, takes_awards: bool
    ) -> Committed:
        committing = Committing(self.ledger, self.context)
        while True:
            # The head alone: another milestone that cannot be read must not keep this one.
            head = self.ledger.read_head(user_id)
            head.check_admits(generation)
            commits: tuple[LedgerCommit, ...] = ()
            try:
                stored = self.ledger.read_milestone(user_id, milestone_id)
                if stored is not None:
                    _check_awards(milestone_id, stored.parts_awarded, takes_awards=takes_awards)
                    commits = (decide_removal(LedgerView(user_id=user_id, head=head), stored),)
            except CorruptItem:
                _check_awards(milestone_id, self._awards_of(user_id, milestone_id), takes_awards=takes_awards)
                commits = (decide_discard(user_id, head, milestone_id),)
            if committing.commit(commits):
                return committing.committed

    def _awards_of(self, user_id: UserId, milestone_id: MilestoneId) -> int | None:
        """How many parts a milestone that cannot be read has earned; None if that cannot be read either."""
        try:
            return len(self.ledger.read_awards(user_id, milestone_id))
        except CorruptItem:
            return None

    def discard_unreadable(self, user_id: UserId) -> tuple[StoredItem, ...]:
        """Remove every milestone and workout that cannot be read, and recompute the milestones that are left.

        A source may still have such a workout, and import it again. Awards that cannot be read stay: `remove`
        takes them with their milestone.

        Raises:
            AccountDeleting, StorageError: call again to finish the rest.
            VersionConflict: other processes kept writing to this ledger; call again.
        """
        found = tuple(self.ledger.unreadable(user_id))
        for item in found:
            committing = Committing(self.ledger, self.context)
            while not committing.commit((decide_discard(user_id, self.ledger.read_head(user_id), item),)):
                pass
        # Also where nothing was found: a call before this one may have ended in between. No award is read.
        for milestone in list(self.milestones(user_id)):
            self._recount(user_id, milestone.milestone_id, is_bounded=False)
        return found

    def edit(
        self,
        user_id: UserId,
        milestone_id: MilestoneId,
        *,
        name: str | None = None,
        is_archived: bool | None = None,
    ) -> Milestone:
        """Rename a milestone, put it away or take it out again; None leaves it as it is.

        What is put away counts on.

        Raises:
            InvalidInput: the name is not acceptable.
            NotFound: this athlete has no such milestone.
            VersionConflict: other processes kept writing to this ledger; try again.
        """
        now = self.context.now()
        new_name = None if name is None else milestone_name(name)
        committing = Committing(self.ledger, self.context)
        while True:
            view = self.ledger.read(user_id, ())
            stored = self._milestone(user_id, milestone_id)
            archived_at = stored.archived_at
            if is_archived is not None:
                archived_at = (archived_at or now) if is_archived else None
            commits = decide_edit(
                view,
                stored,
                name=stored.name if new_name is None else new_name,
                archived_at=archived_at,
                now=now,
            )
            if committing.commit(commits):
                return commits[0].milestones[0] if commits else stored

    def tally(self, user_id: UserId, goal: Goal, *, is_bounded: bool = True) -> Tally:
        """What the stored workouts of a goal's period add up to.

        Raises:
            LimitExceeded: too many workouts for a request.
        """
        workouts = workouts_of_period(self.ledger, user_id, goal, self.context.policy, is_bounded=is_bounded)
        return tally(goal, workouts)

    def explain(self, user_id: UserId, milestone_id: MilestoneId) -> Iterator[Explanation]:
        """Explain each stored workout, in order of start.

        An explanation says how much a workout counts, or why not. Reads in pages.

        Raises:
            NotFound: this athlete has no such milestone.
        """
        goal = self._milestone(user_id, milestone_id).goal
        return explain(goal, self.workouts(user_id))

    def explain_page(
        self,
        user_id: UserId,
        milestone_id: MilestoneId,
        *,
        after: WorkoutPosition | None = None,
        limit: int = 50,
        is_bounded: bool = True,
    ) -> ExplanationPage:
        """Explain some workouts, the newest first.

        Args:
            user_id: the athlete.
            milestone_id: the milestone.
            after: the `next` of the page before; None for the first.
            limit: the most workouts of the page.
            is_bounded: inspect no more workouts than one request may, as in `create`.

        Raises:
            InvalidInput: as in `list`.
            NotFound: this athlete has no such milestone.
            LimitExceeded: the goal counts days, weeks, months or a best workout, and too many workouts of its
                period come before those of the page.
        """
        self._check_limit(limit)
        goal = self._milestone(user_id, milestone_id).goal
        return explanation_page(
            self.ledger, user_id, goal, self.context.policy, after=after, limit=limit, is_bounded=is_bounded
        )

    def milestones(self, user_id: UserId) -> Iterator[Milestone]:
        """Every milestone of the athlete in order of id. Reads in pages."""
        after = None
        while True:
            page = self.list(user_id, after=after, limit=self.context.policy.training.page_items_max)
            yield from page.milestones
            if page.next is None:
                return
            after = page.next

    def year(self, user_id: UserId, year: int, place: LocalTime | None = None) -> TrainingPeriod:
        """A year of the athlete's training, in the days of a place. Reads that year in pages.

        Raises:
            InvalidInput: an argument is of another type, or there is no such year.
        """
        return self._period(user_id, DaySpan.of(Every.YEAR, year), place, ANY_SPORT)

    def summary(
        self,
        user_id: UserId,
        every: Every,
        number: int,
        *,
        today: int,
        place: LocalTime | None = None,
        sports: SportSelection = ANY_SPORT,
    ) -> Summary:
        """A year, month or week of training beside the one before. Reads both in pages.

        Args:
            user_id: the athlete.
            every: the kind of period.
            number: of the period, as `every` numbers them.
            today: the number of a day (`date.toordinal`); a period that holds it is compared with as many
                days of the one before.
            place: whose days are meant; None for those of UTC.
            sports: what counts.

        Raises:
            InvalidInput: an argument is of another type, or there is no such period.
        """
        every = member(Every, every, "every")
        require_whole(today, "today")
        span = DaySpan.of(every, number)
        return Summary(
            every=every,
            number=number,
            period=self._period(user_id, span, place, sports),
            before=self._period(user_id, span.before(every, today=today), place, sports),
        )

    def _period(
        self, user_id: UserId, span: DaySpan, place: LocalTime | None, sports: SportSelection
    ) -> TrainingPeriod:
        require_id(user_id, "user_id")
        require_kind(place, (LocalTime, type(None)), "place")
        start_at, end_at = span.instants(place)
        query = WorkoutQuery(
            start_at=start_at, end_at=end_at, limit=self.context.policy.training.page_items_max
        )
        return training_period(span, walk_workouts(self.ledger, user_id, query), place, sports)

    def workouts(self, user_id: UserId) -> Iterator[Workout]:
        """Every stored workout of the athlete, tombstones included.

        In order of start; reads in pages.
        """
        require_id(user_id, "user_id")
        return walk_workouts(
            self.ledger, user_id, WorkoutQuery(limit=self.context.policy.training.page_items_max)
        )

    def _check_limit(self, limit: int) -> None:
        require_whole(limit, "limit")
        if not 1 <= limit <= self.context.policy.training.page_items_max:
            raise InvalidInput(
                f"limit {limit} is outside 1 to {self.context.policy.training.page_items_max}", field="limit"
            )

    def _milestone(self, user_id: UserId, milestone_id: MilestoneId) -> Milestone:
        is_known = is_id(user_id) and is_id(milestone_id)
        milestone = self.ledger.read_milestone(user_id, milestone_id) if is_known else None
        if milestone is None:
            raise NotFound(f"there is no milestone {milestone_id!r}", code="milestone_not_found")
        return milestone


def _check_awards(milestone_id: MilestoneId, parts: int | None, *, takes_awards: bool) -> None:
    """Keep a milestone whose earned parts may not go with it; with None they cannot be counted."""
    if parts == 0 or takes_awards:
        return
    lost = "parts that cannot be read" if parts is None else f"{parts} earned parts"
    raise Conflict(
        f"milestone {milestone_id!r} has {lost}, which would be gone for good; say that they may go, or "
        "archive it",
        code="milestone_has_parts",
    )
