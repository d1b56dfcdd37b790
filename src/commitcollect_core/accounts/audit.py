"""The audit log's entries.

Writing one never blocks what it records (law 8).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from attrs import field, frozen

from commitcollect_core.accounts.sessions import cut_user_agent
from commitcollect_core.policy import Policy
from commitcollect_core.values import UserId, utc

EVENT_VERSION = 1


class AuditType(StrEnum):
    """What happened."""

    AUTH_SIGNUP = "AUTH_SIGNUP"
    AUTH_LOGIN = "AUTH_LOGIN"
    AUTH_LOGOUT = "AUTH_LOGOUT"
    STRAVA_AUTHORIZE = "STRAVA_AUTHORIZE"
    STRAVA_DEAUTHORIZE = "STRAVA_DEAUTHORIZE"
    STRAVA_ACTIVITY_CREATE = "STRAVA_ACTIVITY_CREATE"
    STRAVA_ACTIVITY_UPDATE = "STRAVA_ACTIVITY_UPDATE"
    STRAVA_ACTIVITY_DELETE = "STRAVA_ACTIVITY_DELETE"
    MILESTONE_CREATED = "MILESTONE_CREATED"
    MILESTONE_PART_MINTED = "MILESTONE_PART_MINTED"
    MILESTONE_COMPLETED = "MILESTONE_COMPLETED"
    ACCOUNT_DELETE = "ACCOUNT_DELETE"
    DATA_EXPORT = "DATA_EXPORT"


class AuditResult(StrEnum):
    """What came of it."""

    ATTEMPT = "attempt"
    SUCCESS = "success"
    PARTIAL = "partial"
    FAILED = "failed"


@frozen(kw_only=True)
class AuditEvent:
    """One entry.

    Attributes:
        request_id: of the call; with the user and the time it names the entry.
        correlation_id: of the flow the call belongs to.
        actor: who acted: a user id, or the name of a part of the system.
        user_agent: cut at `USER_AGENT_CHARS_MAX`.
        ip_hash: keyed, since a plain hash of an address can be reversed by trying all of them.
        data: what else is worth knowing; no secret and nothing personal.
    """

    user_id: UserId
    event_type: AuditType
    event_version: int = EVENT_VERSION
    occurred_at: datetime = field(converter=utc)
    request_id: str
    correlation_id: str
    actor: str
    result: AuditResult
    method: str = ""
    path: str = ""
    origin: str = ""
    ip_hash: str = ""
    user_agent: str = field(default="", converter=cut_user_agent)
    data: Mapping[str, str] = field(factory=dict)
    metrics: Mapping[str, int] = field(factory=dict)

    @property
    def month(self) -> str:
        """The UTC month that indexes it, such as ``202611``."""
        return f"{self.occurred_at:%Y%m}"

    @property
    def position(self) -> AuditPosition:
        """Its place among others."""
        return AuditPosition(self.occurred_at, self.request_id, self.user_id)

    def expires_at(self, policy: Policy) -> datetime:
        """When it may be forgotten."""
        return self.occurred_at + timedelta(seconds=policy.accounts.audit_kept_seconds)


@frozen
class AuditPosition:
    """A position among entries in order of time.

    They are the entries of a user, a flow or a type.
    """

    occurred_at: datetime = field(converter=utc)
    request_id: str
    user_id: UserId


@frozen(kw_only=True)
class Caller:
    """Who called, and how: what an entry says besides what happened.

    Attributes:
        request_id: of this call alone.
        correlation_id: of the flow it belongs to.
        actor: a user id, or the name of a part of the system.
        ip_hash: see `AuditEvent`.
    """

    request_id: str
    correlation_id: str
    actor: str
    method: str = ""
    path: str = ""
    origin: str = ""
    ip_hash: str = ""
    user_agent: str = field(default="", converter=cut_user_agent)
