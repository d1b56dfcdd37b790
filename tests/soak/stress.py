"""A soak: several processes in which everything fails that can, and what must hold afterwards.

Workers and the receiver are killed at random, the clock of one worker steps by an hour both ways, Strava
fails one call in five, and athletes come and go. Then the faults end, and every ledger must be what Strava
holds.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from random import Random
from threading import Event, Thread
from typing import Any

from attrs import define, field

import oracle
from commitcollect_adapters.services import open_service
from commitcollect_adapters.strava.fake import CallKind
from commitcollect_adapters.testing.dumps import LedgerDump, dump_of
from commitcollect_core.service import Service
from commitcollect_core.strava.connections import DEFAULT_SCOPE, READ_ALL_ACTIVITIES, ConnectionStatus
from commitcollect_core.training.tracking import NewMilestone
from commitcollect_core.training.workouts import ActivitySnapshot
from commitcollect_core.values import ActivityId, AthleteId, ModelId, Source, TargetType
from laws import aim_of, check_state, effort_of
from soak.browsers import Browsers, user_of
from soak.clock import step_of, write_step
from soak.processes import Killable
from soak.service import SoakService
from soak.strava import SoakStrava
from soak.training import Training

STEP_SECONDS = 3_600
CHANGE_EVERY_SECONDS = 0.25
KILL_EVERY_SECONDS = 3.0
STEP_EVERY_SECONDS = 6.0
DELIVER_EVERY_SECONDS = 0.2
DELIVER_AGAIN_SECONDS = 3.0
DELIVERED_AT_ONCE = 10
DEAD_SECONDS_MAX = 2.0
LOOK_EVERY_SECONDS = 0.7
SKIP_SECONDS = 300
LOOKS_MAX = 600
ROUNDS_MAX = 10
CONNECTS_MAX = 20
SCOPE = (*DEFAULT_SCOPE, READ_ALL_ACTIVITIES)
WISH = NewMilestone(
    model_id=ModelId("DRAGON_2026"),
    target_type=TargetType.DISTANCE_METERS,
    total_target=300_000,
    period_start_at=datetime(2010, 1, 1, tzinfo=UTC),
)


@define(eq=False)
class Soak:
    """One soak of one seed.

    Attributes:
        violations: what must not happen and did.
        figures: how often what happened.
    """

    service: SoakService
    athletes: tuple[AthleteId, ...]
    seed: int
    violations: list[str] = field(factory=list)
    figures: Counter[str] = field(factory=Counter)
    _stopped: Event = field(factory=Event)
    training: Training = field(init=False)
    browsers: Browsers = field(init=False)
    _chance: Random = field(init=False)

    def __attrs_post_init__(self) -> None:
        service = self.service
        self._chance = Random(self.seed)
        self.training = Training(service.fake, service.clock, self.athletes, Random(self.seed + 1))
        self.browsers = Browsers(
            service.fake,
            self.training,
            service.command,
            service.backend.stores().connections,
            Random(self.seed + 2),
            self._stopped.wait,
        )

    def run(self, seconds: float) -> None:
        """Everything fails for a while; then everything must be well."""
        self._begin()
        self._say("everything fails")
        with self._in_background(self._deliver, DELIVER_EVERY_SECONDS):
            with self._in_background(self.browsers.step, 0.1):
                self._go_wrong(seconds)
            self._say("the faults end")
            self._calm_down()
            self._drain()
            self._check_told()
            self._say("reconciling")
            self._repair()
        self._check_ledgers()
        self._check_logs()
        self._count()

    def _say(self, what: str) -> None:
        print(f"{self.service.clock.now():%d %H:%M} {what}", flush=True)

    def _begin(self) -> None:
        self.service.fake.faults.is_on = False
        self.training.begin()
        with open_service(self.service.settings) as (service, _):
            for athlete_id in self.athletes:
                _connect(service, self.service.fake, athlete_id)
        self.service.fake.faults.is_on = True

    @contextmanager
    def _in_background(self, act: Callable[[], object], every_seconds: float) -> Iterator[None]:
        ended = Event()

        def repeat() -> None:
            while not ended.wait(every_seconds):
                try:
                    act()
                except Exception as failed:
                    self.violations.append(f"the soak itself failed: {failed!r}")
                    raise

        thread = Thread(target=repeat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _deliver(self) -> None:
        report = self.service.fake.deliver(self.training.post, limit=DELIVERED_AT_ONCE)
        if report.failed:
            # Strava waits, too, before it delivers once more, and gives up after the third time.
            self._stopped.wait(DELIVER_AGAIN_SECONDS)
        self.figures["events accepted"] += report.accepted
        self.figures["events not taken, delivered again"] += report.failed
        self.figures["events given up"] += report.given_up

    # The first phase

    def _go_wrong(self, seconds: float) -> None:
        for each in self.service.processes:
            each.start()
        ends_at = time.monotonic() + seconds
        occasions = [
            (CHANGE_EVERY_SECONDS, self.training.step),
            (KILL_EVERY_SECONDS, self._kill),
            (STEP_EVERY_SECONDS, self._step_clock),
        ]
        due = [time.monotonic() + every for every, _ in occasions]
        while (now := time.monotonic()) < ends_at:
            for number, (every, act) in enumerate(occasions):
                if now >= due[number]:
                    act()
                    due[number] = now + every * self._chance.uniform(0.5, 1.5)
            self._check_alive()
            self._stopped.wait(0.02)

    def _kill(self) -> None:
        process = self._chance.choice(self.service.processes)
        process.kill()
        self._stopped.wait(self._chance.uniform(0, DEAD_SECONDS_MAX) if self._chance.random() < 0.3 else 0)
        process.start()

    def _step_clock(self) -> None:
        others = [each for each in (-STEP_SECONDS, 0, STEP_SECONDS) if each != step_of(self.service.step)]
        write_step(self.service.step, self._chance.choice(others))
        self.figures["clock steps"] += 1

    def _check_alive(self) -> None:
        for each in self.service.processes:
            if (code := each.ended_with) is not None:
                self.violations.append(f"{each.name} ended by itself with {code}: {_tail(each)}")
                each.start()

    # The second phase

    def _calm_down(self) -> None:
        self.service.fake.faults.is_on = False
        write_step(self.service.step, 0)
        self._connect_all()

    def _connect_all(self) -> None:
        """Connect athletes whose connection does not work."""
        for athlete_id in self.athletes:
            self.browsers.check(athlete_id)
            for _ in range(CONNECTS_MAX):
                if self.browsers.status(athlete_id) is ConnectionStatus.ACTIVE:
                    break
                self.browsers.connect(athlete_id)
            else:
                self.violations.append(f"athlete {athlete_id} cannot connect")

    def _drain(self) -> None:
        """Work until nothing waits; jobs that were set aside are retried once."""
        self._work_off()
        # Tokens that were lost while nothing needed them are missed only now. What their athletes changed
        # meanwhile comes with the new connection.
        self._connect_all()
        self._work_off()
        for job in self._listed()["jobs"]:
            self.figures["jobs set aside, retried"] += 1
            print(f"set aside: {job}", flush=True)
            self.service.command.run("queue", "retry", job["job"])
        self._work_off()
        left = self._listed()
        if left["waiting"] or left["leased"] or left["parked"]:
            self.violations.append(f"jobs are left: {left}")

    def _listed(self) -> dict[str, Any]:
        return self.service.command.run("queue", "list", "--json").document

    def _work_off(self) -> None:
        """Wait until nothing is left to do; where nothing moves, all clocks skip to what is due later."""
        queue = self.service.backend.queue
        assert queue is not None
        before = None
        for _ in range(LOOKS_MAX):
            self._check_alive()
            counts = queue().counts(now=self.service.clock.now())
            if not counts.waiting and not counts.leased and not self.service.fake.waiting_events():
                return
            if counts == before:
                write_step(self.service.skip, step_of(self.service.skip) + SKIP_SECONDS)
            before = counts
            self._stopped.wait(LOOK_EVERY_SECONDS)
        self.violations.append(f"work is left after {LOOKS_MAX} looks: {before}")

    def _repair(self) -> None:
        """Reconcile every athlete until all of it succeeds."""
        for _ in range(ROUNDS_MAX):
            done = self.service.command.run("strava", "reconcile", "--all", "--days", "100", "--json")
            self.figures["repaired by reconciling"] += done.document.get("repaired", 0)
            self._work_off()
            if done.code == 0 and not done.document["toConnectAgain"]:
                return
            # Tokens that were lost while nothing needed them are missed only now.
            self._connect_all()
            self._work_off()
        self.violations.append(f"reconciling fails {ROUNDS_MAX} times")

    # The verdict

    def _check_told(self) -> None:
        """No job is lost: what the service was told is stored before anything is reconciled."""
        for athlete_id in self.athletes:
            stored, held = _stored(self._dump(athlete_id)), self._held(athlete_id)
            for activity_id in self.training.told(athlete_id):
                self.figures["told and stored"] += 1
                if stored.get(activity_id) != held.get(activity_id):
                    self.violations.append(
                        f"activity {activity_id} of athlete {athlete_id} was told of and is not stored so: "
                        f"{stored.get(activity_id)} is {held.get(activity_id)}"
                    )

    def _check_ledgers(self) -> None:
        for athlete_id in self.athletes:
            self.browsers.check(athlete_id)
            try:
                self._check_ledger(athlete_id)
            except AssertionError as broken:
                self.violations.append(f"the ledger of athlete {athlete_id}: {broken}")

    def _check_ledger(self, athlete_id: AthleteId) -> None:
        dump, held = self._dump(athlete_id), self._held(athlete_id)
        stored = _stored(dump)
        differing = {each for each in stored | held if stored.get(each) != held.get(each)}
        assert not differing, f"differs from Strava in {sorted(differing)}"
        check_state(dump)
        efforts = [effort_of(each) for each in held.values()]
        for milestone_id, milestone in dump.milestones.items():
            aim = aim_of(milestone.goal)
            awarded = [each.part_index for each in dump.awards[milestone_id]]
            due = oracle.awards(aim, efforts)
            assert awarded[: len(due)] == due, f"{awarded} are awarded, {due} at least are due"
            assert milestone.progress.current_value == oracle.total(aim, efforts), "another sum"
        self.figures["ledgers equal"] += 1
        self.figures["workouts equal"] += len(held)

    def _dump(self, athlete_id: AthleteId) -> LedgerDump:
        return dump_of(self.service.backend.ledger(), user_of(athlete_id))

    def _held(self, athlete_id: AthleteId) -> dict[ActivityId, ActivitySnapshot]:
        return {each.activity_id: each for each in self.service.fake.visible_activities(athlete_id)}

    def _check_logs(self) -> None:
        for each in self.service.processes:
            text = each.log.read_text()
            if "Traceback" in text:
                self.violations.append(
                    f"a traceback of {each.name}: {text[text.index('Traceback') :][:3_000]}"
                )

    def _count(self) -> None:
        self.violations += self.browsers.violations
        self.figures.update({f"changes: {what}": count for what, count in self.training.changes.items()})
        self.figures.update({f"athletes: {what}": count for what, count in self.browsers.done.items()})
        for each in self.service.processes:
            self.figures[f"kills of {each.name}"] = each.kills
        fake = self.service.fake
        self.figures.update({f"calls: {kind}": fake.calls(kind) for kind in CallKind if fake.calls(kind)})
        self.figures.update({f"losses: {what}": count for what, count in fake.record.counts().items()})
        faults = fake.faults.spent
        self.figures["faults"] = faults.total()
        self.figures.update({f"fault {fault}": count for fault, count in faults.items()})


def _connect(service: Service, fake: SoakStrava, athlete_id: AthleteId) -> None:
    """Give an athlete a milestone and a connection."""
    user_id = user_of(athlete_id)
    service.app.tracking.create(user_id, WISH)
    linking = service.strava.linking
    address = linking.begin(user_id, "", redirect_uri="http://localhost/back", scope=SCOPE)
    state = address.partition("state=")[2].partition("&")[0]
    code = fake.code_for(athlete_id, SCOPE)
    linking.finish(state=state, binding="", code=code, granted_scope=SCOPE)


def _tail(process: Killable) -> str:
    return process.log.read_text()[-1_000:]


def _stored(dump: LedgerDump) -> dict[ActivityId, ActivitySnapshot]:
    return {
        each.key.activity_id: each.snapshot
        for each in dump.by_start
        if each.key.source is Source.STRAVA and not each.is_deleted
    }
