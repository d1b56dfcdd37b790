"""The flow a call belongs to: one correlation id from a request or webhook to all that comes of it.

A context variable, so that a log line far below a use case knows it, and a thread that a host starts for a
call takes it along.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

FLOW_CHARS_MAX = 64
_FLOW = re.compile(rf"[A-Za-z0-9._-]{{1,{FLOW_CHARS_MAX}}}\Z")
_current: ContextVar[str] = ContextVar("correlation_id", default="")


def current_flow() -> str:
    """The correlation id of this call; empty outside any flow."""
    return _current.get()


def is_flow(value: object) -> bool:
    """Whether a value that came from outside is fit to be a correlation id."""
    return isinstance(value, str) and _FLOW.match(value) is not None


@contextmanager
def flow(correlation_id: str) -> Iterator[None]:
    """Everything inside belongs to this flow."""
    token = _current.set(correlation_id)
    try:
        yield
    finally:
        _current.reset(token)
