"""A quarter of an hour of forged events about one athlete, second by second, beside real ones of all."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from attrs import Factory, define

from commitcollect_adapters.strava.fake import CallKind
from commitcollect_core.jobs.worker import JobEnd, WorkedJob
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.strava.jobs import activity_of, athlete_of
from commitcollect_core.values import ActivityId, AthleteId, UserId
from strava.world import ATHLETE, ME, START, World, payload

SECONDS = 900
OTHERS = tuple(AthleteId(str(number)) for number in range(100, 120))
JOBS_PER_SECOND = 5
"""How many jobs all workers do in a second, at 200 ms for a call of Strava's."""

OTHERS_EVERY_SECONDS = 5
OURS_EVERY_SECONDS = 50
FIRST_FORGED_ID = 9_000_000


@define
class Figures:
    """What a flood came to; times in seconds of the simulation.

    Attributes:
        others_late: after its due time, how long each event of another athlete took.
        ours_late: the same for real events of the athlete of whom the forged ones tell, after their arrival.
        jobs_max: the most jobs that waited or were under way.
        calls: for single activities of that athlete, per window.
        ends: how jobs ended.
    """

    others_late: list[float] = Factory(list)
    ours_late: list[float] = Factory(list)
    jobs_max: int = 0
    calls: Counter[int] = Factory(Counter)
    ends: Counter[JobEnd] = Factory(Counter)


class Flood:
    """The events, a worker of a certain speed, and what is measured."""

    def __init__(self, world: World, *, forged_per_minute: int) -> None:
        self.world = world
        self.figures = Figures()
        self._per_minute = forged_per_minute
        self._forged = 0
        self._uploads = 0
        self._due: dict[ActivityId, datetime] = {}
        self._ours: dict[ActivityId, datetime] = {}

    def run(self) -> Figures:
        """Connect all, let events come for a quarter of an hour, then work until ours have all arrived."""
        world = self.world
        world.connect()
        for athlete_id in OTHERS:
            world.connect(UserId(f"user-{athlete_id}"), athlete_id)
        world.work()
        began = world.clock.now()
        for second in range(SECONDS):
            self._forge(self._per_minute * (second + 1) // 60)
            if second % OTHERS_EVERY_SECONDS == 0:
                self._upload(OTHERS[second // OTHERS_EVERY_SECONDS % len(OTHERS)], self._due)
            if second % OURS_EVERY_SECONDS == 0:
                self._upload(ATHLETE, self._ours)
            self._second()
        while (self._due or self._ours) and world.clock.now() < began + timedelta(seconds=3 * SECONDS):
            self._second()
        return self.figures

    def _forge(self, until: int) -> None:
        """Take in forged events, each about an activity of its own."""
        now = int(self.world.clock.now().timestamp())
        while self._forged < until:
            self._forged += 1
            document = {
                "subscription_id": self.world.subscription_id,
                "object_type": "activity",
                "object_id": FIRST_FORGED_ID + self._forged,
                "aspect_type": "create",
                "owner_id": int(ATHLETE),
                "event_time": now,
                "updates": {},
            }
            self.world.strava.intake.accept(document)

    def _upload(self, athlete_id: AthleteId, arrived: dict[ActivityId, datetime]) -> None:
        self._uploads += 1
        started_at = START - timedelta(hours=self._uploads)
        start_date = started_at.strftime("%Y-%m-%dT%H:%M:%SZ")
        new = self.world.fake.upload(athlete_id, payload(self._uploads, start_date=start_date))
        self.world.deliver()
        arrived[new] = self.world.clock.now()

    def _second(self) -> None:
        """Do as many jobs as fit, one after the other, as several workers do."""
        before = self.world.fake.calls(CallKind.ACTIVITY)
        done_before = len(self.figures.others_late)
        for _ in range(JOBS_PER_SECOND):
            worked = self.world.worker.run_once().worked
            if not worked:
                break
            for each in worked:
                self._note(each)
        window = int(self.world.clock.now().timestamp()) // 900
        others = len(self.figures.others_late) - done_before
        self.figures.calls[window] += self.world.fake.calls(CallKind.ACTIVITY) - before - others
        counts = self.world.queue.counts(now=self.world.clock.now())
        self.figures.jobs_max = max(self.figures.jobs_max, counts.waiting + counts.leased)
        self.world.pass_time(seconds=1)

    def _note(self, worked: WorkedJob) -> None:
        self.figures.ends[worked.end] += 1
        if worked.end is not JobEnd.DONE:
            return
        now = self.world.clock.now()
        if athlete_of(worked.job) == ATHLETE:
            for key in self._ours.keys() & self.world.stored(ME).keys():
                self.figures.ours_late.append((now - self._ours.pop(key)).total_seconds())
        else:
            due_at = self._due.pop(activity_of(worked.job)) + timedelta(
                seconds=DEFAULT_POLICY.strava.webhook_delay_seconds
            )
            self.figures.others_late.append((now - due_at).total_seconds())
