"""Parsing of single fields, shared by all readers."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterable
from itertools import islice
from typing import TypeVar

from attrs import define, field

from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import Policy
from commitcollect_core.training.sports import known_sport_type
from commitcollect_core.training.workouts import UNKNOWN_SPORT_TYPE, SetAside
from commitcollect_core.values import ActivityId, require_id

_Neutral = TypeVar("_Neutral")

UTF_8 = "utf-8-sig"
UTF_16 = "utf-16"

ACTIVITY_ID_DIGITS_MAX = 20
"""Strava's ids have 11 digits in 2026; a 64-bit number has at most 20."""

NUMBER_MAX = 10**15
"""Beyond any measure in any unit; keeps absurd values out of messages and arithmetic."""

NUMBER_CHARS_MAX = 32

SHOWN_CHARS_MAX = 40
"""How much of an offending value a message repeats."""

NAMES_SHOWN_MAX = 12
"""How many names of columns or keys a message lists."""

CAUSE_CHARS_MAX = 160

_PLAIN_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?(?:e[+-]?[0-9]{1,3})?")
# Tools that hold ids as floats write ".0" behind them.
_DIGITS = re.compile(rf"([0-9]{{1,{ACTIVITY_ID_DIGITS_MAX}}})(?:\.0)?\Z")
_ROUNDED = re.compile(r"[0-9][.,]?[0-9]*e\+[0-9]+\Z", re.IGNORECASE)
_UNFIT = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Joins the parts of one emoji ("woman running"); it has no look of its own and reorders nothing.
_ZERO_WIDTH_JOINER = "\u200d"


def clean_text(text: str) -> str:
    """Replace control characters by spaces and strip the ends.

    These are control and format characters (terminal escapes, line breaks, bidirectional overrides),
    lone surrogates and line separators.
    """
    if text.isprintable():
        return text.strip()
    return "".join(" " if _is_unfit(each) else each for each in text).strip()


def _is_unfit(char: str) -> bool:
    return unicodedata.category(char) in _UNFIT and char != _ZERO_WIDTH_JOINER


def clean_name(text: str, policy: Policy) -> str:
    """Clean an activity's name and cut it to what the policy allows."""
    return clean_text(text)[: policy.training.activity_name_chars_max]


def encoding_of(start: bytes) -> str:
    """The encoding of a text file, from its first bytes.

    UTF-8 unless a byte order mark says UTF-16.
    """
    return UTF_16 if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else UTF_8


def shown(value: object) -> str:
    """A value for a message: short, on one line, without control characters."""
    if isinstance(value, str):
        return repr(value if len(value) <= SHOWN_CHARS_MAX else value[:SHOWN_CHARS_MAX] + "…")
    if isinstance(value, int) and abs(value) > NUMBER_MAX:
        return "a number beyond all measure"
    if value is None:
        return "nothing"
    if isinstance(value, int | float):
        return repr(value)
    return f"a {type(value).__name__}"


def described(names: Iterable[object]) -> str:
    """The names of a row's values, for a message.

    Some of them, short, on one line.
    """
    some = [clean_text(str(each)[:SHOWN_CHARS_MAX]) for each in islice(names, NAMES_SHOWN_MAX + 1)]
    more = ["…"] if len(some) > NAMES_SHOWN_MAX else []
    return ", ".join([*filter(None, some[:NAMES_SHOWN_MAX]), *more])


def cause(error: Exception) -> str:
    """The text of a foreign exception, for a message."""
    return clean_text(str(error)[:CAUSE_CHARS_MAX]) or type(error).__name__


@define
class Values:
    """Reads the values of one activity.

    A value that cannot be read is set aside, so that the others count.

    Attributes:
        set_aside: what could not be read, in the order of reading.
    """

    set_aside: list[SetAside] = field(factory=list)

    def measure(self, value: object, name: str) -> int:
        """Round a measure half to even to a whole number.

        None becomes 0.

        Set aside is what is not a number, not finite, negative or beyond `NUMBER_MAX`.
        """
        if isinstance(value, str):
            value = value if (number := parse_plain_number(value)) is None else number
        if value is None:
            return 0
        if isinstance(value, bool) or not isinstance(value, int | float):
            return self.without(name, value, "not a number", 0)
        # Comparing first: a float of an int with 400 digits does not exist.
        if value < 0:
            return self.without(name, value, "negative", 0)
        if not value <= NUMBER_MAX:
            return self.without(name, value, "beyond any measure", 0)
        return round(value)

    def without(self, name: str, value: object, limit: str, neutral: _Neutral) -> _Neutral:
        """Set a value aside and return what stands for it."""
        self.set_aside.append(SetAside(field=name, value=shown(value), limit=limit))
        return neutral


def parse_plain_number(text: str) -> float | None:
    """Read a number in computer notation; None if it is none."""
    plain = text.strip().lower()
    return float(plain) if len(plain) <= NUMBER_CHARS_MAX and _PLAIN_NUMBER.fullmatch(plain) else None


def finite(value: object) -> float | None:
    """The value as a float of reasonable size, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) <= NUMBER_MAX else None


def strava_id(value: object, name: str) -> ActivityId:
    """Return Strava's id of an activity, in one spelling.

    "007" and 7 are the same.

    Raises:
        InvalidInput: it is neither a positive whole number nor a text of its digits.
    """
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**ACTIVITY_ID_DIGITS_MAX:
        return ActivityId(str(value))
    if isinstance(value, str) and (found := _DIGITS.match(value)) and (digits := found[1].lstrip("0")):
        return ActivityId(digits)
    is_rounded = isinstance(value, str) and _ROUNDED.match(value) is not None
    hint = "; a spreadsheet has rounded it, so give the file as Strava sent it" if is_rounded else ""
    raise InvalidInput(
        f"{name} must be Strava's activity id, 1 to {ACTIVITY_ID_DIGITS_MAX} digits, not {shown(value)}"
        f"{hint}",
        field=name,
    )


def file_id(value: object, name: str) -> ActivityId:
    """Return the id that a file gives an activity, as text.

    Raises:
        InvalidInput: it is neither a number nor an id (`require_id`).
    """
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    require_id(text, name)
    return ActivityId(str(text))


def sport_warning(sport_type: str) -> str | None:
    """The warning about an unknown sport type; None if it is known."""
    # That the sport is missing has been said already, where it was set aside.
    if sport_type == UNKNOWN_SPORT_TYPE or known_sport_type(sport_type) is not None:
        return None
    return f"unknown sport type {shown(sport_type)}: kept as received; counts for ANY only"
