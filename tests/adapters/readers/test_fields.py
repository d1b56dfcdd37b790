from __future__ import annotations

import unicodedata
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commitcollect_adapters.readers.fields import Values, clean_text, finite, shown, strava_id
from commitcollect_core.errors import InvalidInput


@given(st.text())
def test_clean_text_leaves_nothing_that_acts_on_a_terminal(text: str) -> None:
    """No control, format or surrogate character but the emoji joiner survives; everything else stays."""
    cleaned = clean_text(text)
    left = {unicodedata.category(char) for char in cleaned if char != "\u200d"}
    assert not left & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert clean_text(cleaned) == cleaned
    unharmed = [char for char in text if not char.isspace() and unicodedata.category(char)[0] != "C"]
    assert [
        char for char in cleaned if not char.isspace() and unicodedata.category(char)[0] != "C"
    ] == unharmed


def test_clean_text_examples() -> None:
    """Escapes, line breaks and bidirectional overrides become spaces; emoji sequences stay whole."""
    assert clean_text("\x1b[31mred\r\n\u202eevil\ud800") == "[31mred   evil"
    assert clean_text("\U0001f3c3\u200d\u2640\ufe0f run") == "\U0001f3c3\u200d\u2640\ufe0f run"


@given(st.one_of(st.integers(0, 10**15), st.floats(0, 1e15)))
def test_a_measure_is_the_nearest_whole_number_ties_to_even(value: float) -> None:
    """A measure changes by at most a half, and a tie goes to the even neighbour."""
    values = Values()
    rounded = values.measure(value, "distance")
    assert not values.set_aside
    off = abs(Fraction(value) - rounded)
    assert off < Fraction(1, 2) or (off == Fraction(1, 2) and rounded % 2 == 0)


@pytest.mark.parametrize(
    "value",
    [True, "five", [], {}, float("nan"), float("inf"), -1, -0.4, 10**400, -(10**5000), 1e300, "1e300", "-5"],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_measure_is_set_aside(value: object) -> None:
    """Booleans, words, what is not finite, negative or absurd is set aside under the field's name."""
    values = Values()
    assert values.measure(value, "distance") == 0
    (aside,) = values.set_aside
    assert aside.field == "distance"
    assert len(str(aside)) < 200


def test_a_number_may_come_as_text() -> None:
    """Tools write numbers as texts; nothing, too, says nothing."""
    values = Values()
    assert (values.measure("5.5", "distance"), values.measure(None, "distance")) == (6, 0)
    assert not values.set_aside


@pytest.mark.parametrize("value", [7, "7", "007", "7.0", "00000000000000000007"])
def test_one_activity_has_one_id(value: object) -> None:
    """Number or text, with or without leading zeros, the same activity gets the same key."""
    assert strava_id(value, "id") == "7"


@pytest.mark.parametrize(
    "value",
    [0, "0", -1, True, 1.0, None, "", " 1", "1e5", "٣", "1" * 21, 10**20, 10**5000, "4.7E+09", [1]],
    ids=lambda value: type(value).__name__,
)
def test_an_id_is_digits_only(value: object) -> None:
    """What is not 1 to 20 plain digits identifies nothing, and the message stays short."""
    with pytest.raises(InvalidInput, match="id must be") as caught:
        strava_id(value, "id")
    assert len(caught.value.message) < 200


@given(st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.lists(st.integers())))
def test_shown_fits_into_a_message(value: object) -> None:
    """Whatever a file holds, a message repeats it in one short printable line."""
    assert shown(value).isprintable()
    assert len(shown(value)) < 500


@pytest.mark.parametrize(
    ("value", "expected"), [(5, 5.0), (-5.5, -5.5), (True, None), ("5", None), (1e300, None)]
)
def test_finite_lets_only_reasonable_numbers_through(value: object, expected: float | None) -> None:
    """The optional numbers are either usable or absent."""
    assert finite(value) == expected
    assert finite(float("nan")) is None
