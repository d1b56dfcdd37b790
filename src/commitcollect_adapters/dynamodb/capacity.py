"""The needs and costs of ledgers on DynamoDB: the one place of these figures and formulas. Calls nothing.

`tests/adapters/dynamodb/test_costs.py` compares the units with an engine's, `tests/cli/test_capacity.py` the
sizes with items of the catalogue. Counted are the ledger and the marker of an event; `docs/scale.md` tells
what is not.
"""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

from attrs import frozen

from commitcollect_adapters.documents import Document
from commitcollect_core.policy import DEFAULT_POLICY

HEAD_WRITE_UNITS = 2
WORKOUT_WRITE_UNITS = 3
"""One of them for its entry in the index by start."""
MILESTONE_WRITE_UNITS = 2
AWARD_WRITE_UNITS = 2
"""Of an item up to 1 KB, written in a transaction."""

MARKER_WRITE_UNITS = 1
"""The put that marks an event as completed; a worker reads it first."""

ITEM_READ_UNITS = 1
"""Of an item up to 4 KB, read consistently; a missing one costs as much."""

HEAD_BYTES, WORKOUT_BYTES, INDEX_BYTES, MILESTONE_BYTES, AWARD_BYTES = 265, 450, 440, 552, 502
"""What storage is billed for rather large items, with the 100 bytes that DynamoDB adds to each.

`INDEX_BYTES` is a workout's entry in the index by start.
"""

STATUE_PARTS = 12
"""Of the shipped statue."""

IMPORT_BATCH_WORKOUTS = (
    DEFAULT_POLICY.training.commit_items_max - DEFAULT_POLICY.training.milestones_tracked_max - 1
)
"""What `Ingestion.ingest_all` puts into one write."""

IMPORT_HEAD_READS = 1
"""Of `Ingestion.ingest_all`: whether anything is stored before."""

GIGABYTE_BYTES = 2**30
"""As DynamoDB measures everything."""

COLLECTION_BYTES_MAX = 10 * GIGABYTE_BYTES
"""Of one athlete's partition, index included: the limit of a table with a local index."""

PARTITION_WRITE_UNITS_MAX = 1_000
"""A second, in one athlete's partition."""

WEEK_SECONDS = 7 * 86_400
YEAR_SECONDS = 31_557_600
MONTH_SECONDS = YEAR_SECONDS // 12
STRAVA_WINDOW_SECONDS = 900
DAY_SECONDS = 86_400
_MILLION = 10**6


@frozen(kw_only=True)
class Load:
    """The load on the store.

    Attributes:
        per_week: activities of each athlete.
        milestones: that each athlete opens and completes in a year; every activity moves all of them.
        years: of activities that are stored.
        peak: how many times the average the busiest second is.
    """

    athletes: int
    per_week: float
    milestones: int = 1
    years: int = 1
    peak: float = 10


@frozen(kw_only=True)
class Prices:
    """US dollars, on demand in us-east-1. Assumptions; `docs/scale.md` names their source and date.

    Attributes:
        write, read: of a million request units.
        storage: of a gigabyte for a month.
        recovery: of being able to restore that gigabyte to any point in time.
    """

    write: float = 0.625
    read: float = 0.125
    storage: float = 0.25
    recovery: float = 0.20


class Units(NamedTuple):
    """Request units."""

    write: float
    read: float


def commit_units(*, workouts: int, milestones: int, awards: int = 0) -> Units:
    """One read of the ledger, and one commit of new workouts with what they move and mint."""
    return Units(
        write=HEAD_WRITE_UNITS
        + workouts * WORKOUT_WRITE_UNITS
        + milestones * MILESTONE_WRITE_UNITS
        + awards * AWARD_WRITE_UNITS,
        read=(1 + workouts + milestones) * ITEM_READ_UNITS,
    )


def event_units(milestones: int) -> Units:
    """One new activity that mints nothing, and its marker."""
    write, read = commit_units(workouts=1, milestones=milestones)
    return Units(write=write + MARKER_WRITE_UNITS, read=read + ITEM_READ_UNITS)


def import_units(*, workouts: int, milestones: int) -> Units:
    """A history imported into an empty ledger, in batches that mint nothing."""
    batches = ceil(workouts / IMPORT_BATCH_WORKOUTS)
    write, read = commit_units(workouts=0, milestones=milestones)
    return Units(
        write=batches * write + workouts * WORKOUT_WRITE_UNITS,
        read=batches * read + (workouts + IMPORT_HEAD_READS) * ITEM_READ_UNITS,
    )


def capacity_document(load: Load, prices: Prices) -> Document:
    """The needs and costs of a load. People and programs are shown this one document."""
    events = load.athletes * load.per_week / WEEK_SECONDS
    event = event_units(load.milestones)
    awards = load.athletes * load.milestones * STATUE_PARTS / YEAR_SECONDS
    second = Units(write=event.write * events + awards * AWARD_WRITE_UNITS, read=event.read * events)
    month = Units(write=second.write * MONTH_SECONDS, read=second.read * MONTH_SECONDS)
    per_year = round(load.per_week * YEAR_SECONDS / WEEK_SECONDS)
    stored_bytes = _stored_bytes(load, per_year)
    gigabytes = load.athletes * stored_bytes / GIGABYTE_BYTES
    history = import_units(workouts=load.years * per_year, milestones=load.milestones)
    imported = Units(write=history.write * load.athletes, read=history.read * load.athletes)
    commit = commit_units(workouts=1, milestones=load.milestones)
    return {
        "load": {
            "athletes": load.athletes,
            "activitiesPerWeek": load.per_week,
            "milestones": load.milestones,
            "years": load.years,
            "peakFactor": load.peak,
        },
        "pricesUsd": {
            "millionWriteUnits": prices.write,
            "millionReadUnits": prices.read,
            "storageGigabyteMonth": prices.storage,
            "recoveryGigabyteMonth": prices.recovery,
        },
        "event": _units(event),
        "perSecond": {
            name: {
                "events": events * factor,
                "writeUnits": second.write * factor,
                "readUnits": second.read * factor,
            }
            for name, factor in (("average", 1), ("peak", load.peak))
        },
        "month": {
            **_units(month),
            "storedGigabytes": gigabytes,
            "costUsd": _bill(
                prices, month, storage=gigabytes * prices.storage, recovery=gigabytes * prices.recovery
            ),
        },
        "import": {**_units(imported), "costUsd": _bill(prices, imported)},
        "strava": {
            "callsPerDay": events * DAY_SECONDS,
            "callsPer15Minutes": events * STRAVA_WINDOW_SECONDS,
            "callsPer15MinutesAtPeak": events * STRAVA_WINDOW_SECONDS * load.peak,
        },
        "athlete": {
            "workoutsPerYear": per_year,
            "storedBytes": stored_bytes,
            "workoutsMax": COLLECTION_BYTES_MAX // (WORKOUT_BYTES + INDEX_BYTES),
            "commitsPerSecondMax": int(PARTITION_WRITE_UNITS_MAX // commit.write),
        },
    }


def _stored_bytes(load: Load, workouts_per_year: int) -> int:
    """The size of one athlete's partition."""
    workouts = workouts_per_year * (WORKOUT_BYTES + INDEX_BYTES)
    milestones = load.milestones * (MILESTONE_BYTES + STATUE_PARTS * AWARD_BYTES)
    return HEAD_BYTES + load.years * (workouts + milestones)


def _units(units: Units) -> Document:
    return {"writeUnits": units.write, "readUnits": units.read}


def _bill(prices: Prices, units: Units, **others: float) -> Document:
    """US dollars to the cent, each rounded on its own."""
    parts = {
        "writes": units.write * prices.write / _MILLION,
        "reads": units.read * prices.read / _MILLION,
        **others,
    }
    return {name: round(dollars, 2) for name, dollars in {**parts, "total": sum(parts.values())}.items()}
