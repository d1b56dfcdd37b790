"""What the outcomes of use cases mean to the audit log. Hosts record it after the fact."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from attrs import field, frozen

from commitcollect_core.accounts.audit import AuditEvent, AuditResult, AuditType, Caller
from commitcollect_core.accounts.deleting import DeletionResult
from commitcollect_core.accounts.deletion import DeletionRequest
from commitcollect_core.accounts.sessions import Session
from commitcollect_core.accounts.signing_in import SignedIn, SignedOut
from commitcollect_core.jobs.worker import WorkedJob
from commitcollect_core.strava.refreshing import LookResult
from commitcollect_core.training.committing import Committed
from commitcollect_core.training.ledger import LedgerCommit
from commitcollect_core.training.tracking import MilestoneView, Recomputed
from commitcollect_core.training.workouts import Workout
from commitcollect_core.values import Source, UserId

ACTIVITIES_NAMED_MAX = 20
"""Activities of one commit that an entry names; it counts them all."""


@frozen(kw_only=True)
class Happening:
    """Something that happened to a user."""

    user_id: UserId
    event_type: AuditType
    result: AuditResult = AuditResult.SUCCESS
    data: Mapping[str, str] = field(factory=dict)
    metrics: Mapping[str, int] = field(factory=dict)


def events_of(happenings: Iterable[Happening], caller: Caller, *, now: datetime) -> Iterator[AuditEvent]:
    """The entries of one call, each under a request id of its own."""
    for number, each in enumerate(happenings):
        yield AuditEvent(
            user_id=each.user_id,
            event_type=each.event_type,
            occurred_at=now,
            request_id=f"{caller.request_id}-{number:03}" if number else caller.request_id,
            correlation_id=caller.correlation_id,
            actor=caller.actor,
            result=each.result,
            method=caller.method,
            path=caller.path,
            origin=caller.origin,
            ip_hash=caller.ip_hash,
            user_agent=caller.user_agent,
            data=each.data,
            metrics=each.metrics,
        )


def happenings_of(outcome: object) -> Iterator[Happening]:
    """What an outcome means; nothing for one that changed nothing."""
    match outcome:
        case SignedIn(profile=profile, is_new=is_new):
            kind = AuditType.AUTH_SIGNUP if is_new else AuditType.AUTH_LOGIN
            yield Happening(user_id=profile.user_id, event_type=kind)
        case SignedOut(session=Session(user_id=user_id)):
            yield Happening(user_id=user_id, event_type=AuditType.AUTH_LOGOUT)
        case Committed(commits=commits):
            for commit in commits:
                yield from _written(commit)
        case MilestoneView(committed=committed) | Recomputed(committed=committed):
            yield from happenings_of(committed)
        case WorkedJob(outcome=done) if done is not None:
            yield from happenings_of(done.committed)
            if done.user_id is not None and done.result == LookResult.DISCONNECTED:
                yield Happening(user_id=done.user_id, event_type=AuditType.STRAVA_DEAUTHORIZE)
            if done.user_id is not None and done.result == DeletionResult.DELETED:
                yield Happening(user_id=done.user_id, event_type=AuditType.ACCOUNT_DELETE)
        case DeletionRequest(pseudonym=pseudonym, completed_at=completed_at):
            # Under a pseudonym: all that told of the person is erased by then.
            result = AuditResult.PARTIAL if completed_at is None else AuditResult.SUCCESS
            yield Happening(user_id=pseudonym, event_type=AuditType.ACCOUNT_DELETE, result=result)
        case _:
            return


def _written(commit: LedgerCommit) -> Iterator[Happening]:
    """What one write to a ledger means, in the order in which one thing follows from the other."""
    user_id = commit.user_id
    by_type: dict[AuditType, list[Workout]] = {}
    for workout in commit.workouts:
        if workout.key.source is Source.STRAVA:
            by_type.setdefault(_type_of(workout), []).append(workout)
    for event_type, workouts in by_type.items():
        # One entry for many: a backfill writes thousands, and each entry costs a transaction.
        named = ",".join(each.key.activity_id for each in workouts[:ACTIVITIES_NAMED_MAX])
        yield Happening(
            user_id=user_id,
            event_type=event_type,
            data={"activityIds": named},
            metrics={"activities": len(workouts)},
        )
    for milestone in commit.milestones:
        if milestone.version == 1:
            data = {"milestoneId": milestone.milestone_id, "modelId": milestone.goal.model_id}
            yield Happening(user_id=user_id, event_type=AuditType.MILESTONE_CREATED, data=data)
    for award in commit.awards:
        yield Happening(
            user_id=user_id,
            event_type=AuditType.MILESTONE_PART_MINTED,
            data={"milestoneId": award.milestone_id, "activityId": award.workout.activity_id},
            metrics={"partIndex": award.part_index},
        )
    for milestone in Committed((commit,)).milestones_completed:
        data = {"milestoneId": milestone.milestone_id}
        yield Happening(user_id=user_id, event_type=AuditType.MILESTONE_COMPLETED, data=data)


def _type_of(workout: Workout) -> AuditType:
    if workout.is_deleted:
        return AuditType.STRAVA_ACTIVITY_DELETE
    is_new = workout.version == 1
    return AuditType.STRAVA_ACTIVITY_CREATE if is_new else AuditType.STRAVA_ACTIVITY_UPDATE
