"""How the work of reading grows with the length of what is read."""

from __future__ import annotations

from collections.abc import Callable
from time import thread_time

ROUNDS = 3
EXPONENT_MAX = 1.5
"""Halfway between work that grows with the length (1) and work that grows with its square (2)."""


def check_linear(work: Callable[[int], object], *, short: int, long: int) -> None:
    """Fail if `work` on the long input takes nearer to the square of the difference than to the difference.

    Processor time of this thread alone counts, and the least of several rounds, so that a busy machine
    changes nothing: other processes slow both lengths down alike, or not at all.
    """
    work(short)
    least = max(min(_seconds(work, short) for _ in range(ROUNDS)), 1e-6)
    allowed = least * (long / short) ** EXPONENT_MAX
    # The least of the rounds is below it once any round is; each takes seconds, so no more are made then.
    assert any(_seconds(work, long) < allowed for _ in range(ROUNDS)), (least, allowed)


def _seconds(work: Callable[[int], object], length: int) -> float:
    start = thread_time()
    work(length)
    return thread_time() - start
