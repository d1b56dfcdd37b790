"""Log lines as JSON, each with the correlation id of its flow. Hosts choose it; the library only logs."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

from commitcollect_adapters.observing.redaction import redacted
from commitcollect_core.flows import current_flow

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


def log_as_json(level: int = logging.INFO) -> None:
    """Have the process write its log as JSON lines to stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
