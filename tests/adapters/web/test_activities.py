"""The routes of workouts and the plain page pass over workouts that are deleted or erased."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.web.visiting import Visited, visited
from commitcollect_core.training.workouts import ActivityGone, ActivitySnapshot
from commitcollect_core.values import ActivityId, Source, UserId

FIRST = datetime(2015, 12, 31, 12, tzinfo=UTC)
WEEKS = 110


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Visited]:
    """A site."""
    with visited(tmp_path) as opened:
        yield opened


def run(week: int) -> ActivitySnapshot:
    """A run so many weeks after the first one."""
    return ActivitySnapshot(
        source=Source.FILE,
        activity_id=ActivityId(f"w-{week}"),
        sport_type="Run",
        started_at=FIRST + timedelta(weeks=week),
        name=f"Week {week}",
    )


def test_deleted_workouts_take_no_place_among_the_newest(site: Visited) -> None:
    """With more deleted than a page holds, older ones are still shown: as many as are asked for."""
    browser = site.signed_in()
    user_id = UserId(browser.get("/session").json()["userId"])
    ingestion = site.opened.service.app.ingestion
    ingestion.ingest(user_id, [run(week) for week in range(WEEKS)])
    ingestion.ingest(user_id, [ActivityGone(key=run(week).key) for week in range(20, WEEKS)])
    newest = browser.get("/activities/recent").json()["workouts"]
    assert [each["activityId"] for each in newest] == [f"w-{week}" for week in range(19, 9, -1)]
    assert len(browser.get("/activities/recent?limit=50").json()["workouts"]) == 20
    page = browser.get("/plain").text
    assert ("Week 19" in page, "Week 0" in page, "Week 20" in page) == (True, True, False)


def test_the_years_are_those_of_live_workouts(site: Visited) -> None:
    """Deleted workouts at both ends and erased ones, which keep no start, are left out; of none, no year."""
    browser = site.signed_in()
    user_id = UserId(browser.get("/session").json()["userId"])
    ingestion = site.opened.service.app.ingestion

    def years() -> object:
        return browser.get("/activities/years/2016").json()["years"]

    assert years() == []
    ingestion.ingest(user_id, [run(week) for week in range(WEEKS)])
    assert years() == [2015, 2018]
    ingestion.erase(user_id, [run(week).key for week in range(60, WEEKS)], generation=None)
    assert years() == [2015, 2017]
    ingestion.ingest(user_id, [ActivityGone(key=run(week).key) for week in (0, 1)])
    assert years() == [2016, 2017]
    ingestion.erase(user_id, [run(week).key for week in range(WEEKS)], generation=None)
    assert years() == []
