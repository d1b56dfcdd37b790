"""The service of a soak: its processes, its store, and the Strava it talks to."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from attrs import frozen

from cli.stravas import settings_for
from commitcollect_adapters.backend import Backend, open_backend
from commitcollect_adapters.settings import Settings, load_settings
from commitcollect_adapters.strava.fake import DeliveryPlan
from commitcollect_adapters.strava.fake.server import application
from commitcollect_adapters.web import serving
from soak.clock import SoakClock
from soak.processes import Command, Killable
from soak.strava import SoakStrava

WORKERS = 3
PLAN = {"dropped": 0.15, "repeated": 0.25, "odd": 0.25, "is_shuffled": True}
CALLS_OF_APP = {"APP_CALLS_PER_WINDOW": "1000000", "APP_CALLS_PER_DAY": "1000000"}


@frozen(kw_only=True)
class SoakService:
    """Everything that runs in a soak.

    Attributes:
        clock: the right time.
        skip: the file with what all clocks have skipped.
        step: the file with what the first worker's clock is wrong by.
        command: runs commands that are not killed.
        processes: those that are killed, the receiver first.
        backend: the store, to look into.
        settings: of every process, and of what runs in this one.
    """

    clock: SoakClock
    skip: Path
    step: Path
    fake: SoakStrava
    command: Command
    processes: tuple[Killable, ...]
    backend: Backend
    settings: Settings


@contextmanager
def running_service(folder: Path, seed: int) -> Iterator[SoakService]:
    """Start everything but the processes, and stop it all at the end."""
    skip, step = folder / "skip", folder / "step"
    started_at = time.time()
    clock = SoakClock(started_at, (skip,))
    fake = SoakStrava(clock, plan=DeliveryPlan(**PLAN, seed=seed), seed=seed)  # type: ignore[arg-type]  # mixed
    port = _free_port()
    subscription_id = fake.put_subscription(f"http://{serving.LOCALHOST}:{port}/webhooks/strava")
    common = {
        "COMMITCOLLECT_STORE": str(folder / "soak.db"),
        "COMMITCOLLECT_STRAVA_VERIFY_TOKEN": "verify",
        "COMMITCOLLECT_STRAVA_SUBSCRIPTION_ID": str(subscription_id),
        **{f"COMMITCOLLECT_POLICY_{name}": value for name, value in CALLS_OF_APP.items()},
    }
    with ExitStack() as stack:

        def command(clock: SoakClock = clock) -> Command:
            # Each process has an address of the fake's of its own, by which the record tells them apart.
            address = stack.enter_context(serving.serving(application(fake)))
            return Command(clock, {**common, **settings_for(fake, address)})

        def killable(name: str, command: Command, *arguments: str) -> Killable:
            return Killable(name, command, arguments, folder / f"{name}.log", fake.record)

        receiver = killable("serve", command(), "serve", "--port", str(port))
        wrong = SoakClock(started_at, (skip, step))
        clocks = (wrong, *(clock for _ in range(WORKERS - 1)))
        workers = [
            killable(f"worker-{number}", command(each), "worker", "--idle", "0.05")
            for number, each in enumerate(clocks, 1)
        ]
        processes = (receiver, *workers)
        by_hand = command()
        backend = stack.enter_context(open_backend(common["COMMITCOLLECT_STORE"]))
        try:
            yield SoakService(
                clock=clock,
                skip=skip,
                step=step,
                fake=fake,
                command=by_hand,
                processes=processes,
                backend=backend,
                settings=load_settings({}, by_hand.settings, folder)[0],
            )
        finally:
            for each in processes:
                each.kill()


def _free_port() -> int:
    with serving.listening(serving.LOCALHOST, 0) as listener:
        port: int = listener.getsockname()[1]
        return port
