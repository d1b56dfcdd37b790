"""The columns of Strava's bulk export in any language.

`locales` and the modules beside it hold the languages as data.

Tables compare titles and sports by their letters and digits alone, without regard to case, accents' encoding,
apostrophes and spaces, because tools and translations vary in these.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from enum import Enum, auto

from attrs import frozen


class Column(Enum):
    """The columns that matter, out of about a hundred."""

    ID = auto()
    DATE = auto()
    NAME = auto()
    TYPE = auto()
    SPORT_TYPE = auto()
    ELAPSED = auto()
    MOVING = auto()
    DISTANCE = auto()
    ELEVATION = auto()
    FLAGGED = auto()


@frozen(kw_only=True)
class Locale:
    """How one language writes an export.

    Attributes:
        headers: the column's titles, folded by `fold`.
        is_known: whether titles and display names come from the language; a table of another one is read by
            the position of its columns.
        months: a month's names and abbreviations, folded, to its number.
        sports: an activity type's display name, folded by `fold_sport`, to Strava's name for it.
        date_words: words in dates that say nothing, such as the "um" of "27. Januar 2021 um 13:57".
        day_first: separators of dates in digits that begin with the day. Where people disagree, as in
            English, there is none, and such dates are refused rather than guessed.
        thousands: the separator of thousands in numbers meant for people.
        is_distance_meters: whether a lone distance column holds metres instead of such a number.
    """

    language: str
    headers: Mapping[Column, tuple[str, ...]]
    months: Mapping[str, int]
    sports: Mapping[str, str]
    date_words: frozenset[str]
    day_first: str
    thousands: str
    is_distance_meters: bool = False
    is_known: bool = True


def fold(text: str) -> str:
    """Normalise a text: compatible characters, single spaces, no case."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def fold_sport(text: str) -> str:
    """As `fold`, without spaces and hyphens.

    Display names and translations vary in them.
    """
    return re.sub(r"[\W_]+", "", fold(text))


_COUNTED = re.compile(r"(?:duplicated)?[0-9]+\Z")


def fold_title(text: str) -> str:
    """The letters of a title, without an added number.

    Tools number the second of two equal titles.

    pandas writes "Distance.1", R "Distance...18", others "Distance_2" or "Distance_duplicated_0".
    """
    letters = fold_sport(text)
    return _COUNTED.sub("", letters) or letters


def months_of(names: str) -> dict[str, int]:
    """A table of months from their names.

    The names are given in twelve groups between bars, each of names between spaces.
    """
    return {fold(name): number for number, names in enumerate(names.split("|"), 1) for name in names.split()}


def sports_of(names: Mapping[str, str]) -> dict[str, str]:
    """A table of sports by display name.

    Given are Strava's name and the display names between bars.
    """
    return {fold_sport(name): sport for sport, names in names.items() for name in names.split("|")}
