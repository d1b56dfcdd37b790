"""Records: the core's values as flat tuples under the item catalogue's names, the same for every store.

Times are epoch seconds. A versioned record starts with its version and then its keys. What a ledger is made
of can be imported from here; the rest, which a program that only counts workouts does without, from its
modules.
"""

from commitcollect_adapters.records.encoding import Record
from commitcollect_adapters.records.ledger import (
    AWARD_COLUMNS,
    GOAL_COLUMNS,
    HEAD_COLUMNS,
    MILESTONE_COLUMNS,
    PROGRESS_COLUMNS,
    SNAPSHOT_COLUMNS,
    WORKOUT_COLUMNS,
    award,
    award_record,
    head,
    head_record,
    milestone,
    milestone_record,
    snapshot,
    snapshot_record,
    workout,
    workout_record,
)

__all__ = [
    "AWARD_COLUMNS",
    "GOAL_COLUMNS",
    "HEAD_COLUMNS",
    "MILESTONE_COLUMNS",
    "PROGRESS_COLUMNS",
    "SNAPSHOT_COLUMNS",
    "WORKOUT_COLUMNS",
    "Record",
    "award",
    "award_record",
    "head",
    "head_record",
    "milestone",
    "milestone_record",
    "snapshot",
    "snapshot_record",
    "workout",
    "workout_record",
]
