"""CommitCollect's core: decides what training earns. It touches neither clock, chance, files nor network."""

from commitcollect_core.app import CommitCollect, assemble
from commitcollect_core.context import Backoff, Clock, IdGenerator
from commitcollect_core.errors import (
    AccountDeleting,
    CommitCollectError,
    Conflict,
    CorruptItem,
    InvalidInput,
    LimitExceeded,
    NotFound,
    StorageError,
    StorageUnavailable,
    VersionConflict,
)
from commitcollect_core.policy import DEFAULT_POLICY, Policy
from commitcollect_core.training.awards import Award, Crossing, ModelPart, StatueModel
from commitcollect_core.training.digest import state_digest
from commitcollect_core.training.goals import Exclusion, Explanation, Goal, Tally
from commitcollect_core.training.ingestion import Ingestion, IngestResult
from commitcollect_core.training.ledger import LedgerCommit, LedgerHead, LedgerState, LedgerView
from commitcollect_core.training.milestones import Milestone, MilestoneStatus, Progress
from commitcollect_core.training.ports import (
    Ledger,
    MilestonePage,
    Ports,
    StatueCatalog,
    WorkoutPage,
    WorkoutPosition,
    WorkoutQuery,
)
from commitcollect_core.training.sports import ANY_SPORT, SPORT_GROUPS, SPORT_TYPES, SportSelection
from commitcollect_core.training.tracking import MilestoneView, NewMilestone, Recomputed, Tracking
from commitcollect_core.training.workouts import ActivityGone, ActivitySnapshot, Found, Workout
from commitcollect_core.values import (
    ActivityId,
    MilestoneId,
    ModelId,
    Source,
    TargetType,
    UserId,
    WorkoutKey,
)

__all__ = [
    "ANY_SPORT",
    "DEFAULT_POLICY",
    "SPORT_GROUPS",
    "SPORT_TYPES",
    "AccountDeleting",
    "ActivityGone",
    "ActivityId",
    "ActivitySnapshot",
    "Award",
    "Backoff",
    "Clock",
    "CommitCollect",
    "CommitCollectError",
    "Conflict",
    "CorruptItem",
    "Crossing",
    "Exclusion",
    "Explanation",
    "Found",
    "Goal",
    "IdGenerator",
    "IngestResult",
    "Ingestion",
    "InvalidInput",
    "Ledger",
    "LedgerCommit",
    "LedgerHead",
    "LedgerState",
    "LedgerView",
    "LimitExceeded",
    "Milestone",
    "MilestoneId",
    "MilestonePage",
    "MilestoneStatus",
    "MilestoneView",
    "ModelId",
    "ModelPart",
    "NewMilestone",
    "NotFound",
    "Policy",
    "Ports",
    "Progress",
    "Recomputed",
    "Source",
    "SportSelection",
    "StatueCatalog",
    "StatueModel",
    "StorageError",
    "StorageUnavailable",
    "Tally",
    "TargetType",
    "Tracking",
    "UserId",
    "VersionConflict",
    "Workout",
    "WorkoutKey",
    "WorkoutPage",
    "WorkoutPosition",
    "WorkoutQuery",
    "assemble",
    "state_digest",
]
