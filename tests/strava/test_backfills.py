"""Walking a history page by page with a cursor of whole seconds, and counting the pages back."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from random import Random

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from commitcollect_adapters.testing.strategies import SEASON_START_AT, moments
from commitcollect_core.strava.backfills import Backfill, BackfillPhase, next_before
from commitcollect_core.values import UserId

NOW = SEASON_START_AT
FRESH = Backfill(user_id=UserId("user"), started_at=NOW, updated_at=NOW)


def at(second: int) -> datetime:
    """So many seconds into the season."""
    return SEASON_START_AT + timedelta(seconds=second)


@frozen(kw_only=True)
class Walk:
    """The activities a backfill came by, by the number they were uploaded under, and how it ended."""

    visited: frozenset[int]
    backfill: Backfill


def walk(starts: list[int], *, page_items: int, uploads: list[int], chance: Random) -> Walk:
    """List a history as Strava does: what starts before the cursor, the newest first, ties in any order.

    Args:
        starts: when each activity starts.
        page_items: activities a page holds at most.
        uploads: when activities start that appear while the walk is under way, one before each page.
        chance: settles the order of activities of one second, on each page anew.
    """
    there = list(enumerate(starts))
    backfill, visited = FRESH, set[int]()
    pages_max = 2 * (len(starts) + len(uploads)) + 2
    while backfill.phase is BackfillPhase.LISTING:
        if backfill.pages_listed < len(uploads):
            there.append((len(there), uploads[backfill.pages_listed]))
        chance.shuffle(there)
        before = backfill.before
        older = [each for each in there if before is None or at(each[1]) < before]
        page = sorted(older, key=lambda each: -each[1])[:page_items]
        new = {number for number, _ in page} - visited
        visited |= new
        backfill = backfill.listed(
            staged=len(new),
            rejected=0,
            oldest_start_at=at(page[-1][1]) if page else None,
            is_last=len(page) < page_items,
            now=NOW,
        )
        assert backfill.pages_listed <= pages_max, "the walk does not end"
    return Walk(visited=frozenset(visited), backfill=backfill)


_seconds = st.lists(st.integers(0, 8), max_size=25)


@given(
    starts=_seconds,
    uploads=_seconds.map(lambda each: each[:4]),
    page_items=st.integers(1, 6),
    chance=st.randoms(use_true_random=False),
)
def test_a_walk_ends_and_passes_no_second_by(
    starts: list[int], uploads: list[int], page_items: int, chance: Random
) -> None:
    """Of each second every activity is visited, or a whole page of them if there are more than one holds.

    Nothing more can be had from a list that is bounded by seconds alone. Activities may be uploaded while
    the walk is under way: those that were there at first are visited all the same.
    """
    visited = walk(starts, page_items=page_items, uploads=uploads, chance=chance).visited
    all_starts = starts + uploads
    crowd = Counter(all_starts)
    seen = Counter(all_starts[number] for number in visited)
    at_first = Counter(starts)
    for second, there in at_first.items():
        if crowd[second] <= page_items:
            missed = {n for n, start in enumerate(starts) if start == second} - visited
            assert not missed
        assert seen[second] >= min(there, page_items)


@given(starts=_seconds, page_items=st.integers(1, 6), chance=st.randoms(use_true_random=False))
def test_each_activity_is_counted_once(starts: list[int], page_items: int, chance: Random) -> None:
    """Pages overlap, and counts are of what was new on each; an empty history is done at once."""
    ended = walk(starts, page_items=page_items, uploads=[], chance=chance)
    assert ended.backfill.activities_listed == len(ended.visited)
    end = BackfillPhase.COMMITTING if starts else BackfillPhase.DONE
    assert ended.backfill.phase is end
    assert ended.backfill.pages_staged <= ended.backfill.pages_listed


@given(before=moments(), oldest=moments())
def test_a_cursor_moves_towards_the_past(before: datetime, oldest: datetime) -> None:
    """It always moves, so that a walk ends, and never past the second that the page ended in unless full."""
    following = next_before(before, oldest)
    assert following < before
    assert following <= oldest + timedelta(seconds=1) == next_before(None, oldest)
    if oldest < before - timedelta(seconds=1):
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
            staged=staged,
            rejected=unread,
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
        backfill = backfill.committed(workouts_changed=2, rejected=rejected, now=at(99))
        commits += 1
    assert backfill.phase is BackfillPhase.DONE
    assert backfill.pages_staged == 0
    assert commits == sum(staged > 0 for staged, _, _ in pages)
    assert backfill.pages_listed == len(pages)
    assert backfill.activities_listed == sum(staged for staged, _, _ in pages)
    assert backfill.activities_rejected == sum(unread for _, unread, _ in pages) + commits * rejected
    assert backfill.workouts_changed == commits * 2
    assert backfill.version == 1 + len(pages) + commits
    assert backfill.started_at == NOW


@pytest.mark.parametrize(
    ("before", "oldest", "following"),
    [(None, 9, 10), (20, 9, 10), (11, 9, 10), (10, 9, 9), (9, 9, 8)],
    ids=["the first page", "within the page", "just behind", "a full second", "a list that stands still"],
)
def test_a_page_overlaps_by_a_second(before: int | None, oldest: int, following: int) -> None:
    """The second a page ended in is listed again, unless the page was of that second alone."""
    assert next_before(None if before is None else at(before), at(oldest)) == at(following)
