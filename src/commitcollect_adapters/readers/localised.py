"""Dates, numbers and sports in an export's language.

See `locales` for the languages.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta

from commitcollect_adapters.readers.columns import Locale, fold, fold_sport
from commitcollect_adapters.readers.fields import NUMBER_CHARS_MAX, parse_plain_number
from commitcollect_adapters.readers.locales import ENGLISH
from commitcollect_core.training.sports import known_sport_type

__all__ = ["parse_date", "parse_localised_number", "parse_plain_number", "sport_named"]

DATE_CHARS_MAX = 64

_BEFORE_NOON = r"a\.? ?m\.?|上午|午前|오전|öö"
_AFTER_NOON = r"p\.? ?m\.?|下午|午後|오후|ös"
# Hours and minutes stand alone only with a colon; with points, as in Danish, they could be a date.
_CLOCK = r"([0-9]{1,2})(?::([0-9]{2})(?::([0-9]{2})(?:[.,][0-9]{1,9})?)?|\.([0-9]{2})\.([0-9]{2}))"
_TIME = re.compile(
    rf"(?<![0-9:.])(?:({_BEFORE_NOON})|({_AFTER_NOON}))? ?{_CLOCK}(?: ?(?:({_BEFORE_NOON})|({_AFTER_NOON})))?"
    r" ?(?:uhr|uur|h|z|utc|gmt|([+-])([0-9]{2}):?([0-9]{2}))?\Z"
)
_DAY_WRITING = re.compile(r"(?:[0-9 .,/-]|[^\W\d_])*")
_DAY_PARTS = re.compile(r"[0-9]+|[^\W\d_]+|[./-]")
_GROUPED = re.compile(r"-?(?:[0-9]+|[0-9]{1,3}(?:[.,][0-9]{3})+)")
_YEAR_FIRST = re.compile(
    r"([0-9]{4})(?:([-/.]) ?([0-9]{1,2})\2 ?([0-9]{1,2})\.?|[年년] ?([0-9]{1,2})[月월] ?([0-9]{1,2})[日일])"
)
_DAY_FIRST = re.compile(r"([0-9]{1,2})([./-]) ?([0-9]{1,2})\2 ?([0-9]{4})")
_DAY_AND_YEAR = re.compile(r"([0-9]{1,2}) ([0-9]{4})")
# The "t" between date and time in ISO dates.
_ISO_MARK = re.compile(r"(?<=[0-9])t\Z")
_NOON = 12
_GROUP_DIGITS = 3
_GROUPING_SPACE = re.compile(r"[\s'\u2019]")


def parse_date(text: str, locale: Locale) -> datetime | None:
    """Read a start time; None if it is none.

    An export gives it in UTC without saying so.

    Understood are month names of the locale (or English), before or after the day, dates in digits that
    begin with the year, and those that begin with the day where the locale is sure of it.
    """
    if len(text) > DATE_CHARS_MAX:
        return None
    plain = fold(text)
    time = _TIME.search(plain)
    if time is None or not _DAY_WRITING.fullmatch(plain, 0, time.start()):
        return None
    day = _day(_ISO_MARK.sub("", plain[: time.start()]).rstrip(" ,"), locale)
    before_noon, after_noon = time[1] or time[8], time[2] or time[9]
    hour = _hour(int(time[3]), is_before_noon=bool(before_noon), is_after_noon=bool(after_noon))
    if day is None or hour is None:
        return None
    try:
        start = datetime(*day, hour, int(time[4] or time[6]), int(time[5] or time[7] or 0), tzinfo=UTC)
        return start - _offset(time[10], time[11], time[12])
    except (ValueError, OverflowError):
        return None


def _offset(sign: str | None, hours: str | None, minutes: str | None) -> timedelta:
    if sign is None:
        return timedelta()
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    return -offset if sign == "-" else offset


def _hour(hour: int, *, is_before_noon: bool, is_after_noon: bool) -> int | None:
    if not is_before_noon and not is_after_noon:
        return hour
    if is_before_noon and is_after_noon:
        return None
    return hour % _NOON + (_NOON if is_after_noon else 0) if 1 <= hour <= _NOON else None


def _day(text: str, locale: Locale) -> tuple[int, int, int] | None:
    """Year, month and day."""
    ahead, _, word = text.rpartition(" ")
    if word in locale.date_words:
        text = ahead.rstrip(" ,")
    if found := _YEAR_FIRST.fullmatch(text):
        return int(found[1]), int(found[3] or found[5]), int(found[4] or found[6])
    parts = [part for part in _DAY_PARTS.findall(text) if part not in locale.date_words]
    if any(part.isalpha() for part in parts):
        return _named_day(parts, locale)
    if (found := _DAY_FIRST.fullmatch(text)) and found[2] in locale.day_first:
        return int(found[4]), int(found[3]), int(found[1])
    return None


def _named_day(parts: list[str], locale: Locale) -> tuple[int, int, int] | None:
    names = [part for part in parts if part.isalpha()]
    month = locale.months.get(names[0]) or ENGLISH.months.get(names[0])
    # With the year last, the month may stand before the day or after it without any doubt.
    numbers = _DAY_AND_YEAR.fullmatch(" ".join(part for part in parts if part.isdecimal()))
    digits = [part for part in parts if part.isalnum()]
    if month is None or len(names) != 1 or numbers is None or digits[-1] != numbers[2]:
        return None
    return int(numbers[2]), month, int(numbers[1])


def parse_localised_number(text: str, locale: Locale) -> float | None:
    """Read a localised number; None if it is none.

    Such as "1.234,5" or "9,44".

    A single separator before exactly three digits is one of thousands if the locale has it for that.
    Otherwise the last separator, if there is only one of its kind, is the decimal one.
    """
    plain = _GROUPING_SPACE.sub("", unicodedata.normalize("NFKC", text[: NUMBER_CHARS_MAX + 1]))
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
    """Strava's name of a displayed sport, or None if unknown."""
    key = fold_sport(name)
    return locale.sports.get(key) or ENGLISH.sports.get(key) or known_sport_type(key)
