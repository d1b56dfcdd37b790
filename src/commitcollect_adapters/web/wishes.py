"""The request for a milestone, or for a change of one, as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from attrs import frozen

from commitcollect_adapters.time_zones import goal_time
from commitcollect_adapters.web.calls import TEXT_CHARS_MAX, Schema
from commitcollect_adapters.web.schemas import EDIT
from commitcollect_adapters.wording.goals import parse_aims, with_rest
from commitcollect_adapters.wording.units import units_given
from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import Policy
from commitcollect_core.training.goals import Aim
from commitcollect_core.training.local_time import LocalTime
from commitcollect_core.training.sports import SportSelection
from commitcollect_core.training.tracking import NewMilestone
from commitcollect_core.values import ModelId, TargetType

_REST_DAYS_MAX = 30
_NUMBER_MAX = 10**15

BODY: Schema = {
    "type": "object",
    "required": ["modelId", "sport", "periodStartAtUtc"],
    "additionalProperties": False,
    "properties": {
        "modelId": {"type": "string", "description": "A statue of GET /statues."},
        "sport": {
            "type": "string",
            "description": "ANY, a group such as RUN, or a sport type; several with commas between.",
        },
        "targetType": {
            "type": "string",
            "description": "DISTANCE_METERS, ELEVATION_METERS, MOVING_TIME_SECONDS or ACTIVITY_COUNT.",
        },
        "totalTarget": {"type": "integer", "minimum": 1, "description": "In the unit of the target type."},
        "targets": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Instead of these two: one target in words, such as streak=30d, or several that "
            "all have to be reached.",
        },
        "rest": {"type": "integer", "minimum": 0, "description": "Rest days that a streak may hold."},
        "timeZone": {"type": "string", "description": "Whose days count, such as Europe/Berlin."},
        "periodStartAtUtc": {"type": "integer"},
        "periodEndAtUtc": {"type": ["integer", "null"]},
        "name": {"type": "string", "description": "What to call it; empty for no name."},
        "partsTotal": {"type": "integer", "description": "Checked against the statue, where given."},
    },
}


@frozen(kw_only=True)
class _Required:
    """A name that a request has to have, and the code of the error without it."""

    name: str
    code: str


_REQUIRED = (
    _Required(name="modelId", code="modelId_required"),
    _Required(name="sport", code="sport_required"),
    _Required(name="targetType", code="targetType_required"),
    _Required(name="totalTarget", code="totalTarget_required"),
    _Required(name="periodStartAtUtc", code="periodStartAtUtc_required"),
)
_SAID_BY_TARGETS = ("targetType", "totalTarget")
_SENT_AS = {"model_id": "modelId", "target": "targets", "time": "targets", "aims": "targets"}
"""What the core and the command line call an input -> its name in the body."""


@contextmanager
def naming_what_was_sent(document: Mapping[str, Any]) -> Iterator[None]:
    """Errors name the field of the body, as callers know no other names."""
    said_by_targets = dict.fromkeys(_SAID_BY_TARGETS, "targets") if "targets" in document else {}
    try:
        yield
    except InvalidInput as refused:
        sent_as = {**_SENT_AS, **said_by_targets}.get(refused.field or "")
        if sent_as is None:
            raise
        raise InvalidInput(refused.message, code=refused.code, field=sent_as) from refused


def wish_of(document: Mapping[str, Any], policy: Policy) -> NewMilestone:
    """The request in a JSON object.

    Raises:
        InvalidInput: something is missing (``…_required``), unknown or of the wrong kind; `field` names it.
    """
    _check_names(document, BODY)
    for each in _REQUIRED:
        is_said_otherwise = each.name in _SAID_BY_TARGETS and "targets" in document
        if document.get(each.name) in (None, "") and not is_said_otherwise:
            raise InvalidInput(f"{each.name} is missing", code=each.code, field=each.name)
    sports = SportSelection.parse(_text(document, "sport").split(","))
    aims = _aims(document, sports)
    start_at, end_at = _moment(document, "periodStartAtUtc"), None
    if document.get("periodEndAtUtc") is not None:
        end_at = _moment(document, "periodEndAtUtc")
    return NewMilestone.of(
        aims,
        model_id=ModelId(_text(document, "modelId")),
        period_start_at=start_at,
        period_end_at=end_at,
        local_time=_place(document, aims, start_at, end_at, policy),
        name=_text(document, "name") if "name" in document else "",
        unit=units_given(document.get("targets", ())),
    )


def check_parts_total(document: Mapping[str, Any], parts_total: int) -> None:
    """Refuse a number of parts that is not the statue's (``partsTotal_must_match_model``)."""
    given = document.get("partsTotal")
    if given is not None and (type(given) is not int or given != parts_total):
        raise InvalidInput(
            f"this statue has {parts_total} parts", code="partsTotal_must_match_model", field="partsTotal"
        )


def edit_of(document: Mapping[str, Any]) -> tuple[str | None, bool | None]:
    """The name, and whether to put it away, in a JSON object; None for what stays as it is.

    Raises:
        InvalidInput: it says nothing, or something is unknown or of the wrong kind; `field` names it.
    """
    _check_names(document, EDIT)
    if not document:
        raise InvalidInput("nothing is to change; give name or isArchived")
    is_archived = document.get("isArchived")
    if "isArchived" in document and not isinstance(is_archived, bool):
        raise InvalidInput("isArchived is true or false", field="isArchived")
    return (_text(document, "name") if "name" in document else None), is_archived


def _check_names(document: Mapping[str, Any], schema: Schema) -> None:
    if document.keys() - schema["properties"].keys():
        raise InvalidInput("a name in the body is not known", code="unknown_field")


def _aims(document: Mapping[str, Any], sports: SportSelection) -> tuple[Aim, ...]:
    if "targets" not in document:
        if "rest" in document:
            raise InvalidInput("rest days are for a streak among the targets in words", field="rest")
        target_type = _target_type(_text(document, "targetType"))
        return (Aim(sports=sports, target_type=target_type, total_target=_number(document, "totalTarget")),)
    texts = document["targets"]
    if not isinstance(texts, list) or not texts or not all(isinstance(each, str) for each in texts):
        raise InvalidInput("targets is a list of texts", field="targets")
    aims = parse_aims([each[:TEXT_CHARS_MAX] for each in texts], sports=sports)
    for name in _SAID_BY_TARGETS:
        # One of the two would be dropped, and the caller not know which.
        if document.get(name) is not None:
            raise InvalidInput(f"{name} is said by targets already; give one of them", field="targets")
    return with_rest(aims, _number(document, "rest", most=_REST_DAYS_MAX) if "rest" in document else None)


def _target_type(name: str) -> TargetType:
    try:
        return TargetType(name)
    except ValueError as unknown:
        raise InvalidInput(
            "this target type is not known", code="unsupported_targetType", field="targetType"
        ) from unknown


def _place(
    document: Mapping[str, Any],
    aims: Sequence[Aim],
    start_at: datetime,
    end_at: datetime | None,
    policy: Policy,
) -> LocalTime | None:
    if document.get("timeZone") is None:
        return None
    return goal_time(_text(document, "timeZone"), aims, start_at, end_at, policy)


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document[name]
    if not isinstance(value, str) or len(value) > TEXT_CHARS_MAX:
        raise InvalidInput(f"{name} is a text of at most {TEXT_CHARS_MAX} characters", field=name)
    return value


def _number(document: Mapping[str, Any], name: str, *, most: int = _NUMBER_MAX) -> int:
    value = document[name]
    # Not bool, which is an int in Python, and no fraction: a target is in whole units.
    if type(value) is not int or not -most <= value <= most:
        raise InvalidInput(f"{name} is a whole number", field=name)
    return value


def _moment(document: Mapping[str, Any], name: str) -> datetime:
    """Seconds since 1970 as a moment."""
    seconds = _number(document, name)
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as beyond:
        raise InvalidInput(f"{name} is beyond the calendar", field=name) from beyond
