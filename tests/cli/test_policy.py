"""The policy of an operator: read, shown, refused, and kept by every command."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from socket import socket

import pytest
from starlette.applications import Starlette

from cli.console import Console, activity, write_history
from cli.stravas import ATHLETE, Person, ride
from commitcollect_adapters.settings import Settings, load_settings
from commitcollect_adapters.sqlite import database
from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.strava.fake import CallKind, Fault
from commitcollect_adapters.web import serving
from commitcollect_core.policy import DEFAULT_POLICY, OnDisconnect, values_of

FILE = Path("commitcollect.toml")
PREFIX = "COMMITCOLLECT_POLICY_"


def erase(person: Person) -> None:
    """Have workouts from Strava erased when an athlete disconnects."""
    person.monkeypatch.setenv(f"{PREFIX}WORKOUTS_ON_DISCONNECT", "erase")


def live_workouts(person: Person) -> int:
    """How many workouts there are that are not deleted."""
    return sum(not each["isDeleted"] for each in person.console.json("workout", "list")["workouts"])


def test_the_environment_takes_precedence_over_the_file(tmp_path: Path) -> None:
    """Every value has its origin; what neither names is at its default."""
    file = tmp_path / FILE
    file.write_text('user = "ann"\n[policy]\njob_attempts_max = 3\npage_items_max = "7"\n')
    environ = {f"{PREFIX}JOB_ATTEMPTS_MAX": "5", f"{PREFIX}WORKOUTS_ON_DISCONNECT": "ERASE", f"{PREFIX}X": ""}
    settings, origins = load_settings({}, environ, tmp_path)
    expected = {
        **values_of(DEFAULT_POLICY),
        "job_attempts_max": 5,
        "page_items_max": 7,
        "workouts_on_disconnect": OnDisconnect.ERASE,
    }
    assert values_of(settings.policy) == expected
    assert settings.user == "ann"
    assert origins["job_attempts_max"] == f"{PREFIX}JOB_ATTEMPTS_MAX"
    assert origins["page_items_max"] == f"{file}, [policy]"
    assert {origins[each] for each in values_of(DEFAULT_POLICY)} == {
        "default",
        f"{file}, [policy]",
        f"{PREFIX}JOB_ATTEMPTS_MAX",
        f"{PREFIX}WORKOUTS_ON_DISCONNECT",
    }


def test_no_setting_is_called_like_a_value_of_the_policy() -> None:
    """Origins are told by name, and a setting's variable never means a value of the policy."""
    names = {each.name for each in Settings.__attrs_attrs__}
    assert names.isdisjoint(values_of(DEFAULT_POLICY))
    assert not any(each.startswith("policy_") for each in names)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[policy]\nstroe = 3", "commitcollect.toml, [policy]: the policy has no value 'stroe'; it has: "),
        ("[policy]\njob_attempts_max = 0", "job_attempts_max 0 must be at least 1 and at most 1,000,"),
        ("[policy]\njob_lease_seconds = 600", "[policy]: job_lease_seconds 600 must be at least 1 and"),
        ("[policy]\njob_attempts_max = 1.5", "job_attempts_max 1.5 is not a whole number"),
        ("[policy]\njob_attempts_max = true", "job_attempts_max True is not a whole number"),
        ('[policy]\nworkouts_on_disconnect = "burn"', "workouts_on_disconnect is not one of KEEP,"),
        ("[policy]\nstatue_parts_max = 99", "commitcollect.toml, [policy]: commit_items_max 100 is too sm"),
        ("[policy.training]\npage_items_max = 3", "the policy has no value 'training'"),
        ("policy = 3", "commitcollect.toml: policy must be a table, [policy]"),
        ("policy = []", "commitcollect.toml: policy must be a table, [policy]"),
    ],
)  # fmt: skip
def test_a_wrong_name_or_value_in_the_file_is_refused(console: Console, content: str, message: str) -> None:
    """The file, the value and the limit are named, whatever the command."""
    FILE.write_text(content)
    for command in (("config", "show"), ("workout", "list"), ("simulate", "--demo"), ("worker", "--once")):
        outcome = console(*command)
        assert (outcome.code, message in outcome.err) == (2, True), (command, outcome)


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("JOB_ATEMPTS_MAX", "3", "JOB_ATEMPTS_MAX: the policy has no value 'job_atempts_max'; it has: "),
        ("LIST_PAGE_ITEMS", "201", "LIST_PAGE_ITEMS: list_page_items 201 must be at least 1 and at most 200"),
        ("LIST_PAGE_ITEMS", "many", "LIST_PAGE_ITEMS: list_page_items is not a whole number"),
        ("MILESTONES_TRACKED_MAX", "99", "MILESTONES_TRACKED_MAX: commit_items_max 100 is too small"),
    ],
)
def test_a_wrong_name_or_value_in_the_environment_is_refused(
    console: Console, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, message: str
) -> None:
    """The variable is named, and the field is the value of the policy."""
    monkeypatch.setenv(PREFIX + variable, value)
    outcome = console("milestone", "list", "--json")
    assert outcome.code == 2
    assert f"COMMITCOLLECT_POLICY_{message}" in outcome.document["message"]
    assert outcome.document["field"] in {*values_of(DEFAULT_POLICY), "job_atempts_max"}


def test_config_show_tells_the_policy(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """JSON holds every value with its origin; text those that are set, and with ``--all`` every one."""
    FILE.write_text(
        '[policy]\nworkout_started_at_min = 2000-01-01T00:00:00Z\nawards_on_disconnect = "ERASE"\n'
    )
    monkeypatch.setenv(f"{PREFIX}JOB_ATTEMPTS_MAX", "5")
    shown = console.json("config", "show")["policy"]
    assert set(shown) == set(values_of(DEFAULT_POLICY))
    origin = "commitcollect.toml, [policy]"
    assert shown["job_attempts_max"] == {"value": 5, "origin": f"{PREFIX}JOB_ATTEMPTS_MAX"}
    assert shown["workout_started_at_min"] == {"value": "2000-01-01T00:00:00Z", "origin": origin}
    assert shown["awards_on_disconnect"] == {"value": "ERASE", "origin": origin}
    assert shown["page_items_max"] == {"value": 500, "origin": "default"}
    text = console("config", "show").out
    assert "job_attempts_max" in text
    assert "page_items_max" not in text
    assert f"{len(shown) - 3} values of the policy are at their defaults; --all shows them." in text
    everything = console("config", "show", "--all").out
    assert all(name in everything for name in shown)


def test_what_config_show_prints_can_be_set(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each value, given back as it is shown, is the same policy."""
    shown = {name: each["value"] for name, each in console.json("config", "show")["policy"].items()}
    for name, value in shown.items():
        monkeypatch.setenv(PREFIX + name.upper(), str(value))
    again = console.json("config", "show")["policy"]
    assert {name: each["value"] for name, each in again.items()} == shown
    assert {each["origin"] for each in again.values()} == {f"{PREFIX}{name.upper()}" for name in shown}


def test_commands_keep_the_policy(console: Console, history: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Milestones, imports, lists and simulations have the limits that are set, not the defaults."""
    milestone = ("milestone", "create", "--target", "count=12", "--from", "2024-01-01")
    monkeypatch.setenv(f"{PREFIX}MILESTONES_TRACKED_MAX", "1")
    monkeypatch.setenv(f"{PREFIX}DISTANCE_METERS_MAX", "39999")
    console.json("workout", "import", history)
    # A ride of 40 km is more than this policy believes; runs of 10 km are not.
    distances = {each["distanceMeters"] for each in console.json("workout", "list")["workouts"]}
    assert max(distances) == 10_000
    monkeypatch.setenv(f"{PREFIX}PAGE_ITEMS_MAX", "2")
    assert len(console.json("workout", "list")["workouts"]) == 2
    too_many = console("workout", "list", "--limit", "3")
    assert (too_many.code, "page_items_max of the policy, 2" in too_many.err) == (2, True)
    assert console("milestone", "list", "--limit", "3").code == 2
    console.json(*milestone)
    refused = console(*milestone, "--json")
    assert (refused.code, refused.document["error"]) == (1, "too_many_milestones")
    simulated = console("simulate", "--demo", "--target", "count=3", "--target", "count=4")
    assert (simulated.code, "at most 1 milestones" in simulated.err) == (2, True)
    sports = [word for name in ("Run", "Ride", "Swim") for word in ("--sport", name)]
    monkeypatch.setenv(f"{PREFIX}MILESTONE_SPORTS_MAX", "2")
    outcome = console("simulate", "--demo", "--activities", "5", *sports)
    assert (outcome.code, "a milestone names 1 to 2 sports, not 3" in outcome.err) == (2, True)


def test_what_a_looser_policy_stored_can_be_read_under_a_stricter_one(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limit on what is new is none on what is there."""
    names = "Run,Ride,Swim,Hike,Walk"
    console.json("milestone", "create", "--target", "count=12", "--from", "2024-01-01", "--sport", names)
    monkeypatch.setenv(f"{PREFIX}MILESTONE_SPORTS_MAX", "1")
    [milestone] = console.json("milestone", "list")["milestones"]
    assert len(milestone["sport"].split(",")) == 5


def test_disconnecting_erases_where_the_policy_says_so(person: Person) -> None:
    """`strava disconnect` under ERASE leaves no workout; without it they stay."""
    for is_strict, left in ((False, 3), (True, 0)):
        person.connect()
        person.console.json("strava", "backfill")
        if is_strict:
            erase(person)
        person.console.json("strava", "disconnect", "--yes")
        assert live_workouts(person) == left


@pytest.fixture
def served(person: Person) -> Callable[[Callable[[], None]], None]:
    """Runs ``commitcollect serve`` in this process for as long as a function takes."""

    def serve(meanwhile: Callable[[], None]) -> None:
        def run(application: Starlette, listener: socket, ready: Callable[[str], None]) -> None:
            listener.close()
            with serving.serving(application) as address:
                ready(address)
                person.fake.put_subscription(f"{address}/webhooks/strava")
                meanwhile()

        person.monkeypatch.setattr(serving, "run", run)
        person.monkeypatch.setenv("COMMITCOLLECT_STRAVA_VERIFY_TOKEN", "abc")
        person.monkeypatch.setenv("COMMITCOLLECT_STRAVA_SUBSCRIPTION_ID", "131300")
        assert person.console("serve", "--port", "0").code == 0

    return serve


def test_serve_and_worker_erase_where_the_policy_says_so(
    person: Person, served: Callable[[Callable[[], None]], None]
) -> None:
    """An athlete takes the permission back at Strava: the event goes through `serve`, the worker erases."""
    erase(person)
    person.monkeypatch.setenv(f"{PREFIX}WEBHOOK_DELAY_SECONDS", "0")
    person.connect()
    person.console.json("worker", "--once")
    assert live_workouts(person) == 3

    def take_back() -> None:
        person.fake.deauthorize(ATHLETE)
        assert person.fake.deliver().accepted == 1

    served(take_back)
    assert person.console.json("worker", "--once")["jobs"]["done"] == 1
    assert person.console.json("strava", "status")["connected"] is False
    assert live_workouts(person) == 0


def test_serve_keeps_the_policy(person: Person, served: Callable[[Callable[[], None]], None]) -> None:
    """An event waits as long as the policy of `serve` says; the default would be three seconds."""
    person.monkeypatch.setenv(f"{PREFIX}WEBHOOK_DELAY_SECONDS", "3600")
    person.connect()
    person.console.json("worker", "--once")

    def upload() -> None:
        person.fake.upload(ATHLETE, ride(30))
        assert person.fake.deliver().accepted == 1

    served(upload)
    with closing(Database("commitcollect.db")) as store, store.connection() as connection:
        [(due_at,)] = connection.execute("SELECT dueAtUtc - unixepoch() FROM job").fetchall()
    assert 3_000 < due_at <= 3_600


def test_a_worker_keeps_the_policy(person: Person) -> None:
    """A job is set aside after as many attempts as the operator allows."""
    person.monkeypatch.setenv(f"{PREFIX}JOB_ATTEMPTS_MAX", "1")
    person.connect()
    person.fake.inject(Fault.SERVER_ERROR, CallKind.ACTIVITIES)
    assert person.console.json("worker", "--once")["jobs"]["parked"] == 1
    [parked] = person.console.json("queue", "list")["jobs"]
    assert parked["attempts"] == 1


@pytest.mark.parametrize(
    "command", ["worker", "serve", "strava status", "queue list", "doctor", "workout list"]
)
def test_a_sqlite_file_is_opened_once(
    person: Person, served: Callable[[Callable[[], None]], None], command: str
) -> None:
    """Stores, queue, tidying, keys and checks of one process share one `Database`."""
    person.connect()
    opened: list[str] = []
    prepare = database._prepare  # noqa: SLF001 - what every opening does

    def counted(connection: object, path: Path, *rest: object) -> None:
        opened.append(path.name)
        prepare(connection, path, *rest)  # type: ignore[arg-type]  # passed on as it came

    person.monkeypatch.setattr(database, "_prepare", counted)
    if command == "serve":
        served(lambda: None)
    else:
        flags = ("--once",) if command == "worker" else ()
        assert person.console(*command.split(), *flags).code == 0
    assert opened == ["commitcollect.db"]


def test_an_unknown_store_names_its_origin(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the address comes from, its origin is told, and never a password in it."""
    address = "postgresql://ann:hunter2@db.example/x"
    monkeypatch.setenv("COMMITCOLLECT_STORE", address)
    for command in (("workout", "list"), ("config", "show"), ("tables", "create"), ("doctor",)):
        outcome = console(*command)
        text = outcome.out + outcome.err
        assert "COMMITCOLLECT_STORE: store postgresql:… is not known here; write one of: the path" in text
        assert "hunter2" not in text
        assert outcome.code in {1, 2}
    monkeypatch.delenv("COMMITCOLLECT_STORE")
    simulated = console("simulate", "--demo", "--store", address)
    assert simulated.err.startswith("Error: --store: store postgresql:… is not known here")
    assert list(Path().iterdir()) == []


def test_config_show_masks_passwords_in_addresses(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """An endpoint with a password in it is shown without."""
    monkeypatch.setenv("COMMITCOLLECT_STORE", "dynamodb://Prod?endpoint=http://ann:hunter2@127.0.0.1:9")
    shown = console("config", "show").out + console("doctor").out + console("config", "show", "--json").out
    assert "hunter2" not in shown
    assert "dynamodb://Prod?endpoint=http://ann:********@127.0.0.1:9" in shown


def test_a_history_is_read_under_the_policy(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names longer than the operator allows are cut on the way in."""
    monkeypatch.setenv(f"{PREFIX}ACTIVITY_NAME_CHARS_MAX", "4")
    write_history(Path("history.json"), activity(1, name="Evening run"))
    console.json("workout", "import", "history.json")
    [workout] = console.json("workout", "list")["workouts"]
    assert len(workout["activityName"]) == 4
