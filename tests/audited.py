"""Every use case under an audit trail whose log fails at every call, as a host with a broken log has it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from itertools import count
from typing import Any

import pytest

from commitcollect_adapters.observing.trail import AuditTrail
from commitcollect_adapters.system import ManualClock, NoBackoff, SystemIds
from commitcollect_adapters.testing.samples import NOW
from commitcollect_core.accounts.auditing import Auditing
from commitcollect_core.accounts.chain import AuditKeys
from commitcollect_core.accounts.signing_in import SigningIn
from commitcollect_core.context import Context
from commitcollect_core.errors import StorageUnavailable
from commitcollect_core.jobs.worker import Worker
from commitcollect_core.strava.linking import Linking
from commitcollect_core.training.ingestion import Ingestion
from commitcollect_core.training.tracking import Tracking

VARIABLE = "COMMITCOLLECT_TEST_FAILING_AUDIT"
"""Set, it puts the whole run under such a trail."""

USE_CASES: dict[type, tuple[str, ...]] = {
    Worker: ("run_once",),
    SigningIn: ("finish", "sign_out"),
    Linking: ("finish", "disconnect", "forget"),
    Ingestion: ("ingest", "refresh", "erase"),
    Tracking: ("create", "recompute", "remove_all"),
}


class FailingLog:
    """An audit log that is down, whatever it is asked."""

    def __init__(self) -> None:
        self.calls = 0

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def fail(*_positional: object, **_named: object) -> Any:
            self.calls += 1
            raise StorageUnavailable(f"{name}: the audit log is down")

        return fail


def failing_trail(log: Any) -> AuditTrail:
    """A trail that asks its log again at every flush."""
    context = Context(clock=ManualClock(NOW), ids=SystemIds(), backoff=NoBackoff())
    auditing = Auditing(log=log, keys=AuditKeys((b"key of a failing log",)), context=context)
    ticks = count(step=1_000)
    return AuditTrail(auditing, monotonic=lambda: float(next(ticks)))


def audited(method: Callable[..., Any], trail: AuditTrail) -> Callable[..., Any]:
    """A use case as a host calls it."""

    @wraps(method)
    def call(*positional: Any, **named: Any) -> Any:
        try:
            return trail.around(trail.caller("test"), partial(method, *positional, **named))
        finally:
            trail.flush()

    return call


def install(patch: pytest.MonkeyPatch) -> AuditTrail:
    """Put every use case of this process under a failing trail."""
    trail = failing_trail(FailingLog())
    for kind, names in USE_CASES.items():
        for name in names:
            patch.setattr(kind, name, audited(getattr(kind, name), trail))
    return trail
