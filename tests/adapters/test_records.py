"""Records: small enough, and never read wrongly or into a message."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from attrs import evolve

from commitcollect_adapters import records
from commitcollect_adapters.records import Record, accounts, requests, statues, strava
from commitcollect_adapters.testing import samples
from commitcollect_adapters.testing import service_samples as service
from commitcollect_core.errors import CorruptItem
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.strava.connections import Lease
from commitcollect_core.values import AthleteId, UserId

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
_handshake = evolve(service.handshake(), state=SECRET, binding=SECRET, details={"nonce": SECRET})
RECORDS: dict[str, tuple[Callable[[Record], object], Record]] = {
    "head": (records.head, records.head_record(samples.second_commit(ME).head)),
    "workout": (records.workout, records.workout_record(samples.workout("1"))),
    "milestone": (records.milestone, records.milestone_record(samples.milestone("ms-1"))),
    "award": (records.award, records.award_record(samples.award("ms-1", 1))),
    "profile": (accounts.profile, accounts.profile_record(evolve(service.profile(ME), email=SECRET))),
    "session": (
        accounts.session,
        accounts.session_record(evolve(service.session(ME), session_id=SECRET)),
    ),
    "handshake": (accounts.handshake, accounts.handshake_record(_handshake)),
    "deletion": (
        accounts.deletion,
        accounts.deletion_record(evolve(service.deletion("d"), identifiers=SECRET)),
    ),
    "connection": (strava.connection, strava.connection_record(_leased)),
    "backfill": (strava.backfill, strava.backfill_record(service.backfill(ME))),
    "staged page": (strava.staged_page, strava.staged_page_record(service.staged_page(1, name=SECRET))),
    "rate budget": (strava.rate_budget, strava.rate_budget_record(service.rate_budget())),
    "idempotency": (requests.idempotency, requests.idempotency_record(service.claim("r", SECRET))),
    "audit": (requests.audit, requests.audit_record(service.audit_event(ME, "r"))),
    "model": (
        statues.model,
        (*statues.model_record(samples.HERON), *map(statues.model_part_record, samples.HERON.parts)),
    ),
}
"""A reader and a record it can read, secrets marked, for each kind."""


@pytest.mark.parametrize("letter", ["\N{MOUNTAIN BICYCLIST}", "\x01", '"', "a"])
def test_a_page_of_activities_fits_one_item_of_any_store(letter: str) -> None:
    """As many activities as Strava lists at once, their names as long as they get."""
    page = service.staged_page(
        1,
        activities=DEFAULT_POLICY.strava.list_page_items,
        name=letter * DEFAULT_POLICY.training.activity_name_chars_max,
    )
    *_, activities = strava.staged_page_record(page)
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
    with pytest.raises(CorruptItem, match="11 of its 12 parts"):
        read((*record[:5], *record[6:]))
