"""The routes of workouts: the newest, and a year at a glance."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

from attrs import frozen

from commitcollect_adapters.documents import training_year_document, workout_document
from commitcollect_adapters.time_zones import local_time
from commitcollect_adapters.web import schemas
from commitcollect_adapters.web.calls import OK, TEXT_CHARS_MAX, Answer, Call, Endpoint
from commitcollect_core.app import CommitCollect
from commitcollect_core.errors import InvalidInput, NotFound
from commitcollect_core.training.history import live_workouts
from commitcollect_core.training.local_time import LocalTime
from commitcollect_core.training.ports import WorkoutQuery
from commitcollect_core.values import ActivityId, Source, UserId, WorkoutKey, is_id

RECENT, RECENT_MAX = 10, 50
_MARGIN = timedelta(days=2)


@frozen(kw_only=True, eq=False)
class ActivityRoutes:
    """Workouts over HTTP."""

    app: CommitCollect

    def endpoints(self) -> Iterator[Endpoint]:
        """The rows of the route table."""
        yield Endpoint(
            method="GET", path="/activities/recent", act=self._recent, query=(schemas.limit(RECENT_MAX),),
            about="The newest workouts by start.", answers={OK: schemas.WORKOUTS}, fails_with=(400,),
        )  # fmt: skip
        yield Endpoint(
            method="GET", path="/activities/{source}/{activityId}", act=self._show,
            about="A workout, by where it came from and its id there.",
            answers={OK: schemas.WORKOUT}, fails_with=(404,),
        )  # fmt: skip
        yield Endpoint(
            method="GET", path="/activities/years/{year}", act=self._year, query=(schemas.TIME_ZONE,),
            about="A year of training: totals, and those of each day, month and sport.",
            answers={OK: schemas.TRAINING_YEAR}, fails_with=(400,),
        )  # fmt: skip

    def _show(self, call: Call) -> Answer:
        source, activity_id = call.path["source"], call.path["activityId"]
        if source not in {each.value for each in Source} or not is_id(activity_id):
            raise NotFound("there is no such workout", code="workout_not_found")
        key = WorkoutKey(Source(source), ActivityId(activity_id))
        found = self.app.ports.ledger.read(call.user_id, [key]).workouts.get(key)
        if found is None:
            raise NotFound("there is no such workout", code="workout_not_found")
        return Answer(document=workout_document(found))

    def _recent(self, call: Call) -> Answer:
        limit = call.number("limit", default=RECENT, least=1, most=RECENT_MAX)
        query = WorkoutQuery(newest_first=True, limit=limit)
        found = live_workouts(self.app.ports.ledger, call.user_id, query, self.app.policy)
        return Answer(document={"workouts": [workout_document(each) for each in islice(found, limit)]})

    def _year(self, call: Call) -> Answer:
        limits = self.app.policy.training
        first, last = limits.workout_started_at_min.year, limits.workout_started_at_max.year
        text = call.path["year"]
        if not (text.isascii() and text.isdecimal() and len(text) == len(str(last))):
            raise InvalidInput("a year has four digits", field="year")
        year = int(text)
        if not first <= year <= last:
            raise InvalidInput(f"workouts are of the years {first} to {last}", field="year")
        found = self.app.tracking.year(call.user_id, year, _place(call, year))
        years = self._years(call.user_id)
        return Answer(document={**training_year_document(year, found), "years": years})

    def _years(self, user_id: UserId) -> list[int]:
        """The first and the last year with a live workout; empty without any."""
        # Behind the start that erased workouts are given: there may be thousands of them.
        after_erased = self.app.policy.training.workout_started_at_min + timedelta(seconds=1)
        ends = [
            next(live_workouts(self.app.ports.ledger, user_id, query, self.app.policy), None)
            for query in (
                WorkoutQuery(start_at=after_erased, limit=1),
                WorkoutQuery(start_at=after_erased, newest_first=True, limit=1),
            )
        ]
        found = [each.snapshot.started_at.year for each in ends if each is not None]
        return [found[0], found[-1]] if found else []


def _place(call: Call, year: int) -> LocalTime | None:
    name = call.query.get("timeZone")
    if name is None:
        return None
    start_at, end_at = (datetime(each, 1, 1, tzinfo=UTC) for each in (year, year + 1))
    return local_time(name[:TEXT_CHARS_MAX], start_at - _MARGIN, end_at + _MARGIN)
