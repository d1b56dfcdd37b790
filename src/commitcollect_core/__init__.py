"""CommitCollect's core: decides what training earns. It touches neither clock, randomness, files nor network.

A name is loaded when it is first used, so that a program pays for no class that it does not need.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from commitcollect_core.app import CommitCollect as CommitCollect
    from commitcollect_core.app import assemble as assemble
    from commitcollect_core.context import Backoff as Backoff
    from commitcollect_core.context import Clock as Clock
    from commitcollect_core.context import IdGenerator as IdGenerator
    from commitcollect_core.errors import (
        AccountDeleting as AccountDeleting,
    )
    from commitcollect_core.errors import (
        CommitCollectError as CommitCollectError,
    )
    from commitcollect_core.errors import (
        Conflict as Conflict,
    )
    from commitcollect_core.errors import (
        CorruptItem as CorruptItem,
    )
    from commitcollect_core.errors import (
        InvalidInput as InvalidInput,
    )
    from commitcollect_core.errors import (
        LimitExceeded as LimitExceeded,
    )
    from commitcollect_core.errors import (
        NotFound as NotFound,
    )
    from commitcollect_core.errors import (
        StorageError as StorageError,
    )
    from commitcollect_core.errors import (
        StorageUnavailable as StorageUnavailable,
    )
    from commitcollect_core.errors import (
        VersionConflict as VersionConflict,
    )
    from commitcollect_core.policy import DEFAULT_POLICY as DEFAULT_POLICY
    from commitcollect_core.policy import Policy as Policy
    from commitcollect_core.training.awards import (
        Award as Award,
    )
    from commitcollect_core.training.awards import (
        Crossing as Crossing,
    )
    from commitcollect_core.training.awards import (
        ModelPart as ModelPart,
    )
    from commitcollect_core.training.awards import (
        StatueModel as StatueModel,
    )
    from commitcollect_core.training.digest import state_digest as state_digest
    from commitcollect_core.training.goals import (
        Exclusion as Exclusion,
    )
    from commitcollect_core.training.goals import (
        Explanation as Explanation,
    )
    from commitcollect_core.training.goals import (
        Goal as Goal,
    )
    from commitcollect_core.training.goals import (
        Tally as Tally,
    )
    from commitcollect_core.training.ingestion import Ingestion as Ingestion
    from commitcollect_core.training.ingestion import IngestResult as IngestResult
    from commitcollect_core.training.ledger import (
        LedgerCommit as LedgerCommit,
    )
    from commitcollect_core.training.ledger import (
        LedgerHead as LedgerHead,
    )
    from commitcollect_core.training.ledger import (
        LedgerState as LedgerState,
    )
    from commitcollect_core.training.ledger import (
        LedgerView as LedgerView,
    )
    from commitcollect_core.training.milestones import (
        Milestone as Milestone,
    )
    from commitcollect_core.training.milestones import (
        MilestoneStatus as MilestoneStatus,
    )
    from commitcollect_core.training.milestones import (
        Progress as Progress,
    )
    from commitcollect_core.training.ports import (
        Ledger as Ledger,
    )
    from commitcollect_core.training.ports import (
        MilestonePage as MilestonePage,
    )
    from commitcollect_core.training.ports import (
        Ports as Ports,
    )
    from commitcollect_core.training.ports import (
        StatueCatalog as StatueCatalog,
    )
    from commitcollect_core.training.ports import (
        WorkoutPage as WorkoutPage,
    )
    from commitcollect_core.training.ports import (
        WorkoutPosition as WorkoutPosition,
    )
    from commitcollect_core.training.ports import (
        WorkoutQuery as WorkoutQuery,
    )
    from commitcollect_core.training.sports import (
        ANY_SPORT as ANY_SPORT,
    )
    from commitcollect_core.training.sports import (
        SPORT_GROUPS as SPORT_GROUPS,
    )
    from commitcollect_core.training.sports import (
        SPORT_TYPES as SPORT_TYPES,
    )
    from commitcollect_core.training.sports import (
        SportSelection as SportSelection,
    )
    from commitcollect_core.training.tracking import (
        MilestoneView as MilestoneView,
    )
    from commitcollect_core.training.tracking import (
        NewMilestone as NewMilestone,
    )
    from commitcollect_core.training.tracking import (
        Recomputed as Recomputed,
    )
    from commitcollect_core.training.tracking import (
        Tracking as Tracking,
    )
    from commitcollect_core.training.workouts import (
        ActivityGone as ActivityGone,
    )
    from commitcollect_core.training.workouts import (
        ActivitySnapshot as ActivitySnapshot,
    )
    from commitcollect_core.training.workouts import (
        Found as Found,
    )
    from commitcollect_core.training.workouts import (
        Workout as Workout,
    )
    from commitcollect_core.values import (
        ActivityId as ActivityId,
    )
    from commitcollect_core.values import (
        MilestoneId as MilestoneId,
    )
    from commitcollect_core.values import (
        ModelId as ModelId,
    )
    from commitcollect_core.values import (
        Source as Source,
    )
    from commitcollect_core.values import (
        TargetType as TargetType,
    )
    from commitcollect_core.values import (
        UserId as UserId,
    )
    from commitcollect_core.values import (
        WorkoutKey as WorkoutKey,
    )

_NAMES_BY_MODULE = {
    "app": (
        "CommitCollect",
        "assemble",
    ),
    "context": (
        "Backoff",
        "Clock",
        "IdGenerator",
    ),
    "errors": (
        "AccountDeleting",
        "CommitCollectError",
        "Conflict",
        "CorruptItem",
        "InvalidInput",
        "LimitExceeded",
        "NotFound",
        "StorageError",
        "StorageUnavailable",
        "VersionConflict",
    ),
    "policy": (
        "DEFAULT_POLICY",
        "Policy",
    ),
    "training.awards": (
        "Award",
        "Crossing",
        "ModelPart",
        "StatueModel",
    ),
    "training.digest": ("state_digest",),
    "training.goals": (
        "Exclusion",
        "Explanation",
        "Goal",
        "Tally",
    ),
    "training.ingestion": (
        "Ingestion",
        "IngestResult",
    ),
    "training.ledger": (
        "LedgerCommit",
        "LedgerHead",
        "LedgerState",
        "LedgerView",
    ),
    "training.milestones": (
        "Milestone",
        "MilestoneStatus",
        "Progress",
    ),
    "training.ports": (
        "Ledger",
        "MilestonePage",
        "Ports",
        "StatueCatalog",
        "WorkoutPage",
        "WorkoutPosition",
        "WorkoutQuery",
    ),
    "training.sports": (
        "ANY_SPORT",
        "SPORT_GROUPS",
        "SPORT_TYPES",
        "SportSelection",
    ),
    "training.tracking": (
        "MilestoneView",
        "NewMilestone",
        "Recomputed",
        "Tracking",
    ),
    "training.workouts": (
        "ActivityGone",
        "ActivitySnapshot",
        "Found",
        "Workout",
    ),
    "values": (
        "ActivityId",
        "MilestoneId",
        "ModelId",
        "Source",
        "TargetType",
        "UserId",
        "WorkoutKey",
    ),
}
_MODULES = {name: module for module, names in _NAMES_BY_MODULE.items() for name in names}

__all__ = sorted(_MODULES, key=lambda name: (not name.isupper(), name[0].islower(), name))  # noqa: PLE0605 - computed, so that names are listed once


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *__all__]
