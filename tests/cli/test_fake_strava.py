"""``commitcollect fake-strava``: what it serves, and what can be made to happen there."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cli.console import COMMAND, PATIENCE_SECONDS, Console, environment, run_process, write_history
from cli.stravas import ATHLETE, fresh_fake, ride
from commitcollect_adapters.readers import demo_history, snapshot_from_activity
from commitcollect_adapters.strava.fake import CallKind, DeliveryReport, FakeStrava
from commitcollect_adapters.strava.fake.activities import demo_payloads, saved_payloads
from commitcollect_adapters.strava.fake.server import ControlRoutes, delivering
from commitcollect_adapters.system import SystemClock
from commitcollect_adapters.web.serving import serving
from commitcollect_core.errors import InvalidInput, NotFound
from commitcollect_core.policy import DEFAULT_POLICY

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Served:
    """A fake Strava behind its control routes."""

    def __init__(self, fake: FakeStrava, address: str) -> None:
        self.fake = fake
        self._host = urlsplit(address).netloc

    def call(self, method: str, path: str, document: object = None) -> tuple[int, Any]:
        """The status and the document of an answer."""
        connection = HTTPConnection(self._host, timeout=PATIENCE_SECONDS)
        try:
            connection.request(method, f"/fake/{path}", None if document is None else json.dumps(document))
            answer = connection.getresponse()
            body = answer.read()
            return answer.status, json.loads(body) if body else None
        finally:
            connection.close()

    def events(self) -> list[tuple[object, object]]:
        """What waits for delivery: aspect and id."""
        return [(each["aspect_type"], each["object_id"]) for each in self.fake.waiting_events()]


@pytest.fixture
def served() -> Iterator[Served]:
    """A Strava with three rides that the app may see, and a subscriber."""
    fake = fresh_fake()
    fake.exchange(fake.code_for(ATHLETE))
    fake.put_subscription()
    with serving(ControlRoutes(fake, ATHLETE, SystemClock()).application()) as address:
        yield Served(fake, address)


def test_an_activity_is_uploaded_edited_and_deleted(served: Served) -> None:
    """Each is announced as Strava announces it; id and start need not be given."""
    status, made = served.call("POST", "activities", {"sport_type": "Run", "distance": 5_000})
    number = made["id"]
    assert status == 201
    newest = served.fake.visible_activities(ATHLETE)[0]
    assert (newest.activity_id, newest.distance_meters) == (str(number), 5_000)
    assert abs(newest.started_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert served.call("PATCH", f"activities/{number}", {"name": "Evening Run"}) == (204, None)
    assert served.call("PATCH", f"activities/{number}", {"distance": 6_000}) == (204, None)
    assert served.call("DELETE", f"activities/{number}") == (204, None)
    assert served.events() == [("create", number), ("update", number), ("delete", number)]
    assert served.fake.activity_count(ATHLETE) == 3


def test_an_activity_may_be_as_bad_as_one_likes(served: Served) -> None:
    """What a program cannot believe is put up all the same: that is there to be tried."""
    bad = ride(9, distance=-1, id=77)
    assert served.call("POST", "activities", bad) == (201, {"id": 77})
    assert served.events() == [("create", 77)]


def test_the_athlete_changes_their_mind(served: Served) -> None:
    """The consent can be less or none, and a permission be taken back, which is announced."""
    address = served.fake.authorize_url(state="s", scope=("read", "activity:read"), redirect_uri="http://x/")
    assert served.call("PUT", "consent", {"refuses": True})[0] == 204
    assert "error=access_denied" in served.fake.visit_consent(address)
    assert served.call("PUT", "consent", {"unticks": ["activity:read"]})[0] == 204
    assert "scope=read&" in served.fake.visit_consent(address) + "&"
    assert served.call("DELETE", "permission")[0] == 204
    assert served.events() == [("update", int(ATHLETE))]


def test_calls_go_wrong_and_well_again(served: Served) -> None:
    """A fault holds for so many calls of its kind, or until all orders are cancelled."""
    order = {"fault": "server_error", "kind": "subscriptions", "count": 5}
    assert served.call("POST", "faults", order)[0] == 204
    with pytest.raises(Exception, match="status 500"):
        served.fake.subscriptions()
    assert served.call("DELETE", "faults")[0] == 204
    assert len(served.fake.subscriptions()) == 1
    assert served.fake.calls(CallKind.SUBSCRIPTIONS) == 2


NONSENSE: list[tuple[str, str, object, int]] = [
    ("POST", "activities", [1], 400),
    ("POST", "activities", {"id": -1}, 400),
    ("PATCH", "activities/1001", {"id": 5}, 400),
    ("PATCH", "activities/1001", {"athlete": {"id": 5}}, 400),
    ("PATCH", "activities/5", {"name": "x"}, 404),
    ("DELETE", "activities/5", None, 404),
    ("PUT", "consent", {"refuses": "yes"}, 400),
    ("PUT", "consent", {"unticks": [1]}, 400),
    ("PUT", "consent", {"else": 1}, 400),
    ("POST", "faults", {"fault": "boredom"}, 400),
    ("POST", "faults", {"fault": "hang", "kind": "boredom"}, 400),
    ("POST", "faults", {"fault": "hang", "count": 0}, 400),
    ("POST", "faults", None, 400),
]


def test_nonsense_changes_nothing(served: Served) -> None:
    """What makes no sense is refused with a message, and nothing has happened."""
    before = served.fake.visible_activities(ATHLETE)
    for method, path, document, status in NONSENSE:
        answer = served.call(method, path, document)
        assert answer[0] == status, (method, path, document)
        assert answer[1]["message"]
    assert (served.fake.visible_activities(ATHLETE), served.events()) == (before, [])


def test_events_are_delivered_as_they_come() -> None:
    """Without a call, an event reaches the address that was subscribed, and the round is told."""
    received: queue.Queue[Any] = queue.Queue()
    rounds: queue.Queue[DeliveryReport] = queue.Queue()

    async def take(request: Request) -> Response:
        received.put(await request.json())
        return Response()

    fake = fresh_fake()
    fake.exchange(fake.code_for(ATHLETE))
    with serving(Starlette(routes=[Route("/", take, methods=["POST"])])) as address:
        fake.put_subscription(f"{address}/")
        with delivering(fake, rounds.put):
            fake.upload(ATHLETE, ride(9))
            assert received.get(timeout=PATIENCE_SECONDS)["object_id"] == 1_009
            assert rounds.get(timeout=PATIENCE_SECONDS) == DeliveryReport(accepted=1)


def test_a_made_up_history_ends_now() -> None:
    """It is the demo's, moved by whole weeks to the present, and can be read as Strava's."""
    moved = [snapshot_from_activity(each, DEFAULT_POLICY) for each in demo_payloads(50, seed=1, now=NOW)]
    original = list(demo_history(seed=1, activities=50, policy=DEFAULT_POLICY))
    [shift] = {after.started_at - before.started_at for after, before in zip(moved, original, strict=True)}
    assert shift % timedelta(days=7) == timedelta()
    assert timedelta() < NOW - moved[-1].started_at < timedelta(days=14)
    assert [(each.activity_id, each.distance_meters, each.is_flagged) for each in moved] == [
        (each.activity_id, each.distance_meters, each.is_flagged) for each in original
    ]


def test_saved_histories_are_taken_as_they_are(tmp_path: Path) -> None:
    """Every object with an id is; what is no list of those is told with the item."""
    saved = write_history(tmp_path / "h.json", ride(1, distance="far"), {"id": "007"})
    assert [each["id"] for each in saved_payloads(saved)] == [1_001, 7]
    broken = {"{}": "", '[{"id": 1}, 5]': ", item 2", "[{]": ", item 1", '[{"id": 1}': ""}
    for content, said in broken.items():
        bad = tmp_path / "bad.json"
        bad.write_text(content)
        with pytest.raises(InvalidInput, match=f"bad.json{said}: "):
            list(saved_payloads(bad))
    with pytest.raises(NotFound):
        list(saved_payloads(tmp_path / "none.json"))
    with pytest.raises(InvalidInput):
        list(saved_payloads(tmp_path))


def test_what_cannot_be_served_is_told(console: Console, tmp_path: Path) -> None:
    """A file that is not there, one that is no history, and a port that is taken end it at once."""
    bad = tmp_path / "bad.json"
    bad.write_text("{}")
    assert console("fake-strava", "serve", "none.json").code == 3
    assert console("fake-strava", "serve", bad, "--json").document["error"] == "invalid_input"
    with serving(Starlette()) as address:
        taken = console("fake-strava", "serve", "--port", urlsplit(address).port)
    assert (taken.code, "Address already in use" in taken.err) == (2, True)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stranger_tries_it(number: signal.Signals, tmp_path: Path) -> None:
    """It says what to set; with that set, our own commands take it for Strava; a signal ends it well."""
    store = str(tmp_path / "s.db")
    with subprocess.Popen(
        [*COMMAND, "fake-strava", "serve", "--demo", "--activities", "5", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509 - no locks are held
    ) as process:
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline().removeprefix("export ").strip() for _ in range(6)]
            settings = dict(line.split("=", 1) for line in lines)
            listed = run_process("strava", "subscriptions", "--store", store, "--json", **settings)
        finally:
            process.send_signal(number)
        _, said = process.communicate(timeout=PATIENCE_SECONDS)
    assert listed.document == {"subscriptions": []}
    # Without these two, events could not be tried.
    assert {"COMMITCOLLECT_STRAVA_VERIFY_TOKEN", "COMMITCOLLECT_STRAVA_SUBSCRIPTION_ID"} <= settings.keys()
    assert process.returncode == 0
    assert said.splitlines()[1] == "Athlete 42 has 5 activities. Stop with Ctrl-C."
