"""Delivering the fake Strava's events as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from commitcollect_adapters.strava.fake.outbox import DeliveryReport
from commitcollect_adapters.strava.fake.strava import FakeStrava

LOOK_SECONDS = 0.2
RETRY_SECONDS = 10.0
"""How long to wait before delivering once more what was not taken. (Strava itself takes minutes.)"""

_NOTHING = DeliveryReport()
_STOP_SECONDS_MAX = 5.0


@contextmanager
def delivering(fake: FakeStrava, on_round: Callable[[DeliveryReport], None]) -> Iterator[None]:
    """Deliver events in a thread until the context ends; `on_round` hears of every round with any."""
    stopped = Event()

    def deliver() -> None:
        while not stopped.is_set():
            report = fake.deliver()
            if report != _NOTHING:
                on_round(report)
            stopped.wait(RETRY_SECONDS if report.failed else LOOK_SECONDS)

    thread = Thread(target=deliver, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(_STOP_SECONDS_MAX)
