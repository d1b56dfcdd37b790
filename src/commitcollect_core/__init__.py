"""CommitCollect's core: decides what training earns.

It touches neither clock, randomness, files nor network.

A name is loaded when it is first used, so that a program pays for no class that it does not need.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from commitcollect_core.app import (
        CommitCollect as CommitCollect,
        assemble as assemble,
    )
    from commitcollect_core.context import (
        Backoff as Backoff,
        Clock as Clock,
        Context as Context,
        IdGenerator as IdGenerator,
    )
    from commitcollect_core.errors import (
        AccountDeleting as AccountDeleting,
        CommitCollectError as CommitCollectError,
        Conflict as Conflict,
        CorruptItem as CorruptItem,
        InvalidInput as InvalidInput,
        LimitExceeded as LimitExceeded,
        NotFound as NotFound,
        StorageError as StorageError,
        StorageUnavailable as StorageUnavailable,
        VersionConflict as VersionConflict,
    )
    from commitcollect_core.policy import (
        DEFAULT_POLICY as DEFAULT_POLICY,
        AccountsPolicy as AccountsPolicy,
        JobsPolicy as JobsPolicy,
        OnDisconnect as OnDisconnect,
        Policy as Policy,
        StravaPolicy as StravaPolicy,
        TrainingPolicy as TrainingPolicy,
    )
    from commitcollect_core.training.awards import (
        Award as Award,
        Crossing as Crossing,
        ModelPart as ModelPart,
        StatueModel as StatueModel,
    )
    from commitcollect_core.training.committing import (
        Committed as Committed,
        IngestResult as IngestResult,
    )
    from commitcollect_core.training.digest import (
        state_digest as state_digest,
    )
    from commitcollect_core.training.explaining import (
        ExplanationPage as ExplanationPage,
    )
    from commitcollect_core.training.folds import (
        BestWindow as BestWindow,
        BestWorkout as BestWorkout,
        Counter as Counter,
        LongestRun as LongestRun,
        ReachedBuckets as ReachedBuckets,
        Share as Share,
        Sum as Sum,
    )
    from commitcollect_core.training.goals import (
        Aim as Aim,
        Exclusion as Exclusion,
        Goal as Goal,
    )
    from commitcollect_core.training.ingestion import (
        Ingestion as Ingestion,
        ListedResult as ListedResult,
    )
    from commitcollect_core.training.ledger import (
        LedgerCommit as LedgerCommit,
        LedgerHead as LedgerHead,
        LedgerState as LedgerState,
        LedgerView as LedgerView,
        UntrackedMilestone as UntrackedMilestone,
    )
    from commitcollect_core.training.local_time import (
        Bucket as Bucket,
        LocalTime as LocalTime,
    )
    from commitcollect_core.training.milestones import (
        Milestone as Milestone,
        MilestoneStatus as MilestoneStatus,
        Progress as Progress,
    )
    from commitcollect_core.training.periods import (
        DaySpan as DaySpan,
        Summary as Summary,
        Totals as Totals,
        TrainingPeriod as TrainingPeriod,
    )
    from commitcollect_core.training.ports import (
        Ledger as Ledger,
        MilestonePage as MilestonePage,
        Ports as Ports,
        StatueCatalog as StatueCatalog,
        WorkoutPage as WorkoutPage,
        WorkoutPosition as WorkoutPosition,
        WorkoutQuery as WorkoutQuery,
    )
    from commitcollect_core.training.recurrence import (
        Every as Every,
        RecurringGoal as RecurringGoal,
    )
    from commitcollect_core.training.recurring_goals import (
        NewRecurringGoal as NewRecurringGoal,
        OpenedPeriods as OpenedPeriods,
        Recurring as Recurring,
        RecurringGoals as RecurringGoals,
    )
    from commitcollect_core.training.sports import (
        ANY_SPORT as ANY_SPORT,
        SPORT_GROUPS as SPORT_GROUPS,
        SPORT_TYPES as SPORT_TYPES,
        SportSelection as SportSelection,
    )
    from commitcollect_core.training.tallies import (
        Effect as Effect,
        Explanation as Explanation,
        Tally as Tally,
    )
    from commitcollect_core.training.tracking import (
        MilestoneView as MilestoneView,
        NewMilestone as NewMilestone,
        Preview as Preview,
        Recomputed as Recomputed,
        Tracking as Tracking,
    )
    from commitcollect_core.training.workouts import (
        ActivityErased as ActivityErased,
        ActivityGone as ActivityGone,
        ActivitySettled as ActivitySettled,
        ActivitySnapshot as ActivitySnapshot,
        Answer as Answer,
        Found as Found,
        SetAside as SetAside,
        Workout as Workout,
    )
    from commitcollect_core.values import (
        ActivityId as ActivityId,
        AthleteId as AthleteId,
        MilestoneId as MilestoneId,
        ModelId as ModelId,
        Source as Source,
        TargetType as TargetType,
        UserId as UserId,
        WorkoutKey as WorkoutKey,
    )

_NAMES_BY_MODULE = {
    "app": "CommitCollect assemble",
    "context": "Backoff Clock Context IdGenerator",
    "errors": (
        "AccountDeleting CommitCollectError Conflict CorruptItem InvalidInput LimitExceeded NotFound "
        "StorageError StorageUnavailable VersionConflict"
    ),
    "policy": "DEFAULT_POLICY AccountsPolicy JobsPolicy OnDisconnect Policy StravaPolicy TrainingPolicy",
    "training.awards": "Award Crossing ModelPart StatueModel",
    "training.committing": "Committed IngestResult",
    "training.digest": "state_digest",
    "training.explaining": "ExplanationPage",
    "training.folds": "BestWindow BestWorkout Counter LongestRun ReachedBuckets Share Sum",
    "training.goals": "Aim Exclusion Goal",
    "training.ingestion": "Ingestion ListedResult",
    "training.ledger": "LedgerCommit LedgerHead LedgerState LedgerView UntrackedMilestone",
    "training.local_time": "Bucket LocalTime",
    "training.milestones": "Milestone MilestoneStatus Progress",
    "training.periods": "DaySpan Summary Totals TrainingPeriod",
    "training.ports": "Ledger MilestonePage Ports StatueCatalog WorkoutPage WorkoutPosition WorkoutQuery",
    "training.recurrence": "Every RecurringGoal",
    "training.recurring_goals": "NewRecurringGoal OpenedPeriods Recurring RecurringGoals",
    "training.sports": "ANY_SPORT SPORT_GROUPS SPORT_TYPES SportSelection",
    "training.tallies": "Effect Explanation Tally",
    "training.tracking": "MilestoneView NewMilestone Preview Recomputed Tracking",
    "training.workouts": (
        "ActivityErased ActivityGone ActivitySettled ActivitySnapshot Answer Found SetAside Workout"
    ),
    "values": "ActivityId AthleteId MilestoneId ModelId Source TargetType UserId WorkoutKey",
}
_MODULES = {name: module for module, names in _NAMES_BY_MODULE.items() for name in names.split()}

__all__ = sorted(_MODULES, key=lambda name: (not name.isupper(), name[0].islower(), name))  # noqa: PLE0605 - listed once, above


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *__all__]
