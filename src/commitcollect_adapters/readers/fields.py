"""What all readers agree on: how a text is cleaned, a number rounded and an activity id recognised."""

from __future__ import annotations

import re
import unicodedata

from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import Policy
from commitcollect_core.training.sports import known_sport_type
from commitcollect_core.values import ActivityId

ACTIVITY_ID_DIGITS_MAX = 20
"""Strava's ids have 11 digits in 2026; a 64-bit number has at most 20."""

NUMBER_MAX = 10**15
"""Beyond any measure in any unit; keeps absurd values out of messages and arithmetic."""

SHOWN_CHARS_MAX = 40
"""How much of an offending value a message repeats."""

CAUSE_CHARS_MAX = 160

_DIGITS = re.compile(rf"[0-9]{{1,{ACTIVITY_ID_DIGITS_MAX}}}\Z")
_UNFIT = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Joins the parts of one emoji ("woman running"); it has no look of its own and reorders nothing.
_ZERO_WIDTH_JOINER = "\u200d"


def clean_text(text: str) -> str:
    """Replace what could move a cursor, colour a terminal or reorder a line by spaces, and strip the ends.

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


def shown(value: object) -> str:
    """A value as a message may repeat it: short, on one line, without control characters."""
    if isinstance(value, str):
        return repr(value if len(value) <= SHOWN_CHARS_MAX else value[:SHOWN_CHARS_MAX] + "…")
    if isinstance(value, int) and abs(value) > NUMBER_MAX:
        return "a number beyond all measure"
    if value is None:
        return "nothing"
    if isinstance(value, int | float):
        return repr(value)
    return f"a {type(value).__name__}"


def cause(error: Exception) -> str:
    """What an exception of somebody else's says, fit to be part of a message."""
    return clean_text(str(error)[:CAUSE_CHARS_MAX]) or type(error).__name__


def whole(value: object, field: str) -> int:
    """Round a measure half to even to a whole number; None, which says nothing, is 0.

    Raises:
        InvalidInput: it is not a number, not finite, negative or beyond `NUMBER_MAX`.
    """
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidInput(f"{field} must be a number, not {shown(value)}", field=field)
    # Comparing first: a float of an int with 400 digits does not exist.
    if value < 0:
        raise InvalidInput(f"{field} {shown(value)} is negative", field=field)
    if not value <= NUMBER_MAX:
        raise InvalidInput(f"{field} {shown(value)} is beyond any measure", field=field)
    return round(value)


def finite(value: object) -> float | None:
    """`value` as a float if it is a number of reasonable size, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) <= NUMBER_MAX else None


def strava_id(value: object, field: str) -> ActivityId:
    """Return Strava's id of an activity, one spelling per activity ("007" and 7 are the same).

    Raises:
        InvalidInput: it is neither a positive whole number nor a text of its digits.
    """
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**ACTIVITY_ID_DIGITS_MAX:
        return ActivityId(str(value))
    if isinstance(value, str) and _DIGITS.match(value) and (digits := value.lstrip("0")):
        return ActivityId(digits)
    raise InvalidInput(
        f"{field} must be Strava's activity id, 1 to {ACTIVITY_ID_DIGITS_MAX} digits, not {shown(value)}",
        field=field,
    )


def sport_warning(sport_type: str) -> str | None:
    """What to tell the athlete about a sport type nobody has heard of yet; None if it is known."""
    if known_sport_type(sport_type) is not None:
        return None
    return f"unknown sport type {shown(sport_type)}: kept as received; counts for ANY only"
