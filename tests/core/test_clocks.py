"""Stored ends and clocks that disagree: a little is allowed for, and more is a clock's error."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from commitcollect_adapters.testing.strategies import moments
from commitcollect_core.clocks import is_ahead, latest_end
from commitcollect_core.policy import Policy, TrainingPolicy


@given(
    now=moments(),
    ahead=st.integers(-10_000, 10_000),
    span=st.integers(0, 5_000),
    skew=st.integers(0, 900),
)
def test_an_end_is_ahead_as_long_as_it_can_be(now: datetime, ahead: int, span: int, skew: int) -> None:
    """Not once it has come, nor further ahead than its span and the clocks' difference; None never is."""
    policy = Policy(training=TrainingPolicy(clock_skew_seconds_max=skew))
    end = now + timedelta(seconds=ahead)
    assert is_ahead(end, now=now, span_seconds=span, policy=policy) == (0 < ahead <= span + skew)
    assert latest_end(now, span_seconds=span, policy=policy) == now + timedelta(seconds=span + skew)
    assert not is_ahead(None, now=now, span_seconds=span, policy=policy)
