"""The cursor behind a page, and counting staged pages back."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commitcollect_adapters.testing.strategies import SEASON_START_AT, moments
from commitcollect_core.strava.backfills import (
    REJECTION_CHARS_MAX,
    REJECTIONS_KEPT_MAX,
    Backfill,
    BackfillPhase,
    next_before,
)
from commitcollect_core.values import UserId

NOW = SEASON_START_AT
FRESH = Backfill(user_id=UserId("user"), started_at=NOW, updated_at=NOW)


def at(second: int) -> datetime:
    """So many seconds into the season."""
    return SEASON_START_AT + timedelta(seconds=second)


@given(before=moments(), oldest=moments())
def test_a_cursor_moves_towards_the_past(before: datetime, oldest: datetime) -> None:
    """It never moves back, and never past the second that the page ended in."""
    following = next_before(before, oldest)
    assert following <= before
    assert following <= oldest + timedelta(seconds=1) == next_before(None, oldest)
    if oldest < before:
        assert oldest < following


@given(
    pages=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), moments() | st.none()), min_size=1),
    rejected=st.integers(0, 3),
)
def test_pages_are_staged_then_committed_then_it_is_done(
    pages: list[tuple[int, int, datetime | None]], rejected: int
) -> None:
    """A page that brought nothing is not staged; as many commits as staged pages end a backfill."""
    backfill = FRESH
    for count, (staged, unread, oldest) in enumerate(pages, start=1):
        assert backfill.phase is BackfillPhase.LISTING
        before = backfill
        backfill = backfill.listed(
            calls=2,
            staged=staged,
            rejections=[f"activity {count}.{number}: bad" for number in range(unread)],
            hidden=1,
            oldest_start_at=oldest,
            is_last=count == len(pages),
            now=at(count),
        )
        assert (backfill.version, backfill.updated_at) == (before.version + 1, at(count))
        assert backfill.pages_staged - before.pages_staged == (staged > 0)
        if oldest is None:
            assert backfill.before == before.before
    commits = 0
    while backfill.phase is BackfillPhase.COMMITTING and commits <= len(pages):
        reasons = [f"commit {commits}.{number}: bad" for number in range(rejected)]
        backfill = backfill.committed(workouts_changed=2, rejections=reasons, now=at(99))
        commits += 1
    assert backfill.phase is BackfillPhase.DONE
    assert backfill.pages_staged == 0
    assert commits == sum(staged > 0 for staged, _, _ in pages)
    assert backfill.pages_listed == 2 * len(pages)
    assert backfill.activities_listed == sum(staged for staged, _, _ in pages)
    assert backfill.activities_rejected == sum(unread for _, unread, _ in pages) + commits * rejected
    assert len(backfill.rejections) == min(backfill.activities_rejected, REJECTIONS_KEPT_MAX)
    assert backfill.activities_hidden == 1
    assert backfill.workouts_changed == commits * 2
    assert backfill.version == 1 + len(pages) + commits
    assert backfill.started_at == NOW


def test_each_rejection_is_kept_once_and_bounded() -> None:
    """Pages overlap, so one may come twice; beyond the limit reasons are only counted, and long ones cut."""
    reasons = [f"activity {number}: {'x' * 500}" for number in range(150)]
    once = FRESH.listed(staged=0, rejections=reasons[:90], oldest_start_at=None, is_last=False, now=NOW)
    twice = once.listed(staged=0, rejections=reasons[60:], oldest_start_at=None, is_last=False, now=NOW)
    assert (once.activities_rejected, twice.activities_rejected) == (90, 150)
    assert len(twice.rejections) == REJECTIONS_KEPT_MAX
    assert max(map(len, twice.rejections)) == REJECTION_CHARS_MAX
    assert [each.partition(":")[0] for each in twice.rejections] == [f"activity {n}" for n in range(100)]


@pytest.mark.parametrize(
    ("before", "oldest", "following"),
    [(None, 9, 10), (20, 9, 10), (11, 9, 10), (10, 9, 10), (9, 9, 9)],
    ids=["the first page", "within the page", "just behind", "a full second", "a list that stands still"],
)
def test_a_page_overlaps_by_a_second(before: int | None, oldest: int, following: int) -> None:
    """The second a page ended in is listed again; a page of that second alone moves nothing."""
    assert next_before(None if before is None else at(before), at(oldest)) == at(following)
