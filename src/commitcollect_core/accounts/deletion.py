"""The deletion of an account, step by step."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from attrs import evolve, field, frozen

from commitcollect_core.values import UserId, optional_utc, utc


class DeletionStep(StrEnum):
    """The steps of deleting an account, in order.

    Every step is idempotent.
    """

    FENCE = "FENCE"
    REVOKE = "REVOKE"
    ERASE_LEDGER = "ERASE_LEDGER"
    ERASE_LINKS = "ERASE_LINKS"
    ERASE_IDENTITY = "ERASE_IDENTITY"
    ERASE_AUDIT = "ERASE_AUDIT"
    END_SESSIONS = "END_SESSIONS"
    VERIFY = "VERIFY"


@frozen(kw_only=True)
class DeletionRequest:
    """A deletion under way, or its receipt.

    Attributes:
        identifiers: sealed: what later steps need of what earlier ones erase; empty once all are done.
        steps_done: in order.
        receipt: what was done, kept and why; empty until the end.
        version: 1 when first written, one more with every change.
    """

    request_id: str
    user_id: UserId
    identifiers: str = field(default="", repr=False)
    steps_done: tuple[DeletionStep, ...] = ()
    requested_at: datetime = field(converter=utc)
    completed_at: datetime | None = field(default=None, converter=optional_utc)
    receipt: str = ""
    version: int = 1


def deletion_id(user_id: UserId) -> str:
    """The request id of the deletion of a user's account, of which there is one at most."""
    from hashlib import sha256  # noqa: PLC0415 - loads OpenSSL, which counting workouts does not need

    return sha256(f"deletion of {user_id}".encode()).hexdigest()


def next_step(request: DeletionRequest) -> DeletionStep | None:
    """The first step not done yet; None at the end."""
    return next((step for step in DeletionStep if step not in request.steps_done), None)


def advanced(request: DeletionRequest, step: DeletionStep) -> DeletionRequest:
    """The request with a step done; itself if that was done before."""
    if step in request.steps_done:
        return request
    return evolve(request, steps_done=(*request.steps_done, step), version=request.version + 1)
