"""The contracts of clocks, ids and backoffs, and that no port is without a suite."""

from __future__ import annotations

from commitcollect_adapters.system import (
    JitteredBackoff,
    JitterOnly,
    ManualClock,
    NoBackoff,
    SequentialIds,
    SystemClock,
    SystemIds,
)
from commitcollect_adapters.testing import contracts
from commitcollect_adapters.testing.samples import NOW
from commitcollect_core import context, handshakes
from commitcollect_core.accounts import ports as accounts
from commitcollect_core.context import Backoff, Clock, IdGenerator
from commitcollect_core.jobs import ports as jobs
from commitcollect_core.strava import ports as strava
from commitcollect_core.training import ports as training

SUITES_BY_ANOTHER_NAME = {
    "StatueCatalog": "ReadOnlyCatalogContract",
    "StatueStore": "StatueCatalogContract",
}
WITHOUT = {
    "StravaApi": "Strava itself; tests/adapters/strava compares client and fake with its answers",
    "ReceiptSigner": "one implementation, whose signatures tests/accounts verify",
}


class TestSystemClock(contracts.ClockContract):
    def new_clock(self) -> Clock:
        """The machine's."""
        return SystemClock()


class TestManualClock(contracts.ClockContract):
    def new_clock(self) -> Clock:
        """A test's."""
        return ManualClock(NOW)


class TestSystemIds(contracts.IdGeneratorContract):
    def new_ids(self) -> IdGenerator:
        """Random ones."""
        return SystemIds()


class TestSequentialIds(contracts.IdGeneratorContract):
    def new_ids(self) -> IdGenerator:
        """Counted ones."""
        return SequentialIds()


class TestNoBackoff(contracts.BackoffContract):
    def new_backoff(self) -> Backoff:
        """For a single writer."""
        return NoBackoff()


class TestJitterOnly(contracts.BackoffContract):
    def new_backoff(self) -> Backoff:
        """For writers that queue up."""
        return JitterOnly()


class TestJitteredBackoff(contracts.BackoffContract):
    def new_backoff(self) -> Backoff:
        """For writers that do not."""
        return JitteredBackoff(first_seconds=0.1, longest_seconds=10, pause=lambda _: None)


def test_every_port_has_a_suite() -> None:
    """One for each protocol that an adapter implements, or a reason why there is none."""
    ports = {
        name
        for module in (context, handshakes, training, jobs, strava, accounts)
        for name, found in vars(module).items()
        if getattr(found, "_is_protocol", False) and found.__module__ == module.__name__
    }
    suites = {SUITES_BY_ANOTHER_NAME.get(name, f"{name}Contract") for name in ports - WITHOUT.keys()}
    assert sorted(suites - set(contracts.__all__)) == []
    assert WITHOUT.keys() <= ports
