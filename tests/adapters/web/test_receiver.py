"""The receiver over real HTTP, on a queue in a file."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import socket
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from attrs import frozen
from starlette.types import Message

from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.jobs import SqliteQueue
from commitcollect_adapters.system import ManualClock, NoBackoff, SequentialIds
from commitcollect_adapters.web.bodies import BODY_BYTES_MAX
from commitcollect_adapters.web.receiver import PATH, Receiver
from commitcollect_adapters.web.serving import serving
from commitcollect_core.context import Context
from commitcollect_core.jobs.jobs import Job
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.strava.webhook_intake import WebhookIntake, WebhookSecrets
from commitcollect_core.values import AthleteId, UserId
from strava.world import World

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SUBSCRIPTION = 120_475
TOKEN = "the-verify-token"  # noqa: S105 - of no account
SEGMENT = "only-strava-is-told"
CANARY = "canary-4711"
JSON = {"content-type": "application/json"}
MEGABYTE = 1_000_000
PATIENCE_SECONDS = 60
"""A call that takes longer hangs. How fast answers are is a matter of `bench_webhooks.py`."""

EVENT: Mapping[str, object] = {
    "object_type": "activity",
    "object_id": 16_195_505_756,
    "aspect_type": "create",
    "updates": {},
    "owner_id": 42,
    "subscription_id": SUBSCRIPTION,
    "event_time": int(NOW.timestamp()),
}
HANDSHAKE = {"hub.mode": "subscribe", "hub.challenge": "15f7d1a91c1f40f8a748fd134752feb3"}


def event(**changes: object) -> bytes:
    """An event's body; what is None is left out."""
    return json.dumps({k: v for k, v in {**EVENT, **changes}.items() if v is not None}).encode()


@frozen
class Answer:
    """What came back."""

    status: int
    content: Any


@frozen
class Site:
    """A receiver that is served."""

    base: str
    receiver: Receiver
    queue: SqliteQueue

    def call(
        self, method: str, body: bytes | None = None, *, headers: Mapping[str, str] = JSON, path: str = PATH
    ) -> Answer:
        """Make a call on a connection of its own."""
        address = urlsplit(self.base)
        with closing(
            HTTPConnection(address.hostname or "", address.port, timeout=PATIENCE_SECONDS)
        ) as connection:
            connection.request(method, path, body, dict(headers))
            response = connection.getresponse()
            content = response.read()
        is_json = response.headers.get_content_type() == "application/json"
        return Answer(response.status, json.loads(content) if is_json else content)

    def post(self, body: bytes, **how: Any) -> Answer:
        """Deliver an event."""
        return self.call("POST", body, **how)

    def confirm(self, **query: str) -> Answer:
        """Ask for the handshake, as Strava does but for `query`; names have an underscore for the dot."""
        asked = {
            **HANDSHAKE,
            "hub.verify_token": TOKEN,
            **{name.replace("_", ".", 1): value for name, value in query.items()},
        }
        return self.call("GET", headers={}, path=f"{PATH}?{urlencode(asked)}")

    def jobs(self) -> list[Job]:
        """What was put into the queue."""
        due = self.queue.lease(now=NOW + timedelta(days=1), seconds=1, limit=1_000)
        return [each.job for each in due]


@contextmanager
def site(
    path: Path,
    *,
    secrets: WebhookSecrets | None = None,
    segment: str = "",
    patience_seconds: float = 30.0,
    clock: Callable[[], float] = monotonic,
) -> Iterator[Site]:
    """A receiver on a fresh file, served until the end."""
    known = secrets or WebhookSecrets(verify_token=TOKEN, subscription_id=SUBSCRIPTION)
    with closing(Database(path / "store.db", busy_timeout_seconds=patience_seconds)) as database:
        queue = SqliteQueue(database)
        context = Context(clock=ManualClock(NOW), ids=SequentialIds(), backoff=NoBackoff())
        intake = WebhookIntake(queue=queue, secrets=known, context=context)
        receiver = Receiver(intake, secret_segment=segment, monotonic=clock)
        with serving(receiver.application()) as base:
            yield Site(base, receiver, queue)


@pytest.fixture(scope="module")
def shared_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One for all tests that need nothing special, as starting and stopping takes its time."""
    with site(tmp_path_factory.mktemp("receiver")) as opened:
        yield opened


@pytest.fixture
def served(shared_site: Site) -> Iterator[Site]:
    """A receiver with a verify token and a subscription, on an empty queue."""
    yield shared_site
    for leased in shared_site.queue.lease(now=NOW + timedelta(days=2), seconds=1, limit=1_000):
        shared_site.queue.complete(leased)
    shared_site.receiver.counts.clear()


# The handshake


def test_the_handshake_gives_the_challenge_back(served: Site) -> None:
    """Strava's own request is answered with what it sent, and nothing else."""
    assert served.confirm() == Answer(200, {"hub.challenge": HANDSHAKE["hub.challenge"]})
    assert served.receiver.counts == {"handshake": 1}


@pytest.mark.parametrize(
    "query",
    [
        {"hub_verify_token": "another"},
        {"hub_verify_token": ""},
        {"hub_verify_token": TOKEN + "\0"},
        {"hub_verify_token": "tökén \U0001f512"},
        {"hub_challenge": ""},
        {"hub_mode": "unsubscribe"},
    ],
    ids=str,
)
def test_an_unasked_handshake_is_refused(served: Site, query: dict[str, str]) -> None:
    """A wrong token, no challenge or another mode: 403, and the challenge does not come back."""
    assert served.confirm(**query) == Answer(403, {"error": "handshake_refused"})
    assert served.receiver.counts == {"handshake_refused": 1}


def test_a_handshake_with_nothing_in_it_is_refused(served: Site) -> None:
    """No query at all, and one whose token is no text."""
    assert served.call("GET", headers={}).status == 403
    assert served.call("GET", headers={}, path=f"{PATH}?hub.verify_token=%ff%ed%a0%80").status == 403


@pytest.mark.parametrize("token", [TOKEN, ""])
def test_without_a_token_of_our_own_every_handshake_is_refused(tmp_path: Path, token: str) -> None:
    """A missing setting is not a token that a sender could guess."""
    with site(tmp_path, secrets=WebhookSecrets(subscription_id=SUBSCRIPTION)) as served:
        assert served.confirm(hub_verify_token=token).status == 403


# Events


def test_an_event_is_kept_before_it_is_answered(served: Site) -> None:
    """A job with what to look at, due once Strava has had its time."""
    assert served.post(event()) == Answer(200, {"status": "queued"})
    delay = timedelta(seconds=DEFAULT_POLICY.strava.webhook_delay_seconds)
    assert served.queue.lease(now=NOW, seconds=1, limit=9) == []
    [leased] = served.queue.lease(now=NOW + delay, seconds=1, limit=9)
    job = leased.job
    assert job.key == "strava/activity/42/16195505756"
    assert served.receiver.counts == {"queued": 1}


def test_each_event_makes_a_line_of_the_log(served: Site, caplog: pytest.LogCaptureFixture) -> None:
    """With the key of its job and what became of it; and a health check answers beside it."""
    caplog.set_level(logging.INFO, "commitcollect_adapters")
    served.post(event())
    lines = [each.getMessage() for each in caplog.records if each.name.endswith("receiver")]
    assert lines == ["event of strava/activity/42/16195505756: queued"]
    assert served.call("GET", path="/health").content["status"] == "healthy"


def test_an_event_without_consequences_is_answered_and_forgotten(served: Site) -> None:
    """An athlete who changed something else than the permission."""
    body = event(object_type="athlete", object_id=42, aspect_type="update", updates={"title": "x"})
    assert served.post(body) == Answer(200, {"status": "nothing_to_do"})
    assert served.jobs() == []


def test_an_event_of_another_subscription_leaves_nothing(served: Site) -> None:
    """It is answered, so that no sender learns which one is ours, and counted."""
    assert served.post(event(subscription_id=SUBSCRIPTION + 1)) == Answer(
        200, {"status": "other_subscription"}
    )
    assert served.jobs() == []
    assert served.receiver.counts == {"other_subscription": 1}


@pytest.mark.parametrize("given", [None, "x", True, 1.5, [SUBSCRIPTION], {"id": 1}, -1, 0])
def test_an_unreadable_subscription_is_not_ours(served: Site, given: object) -> None:
    """Missing, no number, a truth value: answered, counted, nothing stored."""
    assert served.post(event(subscription_id=given)) == Answer(200, {"status": "other_subscription"})
    assert served.jobs() == []


ODD_EVENTS: Mapping[str, Mapping[str, object]] = {
    "updates a list of nothing": {"updates": [None]},
    "updates a list": {"updates": [{"title": "x"}]},
    "updates a text": {"updates": "title"},
    "updates with numbers": {"updates": {"n": 1, "x": 1.5}},
    "updates nested": {"updates": {"title": {"deep": [1]}}},
    "many updates": {"updates": {f"{each}": "x" for each in range(1_000)}},
    "ids as text": {"object_id": "16195505756", "owner_id": "42", "subscription_id": str(SUBSCRIPTION)},
    "another aspect": {"aspect_type": "changed"},
    "a time as float": {"event_time": NOW.timestamp() + 0.5},
    "a time in milliseconds": {"event_time": int(NOW.timestamp() * 1_000)},
    "a time an hour ahead": {"event_time": int(NOW.timestamp()) + 3_600},
    "a time of 0": {"event_time": 0},
    "a time in 10^18 s": {"event_time": 10**18},
    "no time": {"event_time": None},
}


@pytest.mark.parametrize("name", ODD_EVENTS)
def test_an_odd_event_is_taken(served: Site, name: str) -> None:
    """An event is a hint: whatever else is odd, its activity is looked at."""
    assert served.post(event(**ODD_EVENTS[name])) == Answer(200, {"status": "queued"})
    [job] = served.jobs()
    assert job.key == "strava/activity/42/16195505756"


def test_with_a_key_only_signed_events_are_taken(tmp_path: Path) -> None:
    """The body is signed as it is sent; one that is not is neither read nor kept."""
    secrets = WebhookSecrets(verify_token=TOKEN, subscription_id=SUBSCRIPTION, signature_key="key")
    with site(tmp_path, secrets=secrets) as served:
        body = event()
        signed = hmac.digest(b"key", b"1." + body, "sha256").hex()
        assert served.post(b"no event").status == 403
        assert served.post(body, headers={**JSON, "X-Strava-Signature": "t=1,v1=0"}).status == 403
        assert not served.jobs()
        assert served.post(body, headers={**JSON, "X-Strava-Signature": f"t=1,v1={signed}"}).status == 200
        assert len(served.jobs()) == 1


def test_before_there_is_a_subscription_no_event_is_taken(tmp_path: Path) -> None:
    """The receiver already takes handshakes then."""
    with site(tmp_path, secrets=WebhookSecrets(verify_token=TOKEN)) as served:
        assert served.confirm().status == 200
        assert served.post(event()) == Answer(200, {"status": "other_subscription"})
        assert served.jobs() == []


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "path", [PATH, f"{PATH}/", f"{PATH}/wrong", f"{PATH}/{SEGMENT}x", f"{PATH}/{SEGMENT}/{SEGMENT}"]
)
def test_without_the_secret_part_of_the_path_there_is_nothing(tmp_path: Path, method: str, path: str) -> None:
    """Missing, wrong, longer: 404, whatever else is right."""
    query = urlencode({**HANDSHAKE, "hub.verify_token": TOKEN})
    with site(tmp_path, segment=SEGMENT) as served:
        assert served.call(method, event(), path=f"{path}?{query}").status == 404
        assert served.jobs() == []


def test_with_the_secret_part_of_the_path_all_is_as_ever(tmp_path: Path) -> None:
    """Handshake and event."""
    query = urlencode({**HANDSHAKE, "hub.verify_token": TOKEN})
    with site(tmp_path, segment=SEGMENT) as served:
        assert served.call("GET", headers={}, path=f"{PATH}/{SEGMENT}?{query}").status == 200
        assert served.post(event(), path=f"{PATH}/{SEGMENT}") == Answer(200, {"status": "queued"})
        assert len(served.jobs()) == 1


# Attacks and bad input

HOSTILE: Mapping[str, bytes] = {
    "nothing": b"",
    "no JSON": f"{{'{CANARY}'".encode(),
    "no object": f'["{CANARY}"]'.encode(),
    "null": b"null",
    "UTF-16": event().decode().encode("utf-16"),
    "deep lists": b"[" * 60_000,
    "deep objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "5,000 digits": event().replace(b"16195505756", b"9" * 5_000),
    "30 digits": event().replace(b"16195505756", b"9" * 30),
    "NaN": event().replace(b"16195505756", b"NaN"),
    "1e400": event().replace(b"16195505756", b"1e400"),
    "duplicate keys": event().replace(b'"owner_id"', b'"object_id"'),
    "an id of 0": event(object_id=0),
    "an id below 0": event(owner_id=-42),
    "an id that is a text": event(object_id=CANARY),
    "another kind": event(object_type=CANARY),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_event_is_refused(served: Site, name: str) -> None:
    """400, with no word of what was in it; nothing stored."""
    answer = served.post(HOSTILE[name])
    assert answer.status == 400
    assert answer.content in ({"error": "invalid_json"}, {"error": "invalid_event"})
    assert served.jobs() == []
    assert served.receiver.counts == {answer.content["error"]: 1}


def status_of(base: str, head: str, chunk: bytes, times: int) -> int:
    """The status of a request whose body is so many chunks."""
    address = urlsplit(base)
    with socket.create_connection(
        (address.hostname or "", address.port or 0), timeout=PATIENCE_SECONDS
    ) as connection:
        connection.sendall(f"POST {PATH} HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n".encode())
        for _ in range(times):
            connection.sendall(chunk)
        return int(connection.makefile("rb").readline().split()[1])


@pytest.mark.parametrize(
    ("head", "chunk"),
    [
        (f"Content-Length: {MEGABYTE}", b" " * 1_000),
        ("Transfer-Encoding: chunked", b"3e8\r\n" + b" " * 1_000 + b"\r\n"),
    ],
    ids=["a length", "chunks"],
)
def test_a_huge_body_is_refused(served: Site, head: str, chunk: bytes) -> None:
    """413, said beforehand or not how long it is; nothing stored."""
    assert status_of(served.base, f"Content-Type: application/json\r\n{head}", chunk, 1_000) == 413
    assert served.jobs() == []
    assert served.receiver.counts == {"body_too_large": 1}


def test_a_body_that_is_cut_off_is_no_event(served: Site) -> None:
    """Also where what has arrived would be one."""
    address = urlsplit(served.base)
    body = event()
    with socket.create_connection((address.hostname, address.port), timeout=PATIENCE_SECONDS) as connection:
        head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body) + 1}\r\n\r\n"
        connection.sendall(head.encode() + body)
    while not served.receiver.counts:
        pass
    assert served.receiver.counts == {"body_cut_off": 1}
    assert served.jobs() == []


@pytest.mark.parametrize(("length", "status"), [(BODY_BYTES_MAX, 200), (BODY_BYTES_MAX + 1, 413)])
def test_the_largest_body(served: Site, length: int, status: int) -> None:
    """One byte more is too many."""
    assert served.post(event().ljust(length)).status == status


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": ""},
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "application/json; charset=utf-8"},
        {"content-type": "Application/JSON"},
    ],
    ids=str,
)
def test_no_content_type_costs_an_event(served: Site, headers: dict[str, str]) -> None:
    """The body is JSON or it is not, whatever a proxy says it is."""
    assert served.post(event(), headers=headers).status == 200
    assert len(served.jobs()) == 1


def test_calls_arrive_as_proxies_send_them(served: Site) -> None:
    """With a slash at the end of the path, and with underscores or escapes for the dots in names."""
    assert served.post(event(), path=f"{PATH}/") == Answer(200, {"status": "queued"})
    challenge = HANDSHAKE["hub.challenge"]
    for dot, slash in (("_", ""), ("%2E", ""), (".", "/")):
        query = f"hub{dot}mode=subscribe&hub{dot}challenge={challenge}&hub{dot}verify_token={TOKEN}"
        answer = served.call("GET", headers={}, path=f"{PATH}{slash}?{query}")
        assert answer == Answer(200, {"hub.challenge": challenge})


class SteppedClock:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        """The time."""
        return self.seconds


def test_refusals_are_logged_once_a_minute_and_kind(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Each line names the kind and how many there were; an unknown subscription is one of them."""
    caplog.set_level(logging.INFO)
    clock = SteppedClock()
    with site(tmp_path, clock=clock) as served:
        for _ in range(3):
            served.post(b"{}")
            served.post(event(subscription_id=SUBSCRIPTION + 1))
        clock.seconds += 59.9
        served.post(b"{}")
        clock.seconds += 0.1
        served.post(b"{}")
        served.post(event())
        served.confirm(hub_verify_token="wrong")  # noqa: S106 - of no app
    lines = [each.getMessage() for each in caplog.records if each.name.endswith("receiver")]
    cure = "set strava_subscription_id to the id that 'commitcollect doctor' names"
    assert [line.removeprefix("refused ") for line in lines] == [
        "1 call(s) to the webhook: invalid_event",
        f"1 call(s) to the webhook: other_subscription; {cure}",
        "4 call(s) to the webhook: invalid_event",
        "event of strava/activity/42/16195505756: queued",
        "1 call(s) to the webhook: handshake_refused; the verify token differs from strava_verify_token",
    ]
    assert served.receiver.counts == {
        "invalid_event": 5,
        "other_subscription": 3,
        "queued": 1,
        "handshake_refused": 1,
    }


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
def test_other_methods_are_not_allowed(served: Site, method: str) -> None:
    """405, or 400 for one that is none of HTTP, and nothing stored."""
    assert served.call(method, event()).status == (400 if method == "BREW" else 405)
    assert served.jobs() == []


def test_a_mistake_of_ours_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """500 without a word about it, so that Strava delivers the event again; the log has the rest."""

    def broken(*_arguments: object) -> None:
        raise KeyError("secret of the house")

    monkeypatch.setattr(WebhookIntake, "read", broken)
    with site(tmp_path) as served, caplog.at_level(logging.ERROR):
        answer = served.call("POST", event())
    assert (answer.status, answer.content) == (500, {"error": "internal_error"})
    assert "secret of the house" in caplog.text


def test_an_event_that_could_not_be_kept_is_delivered_again(tmp_path: Path) -> None:
    """503 while the file is locked, since Strava repeats what is not answered with 200; then it is kept."""
    with site(tmp_path, patience_seconds=0.05) as served:
        with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as rival:
            rival.execute("BEGIN IMMEDIATE")
            assert served.post(event()) == Answer(503, {"error": "storage_unavailable"})
            rival.execute("ROLLBACK")
        assert served.jobs() == []
        assert served.post(event()).status == 200
        assert len(served.jobs()) == 1
        assert served.receiver.counts == {"storage_unavailable": 1, "queued": 1}


def test_what_a_host_adds_to_an_answer_is_in_no_other(served: Site) -> None:
    """Not even where it adds to the very list of headers it was given, as tracing does."""
    receiver, seen = served.receiver.application(), []

    async def receive() -> Message:
        return {"type": "http.request", "body": event(subscription_id=1)}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            seen.append(len(message["headers"]))
            message["headers"].append((b"x-trace", b"of this call"))

    scope = {"type": "http", "method": "POST", "path": PATH, "query_string": b"", "headers": []}

    async def call() -> None:
        await receiver(scope, receive, send)

    for _ in range(2):
        asyncio.run(call())
    assert seen == [2, 2]


def test_a_client_that_hangs_up_harms_no_other(served: Site) -> None:
    """A body that ends before its time is no event, and the next caller is served."""
    address = urlsplit(served.base)
    for _ in range(5):
        with socket.create_connection((address.hostname or "", address.port or 0)) as connection:
            head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            connection.sendall(f"{head}Content-Length: 500\r\n\r\n{CANARY}".encode())
    assert served.post(event()).status == 200
    assert len(served.jobs()) == 1


def test_nothing_of_a_call_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever is wrong with it: no body, no header, no query, in no logger and no stream."""
    caplog.set_level(logging.DEBUG)
    with site(tmp_path, patience_seconds=0.05) as served:
        logging.getLogger("uvicorn").addHandler(caplog.handler)
        for body in HOSTILE.values():
            served.post(body, headers={**JSON, "x-canary": CANARY}, path=f"{PATH}?{CANARY}")
        served.post(event(updates={"title": CANARY}), headers={"content-type": CANARY})
        served.confirm(hub_verify_token=CANARY, hub_challenge=CANARY)
        test_a_client_that_hangs_up_harms_no_other(served)
        with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as rival:
            rival.execute("BEGIN IMMEDIATE")
            assert served.post(event(updates={"title": CANARY})).status == 503
        logging.getLogger("uvicorn").removeHandler(caplog.handler)
    written = capfd.readouterr()
    logged = caplog.text + written.out + written.err
    assert "Strava delivers it again" in logged
    assert CANARY not in logged
    assert TOKEN not in logged
    assert "Traceback" not in logged


# What an event costs


class _Traced(Database):
    """A file that writes down every statement."""

    def __init__(self, path: Path) -> None:
        self.statements: list[str] = []
        super().__init__(path)

    def take(self) -> sqlite3.Connection:
        """See `Database`."""
        connection = super().take()
        connection.set_trace_callback(self.statements.append)
        return connection

    def begin(self) -> sqlite3.Connection:
        """See `Database`."""
        connection = super().begin()
        connection.set_trace_callback(self.statements.append)
        return connection

    def count(self, *verbs: str) -> int:
        """How many statements there were that begin with one of these."""
        return sum(each.startswith(verbs) for each in self.statements)


def test_an_event_costs_one_durable_write_and_no_call(tmp_path: Path) -> None:
    """One row in one transaction; Strava is not asked while it waits for its answer."""
    with closing(_Traced(tmp_path / "store.db")) as database:
        world = World(queue=SqliteQueue(database))
        world.connect()
        world.work()
        calls = world.fake.calls()
        receiver = Receiver(world.strava.intake)
        with serving(receiver.application()) as base:
            served = Site(base, receiver, SqliteQueue(database))
            for kind, writes in (("activity", 1), ("athlete", 0)):
                body = event(object_type=kind, subscription_id=world.subscription_id)
                database.statements.clear()
                assert served.post(body).status == 200
                assert database.count("COMMIT") == writes
                assert database.count("INSERT", "REPLACE", "UPDATE", "DELETE") == writes
        assert world.fake.calls() == calls


FORGED = 10_000


def user_of(athlete_id: AthleteId) -> UserId:
    """The account of an athlete."""
    return UserId(f"user-{athlete_id}")


def _forged(number: int, world: World) -> Mapping[str, object]:
    """The `number`-th forged event: of one activity, of many that are not there, or of unknown athletes."""
    owner, activity = [(42, 1), (42, 10**9 + number), (10**6 + number, 1)][number % 3]
    return {**EVENT, "owner_id": owner, "object_id": activity, "subscription_id": world.subscription_id}


def _worked(world: World) -> None:
    """Do everything that is due now."""
    while world.worker.run_once(limit=500).jobs:
        pass


def _counting(world: World) -> Callable[[], int]:
    """What tells how many calls there were since it was last asked."""
    last = world.fake.calls()

    def since() -> int:
        nonlocal last
        before, last = last, world.fake.calls()
        return last - before

    return since


def test_forged_events_cost_little_and_stop_no_other() -> None:
    """Of 10,000 about one athlete and unknown ones, each window brings the budget's fetches and no more.

    The real event of another athlete in their midst is dealt with at once.
    """
    world = World()
    other = AthleteId("43")
    for athlete_id in (AthleteId("42"), other):
        world.connect(user_of(athlete_id), athlete_id)
    world.work()
    for number in range(FORGED // 2):
        world.strava.intake.accept(_forged(number, world))
    world.fake.upload(other, {"id": 77, "sport_type": "Ride", "start_date": "2026-03-01T08:00:00Z"})
    world.deliver()
    for number in range(FORGED // 2, FORGED):
        world.strava.intake.accept(_forged(number, world))
    calls, per_window = _counting(world), DEFAULT_POLICY.strava.athlete_calls_per_window
    world.pass_time(seconds=DEFAULT_POLICY.strava.webhook_delay_seconds)
    _worked(world)
    spent = calls() - 1
    assert 0 < spent <= per_window
    assert world.stored(user_of(other)) == world.held(other) != {}
    for _ in range(2):
        world.pass_time(minutes=1)
        _worked(world)
        assert spent + calls() <= per_window
        world.pass_time(minutes=15)
        _worked(world)
        spent = calls()
        assert 0 < spent <= per_window
    assert world.stored(user_of(AthleteId("42"))) == {}
