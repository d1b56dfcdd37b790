"""A Strava on this machine, an athlete at its browser, and a person at the keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import define

from cli.console import Console, Outcome
from commitcollect_adapters.strava.fake import FakeStrava
from commitcollect_adapters.system import SystemClock
from commitcollect_core.values import AthleteId

ATHLETE = AthleteId("42")
SETTINGS = ("API_BASE", "OAUTH_BASE", "CLIENT_ID", "CLIENT_SECRET")
_ADDRESS = re.compile(r"http\S+/authorize\?\S+")

Line = str | Callable[[str], str]
"""What is typed: a text, or what a person makes of all that was said so far."""


def ride(number: int, **changes: object) -> dict[str, Any]:
    """An activity of Strava's: the `number`-th of rides of 5 km, an hour apart before today."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return {
        "id": 1_000 + number,
        "sport_type": "Ride",
        "name": f"Ride {number}",
        "start_date": f"{today - timedelta(hours=number):%Y-%m-%dT%H:%M:%SZ}",
        "distance": 5_000.0,
        "moving_time": 1_000,
        "elapsed_time": 1_100,
        "total_elevation_gain": 10.0,
        **changes,
    }


def fresh_fake(*, rides: int = 3) -> FakeStrava:
    """A Strava in the present, whose athlete has so many rides and sits at the browser."""
    fake = FakeStrava(SystemClock())
    fake.sign_in(ATHLETE)
    fake.add_activities(ATHLETE, map(ride, range(1, rides + 1)))
    return fake


@define
class Keyboard:
    """Standard input: lines, and then its end."""

    capsys: pytest.CaptureFixture[str]
    lines: list[Line]
    said: str = ""

    def readline(self) -> str:
        """The next line, or nothing at the end."""
        self.said += self.capsys.readouterr().err
        if not self.lines:
            return ""
        line = self.lines.pop(0)
        return (line if isinstance(line, str) else line(self.said)) + "\n"


@define
class Person:
    """Runs commands and answers what they ask, with the settings of one fake Strava.

    Attributes:
        fake: the Strava.
        address: where it is.
    """

    console: Console
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch
    fake: FakeStrava
    address: str

    def types(self, *lines: Line) -> Keyboard:
        """Have these lines be typed at the next questions."""
        keyboard = Keyboard(self.capsys, list(lines))
        self.monkeypatch.setattr("sys.stdin", keyboard)
        return keyboard

    def browse(self, said: str) -> str:
        """Open the address that was said last; the one the browser ends on."""
        return self.fake.visit_consent(_ADDRESS.findall(said)[-1])

    def connect(self, *options: str) -> Outcome:
        """Connect, as a person does who does it right."""
        self.types(self.browse)
        return self.console("strava", "connect", *options)


def settings_for(fake: FakeStrava, address: str) -> dict[str, str]:
    """Environment variable -> value, for a program that is to take `fake` for Strava."""
    app = fake.app_at(address)
    values = (app.api_base, app.oauth_base, app.client_id, app.client_secret)
    return {f"COMMITCOLLECT_STRAVA_{name}": value for name, value in zip(SETTINGS, values, strict=True)}
