"""Hypothesis strategies for histories, milestones and ledgers.

They favour edge cases: targets smaller than the number of parts (one workout earns several), measures of
zero, unknown sports.

Those that others draw from again and again are made once: hypothesis validates each new one, which
takes longer than drawing from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from string import ascii_letters, digits

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.training.awards import Award, Crossing, ModelPart, StatueModel
from commitcollect_core.training.folds import (
    SUM,
    BestWindow,
    BestWorkout,
    Counter,
    Fold,
    LongestRun,
    ReachedBuckets,
    counts_buckets,
)
from commitcollect_core.training.goals import Aim, Goal, most_of_one
from commitcollect_core.training.ledger import NO_CONNECTION, LedgerHead, LedgerState, UntrackedMilestone
from commitcollect_core.training.local_time import Bucket, LocalTime
from commitcollect_core.training.milestones import Milestone, Progress
from commitcollect_core.training.recurrence import Every, RecurringGoal
from commitcollect_core.training.sports import ANY, ANY_SPORT, SPORT_GROUPS, SPORT_TYPES, SportSelection
from commitcollect_core.training.tracking import NewMilestone
from commitcollect_core.training.workouts import ActivityGone, ActivitySnapshot, Found, Workout
from commitcollect_core.values import (
    ActivityId,
    AthleteId,
    MilestoneId,
    ModelId,
    Source,
    TargetType,
    WorkoutKey,
)

SEASON_START_AT = datetime(2026, 1, 1, tzinfo=UTC)
SEASON_END_AT = datetime(2027, 1, 1, tzinfo=UTC)
"""Snapshots start within the season: set a clock to its end and every one is believable."""

MEASURED = tuple(each for each in TargetType if each is not TargetType.ALL_OF)
"""What can be measured of a workout."""

_COMMON_SPORT_TYPES = ("Ride", "VirtualRide", "Run", "TrailRun", "Swim", "Walk", "Snowshoe", "UnheardOf")
_SELECTABLE_SPORTS = sorted({*SPORT_GROUPS, *SPORT_TYPES.values()})


def _statue(model_id: str, parts_total: int) -> StatueModel:
    parts = tuple(
        ModelPart(
            part_index=index,
            part_name=f"Part {index}",
            mesh_file=f"{model_id.lower()}_{index:02}.stl",
            attach_point=f"peg_{index - 1}",
            mesh_sha256=f"{index:064x}",
        )
        for index in range(1, parts_total + 1)
    )
    return StatueModel(model_id=ModelId(model_id), name=model_id.title(), year=2026, parts=parts)


STATUES = (
    _statue("PEBBLE", 1),
    _statue("HERON", 12),
    _statue("WHALE", DEFAULT_POLICY.training.statue_parts_max),
)
"""Models of one part, of twelve, and of as many as a model may have."""


@cache
def texts(*, min_size: int = 0, max_size: int) -> SearchStrategy[str]:
    """Texts that every store must hold: any characters but NUL, which the core lets through to no store."""
    return st.text(
        st.characters(exclude_characters="\0", exclude_categories=["Cs"]),
        min_size=min_size,
        max_size=max_size,
    )


@cache
def moments(
    earliest: datetime = SEASON_START_AT, latest: datetime = SEASON_END_AT - timedelta(seconds=1)
) -> SearchStrategy[datetime]:
    """Aware UTC times in whole seconds, both ends included."""
    seconds = int((latest - earliest).total_seconds())
    return st.integers(0, seconds).map(lambda after: earliest + timedelta(seconds=after))


@cache
def believable_moments() -> SearchStrategy[datetime]:
    """Every time at which a workout may start."""
    return moments(
        DEFAULT_POLICY.training.workout_started_at_min, DEFAULT_POLICY.training.workout_started_at_max
    )


@cache
def _ids() -> SearchStrategy[str]:
    plain = ascii_letters + digits
    return st.builds(str.__add__, st.sampled_from(plain), st.text(plain + "._@-", max_size=63))


@cache
def workout_keys() -> SearchStrategy[WorkoutKey]:
    """Identities of workouts: any source, numbers or any other id."""
    activity_ids = st.one_of(st.integers(1, 10**11).map(str), _ids()).map(ActivityId)
    return st.builds(WorkoutKey, st.sampled_from(Source), activity_ids)


@cache
def _measures(limit: int) -> SearchStrategy[int]:
    return st.one_of(st.integers(0, min(100, limit)), st.integers(0, limit))


def snapshots(
    *,
    keys: SearchStrategy[WorkoutKey] | None = None,
    starts: SearchStrategy[datetime] | None = None,
    sport_types: SearchStrategy[str] | None = None,
) -> SearchStrategy[ActivitySnapshot]:
    """Believable snapshots.

    Args:
        keys: the identities to draw from; any, unless given.
        starts: when they start; some time in the season, unless given.
        sport_types: common sport types and an unknown one, unless given.
    """
    limits = DEFAULT_POLICY

    def snapshot(key: WorkoutKey, **facts: object) -> ActivitySnapshot:
        return ActivitySnapshot(source=key.source, activity_id=key.activity_id, **facts)  # type: ignore[arg-type]  # given by name, checked at run time

    return st.builds(
        snapshot,
        workout_keys() if keys is None else keys,
        started_at=moments() if starts is None else starts,
        sport_type=st.sampled_from(_COMMON_SPORT_TYPES) if sport_types is None else sport_types,
        distance_meters=_measures(limits.training.distance_meters_max),
        elevation_meters=_measures(limits.training.elevation_meters_max),
        moving_seconds=_measures(limits.training.duration_seconds_max),
        elapsed_seconds=_measures(limits.training.duration_seconds_max),
        name=texts(max_size=20),
        utc_offset_seconds=st.none() | st.integers(-12, 14).map(lambda hours: hours * 3600),
        is_flagged=st.sampled_from((False, False, False, True)),
    )


def histories(*, min_size: int = 0, max_size: int = 12) -> SearchStrategy[list[ActivitySnapshot]]:
    """Histories in which every activity is created once."""
    return st.lists(
        snapshots(), min_size=min_size, max_size=max_size, unique_by=lambda snapshot: snapshot.key
    )


def changing_histories(
    *, min_size: int = 0, max_size: int = 20, activities_max: int = 5
) -> SearchStrategy[list[Found]]:
    """Histories of edits, deletions and restorations.

    In the order a source reports them.

    Args:
        min_size: the fewest reports.
        max_size: the most reports.
        activities_max: how many activities they are about; fewer make more edits.
    """
    pool = st.sampled_from(
        [WorkoutKey(list(Source)[n % 3], ActivityId(f"{n}")) for n in range(1, activities_max + 1)]
    )
    gone = st.builds(lambda key: ActivityGone(key=key), pool)
    report: SearchStrategy[Found] = st.one_of(snapshots(keys=pool), snapshots(keys=pool), gone)
    return st.lists(report, min_size=min_size, max_size=max_size)


def statue_models(
    *, parts_max: int = DEFAULT_POLICY.training.statue_parts_max
) -> SearchStrategy[StatueModel]:
    """Statue models of one part and more, on offer or not."""

    def model(model_id: str, names: list[str], **facts: object) -> StatueModel:
        parts = tuple(
            ModelPart(
                part_index=index,
                part_name=name,
                mesh_file=f"{index}.stl",
                attach_point=name,
                mesh_sha256=f"{index:064x}" if index % 2 else None,
            )
            for index, name in enumerate(names, start=1)
        )
        return StatueModel(model_id=ModelId(model_id), parts=parts, **facts)  # type: ignore[arg-type]  # given by name, checked at run time

    return st.builds(
        model,
        _ids(),
        st.lists(texts(max_size=10), min_size=1, max_size=parts_max),
        name=texts(max_size=20),
        year=st.none() | st.integers(2000, 2100),
        is_active=st.booleans(),
    )


@cache
def targets(parts_total: int) -> SearchStrategy[int]:
    """Targets of every size.

    Fewer than there are parts, a few workouts' worth, and out of reach.
    """
    return st.one_of(
        st.integers(1, parts_total),
        st.integers(1, 300),
        st.integers(1_000, 5_000_000),
        st.integers(10**9, DEFAULT_POLICY.training.total_target_max),
    )


@cache
def sport_selections() -> SearchStrategy[SportSelection]:
    """Every sport, or a few groups and sport types."""
    few = st.lists(st.sampled_from(_SELECTABLE_SPORTS), min_size=1, max_size=4).map(SportSelection.parse)
    common = st.sampled_from(("RIDE", "RUN", "TrailRun", "HIKE", ANY)).map(
        lambda name: SportSelection.parse([name])
    )
    return st.one_of(st.just(ANY_SPORT), common, few)


@st.composite
def wishes(draw: st.DrawFn, models: Sequence[StatueModel] = STATUES) -> NewMilestone:
    """Requests for milestones of `models`.

    Every target type, with and without an end.
    """
    model = draw(st.sampled_from(models))
    start_at = draw(st.just(SEASON_START_AT) | moments())
    days = draw(st.none() | st.integers(1, 400))
    return NewMilestone(
        model_id=model.model_id,
        sports=draw(sport_selections()),
        target_type=draw(st.sampled_from(MEASURED)),
        total_target=draw(targets(model.parts_total)),
        period_start_at=start_at,
        period_end_at=None if days is None else start_at + timedelta(days=days),
    )


@cache
def folds() -> SearchStrategy[Fold]:
    """Every way to make one number of workouts, over days, weeks and months."""
    buckets = st.sampled_from(Bucket)
    minimums = st.sampled_from((1, 2, 3_600, 30_000))
    return st.one_of(
        st.just(SUM),
        st.just(BestWorkout()),
        st.builds(BestWindow, bucket=buckets, length=st.sampled_from((1, 2, 7, 30))),
        st.builds(ReachedBuckets, bucket=buckets, minimum=minimums),
        st.builds(LongestRun, bucket=buckets, minimum=minimums, rest=st.integers(0, 3)),
    )


@cache
def local_times() -> SearchStrategy[LocalTime | None]:
    """UTC, and places whose clocks change twice a year or lie far from UTC."""
    year = 365 * 86_400
    start = int(SEASON_START_AT.timestamp())
    summer = st.sampled_from((0, 3_600, 7_200)).map(
        lambda offset: LocalTime(
            "Test/Summer",
            ((start - year, offset), (start + 86 * 86_400, offset + 3_600), (start + 300 * 86_400, offset)),
        )
    )
    far = st.sampled_from((-11 * 3_600, 46_800, 20_700)).map(
        lambda offset: LocalTime("Test/Far", ((0, offset),))
    )
    return st.none() | summer | far


@cache
@st.composite
def aims(draw: st.DrawFn) -> Aim:
    """One thing to reach, within what a season of 400 days can hold."""
    fold = draw(folds())
    target_type = draw(st.sampled_from(MEASURED))
    most = 13 if counts_buckets(fold) else 300_000
    if isinstance(fold, BestWorkout):
        most = min(most, most_of_one(target_type, DEFAULT_POLICY.training))
    return Aim(
        sports=draw(sport_selections()),
        target_type=target_type,
        fold=fold,
        total_target=draw(st.integers(1, most)),
    )


@st.composite
def fold_wishes(draw: st.DrawFn, models: Sequence[StatueModel] = STATUES) -> NewMilestone:
    """Requests for milestones by days, weeks, months and best efforts, and for combinations of them."""
    return NewMilestone.of(
        draw(st.lists(aims(), min_size=1, max_size=DEFAULT_POLICY.training.goal_aims_max)),
        model_id=draw(st.sampled_from(models)).model_id,
        period_start_at=SEASON_START_AT + timedelta(hours=draw(st.integers(0, 48))),
        period_end_at=SEASON_START_AT + timedelta(days=draw(st.integers(366, 396))),
        local_time=draw(local_times()),
    )


def any_wishes(models: Sequence[StatueModel] = STATUES) -> SearchStrategy[NewMilestone]:
    """Requests for milestones of every kind."""
    return st.one_of(wishes(models), fold_wishes(models))


def goals(models: Sequence[StatueModel] = STATUES) -> SearchStrategy[Goal]:
    """The goals of `any_wishes`."""
    by_id = {model.model_id: model for model in models}
    return any_wishes(models).map(lambda wish: wish.goal(by_id[wish.model_id], DEFAULT_POLICY))


def recurring_goals() -> SearchStrategy[RecurringGoal]:
    """Recurring goals of every kind, with some periods opened."""
    return st.builds(
        RecurringGoal,
        recurring_id=_ids().map(MilestoneId),
        every=st.sampled_from(Every),
        model_id=_ids().map(ModelId),
        aims=st.lists(aims(), min_size=1, max_size=2).map(tuple),
        local_time=local_times(),
        first_period=st.integers(1, 10**5),
        opened=st.lists(st.integers(1, 10**5), max_size=4, unique=True).map(sorted).map(tuple),
        unit=st.sampled_from(("", "mi")),
    )


def _untracked() -> SearchStrategy[UntrackedMilestone]:
    return st.builds(
        UntrackedMilestone,
        milestone_id=_ids().map(MilestoneId),
        period_start_at=moments(),
        period_end_at=moments(),
        is_stale=st.booleans(),
    )


def stored_heads(*, version: int) -> SearchStrategy[LedgerHead]:
    """Heads with every field in use.

    The milestones that they track have to be stored, as a head may name no others.
    """
    milestone_ids = _ids().map(MilestoneId)
    return st.builds(
        LedgerHead,
        version=st.just(version),
        state=st.sampled_from(LedgerState),
        tracked_milestone_ids=st.lists(milestone_ids, max_size=3, unique=True).map(tuple),
        workout_count=st.integers(0, 10**6),
        untracked=st.lists(_untracked(), max_size=3, unique_by=lambda each: each.milestone_id).map(tuple),
        connection_generation=st.sampled_from(("", NO_CONNECTION, "0123456789abcdef")),
        fenced_at=st.none() | moments(),
        recurring=st.lists(recurring_goals(), max_size=2).map(tuple),
    )


def stored_workouts(*, key: WorkoutKey, version: int) -> SearchStrategy[Workout]:
    """Any workouts a store must hold, tombstones included."""
    wide = snapshots(
        keys=st.just(key),
        starts=believable_moments(),
        sport_types=texts(min_size=1, max_size=DEFAULT_POLICY.training.sport_type_chars_max),
    )
    return st.builds(
        Workout,
        snapshot=wide,
        version=st.just(version),
        fetched_at=moments(),
        deleted_at=st.none() | moments(),
        shown_to=st.none() | st.sampled_from([AthleteId("7"), AthleteId("8")]),
    )


def crossings() -> SearchStrategy[Crossing]:
    """Records of a workout that carried progress over a threshold."""
    return st.builds(Crossing, key=workout_keys(), earned_at=moments(), progress_value=st.integers(1, 10**15))


def stored_milestones(*, milestone_id: MilestoneId, version: int) -> SearchStrategy[Milestone]:
    """Any milestones a store must hold.

    Each field takes any value, whether or not the values fit together.
    """
    times = st.none() | moments()
    values = st.integers(0, 10**15)
    return st.builds(
        Milestone,
        milestone_id=st.just(milestone_id),
        goal=goals(),
        progress=st.builds(Progress, values, values, st.lists(_counters(), max_size=4).map(tuple)),
        parts_awarded=st.integers(0, DEFAULT_POLICY.training.statue_parts_max),
        owed=st.none() | crossings(),
        version=st.just(version),
        created_at=moments(),
        updated_at=moments(),
        progress_updated_at=times,
        last_awarded_at=times,
        completed_at=times,
        name=st.sampled_from(("", "Spring")) | texts(max_size=80),
        unit=st.sampled_from(("", "mi")),
        archived_at=times,
    )


def _counters() -> SearchStrategy[Counter]:
    first = st.integers(0, 800_000)
    amounts = st.dictionaries(st.integers(0, 399), st.integers(1, 10**7), max_size=8)
    sums = st.builds(lambda start, found: {start + each: found[each] for each in found}, first, amounts)
    return st.builds(Counter, sums, st.booleans())


def stored_awards(*, milestone_id: MilestoneId, part_index: int) -> SearchStrategy[Award]:
    """Awards a store must hold."""
    words = texts(max_size=20)
    return st.builds(
        Award,
        milestone_id=st.just(milestone_id),
        model_id=_ids().map(ModelId),
        part_index=st.just(part_index),
        part_name=words,
        mesh_file=words,
        attach_point=words,
        mesh_sha256=st.none() | st.text("0123456789abcdef", min_size=64, max_size=64),
        progress_value_at_award=st.integers(1, 10**15),
        awarded_at=moments(),
        earned_at=moments(),
        workout=workout_keys(),
    )
