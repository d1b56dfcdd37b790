"""The jobs around Strava: look at an activity or a permission, go on with a backfill or a round."""

from __future__ import annotations

from datetime import UTC, datetime

from commitcollect_core.jobs.jobs import Job, JobEvent
from commitcollect_core.strava.rates import Purpose
from commitcollect_core.values import ActivityId, AthleteId

ACTIVITY = "strava/activity"
AUTHORIZATION = "strava/authorization"
BACKFILL = "strava/backfill"
RECONCILE = "strava/reconcile"
ROUND = "strava/round"

PURPOSES = {
    ACTIVITY: Purpose.LIVE,
    RECONCILE: Purpose.CROWD,
    BACKFILL: Purpose.BACKFILL,
    ROUND: Purpose.BACKFILL,
}
"""What the jobs that need calls of the app's budget make them for."""

_ATHLETE_ID = "athleteId"
_ACTIVITY_ID = "activityId"
_AFTER = "after"
_NO_ATHLETE = "0"
_ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)


def activity_job(
    athlete_id: AthleteId, activity_id: ActivityId, *, events: tuple[JobEvent, ...] = (), now: datetime
) -> Job:
    """The job to look at one activity; without events it is never skipped as dealt with."""
    subject = {_ATHLETE_ID: athlete_id, _ACTIVITY_ID: activity_id}
    return Job(kind=ACTIVITY, subject=subject, events=events, enqueued_at=now)


def authorization_job(athlete_id: AthleteId, *, events: tuple[JobEvent, ...], now: datetime) -> Job:
    """The job to see whether an athlete still lets the app in."""
    return Job(kind=AUTHORIZATION, subject={_ATHLETE_ID: athlete_id}, events=events, enqueued_at=now)


def backfill_job(athlete_id: AthleteId, *, now: datetime) -> Job:
    """The job to begin or go on with an athlete's backfill."""
    return Job(kind=BACKFILL, subject={_ATHLETE_ID: athlete_id}, enqueued_at=now)


def reconcile_job(athlete_id: AthleteId, *, events: tuple[JobEvent, ...] = (), now: datetime) -> Job:
    """The job to look at all activities of an athlete, which stands for any number of events."""
    return Job(kind=RECONCILE, subject={_ATHLETE_ID: athlete_id}, events=events, enqueued_at=now)


def round_job(*, after: AthleteId | None = None, now: datetime) -> Job:
    """The job to reconcile every athlete behind one; all of them without."""
    # Its group is no athlete's: the deletion of an account drops the jobs of the athlete's group.
    subject = {"athletes": "all", _AFTER: after or _NO_ATHLETE}
    return Job(kind=ROUND, subject=subject, enqueued_at=now)


def round_after(job: Job) -> AthleteId | None:
    """Behind which athlete a round goes on; errors as in `Job.named`."""
    after = job.named(_AFTER)
    return None if after == _NO_ATHLETE else AthleteId(after)


def group_of(athlete_id: AthleteId) -> str:
    """The group of all jobs of an athlete."""
    return reconcile_job(athlete_id, now=_ANY_TIME).group


def athlete_of(job: Job) -> AthleteId:
    """The athlete a job is about; errors as in `Job.named`."""
    return AthleteId(job.named(_ATHLETE_ID))


def activity_of(job: Job) -> ActivityId:
    """The activity a job is about; errors as in `Job.named`."""
    return ActivityId(job.named(_ACTIVITY_ID))
