"""The other items of the ledger's table: accounts, Strava, statues and deletions."""

from __future__ import annotations

from typing import Any

from commitcollect_adapters.dynamodb.items.encoding import (
    Condition,
    Item,
    ItemKind,
    Key,
    athlete_key,
    holding,
    key_of,
    partition,
    prefix_query,
    text,
)
from commitcollect_adapters.records import accounts, statues, strava
from commitcollect_core.training.awards import StatueModel
from commitcollect_core.values import AthleteId, ModelId, UserId

_BACKFILL = "STRAVA#BACKFILL"
_MODELS = "MODELS"
_MODEL_PREFIX = "MODEL#"

PROFILE = ItemKind(
    accounts.PROFILE_COLUMNS, accounts.profile_record, lambda _profile: {"entityType": "UserProfile"}
)
CONNECTION = ItemKind(strava.CONNECTION_COLUMNS, strava.connection_record)
OWNER = ItemKind(strava.OWNER_COLUMNS, strava.owner_record)
BACKFILL = ItemKind(strava.BACKFILL_COLUMNS, strava.backfill_record)
STAGED_PAGE = ItemKind(strava.STAGED_PAGE_COLUMNS, strava.staged_page_record)
RATE_BUDGET = ItemKind(strava.RATE_BUDGET_COLUMNS, strava.rate_budget_record)
MODEL = ItemKind(statues.MODEL_COLUMNS, statues.model_record)
MODEL_PART = ItemKind(statues.MODEL_PART_COLUMNS, statues.model_part_record)
LISTED_MODEL = ItemKind(("modelId",), lambda model: (model.model_id,))
DELETION = ItemKind(accounts.DELETION_COLUMNS, accounts.deletion_record)


def profile_key(user_id: UserId) -> Key:
    """The key of a user's profile."""
    return athlete_key(user_id, "PROFILE")


def connection_key(user_id: UserId) -> Key:
    """The key of a user's connection to Strava."""
    return athlete_key(user_id, "STRAVA#CONNECTION")


def owner_key(athlete_id: AthleteId) -> Key:
    """The key of the lock on a Strava athlete."""
    return key_of(f"STRAVA#ATHLETE#{athlete_id}", "OWNER")


def owned_by(user_id: UserId) -> Condition:
    """The athlete is this user's."""
    return holding(userId=user_id)


def backfill_key(user_id: UserId) -> Key:
    """The key of a user's backfill."""
    return athlete_key(user_id, _BACKFILL)


def staged_page_key(user_id: UserId, number: int) -> Key:
    """The key of a staged page."""
    return athlete_key(user_id, f"{_BACKFILL}#PAGE#{number:04}")


def backfill_keys_of(user_id: UserId) -> dict[str, Any]:
    """The query of the keys of a user's backfill and all its pages."""
    return {**prefix_query(partition(user_id), _BACKFILL), "ProjectionExpression": "PK, SK"}


def rates_key(scope: str) -> Key:
    """The key of the budget of a scope."""
    return key_of(f"STRAVA#RATES#{scope}", "META")


def model_key(model_id: ModelId) -> Key:
    """The key of a statue model."""
    return key_of(f"{_MODEL_PREFIX}{model_id}", "META")


def model_items_of(model_id: ModelId) -> dict[str, Any]:
    """The query of a model, which comes first, and its parts in order."""
    return {
        "KeyConditionExpression": "PK = :pk",
        "ExpressionAttributeValues": {":pk": text(f"{_MODEL_PREFIX}{model_id}")},
    }


def part_items(model: StatueModel) -> list[Item]:
    """The items of a model's parts."""
    return [
        MODEL_PART.item(key_of(f"{_MODEL_PREFIX}{model.model_id}", f"PART#{part.part_index:02}"), part)
        for part in model.parts
    ]


def listed_model_key(model_id: ModelId) -> Key:
    """The key of a model in the list of all."""
    return key_of(_MODELS, f"{_MODEL_PREFIX}{model_id}")


def listed_models() -> dict[str, Any]:
    """The query of the list of all models, in order of id."""
    return prefix_query(text(_MODELS), _MODEL_PREFIX)


def listed_model_id(item: Item) -> ModelId:
    """The model that an item of the list names."""
    return ModelId(item["modelId"]["S"])


def deletion_key(request_id: str) -> Key:
    """The key of a deletion."""
    return key_of(f"DELETION#{request_id}", "META")
