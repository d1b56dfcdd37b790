"""How fast webhooks are answered at 200 a second, beside a bare route that answers the same requests at once.

Arrivals are open-loop: they keep to a schedule however slow the answers are, and every latency is measured
from the moment the event was due. Server, worker and callers are processes of their own, and the file is a
real one. Then come bursts of events that are sent at once, to the receiver and to the whole site, alone and
beside clients that send a byte now and then; the events in the queue are counted afterwards. Prints figures,
asserts none.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager, suppress
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from commitcollect_adapters.ciphers.local import LocalCipher
from commitcollect_adapters.ciphers.signing import LocalSigner
from commitcollect_adapters.settings import Settings
from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.jobs import SqliteQueue
from commitcollect_adapters.sqlite.stores import sqlite_stores
from commitcollect_adapters.statues import shipped_catalog
from commitcollect_adapters.strava.fake import FakeStrava, Limits
from commitcollect_adapters.system import NoBackoff, SystemClock, SystemIds
from commitcollect_adapters.web.opening import open_site
from commitcollect_adapters.web.receiver import PATH, Receiver
from commitcollect_adapters.web.serving import serving
from commitcollect_core.context import Context
from commitcollect_core.policy import Policy, StravaPolicy
from commitcollect_core.service import Service, assemble_service
from commitcollect_core.strava.connections import READ_ALL_ACTIVITIES
from commitcollect_core.strava.webhook_intake import WebhookIntake, WebhookSecrets
from commitcollect_core.training.tracking import NewMilestone
from commitcollect_core.values import AthleteId, ModelId, TargetType, UserId

SECONDS = 60
EVENTS_PER_SECOND = 200
ATHLETES = 50
SLOW_MS = 200
BURST, BURSTS = 100, 10
SLOW_CLIENTS = 200
DRIP_SECONDS = 0.5
SUBSCRIPTION = 120_475
SEED = 2026
NO_LIMITS = Limits(window=10**6, day=10**6, read_window=10**6, read_day=10**6)
IDLE_SECONDS = 0.05

_spawning = multiprocessing.get_context("spawn")
_Beside = Callable[[Connection, Path, int], None]


def athlete_of(number: int) -> int:
    """Whose the `number`-th event is."""
    return 1 + number % ATHLETES


def event(number: int, athlete: int | None = None) -> bytes:
    """The `number`-th event: a new activity."""
    document = {
        "object_type": "activity",
        "object_id": 10**10 + number,
        "aspect_type": "create",
        "updates": {},
        "owner_id": athlete_of(number) if athlete is None else athlete,
        "subscription_id": SUBSCRIPTION,
        "event_time": int(datetime.now(UTC).timestamp()),
    }
    return json.dumps(document).encode()


# The processes: each says that it is ready, and ends when it is told to


def serve_receiver(told: Connection, path: Path, _events: int) -> None:
    """The receiver, putting events into a SQLite file."""
    with closing(Database(path)) as database:
        intake = WebhookIntake(
            queue=SqliteQueue(database),
            secrets=WebhookSecrets(subscription_id=SUBSCRIPTION),
            context=Context(clock=SystemClock(), ids=SystemIds(), backoff=NoBackoff()),
        )
        with serving(Receiver(intake).application()) as base:
            told.send(base)
            told.recv()


def serve_site(told: Connection, path: Path, _events: int) -> None:
    """The whole site on this machine, on a SQLite file."""
    settings = Settings(
        store=str(path),
        identity="local:",
        identity_redirect_uri="http://127.0.0.1:8080/auth/callback",
        strava_client_id="1",
        strava_client_secret="s",  # noqa: S106 - of no app
        strava_verify_token="v",  # noqa: S106 - the same
        strava_subscription_id=str(SUBSCRIPTION),
    )
    with open_site(settings) as opened, serving(opened.site.application) as base:
        told.send(base)
        told.recv()


def serve_bare(told: Connection, _path: Path, _events: int) -> None:
    """A route that reads the same requests and does nothing."""

    async def answer(request: Request) -> JSONResponse:
        await request.json()
        return JSONResponse({"status": "queued"})

    with serving(Starlette(routes=[Route(PATH, answer, methods=["POST"])])) as base:
        told.send(base)
        told.recv()


def work(told: Connection, path: Path, events: int) -> None:
    """A worker on the same file; its Strava is in memory and has each activity there will be an event for."""
    with closing(Database(path)) as database:
        fake = FakeStrava(SystemClock(), limits=NO_LIMITS)
        worker = service(database, fake).worker
        for number in range(events):
            activity = {"id": 10**10 + number, "sport_type": "Ride", "distance": 5_000.0, "moving_time": 900}
            fake.add_activities(
                AthleteId(str(athlete_of(number))), [{**activity, "start_date": "2026-03-01T12:00:00Z"}]
            )
        told.send("")
        jobs = 0
        while not told.poll(0 if jobs else IDLE_SECONDS):
            jobs = worker.run_once().jobs


def service(database: Database, fake: FakeStrava) -> Service:
    """The use cases on a file, with every athlete connected and on the way to a statue."""
    stores = sqlite_stores(database)
    policy = Policy(
        strava=StravaPolicy(
            athlete_calls_per_window=10**6, app_calls_per_window=10**6, app_calls_per_day=10**6
        )
    )
    made = assemble_service(
        stores=stores,
        queue=SqliteQueue(database),
        api=fake,
        cipher=LocalCipher([b"k" * 32]),
        signer=LocalSigner(b"k" * 32),
        context=Context(clock=SystemClock(), ids=SystemIds(), backoff=NoBackoff(), policy=policy),
        catalog=shipped_catalog(),
    )
    linking = made.strava.linking
    scope = ("read", READ_ALL_ACTIVITIES)
    for athlete in map(str, range(1, ATHLETES + 1)):
        address = linking.begin(UserId(athlete), "browser", redirect_uri="http://localhost/back")
        linking.finish(
            state=address.partition("state=")[2].partition("&")[0],
            binding="browser",
            code=fake.code_for(AthleteId(athlete), scope),
            granted_scope=scope,
        )
        wish = NewMilestone(
            model_id=ModelId("DRAGON_2026"),
            target_type=TargetType.DISTANCE_METERS,
            total_target=10**9,
            period_start_at=datetime(1990, 1, 1, tzinfo=UTC),
        )
        made.app.tracking.create(UserId(athlete), wish)
    while made.worker.run_once(limit=ATHLETES).jobs:
        pass
    return made


@contextmanager
def beside(behave: _Beside, path: Path, events: int) -> Iterator[str]:
    """A process of its own until the end; yields what it said when it was ready."""
    ours, theirs = _spawning.Pipe()
    process = _spawning.Process(target=behave, args=(theirs, path, events))
    process.start()
    # Only the process holds its end now: should it die, what waits for it learns so.
    theirs.close()
    try:
        yield ours.recv()
    finally:
        ours.send("end")
        process.join()


# The callers


def schedule(events: int) -> Sequence[float]:
    """When each event is due, in seconds: by chance, as independent athletes end their rides."""
    chance, at = Random(SEED), 0.0
    return [at := at + chance.expovariate(EVENTS_PER_SECOND) for _ in range(events)]


class Callers:
    """As many connections as there are calls at once; they are kept and used again."""

    def __init__(self, base: str) -> None:
        address = urlsplit(base)
        self._host, self._port = address.hostname or "", address.port or 0
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.milliseconds: list[float] = []

    async def call(self, body: bytes, due_at: float) -> None:
        """Make a call and note how long after it was due its answer came.

        Raises:
            RuntimeError: it was refused.
        """
        head = f"POST {PATH} HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: application/json\r\n"
        reader, writer = await self._connection()
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        length = answer.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length))
        self.milliseconds.append(1_000 * (asyncio.get_running_loop().time() - due_at))
        self._idle.append((reader, writer))
        if not answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"an event was refused: {answer!r}")

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """An idle connection that the server has not closed meanwhile, or a new one."""
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        return await asyncio.open_connection(self._host, self._port)

    def close(self) -> None:
        """Close every connection."""
        for _, writer in self._idle:
            writer.close()


async def play(base: str, events: int) -> Sequence[float]:
    """Deliver events on schedule; the latencies in milliseconds, the shortest first."""
    callers, loop = Callers(base), asyncio.get_running_loop()
    start = loop.time()
    async with asyncio.TaskGroup() as calls:
        for number, due in enumerate(schedule(events)):
            await asyncio.sleep(start + due - loop.time())
            calls.create_task(callers.call(event(number), start + due))
    callers.close()
    return sorted(callers.milliseconds)


async def burst(base: str) -> Sequence[float]:
    """Send events at once, again and again; the latencies in milliseconds, the shortest first."""
    callers, loop = Callers(base), asyncio.get_running_loop()
    for round_ in range(BURSTS):
        start = loop.time()
        async with asyncio.TaskGroup() as calls:
            for number in range(BURST * round_, BURST * (round_ + 1)):
                calls.create_task(callers.call(event(number, number + 1), start))
    callers.close()
    return sorted(callers.milliseconds)


async def burst_beside_slow_clients(base: str) -> Sequence[float]:
    """The same, while other clients hold connections open with bodies that never end."""
    async with AsyncExitStack() as stack:
        for _ in range(SLOW_CLIENTS):
            await stack.enter_async_context(slow_client(base))
        return await burst(base)


@asynccontextmanager
async def slow_client(base: str) -> AsyncIterator[None]:
    """A client that sends a byte of its body now and then, and connects again when it is sent away."""
    address = urlsplit(base)

    async def drip() -> None:
        while True:
            _, writer = await asyncio.open_connection(address.hostname, address.port)
            with suppress(ConnectionError):
                writer.write(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n".encode())
                while not writer.is_closing():
                    writer.write(b" ")
                    await writer.drain()
                    await asyncio.sleep(DRIP_SECONDS)
            writer.close()

    task = asyncio.create_task(drip())
    try:
        yield
    finally:
        task.cancel()


class Figures(NamedTuple):
    """What latencies came to."""

    p50: float
    p99: float
    longest: float
    slow: int

    @classmethod
    def of(cls, milliseconds: Sequence[float]) -> Figures:
        """The figures of sorted latencies."""
        count = len(milliseconds)
        slow = sum(each > SLOW_MS for each in milliseconds)
        return cls(milliseconds[count // 2], milliseconds[count * 99 // 100], milliseconds[-1], slow)


def measure(serve: _Beside, events: int, *, has_worker: bool = False) -> Figures:
    """The figures of one server on a fresh file, alone or with a worker on the same file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        with beside(serve, path, events) as base:
            if not has_worker:
                return Figures.of(asyncio.run(play(base, events)))
            with beside(work, path, events):
                return Figures.of(asyncio.run(play(base, events)))


def measure_burst(serve: _Beside, send: Callable[[str], Coroutine[Any, Any, Sequence[float]]]) -> str:
    """A line about bursts of events to one server on a fresh file, and how many of them its queue holds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        with beside(serve, path, 0) as base:
            found = Figures.of(asyncio.run(send(base)))
        with closing(Database(path)) as database:
            kept = SqliteQueue(database).counts(now=SystemClock().now()).waiting
    return f"{found.p50:>8.1f}{found.p99:>8.1f}{found.longest:>8.1f}   {kept:,} of {BURST * BURSTS:,} kept"


def main(seconds: int) -> None:
    """Print a line per server."""
    print(f"{BURSTS} times {BURST} events at once; milliseconds until each was answered: p50, p99, max")
    for name, serve, send in (
        ("receiver", serve_receiver, burst),
        ("whole site", serve_site, burst),
        (f"beside {SLOW_CLIENTS} slow clients", serve_site, burst_beside_slow_clients),
    ):
        print(f"{name:<26}{measure_burst(serve, send)}")
    events = seconds * EVENTS_PER_SECOND
    bare = measure(serve_bare, events)
    receiver = measure(serve_receiver, events)
    busy = measure(serve_receiver, events, has_worker=True)
    print(f"{events:,} events at {EVENTS_PER_SECOND}/s; milliseconds from when each was due")
    print(
        f"{'':<26}{'p50':>8}{'p99':>8}{'max':>8}{f'over {SLOW_MS}':>10}   {'p50 and p99 of the bare route'}"
    )
    for name, each in (("bare route", bare), ("receiver", receiver), ("receiver beside a worker", busy)):
        ratio = f"{each.p50 / bare.p50:6.1f} x {each.p99 / bare.p99:6.1f} x"
        print(f"{name:<26}{each.p50:>8.1f}{each.p99:>8.1f}{each.longest:>8.1f}{each.slow:>10,}   {ratio}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SECONDS)
