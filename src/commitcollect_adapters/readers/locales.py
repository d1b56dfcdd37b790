"""The languages of Strava's bulk export, as data.

Adding a language is adding a `Locale` to `LOCALES`.

An export is written in the language of the athlete's account: headers, activity types and dates, though
newer headers and types often stay English. A table may hold several spellings of one thing, because Strava
changed some over the years. Tables compare without regard to case; sports also without spaces and hyphens.

What is known: English from a real export, German headers from five people's bug reports of 2024 and 2025,
Dutch ones from scripts that read such exports. German and Dutch sports beyond the common ones, and the
"flagged" header of German, are unconfirmed translations; a wrong one costs a remark, not a workout.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

from commitcollect_adapters.readers.columns import Column, Locale, fold, fold_sport, months_of, sports_of
from commitcollect_adapters.readers.languages import LANGUAGES
from commitcollect_adapters.readers.more_languages import DATES_ONLY

__all__ = [
    "ANY_LANGUAGE",
    "BEFORE_JULY_2019",
    "DUTCH",
    "ENGLISH",
    "GERMAN",
    "LOCALES",
    "Column",
    "Locale",
    "fold",
    "fold_sport",
]

_Meaning = TypeVar("_Meaning", bound=Hashable)

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
    months=months_of(
        "jan january|feb february|mar march|apr april|may|jun june|jul july|aug august"
        "|sep sept september|oct october|nov november|dec december"
    ),
    # Only names that differ from Strava's own by more than spaces and hyphens. Exports of some years, other
    # services and people write the plain name of the sport.
    sports=sports_of(
        {
            "AlpineSki": "Alpine Skiing|Downhill Ski|Downhill Skiing",
            "BackcountrySki": "Backcountry Skiing|Ski Touring",
            "Canoeing": "Canoe",
            "Crossfit": "Cross Fit",
            "EBikeRide": "E-Bike|Electric Bike Ride|E-Biking",
            "EMountainBikeRide": "E-Mountain Bike|E-MTB Ride|E-Mountain Biking",
            "Elliptical": "Elliptical Trainer",
            "GravelRide": "Gravel|Gravel Cycling|Gravel Bike Ride",
            "Handcycle": "Hand Cycle|Handcycling|Hand Cycling",
            "HighIntensityIntervalTraining": "HIIT|High-Intensity Interval Training (HIIT)",
            "Hike": "Hiking",
            "IceSkate": "Ice Skating",
            "InlineSkate": "Inline Skating",
            "Kayaking": "Kayak",
            "Kitesurf": "Kitesurfing|Kiteboarding",
            "MountainBikeRide": "Mountain Bike|Mountain Biking|MTB Ride",
            "NordicSki": "Nordic Skiing|Cross Country Ski|Cross Country Skiing",
            "PhysicalTherapy": "Physio Therapy|Physiotherapy",
            "Ride": "Bike Ride|Cycling|Biking",
            "RockClimbing": "Rock Climb|Climbing",
            "RollerSki": "Roller Skiing",
            "Rowing": "Row",
            "Run": "Running",
            "Sail": "Sailing",
            "Skateboard": "Skateboarding",
            "Snowboard": "Snowboarding",
            "Snowshoe": "Snowshoeing",
            "Soccer": "Football|Football (Soccer)|Soccer (Football)",
            "StairStepper": "Stair Climber|Stair Climbing",
            "StandUpPaddling": "Stand Up Paddle|Stand Up Paddleboarding|Stand Up Paddle Boarding|SUP",
            "Surfing": "Surf",
            "Swim": "Swimming",
            "TrailRun": "Trail Running",
            "VirtualRide": "Virtual Cycling|Virtual Bike Ride",
            "VirtualRow": "Virtual Rowing",
            "VirtualRun": "Virtual Running",
            "Walk": "Walking",
            "WeightTraining": "Weights|Strength Training",
            "Windsurf": "Windsurfing",
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
        Column.DATE: ("aktivitätsdatum", "datum der aktivität"),
        Column.NAME: ("name der aktivität", "aktivitätsname"),
        Column.TYPE: ("aktivitätsart", "aktivitätstyp", "art der aktivität"),
        Column.SPORT_TYPE: ("sportart",),
        Column.ELAPSED: ("verstrichene zeit",),
        Column.MOVING: ("bewegungszeit",),
        Column.DISTANCE: ("distanz",),
        Column.ELEVATION: ("höhenzunahme", "höhenmeter", "anstieg"),
        Column.FLAGGED: ("markiert", "gemeldet"),
    },
    months=months_of(
        "jan januar jän jänner|feb februar|mär märz mrz|apr april|mai|jun juni|jul juli|aug august"
        "|sep sept september|okt oktober|nov november|dez dezember"
    ),
    sports=sports_of(
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
        Column.ELEVATION: ("hoogteverschil", "totale stijging", "hoogtewinst", "hoogtestijging"),
        Column.FLAGGED: ("gemeld", "gemarkeerd"),
    },
    months=months_of(
        "jan januari|feb februari|mrt maart|apr april|mei|jun juni|jul juli|aug augustus"
        "|sep sept september|okt oktober|nov november|dec december"
    ),
    sports=sports_of(
        {
            "AlpineSki": "Alpineskiën|Skiën|Alpine skiën",
            "BackcountrySki": "Toerskiën|Backcountry-skiën",
            "Canoeing": "Kanoën|Kanovaren|Kano",
            "EBikeRide": "E-bike-rit|E-bikerit|Rit op e-bike|Elektrische fietsrit",
            "EMountainBikeRide": "E-mountainbikerit|E-mountainbiketocht",
            "Elliptical": "Crosstrainer|Elliptische trainer",
            "GravelRide": "Gravelrit|Gravelfietsrit|Gravelbikerit",
            "Handcycle": "Handbike|Handbiken",
            "HighIntensityIntervalTraining": "HIIT|Intensieve intervaltraining",
            "Hike": "Hiken|Hike|Wandeltocht|Bergwandeling",
            "IceSkate": "Schaatsen|IJsschaatsen",
            "InlineSkate": "Inlineskaten|Skeeleren",
            "Kayaking": "Kajakken|Kayakken|Kajakvaren|Kajak|Kayak",
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

LOCALES = (ENGLISH, BEFORE_JULY_2019, GERMAN, DUTCH, *LANGUAGES)
"""Every language an export is recognised in, the likeliest first."""


def _agreed(tables: Iterable[Mapping[str, _Meaning]]) -> dict[str, _Meaning]:
    """The entries on which all tables agree."""
    meanings: dict[str, set[_Meaning]] = {}
    for table in tables:
        for word, meaning in table.items():
            meanings.setdefault(word, set()).add(meaning)
    return {word: each.pop() for word, each in meanings.items() if len(each) == 1}


_EVERY = (*LOCALES, *DATES_ONLY)
ANY_LANGUAGE = Locale(
    language="a language we do not know",
    headers={},
    months=_agreed(each.months for each in _EVERY),
    sports=_agreed(each.sports for each in _EVERY),
    date_words=frozenset().union(*(each.date_words for each in _EVERY)),
    day_first=".",
    thousands="",
    is_known=False,
)
"""What a table is read as whose titles are in none of the languages: by the position of its columns."""
