"""Ids, times, and the one family of errors."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from commitcollect_adapters.testing.strategies import SEASON_END_AT, SEASON_START_AT, moments, workout_keys
from commitcollect_core import errors
from commitcollect_core.errors import CommitCollectError, InvalidInput
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.training.awards import ModelPart, StatueModel
from commitcollect_core.training.folds import BestWindow, Fold, LongestRun
from commitcollect_core.training.goals import Goal
from commitcollect_core.training.local_time import Bucket, LocalTime
from commitcollect_core.training.sports import SportSelection
from commitcollect_core.training.tracking import NewMilestone
from commitcollect_core.training.workouts import ActivityGone, ActivitySnapshot
from commitcollect_core.values import (
    ActivityId,
    AthleteId,
    ModelId,
    Source,
    TargetType,
    WorkoutKey,
    optional_utc,
    utc,
)

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(moment=moments(), zone=OFFSETS, micros=st.integers(0, 999_999))
def test_times_become_utc_in_whole_seconds(moment: datetime, zone: timezone, micros: int) -> None:
    """The same instant in any zone is one value; fractions of a second are cut off."""
    given_time = moment.astimezone(zone) + timedelta(microseconds=micros)
    converted = utc(given_time)
    assert converted == optional_utc(given_time) == moment
    assert converted.tzinfo is UTC


def test_a_time_that_is_right_already_is_the_same_object() -> None:
    """Reading a history converts nothing twice."""
    assert utc(SEASON_START_AT) is SEASON_START_AT


def test_a_time_outside_the_calendar_is_refused() -> None:
    """What has no UTC equivalent between the years 1 and 9999 is refused, not overflown."""
    with pytest.raises(InvalidInput, match="beyond the years"):
        utc(datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))))


def test_a_time_without_a_zone_is_refused() -> None:
    """Guessing a zone puts training on the wrong day; the message shows the value."""
    with pytest.raises(InvalidInput, match=r"2026-07-01T08:00:00 has no time zone"):
        utc(datetime(2026, 7, 1, 8))  # noqa: DTZ001 - that is the point
    assert optional_utc(None) is None


def _snapshot(activity_id: str) -> ActivitySnapshot:
    return ActivitySnapshot(
        source=Source.FILE,
        activity_id=ActivityId(activity_id),
        sport_type="Ride",
        started_at=SEASON_START_AT,
    )


@given(key=workout_keys())
def test_plain_ids_are_accepted(key: WorkoutKey) -> None:
    """Letters, digits and a few marks, up to 64 characters, are an id."""
    assert _snapshot(key.activity_id).key.activity_id == key.activity_id


@pytest.mark.parametrize(
    "bad", ["", "a" * 65, "#1", "../x", "a b", "a\n", "a#b", ".a", "-1", "é", "a/b", "\x00", 7, None]
)
def test_anything_else_is_not_an_id(bad: object) -> None:
    """What could break a key or an address is refused; the message names the field, the value, the limit."""
    with pytest.raises(InvalidInput, match=r"activity_id .* is not an id: use 1 to 64") as refused:
        _snapshot(bad)  # type: ignore[arg-type]  # wrong on purpose
    assert refused.value.field == "activity_id"


def test_the_message_about_an_id_stays_short() -> None:
    """An id of a megabyte is not echoed whole."""
    with pytest.raises(InvalidInput) as refused:
        _snapshot("a" * 10**6)
    assert len(refused.value.message) < 300


FAMILY = [
    each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, CommitCollectError)
]


def test_every_class_of_the_family_has_a_code_of_its_own() -> None:
    """Clients tell errors apart by their code."""
    assert len({each.code for each in FAMILY}) == len(FAMILY) > 5


@pytest.mark.parametrize("kind", FAMILY)
def test_an_error_carries_its_code_message_and_field(kind: type[CommitCollectError]) -> None:
    """The class gives the code unless a narrower one is given; the message is also the text."""
    plain, narrow = kind("so it is"), kind("so it is", code="narrow", field="distance")
    assert (plain.code, plain.message, str(plain), plain.field) == (kind.code, "so it is", "so it is", None)
    assert (narrow.code, narrow.field) == ("narrow", "distance")


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: ActivityGone(key=("FILE", "1")), "key"),  # type: ignore[arg-type]  # the point
        (lambda: ActivityGone(key=WorkoutKey("FILE", ActivityId("1"))), "key"),  # type: ignore[arg-type]  # the point
        (lambda: LocalTime("Here", ((0, 10**6),)), "offsets"),
        (lambda: LocalTime("Here", ((0, 1, 2),)), "offsets"),
        (lambda: LocalTime("He\0re", ((0, 0),)), "name"),
        (lambda: LocalTime(7, ((0, 0),)), "name"),  # type: ignore[arg-type]  # the point
        (lambda: evolve(_snapshot("1"), is_flagged=None), "is_flagged"),  # type: ignore[arg-type]  # the point
        (lambda: LocalTime("H" * 65, ((0, 0),)), "name"),
        (lambda: LocalTime("Here", "0"), "offsets"),  # type: ignore[arg-type]  # the point
        (lambda: BestWindow(bucket="day"), "bucket"),
        (lambda: BestWindow(bucket=Bucket.DAY, length=0), "length"),
        (lambda: SportSelection(["RUN", 7]), "sport"),  # type: ignore[list-item]  # the point
        (lambda: ModelPart(part_index=1, part_name="a\0", mesh_file="", attach_point=""), "part_name"),
        (lambda: StatueModel(model_id=ModelId("M"), name="", parts=["part"]), "parts"),  # type: ignore[list-item]  # the point
        (lambda: optional_utc(datetime(2026, 7, 1), "at"), "at"),  # noqa: DTZ001 - that is the point
    ],
)
def test_public_values_refuse_other_types_by_name(make: Callable[[], object], field: str) -> None:
    """The refusal is InvalidInput wherever a value is made, and names the attribute."""
    with pytest.raises(InvalidInput) as refused:
        make()
    assert refused.value.field == field


def test_a_snapshot_says_who_showed_it() -> None:
    """The athlete of a connection passes, as no athlete does."""
    shown = evolve(_snapshot("1"), shown_to=AthleteId("7"))
    assert (shown.shown_to, shown) == ("7", _snapshot("1"))


def test_what_can_only_mean_one_thing_is_converted() -> None:
    """Lists, names in any case and the texts of enumerations make the same value as their own types."""
    assert (
        SportSelection(["ride", "RUN"]) == SportSelection("RUN,ride") == SportSelection.parse(("RIDE", "run"))
    )
    assert LocalTime("Here", [[0, 3_600]]) == LocalTime("Here", ((0, 3_600),))
    assert BestWindow(bucket="DAY") == BestWindow(bucket=Bucket.DAY)
    wish = NewMilestone(
        model_id=ModelId("M"),
        sports=["RUN", "RIDE"],
        target_type="ACTIVITY_COUNT",
        total_target=3,
        period_start_at=SEASON_START_AT,
    )
    assert (wish.sports, wish.target_type) == (SportSelection(["RIDE", "RUN"]), TargetType.ACTIVITY_COUNT)


@pytest.mark.parametrize(
    "fold", [BestWindow(bucket=Bucket.DAY, length=401), LongestRun(bucket=Bucket.DAY, rest=401)]
)
def test_a_fold_stays_within_what_a_milestone_keeps(fold: Fold) -> None:
    """A window or a rest of any length would be walked through day by day."""
    goal = Goal(
        model_id=ModelId("M"), target_type=TargetType.ACTIVITY_COUNT, total_target=3, parts_total=1,
        period_start_at=SEASON_START_AT, period_end_at=SEASON_END_AT, fold=fold,
    )  # fmt: skip
    with pytest.raises(InvalidInput, match="401 is more than 400"):
        goal.check(DEFAULT_POLICY)


def test_a_period_lies_where_workouts_can_be() -> None:
    """Far from them, the days around a period are in no calendar."""
    with pytest.raises(InvalidInput, match="within 1900 to 2200"):
        NewMilestone(
            model_id=ModelId("M"), target_type="ACTIVITY_COUNT", total_target=3,
            period_start_at=datetime(1, 1, 1, tzinfo=UTC),
        )  # fmt: skip


@pytest.mark.parametrize("hours", [-14, 0, 14])
def test_every_year_of_a_period_can_be_had_in_every_place(hours: int) -> None:
    """Days begin up to fourteen hours earlier or later than in UTC; a day further out is refused in words."""
    shift, day = timedelta(hours=hours), timedelta(days=1)
    first, behind = datetime(1900, 1, 1, tzinfo=UTC) + shift, datetime(2201, 1, 1, tzinfo=UTC) + shift

    def wish(start: datetime, end: datetime | None) -> NewMilestone:
        return NewMilestone(
            model_id=ModelId("M"), target_type="ACTIVITY_COUNT", total_target=3, period_start_at=start,
            period_end_at=end,
        )  # fmt: skip

    assert wish(first, behind).period_end_at == behind
    with pytest.raises(InvalidInput, match=r"^the period starts in the year 1899; .* 1900 to 2200"):
        wish(first - 2 * day, None)
    with pytest.raises(InvalidInput, match=r"^the period ends in the year 2201; .* 1900 to 2200"):
        wish(first, behind + 2 * day)
