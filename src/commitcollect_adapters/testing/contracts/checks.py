"""What all suites share: comparing, racing, and how hard Hypothesis tries."""
# ruff: noqa: S101 - a suite asserts, though it does not live under tests/

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import NoReturn, Protocol, TypeVar

import pytest
from attrs import AttrsInstance, asdict
from hypothesis import HealthCheck, settings

from commitcollect_core.errors import Conflict, StorageError, VersionConflict

_Result = TypeVar("_Result")

THREADS = 8

MOMENTS_MAX = 400
"""Moments around a driver's calls within one call of a store; the suites give up beyond them."""

ZONES = ("UTC", "Europe/Berlin", "America/New_York")
"""Time zones of machines; two have summer time."""


def undefined(name: str) -> NoReturn:
    """Fail a test whose suite was not told how to open what it tests.

    Not by an abstract method: pytest collects no abstract class, and says nothing of it.
    """
    pytest.fail(f"define `{name}`: the suite opens what it tests by it", pytrace=False)


property_test = settings(
    deadline=None,  # a store over a network may take its time
    suppress_health_check=[
        HealthCheck.differing_executors,  # subclasses share the test, each with its own store
        HealthCheck.too_slow,
    ],
)


def assert_same(found: object, expected: object) -> None:
    """Assert equality of values and of their types.

    1 == True, a string equals its enum, and stores mix them up.
    """
    assert found == expected
    assert repr(found) == repr(expected)


def assert_read_back(found: AttrsInstance | None, expected: AttrsInstance) -> None:
    """Assert equality of every field, those hidden from `repr` included."""
    assert found is not None
    assert_same(found, expected)
    assert_same(asdict(found), asdict(expected))


def is_done(write: Callable[[], object]) -> bool:
    """Whether a write was reported as done; anything but an error of the store is a defect."""
    try:
        write()
    except StorageError:
        return False
    return True


class _Versioned(Protocol):
    @property
    def version(self) -> int: ...


def check_one_ahead(write: Callable[[int], object], read: Callable[[], _Versioned | None]) -> None:
    """Only the next version is accepted; a refusal changes nothing.

    The first version is 1.
    """
    for wrong, right in (((2, 3), 1), ((1, 3), 2), ((1, 2, 4), 3)):
        before = read()
        for version in wrong:
            with pytest.raises(VersionConflict):
                write(version)
            assert read() == before
        write(right)
        after = read()
        assert after is not None
        assert after.version == right


def race(tasks: Sequence[Callable[[], _Result]]) -> list[_Result | Conflict]:
    """Start every task at the same moment, each in a thread.

    Returns the results, and the exceptions of lost races.
    """
    start = threading.Barrier(len(tasks))

    def run(task: Callable[[], _Result]) -> _Result | Conflict:
        start.wait()
        try:
            return task()
        except Conflict as lost:
            return lost

    with ThreadPoolExecutor(len(tasks)) as pool, _impatient_threads():
        return list(pool.map(run, tasks))


def winner_of(results: Sequence[object], *, refusal: type[Conflict] = VersionConflict) -> int:
    """The one winner of a race; every other was refused."""
    (winner,) = [place for place, result in enumerate(results) if not isinstance(result, Conflict)]
    assert all(isinstance(each, refusal) for place, each in enumerate(results) if place != winner)
    return winner


HOUR_THAT_COMES_TWICE = (
    datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
)
"""Two moments that are both 02:30 on a clock in Berlin."""

in_every_zone = pytest.mark.parametrize(
    "zone",
    [
        pytest.param(each, marks=[] if hasattr(time, "tzset") else pytest.mark.skip("no tzset here"))
        for each in ZONES
    ],
)
"""Runs a test once for each of `ZONES`, where the system can change its zone."""


@contextmanager
def in_zone(name: str) -> Iterator[None]:
    """Have this process be in a time zone; its database, where that is another process, stays in its own."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = name
    time.tzset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()


@contextmanager
def _impatient_threads() -> Iterator[None]:
    """Make threads interrupt each other all the time.

    Missing locks show sooner.
    """
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
