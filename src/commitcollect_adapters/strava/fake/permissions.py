"""Who has let the app in, with what scope, and by which codes and tokens."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import count

from attrs import define, field, frozen

ACCESS_SECONDS = 6 * 3_600
KEPT_SECONDS = 3_600
"""An access token that lasts longer than this is given out again."""

_TOKEN_CHARS = 40


@define
class Permission:
    """One athlete's, as it stands. A refresh that brings a new access token leaves the ones before good."""

    athlete_id: int
    scope: tuple[str, ...]
    refresh_token: str
    access_tokens: dict[str, datetime] = field(factory=dict)

    def newest(self) -> tuple[str, datetime]:
        """The access token that lasts longest, and until when."""
        return max(self.access_tokens.items(), key=lambda each: each[1])


@frozen
class _Code:
    athlete_id: int
    scope: tuple[str, ...]


class Permissions:
    """Every permission, code and token."""

    def __init__(self, *, rotates_every: int, seed: int) -> None:
        self._rotates_every = rotates_every
        self._seed = seed
        self._numbers = count(1)
        self._refreshes = count(1)
        self._codes: dict[str, _Code] = {}
        self._by_athlete: dict[int, Permission] = {}

    def of(self, athlete_id: int) -> Permission | None:
        """An athlete's permission, if it was given."""
        return self._by_athlete.get(athlete_id)

    def code(self, athlete_id: int, scope: Iterable[str]) -> str:
        """A code that is good once."""
        code = self._secret("code")
        self._codes[code] = _Code(athlete_id, tuple(scope))
        return code

    def exchange(self, code: str, now: datetime) -> Permission | None:
        """The permission that a code gives, with new tokens; None if it was used or never given."""
        taken = self._codes.pop(code, None)
        if taken is None:
            return None
        permission = Permission(taken.athlete_id, taken.scope, self._secret("refresh"))
        self._add_access_token(permission, now)
        self._by_athlete[taken.athlete_id] = permission
        return permission

    def refresh(self, refresh_token: str, now: datetime) -> Permission | None:
        """The permission with an access token that lasts, and now and then another refresh token.

        None if the refresh token is dead: used up, or the permission was taken back.
        """
        for permission in self._by_athlete.values():
            if permission.refresh_token == refresh_token:
                if permission.newest()[1] - now <= timedelta(seconds=KEPT_SECONDS):
                    self._renew(permission, now)
                return permission
        return None

    def _renew(self, permission: Permission, now: datetime) -> None:
        self._add_access_token(permission, now)
        if self._rotates_every and next(self._refreshes) % self._rotates_every == 0:
            permission.refresh_token = self._secret("refresh")

    def _add_access_token(self, permission: Permission, now: datetime) -> None:
        until = now + timedelta(seconds=ACCESS_SECONDS)
        permission.access_tokens[self._secret("access")] = until

    def opened_by(self, access_token: str, now: datetime) -> Permission | None:
        """The permission that an access token opens now."""
        for permission in self._by_athlete.values():
            until = permission.access_tokens.get(access_token)
            if until is not None and now < until:
                return permission
        return None

    def named_by(self, token: str) -> Permission | None:
        """The permission that a token of either kind belongs to, though it may have ended."""
        for permission in self._by_athlete.values():
            if token == permission.refresh_token or token in permission.access_tokens:
                return permission
        return None

    def end(self, athlete_id: int) -> bool:
        """Take a permission back, with all its tokens; False if there was none."""
        return self._by_athlete.pop(athlete_id, None) is not None

    def end_access_tokens(self, athlete_id: int, now: datetime) -> None:
        """Have an athlete's access tokens end now; the refresh token stays good."""
        if permission := self._by_athlete.get(athlete_id):
            permission.access_tokens = dict.fromkeys(permission.access_tokens, now)

    def _secret(self, kind: str) -> str:
        text = f"{self._seed}-{kind}-{next(self._numbers)}"
        return sha256(text.encode()).hexdigest()[:_TOKEN_CHARS]
