"""The routes about the host itself: whether it is well, what it is, and how it is called."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import Any

from attrs import frozen

from commitcollect_adapters.observing.metrics import PrometheusMetrics
from commitcollect_adapters.web import schemas
from commitcollect_adapters.web.calls import OK, Answer, Call, Endpoint
from commitcollect_core.errors import CommitCollectError
from commitcollect_core.training.ports import Ledger
from commitcollect_core.values import UserId

NAME = "commitcollect"
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_NO_ONE = UserId("ready")
"""A user whose head is asked for, to see whether the store answers; it is never written."""

_UNAVAILABLE = 503


@frozen(kw_only=True, eq=False)
class HostRoutes:
    """The host over HTTP.

    Attributes:
        strava_is_made_up: whether a made-up Strava stands in.
        describe: makes the OpenAPI document.
        metrics: what is counted; None where no one may see it.
    """

    ledger: Ledger
    environment: str
    strava_is_made_up: bool
    describe: Callable[[], dict[str, Any]]
    metrics: PrometheusMetrics | None = None

    def endpoints(self) -> Iterator[Endpoint]:
        """The rows of the route table."""
        yield Endpoint(
            method="GET", path="/health", act=self._health, needs_session=False,
            about="Whether this process answers; touches nothing else.", answers={OK: schemas.HEALTH},
        )  # fmt: skip
        yield Endpoint(
            method="GET", path="/ready", act=self._ready, needs_session=False,
            about="Whether the store can be reached; 503 while not.", answers={OK: schemas.READY},
        )  # fmt: skip
        yield Endpoint(
            method="GET", path="/info", act=self._info, needs_session=False,
            about="What this is.", answers={OK: schemas.INFO},
        )  # fmt: skip
        yield Endpoint(
            method="GET", path="/openapi.json", act=self._openapi, needs_session=False,
            about="This description.", answers={OK: {"type": "object"}},
        )  # fmt: skip
        if self.metrics is not None:
            yield Endpoint(
                method="GET", path="/metrics", act=self._metrics, needs_session=False,
                about="Counters and timings for Prometheus.", answers={OK: None}, media_types=("text/plain",),
            )  # fmt: skip

    def _health(self, _call: Call) -> Answer:
        return Answer(document={"status": "healthy", "version": version(NAME)})

    def _ready(self, _call: Call) -> Answer:
        try:
            self.ledger.read_head(_NO_ONE)
        except CommitCollectError:
            return Answer(status=_UNAVAILABLE, document={"status": "unavailable"})
        return Answer(document={"status": "ready"})

    def _info(self, _call: Call) -> Answer:
        return Answer(
            document={
                "name": NAME,
                "version": version(NAME),
                "environment": self.environment,
                "stravaIsMadeUp": self.strava_is_made_up,
            }
        )

    def _openapi(self, _call: Call) -> Answer:
        return Answer(document=self.describe())

    def _metrics(self, _call: Call) -> Answer:
        text = "" if self.metrics is None else self.metrics.text()
        return Answer(content=text.encode(), media_type=METRICS_TYPE)
