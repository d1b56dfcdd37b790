"""Who a user is."""

from __future__ import annotations

from datetime import datetime

from attrs import field, frozen

from commitcollect_core.values import UserId, utc


@frozen(kw_only=True)
class UserProfile:
    """Who a user is.

    Attributes:
        email: as the identity provider gave it.
        plan, role: free words of the host; empty for none.
        time_zone: an IANA name; empty for none.
        provider_username: what the identity provider's administration calls the user; None if it has none.
        version: 1 when first written, one more with every change.
    """

    user_id: UserId
    email: str = field(repr=False)
    created_at: datetime = field(converter=utc)
    display_name: str = field(default="", repr=False)
    plan: str = ""
    role: str = ""
    time_zone: str = ""
    provider_username: str | None = field(default=None, repr=False)
    version: int = 1
