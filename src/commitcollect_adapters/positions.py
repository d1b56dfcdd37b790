"""Positions in a list of workouts as texts, which lists name as their next and take back."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from commitcollect_adapters.records.columns import epoch
from commitcollect_core.errors import InvalidInput
from commitcollect_core.training.ports import WorkoutPosition
from commitcollect_core.values import ActivityId, Source, WorkoutKey, is_id

_FORM = re.compile(r"(-?[0-9]{1,12}):([A-Z]+):([^:]+)")


def write_position(position: WorkoutPosition | None) -> str | None:
    """A position as a text; None on the last page."""
    return None if position is None else ":".join((str(epoch(position.started_at)), *position.key))


def read_position(text: str) -> WorkoutPosition:
    """The position in a text.

    Raises:
        InvalidInput: no list named this as its next.
    """
    refused = InvalidInput(
        f"{text[:80]!r} is not what a list named as its next; leave it out to begin", field="after"
    )
    form = _FORM.fullmatch(text)
    if form is None or not is_id(form[3]):
        raise refused
    try:
        key = WorkoutKey(Source(form[2]), ActivityId(form[3]))
        return WorkoutPosition(datetime.fromtimestamp(int(form[1]), UTC), key)
    except (ValueError, OverflowError, OSError) as unknown:
        raise refused from unknown
