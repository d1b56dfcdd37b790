"""Documents: how the core's values look in JSON, and how statue models are read from it.

Names are camelCase and those of the item catalogue, times are epoch seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from attrs import asdict, fields

from commitcollect_adapters.records.columns import epoch
from commitcollect_core.errors import CommitCollectError, CorruptItem
from commitcollect_core.training.awards import ModelPart, StatueModel

if TYPE_CHECKING:
    from cattrs import Converter

    # A program that shows workouts does not pay for importing what it does not show.
    from commitcollect_core.accounts.chain import AuditEntry, Verification
    from commitcollect_core.accounts.deletion import DeletionRequest
    from commitcollect_core.accounts.sessions import Session
    from commitcollect_core.jobs.jobs import ParkedJob, QueuedJob
    from commitcollect_core.strava.backfills import Backfill
    from commitcollect_core.strava.connections import StravaConnection
    from commitcollect_core.strava.ports import PushSubscription
    from commitcollect_core.strava.rates import RateBudget
    from commitcollect_core.strava.reconciling import ReconcileReport
    from commitcollect_core.strava.standing import StravaStatus
    from commitcollect_core.training.awards import Award
    from commitcollect_core.training.goals import Exclusion, Goal
    from commitcollect_core.training.milestones import Milestone
    from commitcollect_core.training.periods import Summary, Totals, TrainingPeriod
    from commitcollect_core.training.recurrence import RecurringGoal
    from commitcollect_core.training.tallies import Effect, Explanation
    from commitcollect_core.training.tracking import MilestoneView, Preview, Recomputed
    from commitcollect_core.training.workouts import Workout

Document = dict[str, Any]


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


@cache
def _converter() -> Converter:
    """Made when a statue model is read or shown; most programs do neither."""
    from cattrs import Converter  # noqa: PLC0415 - costs as much as a small command
    from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override  # noqa: PLC0415 - the same

    converter = Converter()
    for model in (ModelPart, StatueModel):
        names = {each.name: override(rename=_camel_case(each.name)) for each in fields(model)}
        # A hook per class; cattrs types its factories for one class at a time.
        structure_hook = make_dict_structure_fn(model, converter, **names)  # type: ignore[arg-type]  # cattrs types its factories for one class at a time
        converter.register_structure_hook(model, structure_hook)
        unstructure_hook = make_dict_unstructure_fn(model, converter, **names)  # type: ignore[arg-type]  # cattrs types its factories for one class at a time
        converter.register_unstructure_hook(model, unstructure_hook)
    return converter


def statue_from_document(document: Mapping[str, Any]) -> StatueModel:
    """Read a statue model; unknown names are passed over.

    Raises:
        CorruptItem: a name is missing or holds the wrong kind of value.
    """
    from cattrs import BaseValidationError, transform_error  # noqa: PLC0415 - as above

    try:
        return _converter().structure(document, StatueModel)
    except BaseValidationError as invalid:
        raise CorruptItem(f"not a statue model: {'; '.join(transform_error(invalid))}") from invalid


def statue_document(model: StatueModel) -> Document:
    """A statue model with its parts."""
    document: Document = _converter().unstructure(model)
    return {**document, "partsTotal": model.parts_total}


def statue_summary_document(model: StatueModel) -> Document:
    """A statue model without its parts."""
    document = statue_document(model)
    del document["parts"]
    return document


def workout_document(workout: Workout) -> Document:
    """A stored workout."""
    snapshot = workout.snapshot
    return {
        "source": snapshot.source.value,
        "activityId": snapshot.activity_id,
        "activityName": snapshot.name,
        "sportType": snapshot.sport_type,
        "startDateUtc": epoch(snapshot.started_at),
        "utcOffsetSeconds": snapshot.utc_offset_seconds,
        "distanceMeters": snapshot.distance_meters,
        "totalElevationGainMeters": snapshot.elevation_meters,
        "movingTimeSeconds": snapshot.moving_seconds,
        "elapsedTimeSeconds": snapshot.elapsed_seconds,
        "isFlagged": snapshot.is_flagged,
        "isDeleted": workout.is_deleted,
        "deletedAtUtc": epoch(workout.deleted_at),
        "fetchedAtUtc": epoch(workout.fetched_at),
        "version": workout.version,
    }


def _form_document(goal: Goal) -> Document | None:
    if goal.is_plain:
        return None
    from commitcollect_adapters.records.goals import goal_document  # noqa: PLC0415 - few goals need it

    return goal_document(goal)


def recurring_goal_document(goal: RecurringGoal) -> Document:
    """A recurring goal, and the ids of the milestones it opened last."""
    from commitcollect_adapters.records.goals import aim_document  # noqa: PLC0415 - few goals need it

    return {
        "recurringId": goal.recurring_id,
        "every": goal.every.value,
        "modelId": goal.model_id,
        "aims": [aim_document(each) for each in goal.aims],
        "timeZone": None if goal.local_time is None else goal.local_time.name,
        "firstPeriod": goal.every.label(goal.first_period),
        "opened": [goal.milestone_id(each) for each in goal.opened],
    }


def milestone_document(milestone: Milestone, *, now: datetime) -> Document:
    """A milestone, its goal and how far it has come by now."""
    goal = milestone.goal
    return {
        "milestoneId": milestone.milestone_id,
        "modelId": goal.model_id,
        "sport": str(goal.sports),
        "targetType": goal.target_type.value,
        "totalTarget": goal.total_target,
        "partTarget": goal.part_target,
        "partsTotal": goal.parts_total,
        "progressValue": milestone.progress.progress_value,
        "currentValue": milestone.progress.current_value,
        "percentComplete": milestone.percent_complete,
        "partsEarned": milestone.parts_earned,
        "remainingToNextPart": milestone.remaining_to_next_part,
        "status": milestone.status.value,
        "isOver": milestone.is_over(now),
        "periodStartAtUtc": epoch(goal.period_start_at),
        "periodEndAtUtc": epoch(goal.period_end_at),
        "goal": _form_document(goal),
        "timeZone": None if goal.local_time is None else goal.local_time.name,
        "createdAtUtc": epoch(milestone.created_at),
        "completedAtUtc": epoch(milestone.completed_at),
        "name": milestone.name or None,
        "archivedAtUtc": epoch(milestone.archived_at),
    }


def award_document(award: Award) -> Document:
    """An awarded part."""
    return {
        "partIndex": award.part_index,
        "partName": award.part_name,
        "meshFile": award.mesh_file,
        "attachPoint": award.attach_point,
        "meshSha256": award.mesh_sha256,
        "progressValueAtAward": award.progress_value_at_award,
        "awardedAtUtc": epoch(award.awarded_at),
        "earnedAtUtc": epoch(award.earned_at),
        "source": award.workout.source.value,
        "activityId": award.workout.activity_id,
    }


def explanation_document(explanation: Explanation) -> Document:
    """Whether and how much a workout counts."""
    return {
        **workout_document(explanation.workout),
        "isCounted": explanation.exclusion is None,
        "amount": explanation.amount,
        "reason": None if explanation.exclusion is None else explanation.exclusion.value,
        "effects": [_effect_document(each) for each in explanation.effects],
    }


def _effect_document(effect: Effect) -> Document:
    aim = effect.aim
    return {
        "targetType": aim.target_type.value,
        "amount": effect.amount,
        "bucketValue": effect.bucket_value,
        "fillsBucket": effect.fills_bucket,
        "standing": effect.standing,
        "valueBefore": effect.value_before,
        "valueAfter": effect.value_after,
    }


def preview_document(preview: Preview) -> Document:
    """What a milestone would be worth at once."""
    goal, history = preview.goal, preview.tally
    return {
        "modelId": goal.model_id,
        "targetType": goal.target_type.value,
        "totalTarget": goal.total_target,
        "partsTotal": goal.parts_total,
        "goal": _form_document(goal),
        "periodStartAtUtc": epoch(goal.period_start_at),
        "periodEndAtUtc": epoch(goal.period_end_at),
        "timeZone": None if goal.local_time is None else goal.local_time.name,
        "currentValue": history.current_value,
        "partsEarned": len(history.crossings),
        "partsEarnedAtUtc": [epoch(each.earned_at) for each in history.crossings],
        "countedWorkouts": history.counted,
    }


def milestone_view_document(view: MilestoneView, *, now: datetime) -> Document:
    """A milestone with its awards."""
    awards = [award_document(each) for each in view.awards]
    return {**milestone_document(view.milestone, now=now), "awards": awards}


def training_year_document(year: int, found: TrainingPeriod) -> Document:
    """A year of training: totals, and those of each day, month and sport."""
    months = {int(month[-2:]): totals for month, totals in _months(found).items()}
    return {
        "year": year,
        "total": totals_document(found.total),
        "days": _days_document(found),
        "months": [{"month": month, **totals} for month, totals in months.items()],
        "sports": _sports_document(found),
    }


def summary_document(found: Summary) -> Document:
    """A period of training, and what the one before came to."""
    period = found.period
    return {
        "every": found.every.value,
        "period": found.every.label(found.number),
        **_span_document(period),
        "days": _days_document(period),
        "months": [{"month": month, **totals} for month, totals in _months(period).items()],
        "sports": _sports_document(period),
        "longest": None if period.longest is None else workout_document(period.longest),
        "highest": None if period.highest is None else workout_document(period.highest),
        "before": _span_document(found.before),
    }


def _span_document(found: TrainingPeriod) -> Document:
    return {
        "firstDay": date.fromordinal(found.span.first).isoformat(),
        "lastDay": date.fromordinal(found.span.end - 1).isoformat(),
        "total": totals_document(found.total),
        "activeDays": len(found.days),
    }


def _months(found: TrainingPeriod) -> Document:
    from commitcollect_core.training.recurrence import Every  # noqa: PLC0415 - few programs show months

    return {Every.MONTH.label(month): totals_document(each) for month, each in sorted(found.months.items())}


def _days_document(found: TrainingPeriod) -> Document:
    return {
        date.fromordinal(day).isoformat(): totals_document(each) for day, each in sorted(found.days.items())
    }


def _sports_document(found: TrainingPeriod) -> list[Document]:
    return [
        {"sportType": sport, **totals_document(each)}
        for sport, each in sorted(found.sports.items(), key=lambda item: (-item[1].workouts, item[0]))
    ]


def totals_document(totals: Totals) -> Document:
    """What workouts add up to."""
    return {
        "workouts": totals.workouts,
        "distanceMeters": totals.distance_meters,
        "totalElevationGainMeters": totals.elevation_meters,
        "movingTimeSeconds": totals.moving_seconds,
    }


def new_award_document(award: Award) -> Document:
    """An awarded part, apart from its milestone."""
    return {"milestoneId": award.milestone_id, **award_document(award)}


def recompute_document(found: Recomputed, *, now: datetime) -> Document:
    """A milestone, and what adding it up again changed."""
    return {
        **milestone_view_document(found.view, now=now),
        "progressDelta": found.progress_delta,
        "currentDelta": found.current_delta,
        "partsDelta": found.parts_delta,
        "counted": found.tally.counted,
        "excluded": exclusions_document(found.tally.excluded),
    }


def exclusions_document(exclusions: Mapping[Exclusion, int]) -> Document:
    """How many workouts do not count, by reason."""
    return {reason.value: count for reason, count in sorted(exclusions.items())}


def connection_document(connection: StravaConnection) -> Document:
    """A connection to Strava, without its tokens."""
    return {
        "athleteId": connection.athlete_id,
        "status": connection.status.value,
        "scope": list(connection.scope),
        "expiresAtUtc": epoch(connection.expires_at),
    }


def strava_status_document(found: StravaStatus) -> Document:
    """Whether an athlete is connected to Strava, and how fresh the workouts are."""
    connection = {} if found.connection is None else connection_document(found.connection)
    return {
        "connected": found.connection is not None,
        **connection,
        "workoutCount": found.workout_count,
        "latestActivityAtUtc": epoch(found.latest_activity_at),
        "isFresh": found.is_fresh,
        "backfill": None if found.backfill is None else backfill_document(found.backfill),
    }


def backfill_document(state: Backfill) -> Document:
    """How far a backfill is."""
    return {
        "phase": state.phase.value,
        "pagesListed": state.pages_listed,
        "activitiesListed": state.activities_listed,
        "activitiesRejected": state.activities_rejected,
        "activitiesHidden": state.activities_hidden,
        "rejections": list(state.rejections),
        "workoutsChanged": state.workouts_changed,
        "startedAtUtc": epoch(state.started_at),
        "updatedAtUtc": epoch(state.updated_at),
    }


def reconcile_document(report: ReconcileReport) -> Document:
    """What a reconciliation repaired."""
    return {
        "sinceUtc": epoch(report.since),
        "listed": report.listed,
        "repairs": [
            {"repair": repair.value, **workout_document(workout)} for repair, workout in report.repairs
        ],
        "askedAgain": [key.activity_id for key in report.asked_again],
        "rejected": list(report.rejected),
        "setAside": list(report.set_aside),
    }


def rate_budget_document(scope: str, budget: RateBudget) -> Document:
    """How many calls of a scope are used up."""
    return {
        "scope": scope,
        "windowUsed": budget.window_used,
        "windowLimit": budget.window_limit,
        "dayUsed": budget.day_used,
        "dayLimit": budget.day_limit,
        "pausedUntilUtc": epoch(budget.paused_until),
        "pauseReason": budget.pause_reason,
    }


def parked_job_document(parked: ParkedJob) -> Document:
    """A job that was set aside."""
    return {
        "job": parked.job.key,
        "kind": parked.job.kind,
        "subject": dict(parked.job.subject),
        "attempts": parked.attempts,
        "reason": parked.reason,
        "parkedAtUtc": epoch(parked.parked_at),
    }


def queued_job_document(waiting: QueuedJob) -> Document:
    """A job that waits or is under way."""
    return {
        "job": waiting.job.key,
        "kind": waiting.job.kind,
        "subject": dict(waiting.job.subject),
        "attempts": waiting.attempts,
        "lastError": waiting.last_error or None,
        "dueAtUtc": epoch(waiting.due_at),
    }


def session_document(session: Session) -> Document:
    """A signed-in browser."""
    return {
        "sessionId": session.session_id,
        "createdAtUtc": epoch(session.created_at),
        "lastSeenAtUtc": epoch(session.last_seen_at),
        "expiresAtUtc": epoch(session.expires_at),
        "userAgent": session.user_agent,
    }


def deletion_document(request: DeletionRequest) -> Document:
    """The deletion of an account, which does not tell whose it is."""
    return {
        "requestId": request.request_id,
        "requestedAtUtc": epoch(request.requested_at),
        "completedAtUtc": epoch(request.completed_at),
        "isErased": request.is_erased,
        "stepsDone": [each.value for each in request.steps_done],
        "stepsGivenUp": [each.value for each in request.steps_given_up],
        "stepsLeft": [each.value for each in request.steps_left],
        "retryAtUtc": epoch(request.retry_at),
        "failure": request.failure,
        "counts": dict(request.counts),
        "receipt": request.receipt,
    }


def audit_document(entry: AuditEntry) -> Document:
    """An entry of the audit log."""
    event = entry.event
    return {
        "sequence": entry.sequence,
        "userId": event.user_id,
        "eventType": event.event_type.value,
        "eventVersion": event.event_version,
        "occurredAtUtc": epoch(event.occurred_at),
        "requestId": event.request_id,
        "correlationId": event.correlation_id,
        "actor": event.actor,
        "result": event.result.value,
        "http": {"method": event.method, "path": event.path},
        "client": {"origin": event.origin, "ipHash": event.ip_hash, "userAgent": event.user_agent},
        "data": dict(event.data),
        "metrics": dict(event.metrics),
    }


def verification_document(found: Verification) -> Document:
    """What a look at an audit chain found."""
    head, bad = found.head, found.bad
    position = None if bad is None else bad.position
    return {
        "isAsWritten": bad is None,
        "entries": found.entries,
        "checkpoint": f"{head.sequence}:{head.digest}",
        "firstBad": None
        if bad is None
        else {
            "sequence": bad.sequence,
            "fault": bad.fault.value,
            "occurredAtUtc": None if position is None else epoch(position.occurred_at),
            "requestId": None if position is None else position.request_id,
        },
    }


def subscription_document(subscription: PushSubscription) -> Document:
    """A push subscription of the app."""
    return {
        "subscriptionId": subscription.subscription_id,
        "callbackUrl": subscription.callback_url,
    }


def facts_document(value: Any) -> Document:
    """A frozen value whose attributes are all plain: each under its own name, in camelCase."""
    return {_camel_case(name): fact for name, fact in asdict(value).items()}


def error_document(error: CommitCollectError) -> Document:
    """An error: its code and its message, and where known the field at fault and when to try again."""
    field = {} if error.field is None else {"field": error.field}
    retry = {} if error.retry_at is None else {"retryAtUtc": epoch(error.retry_at)}
    return {"error": error.code, "message": error.message, **field, **retry}
