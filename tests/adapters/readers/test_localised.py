from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commitcollect_adapters.readers.languages import LANGUAGES
from commitcollect_adapters.readers.locales import (
    ANY_LANGUAGE,
    DUTCH,
    ENGLISH,
    GERMAN,
    LOCALES,
    Locale,
    fold,
    fold_sport,
)
from commitcollect_adapters.readers.localised import (
    parse_date,
    parse_localised_number,
    parse_plain_number,
    sport_named,
)
from commitcollect_core.training.sports import SPORT_TYPES, SportSelection

MOMENT = datetime(2021, 1, 27, 13, 57, 47, tzinfo=UTC)
DATES_OF_ALL = st.integers(315_964_800, 4_102_358_400).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("Jan 27, 2021, 1:57:47 PM", ENGLISH),
        ("Jan 27, 2021, 1:57:47\u202fPM", ENGLISH),
        ("January 27, 2021 at 1:57:47 p.m.", ENGLISH),
        ("27 Jan 2021, 13:57:47", ENGLISH),
        ("2021-01-27 13:57:47", ENGLISH),
        ("2021-01-27T13:57:47Z", ENGLISH),
        ("27.01.2021, 13:57:47", GERMAN),
        ("27.1.2021 13:57:47 Uhr", GERMAN),
        ("27. Januar 2021 um 13:57:47", GERMAN),
        ("27. Jän. 2021, 13:57:47", GERMAN),
        ("Jan 27, 2021, 1:57:47 PM", GERMAN),
        ("27 jan. 2021 13:57:47", DUTCH),
        ("27 januari 2021 om 13:57:47", DUTCH),
        ("27-01-2021 13:57:47", DUTCH),
        ("27 jan 2021, 13:57:47", DUTCH),
        ("2021-01-27T13:57:47.000Z", ENGLISH),
        ("2021-01-27 15:57:47+02:00", ENGLISH),
        ("27 ene 2021, 1:57:47\u202fp.\u00a0m.", LANGUAGES[0]),
        ("27 ene 2021, 13:57:47", LANGUAGES[0]),
        ("27 janv. 2021, 13:57:47", LANGUAGES[1]),
        ("27 janvier 2021 à 13:57:47", LANGUAGES[1]),
        ("27 gen 2021, 13:57:47", LANGUAGES[2]),
        ("27 de jan. de 2021, 13:57:47", LANGUAGES[3]),
        ("27/01/2021, 13:57:47", LANGUAGES[3]),
        ("27 sty 2021, 13:57:47", LANGUAGES[4]),
        ("2021年1月27日 13:57:47", LANGUAGES[5]),
        ("2021年1月27日 下午1:57:47", LANGUAGES[5]),
        ("2021/01/27 13:57:47", ANY_LANGUAGE),
        ("2021. 1. 27. 오후 1:57:47", ANY_LANGUAGE),
        ("27 янв. 2021 г., 13:57:47", ANY_LANGUAGE),  # noqa: RUF001 - Cyrillic on purpose
        ("27. jan. 2021 13.57.47", ANY_LANGUAGE),
        ("27 Oca 2021 13:57:47", ANY_LANGUAGE),
        ("27.1.2021 klo 13.57.47", ANY_LANGUAGE),
        ("27. 1. 2021 13:57:47", ANY_LANGUAGE),
    ],
)
def test_dates_as_exports_write_them(text: str, locale: Locale) -> None:
    """Every way of writing seen or plausible is the same moment in UTC."""
    assert parse_date(text, locale) == MOMENT


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("", ENGLISH),
        ("2021-01-27", ENGLISH),
        ("27/01/2021, 13:57:47", ENGLISH),
        ("01.02.2021, 13:57:47", ENGLISH),
        ("1/27/2021 13:57:47", GERMAN),
        ("27.01-2021 13:57:47", GERMAN),
        ("30. Februar 2021 um 13:57:47", GERMAN),
        ("27. Mai 2021 um 13:57:47", ENGLISH),
        ("Jan 27, 2021, 13:57:47 PM", ENGLISH),
        ("Jan 27, 2021, 25:57:47", ENGLISH),
        ("Jan Feb 27, 2021, 1:57:47 PM", ENGLISH),
        ("Jan 27, 21, 1:57:47 PM", ENGLISH),
        ("27 2021 Jan, 13:57:47", ENGLISH),
        ("2021-.-27 13:57:47", ENGLISH),
        ("2\u0663 Jan 2021, 13:57:47", ENGLISH),
        ("Jan 27, 2021, 1:57:47 PM" + " " * 100, ENGLISH),
        ("Jan 27_ 2021, 1:57:47 PM", ENGLISH),
        ("01/02/2021 13:57:47", ANY_LANGUAGE),
        ("27 ม.ค. 2564 13:57:47", ANY_LANGUAGE),
        ("13:57:47 27 thg 1, 2021", ANY_LANGUAGE),
        ("上午2021年1月27日 下午1:57:47", ANY_LANGUAGE),
        ("2021年13月27日 13:57:47", ANY_LANGUAGE),
        ("44223.58", ANY_LANGUAGE),
        ("2021-01-27 13.57", ANY_LANGUAGE),
        ("am 27 Jan 2021, 1:57:47 PM AM", ENGLISH),
    ],
)
def test_what_is_doubtful_is_no_date(text: str, locale: Locale) -> None:
    """Nothing is guessed: an order that is not certain, a day that is none, a language that is not known."""
    assert parse_date(text, locale) is None


@given(DATES_OF_ALL, st.sampled_from([GERMAN, DUTCH, ENGLISH]), st.data())
def test_every_month_of_every_language_is_found(
    moment: datetime, locale: Locale, data: st.DataObject
) -> None:
    """Each name and abbreviation in a table stands for its month, in any case, with or without a dot."""
    names = [name for name, number in locale.months.items() if number == moment.month]
    name = data.draw(
        st.sampled_from([*names, *(each.upper() for each in names), *(f"{each}." for each in names)])
    )
    assert parse_date(f"{moment.day}. {name} {moment.year}, {moment:%H:%M:%S}", locale) == moment


@given(st.one_of(st.text(max_size=80), st.text("0123456789 .:,-/TzaApPmMJjnufbet", max_size=40)))
def test_any_text_is_a_date_or_none(text: str) -> None:
    """The parsers of cells take anything without raising."""
    for locale in LOCALES:
        found = parse_date(text, locale)
        assert found is None or found.tzinfo is UTC
        parse_localised_number(text, locale)
        parse_plain_number(text)


@pytest.mark.parametrize(
    ("text", "locale", "value"),
    [
        ("9.44", ENGLISH, 9.44),
        ("9,44", ENGLISH, 9.44),
        ("9,44", GERMAN, 9.44),
        ("9.44", GERMAN, 9.44),
        ("1,234", ENGLISH, 1_234),
        ("1,234", GERMAN, 1.234),
        ("1.234", GERMAN, 1_234),
        ("1,234.56", ENGLISH, 1_234.56),
        ("1.234,56", DUTCH, 1_234.56),
        ("1.234.567", ENGLISH, 1_234_567),
        ("1\u202f234,5", GERMAN, 1_234.5),
        ("1'234.5", ENGLISH, 1_234.5),
        ("0", ENGLISH, 0),
        ("-1,5", GERMAN, -1.5),
    ],
)
def test_numbers_meant_for_people(text: str, locale: Locale, value: float) -> None:
    """Both conventions are read in every language; only a lone mark before three digits asks the locale."""
    assert parse_localised_number(text, locale) == pytest.approx(value)


@pytest.mark.parametrize(
    "text", ["", "abc", "1,2,3", "1.2.3,4", ",5", "5,", "1,23.456,7", "nan", "1e5", "٣", "--1"]
)
def test_what_is_no_number(text: str) -> None:
    """Marks in impossible places are an error, not a number."""
    for locale in LOCALES:
        assert parse_localised_number(text, locale) is None


@pytest.mark.parametrize("text", ["nan", "inf", "1_000", "1,5", "0x10", "٣", "", "1e9999", "1 000", "9" * 40])
def test_plain_numbers_are_plain(text: str) -> None:
    """Python's `float` takes more than a computer writes into a table; that more is refused."""
    assert parse_plain_number(text) is None


@given(st.floats(0, 1e12))
def test_a_plain_number_is_what_was_written(value: float) -> None:
    """Metres survive being written and read."""
    assert parse_plain_number(repr(value)) == value


@pytest.mark.parametrize("locale", LOCALES, ids=lambda locale: locale.language)
def test_the_tables_are_sound(locale: Locale) -> None:
    """Keys are folded as lookups fold them, sports exist, and all twelve months have names."""
    assert set(locale.sports.values()) <= set(SPORT_TYPES.values())
    assert all(key == fold_sport(key) for key in locale.sports)
    assert all(key == fold(key) for key in locale.months)
    assert all(name == fold(name) for names in locale.headers.values() for name in names)
    assert set(locale.months.values()) == set(range(1, 13))


@pytest.mark.parametrize(
    ("name", "locale", "sport"),
    [
        ("Weight Training", ENGLISH, "WeightTraining"),
        ("E-Bike Ride", ENGLISH, "EBikeRide"),
        ("trail run", ENGLISH, "TrailRun"),
        ("HIIT", ENGLISH, "HighIntensityIntervalTraining"),
        ("Canoe", ENGLISH, "Canoeing"),
        ("Kayakken", DUTCH, "Kayaking"),
        ("Stand Up Paddle", ENGLISH, "StandUpPaddling"),
        ("Rock Climb", ENGLISH, "RockClimbing"),
        ("Football (Soccer)", ENGLISH, "Soccer"),
        ("Ice Skating", ENGLISH, "IceSkate"),
        ("E-Mountain Bike", ENGLISH, "EMountainBikeRide"),
        ("Virtual Rowing", ENGLISH, "VirtualRow"),
        ("Lauf", GERMAN, "Run"),
        ("Radfahrt", GERMAN, "Ride"),
        ("E-Bike-Fahrt", GERMAN, "EBikeRide"),
        ("Virtuelle Radfahrt", GERMAN, "VirtualRide"),
        ("Trail Run", GERMAN, "TrailRun"),
        ("Hardlopen", DUTCH, "Run"),
        ("Hardloopsessie", DUTCH, "Run"),
        ("Fietsrit", DUTCH, "Ride"),
        ("Quidditch", GERMAN, None),
    ],
)
def test_sports_by_their_display_names(name: str, locale: Locale, sport: str | None) -> None:
    """A display name leads to Strava's own name in its language or in English."""
    assert sport_named(name, locale) == sport


def test_every_english_sport_is_known() -> None:
    """Each of Strava's names is found as an export displays it, in words."""
    for sport in SPORT_TYPES.values():
        words = "".join(f" {char}" if char.isupper() else char for char in sport).strip()
        assert sport_named(words, ENGLISH) == sport


def test_no_word_means_two_things_where_the_language_is_not_known() -> None:
    """The tables of a language that is not known hold only what all languages agree on."""
    for locale in LOCALES:
        for word, month in locale.months.items():
            assert ANY_LANGUAGE.months.get(word, month) == month
        for word, sport in locale.sports.items():
            assert ANY_LANGUAGE.sports.get(word, sport) == sport


def test_a_canoe_is_a_paddled_boat() -> None:
    """The display name leads to the type that the group of paddled boats covers."""
    sport = sport_named("Canoe", ENGLISH)
    assert sport is not None
    assert SportSelection.parse(["PADDLE"]).covers(sport)
