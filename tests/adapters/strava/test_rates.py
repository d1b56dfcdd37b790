from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commitcollect_adapters.strava.rates import rates_of
from commitcollect_core.strava.rates import Meter, RateReading

NAMES = ("x-ratelimit-limit", "x-ratelimit-usage", "x-readratelimit-limit", "x-readratelimit-usage")


def test_all_calls_and_reads_are_counted_apart() -> None:
    """Both kinds of limit, each with its window and its day, as recorded from Strava."""
    headers = dict(zip(NAMES, ("200,2000", "68,211", "100,1000", "67,210"), strict=True))
    assert rates_of(headers) == RateReading(
        limit=Meter(200, 2000), used=Meter(68, 211), read_limit=Meter(100, 1000), read_used=Meter(67, 210)
    )


@pytest.mark.parametrize(
    ("text", "meter"),
    [
        ("1,2", Meter(1, 2)),
        (" 1 , 2 ", Meter(1, 2)),
        ("0,0", Meter(0, 0)),
        (",", Meter()),
        (",7", Meter(None, 7)),
        ("7,", Meter(7, None)),
        ("", Meter()),
        ("12", Meter()),
        ("1,2,3", Meter()),
        ("-1,5", Meter(None, 5)),
        ("a few,many", Meter()),
        ("1.5,2", Meter(None, 2)),
        ("٣,٤", Meter()),
        ("9999999999,1", Meter(None, 1)),
        ("9" * 5_000 + ",1", Meter(None, 1)),
    ],
)
def test_counts_that_make_no_sense_count_as_absent(text: str, meter: Meter) -> None:
    """A lone comma, words, negative and huge numbers cost only themselves."""
    reading = rates_of({"x-ratelimit-limit": "200,2000", "x-readratelimit-usage": text})
    assert reading == RateReading(limit=Meter(200, 2000), read_used=meter)


def test_no_counts_at_all_are_none() -> None:
    """Answers about tokens carry none; that is not the same as nothing used."""
    assert rates_of({}) is None
    assert rates_of({"content-type": "application/json", "x-ratelimit-usage": ","}) is None


@given(st.dictionaries(st.sampled_from(NAMES), st.text()))
def test_any_headers_are_survived(headers: dict[str, str]) -> None:
    """Whatever a header holds, reading it raises nothing, and no count is negative."""
    reading = rates_of(headers)
    if reading is not None:
        for meter in (reading.limit, reading.used, reading.read_limit, reading.read_used):
            assert (meter.window or 0) >= 0
            assert (meter.day or 0) >= 0
