"""The languages of Strava's bulk export, as data. Adding a language is adding a `Locale` to `LOCALES`.

An export is written in the language of the athlete's account: headers, activity types and dates, though
newer headers and types often stay English. A table may hold several spellings of one thing, because Strava
changed some over the years. Tables compare without regard to case; sports also without spaces and hyphens.

What is known: English from a real export, German headers from five people's bug reports of 2024 and 2025,
Dutch ones from scripts that read such exports. German and Dutch sports beyond the common ones, and the
"flagged" headers, are translations that nobody has confirmed; a wrong one costs a warning, not a workout.
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


def fold(text: str) -> str:
    """One spelling for texts that look the same: compatible characters, single spaces, no case."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def fold_sport(text: str) -> str:
    """`fold`, without spaces and hyphens, as display names and translations vary in them."""
    return re.sub(r"[\W_]+", "", fold(text))


def _months(names: str) -> dict[str, int]:
    return {fold(name): number for number, names in enumerate(names.split("|"), 1) for name in names.split()}


def _sports(names: Mapping[str, str]) -> dict[str, str]:
    return {fold_sport(name): sport for sport, names in names.items() for name in names.split("|")}


ENGLISH = Locale(
    language="English",
    headers={
        Column.ID: ("activity id",),
        Column.DATE: ("activity date",),
        Column.NAME: ("activity name",),
        Column.TYPE: ("activity type",),
        Column.SPORT_TYPE: ("sport type",),
        Column.ELAPSED: ("elapsed time",),
        Column.MOVING: ("moving time",),
        Column.DISTANCE: ("distance",),
        Column.ELEVATION: ("elevation gain",),
        Column.FLAGGED: ("flagged",),
    },
    months=_months(
        "jan january|feb february|mar march|apr april|may|jun june|jul july|aug august"
        "|sep sept september|oct october|nov november|dec december"
    ),
    # Only names that differ from Strava's own by more than spaces and hyphens.
    sports=_sports(
        {
            "Soccer": "Football|Football (Soccer)",
            "HighIntensityIntervalTraining": "HIIT",
            "VirtualRow": "Virtual Rowing",
            "StandUpPaddling": "Stand Up Paddle",
            "Rowing": "Row",
        }
    ),
    date_words=frozenset({"at"}),
    day_first="",
    thousands=",",
)

# Until July 2019 an export was English whatever the account's language, with plain metres and ISO dates. One
# athlete's exports of 24 June and 15 July 2019 show the same ride as "2018-09-12 15:02:23", 3681.0 and as
# "Sep 12, 2018, 3:02:23 PM", 3.68 (github.com/hugovk/strava-tools, pull requests 1 and 2).
BEFORE_JULY_2019 = Locale(
    language="English, before July 2019",
    headers={
        Column.ID: ("id",),
        Column.DATE: ("date",),
        Column.NAME: ("name",),
        Column.TYPE: ("type",),
        Column.ELAPSED: ("elapsed_time",),
        Column.DISTANCE: ("distance",),
    },
    months=ENGLISH.months,
    sports=ENGLISH.sports,
    date_words=ENGLISH.date_words,
    day_first="",
    thousands=",",
    is_distance_meters=True,
)

GERMAN = Locale(
    language="German",
    headers={
        Column.ID: ("aktivitäts-id",),
        Column.DATE: ("aktivitätsdatum",),
        Column.NAME: ("name der aktivität",),
        Column.TYPE: ("aktivitätsart",),
        Column.SPORT_TYPE: ("sportart",),
        Column.ELAPSED: ("verstrichene zeit",),
        Column.MOVING: ("bewegungszeit",),
        Column.DISTANCE: ("distanz",),
        Column.ELEVATION: ("höhenzunahme",),
        Column.FLAGGED: ("markiert",),
    },
    months=_months(
        "jan januar jän jänner|feb februar|mär märz mrz|apr april|mai|jun juni|jul juli|aug august"
        "|sep sept september|okt oktober|nov november|dez dezember"
    ),
    sports=_sports(
        {
            "AlpineSki": "Ski Alpin|Alpinski|Skifahren|Abfahrtsski",
            "BackcountrySki": "Skitour|Skitouren|Skitourengehen|Tourenski",
            "Canoeing": "Kanufahren|Kanu|Kanufahrt",
            "EBikeRide": "E-Bike-Fahrt|E-Bike-Radfahrt|E-Bike-Ausfahrt",
            "EMountainBikeRide": "E-Mountainbike-Fahrt|E-MTB-Fahrt|E-Mountainbike-Ausfahrt",
            "Elliptical": "Ellipsentrainer|Crosstrainer",
            "GravelRide": "Gravel-Fahrt|Schotterfahrt|Gravelbike-Fahrt|Gravel-Ausfahrt",
            "Handcycle": "Handbike|Handbike-Fahrt",
            "HighIntensityIntervalTraining": "HIIT|Hochintensives Intervalltraining",
            "Hike": "Wanderung|Wandern",
            "IceSkate": "Schlittschuhlaufen|Eislaufen",
            "InlineSkate": "Inlineskaten|Inline-Skating",
            "Kayaking": "Kajakfahren|Kajak|Kajakfahrt",
            "Kitesurf": "Kitesurfen",
            "MountainBikeRide": "Mountainbike-Fahrt|Mountainbike-Ausfahrt|MTB-Fahrt",
            "NordicSki": "Skilanglauf|Langlauf|Nordic Ski|Ski Nordisch",
            "Pilates": "Pilates",
            "Ride": "Radfahrt|Radfahren|Fahrt|Radausfahrt",
            "RockClimbing": "Klettern",
            "RollerSki": "Rollski|Rollskifahren|Skiroller",
            "Rowing": "Rudern",
            "Run": "Lauf|Laufen",
            "Sail": "Segeln",
            "Skateboard": "Skateboarden|Skateboardfahren",
            "Snowboard": "Snowboarden",
            "Snowshoe": "Schneeschuhwandern|Schneeschuhwanderung",
            "Soccer": "Fußball",
            "StairStepper": "Treppensteigen|Stepper",
            "StandUpPaddling": "Stand-up-Paddling|Stehpaddeln",
            "Surfing": "Surfen",
            "Swim": "Schwimmen|Schwimmtraining",
            "TableTennis": "Tischtennis",
            "TrailRun": "Traillauf|Trailrun|Trailrunning",
            "VirtualRide": "Virtuelle Radfahrt|Virtuelle Fahrt|Virtuelles Radfahren",
            "VirtualRow": "Virtuelles Rudern",
            "VirtualRun": "Virtueller Lauf|Virtuelles Laufen",
            "Walk": "Spaziergang|Spazieren|Gehen",
            "WeightTraining": "Krafttraining|Gewichtstraining",
            "Wheelchair": "Rollstuhl|Rollstuhlfahren",
            "Windsurf": "Windsurfen",
            "Workout": "Training",
        }
    ),
    date_words=frozenset({"um", "uhr"}),
    day_first=".",
    thousands=".",
)

DUTCH = Locale(
    language="Dutch",
    headers={
        Column.ID: ("activiteits-id", "activiteit-id"),
        Column.DATE: ("datum van activiteit", "activiteitsdatum"),
        Column.NAME: ("naam van activiteit", "naam activiteit"),
        Column.TYPE: ("activiteitstype", "type activiteit"),
        Column.SPORT_TYPE: ("sporttype", "type sport"),
        Column.ELAPSED: ("verstreken tijd",),
        Column.MOVING: ("beweegtijd", "bewegingstijd"),
        Column.DISTANCE: ("afstand",),
        Column.ELEVATION: ("totale stijging", "hoogtewinst", "hoogtestijging"),
        Column.FLAGGED: ("gemarkeerd",),
    },
    months=_months(
        "jan januari|feb februari|mrt maart|apr april|mei|jun juni|jul juli|aug augustus"
        "|sep sept september|okt oktober|nov november|dec december"
    ),
    sports=_sports(
        {
            "AlpineSki": "Alpineskiën|Skiën|Alpine skiën",
            "BackcountrySki": "Toerskiën|Backcountry-skiën",
            "Canoeing": "Kanoën|Kanovaren",
            "EBikeRide": "E-bike-rit|E-bikerit|Rit op e-bike|Elektrische fietsrit",
            "EMountainBikeRide": "E-mountainbikerit|E-mountainbiketocht",
            "Elliptical": "Crosstrainer|Elliptische trainer",
            "GravelRide": "Gravelrit|Gravelfietsrit|Gravelbikerit",
            "Handcycle": "Handbike|Handbiken",
            "HighIntensityIntervalTraining": "HIIT|Intensieve intervaltraining",
            "Hike": "Hiken|Hike|Wandeltocht|Bergwandeling",
            "IceSkate": "Schaatsen|IJsschaatsen",
            "InlineSkate": "Inlineskaten|Skeeleren",
            "Kayaking": "Kajakken",
            "Kitesurf": "Kitesurfen",
            "MountainBikeRide": "Mountainbikerit|Mountainbiketocht|Mountainbiken",
            "NordicSki": "Langlaufen",
            "Ride": "Fietsrit|Rit|Fietsen",
            "RockClimbing": "Rotsklimmen|Klimmen",
            "RollerSki": "Rolskiën",
            "Rowing": "Roeien",
            "Run": "Hardloopsessie|Hardlopen|Hardloop|Loop",
            "Sail": "Zeilen",
            "Skateboard": "Skateboarden",
            "Snowboard": "Snowboarden",
            "Snowshoe": "Sneeuwschoenwandelen",
            "Soccer": "Voetbal",
            "StairStepper": "Traploper|Trappenlopen|Stepper",
            "StandUpPaddling": "Suppen|Stand-up paddling",
            "Surfing": "Surfen",
            "Swim": "Zwemmen|Zwemsessie",
            "TableTennis": "Tafeltennis",
            "TrailRun": "Trailrun|Trailrunnen|Trailloop",
            "VirtualRide": "Virtuele fietsrit|Virtuele rit",
            "VirtualRow": "Virtueel roeien",
            "VirtualRun": "Virtuele hardloopsessie|Virtueel hardlopen|Virtuele run",
            "Walk": "Wandeling|Wandelen",
            "WeightTraining": "Krachttraining|Gewichtstraining|Gewichttraining",
            "Wheelchair": "Rolstoel",
            "Windsurf": "Windsurfen",
            "Workout": "Training|Work-out",
        }
    ),
    date_words=frozenset({"om", "uur"}),
    day_first=".-",
    thousands=".",
)

LOCALES = (ENGLISH, BEFORE_JULY_2019, GERMAN, DUTCH)
"""Every language an export is recognised in, the likeliest first."""
