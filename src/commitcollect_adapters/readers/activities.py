"""One activity, from Strava's API or from tools that export it.

Only what `ActivitySnapshot` holds is taken over. Polylines, coordinates, places, heart rates and everything
else end here. A value that cannot be read is set aside, so that the activity counts without it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import frozen

from commitcollect_adapters.readers.fields import (
    Values,
    clean_name,
    clean_text,
    file_id,
    finite,
    parse_plain_number,
    shown,
    strava_id,
)
from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import Policy
from commitcollect_core.training.workouts import UNKNOWN_SPORT_TYPE, ActivitySnapshot, SetAside
from commitcollect_core.values import Source, member, utc

DATE_CHARS_MAX = 40
DURATION_CHARS_MAX = 40

_DURATION = re.compile(
    r"(?:([0-9]{1,3}) days?, )?([0-9]{1,4}):([0-5]?[0-9]):([0-5]?[0-9])(?:[.,][0-9]{1,9})?"
)
_EPOCH_DAY = re.compile(r"1970-01-([0-9]{2})[ T]")
_IDS = ("id", "run_id")
EXPORTED = frozenset({"startat", "source", "activityid"})
"""Names, in small letters, that only our own export has."""

_EXACT_FLOAT_MAX = 2**53
_YES = frozenset({"true", "1", "1.0"})
_NO = frozenset({"", "false", "0", "0.0", "none", "null", "nan"})


@frozen(kw_only=True)
class Activity:
    """What was read of an activity, and what could not be."""

    snapshot: ActivitySnapshot
    set_aside: tuple[SetAside, ...] = ()


def read_activity(payload: Mapping[str, Any], policy: Policy) -> Activity:
    """Read one activity of any known shape; ignore unknown keys.

    Known are Strava's API, Strava's training log (`distance_raw`), running_page (`run_id`) and what
    ``commitcollect workout export`` writes (`startAt`).

    Raises:
        InvalidInput: the id or the start is missing or not of its kind; `field` names it.
    """
    # Where one id is missing, pandas turns them all to floats.
    payload = {**payload, **{name: int(payload[name]) for name in _IDS if _is_exact_float(payload.get(name))}}
    if "run_id" in payload:
        return _running_page(payload, policy)
    if "distance_raw" in payload:
        return _training_log(payload, policy)
    if (own := {name.lower(): value for name, value in payload.items()}).keys() >= EXPORTED:
        return _exported(own, policy)
    return activity_of_api(payload, policy)


def _is_exact_float(value: object) -> bool:
    return isinstance(value, float) and value.is_integer() and 0 < value < _EXACT_FLOAT_MAX


def snapshot_from_activity(payload: Mapping[str, Any], policy: Policy) -> ActivitySnapshot:
    """Reduce one activity payload of Strava's API to a snapshot.

    The caller still has to see that it is `believable`, and that the payload's athlete is the right one.

    Raises:
        InvalidInput: the id or the start is missing or not of its kind; `field` names it.
    """
    return activity_of_api(payload, policy).snapshot


def activity_of_api(payload: Mapping[str, Any], policy: Policy) -> Activity:
    """Read an activity of Strava's API, detailed or summary.

    Errors as in `read_activity`.
    """
    values = Values()
    offset = _utc_offset(payload.get("utc_offset"), policy)
    snapshot = ActivitySnapshot(
        source=Source.STRAVA,
        activity_id=strava_id(payload.get("id"), "id"),
        sport_type=_sport_type(payload, values),
        started_at=_api_start(payload, offset),
        distance_meters=values.measure(payload.get("distance"), "distance"),
        elevation_meters=values.measure(payload.get("total_elevation_gain"), "total_elevation_gain"),
        moving_seconds=_seconds(payload.get("moving_time"), "moving_time", values),
        elapsed_seconds=_seconds(payload.get("elapsed_time"), "elapsed_time", values),
        name=clean_name(_text(payload, "name", values), policy),
        utc_offset_seconds=offset,
        is_flagged=_flag(payload.get("flagged"), values),
    )
    return Activity(snapshot=snapshot, set_aside=tuple(values.set_aside))


def _training_log(payload: Mapping[str, Any], policy: Policy) -> Activity:
    """An activity of the list behind Strava's web page "My Activities"."""
    values = Values()
    start = moment(payload.get("start_time"), "start_time")
    snapshot = ActivitySnapshot(
        source=Source.STRAVA,
        activity_id=strava_id(payload.get("id"), "id"),
        sport_type=_sport_type(payload, values),
        started_at=start,
        distance_meters=values.measure(payload.get("distance_raw"), "distance_raw"),
        elevation_meters=values.measure(payload.get("elevation_gain_raw"), "elevation_gain_raw"),
        moving_seconds=values.measure(payload.get("moving_time_raw"), "moving_time_raw"),
        elapsed_seconds=values.measure(payload.get("elapsed_time_raw"), "elapsed_time_raw"),
        name=clean_name(_text(payload, "name", values), policy),
        utc_offset_seconds=_log_offset(payload.get("start_date_local_raw"), start, policy),
        is_flagged=_flag(payload.get("flagged"), values),
    )
    return Activity(snapshot=snapshot, set_aside=tuple(values.set_aside))


def _log_offset(local: object, start: datetime, policy: Policy) -> int | None:
    """The UTC offset: local start in epoch seconds, less the true time."""
    seconds = finite(local)
    return None if seconds is None else _utc_offset(seconds - start.timestamp(), policy)


def _running_page(payload: Mapping[str, Any], policy: Policy) -> Activity:
    """An activity of running_page's `activities.json`.

    Its ids are Strava's for some athletes and made of times for others, so none is taken for Strava's.
    """
    values = Values()
    start = _naive_utc(payload.get("start_date"), "start_date")
    snapshot = ActivitySnapshot(
        source=Source.FILE,
        activity_id=file_id(payload.get("run_id"), "run_id"),
        sport_type=_sport_type(payload, values),
        started_at=start,
        distance_meters=values.measure(payload.get("distance"), "distance"),
        elevation_meters=values.measure(payload.get("elevation_gain"), "elevation_gain"),
        moving_seconds=_seconds(payload.get("moving_time"), "moving_time", values),
        elapsed_seconds=_seconds(payload.get("elapsed_time"), "elapsed_time", values),
        name=clean_name(_text(payload, "name", values), policy),
        utc_offset_seconds=_local_offset(payload.get("start_date_local"), start, policy),
    )
    return Activity(snapshot=snapshot, set_aside=tuple(values.set_aside))


def _exported(payload: Mapping[str, Any], policy: Policy) -> Activity:
    """A workout as ``commitcollect workout export`` writes it, under its own id and source."""
    values = Values()
    source = member(Source, payload["source"], "source")
    identify = strava_id if source is Source.STRAVA else file_id
    offset = payload.get("utcoffsetseconds")
    snapshot = ActivitySnapshot(
        source=source,
        activity_id=identify(payload["activityid"], "activityId"),
        sport_type=_sport_type({"sport_type": payload.get("sporttype")}, values),
        started_at=moment(payload["startat"], "startAt"),
        distance_meters=values.measure(payload.get("distancemeters"), "distanceMeters"),
        elevation_meters=values.measure(payload.get("totalelevationgainmeters"), "totalElevationGainMeters"),
        moving_seconds=values.measure(payload.get("movingtimeseconds"), "movingTimeSeconds"),
        elapsed_seconds=values.measure(payload.get("elapsedtimeseconds"), "elapsedTimeSeconds"),
        name=clean_name(_text(payload, "activityname", values), policy),
        utc_offset_seconds=_utc_offset(
            parse_plain_number(offset) if isinstance(offset, str) else offset, policy
        ),
        is_flagged=_flag(payload.get("isflagged"), values),
    )
    return Activity(snapshot=snapshot, set_aside=tuple(values.set_aside))


def _local_offset(local: object, start: datetime, policy: Policy) -> int | None:
    try:
        wall_clock = _naive_utc(local, "start_date_local")
    except InvalidInput:
        return None
    return _utc_offset((wall_clock - start).total_seconds(), policy)


def _naive_utc(value: object, name: str) -> datetime:
    """A time that is UTC without saying so."""
    start = _parsed(value, name)
    return _in_utc(start if start.utcoffset() is not None else start.replace(tzinfo=UTC), name)


def _text(payload: Mapping[str, Any], name: str, values: Values) -> str:
    value = payload.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        return values.without(name, value, "not a text", "")
    return value


def _sport_type(payload: Mapping[str, Any], values: Values) -> str:
    # `type` is older and coarser (a TrailRun is a Run there), but all that old payloads have.
    for name in ("sport_type", "type"):
        if found := clean_text(_text(payload, name, values)):
            return found
    return values.without("sport_type", payload.get("sport_type"), "no sport", UNKNOWN_SPORT_TYPE)


def start_of(payload: Mapping[str, Any]) -> datetime:
    """When an activity started, whatever else of it can be read.

    Raises:
        InvalidInput: `start_date` is no moment.
    """
    # Never start_date_local: it is a wall clock that claims to be UTC.
    return moment(payload.get("start_date"), "start_date")


def _api_start(payload: Mapping[str, Any], offset: int | None) -> datetime:
    """As `start_of`, but a start without zone may count as UTC.

    The offset has to prove that it is UTC.
    """
    try:
        return start_of(payload)
    except InvalidInput:
        if offset is None or "start_date_local" not in payload:
            raise
        start = _parsed(payload.get("start_date"), "start_date")
        local = _parsed(payload.get("start_date_local"), "start_date_local").replace(tzinfo=None)
        if start.utcoffset() is not None or local - start != timedelta(seconds=offset):
            raise
        return _in_utc(start.replace(tzinfo=UTC), "start_date")


def moment(value: object, name: str) -> datetime:
    """A time with its zone, in UTC.

    Raises:
        InvalidInput: it is none; the message names the value.
    """
    start = _parsed(value, name)
    if start.utcoffset() is None:
        raise InvalidInput(
            f"{name} {shown(value)} has no time zone; write it in UTC, like 2026-05-01T06:30:00Z", field=name
        )
    return _in_utc(start, name)


def _parsed(value: object, name: str) -> datetime:
    if not isinstance(value, str) or len(value) > DATE_CHARS_MAX:
        raise InvalidInput(f"{name} must be a date with time and zone, not {shown(value)}", field=name)
    try:
        return datetime.fromisoformat(value.strip())
    except ValueError as error:
        raise InvalidInput(
            f"{name} {shown(value)} is not a date; write it like 2026-05-01T06:30:00Z", field=name
        ) from error


def _in_utc(start: datetime, name: str) -> datetime:
    try:
        return utc(start)
    except InvalidInput as beyond:
        raise InvalidInput(f"{name} {beyond.message}", field=name) from beyond


def _seconds(value: object, name: str, values: Values) -> int:
    if isinstance(value, str) and (seconds := parse_duration(value)) is not None:
        return seconds
    return values.measure(value, name)


def parse_duration(text: str) -> int | None:
    """Read a duration such as "1:02:03"; None if it is none.

    Days may come first: "2 days, 10:00:00".

    A database that knows no durations writes one as the time after the start of 1970.
    """
    if len(text) > DURATION_CHARS_MAX:
        return None
    plain, days = text.strip(), 0
    if epoch := _EPOCH_DAY.match(plain):
        plain, days = plain[epoch.end() :], int(epoch[1]) - 1
    if (found := _DURATION.fullmatch(plain)) is None:
        return None
    days += int(found[1] or 0)
    return ((days * 24 + int(found[2])) * 60 + int(found[3])) * 60 + int(found[4])


def _utc_offset(value: object, policy: Policy) -> int | None:
    """The UTC offset, or None; a wrong one is no error.

    It only tells which day it was there.
    """
    seconds = finite(value)
    if seconds is None or abs(seconds) > policy.training.utc_offset_seconds_max:
        return None
    return round(seconds)


def _flag(value: object, values: Values) -> bool:
    plain = "" if value is None else str(value).strip().lower()[:DURATION_CHARS_MAX]
    if isinstance(value, bool | int | float | str | None) and plain in _YES | _NO:
        return plain in _YES
    return values.without("flagged", value, "neither true nor false", False)
