"""Log lines as text or JSON, each with the correlation id of its flow.

Hosts choose how; the library only logs.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from commitcollect_adapters.observing.redaction import redacted
from commitcollect_core.flows import current_flow, flow

if TYPE_CHECKING:
    from commitcollect_core.jobs.worker import WorkReport

_log = logging.getLogger(__name__)

LINE_CHARS_MAX = 20_000
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, correlation id, and what ``extra`` gives."""

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter`. Nothing that looks like a secret is left in it."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": redacted(record.getMessage()),
        }
        if correlation_id := current_flow():
            line["correlationId"] = correlation_id
        for name, value in vars(record).items():
            if name not in _OWN:
                line[name] = value if isinstance(value, bool | int | float) else redacted(str(value))
        if record.exc_info:
            line["trace"] = redacted(self.formatException(record.exc_info))[:LINE_CHARS_MAX]
        return json.dumps(line, ensure_ascii=False)


class TextFormatter(logging.Formatter):
    """One line for a person: time in UTC, level, message, and the correlation id of its flow."""

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter`. Nothing that looks like a secret is left in it."""
        time = datetime.fromtimestamp(record.created, UTC)
        line = f"{time:%Y-%m-%dT%H:%M:%SZ} {record.levelname:<7} {redacted(record.getMessage())}"
        if correlation_id := current_flow():
            line += f" [{correlation_id}]"
        if record.exc_info:
            line += f"\n{redacted(self.formatException(record.exc_info))[:LINE_CHARS_MAX]}"
        return line


class _Handler(logging.StreamHandler[TextIO]):
    """Writes to a stream that may hold an unfinished line, which is cleared first."""

    def __init__(self, stream: TextIO, before: Callable[[], None]) -> None:
        super().__init__(stream)
        self._before = before

    def emit(self, record: logging.LogRecord) -> None:
        self._before()
        super().emit(record)


OURS = ("commitcollect_adapters", "commitcollect_cli", "commitcollect_core")


@contextmanager
def logging_to(
    stream: TextIO, *, as_json: bool, ours: int, others: int, before: Callable[[], None]
) -> Iterator[None]:
    """Write the process's log to a stream.

    Args:
        stream: where the lines go.
        as_json: JSON lines instead of text.
        ours: the least level of the lines of these packages.
        others: that of every other library's.
        before: is called before each line.
    """
    handler = _Handler(stream, before)
    handler.setFormatter(JsonFormatter() if as_json else TextFormatter())
    root = logging.getLogger()
    levels = {root: others, **{logging.getLogger(name): ours for name in OURS}}
    earlier = {logger: logger.level for logger in levels}
    for logger, level in levels.items():
        logger.setLevel(level)
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        for logger, level in earlier.items():
            logger.setLevel(level)


def log_as_json(level: int = logging.INFO) -> None:
    """Have the process write its log as JSON lines to stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)


def log_jobs(report: WorkReport) -> None:
    """A line for each job, in its own flow: how it ended, and what it came to or why it failed."""
    for worked in report.worked:
        why = worked.reason or (worked.outcome.result if worked.outcome else "")
        level = logging.WARNING if worked.reason else logging.INFO
        ended = worked.end.value.replace("_", " ")
        with flow(worked.job.correlation_id):
            told = {"job": worked.job.key, "end": worked.end.value}
            _log.log(level, "job %s: %s%s", worked.job.key, ended, f" ({why})" if why else "", extra=told)
