"""Small sample values for the contract suites."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import count
from uuid import uuid4

from attrs import evolve, frozen

from commitcollect_adapters.testing.strategies import SEASON_END_AT, SEASON_START_AT, STATUES
from commitcollect_core.context import Context
from commitcollect_core.policy import DEFAULT_POLICY, Policy
from commitcollect_core.training.awards import Award, Crossing, StatueModel, mint
from commitcollect_core.training.decisions import decide_creation
from commitcollect_core.training.goals import Goal
from commitcollect_core.training.ingestion import Ingestion
from commitcollect_core.training.ledger import LedgerCommit, LedgerHead
from commitcollect_core.training.milestones import Milestone, Progress
from commitcollect_core.training.ports import Ledger
from commitcollect_core.training.tallies import tally
from commitcollect_core.training.workouts import ActivitySnapshot, Workout
from commitcollect_core.values import ActivityId, MilestoneId, ModelId, Source, TargetType, UserId

NOW = SEASON_END_AT
HERON = STATUES[1]
_RUN = uuid4().hex[:8]
"""Tells the athletes of this run from those of an earlier one in a store that is kept."""
_athlete_numbers = count(1)


def new_athlete() -> UserId:
    """A new athlete without a ledger."""
    return UserId(f"athlete-{_RUN}-{next(_athlete_numbers)}")


def workout(activity_id: str, *, version: int = 1, start: int = 0, source: Source = Source.FILE) -> Workout:
    """A workout whose distance tells its version.

    It starts `start` seconds into the season.
    """
    return Workout(
        snapshot=ActivitySnapshot(
            source=source,
            activity_id=ActivityId(activity_id),
            sport_type="Ride",
            started_at=at(start),
            distance_meters=1000 + version,
        ),
        version=version,
        fetched_at=NOW,
    )


def at(seconds: int) -> datetime:
    """This many seconds into the season."""
    return SEASON_START_AT + timedelta(seconds=seconds)


def milestone(milestone_id: str, *, version: int = 1) -> Milestone:
    """A milestone whose progress and parts tell its version."""
    goal = Goal(
        model_id=HERON.model_id,
        target_type=TargetType.DISTANCE_METERS,
        total_target=12_000,
        parts_total=HERON.parts_total,
        period_start_at=SEASON_START_AT,
    )
    return Milestone(
        milestone_id=MilestoneId(milestone_id),
        goal=goal,
        progress=Progress(1000 * version, 1000 * version),
        parts_awarded=min(version, HERON.parts_total),
        version=version,
        created_at=NOW,
        updated_at=NOW,
    )


def award(milestone_id: str, part_index: int, *, activity_id: str = "1") -> Award:
    """The award of one part, earned by the workout `activity_id`."""
    crossing = Crossing.by(workout(activity_id), part_index * 1000)
    return mint(HERON, MilestoneId(milestone_id), part_index, crossing, now=NOW)


def commit_of(
    user_id: UserId,
    head_version: int,
    *,
    workouts: Sequence[Workout] = (),
    milestones: Sequence[Milestone] = (),
    awards: Sequence[Award] = (),
    tracked: Sequence[str] = (),
) -> LedgerCommit:
    """A commit of these items."""
    return LedgerCommit(
        user_id=user_id,
        head=LedgerHead(version=head_version, tracked_milestone_ids=tuple(map(MilestoneId, tracked))),
        workouts=tuple(workouts),
        milestones=tuple(milestones),
        awards=tuple(awards),
    )


def first_commit(user_id: UserId) -> LedgerCommit:
    """One thing of each kind, on a ledger never written."""
    return commit_of(
        user_id,
        1,
        workouts=[workout("kept")],
        milestones=[milestone("ms-kept")],
        awards=[award("ms-kept", 1)],
        tracked=["ms-kept"],
    )


def second_commit(user_id: UserId) -> LedgerCommit:
    """Replaces and adds things of each kind, on top of `_first_commit`."""
    return commit_of(
        user_id,
        2,
        workouts=[workout("kept", version=2), workout("new")],
        milestones=[milestone("ms-kept", version=2), milestone("ms-new")],
        awards=[award("ms-kept", 2), award("ms-new", 1)],
        tracked=["ms-kept", "ms-new"],
    )


def with_head_version(version: int) -> Callable[[LedgerCommit], LedgerCommit]:
    """A change that gives a commit this head version."""
    return lambda commit: evolve(commit, head=evolve(commit.head, version=version))


def _with_workout(activity_id: str, version: int) -> Callable[[LedgerCommit], LedgerCommit]:
    def spoil(commit: LedgerCommit) -> LedgerCommit:
        others = [each for each in commit.workouts if each.key.activity_id != activity_id]
        return evolve(commit, workouts=(*others, workout(activity_id, version=version)))

    return spoil


def _with_milestone(milestone_id: str, version: int) -> Callable[[LedgerCommit], LedgerCommit]:
    def spoil(commit: LedgerCommit) -> LedgerCommit:
        others = [each for each in commit.milestones if each.milestone_id != milestone_id]
        return evolve(commit, milestones=(*others, milestone(milestone_id, version=version)))

    return spoil


def _with_award(milestone_id: str, part_index: int) -> Callable[[LedgerCommit], LedgerCommit]:
    return lambda commit: evolve(
        commit, awards=(*commit.awards, award(milestone_id, part_index, activity_id="x"))
    )


def _without_milestone(milestone_id: str, version: int) -> Callable[[LedgerCommit], LedgerCommit]:
    return lambda commit: evolve(
        commit, milestones=(), awards=(), removed=(milestone(milestone_id, version=version),)
    )


SPOILED: dict[str, Callable[[LedgerCommit], LedgerCommit]] = {
    "head as stored": with_head_version(1),
    "head two ahead": with_head_version(3),
    "workout new, but there is one": _with_workout("kept", 1),
    "workout two ahead": _with_workout("kept", 3),
    "workout replaced, but there is none": _with_workout("new", 2),
    "milestone new, but there is one": _with_milestone("ms-kept", 1),
    "milestone two ahead": _with_milestone("ms-kept", 3),
    "milestone replaced, but there is none": _with_milestone("ms-new", 2),
    "award is there already": _with_award("ms-kept", 1),
    "milestone removed, but it is another version": _without_milestone("ms-kept", 2),
    "milestone removed, but there is none": _without_milestone("ms-none", 1),
}
"""Changes that put one item of `second_commit` out of step."""


def turned_round(commit: LedgerCommit) -> LedgerCommit:
    """The same commit with its items in the opposite order."""
    return evolve(
        commit,
        workouts=commit.workouts[::-1],
        milestones=commit.milestones[::-1],
        awards=commit.awards[::-1],
    )


@frozen
class Now:
    """A clock that stands still."""

    moment: datetime

    def now(self) -> datetime:
        """See `Clock`."""
        return self.moment


@frozen
class AtOnce:
    """Does not wait after a lost race."""

    def wait(self, attempt: int) -> None:
        """See `Backoff`."""

    def jitter_seconds(self, longest: int) -> int:  # noqa: ARG002 - as every backoff
        """See `Backoff`."""
        return 0


class NoIds:
    """Makes no ids, as the suites need none."""

    def milestone_id(self) -> MilestoneId:
        """Fails."""
        raise NotImplementedError

    def activity_id(self) -> ActivityId:
        """Fails."""
        raise NotImplementedError

    def handshake_state(self) -> str:
        """Fails."""
        raise NotImplementedError

    def lease_token(self) -> str:
        """Fails."""
        raise NotImplementedError

    def secret(self) -> str:
        """Fails."""
        raise NotImplementedError

    def request_id(self) -> str:
        """Fails."""
        raise NotImplementedError

    def generation(self) -> str:
        """Fails."""
        raise NotImplementedError


def context(policy: Policy = DEFAULT_POLICY) -> Context:
    """A context whose clock stands still and whose writers do not wait."""
    return Context(clock=Now(NOW), ids=NoIds(), backoff=AtOnce(), policy=policy)


@frozen
class Statues:
    """A catalogue of the models of the strategies."""

    def model(self, model_id: ModelId) -> StatueModel | None:
        """See `StatueCatalog`."""
        return next((each for each in STATUES if each.model_id == model_id), None)

    def models(self) -> Sequence[StatueModel]:
        """See `StatueCatalog`."""
        return STATUES

    def geometry(self, model_id: ModelId) -> bytes | None:  # noqa: ARG002 - as the port names it
        """See `StatueCatalog`."""
        return None


def ingestion(ledger: Ledger, policy: Policy = DEFAULT_POLICY) -> Ingestion:
    """The use case on `ledger`, with the statues of the strategies."""
    return Ingestion(ledger=ledger, catalog=Statues(), context=context(policy))


def rides(prefix: str, number: int) -> list[ActivitySnapshot]:
    """This many snapshots with keys and starts of their own."""
    return [workout(f"{prefix}-{n}", start=n).snapshot for n in range(number)]


def lockstep(user_id: UserId, version: int) -> LedgerCommit:
    """A commit that gives head, workout and milestone this version."""
    return commit_of(
        user_id,
        version,
        workouts=[workout("1", version=version)],
        milestones=[milestone("ms-1", version=version)],
        tracked=["ms-1"],
    )


def open_milestone(ledger: Ledger, user_id: UserId) -> None:
    """Open a milestone of twelve parts by the core's own decision."""
    view = ledger.read(user_id, ())
    goal = milestone("ms-1").goal
    history = tally(goal, ())
    for commit in decide_creation(
        view,
        MilestoneId("ms-1"),
        goal,
        history,
        models={HERON.model_id: HERON},
        now=NOW,
        policy=DEFAULT_POLICY,
    ):
        ledger.commit(commit)
