from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from adapters.strava.contract import PATIENCE_SECONDS, StravaApiContract
from commitcollect_adapters.strava.fake import FakeStrava
from commitcollect_adapters.strava.fake.server import application
from commitcollect_adapters.strava.http import HttpStrava, Timeouts
from commitcollect_adapters.web.serving import serving
from commitcollect_core.strava.ports import StravaApi


class TestInProcess(StravaApiContract):
    """The fake itself is the port."""

    def reach(
        self,
        fake: FakeStrava,
        *,
        patience_seconds: float = PATIENCE_SECONDS,  # noqa: ARG002 - what hangs is over at once
    ) -> AbstractContextManager[StravaApi]:
        """No way at all."""
        return nullcontext(fake)


class TestOverHttp(StravaApiContract):
    """The client of Strava, with the fake on a real address."""

    def reach(
        self, fake: FakeStrava, *, patience_seconds: float = PATIENCE_SECONDS
    ) -> AbstractContextManager[StravaApi]:
        """Over loopback."""
        return _served(fake, patience_seconds)


@contextmanager
def _served(fake: FakeStrava, patience_seconds: float) -> Iterator[StravaApi]:
    timeouts = Timeouts(read_seconds=patience_seconds, total_seconds=2 * patience_seconds)
    with serving(application(fake)) as base, HttpStrava(fake.app_at(base), timeouts=timeouts) as api:
        yield api
