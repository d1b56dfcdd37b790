"""Records: small enough, and never read wrongly or into a message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

from commitcollect_adapters.records import accounts, jobs, ledger, statues, strava
from commitcollect_adapters.records.columns import Record, RecordKind
from commitcollect_adapters.records.goals import recurring_goals, recurring_text
from commitcollect_adapters.testing import samples
from commitcollect_adapters.testing import service_samples as service
from commitcollect_core.accounts.chain import ChainHead, chained
from commitcollect_core.errors import CorruptItem
from commitcollect_core.jobs.jobs import Job, JobEvent, ParkedJob, QueueEntry
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.strava.connections import AthleteOwner, Lease
from commitcollect_core.training.goals import Aim
from commitcollect_core.training.recurrence import Every, RecurringGoal
from commitcollect_core.values import AthleteId, MilestoneId, ModelId, TargetType, UserId

ME = UserId("me")
SECRET = "SECRET"  # noqa: S105 - stands for one
ITEM_BYTES_MAX = 400_000
"""What DynamoDB takes."""

_leased = evolve(
    service.connection(ME, AthleteId("1")),
    access_token=SECRET,
    refresh_token=SECRET,
    lease=Lease(SECRET, samples.NOW),
)
_event = JobEvent("a", samples.NOW)
_job = Job(kind="a/b", subject={"athleteId": "1"}, events=(_event,), enqueued_at=samples.NOW)
_renewed = QueueEntry(
    job=_job,
    due_at=samples.NOW,
    token=SECRET,
    renewed=evolve(_job, events=(JobEvent("c", samples.NOW, is_deletion=True),)),
    renewed_due_at=samples.NOW,
)
_handshake = evolve(service.handshake(), state=SECRET, binding=SECRET, details={"nonce": SECRET})
_entry, _head = chained(ChainHead(user_id=ME), service.audit_event(ME, "r"), service.AUDIT_KEYS)
VALUES: dict[str, tuple[RecordKind[Any], object]] = {
    "head": (ledger.HEAD, samples.second_commit(ME).head),
    "workout": (ledger.WORKOUT, samples.workout("1")),
    "milestone": (ledger.MILESTONE, samples.milestone("ms-1")),
    "award": (ledger.AWARD, samples.award("ms-1", 1)),
    "profile": (accounts.PROFILE, evolve(service.profile(ME), email=SECRET)),
    "session": (accounts.SESSION, evolve(service.session(ME), session_id=SECRET)),
    "handshake": (accounts.HANDSHAKE, _handshake),
    "deletion": (accounts.DELETION, evolve(service.deletion("d"), identifiers=SECRET)),
    "audit": (accounts.AUDIT, _entry),
    "audit head": (accounts.AUDIT_HEAD, _head),
    "connection": (strava.CONNECTION, _leased),
    "owner": (strava.OWNER, AthleteOwner(athlete_id=AthleteId("1"), user_id=ME)),
    "backfill": (strava.BACKFILL, service.backfill(ME)),
    "staged page": (strava.STAGED_PAGE, service.staged_page(1, name=SECRET)),
    "rate budget": (strava.RATE_BUDGET, service.rate_budget()),
    "job": (jobs.JOB, _job),
    "queue entry": (jobs.ENTRY, _renewed),
    "parked job": (jobs.PARKED, ParkedJob(job=_job, attempts=3, reason="", parked_at=samples.NOW)),
    "idempotency": (jobs.IDEMPOTENCY, service.claim("r", SECRET)),
}
"""A value of each kind, secrets marked."""

RECORDS: dict[str, tuple[Callable[[Record], object], Record]] = {
    **{name: (kind.decode, kind.encode(value)) for name, (kind, value) in VALUES.items()},
    "model": (
        statues.MODEL.decode,
        (
            *statues.MODEL.encode(service.published(samples.HERON)),
            *map(statues.MODEL_PART.encode, samples.HERON.parts),
        ),
    ),
}
"""A reader and a record it can read for each kind."""


@pytest.mark.parametrize("kind", VALUES)
def test_a_value_comes_back_as_it_was(kind: str) -> None:
    """Every column holds what its attribute held, under a name that no other column of the record has."""
    record_kind, value = VALUES[kind]
    record = record_kind.encode(value)
    assert record_kind.decode(record) == value
    assert len(record) == len(set(record_kind.columns))


@pytest.mark.parametrize("letter", ["\N{MOUNTAIN BICYCLIST}", "\x01", '"', "a"])
def test_a_page_of_activities_fits_one_item_of_any_store(letter: str) -> None:
    """As many activities as Strava lists at once, their names as long as they get."""
    page = service.staged_page(
        1,
        activities=DEFAULT_POLICY.strava.list_page_items,
        name=letter * DEFAULT_POLICY.training.activity_name_chars_max,
    )
    *_, activities = strava.STAGED_PAGE.encode(page)
    assert len(activities.encode()) < ITEM_BYTES_MAX * 3 // 4


def _complaint(read: Callable[[Record], object], record: Record) -> str:
    """What is said of a record; nothing if it can be read."""
    try:
        read(record)
    except CorruptItem as corrupt:
        return corrupt.message
    return ""


@pytest.mark.parametrize("kind", RECORDS)
def test_a_record_that_cannot_be_read_says_so_and_tells_no_secret(kind: str) -> None:
    """Whichever column is damaged: it is a corrupt item, or still a value, and never another error."""
    read, record = RECORDS[kind]
    damaged = [
        (*record[:place], nonsense, *record[place + 1 :])
        for place in range(len(record))
        for nonsense in (None, "[1", -(10**18))
    ]
    complaints = [*filter(None, (_complaint(read, each) for each in (*damaged, record[:-1])))]
    assert len(complaints) > 1
    assert not [each for each in complaints if SECRET in each]


def test_a_statue_with_a_part_missing_is_not_a_smaller_statue() -> None:
    """A model whose parts are not all there is corrupt, not one that is complete sooner."""
    read, record = RECORDS["model"]
    parts_from = len(statues.MODEL.columns)
    with pytest.raises(CorruptItem, match="11 of its 12 parts"):
        read((*record[:parts_from], *record[parts_from + 1 :]))


def test_a_recurring_goal_of_an_older_version_has_no_unit() -> None:
    """The head is read as before it held one."""
    goal = RecurringGoal(
        recurring_id=MilestoneId("ms-1"),
        every=Every.YEAR,
        model_id=ModelId("HERON"),
        aims=(Aim(target_type=TargetType.ACTIVITY_COUNT, total_target=4),),
        first_period=2026,
    )
    written = recurring_text([goal])
    assert written is not None
    assert recurring_goals(written.replace(',"unit":""', "")) == recurring_goals(written) == (goal,)
    assert ',"unit":""' in written
