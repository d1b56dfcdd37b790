"""Workouts, and what a source says of an activity.

A source answers with an `ActivitySnapshot` (the activity exists in this state) or `ActivityGone`. A `Workout`
is the snapshot the ledger accepted last, with its version and times. A deleted workout stays as a tombstone.
A later snapshot revives it, because sources delete and restore under the same id.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, assert_never

from attrs import evolve, field, frozen
from attrs.validators import optional

from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import Policy
from commitcollect_core.values import (
    ActivityId,
    AthleteId,
    Source,
    WorkoutKey,
    check_flag,
    check_id,
    check_key,
    member,
    optional_utc,
    require_flag,
    require_id,
    require_whole,
    shown,
    unfit_text,
    utc,
)

_FIT_TYPES = tuple((str, str, bool, offset, int, int, int, int) for offset in (int, type(None)))
"""The types of a snapshot's attributes, in the order in which it looks at them."""

UNKNOWN_SPORT_TYPE = "Unknown"
"""The sport type of an activity whose source gives none; it counts for `ANY` only."""

ERASED_SPORT_TYPE, SETTLED_SPORT_TYPE = "Erased", "Settled"
"""The sport types of what is left of a workout; no source's activity may have them."""

_RESERVED_SPORT_TYPES = frozenset({ERASED_SPORT_TYPE, SETTLED_SPORT_TYPE})

_NEUTRAL: dict[str, Any] = {
    "distance_meters": 0,
    "elevation_meters": 0,
    "moving_seconds": 0,
    "elapsed_seconds": 0,
    "utc_offset_seconds": None,
    "sport_type": UNKNOWN_SPORT_TYPE,
    "name": "",
}


@frozen(kw_only=True)
class SetAside:
    """A value of an activity that is not believable.

    The workout counts without it.

    Attributes:
        field: of `ActivitySnapshot`, or as the source calls it.
        value: as a message may repeat it.
        limit: what is wrong with it; completes a sentence that ends in "is".
    """

    field: str
    value: str
    limit: str

    def __str__(self) -> str:
        return f"{self.field} {self.value} is {self.limit}"


def _source(value: Source | str) -> Source:
    return value if type(value) is Source else member(Source, value, "source")


def _started_at(value: datetime) -> datetime:
    return utc(value, "started_at")


@frozen(kw_only=True)
class ActivitySnapshot:
    """The state of one activity at its source.

    Reduced to what milestones and their readers need.

    Attributes:
        sport_type: as received; sources invent new ones.
        started_at: aware, UTC, whole seconds.
        distance_meters, elevation_meters, moving_seconds, elapsed_seconds: whole, rounded half to even at
            the edge; 0 where the source says nothing.
        utc_offset_seconds: of the place where it started, None if unknown.
        is_flagged: the source withdrew it from competition; it is kept but does not count.
        shown_to: the athlete whose connection showed it; None for a file or a person. It is not compared.

    Raises:
        InvalidInput: an attribute is of another type. Limits are for `check` and `believable`.
    """

    source: Source = field(converter=_source)
    activity_id: ActivityId = field(validator=check_id)
    sport_type: str
    started_at: datetime = field(converter=_started_at)
    distance_meters: int = 0
    elevation_meters: int = 0
    moving_seconds: int = 0
    elapsed_seconds: int = 0
    name: str = ""
    utc_offset_seconds: int | None = None
    is_flagged: bool = False
    shown_to: AthleteId | None = field(default=None, eq=False)

    def __attrs_post_init__(self) -> None:
        # One look and no validators: this runs for every activity that is read, and nearly all are fit.
        found = (
            type(self.sport_type), type(self.name), type(self.is_flagged), type(self.utc_offset_seconds),
            type(self.distance_meters), type(self.elevation_meters), type(self.moving_seconds),
            type(self.elapsed_seconds),
        )  # fmt: skip
        if found not in _FIT_TYPES or self.shown_to is not None:
            self._require_types()

    def _require_types(self) -> None:
        for name in ("sport_type", "name"):
            # Texts of any content are let through: what is wrong with one costs that text, not the activity.
            if type(text := getattr(self, name)) is not str:
                raise InvalidInput(f"{name} {shown(text)} is not a text", field=name)
        for name in ("distance_meters", "elevation_meters", "moving_seconds", "elapsed_seconds"):
            require_whole(getattr(self, name), name)
        if self.utc_offset_seconds is not None:
            require_whole(self.utc_offset_seconds, "utc_offset_seconds")
        require_flag(self.is_flagged, "is_flagged")
        require_id(self.shown_to, "shown_to")  # all else fits, so there is one

    @property
    def key(self) -> WorkoutKey:
        """The identity of the workout this describes."""
        return WorkoutKey(self.source, self.activity_id)

    @property
    def ended_at(self) -> datetime:
        """When the athlete stopped.

        That is the start plus the elapsed (or else the moving) time.
        """
        return self.started_at + timedelta(seconds=self.elapsed_seconds or self.moving_seconds)

    def check(self, policy: Policy, *, now: datetime) -> None:
        """Refuse values that no real workout has.

        For input that a person typed and can correct.

        Raises:
            InvalidInput: a measure is negative or beyond its limit, the start lies outside the accepted
                time, or a text is too long; the message names the value and the limit.
        """
        for each in self._not_believable(policy):
            raise InvalidInput(str(each), field=each.field)
        self._check_start(policy, now)

    def believable(self, policy: Policy, *, now: datetime) -> tuple[ActivitySnapshot, tuple[SetAside, ...]]:
        """The snapshot without unbelievable values, and these values.

        One value that is not believable says nothing about the others: a clock that jumped must not cost the
        distance. A value that is set aside becomes 0, or the neutral value of its field.

        Raises:
            InvalidInput: the start is not believable, so the period it counts for is unknown.
        """
        self._check_start(policy, now)
        set_aside = tuple(self._not_believable(policy))
        if not set_aside:
            return self, ()
        return evolve(self, **{each.field: _NEUTRAL[each.field] for each in set_aside}), set_aside

    def _not_believable(self, policy: Policy) -> Iterator[SetAside]:
        limits = policy.training
        most, offset = limits.duration_seconds_max, limits.utc_offset_seconds_max
        yield from _unfit_number("distance_meters", self.distance_meters, 0, limits.distance_meters_max)
        yield from _unfit_number("elevation_meters", self.elevation_meters, 0, limits.elevation_meters_max)
        yield from _unfit_number("moving_seconds", self.moving_seconds, 0, most)
        yield from _unfit_number("elapsed_seconds", self.elapsed_seconds, 0, most)
        # None, which only an offset can be, says nothing.
        if self.utc_offset_seconds is not None:
            yield from _unfit_number("utc_offset_seconds", self.utc_offset_seconds, -offset, offset)
        yield from _unfit_text("sport_type", self.sport_type, 1, limits.sport_type_chars_max)
        if self.sport_type in _RESERVED_SPORT_TYPES:
            # A deleted workout of that name would pass for one that was let go, and never come back.
            yield SetAside(field="sport_type", value=repr(self.sport_type), limit="a name of this program")
        yield from _unfit_text("name", self.name, 0, limits.activity_name_chars_max)

    def _check_start(self, policy: Policy, now: datetime) -> None:
        limits = policy.training
        # Nearly every activity is of the past, and then no bound has to be calculated.
        if limits.workout_started_at_min <= self.started_at <= min(now, limits.workout_started_at_max):
            return
        latest = min(
            now + timedelta(seconds=policy.training.clock_ahead_seconds_max),
            policy.training.workout_started_at_max,
        )
        if not policy.training.workout_started_at_min <= self.started_at <= latest:
            raise InvalidInput(
                f"started_at {self.started_at.isoformat()} is outside "
                f"{policy.training.workout_started_at_min.date()} to {latest.date()}; check the date",
                field="started_at",
            )


def _unfit_number(name: str, value: int, least: int, most: int) -> tuple[SetAside, ...]:
    # Tuples and no generators: this runs for every value of every activity, and nearly all are fit.
    if least <= value <= most:
        return ()
    return (SetAside(field=name, value=shown(value), limit=f"outside {least:,} to {most:,}"),)


def _unfit_text(name: str, text: str, chars_min: int, chars_max: int) -> tuple[SetAside, ...]:
    if not chars_min <= len(text) <= chars_max:
        limit = f"outside {chars_min} to {chars_max}"
        return (SetAside(field=name, value=f"of {len(text)} characters", limit=limit),)
    unfit = unfit_text(text)
    return () if unfit is None else (SetAside(field=name, value=repr(text), limit=unfit),)


@frozen(kw_only=True)
class ActivityGone:
    """The source does not show this activity (any more).

    Attributes:
        asked_by: the athlete of the connection that says so; None is believed of every workout.
        sees_private: whether this connection sees all activities of its athlete.
    """

    key: WorkoutKey = field(validator=check_key)
    asked_by: AthleteId | None = field(default=None, validator=optional(check_id))
    sees_private: bool = field(default=False, validator=check_flag)

    def is_proof_for(self, shown_to: AthleteId | None) -> bool:
        """Whether it proves that a workout shown to an athlete, or to none, is gone."""
        # What a connection cannot see is not gone: a private activity from an export would be deleted by a
        # connection without access to private ones, and all of one athlete's by another's connection.
        return self.asked_by is None or shown_to == self.asked_by or (self.sees_private and shown_to is None)


Found = ActivitySnapshot | ActivityGone
"""What a source answers about one activity."""


@frozen(kw_only=True)
class ActivityErased:
    """An order to erase an activity.

    Nothing of it may be kept but its identity.
    """

    key: WorkoutKey = field(validator=check_key)
    placeholder_start_at: datetime = field(converter=utc)

    @property
    def remains(self) -> ActivitySnapshot:
        """What is left of it: its identity alone."""
        return ActivitySnapshot(
            source=self.key.source,
            activity_id=self.key.activity_id,
            sport_type=ERASED_SPORT_TYPE,
            started_at=self.placeholder_start_at,
        )


_QUARTER_SECONDS = 900


@frozen(kw_only=True)
class ActivitySettled:
    """An order to let an activity go that was counted: nothing of it may be kept longer, and it still counts.

    Its share stays in the sums, so that later workouts go on from there. What its source says of it
    afterwards changes nothing.
    """

    key: WorkoutKey = field(validator=check_key)

    def remains(self, snapshot: ActivitySnapshot) -> ActivitySnapshot:
        """What is left of it: its identity, and the quarter of an hour in which it started.

        Periods begin and end with a quarter in every time zone, so a recount knows whose sums it stands in.
        """
        second = int(snapshot.started_at.timestamp())
        return ActivitySnapshot(
            source=self.key.source,
            activity_id=self.key.activity_id,
            sport_type=SETTLED_SPORT_TYPE,
            started_at=snapshot.started_at - timedelta(seconds=second % _QUARTER_SECONDS),
        )


Change = Found | ActivityErased | ActivitySettled
"""What may happen to a workout."""


@frozen(kw_only=True)
class Workout:
    """One workout as the ledger holds it.

    Attributes:
        version: 1 when first written, one more with every change.
        fetched_at: when the snapshot was taken in.
        deleted_at: set on a tombstone.
        shown_to: the athlete of the connection that showed it last; None if it is known from elsewhere only.
    """

    snapshot: ActivitySnapshot
    version: int
    fetched_at: datetime = field(converter=utc)
    deleted_at: datetime | None = field(default=None, converter=optional_utc)
    shown_to: AthleteId | None = None

    @property
    def key(self) -> WorkoutKey:
        """The workout's identity within the athlete's ledger."""
        return self.snapshot.key

    @property
    def is_deleted(self) -> bool:
        """Whether this is a tombstone."""
        return self.deleted_at is not None

    @property
    def is_settled(self) -> bool:
        """Whether it was let go and still counts; see `ActivitySettled`."""
        return self.is_deleted and self.snapshot.sport_type == SETTLED_SPORT_TYPE

    @property
    def is_erased(self) -> bool:
        """Whether only its identity is left."""
        return self.is_deleted and self.snapshot.sport_type in {ERASED_SPORT_TYPE, SETTLED_SPORT_TYPE}


def updated(before: Workout | None, change: Change, *, now: datetime) -> Workout | None:
    """The workout after a change, or None if nothing changed."""
    if before is not None and before.is_settled:
        # It counts as it was. Taken in again it would count twice.
        return None
    match change:
        case ActivityGone():
            if before is None or before.is_deleted or not change.is_proof_for(before.shown_to):
                return None
            return Workout(
                snapshot=before.snapshot,
                version=before.version + 1,
                fetched_at=before.fetched_at,
                deleted_at=now,
                shown_to=before.shown_to,
            )
        case ActivitySnapshot():
            shown_to = change.shown_to or (before.shown_to if before else None)
            is_known = before is not None and not before.is_deleted and before.shown_to == shown_to
            if before is not None and is_known and before.snapshot == change:
                return None
            version = (before.version if before else 0) + 1
            return Workout(snapshot=change, version=version, fetched_at=now, shown_to=shown_to)
        case ActivityErased() | ActivitySettled():
            return _emptied(before, change, now=now)
        case _:
            assert_never(change)


def _emptied(
    before: Workout | None, change: ActivityErased | ActivitySettled, *, now: datetime
) -> Workout | None:
    """The workout once little more than its identity is left."""
    if before is None:
        return None
    if isinstance(change, ActivitySettled):
        # What is deleted counts no more, so there is nothing to settle.
        remains = before.snapshot if before.is_deleted else change.remains(before.snapshot)
    else:
        remains = change.remains
    if before.is_deleted and before.snapshot == remains:
        return None
    return Workout(snapshot=remains, version=before.version + 1, fetched_at=now, deleted_at=now)


@frozen(kw_only=True)
class Answer:
    """What a source said of an activity, and when it was asked."""

    found: Found
    asked_at: datetime = field(converter=utc)

    def is_in_doubt(self, before: Workout | None, policy: Policy) -> bool:
        """Whether this differs from the stored workout and may be older.

        An answer that waited (such as a page listed earlier) must not overwrite what another process fetched
        in the meantime. Clocks disagree a little, so writes at about that time are in doubt, too. The caller
        then asks the source again.
        """
        if before is None or updated(before, self.found, now=self.asked_at) is None:
            return False
        written_at = max(before.fetched_at, before.deleted_at or before.fetched_at)
        return written_at >= self.asked_at - timedelta(seconds=policy.training.clock_skew_seconds_max)
