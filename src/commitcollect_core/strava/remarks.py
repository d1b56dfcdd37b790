"""What the operator is told of activities from Strava."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from commitcollect_core.training.workouts import SetAside
from commitcollect_core.values import ActivityId

_log = logging.getLogger(__name__)


def warn_of(activity_id: ActivityId, set_aside: Iterable[SetAside]) -> None:
    """Log what an activity counts without."""
    for each in set_aside:
        _log.warning("activity %s: %s; it counts without it", activity_id, each)
