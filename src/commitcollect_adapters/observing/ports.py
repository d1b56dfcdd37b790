"""Ports that are watched: each call is counted, timed, and a span where OpenTelemetry is installed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeVar, cast

from commitcollect_adapters.observing.metrics import Metrics
from commitcollect_core.errors import CommitCollectError
from commitcollect_core.flows import current_flow

Port = TypeVar("Port")
Span = Callable[[str], AbstractContextManager[None]]
"""Opens a span of a name."""


def no_span(_name: str) -> AbstractContextManager[None]:
    """Opens none."""
    return nullcontext()


def open_telemetry_spans() -> Span:
    """Opens spans of OpenTelemetry, as the process has configured it.

    Raises:
        ModuleNotFoundError: the extra ``commitcollect[otel]`` is not installed.
    """
    from opentelemetry import trace  # noqa: PLC0415 - an extra, and slow to import
    from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415 - the same

    tracer = trace.get_tracer("commitcollect")

    @contextmanager
    def span(name: str) -> Iterator[None]:
        # Without the exception itself: its text may hold what no trace is to hold.
        with tracer.start_as_current_span(
            name, record_exception=False, set_status_on_exception=False
        ) as opened:
            if correlation_id := current_flow():
                opened.set_attribute("commitcollect.correlation_id", correlation_id)
            try:
                yield
            except BaseException as failed:
                opened.set_status(Status(StatusCode.ERROR, outcome_of(failed)))
                raise

    return span


def outcome_of(failed: BaseException) -> str:
    """An error in a word, without its message."""
    return failed.code if isinstance(failed, CommitCollectError) else type(failed).__name__


def watched(port: Port, name: str, metrics: Metrics, span: Span = no_span) -> Port:
    """A port whose calls are counted by outcome, timed, and spans named like ``ledger.commit``."""
    return cast("Port", _Watched(port, name, metrics, span))


class _Watched:
    # Methods are looked up by name, so that a method added to a port is watched, too.

    def __init__(self, port: object, name: str, metrics: Metrics, span: Span) -> None:
        self._port = port
        self._name = name
        self._metrics = metrics
        self._span = span

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if not callable(method):
            return method
        call = f"{self._name}.{name}"

        def with_watch(*positional: object, **named: object) -> object:
            started_at, outcome = time.perf_counter(), "ok"
            try:
                with self._span(call):
                    return method(*positional, **named)
            except BaseException as failed:
                outcome = outcome_of(failed)
                raise
            finally:
                self._metrics.timing("call", time.perf_counter() - started_at, call=call)
                self._metrics.count("calls", call=call, outcome=outcome)

        return with_watch
