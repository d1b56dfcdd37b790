"""A made-up athlete with years of training, for demonstrations and measurements.

They run before work and on Sundays, ride when the days are long, ski when there is snow, take every fourth
week easy, are ill or away at times, and get a little faster every year.
"""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import accumulate
from random import Random
from typing import NamedTuple

from attrs import frozen

from commitcollect_adapters.readers.fields import clean_text
from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import Policy
from commitcollect_core.training.workouts import ActivitySnapshot
from commitcollect_core.values import ActivityId, Source

FIRST_YEAR_MIN = 1990
LAST_YEAR = 2025
YEARS_MIN = 3
ACTIVITIES_PER_YEAR = 365
"""Beyond that, more years are filled rather than fuller ones, as far back as `FIRST_YEAR_MIN`."""

_EARLIEST_SECONDS, _LATEST_SECONDS = 5 * 3600, 21 * 3600
_ID_SPACE = 2**33
_FLAGGED_EVERY, _INDOORS_EVERY = 350, 90


@frozen
class _Sport:
    """What one sport is like.

    Attributes:
        seasons: how likely it is in each month.
        weekend: how much likelier it is at weekends, when it is also longer.
        climb: metres up per kilometre.
        pauses: the share of the moving time spent standing, at most.
    """

    sport_type: str
    noun: str
    seasons: tuple[float, ...]
    weekend: float
    kilometers: tuple[float, float]
    speed_kmh: float
    climb: tuple[float, float]
    pauses: float


class _Occasion(NamedTuple):
    """When something happens; `progress` goes from 0 to 1 over the years."""

    number: int
    id_shift: int
    day: date
    seconds: int
    progress: float


# fmt: off
_SPORTS = (
    _Sport("Run", "Run", (9, 9, 9, 8, 7, 7, 6, 7, 8, 9, 9, 9), 0.8, (5, 13), 10.4, (3, 10), 0.06),
    _Sport("TrailRun", "Trail Run", (0, 0, 1, 2, 3, 3, 3, 3, 3, 2, 1, 0), 2.0, (8, 18), 8.4, (20, 45), 0.12),
    _Sport("Ride", "Ride", (0, 0.5, 2, 5, 7, 8, 8, 8, 6, 3, 1, 0), 1.3, (22, 65), 26.0, (5, 13), 0.18),
    _Sport("GravelRide", "Gravel Ride", (0, 1, 2, 2, 2, 2, 2, 2, 3, 3, 1, 0), 2, (20, 50), 20, (8, 18), 0.2),
    _Sport("Hike", "Hike", (0, 0, 0, 1, 1, 1, 1.5, 1.5, 1.2, 1, 0, 0), 5.0, (7, 17), 4.3, (30, 70), 0.35),
    _Sport("Swim", "Swim", (2, 2, 2, 2, 2, 3, 3, 3, 2, 2, 2, 2), 0.5, (1.2, 2.6), 2.9, (0, 0), 0.15),
    _Sport("NordicSki", "Nordic Ski", (2, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1), 2.5, (8, 22), 12, (8, 18), 0.1),
    _Sport("AlpineSki", "Alpine Ski", (1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1), 4, (18, 42), 24, (90, 130), 1),
    _Sport("Yoga", "Yoga", (2, 2, 2, 1.5, 1, 1, 1, 1, 1, 1.5, 2, 2), 0.6, (0, 0), 0.0, (0, 0), 0.02),
)
# fmt: on
_AWAY_SHARE = 0.05
_WEEKEND = range(5, 7)
_SUMMER_TIME = range(4, 11)
_WEEKDAYS = (0.5, 1.1, 0.9, 1.1, 0.4, 1.5, 1.4)
_DAYPARTS = ("Night", "Morning", "Lunch", "Afternoon", "Evening", "Night")
_DAYPARTS_END_AT = tuple(hour * 3600 for hour in (5, 11, 14, 18, 22))


def demo_history(*, seed: int, activities: int, policy: Policy) -> Iterator[ActivitySnapshot]:
    """Yield that many activities in the order of their starts.

    The same seed gives the same ones.

    They fill 2023 to 2025, and more years before that if there are many. Ids are distinct and, like
    Strava's, not in the order of starts.

    Raises:
        InvalidInput: the number of activities is negative.
    """
    if activities < 0:
        raise InvalidInput(f"activities must be 0 or more, not {activities}", field="activities")
    return _history(Random(seed), activities, policy)  # noqa: S311 (a repeatable story, not a secret)


def _history(random: Random, activities: int, policy: Policy) -> Iterator[ActivitySnapshot]:
    years = math.ceil(activities / ACTIVITIES_PER_YEAR)
    years = min(max(years, YEARS_MIN), LAST_YEAR - FIRST_YEAR_MIN + 1)
    first = date(LAST_YEAR - years + 1, 1, 1)
    appetite = _appetite(random, first)
    id_shift = random.randrange(_ID_SPACE)
    whole_appetite, so_far, done = sum(appetite), 0.0, 0
    for number, share in enumerate(appetite):
        so_far += share
        is_last = number == len(appetite) - 1
        due = activities if is_last else min(activities, int(activities * so_far / whole_appetite))
        day = first + timedelta(days=number)
        for seconds in _start_seconds(random, day, due - done):
            yield _activity(random, _Occasion(done, id_shift, day, seconds, number / len(appetite)), policy)
            done += 1


def _activity_id(number: int, shift: int) -> ActivityId:
    # An odd factor makes this one to one, so ids are distinct without remembering them.
    return ActivityId(str(10**9 + (number * 2_654_435_761 + shift) % _ID_SPACE))


def _appetite(random: Random, first: date) -> list[float]:
    """How much training each day takes, until `LAST_YEAR` ends."""
    appetite = []
    week_mood = 1.0
    for number in range((date(LAST_YEAR + 1, 1, 1) - first).days):
        day = first + timedelta(days=number)
        if day.weekday() == 0 or number == 0:
            is_away = random.random() < _AWAY_SHARE
            is_rest = day.isocalendar().week % 4 == 0
            week_mood = 0.1 if is_away else 0.5 if is_rest else random.uniform(0.8, 1.2)
        summer = 1.0 + 0.25 * math.cos((day.month - 6.5) / 6 * math.pi)
        appetite.append(week_mood * summer * _WEEKDAYS[day.weekday()] * random.uniform(0.4, 1.6))
    return appetite


def _start_seconds(random: Random, day: date, count: int) -> Iterator[int]:
    """Local seconds of the day at which its activities start, ascending."""
    if count == 1:
        early, late = (
            (8, 11) if day.weekday() in _WEEKEND else random.choice(((6, 7.5), (12, 12.75), (17, 19)))
        )
        yield int(random.uniform(early, late) * 3600)
        return
    for number in range(count):
        share = (_LATEST_SECONDS - _EARLIEST_SECONDS) / count
        yield int(_EARLIEST_SECONDS + (number + random.uniform(0.05, 0.6)) * share)


def _activity(random: Random, occasion: _Occasion, policy: Policy) -> ActivitySnapshot:
    number, day, seconds = occasion.number, occasion.day, occasion.seconds
    sport = _sport(random, day)
    meters, climb, moving, elapsed = _measures(random, sport, day, occasion.progress)
    utc_offset = 7200 if day.month in _SUMMER_TIME else 3600
    daypart = _DAYPARTS[bisect(_DAYPARTS_END_AT, seconds)]
    is_indoors = sport.sport_type == "Run" and number % _INDOORS_EVERY == _INDOORS_EVERY // 2
    return ActivitySnapshot(
        source=Source.FILE,
        activity_id=_activity_id(number, occasion.id_shift),
        sport_type=sport.sport_type,
        started_at=datetime.combine(day, time(), UTC) + timedelta(seconds=seconds - utc_offset),
        distance_meters=0 if is_indoors else min(meters, policy.training.distance_meters_max),
        elevation_meters=0 if is_indoors else min(climb, policy.training.elevation_meters_max),
        moving_seconds=min(moving, policy.training.duration_seconds_max),
        elapsed_seconds=min(elapsed, policy.training.duration_seconds_max),
        name=_name(daypart, sport.noun, policy.training.activity_name_chars_max),
        utc_offset_seconds=utc_offset,
        is_flagged=number % _FLAGGED_EVERY == _FLAGGED_EVERY // 2,
    )


@cache
def _name(daypart: str, noun: str, chars_max: int) -> str:
    return clean_text(f"{daypart} {noun}")[:chars_max]


def _sport(random: Random, day: date) -> _Sport:
    weights = _cumulative_weights(day.month, is_weekend=day.weekday() in _WEEKEND)
    return random.choices(_SPORTS, cum_weights=weights)[0]


@cache
def _cumulative_weights(month: int, *, is_weekend: bool) -> tuple[float, ...]:
    """Cumulative weights of the sports in a month."""
    return tuple(
        accumulate(each.seasons[month - 1] * (each.weekend if is_weekend else 1.0) for each in _SPORTS)
    )


def _measures(random: Random, sport: _Sport, day: date, progress: float) -> tuple[int, int, int, int]:
    """Distance, climb, moving time and elapsed time.

    In metres and seconds; `progress` goes from 0 to 1 over the years.
    """
    pauses = 1 + random.uniform(0, sport.pauses)
    if not sport.speed_kmh:
        moving = random.randrange(20, 75) * 60
        return 0, 0, moving, round(moving * pauses)
    longer = (1.4 if day.weekday() in _WEEKEND else 1.0) * (0.9 + 0.2 * progress)
    kilometers = random.uniform(*sport.kilometers) * longer
    climb = kilometers * random.uniform(*sport.climb)
    speed = sport.speed_kmh * (0.94 + 0.12 * progress) * random.gauss(1, 0.04)
    moving = round(kilometers / max(speed, sport.speed_kmh / 2) * 3600)
    return round(kilometers * 1000), round(climb), moving, round(moving * pauses)
