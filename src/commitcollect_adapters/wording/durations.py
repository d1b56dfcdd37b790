"""Durations as people write and read them, in several units at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from commitcollect_core.errors import InvalidInput

AMOUNT_CHARS_MAX = 40

_CLOCK = re.compile(r"(?P<hours>[0-9]{1,9}):(?P<minutes>[0-5][0-9]):(?P<seconds>[0-5][0-9])")
_SHORT_CLOCK = re.compile(r"(?P<first>[0-9]{1,6}):(?P<second>[0-5][0-9])")
_PARTS = re.compile(
    r"(?:(?P<hours>[0-9]{1,9})\s*h)?\s*(?:(?P<minutes>[0-9]{1,6})\s*(?:min|m)(?![a-z]))?"
    r"\s*(?:(?P<seconds>[0-9]{1,6})\s*s)?",
    re.IGNORECASE,
)
_HOURS_MINUTES = re.compile(r"(?P<hours>[0-9]{1,9})\s*h\s*(?P<minutes>[0-5]?[0-9])", re.IGNORECASE)


def shortened(text: str) -> str:
    """A text as a message may repeat it."""
    return repr(text if len(text) <= AMOUNT_CHARS_MAX else text[:AMOUNT_CHARS_MAX] + "…")


def seconds_of(text: str) -> int | None:
    """The seconds of a duration such as ``3:59:12``, ``1h30m``, ``1h30`` or ``30m``; None for another text.

    Raises:
        InvalidInput: it may be hours and minutes, or minutes and seconds.
    """
    written = text.strip()[: AMOUNT_CHARS_MAX + 1]
    if (short := _SHORT_CLOCK.fullmatch(written)) is not None:
        first, second = short["first"], short["second"]
        raise InvalidInput(
            f"{shortened(written)} may be {first} h {second} min or {first} min {second} s; write "
            f"{first}h{second}m or {first}m{second}s",
            field="time",
        )
    found = _CLOCK.fullmatch(written) or _HOURS_MINUTES.fullmatch(written) or _PARTS.fullmatch(written)
    if found is None:
        return None
    given = {name: value for name, value in found.groupdict().items() if value is not None}
    if not given or given.keys() in ({"hours"}, {"seconds"}):
        return None  # a plain number with a unit, which may also have a fraction
    units = {"hours": 3_600, "minutes": 60, "seconds": 1}
    names = sorted(given, key=units.__getitem__, reverse=True)
    for name in names[1:]:
        if int(given[name]) > 59:  # noqa: PLR2004 - of an hour, and of a minute
            raise InvalidInput(
                f"{shortened(written)} has {given[name]} {name} behind a larger unit; write less than 60",
                field="time",
            )
    return sum(int(value) * units[name] for name, value in given.items())


def _clock(seconds: int) -> str:
    return f"{seconds // 3_600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _letters(seconds: int) -> str:
    """Without units at either end that there are none of."""
    amounts = {"h": seconds // 3_600, "m": seconds // 60 % 60, "s": seconds % 60}
    there = [unit for unit, amount in amounts.items() if amount] or ["s"]
    units = "hms"["hms".index(there[0]) : "hms".index(there[-1]) + 1]
    return "".join(
        f"{amounts[unit]}{unit}" if unit == units[0] else f"{amounts[unit]:02}{unit}" for unit in units
    )


CLOCK, LETTERS = "h:m:s", "hms"
FORMS: Mapping[str, Callable[[int], str]] = {CLOCK: _clock, LETTERS: _letters}
"""How seconds are written: as ``3:59:12`` or as ``3h59m12s``."""
