"""Counters and timings, and two ways to hand them on."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Protocol

from attrs import define, field

NAMESPACE = "CommitCollect"
SERIES_MAX = 1_000
"""Series of one process; labels have few values, so more would be a mistake."""

_BUCKETS_SECONDS = (0.005, 0.025, 0.1, 0.5, 2.5, 10.0)

Labels = Mapping[str, str]


class Metrics(Protocol):
    """Takes counts and durations."""

    def count(self, name: str, amount: int = 1, **labels: str) -> None:
        """Add to a counter."""
        ...

    def timing(self, name: str, seconds: float, **labels: str) -> None:
        """Note how long something took."""
        ...


class NoMetrics:
    """Forgets everything."""

    def count(self, name: str, amount: int = 1, **labels: str) -> None:
        """See `Metrics`."""

    def timing(self, name: str, seconds: float, **labels: str) -> None:
        """See `Metrics`."""


class EmfMetrics:
    """Lines in CloudWatch's embedded metric format, which Lambda's log turns into metrics."""

    def __init__(self, write: Callable[[str], object] = print, now: Callable[[], float] = time.time) -> None:
        """Write each value at once: a function that is frozen keeps nothing back."""
        self._write = write
        self._now = now

    def count(self, name: str, amount: int = 1, **labels: str) -> None:
        """See `Metrics`."""
        self._line(name, amount, "Count", labels)

    def timing(self, name: str, seconds: float, **labels: str) -> None:
        """See `Metrics`."""
        self._line(name, round(seconds * 1_000, 3), "Milliseconds", labels)

    def _line(self, name: str, value: float, unit: str, labels: Labels) -> None:
        metric = {
            "Namespace": NAMESPACE,
            "Dimensions": [sorted(labels)],
            "Metrics": [{"Name": name, "Unit": unit}],
        }
        head = {"Timestamp": int(self._now() * 1_000), "CloudWatchMetrics": [metric]}
        self._write(json.dumps({"_aws": head, **labels, name: value}))


@define
class _Timings:
    count: int = 0
    seconds: float = 0.0
    buckets: list[int] = field(factory=lambda: [0] * len(_BUCKETS_SECONDS))


_Series = tuple[str, tuple[tuple[str, str], ...]]


class PrometheusMetrics:
    """Keeps values until Prometheus asks for them. Thread-safe."""

    def __init__(self) -> None:
        self._counters: dict[_Series, int] = defaultdict(int)
        self._timings: dict[_Series, _Timings] = defaultdict(_Timings)
        self._lock = Lock()

    def count(self, name: str, amount: int = 1, **labels: str) -> None:
        """See `Metrics`."""
        series = _series(name, labels)
        with self._lock:
            if series in self._counters or len(self._counters) < SERIES_MAX:
                self._counters[series] += amount

    def timing(self, name: str, seconds: float, **labels: str) -> None:
        """See `Metrics`."""
        series = _series(name, labels)
        with self._lock:
            if series not in self._timings and len(self._timings) >= SERIES_MAX:
                return
            timings = self._timings[series]
            timings.count += 1
            timings.seconds += seconds
            for place, most in enumerate(_BUCKETS_SECONDS):
                timings.buckets[place] += seconds <= most

    def text(self) -> str:
        """Everything so far, in Prometheus's text format."""
        lines = []
        with self._lock:
            for (name, labels), value in sorted(self._counters.items()):
                lines.append(f"{_prefixed(name)}_total{_shown(labels)} {value}")
            for (name, labels), timings in sorted(self._timings.items(), key=lambda each: each[0]):
                full = f"{_prefixed(name)}_seconds"
                for most, below in zip(_BUCKETS_SECONDS, timings.buckets, strict=True):
                    lines.append(f"{full}_bucket{_shown((*labels, ('le', str(most))))} {below}")
                lines.append(f"{full}_bucket{_shown((*labels, ('le', '+Inf')))} {timings.count}")
                lines.append(f"{full}_sum{_shown(labels)} {timings.seconds:.6f}")
                lines.append(f"{full}_count{_shown(labels)} {timings.count}")
        return "".join(f"{line}\n" for line in lines)


def _series(name: str, labels: Labels) -> _Series:
    return name, tuple(sorted(labels.items()))


def _prefixed(name: str) -> str:
    return f"commitcollect_{name}"


def _shown(labels: tuple[tuple[str, str], ...]) -> str:
    if not labels:
        return ""
    quoted = (f'{name}="{value.translate(_ESCAPES)}"' for name, value in labels)
    return "{" + ",".join(quoted) + "}"


_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
