"""Exporting all that is stored about a person, as it is stored."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from commitcollect_core.accounts import registry
from commitcollect_core.accounts.deletion import Person
from commitcollect_core.accounts.ports import PersonalData, ProfileStore, Row
from commitcollect_core.accounts.registry import ItemType
from commitcollect_core.context import Context
from commitcollect_core.errors import NotFound
from commitcollect_core.strava.ports import ConnectionStore
from commitcollect_core.training.digest import state_digest
from commitcollect_core.training.history import walk_milestones, walk_workouts
from commitcollect_core.training.ports import Ledger, WorkoutQuery
from commitcollect_core.values import UserId


@frozen(kw_only=True, eq=False, repr=False)
class Exporting:
    """Reads everything stored about a person, item by item, and never a token or a hash of a secret."""

    personal: PersonalData
    ledger: Ledger
    profiles: ProfileStore
    connections: ConnectionStore
    context: Context

    def check(self, user_id: UserId) -> None:
        """Refuse to export a user of whom nothing is stored.

        Raises:
            NotFound: nothing is.
        """
        is_known = (
            self.ledger.read_head(user_id).version
            or self.profiles.read(user_id) is not None
            or self.connections.read(user_id) is not None
        )
        if not is_known:
            raise NotFound(f"nothing is stored of {user_id!r}", code="account_not_found")

    def rows(self, user_id: UserId, item: ItemType) -> Iterator[Row]:
        """The items of one type, without what is never exported. Reads in pages."""
        connection = self.connections.read(user_id)
        athletes = () if connection is None else (connection.athlete_id,)
        hidden = registry.RULES[item].never_exported
        for row in self.personal.walk(item, Person(user_id=user_id, athlete_ids=athletes)):
            yield {name: value for name, value in row.items() if name not in hidden and value is not None}

    def state_digest(self, user_id: UserId) -> str:
        """The digest of the ledger, which an import of the export has as well."""
        limit = self.context.policy.training.page_items_max
        return state_digest(
            walk_workouts(self.ledger, user_id, WorkoutQuery(limit=limit)),
            walk_milestones(self.ledger, user_id, limit=limit),
        )


EXPORTED = tuple(each for each in registry.STORED if registry.RULES[each].is_exported)
"""The types of items an export has, in order."""
