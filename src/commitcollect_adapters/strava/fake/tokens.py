"""Permissions that athletes gave the app, with their codes and tokens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import count
from typing import Any

from attrs import define, field, frozen

from commitcollect_adapters.strava.fake.faults import Fault

ACCESS_SECONDS = 6 * 3_600
REUSED_SECONDS = 3_600
"""A refresh returns the same access token while it lasts longer than this."""

_TOKEN_CHARS = 40

_LEFT_OUT: Mapping[Fault, tuple[str, ...]] = {
    Fault.EXPIRES_IN_ONLY: ("expires_at",),
    Fault.NO_EXPIRY: ("expires_at", "expires_in"),
    Fault.NO_ACCESS_TOKEN: ("access_token",),
    Fault.NO_REFRESH_TOKEN: ("refresh_token",),
}


@define
class Permission:
    """One athlete's permission. Older access tokens stay valid after a refresh."""

    athlete_id: int
    scope: tuple[str, ...]
    refresh_token: str
    access_tokens: dict[str, datetime] = field(factory=dict)

    def newest(self) -> tuple[str, datetime]:
        """The access token that expires last, and its expiry."""
        return max(self.access_tokens.items(), key=lambda each: each[1])

    def document(self, now: datetime, fault: Fault | None) -> dict[str, Any]:
        """The answer of the token endpoint, odd if there is a fault."""
        access_token, expires_at = self.newest()
        document = {
            "token_type": "Bearer",
            "access_token": access_token,
            "expires_at": int(expires_at.timestamp()),
            "expires_in": int((expires_at - now).total_seconds()),
            "refresh_token": self.refresh_token,
        }
        match fault:
            case Fault.EXPIRES_AT_TEXT:
                document["expires_at"] = str(document["expires_at"])
            case Fault.EXPIRES_AT_FLOAT:
                document["expires_at"] = expires_at.timestamp() + 0.25
            case _:
                for name in _LEFT_OUT.get(fault, ()) if fault else ():
                    del document[name]
        return document


@frozen
class _Code:
    athlete_id: int
    scope: tuple[str, ...]


class Tokens:
    """Every permission, code and token."""

    def __init__(self, *, rotates_every: int, seed: int) -> None:
        self._rotates_every = rotates_every
        self._seed = seed
        self._numbers = count(1)
        self._refreshes = count(1)
        self._codes: dict[str, _Code] = {}
        self._by_athlete: dict[int, Permission] = {}

    def permission_of(self, athlete_id: int) -> Permission | None:
        """An athlete's permission, if there is one."""
        return self._by_athlete.get(athlete_id)

    def new_code(self, athlete_id: int, scope: Iterable[str]) -> str:
        """A code that can be exchanged once."""
        code = self._secret("code")
        self._codes[code] = _Code(athlete_id, tuple(scope))
        return code

    def exchange(self, code: str, now: datetime) -> Permission | None:
        """Exchange a code for new tokens; None for a used code."""
        found = self._codes.pop(code, None)
        if found is None:
            return None
        permission = Permission(found.athlete_id, found.scope, self._secret("refresh"))
        self._add_access_token(permission, now)
        # An athlete has one permission per app: the new tokens replace all earlier ones.
        self._by_athlete[found.athlete_id] = permission
        return permission

    def refresh(self, refresh_token: str, now: datetime) -> Permission | None:
        """The permission after a refresh, which may rotate the refresh token.

        None if the refresh token was replaced or the permission revoked.
        """
        for permission in self._by_athlete.values():
            if permission.refresh_token == refresh_token:
                if permission.newest()[1] - now <= timedelta(seconds=REUSED_SECONDS):
                    self._renew(permission, now)
                return permission
        return None

    def _renew(self, permission: Permission, now: datetime) -> None:
        self._add_access_token(permission, now)
        if self._rotates_every and next(self._refreshes) % self._rotates_every == 0:
            permission.refresh_token = self._secret("refresh")

    def _add_access_token(self, permission: Permission, now: datetime) -> None:
        permission.access_tokens[self._secret("access")] = now + timedelta(seconds=ACCESS_SECONDS)

    def by_access_token(self, access_token: str, now: datetime) -> Permission | None:
        """The permission of an access token that has not expired."""
        for permission in self._by_athlete.values():
            expires_at = permission.access_tokens.get(access_token)
            if expires_at is not None and now < expires_at:
                return permission
        return None

    def by_any_token(self, token: str) -> Permission | None:
        """The permission of a token of either kind, expired or not."""
        for permission in self._by_athlete.values():
            if token == permission.refresh_token or token in permission.access_tokens:
                return permission
        return None

    def revoke(self, athlete_id: int) -> bool:
        """Remove a permission with all its tokens; False if there was none."""
        return self._by_athlete.pop(athlete_id, None) is not None

    def expire_access_tokens(self, athlete_id: int, now: datetime) -> None:
        """Expire an athlete's access tokens now; the refresh token stays valid."""
        if permission := self._by_athlete.get(athlete_id):
            permission.access_tokens = dict.fromkeys(permission.access_tokens, now)

    def _secret(self, kind: str) -> str:
        text = f"{self._seed}-{kind}-{next(self._numbers)}"
        return sha256(text.encode()).hexdigest()[:_TOKEN_CHARS]
