"""Logs, metrics, spans and redaction: complete, countable, and without anything secret."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from attrs import evolve
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from commitcollect_adapters.ciphers.keys import new_key
from commitcollect_adapters.memory.jobs import MemoryQueue
from commitcollect_adapters.observing.logs import JsonFormatter, TextFormatter, logging_to
from commitcollect_adapters.observing.metrics import SERIES_MAX, EmfMetrics, NoMetrics, PrometheusMetrics
from commitcollect_adapters.observing.ports import open_telemetry_spans, outcome_of, watched
from commitcollect_adapters.observing.redaction import MASK, redacted
from commitcollect_adapters.services import open_service
from commitcollect_adapters.settings import Settings
from commitcollect_adapters.testing.samples import NOW
from commitcollect_core.errors import InvalidInput, StorageUnavailable
from commitcollect_core.flows import flow
from commitcollect_core.jobs.jobs import Job
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.values import UserId
from observing_probe import CANARIES, found_in

JOB = Job(kind="a/b", subject={"id": "1"}, enqueued_at=NOW)


# Redaction


@pytest.mark.parametrize("name", CANARIES)
def test_a_secret_is_taken_out_of_any_text(name: str) -> None:
    """Named or not, quoted or not, in an address, a header or JSON."""
    canary = CANARIES[name]
    for text in (
        f"token={canary}",
        f'{{"access_token": "{canary}", "a": 1}}',
        f"Authorization: Bearer {canary}",
        f"GET /callback?code={canary}&state={canary}",
        f"cookie: cc_session={canary}; a=b",
        f"password='{canary}'",
    ):
        assert not found_in([redacted(text)]), text
    bare = {"password", "basic credentials"}
    if name not in bare:
        assert MASK in redacted(f"it was {canary}, and no more")


@pytest.mark.parametrize(
    "text",
    [
        "user u-0123456789abcdef0123456789abcdef01234567 signed in",
        "job strava/activity/42/1001 failed: storage_unavailable",
        "2026-11-25T23:05:11.123Z 12:30:45 took 1.5 s",
        "milestone ms-0123456789abcdef, part 7 of 12",
        "flow 0123456789abcdef0123456789abcdef",
        "version 1.2.3, layout 12",
        "the code is invalid",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    """A log that says nothing helps no one."""
    assert redacted(text) == text


# Logs


def line_of(record: logging.LogRecord) -> dict[str, object]:
    """The JSON of a log line."""
    text = JsonFormatter().format(record)
    assert "\n" not in text
    line: dict[str, object] = json.loads(text)
    return line


def test_a_line_is_one_object_with_its_flow() -> None:
    """Also with line breaks in the message, and with what was given beside it."""
    with flow("flow-1"):
        record = {"name": "a.b", "msg": "x\n%s", "args": ("y",), "levelname": "INFO", "jobs": 3, "who": "me"}
        line = line_of(logging.makeLogRecord(record))
    assert line.pop("time")
    assert line == {
        "level": "INFO",
        "logger": "a.b",
        "message": "x\ny",
        "correlationId": "flow-1",
        "jobs": 3,
        "who": "me",
    }
    assert "correlationId" not in line_of(logging.makeLogRecord({"msg": "x"}))


@pytest.mark.parametrize("name", CANARIES)
def test_no_canary_gets_into_a_line(name: str) -> None:
    """Neither by the message, nor its arguments, nor an error and its trace."""
    canary = CANARIES[name]
    try:
        raise ValueError(f"secret={canary}")  # noqa: TRY301 - for its trace
    except ValueError as failed:
        info = (ValueError, failed, failed.__traceback__)
    record = {
        "msg": f"token={canary} %s",
        "args": (f"code={canary}",),
        "exc_info": info,
        "extra": f"nonce={canary}",
    }
    line = line_of(logging.makeLogRecord(record))
    assert "ValueError" in str(line["trace"])
    assert not found_in([json.dumps(line)])


# Metrics


def test_prometheus_reads_counters_and_timings() -> None:
    """In its text format, series by series, with labels escaped."""
    metrics = PrometheusMetrics()
    metrics.count("jobs", end="done")
    metrics.count("jobs", 2, end="done")
    metrics.count("jobs", end='a"b\n\\')
    metrics.timing("call", 0.02, call="queue.put")
    metrics.timing("call", 3.0, call="queue.put")
    lines = metrics.text().splitlines()
    assert 'commitcollect_jobs_total{end="done"} 3' in lines
    assert 'commitcollect_jobs_total{end="a\\"b\\n\\\\"} 1' in lines
    assert 'commitcollect_call_seconds_bucket{call="queue.put",le="0.025"} 1' in lines
    assert 'commitcollect_call_seconds_bucket{call="queue.put",le="+Inf"} 2' in lines
    assert 'commitcollect_call_seconds_sum{call="queue.put"} 3.020000' in lines
    assert 'commitcollect_call_seconds_count{call="queue.put"} 2' in lines


def test_the_number_of_series_is_bounded() -> None:
    """A label with endless values fills no memory."""
    metrics = PrometheusMetrics()
    for number in range(SERIES_MAX + 5):
        metrics.count("a", n=f"{number}")
        metrics.timing("b", 0.1, n=f"{number}")
    assert metrics.text().count("a_total") == metrics.text().count("b_seconds_sum") == SERIES_MAX


def test_cloudwatch_reads_each_line() -> None:
    """The embedded metric format: a time, a namespace, dimensions, and the value under its name."""
    lines: list[str] = []
    metrics = EmfMetrics(lines.append, now=lambda: 1.5)
    metrics.count("jobs", 2, end="done")
    metrics.timing("call", 0.25, call="queue.put")
    counted, timed = map(json.loads, lines)
    (metric,) = counted["_aws"]["CloudWatchMetrics"]
    assert counted["_aws"]["Timestamp"] == 1_500
    assert (metric["Namespace"], metric["Dimensions"]) == ("CommitCollect", [["end"]])
    assert (counted["jobs"], counted["end"]) == (2, "done")
    assert (
        timed["call"] == 250.0
        or timed["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Unit"] == "Milliseconds"
    )


# Ports and spans


@pytest.fixture(scope="module")
def spans() -> Iterator[InMemorySpanExporter]:
    """The spans of the process, as OpenTelemetry's SDK exports them."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    yield exporter
    provider.shutdown()


def test_a_watched_port_counts_times_and_traces_its_calls(spans: InMemorySpanExporter) -> None:
    """By name and outcome; its answers and errors are those of the port."""
    spans.clear()
    metrics = PrometheusMetrics()
    queue = watched(MemoryQueue(DEFAULT_POLICY), "queue", metrics, open_telemetry_spans())
    with flow("flow-1"):
        queue.put(JOB, visible_at=NOW)
    (leased,) = queue.lease(now=NOW, seconds=60, limit=1)
    assert leased.job == JOB
    assert [each.name for each in spans.get_finished_spans()] == ["queue.put", "queue.lease"]
    first, second = spans.get_finished_spans()
    assert dict(first.attributes or {}) == {"commitcollect.correlation_id": "flow-1"}
    assert not second.attributes
    assert 'commitcollect_calls_total{call="queue.put",outcome="ok"} 1' in metrics.text()


@pytest.mark.parametrize("name", CANARIES)
def test_a_failing_call_tells_its_kind_and_no_secret(name: str, spans: InMemorySpanExporter) -> None:
    """Neither in the span nor in the metrics, though the error's message holds one."""
    spans.clear()
    metrics = PrometheusMetrics()

    class Failing:
        def call(self, error: Exception) -> None:
            raise error

    port = watched(Failing(), "port", metrics, open_telemetry_spans())
    for error in (StorageUnavailable(CANARIES[name]), ValueError(CANARIES[name])):
        with pytest.raises(type(error)) as failed:
            port.call(error)
        assert failed.value is error
    seen = [each.to_json() for each in spans.get_finished_spans()]
    assert len(seen) == 2
    assert "storage_unavailable" in seen[0]
    assert not found_in([*seen, metrics.text()])
    assert 'outcome="ValueError"' in metrics.text()


def test_without_a_hook_nothing_is_kept() -> None:
    """The port behaves as it is."""
    queue = watched(MemoryQueue(DEFAULT_POLICY), "queue", NoMetrics())
    queue.put(JOB, visible_at=NOW)
    assert queue.counts(now=NOW).waiting == 1
    assert outcome_of(KeyError("x")) == "KeyError"


def test_text_lines_are_for_people() -> None:
    """Time, level, message and flow; no secret, and with what was raised."""
    record = {"msg": "x", "levelname": "INFO", "created": 0.0}
    with flow("flow-1"):
        line = TextFormatter().format(logging.makeLogRecord(record))
    assert line == "1970-01-01T00:00:00Z INFO    x [flow-1]"
    error = ValueError("access_token=0123456789abcdef0123456789abcdef01234567")
    raised = {**record, "exc_info": (ValueError, error, None)}
    text = TextFormatter().format(logging.makeLogRecord(raised))
    assert "ValueError" in text
    assert "0123456789abcdef" not in text


def test_logging_ends_with_the_command() -> None:
    """Afterwards levels and handlers are as before; other libraries are heard only when asked for."""
    stream, root = io.StringIO(), logging.getLogger()
    before = (root.level, list(root.handlers), logging.getLogger("commitcollect_core").level)
    with logging_to(stream, as_json=False, ours=logging.INFO, others=logging.WARNING, before=lambda: None):
        logging.getLogger("commitcollect_core.x").info("ours")
        logging.getLogger("httpx").info("theirs")
    assert stream.getvalue().endswith("INFO    ours\n")
    assert (root.level, root.handlers, logging.getLogger("commitcollect_core").level) == before


def test_a_service_is_watched_as_its_settings_say(
    spans: InMemorySpanExporter, capsys: pytest.CaptureFixture[str]
) -> None:
    """Queue, Strava and ledger; by default nothing is."""
    spans.clear()
    plain = Settings(store="memory:", seal_keys=new_key(), strava_client_id="1", strava_client_secret="x")  # noqa: S106 - no real one
    for settings, is_watched in ((plain, False), (evolve(plain, metrics="emf", traces="otel"), True)):
        with open_service(settings) as (service, _):
            service.worker.run_once()
            service.app.tracking.list(UserId("me"))
        assert ('"call": "queue.lease"' in capsys.readouterr().err) == is_watched
        assert ("queue.lease" in [each.name for each in spans.get_finished_spans()]) == is_watched
    assert "ledger.read_milestones" in [each.name for each in spans.get_finished_spans()]


@pytest.mark.parametrize("name", ["log_format", "metrics", "traces"])
def test_an_unknown_way_to_watch_is_refused(name: str) -> None:
    """With the words that are known."""
    changes: dict[str, Any] = {name: "canary"}
    with pytest.raises(InvalidInput, match="is not known; write ") as refused:
        evolve(Settings(), **changes)
    assert refused.value.field == name
