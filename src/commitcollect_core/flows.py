"""The flow a call belongs to: one correlation id from a request or webhook to all that comes of it.

A context variable, so that a log line far below a use case knows it, and a thread that a host starts for a
call takes it along.
"""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from contextvars import ContextVar, Token

from attrs import define, field

FLOW_CHARS_MAX = 64
_FLOW = re.compile(rf"[A-Za-z0-9._-]{{1,{FLOW_CHARS_MAX}}}\Z")
_current: ContextVar[str] = ContextVar("correlation_id", default="")


def current_flow() -> str:
    """The correlation id of this call; empty outside any flow."""
    return _current.get()


def is_flow(value: object) -> bool:
    """Whether a value that came from outside is fit to be a correlation id."""
    return isinstance(value, str) and _FLOW.match(value) is not None


def flow(correlation_id: str) -> AbstractContextManager[None]:
    """Everything inside belongs to this flow."""
    return _Flow(correlation_id)


# A class: one made of a generator takes twice the time, which every event of a crowd waits for.
@define(eq=False)
class _Flow:
    _correlation_id: str
    _before: Token[str] = field(init=False)

    def __enter__(self) -> None:
        self._before = _current.set(self._correlation_id)

    def __exit__(self, *_failure: object) -> None:
        _current.reset(self._before)
