"""What ledgers take and cost on DynamoDB: the one place of these figures and formulas. Calls nothing.

The units are those that an engine says its calls took: `tests/adapters/dynamodb/test_costs.py` holds the two
against each other. Counted are the ledger and the marker of an event; `docs/scale.md` says what is not.
"""

from __future__ import annotations

from math import ceil

from attrs import frozen

from commitcollect_adapters.dynamodb.sizes import STATUE_PARTS, sample_sizes
from commitcollect_core.policy import DEFAULT_POLICY

HEAD_WRITE_UNITS = 2
WORKOUT_WRITE_UNITS = 3
"""One of them for its entry in the index by start."""
MILESTONE_WRITE_UNITS = 2
AWARD_WRITE_UNITS = 2
"""Of an item up to 1 KB, written in a transaction."""

MARKER_WRITE_UNITS = 1
"""The put that marks an event as completed; a worker looks for it first."""

ITEM_READ_UNITS = 1
"""Of an item up to 4 KB, read consistently; one that is not there costs as much."""

IMPORT_BATCH_WORKOUTS = (
    DEFAULT_POLICY.training.commit_items_max - DEFAULT_POLICY.training.milestones_tracked_max - 1
)
"""What `Ingestion.ingest_all` puts into one write."""

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
    """What is asked of the store.

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
    """US dollars, on demand in us-east-1. Assumptions; `docs/scale.md` says whence and of when.

    Attributes:
        write, read: of a million request units.
        storage: of a gigabyte for a month.
        recovery: of being able to restore that gigabyte to any point in time.
    """

    write: float = 0.625
    read: float = 0.125
    storage: float = 0.25
    recovery: float = 0.20


@frozen(kw_only=True)
class Units:
    """Request units."""

    write: float
    read: float

    def times(self, factor: float) -> Units:
        """So many of them."""
        return Units(write=self.write * factor, read=self.read * factor)


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
    commit = commit_units(workouts=1, milestones=milestones)
    return Units(write=commit.write + MARKER_WRITE_UNITS, read=commit.read + ITEM_READ_UNITS)


def import_units(*, workouts: int, milestones: int) -> Units:
    """A history brought in, in batches that mint nothing."""
    batches = ceil(workouts / IMPORT_BATCH_WORKOUTS)
    each = commit_units(workouts=0, milestones=milestones)
    return Units(
        write=batches * each.write + workouts * WORKOUT_WRITE_UNITS,
        read=batches * each.read + workouts * ITEM_READ_UNITS,
    )


@frozen(kw_only=True)
class Bill:
    """US dollars."""

    writes: float
    reads: float
    storage: float = 0
    recovery: float = 0

    @property
    def total(self) -> float:
        """All together."""
        return self.writes + self.reads + self.storage + self.recovery


@frozen(kw_only=True)
class Capacity:
    """What a load needs and costs."""

    load: Load
    prices: Prices

    @property
    def events_per_second(self) -> float:
        """On average."""
        return self.load.athletes * self.load.per_week / WEEK_SECONDS

    @property
    def units_per_second(self) -> Units:
        """On average, with the awards of every part of every statue."""
        events = event_units(self.load.milestones).times(self.events_per_second)
        awards = self.load.athletes * self.load.milestones * STATUE_PARTS / YEAR_SECONDS
        return Units(write=events.write + awards * AWARD_WRITE_UNITS, read=events.read)

    @property
    def units_per_month(self) -> Units:
        """In a twelfth of a year."""
        return self.units_per_second.times(MONTH_SECONDS)

    @property
    def workouts_per_year(self) -> int:
        """Of one athlete."""
        return round(self.load.per_week * YEAR_SECONDS / WEEK_SECONDS)

    @property
    def athlete_bytes(self) -> int:
        """Stored in one athlete's partition."""
        sizes, years = sample_sizes(), self.load.years
        workouts = years * self.workouts_per_year * (sizes.workout + sizes.index)
        milestones = years * self.load.milestones * (sizes.milestone + STATUE_PARTS * sizes.award)
        return sizes.head + workouts + milestones

    @property
    def stored_gigabytes(self) -> float:
        """Of all athletes."""
        return self.load.athletes * self.athlete_bytes / GIGABYTE_BYTES

    @property
    def athlete_workouts_max(self) -> int:
        """How many workouts one athlete's partition holds."""
        sizes = sample_sizes()
        return COLLECTION_BYTES_MAX // (sizes.workout + sizes.index)

    @property
    def athlete_commits_per_second_max(self) -> int:
        """How many activities one athlete's partition takes in a second, by its units."""
        commit = commit_units(workouts=1, milestones=self.load.milestones)
        return int(PARTITION_WRITE_UNITS_MAX // commit.write)

    @property
    def calls_per_day(self) -> float:
        """That Strava has to allow: one for each event."""
        return self.events_per_second * DAY_SECONDS

    @property
    def calls_per_window(self) -> float:
        """That Strava has to allow in its 15 minutes, on average."""
        return self.events_per_second * STRAVA_WINDOW_SECONDS

    @property
    def import_units(self) -> Units:
        """Bringing in the stored years, once."""
        workouts = self.load.years * self.workouts_per_year
        return import_units(workouts=workouts, milestones=self.load.milestones).times(self.load.athletes)

    @property
    def bill_per_month(self) -> Bill:
        """What a month costs."""
        requests = self._requests(self.units_per_month)
        return Bill(
            writes=requests.writes,
            reads=requests.reads,
            storage=self.stored_gigabytes * self.prices.storage,
            recovery=self.stored_gigabytes * self.prices.recovery,
        )

    @property
    def import_bill(self) -> Bill:
        """What bringing in the stored years costs, once."""
        return self._requests(self.import_units)

    def _requests(self, units: Units) -> Bill:
        return Bill(
            writes=units.write * self.prices.write / _MILLION, reads=units.read * self.prices.read / _MILLION
        )
