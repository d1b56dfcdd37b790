"""What can go wrong on demand."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

from attrs import define, field


class CallKind(StrEnum):
    """What a call is about."""

    AUTHORIZE = "authorize"
    EXCHANGE = "exchange"
    REFRESH = "refresh"
    REVOKE = "revoke"
    ATHLETE = "athlete"
    ACTIVITY = "activity"
    ACTIVITIES = "activities"
    SUBSCRIPTIONS = "subscriptions"
    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"


class Fault(StrEnum):
    """How a call goes wrong. Nothing happens first, except before a lost answer.

    WRONG_ATHLETE and OLD_STATE are about activities: somebody else's, or as it was before its last change.
    """

    RATE_LIMITED = "rate_limited"
    UNAUTHORIZED = "unauthorized"
    NOT_FOUND = "not_found"
    APP_INACTIVE = "app_inactive"
    SERVER_ERROR = "server_error"
    ODD_STATUS = "odd_status"
    HTML = "html"
    REDIRECT = "redirect"
    HUGE = "huge"
    EMPTY = "empty"
    HANG = "hang"
    LOST_ANSWER = "lost_answer"
    WRONG_ATHLETE = "wrong_athlete"
    OLD_STATE = "old_state"


@define
class Orders:
    """Faults still to come, and how many calls of each kind there were."""

    calls: Counter[CallKind] = field(factory=Counter)
    _ordered: list[_Order] = field(factory=list)

    def order(self, fault: Fault, kind: CallKind | None, *, count: int | None, after: int) -> None:
        """Have calls of a kind, or any, go wrong: `count` of them (None for ever), `after` so many more."""
        self._ordered.append(_Order(fault, kind, count, after))

    def cancel(self) -> None:
        """Let everything go well from now on."""
        self._ordered.clear()

    def arrived(self, kind: CallKind) -> Fault | None:
        """Count a call; how it goes wrong, if it does."""
        self.calls[kind] += 1
        due = [each for each in self._ordered if each.kind in {None, kind} and each.is_due()]
        return due[0].spend() if due else None


@define
class _Order:
    fault: Fault
    kind: CallKind | None
    count: int | None
    after: int

    def is_due(self) -> bool:
        """Whether this call goes wrong; one of those that go well first is counted off."""
        if self.after > 0:
            self.after -= 1
            return False
        return self.count is None or self.count > 0

    def spend(self) -> Fault:
        if self.count is not None:
            self.count -= 1
        return self.fault
