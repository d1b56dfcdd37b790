from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from adapters.strava.contract import StravaApiContract
from commitcollect_adapters.strava.fake import FakeStrava
from commitcollect_adapters.strava.fake.server import application
from commitcollect_adapters.strava.http import HttpStrava, Timeouts
from commitcollect_adapters.web.serving import serving
from commitcollect_core.strava.ports import StravaApi


class TestInProcess(StravaApiContract):
    """The fake itself is the port."""

    def reach(self, fake: FakeStrava) -> AbstractContextManager[StravaApi]:
        """No way at all."""
        return nullcontext(fake)


class TestOverHttp(StravaApiContract):
    """The client of Strava, with the fake on a real address."""

    def reach(self, fake: FakeStrava) -> AbstractContextManager[StravaApi]:
        """Over loopback."""
        return _served(fake)


@contextmanager
def _served(fake: FakeStrava) -> Iterator[StravaApi]:
    timeouts = Timeouts(connect_seconds=5, read_seconds=0.5, total_seconds=5)
    with serving(application(fake)) as base, HttpStrava(fake.app_at(base), timeouts=timeouts) as api:
        yield api
