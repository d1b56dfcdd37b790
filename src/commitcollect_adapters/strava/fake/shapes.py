"""What Strava's documents look like, as recorded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from commitcollect_adapters.strava import Answer

JSON_HEADERS = {
    "content-type": "application/json; charset=utf-8",
    "cache-control": "max-age=0, private, must-revalidate",
}
_MESSAGES = {400: "Bad Request", 401: "Authorization Error", 403: "Forbidden", 404: "Record Not Found"}

_SUMMARY: Mapping[str, Any] = {
    "resource_state": 2,
    "name": "Activity",
    "distance": 0.0,
    "moving_time": 0,
    "elapsed_time": 0,
    "total_elevation_gain": 0,
    "type": "Workout",
    "sport_type": "Workout",
    "workout_type": None,
    "timezone": "(GMT+00:00) Europe/London",
    "utc_offset": 0.0,
    "location_city": None,
    "location_state": None,
    "location_country": None,
    "achievement_count": 0,
    "kudos_count": 0,
    "comment_count": 0,
    "athlete_count": 1,
    "photo_count": 0,
    "trainer": False,
    "commute": False,
    "manual": False,
    "private": False,
    "visibility": "everyone",
    "flagged": False,
    "gear_id": None,
    "start_latlng": [],
    "end_latlng": [],
    "average_speed": 0.0,
    "max_speed": 0.0,
    "has_heartrate": False,
    "heartrate_opt_out": False,
    "display_hide_heartrate_option": False,
    "upload_id": None,
    "external_id": None,
    "from_accepted_tag": False,
    "pr_count": 0,
    "total_photo_count": 0,
    "has_kudoed": False,
}
_DETAILS: Mapping[str, Any] = {
    "resource_state": 3,
    "description": None,
    "calories": 0.0,
    "perceived_exertion": None,
    "prefer_perceived_exertion": None,
    "segment_efforts": [],
    "best_efforts": [],
    "photos": {"primary": None, "count": 0},
    "stats_visibility": [],
    "hide_from_home": False,
    "embed_token": "0000000000000000000000000000000000000000",
    "available_zones": [],
}


def document(content: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer of JSON."""
    return Answer(
        status=status, headers={**JSON_HEADERS, **(headers or {})}, body=json.dumps(content).encode()
    )


def refusal(status: int, resource: str, field: str, code: str) -> Answer:
    """A refusal with one detail. No counts come with it, as recorded."""
    errors = [{"resource": resource, "field": field, "code": code}]
    return document({"message": _MESSAGES[status], "errors": errors}, status=status)


def gone() -> Answer:
    """Strava's 404: nothing at all, as recorded."""
    return Answer(status=404, headers={"content-type": "application/json; charset=utf-8"})


def limit_reached(headers: Mapping[str, str]) -> Answer:
    """Strava's 429, whose `errors` is a text, as recorded."""
    content = {"errors": "Rate Limit Exceeded", "status": 429, "message": "Too Many Requests"}
    return document(content, status=429, headers=headers)


def inactive() -> Answer:
    """What every call gets once Strava has switched the app off."""
    return refusal(403, "Application", "Status", "Inactive")


def summary(payload: Mapping[str, Any], athlete_id: int) -> dict[str, Any]:
    """An activity as lists show it; what is given goes before what is usual."""
    activity_id = payload["id"]
    whole = {
        **_SUMMARY,
        "map": {"id": f"a{activity_id}", "summary_polyline": "", "resource_state": 2},
        **payload,
        "athlete": {"id": athlete_id, "resource_state": 1},
    }
    return {"start_date_local": whole.get("start_date"), **whole}


def detail(summed: Mapping[str, Any]) -> dict[str, Any]:
    """An activity as it is shown alone."""
    outline = {"id": f"a{summed['id']}", "polyline": "", "summary_polyline": "", "resource_state": 3}
    return {**summed, "map": outline, **_DETAILS}


def athlete(athlete_id: int, created_at: datetime) -> dict[str, Any]:
    """An athlete."""
    moment = created_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "id": athlete_id,
        "username": f"athlete{athlete_id}",
        "resource_state": 2,
        "firstname": "First",
        "lastname": "L.",
        "city": None,
        "state": None,
        "country": None,
        "sex": None,
        "premium": False,
        "summit": False,
        "created_at": moment,
        "updated_at": moment,
        "badge_type_id": 0,
        "profile_medium": "avatar/athlete/medium.png",
        "profile": "avatar/athlete/large.png",
        "friend": None,
        "follower": None,
    }


def grant(access_token: str, until: datetime, refresh_token: str, now: datetime) -> dict[str, Any]:
    """Tokens."""
    return {
        "token_type": "Bearer",
        "access_token": access_token,
        "expires_at": int(until.timestamp()),
        "expires_in": int((until - now).total_seconds()),
        "refresh_token": refresh_token,
    }


def subscription(subscription_id: int, app_id: int, callback_url: str, made_at: datetime) -> dict[str, Any]:
    """A push subscription."""
    moment = made_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "id": subscription_id,
        "resource_state": 2,
        "application_id": app_id,
        "callback_url": callback_url,
        "created_at": moment,
        "updated_at": moment,
    }
