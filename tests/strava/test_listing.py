"""Walking a history page by page with a cursor of whole seconds, past what Strava hides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import groupby

import pytest
from attrs import frozen
from hypothesis import assume, example, given
from hypothesis import strategies as st

from commitcollect_adapters.testing.strategies import SEASON_START_AT
from commitcollect_core.policy import DEFAULT_POLICY, customised
from commitcollect_core.strava.backfills import next_before
from commitcollect_core.strava.listing import NewPage, next_page
from commitcollect_core.strava.ports import ActivityList, ListedActivity
from commitcollect_core.training.workouts import ActivitySnapshot
from commitcollect_core.values import ActivityId, AthleteId, Source

NOW = SEASON_START_AT
POLICY = customised(DEFAULT_POLICY, {"hidden_pages_max": 3})
CALLS_MAX = 500


@frozen
class Ride:
    """One activity: its number, the second it starts in, and whether Strava hides it or it is unreadable."""

    number: int
    second: int
    is_hidden: bool = False
    is_unreadable: bool = False

    @property
    def start_at(self) -> datetime:
        """When it starts."""
        return SEASON_START_AT + timedelta(seconds=self.second)

    def listed(self) -> ListedActivity:
        """As it is listed."""
        snapshot = ActivitySnapshot(
            source=Source.STRAVA,
            activity_id=ActivityId(f"{self.number}"),
            sport_type="Ride",
            started_at=self.start_at,
            distance_meters=1,
            elevation_meters=0,
            moving_seconds=1,
            elapsed_seconds=1,
            name="",
        )
        return ListedActivity(athlete_id=AthleteId("1"), snapshot=snapshot)


def history(
    seconds: Sequence[int], *, hidden: Sequence[int] = (), unreadable: Sequence[int] = ()
) -> list[Ride]:
    """Rides by the seconds they start in, the newest first."""
    ordered = sorted(seconds, reverse=True)
    return [Ride(n, each, n in hidden, n in unreadable) for n, each in enumerate(ordered)]


def strava(
    rides: Sequence[Ride], before: datetime | None, page_items: int, *, hides: bool
) -> Callable[[int], ActivityList]:
    """A list as Strava gives it: cut into pages first, then private activities are left out."""
    window = [each for each in rides if before is None or each.start_at < before]

    def ask(number: int) -> ActivityList:
        cut = window[(number - 1) * page_items : number * page_items]
        rows = [each for each in cut if not each.is_hidden]
        missing = page_items - len(rows)
        return ActivityList(
            activities=tuple(each.listed() for each in rows if not each.is_unreadable),
            rejected=tuple(f"activity {each.number}" for each in rows if each.is_unreadable),
            is_last=missing > 0 and not hides,
            missing=missing,
            oldest_start_at=min((each.start_at for each in rows), default=None),
        )

    return ask


def walk(rides: Sequence[Ride], page_items: int, *, hides: bool) -> list[NewPage]:
    """Every page up to the end, as a backfill asks for them."""
    pages: list[NewPage] = []
    passed: set[ActivityId] = set()
    before: datetime | None = None
    while not pages or not pages[-1].is_last:
        ask = strava(rides, before, page_items, hides=hides)
        page = next_page(ask, before=before, passed=passed, now=NOW, policy=POLICY)
        pages.append(page)
        passed.update(each.snapshot.activity_id for each in page.activities)
        if page.oldest_start_at is not None:
            before = next_before(before, page.oldest_start_at)
        assert sum(each.calls for each in pages) <= CALLS_MAX, "the walk does not end"
    return pages


def found(pages: Sequence[NewPage]) -> list[int]:
    """The numbers of all activities on these pages, in order."""
    return [int(each.snapshot.activity_id) for page in pages for each in page.activities]


_seconds = st.lists(st.integers(0, 8), max_size=25)
_numbers = st.sets(st.integers(0, 24))


@given(seconds=_seconds, page_items=st.integers(1, 6), unreadable=_numbers)
def test_a_walk_finds_everything_once(seconds: list[int], page_items: int, unreadable: set[int]) -> None:
    """However many activities share a second, and however many cannot be read: each comes once, in order."""
    rides = history(seconds, unreadable=sorted(unreadable))
    pages = walk(rides, page_items, hides=False)
    assert found(pages) == [each.number for each in rides if not each.is_unreadable]
    named = {reason for page in pages for reason in page.rejected}
    assert named == {f"activity {each.number}" for each in rides if each.is_unreadable}


@given(seconds=_seconds, page_items=st.integers(1, 6), hidden=_numbers)
@example(seconds=[0, 0, 0], page_items=1, hidden={0})
@example(seconds=[0, 0, 0, 0, 0, 0], page_items=1, hidden={0, 1, 3, 4})
def test_hidden_activities_end_no_walk(seconds: list[int], page_items: int, hidden: set[int]) -> None:
    """Whatever Strava leaves out of pages, all others are found, unless too many in a row are hidden."""
    rides = history(seconds, hidden=sorted(hidden))
    runs = [len(list(run)) for is_hidden, run in groupby(rides, key=lambda each: each.is_hidden) if is_hidden]
    assume(max(runs, default=0) <= (POLICY.strava.hidden_pages_max - 1) * page_items)
    pages = walk(rides, page_items, hides=True)
    assert found(pages) == [each.number for each in rides if not each.is_hidden]
    assert max(page.hidden for page in pages) <= sum(each.is_hidden for each in rides)


def test_205_private_activities_in_a_row_end_no_walk() -> None:
    """With pages of 200: the next page of the same window holds what is older, and the hidden are counted."""
    rides = history(range(1_000, 0, -1), hidden=range(3, 208))
    pages = walk(rides, 200, hides=True)
    assert len(found(pages)) == 795
    assert sum(page.hidden for page in pages) > 0


def test_too_many_hidden_pages_end_a_walk() -> None:
    """There has to be a limit; the calls up to it are few."""
    rides = history(range(100, 0, -1), hidden=range(10, 90))
    pages = walk(rides, 10, hides=True)
    assert found(pages) == list(range(10))
    assert sum(page.calls for page in pages) == 1 + POLICY.strava.hidden_pages_max + 1


@pytest.mark.parametrize("count", [199, 200, 201, 450, 1_000])
def test_any_number_of_activities_may_share_a_second(count: int) -> None:
    """More than a page holds, with others before and behind: page numbers go on where the cursor cannot."""
    rides = history([*range(100), *[50] * count])
    assert found(walk(rides, 200, hides=False)) == [each.number for each in rides]
