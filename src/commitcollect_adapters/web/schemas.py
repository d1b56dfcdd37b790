"""JSON Schemas of what the API answers, as its description has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from commitcollect_adapters.web.calls import Parameter, Schema
from commitcollect_core.training.goals import Exclusion
from commitcollect_core.values import Source

_TEXT: Schema = {"type": "string"}
_WHOLE: Schema = {"type": "integer"}
_YES: Schema = {"type": "boolean"}
_MOMENT: Schema = {"type": "integer", "description": "Seconds since 1970, UTC."}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
_COUNTS: Schema = {"type": "object", "additionalProperties": _WHOLE}


def _or_null(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


def _object(required: Mapping[str, Any], optional: Mapping[str, Any] | None = None) -> Schema:
    """An object of these names and no others."""
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **(optional or {})},
        "additionalProperties": False,
    }


def _list(item: Schema) -> Schema:
    return {"type": "array", "items": item}


def _named(names: Iterable[str], schema: Schema) -> dict[str, Schema]:
    return dict.fromkeys(names, schema)


PROBLEM: Schema = _object({"error": _TEXT}, {"field": _TEXT, "max": _WHOLE, "retryAtUtc": _MOMENT})
UNAUTHENTICATED: Schema = _object({"status": _TEXT})

HEALTH = _object({"status": {"const": "healthy"}, "version": _TEXT})
READY = _object({"status": {"enum": ["ready", "unavailable"]}})
INFO = _object({**_named(("name", "version", "environment"), _TEXT), "stravaIsMadeUp": _YES})

SESSION = _object(_named(("userId", "email"), _TEXT))
SESSIONS = _object(
    {
        "sessions": _list(
            _object(
                {
                    "sessionId": _TEXT,
                    **_named(("createdAtUtc", "lastSeenAtUtc", "expiresAtUtc"), _MOMENT),
                    "userAgent": _TEXT,
                    "isThis": _YES,
                }
            )
        )
    }
)

_CONNECTION = {"athleteId": _TEXT, "status": _TEXT, "scope": _TEXTS, "expiresAtUtc": _MOMENT}
VIEWER = _object(
    {"signedIn": _YES},
    {
        **_named(("userId", "email", "role", "plan"), _TEXT),
        "strava": _object({"connected": _YES}, _CONNECTION),
    },
)
CONNECTED = _object({"status": {"const": "connected"}, "userId": _TEXT, "tokenExpiresAt": _MOMENT})
_BACKFILL = {
    "type": ["object", "null"],
    "required": ["phase"],
    "properties": {
        "phase": _TEXT,
        **_named(
            ("pagesListed", "activitiesListed", "activitiesRejected", "activitiesHidden", "workoutsChanged"),
            _WHOLE,
        ),
        "rejections": _TEXTS,
        **_named(("startedAtUtc", "updatedAtUtc"), _MOMENT),
    },
}
STRAVA_STATUS = _object(
    {
        "connected": _YES,
        "workoutCount": _WHOLE,
        "latestActivityAtUtc": _or_null(_MOMENT),
        "isFresh": _YES,
        "backfill": _BACKFILL,
    },
    _CONNECTION,
)

_WORKOUT = {
    "source": {"enum": [each.value for each in Source]},
    **_named(("activityId", "activityName", "sportType"), _TEXT),
    "startDateUtc": _MOMENT,
    "utcOffsetSeconds": _or_null(_WHOLE),
    **_named(
        ("distanceMeters", "totalElevationGainMeters", "movingTimeSeconds", "elapsedTimeSeconds", "version"),
        _WHOLE,
    ),
    **_named(("isFlagged", "isDeleted"), _YES),
    **_named(("deletedAtUtc", "fetchedAtUtc"), _or_null(_MOMENT)),
}
WORKOUT = _object(_WORKOUT)
WORKOUTS = _object({"workouts": _list(WORKOUT)})
_TOTALS = _named(("workouts", "distanceMeters", "totalElevationGainMeters", "movingTimeSeconds"), _WHOLE)
TRAINING_YEAR = _object(
    {
        "year": _WHOLE,
        "total": _object(_TOTALS),
        "days": {"type": "object", "additionalProperties": _object(_TOTALS)},
        "months": _list(_object({"month": _WHOLE, **_TOTALS})),
        "sports": _list(_object({"sportType": _TEXT, **_TOTALS})),
        "years": _list(_WHOLE),
    }
)

_GOAL: Schema = {"type": ["object", "string", "null"], "description": "Of a goal that is no plain sum."}
_MILESTONE = _object(
    {
        **_named(("milestoneId", "modelId", "sport", "targetType"), _TEXT),
        "name": _or_null(_TEXT),
        **_named(
            ("totalTarget", "partTarget", "partsTotal", "progressValue", "currentValue", "partsEarned"),
            _WHOLE,
        ),
        "percentComplete": {"type": "number"},
        "remainingToNextPart": _or_null(_WHOLE),
        "status": {"enum": ["ACTIVE", "COMPLETED"]},
        "isOver": {"type": "boolean", "description": "Whether the period has ended with parts left to earn."},
        "periodStartAtUtc": _MOMENT,
        "periodEndAtUtc": _or_null(_MOMENT),
        "goal": _GOAL,
        "timeZone": _or_null(_TEXT),
        "createdAtUtc": _MOMENT,
        **_named(("completedAtUtc", "archivedAtUtc"), _or_null(_MOMENT)),
    }
)
_AWARD = _object(
    {
        "partIndex": _WHOLE,
        **_named(("partName", "meshFile", "attachPoint", "source", "activityId"), _TEXT),
        "meshSha256": _or_null(_TEXT),
        "progressValueAtAward": _WHOLE,
        **_named(("awardedAtUtc", "earnedAtUtc"), _MOMENT),
    }
)
_VIEW = {"milestone": _MILESTONE, "awards": _list(_AWARD)}
CREATED_MILESTONE = _object({"milestoneId": _TEXT, "status": {"enum": ["ACTIVE", "COMPLETED"]}})
MILESTONES = _object({"milestones": _list(_MILESTONE), "next": _or_null(_TEXT)})
MILESTONE_VIEW = _object(
    _VIEW,
    {
        "debug": _object(
            {
                **_named(("pk", "skPrefix"), _TEXT),
                **_named(("inspected", "awardsCount"), _WHOLE),
                "hasMore": _YES,
            }
        )
    },
)
MILESTONE = _MILESTONE
EDIT: Schema = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "description": "What to call it; empty for no name."},
        "isArchived": {"type": "boolean", "description": "Whether it is put away. It counts on."},
    },
}
RECOMPUTED = _object(
    {
        **_VIEW,
        **_named(
            ("progressDelta", "currentDelta", "partsDelta", "counted", "excludedBeforeStartCount"), _WHOLE
        ),
    }
)
PREVIEW = _object(
    {
        **_named(("modelId", "targetType"), _TEXT),
        **_named(("totalTarget", "partsTotal", "currentValue", "partsEarned", "countedWorkouts"), _WHOLE),
        "goal": _GOAL,
        "periodStartAtUtc": _MOMENT,
        "periodEndAtUtc": _or_null(_MOMENT),
        "timeZone": _or_null(_TEXT),
        "partsEarnedAtUtc": _list(_MOMENT),
    }
)
_EFFECT = _object(
    {
        "targetType": _TEXT,
        **_named(("amount", "bucketValue", "standing", "valueBefore", "valueAfter"), _WHOLE),
        "fillsBucket": _YES,
    }
)
_OF_ALL = (
    "Of all workouts, on the first page; null on the others, and where more are stored than a request counts."
)
EXPLANATIONS = _object(
    {
        "workouts": _list(
            _object(
                {
                    **_WORKOUT,
                    "isCounted": _YES,
                    "amount": _WHOLE,
                    "reason": {"enum": [*(each.value for each in Exclusion), None]},
                    "effects": _list(_EFFECT),
                }
            )
        ),
        "next": _or_null(_TEXT),
        "counted": {**_or_null(_WHOLE), "description": _OF_ALL},
        "excluded": {**_or_null(_COUNTS), "description": _OF_ALL},
    }
)

_MODEL = {
    **_named(("modelId", "name"), _TEXT),
    "year": _or_null(_WHOLE),
    "isActive": _YES,
    "partsTotal": _WHOLE,
}
STATUES = _object({"statues": _list(_object(_MODEL))})
STATUE = _object(
    {
        **_MODEL,
        "parts": _list(
            _object(
                {
                    **_named(("partIndex", "grams"), _WHOLE),
                    **_named(("partName", "meshFile", "attachPoint"), _TEXT),
                    "meshSha256": _or_null(_TEXT),
                    "direction": _list({"type": "number"}),
                    "sizeMm": _list(_WHOLE),
                    "needsSupports": _YES,
                }
            )
        ),
    }
)
IMPORT = _object(
    {
        **_named(("importId", "file"), _TEXT),
        "state": {"enum": ["reading", "counting", "done", "failed"]},
        **_named(("bytes", "read", "taken", "changed", "parts", "rejectedCount", "warningCount"), _WHOLE),
        "error": {"type": ["string", "null"], "description": "Why nothing was read, for a person."},
        "rejected": _list(_object({"file": _TEXT, "row": _or_null(_WHOLE), "reason": _TEXT})),
        "warnings": _TEXTS,
    }
)
IMPORTS = _object({"imports": _list(IMPORT)})

AFTER = Parameter(name="after", about="Goes on behind the `next` of an earlier list.", schema=_TEXT)
TIME_ZONE = Parameter(
    name="timeZone", about="Whose days are meant where a workout does not say.", schema=_TEXT
)
SOLID = Parameter(name="solid", about="Numbers of parts with commas between.", schema=_TEXT)
LAYOUT = Parameter(
    name="layout",
    about="Put together, or lying on printer beds.",
    schema={"enum": ["assembled", "plates"]},
)
KEY_CHARS_MAX = 200
"""Of an Idempotency-Key."""

NAME = Parameter(name="name", about="What the file is called.", schema=_TEXT)
IDEMPOTENCY_KEY = Parameter(
    name="Idempotency-Key",
    about="Names the request: repeated under its name, it makes nothing new and is answered as before.",
    schema={"type": "string", "maxLength": KEY_CHARS_MAX},
)
WITH_PARTS = Parameter(
    name="withParts",
    about="Whether earned parts go, too; without it, a milestone that has some stays.",
    schema={"enum": ["true", "false"]},
)
OAUTH_CALLBACK = tuple(
    Parameter(name=name, about="As Strava gives it back.", schema=_TEXT)
    for name in ("state", "code", "scope", "error")
)


def limit(most: int) -> Parameter:
    """How many items a list shows."""
    return Parameter(
        name="limit", about="At most so many.", schema={"type": "integer", "minimum": 1, "maximum": most}
    )
