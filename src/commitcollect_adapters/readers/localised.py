"""Dates, numbers and sports as an export's language writes them; see `locales` for the languages."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from commitcollect_adapters.readers.locales import ENGLISH, Locale, fold, fold_sport
from commitcollect_core.training.sports import known_sport_type

DATE_CHARS_MAX = 64
NUMBER_CHARS_MAX = 32

_TIME = re.compile(
    r"(?<![0-9:])([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?(?: ?([ap])\.?m\.?)?(?: (?:uhr|uur|utc)|z)?\Z"
)
_DAY_WRITING = re.compile(r"(?:[0-9 .,/-]|[^\W\d_])*")
_DAY_PARTS = re.compile(r"[0-9]+|[^\W\d_]+|[./-]")
_PLAIN_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?(?:e[+-]?[0-9]{1,3})?")
_GROUPED = re.compile(r"-?(?:[0-9]+|[0-9]{1,3}(?:[.,][0-9]{3})+)")
_YEAR_FIRST = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_DAY_FIRST = re.compile(r"([0-9]{1,2})([./-])([0-9]{1,2})\2([0-9]{4})")
_DAY_AND_YEAR = re.compile(r"([0-9]{1,2}) ([0-9]{4})")
_NOON = 12
_GROUP_DIGITS = 3
_GROUPING_SPACE = re.compile(r"[\s'\u2019]")


def parse_date(text: str, locale: Locale) -> datetime | None:
    """Read a start time, which an export gives in UTC without saying so; None if it is not one.

    Understood are month names of the locale (or English), before or after the day, dates in digits that
    begin with the year, and those that begin with the day where the locale is sure of it.
    """
    plain = fold(text[: DATE_CHARS_MAX + 1])
    time = _TIME.search(plain)
    if time is None or len(text) > DATE_CHARS_MAX or not _DAY_WRITING.fullmatch(plain, 0, time.start()):
        return None
    day = _day(_DAY_PARTS.findall(plain, 0, time.start()), locale)
    hour = _hour(int(time[1]), time[4])
    if day is None or hour is None:
        return None
    try:
        return datetime(*day, hour, int(time[2]), int(time[3] or 0), tzinfo=UTC)
    except ValueError:
        return None


def _hour(hour: int, half: str | None) -> int | None:
    if half is None:
        return hour
    return hour % _NOON + (_NOON if half == "p" else 0) if 1 <= hour <= _NOON else None


def _day(parts: list[str], locale: Locale) -> tuple[int, int, int] | None:
    """Year, month and day."""
    # The "t" stands between date and time in ISO dates.
    parts = [part for part in parts if part not in locale.date_words and part != "t"]
    if any(part.isalpha() for part in parts):
        return _named_day(parts, locale)
    digits = "".join(parts)
    if found := _YEAR_FIRST.fullmatch(digits):
        return int(found[1]), int(found[2]), int(found[3])
    if (found := _DAY_FIRST.fullmatch(digits)) and found[2] in locale.day_first:
        return int(found[4]), int(found[3]), int(found[1])
    return None


def _named_day(parts: list[str], locale: Locale) -> tuple[int, int, int] | None:
    names = [part for part in parts if part.isalpha()]
    month = locale.months.get(names[0]) or ENGLISH.months.get(names[0])
    # With the year last, the month may stand before the day or after it without any doubt.
    numbers = _DAY_AND_YEAR.fullmatch(" ".join(part for part in parts if part.isdecimal()))
    if month is None or len(names) != 1 or numbers is None or parts[-1] != numbers[2]:
        return None
    return int(numbers[2]), month, int(numbers[1])


def parse_plain_number(text: str) -> float | None:
    """Read a number as computers write it; None if it is not one."""
    plain = text.strip().lower()
    return float(plain) if len(plain) <= NUMBER_CHARS_MAX and _PLAIN_NUMBER.fullmatch(plain) else None


def parse_localised_number(text: str, locale: Locale) -> float | None:
    """Read a number meant for people ("1.234,5", "9,44"); None if it is not one.

    A single separator before exactly three digits is one of thousands if the locale has it for that.
    Otherwise the last separator, if there is only one of its kind, is the decimal one.
    """
    plain = _GROUPING_SPACE.sub("", text[: NUMBER_CHARS_MAX + 1])
    if len(text) > NUMBER_CHARS_MAX:
        return None
    marks = [char for char in plain if char in ".,"]
    if not marks or not _ends_in_decimals(plain, marks, locale):
        return (
            float(re.sub("[.,]", "", plain)) if _GROUPED.fullmatch(plain) and len(set(marks)) <= 1 else None
        )
    ahead, _, decimals = plain.rpartition(marks[-1])
    if not _GROUPED.fullmatch(ahead) or not (decimals.isascii() and decimals.isdecimal()):
        return None
    return float(f"{re.sub('[.,]', '', ahead)}.{decimals}")


def _ends_in_decimals(plain: str, marks: list[str], locale: Locale) -> bool:
    last = marks[-1]
    if len(marks) == 1:
        return last != locale.thousands or len(plain.rpartition(last)[2]) != _GROUP_DIGITS
    return marks.count(last) == 1


def sport_named(name: str, locale: Locale) -> str | None:
    """Return Strava's name of the sport that is displayed as `name`, or None if nobody knows."""
    key = fold_sport(name)
    return locale.sports.get(key) or ENGLISH.sports.get(key) or known_sport_type(key)
