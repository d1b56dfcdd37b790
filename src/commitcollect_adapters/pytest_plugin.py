"""Fixtures for pytest, there wherever ``commitcollect[testing]`` is installed.

pytest loads this module in every project of such an environment, so each fixture imports what it needs.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from commitcollect_adapters.strava.fake import FakeStrava
    from commitcollect_adapters.system import ManualClock
    from commitcollect_adapters.testing.running import RunningWorker
    from commitcollect_core.app import CommitCollect


@pytest.fixture
def manual_clock() -> ManualClock:
    """A clock that a test moves; it begins at noon of 1 January 2026, UTC."""
    from commitcollect_adapters.system import ManualClock  # noqa: PLC0415 - see above

    return ManualClock(datetime(2026, 1, 1, 12, tzinfo=UTC))


@pytest.fixture
def commitcollect_app(manual_clock: ManualClock) -> CommitCollect:
    """Milestones and workouts in memory, with the shipped statues and ids that count up."""
    from commitcollect_adapters.memory.ledger import MemoryLedger  # noqa: PLC0415 - see above
    from commitcollect_adapters.statues import shipped_catalog  # noqa: PLC0415 - see above
    from commitcollect_adapters.system import NoBackoff, SequentialIds  # noqa: PLC0415 - see above
    from commitcollect_core.app import assemble  # noqa: PLC0415 - see above
    from commitcollect_core.training.ports import Ports  # noqa: PLC0415 - see above

    return assemble(
        Ports(
            clock=manual_clock,
            ids=SequentialIds(),
            backoff=NoBackoff(),
            ledger=MemoryLedger(),
            catalog=shipped_catalog(),
        )
    )


@pytest.fixture
def fake_strava(manual_clock: ManualClock) -> FakeStrava:
    """A Strava in memory that a test controls; see `FakeStrava`."""
    from commitcollect_adapters.strava.fake import FakeStrava  # noqa: PLC0415 - see above

    return FakeStrava(manual_clock)


@pytest.fixture
def running_worker(
    commitcollect_app: CommitCollect, fake_strava: FakeStrava, manual_clock: ManualClock
) -> RunningWorker:
    """A service around the application and the fake Strava, which works when a test says so.

    It seals tokens, so it needs the extra ``crypto``.
    """
    from commitcollect_adapters.backend import needing_extra  # noqa: PLC0415 - see above

    with needing_extra("testing,crypto", "running_worker"):
        from commitcollect_adapters.testing.running import RunningWorker  # noqa: PLC0415 - see above

    return RunningWorker(commitcollect_app, fake_strava, manual_clock)
