"""Athletes at their browsers, who disconnect and connect with the real commands."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Callable
from random import Random

from attrs import define, field

from cli.console import PATIENCE_SECONDS
from commitcollect_adapters.strava.fake.faults import NoAnswer
from commitcollect_core.strava.connections import ConnectionStatus
from commitcollect_core.strava.ports import ConnectionStore
from commitcollect_core.values import AthleteId, UserId
from soak.processes import Command
from soak.strava import CONNECTED, SoakStrava
from soak.training import Training

ADDRESS = re.compile(r"http\S+/authorize\?\S+")
VISITS_MAX = 50
CHECK_AGAIN_SECONDS = 2.0


def user_of(athlete_id: AthleteId) -> UserId:
    """The account of an athlete."""
    return UserId(f"user-{athlete_id}")


@define(eq=False)
class Browsers:
    """Connects and disconnects athletes, one at a time.

    Attributes:
        done: how often what was done.
        violations: athletes who have to connect again and lost nothing.
    """

    fake: SoakStrava
    training: Training
    command: Command
    connections: ConnectionStore
    chance: Random
    pause: Callable[[float], object]
    done: Counter[str] = field(factory=Counter)
    violations: list[str] = field(factory=list)

    def status(self, athlete_id: AthleteId) -> ConnectionStatus | None:
        """Of the athlete's connection; None if there is none."""
        connection = self.connections.read(user_of(athlete_id))
        return None if connection is None else connection.status

    def step(self) -> None:
        """Have an athlete do something about the connection."""
        athlete_id = self.chance.choice(self.training.athletes)
        self.check(athlete_id)
        if self.status(athlete_id) is not ConnectionStatus.ACTIVE:
            self.connect(athlete_id)
            return
        self.chance.choices((self.disconnect, self.connect, self.end_permission), (3, 1, 1))[0](athlete_id)

    def check(self, athlete_id: AthleteId) -> None:
        """Note an athlete whose connection does not work, or is gone, and who lost nothing."""
        status = self.status(athlete_id)
        if status is ConnectionStatus.ACTIVE:
            return
        if status is not None:
            self.done[f"found {status}"] += 1
        if not self.fake.record.losses(athlete_id):
            # What a process lost that is being killed at this moment is on record a moment later.
            self.pause(CHECK_AGAIN_SECONDS)
            if not self.fake.record.losses(athlete_id):
                self.violations.append(
                    f"the connection of athlete {athlete_id} is {status}, and nothing was lost"
                )

    def disconnect(self, athlete_id: AthleteId) -> bool:
        """Disconnect an athlete; whether that succeeded."""
        self.training.forget(athlete_id)
        self.fake.record.add(0, "permission ended", athlete_id)
        outcome = self.command.run("strava", "disconnect", "--yes", "--user", user_of(athlete_id))
        return self._counted("disconnected", outcome.code == 0, outcome.err)

    def end_permission(self, athlete_id: AthleteId) -> bool:
        """Have an athlete end the permission at Strava."""
        self.training.forget(athlete_id)
        self.fake.end_permission(athlete_id)
        return self._counted("permission ended", True, "")

    def connect(self, athlete_id: AthleteId) -> bool:
        """Connect an athlete; whether that succeeded."""
        self.fake.sign_in(athlete_id)
        # Before, as what is lost while the command ends is a loss of the new connection.
        self.fake.record.add(0, CONNECTED, athlete_id)
        is_done, said = self._connected(athlete_id)
        if not is_done:
            self.fake.record.add(0, "exchange failed", athlete_id)
        self.training.forget(athlete_id)
        return self._counted("connected", is_done, said)

    def _connected(self, athlete_id: AthleteId) -> tuple[bool, str]:
        with subprocess.Popen(
            self.command.line("strava", "connect", "--private", "--user", user_of(athlete_id)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.command.environment,
        ) as process:
            assert process.stdin is not None
            assert process.stderr is not None
            said = ""
            for line in process.stderr:
                said += line
                if found := ADDRESS.findall(line):
                    process.stdin.write(self._visited(found[0]) + "\n")
                    process.stdin.flush()
                    break
            _, rest = process.communicate(timeout=PATIENCE_SECONDS)
        return process.returncode == 0, said + rest

    def _visited(self, address: str) -> str:
        """Where the browser ends; the athlete reloads a page that failed."""
        for _ in range(VISITS_MAX):
            try:
                ends_at = self.fake.visit_consent(address)
            except (KeyError, NoAnswer):
                continue
            if "code=" in ends_at:
                return ends_at
        raise AssertionError("the consent page never answers")

    def _counted(self, what: str, is_done: bool, said: str) -> bool:
        self.done[what if is_done else f"not {what}"] += 1
        if "Traceback" in said:
            self.violations.append(f"a traceback when an athlete {what}: {said[-2_000:]}")
        return is_done
