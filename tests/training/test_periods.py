"""Periods of training: every workout is in one day, one month and one sport of one year."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from commitcollect_adapters.time_zones import local_time
from commitcollect_core.training.local_time import LocalTime
from commitcollect_core.training.periods import DaySpan, Totals, TrainingPeriod, training_period
from commitcollect_core.training.recurrence import Every
from commitcollect_core.training.sports import SportSelection
from commitcollect_core.training.workouts import ActivitySnapshot, Workout
from commitcollect_core.values import ActivityId, Source

NOW = datetime(2027, 1, 5, tzinfo=UTC)
OFFSETS = st.one_of(st.none(), st.integers(-14 * 3_600, 14 * 3_600))
PLACES = st.sampled_from([None, *(LocalTime("place", ((0, hours * 3_600),)) for hours in (-11, 0, 5, 14))])


def workout(number: int, hours: int, offset: int | None, *, flagged: bool, deleted: bool) -> Workout:
    """A workout so many hours after the last day of 2025 began in UTC."""
    snapshot = ActivitySnapshot(
        source=Source.FILE,
        activity_id=ActivityId(f"a-{number}"),
        sport_type=("Run", "Ride")[number % 2],
        started_at=datetime(2025, 12, 30, tzinfo=UTC) + timedelta(hours=hours),
        utc_offset_seconds=offset,
        distance_meters=number,
        elevation_meters=2 * number,
        moving_seconds=3 * number,
        is_flagged=flagged,
    )
    return Workout(snapshot=snapshot, fetched_at=NOW, deleted_at=NOW if deleted else None, version=1)


WORKOUTS = st.lists(
    st.tuples(st.integers(0, 24 * 370), OFFSETS, st.booleans(), st.booleans()), max_size=12
).map(
    lambda rows: [
        workout(number, hours, offset, flagged=flagged, deleted=deleted)
        for number, (hours, offset, flagged, deleted) in enumerate(rows)
    ]
)


def training_year(year: int, workouts: list[Workout], place: LocalTime | None) -> TrainingPeriod:
    """A year added up."""
    return training_period(DaySpan.of(Every.YEAR, year), workouts, place)


def added(totals: list[Totals]) -> Totals:
    """The sum of some totals."""
    return Totals(
        workouts=sum(each.workouts for each in totals),
        distance_meters=sum(each.distance_meters for each in totals),
        elevation_meters=sum(each.elevation_meters for each in totals),
        moving_seconds=sum(each.moving_seconds for each in totals),
    )


@given(WORKOUTS, PLACES)
def test_days_months_and_sports_add_up_to_the_year(workouts: list[Workout], place: LocalTime | None) -> None:
    """Whatever the clocks: nothing is counted twice, and over all years nothing that is live is left out."""
    years = [training_year(each, workouts, place) for each in (2025, 2026, 2027)]
    for found in years:
        for parts in (found.days, found.months, found.sports):
            assert added(list(parts.values())) == found.total
        assert {date.fromordinal(day).year for day in found.days} <= {date.fromordinal(found.span.first).year}
    live = [each for each in workouts if not each.is_deleted and not each.snapshot.is_flagged]
    assert sum(found.total.workouts for found in years) == len(live)
    assert added([found.total for found in years]).distance_meters == sum(
        each.snapshot.distance_meters for each in live
    )


@given(WORKOUTS, PLACES)
def test_the_span_misses_no_workout_of_the_year(workouts: list[Workout], place: LocalTime | None) -> None:
    """What starts outside the span is in no day of the year, whatever its own clock says."""
    start_at, end_at = DaySpan.of(Every.YEAR, 2026).instants(place)
    inside = [each for each in workouts if start_at <= each.snapshot.started_at < end_at]
    assert training_year(2026, inside, place) == training_year(2026, workouts, place)


def test_a_new_years_run_is_of_the_year_on_the_spot() -> None:
    """Half past eleven at night in UTC is next year in Auckland; a workout's own clock takes precedence."""
    night = datetime(2025, 12, 31, 23, 30, tzinfo=UTC)
    auckland = local_time("Pacific/Auckland", night, night)
    run = workout(1, 47, None, flagged=False, deleted=False)
    assert run.snapshot.started_at < night + timedelta(minutes=1)
    assert training_year(2026, [run], auckland).total.workouts == 1
    assert training_year(2026, [run], None).total.workouts == 0
    at_home = workout(1, 47, 0, flagged=False, deleted=False)
    assert training_year(2026, [at_home], auckland).total.workouts == 0
    assert training_year(2025, [at_home], auckland).months.keys() == {2025 * 12 + 11}


@given(WORKOUTS, PLACES)
def test_the_longest_and_the_highest_are_of_what_counts(
    workouts: list[Workout], place: LocalTime | None
) -> None:
    """No workout that counts is longer, also within one sport; without any distance none is the longest."""
    only = SportSelection.parse(["Run"])
    found = training_period(DaySpan.of(Every.YEAR, 2026), workouts, place, only)
    rides = [each for each in workouts if each.snapshot.sport_type != "Run"]
    assert found.sports.keys() <= {"Run"}
    counted = training_period(found.span, [each for each in workouts if each not in rides], place)
    assert counted == found
    for best, most in (
        (found.longest, [each.distance_meters for each in found.days.values()]),
        (found.highest, [each.elevation_meters for each in found.days.values()]),
    ):
        assert (best is None) == (not any(most))
    if found.longest is not None and found.highest is not None:
        assert found.longest == found.highest  # elevation grows with distance in this history
        live = [each for each in workouts if each not in rides]
        alone = [training_period(found.span, [each], place).total.distance_meters for each in live]
        assert found.longest.snapshot.distance_meters == max(alone)


@given(st.sampled_from(Every), st.integers(1, 400), st.integers(0, 400))
def test_a_period_that_is_not_over_is_compared_with_as_many_days(
    every: Every, days: int, passed: int
) -> None:
    """The days before have the length of those passed, or are the whole period before."""
    number = every.number(date(2026, 1, 1).toordinal() + days)
    span, previous = DaySpan.of(every, number), DaySpan.of(every, number - 1)
    assert previous.end == span.first
    assert span.before(every, today=span.first - 1) == previous
    assert span.before(every, today=span.end) == previous
    today = span.first + passed
    if today < span.end:
        before = span.before(every, today=today)
        assert before.first == previous.first
        assert before.end - before.first == min(passed + 1, previous.end - previous.first)
