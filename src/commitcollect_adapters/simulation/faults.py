"""Simulated crashes: a hook runs before and after every call of a port, and may end the process there."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from random import Random
from typing import Any, TypeVar, cast

_Port = TypeVar("_Port")


class Side(StrEnum):
    """When a hook runs: before the call, or after it and before its answer reaches the caller."""

    BEFORE = "before"
    AFTER = "after"


CallHook = Callable[[str, Side], None]
"""Takes the name of a call. An error it raises reaches the caller of the port."""


class SimulatedCrash(BaseException):
    """The process ends here. No `except Exception` under test may catch this."""


class RandomCrashes:
    """A hook that crashes the process at random calls, the same ones for the same seed."""

    def __init__(self, seed: int, *, one_in: int) -> None:
        self._random = Random(seed)  # noqa: S311 - repeatable on purpose, guards nothing
        self._one_in = one_in
        self.crashes = 0

    def __call__(self, call: str, side: Side) -> None:
        """Return, or crash."""
        if self._random.randrange(self._one_in) == 0:
            self.crashes += 1
            raise SimulatedCrash(f"crash number {self.crashes}, {side} {call}")


def hooked(port: _Port, hook: CallHook, name: str = "") -> _Port:
    """A port that runs `hook` before and after each of its calls; `name` tells it from other ports."""
    return cast("_Port", _Hooked(port, hook, name))


class _Hooked:
    # Methods are looked up by name, so that a method added to a port is hooked, too.

    def __init__(self, port: object, hook: CallHook, name: str) -> None:
        self._port = port
        self._hook = hook
        self._name = name

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if not callable(method):
            return method  # a property: nothing is called
        call = f"{self._name}.{name}" if self._name else name

        def with_hook(*positional: object, **named: object) -> object:
            self._hook(call, Side.BEFORE)
            answer = method(*positional, **named)
            self._hook(call, Side.AFTER)
            return answer

        return with_hook
