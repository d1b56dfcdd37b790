"""``commitcollect serve`` in a process of its own, and a person in a real browser before it."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from attrs import frozen

from cli.console import COMMAND, PATIENCE_SECONDS, environment

if TYPE_CHECKING:
    from playwright.sync_api import Page

READY = "body[data-state=ready]"
"""The athlete's page has all that it shows at first."""

_ADDRESS = re.compile(r"Listening on (\S+)/$")
_STRAVA = re.compile(r"a made-up Strava at (\S+) stands in")


@frozen
class Served:
    """A running site.

    Attributes:
        strava: where the made-up Strava is.
    """

    process: subprocess.Popen[str]
    address: str
    strava: str

    def stop(self) -> int:
        """End it as a process manager does; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_SECONDS)


@contextmanager
def serve(folder: Path) -> Iterator[Served]:
    """A site with no setting but its port and its file."""
    arguments = ["serve", "--port", "0", "--store", str(folder / "s.db")]
    with subprocess.Popen(
        [*COMMAND, *arguments], stderr=subprocess.PIPE, text=True, env=environment(), cwd=folder
    ) as process:
        try:
            assert process.stderr is not None
            strava = address = ""
            while not address:
                line = process.stderr.readline()
                assert line, "it ended before it listened"
                strava = found[1] if (found := _STRAVA.search(line)) else strava
                address = found[1] if (found := _ADDRESS.match(line.strip())) else address
            Thread(target=process.stderr.read, daemon=True).start()
            yield Served(process, address, strava)
        finally:
            process.kill()


def sign_in(page: Page, site: Served, email: str) -> None:
    """From the welcome page over the local sign-in to the own page."""
    page.goto(f"{site.address}/")
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("E-mail").fill(email)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector(READY)
