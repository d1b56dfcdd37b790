"""``commitcollect strava``, against a Strava on this machine."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote

import pytest

from cli.console import COMMAND, PATIENCE_SECONDS, Console, Outcome, environment, run_process
from cli.stravas import ATHLETE, Person, ride, settings_for
from commitcollect_adapters.ciphers.keys import new_key
from commitcollect_adapters.strava.fake import CallKind, Fault
from commitcollect_cli import strava_backfill
from commitcollect_core.errors import VersionConflict
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.strava.connections import READ_ACTIVITIES
from commitcollect_core.strava.retaining import Retaining
from commitcollect_core.training.committing import Committed
from commitcollect_core.values import ActivityId, AthleteId, UserId

STATE_GONE = "Error: this link is not valid or has expired; start again\n"
FIRST_ID = "131300"
"""Of the fake's subscriptions."""

PRIVATE_HIDDEN = (
    "Strava shows this connection no private activities; to count them, connect again with "
    "'commitcollect strava connect --private'."
)
RECEIVER = "http://127.0.0.1:8080/webhooks/strava"


def error(person: Person, *arguments: str) -> tuple[int, str]:
    """What a command fails with: its exit code, and the error's code. It is told on one line otherwise."""
    told = person.console(*arguments)
    assert "Traceback" not in told.err
    assert told.err.splitlines()[-1].startswith("Error: ")
    outcome = person.console(*arguments, "--json")
    assert outcome.code == told.code
    return outcome.code, outcome.document["error"]


def test_connecting_keeps_questions_and_data_apart(person: Person) -> None:
    """The address is asked for on stderr; stdout holds one JSON object and nothing else."""
    keyboard = person.types(person.browse)
    outcome = person.console("strava", "connect", "--json")
    assert outcome.code == 0
    assert "Address: " in keyboard.said
    assert outcome.document["athleteId"] == ATHLETE
    assert (outcome.document["status"], outcome.document["scope"]) == ("ACTIVE", [READ_ACTIVITIES, "read"])
    private = json.loads(person.connect("--private", "--json").out)
    assert "activity:read_all" in private["scope"]


def test_what_is_no_address_of_stravas_is_asked_for_again(person: Person) -> None:
    """Rubbish, and the address of the page before, cost nothing; the right one connects."""

    def page_before(said: str) -> str:
        return str(re.findall(r"http\S+authorize\S+", said)[-1])

    keyboard = person.types("rubbish", "http://[bad", "", page_before, person.browse)
    outcome = person.console("strava", "connect")
    assert (outcome.code, outcome.out) == (0, "Connected to Strava's athlete 42.\n")
    assert keyboard.said.count("That is not it") == 4


WHOLE = (READ_ACTIVITIES, "activity:read_all", "read")
PASTED: dict[str, Callable[[str], list[str]]] = {
    "as it is": lambda address: [address],
    "escaped": lambda address: [address.replace("&", "&amp;")],
    "escaped by number": lambda address: [address.replace("&", "&#38;")],
    "quoted": lambda address: [f'"{address}"'],
    "in brackets": lambda address: [f"  <{address}> "],
    "for a shell": lambda address: [address.replace("&", r"\&").replace("?", r"\?").replace("=", r"\=")],
    "with a fragment": lambda address: [f"{address}#_=_"],
    "its query alone": lambda address: [address.partition("?")[2]],
    "scope by spaces": lambda address: [unquote(address).replace(",", " ")],
    "scope by plus": lambda address: [unquote(address).replace(",", "+")],
    "scope by escaped spaces": lambda address: [unquote(address).replace(",", "%20")],
    "a line break in the state": lambda address: _broken(address, "state=", 7),
    "a line break in the code": lambda address: _broken(address, "code=", 9),
    "a line break behind the code": lambda address: _broken(address, "&scope=", 0),
    "a line break before the scope": lambda address: _broken(address, "scope=", 0),
    "a line break in a scope": lambda address: _broken(unquote(address), "activity:read", 11),
    "three lines": lambda address: [address[:20], address[20:60], address[60:]],
    "in pieces and again as a whole": lambda address: [*_broken(address, "code=", 9)[:1], address],
}


def _broken(address: str, at: str, behind: int) -> list[str]:
    """An address in two lines, broken so many characters behind the beginning of a text."""
    place = address.index(at) + behind
    return [address[:place], address[place:]]


@pytest.mark.parametrize("how", PASTED)
def test_an_address_is_taken_however_it_was_pasted(person: Person, how: str) -> None:
    """Escapes, quotes, spaces and line breaks change neither the code nor what was granted."""
    lines: list[str] = []

    def first(said: str) -> str:
        lines.extend(PASTED[how](person.browse(said)))
        return lines[0]

    person.types(first, lambda _said: lines[1], lambda _said: lines[2])
    outcome = person.console("strava", "connect", "--private", "--json")
    assert outcome.code == 0, outcome.err
    assert (outcome.document["status"], tuple(outcome.document["scope"])) == ("ACTIVE", WHOLE)


def test_no_answer_at_the_keyboard(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """An input that has ended, or was never there, is told with the way out."""
    for stdin in (person.types(), None):
        monkeypatch.setattr("sys.stdin", stdin)
        outcome = person.console("strava", "connect")
        assert outcome.code == 2
        assert outcome.err.endswith(
            "Error: no address was given; run the command again, and paste the address the browser ends on\n"
        )


def test_an_address_is_good_once(person: Person) -> None:
    """What came back from Strava connects once, and no other athlete."""
    came_back: list[str] = []

    def browse(said: str) -> str:
        came_back.append(person.browse(said))
        return came_back[0]

    person.types(browse)
    assert person.console("strava", "connect").code == 0
    person.types(came_back[0])
    again = person.console("strava", "connect")
    assert (again.code, again.err.endswith(STATE_GONE)) == (2, True)


def test_an_athlete_who_refuses(person: Person) -> None:
    """Nothing is connected, and the exit code is that of what is not allowed."""
    person.fake.sign_in(ATHLETE, refuses=True)
    outcome = person.connect("--json")
    assert (outcome.code, outcome.document["error"]) == (4, "access_denied")
    assert person.console.json("strava", "status")["connected"] is False


def test_an_athlete_who_grants_too_little(person: Person) -> None:
    """It is said at once; nothing can be brought in, and running it again would not help."""
    person.fake.sign_in(ATHLETE, unticks=[READ_ACTIVITIES])
    assert "Access to activities was not granted" in person.connect().err
    assert error(person, "strava", "backfill") == (4, "scope_missing")
    assert "run the same command again" not in person.console("strava", "backfill").err


def test_status_before_and_after(person: Person) -> None:
    """No store, a store without a connection, and a connection are three different answers."""
    assert error(person, "strava", "status") == (3, "store_not_found")
    person.connect()
    shown = person.console("strava", "status").out.splitlines()
    assert shown[0] == "Connection    ACTIVE, athlete 42"
    assert shown[2:] == ["Workouts      0", "Backfill      listing: 0 activities so far"]
    person.console.json("strava", "backfill")
    after = person.console.json("strava", "status")
    assert (after["workoutCount"], after["isFresh"]) == (3, True)
    assert after["backfill"]["phase"] == "DONE"
    person.console.json("strava", "disconnect", "--yes")
    (line,) = person.console("strava", "status").out.splitlines()
    assert line == "Connection    none; make one with 'commitcollect strava connect'"


def test_status_needs_the_store_alone(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the app's id, its secret and the key of the tokens it says the same, and makes no new key."""
    person.connect()
    person.console.json("strava", "backfill")
    before = person.console.json("strava", "status")
    for name in ("CLIENT_ID", "CLIENT_SECRET", "API_BASE", "OAUTH_BASE"):
        monkeypatch.delenv(f"COMMITCOLLECT_STRAVA_{name}")
    Path("commitcollect.db.key").unlink()
    assert person.console.json("strava", "status") == before
    assert person.console("strava", "status").out.startswith("Connection    ACTIVE, athlete 42\n")
    assert not Path("commitcollect.db.key").exists()
    assert error(person, "strava", "backfill") == (2, "invalid_input")


def test_a_backfill_tells_its_progress_and_what_it_did(person: Person) -> None:
    """Progress is on stderr, the sum on stdout; something left out ends with 1; a second changes nothing."""
    person.fake.add_activities(ATHLETE, [ride(9), ride(-100)])
    person.connect()
    outcome = person.console("strava", "backfill")
    assert (outcome.code, outcome.out) == (1, "5 activities taken over, 4 of them new or changed.\n")
    assert outcome.err.splitlines() == [
        "listing: 5 activities so far",
        "counting: 1 page to go, 5 activities in all",
        "done: 5 activities, 4 of them new or changed",
        PRIVATE_HIDDEN,
        "Left out, as unreadable: 1 activity.",
        outcome.err.splitlines()[-1],
    ]
    assert outcome.err.splitlines()[-1].startswith("  activity 900: ")
    again = person.console("strava", "backfill", "--json")
    assert (again.code, again.document["workoutsChanged"]) == (1, 0)


def test_a_backfill_goes_on_where_it_failed(person: Person) -> None:
    """Strava failing at the third page is exit 5; the next run does not list the first two again."""
    person.fake.add_activities(ATHLETE, map(ride, range(10, 460)))
    person.connect()
    person.fake.inject(Fault.SERVER_ERROR, CallKind.ACTIVITIES, after=2)
    stopped = person.console("strava", "backfill")
    assert stopped.code == 5
    assert "what has been listed is kept; run the same command again" in stopped.err
    calls = person.fake.calls(CallKind.ACTIVITIES)
    assert person.console.json("strava", "backfill")["workoutsChanged"] == 453
    # The third page, and as many as may be hidden behind it before the list counts as ended.
    hidden = DEFAULT_POLICY.strava.hidden_pages_max
    assert person.fake.calls(CallKind.ACTIVITIES) == calls + 1 + hidden + 1


def test_a_backfill_says_what_it_cannot_see(person: Person) -> None:
    """205 private activities in a row hide nothing behind them, and the permission that lacks is named."""
    person.fake.inject(Fault.SHORT_PAGE, CallKind.ACTIVITIES, count=None)
    private = [ride(number, private=True) for number in range(10, 215)]
    person.fake.add_activities(ATHLETE, [*private, *map(ride, range(215, 230))])
    person.connect()
    outcome = person.console("strava", "backfill")
    assert outcome.out == "18 activities taken over, 18 of them new or changed.\n"
    *_, hidden, cause = outcome.err.splitlines()
    assert cause == PRIVATE_HIDDEN
    found = re.fullmatch(r"Hidden by Strava: at least (\d+) private activities\.", hidden)
    assert found is not None
    assert 190 <= int(found[1]) <= 205
    person.connect("--private")
    whole = person.console("strava", "backfill")
    assert whole.out == "223 activities taken over, 205 of them new or changed.\n"
    assert "private" not in whole.err


def test_a_limit_says_until_when(person: Person) -> None:
    """At the limit, the first refusal and every run after it say when calls flow again."""
    person.connect()
    person.fake.inject(Fault.RATE_LIMITED, CallKind.ACTIVITIES)
    for _ in range(2):
        outcome = person.console("strava", "backfill")
        assert outcome.code == 5
        assert re.search(r"try again at \d\d:\d\d UTC", outcome.err)
    document = person.console("strava", "reconcile", "--json").document
    assert document["error"] == "strava_rate_limited"
    assert document["retryAtUtc"] % 900 == 0


def test_a_reconciliation_says_what_it_mended(person: Person) -> None:
    """An upload and a deletion without an event are named, what is gone first; then all is as stored."""
    person.connect()
    person.console.json("strava", "backfill")
    # Fetched an hour ago: what was fetched minutes ago is in doubt, as clocks disagree.
    with closing(sqlite3.connect("commitcollect.db")) as store, store:
        store.execute("UPDATE workout SET fetchedAtUtc = fetchedAtUtc - 3600")
    person.fake.add_activities(ATHLETE, [ride(20)])
    person.fake.delete(ActivityId("1001"))
    outcome = person.console("strava", "reconcile")
    assert outcome.code == 0
    *repairs, summary = outcome.out.splitlines()
    assert [(line.split()[0], line.split("  ")[-1]) for line in repairs] == [
        ("1001", "gone from Strava"),
        ("1020", "missing here"),
    ]
    assert summary.endswith(": 1 gone from Strava, 1 missing here.")
    again = person.console.json("strava", "reconcile", "--days", "2")
    assert (again["listed"], again["repairs"], again["askedAgain"]) == (3, [], [])
    assert person.console("strava", "reconcile").out.endswith(": all as stored.\n")


def test_a_reconciliation_says_what_it_could_not_read(person: Person) -> None:
    """An activity that cannot be believed is named with the reason, and not called settled."""
    person.connect()
    person.fake.add_activities(ATHLETE, [ride(20), ride(21, start_date="soon")])
    outcome = person.console("strava", "reconcile")
    assert outcome.code == 1
    assert outcome.err.startswith("Rejected: activity 1021: start_date 'soon' is not a date; ")
    person.fake.add_activities(ATHLETE, [ride(1), ride(2), ride(3)])
    assert person.console("strava", "reconcile").out.endswith(": nothing to repair yet.\n")


def _second_athlete(person: Person) -> None:
    """Connect another account to an athlete with two rides."""
    person.fake.sign_in(AthleteId("43"))
    person.fake.add_activities(AthleteId("43"), [ride(71), ride(72)])
    assert person.connect("--user", "other").code == 0


def test_a_round_reconciles_every_connected_athlete(person: Person) -> None:
    """A line for each, with what was repaired for them; who has to connect again fails nothing."""
    person.connect()
    _second_athlete(person)
    outcome = person.console("strava", "reconcile", "--all")
    assert (outcome.code, outcome.out.splitlines()) == (
        0,
        [
            "42 (me)  3 activities: 3 missing here",
            "43 (other)  2 activities: 2 missing here",
            "2 athletes: 5 workouts repaired.",
        ],
    )
    person.fake.deauthorize(AthleteId("43"))
    person.fake.add_activities(ATHLETE, [ride(21, start_date="soon")])
    outcome = person.console("strava", "reconcile", "--all")
    assert outcome.code == 1
    assert outcome.out.splitlines()[1:] == [
        "43 (other)  the connection to Strava does not work any more; connect again",
        "2 athletes: 0 workouts repaired, 1 to connect again, 1 with errors.",
    ]
    document = person.console("strava", "reconcile", "--all", "--after", "42", "--json").document
    assert [each["error"] for each in document["athletes"]] == ["strava_needs_reconnect"]
    assert (document["toConnectAgain"], document["failed"]) == (1, 0)


def test_what_cannot_be_let_go_hides_no_repair(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """The repairs are told with the reason, of one account and in a round, and the command fails."""
    person.connect()

    def fail(_retaining: Retaining, _user_id: UserId) -> Committed:
        raise VersionConflict("it kept changing")

    monkeypatch.setattr(Retaining, "run", fail)
    outcome = person.console("strava", "reconcile")
    assert outcome.code == 1
    assert "3 missing here" in outcome.out
    assert "Not let go: it kept changing" in outcome.err
    outcome = person.console("strava", "reconcile", "--all")
    assert outcome.code == 1
    assert outcome.out.splitlines()[0].endswith("all as stored, not let go: it kept changing")
    for options in ((), ("--all",)):
        assert "notLetGo" in str(person.console("strava", "reconcile", *options, "--json").document)


def test_a_round_that_stopped_says_where_to_go_on(person: Person) -> None:
    """At the limit of calls it names the last athlete who was done."""
    person.connect("--private")
    _second_athlete(person)
    person.fake.inject(Fault.RATE_LIMITED, CallKind.ACTIVITIES, after=1)
    outcome = person.console("strava", "reconcile", "--all")
    assert outcome.code == 5
    assert "(1 done; go on with --all --after 42)" in outcome.err
    assert error(person, "strava", "reconcile", "--after", "42") == (2, "usage")
    assert error(person, "strava", "reconcile", "--all", "--after", "a b") == (2, "usage")


def _waiting(person: Person, monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> Outcome:
    """Wait for a backfill, with something done at each look instead of a pause."""
    monkeypatch.setattr(strava_backfill, "pause", lambda _seconds: act())
    monkeypatch.setattr(strava_backfill, "STILL_LOOKS_MAX", 2)
    return person.console("strava", "backfill", "--wait")


def _work(person: Person) -> None:
    """Let the worker run until nothing is due, in a process of its own."""
    assert run_process("worker", "--once", **settings_for(person.fake, person.address)).code == 0


def test_waiting_for_a_backfill_ends_with_it(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker does it; the sum is as if it had been done here, and a pipe hears of nothing else."""
    person.connect("--private")
    outcome = _waiting(person, monkeypatch, lambda: _work(person))
    assert (outcome.code, outcome.out, outcome.err) == (
        0,
        "3 activities taken over, 3 of them new or changed.\n",
        "",
    )


def test_waiting_for_a_backfill_that_was_set_aside(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends with 1 and the reason; the same command has it tried again."""
    person.connect()
    monkeypatch.setenv("COMMITCOLLECT_POLICY_JOB_ATTEMPTS_MAX", "1")
    person.fake.inject(Fault.SERVER_ERROR, CallKind.ACTIVITIES)
    one_try = {"COMMITCOLLECT_POLICY_JOB_ATTEMPTS_MAX": "1"}

    def work() -> None:
        run_process("worker", "--once", **settings_for(person.fake, person.address), **one_try)

    outcome = _waiting(person, monkeypatch, work)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("Error: the worker set the backfill aside after 1 try: strava_unavailable")
    assert _waiting(person, monkeypatch, work).code == 0


def test_waiting_for_a_backfill_whose_athlete_has_gone(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One who took the permission back has to connect again, and it is said as soon as it is known."""
    person.connect()

    def take_back() -> None:
        person.fake.deauthorize(ATHLETE)
        person.console("worker", "--once")
        person.console("strava", "reconcile")

    outcome = _waiting(person, monkeypatch, take_back)
    assert outcome.code == 4
    assert "connect again" in outcome.err


def test_disconnecting_asks_first(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a clear yes disconnects; an input that ends is wrong usage; once more asks and changes nothing."""
    person.connect()
    dry = person.console("strava", "disconnect", "--dry-run")
    assert dry.out.startswith("Would disconnect me from athlete ")
    assert dry.out.endswith(", and keep workouts and parts.\n")
    for answer in ("n", "", "what"):
        person.types(answer)
        declined = person.console("strava", "disconnect", "--json")
        assert (declined.code, declined.document["error"]) == (1, "not_confirmed")
    for stdin in (person.types(), None):
        monkeypatch.setattr("sys.stdin", stdin)
        nobody = person.console("strava", "disconnect", "--json")
        assert (nobody.code, nobody.document["error"]) == (2, "usage")
    assert person.console.json("strava", "status")["connected"] is True
    person.types("y")
    gone = person.console("strava", "disconnect")
    assert (gone.code, gone.out) == (0, "me is not connected to Strava any more.\n")
    assert person.fake.calls(CallKind.REVOKE) == 1
    assert person.console("strava", "disconnect").code == 0
    assert person.fake.calls(CallKind.REVOKE) == 1
    other = error(person, "strava", "disconnect", "--user", "nobody")
    assert other == (3, "strava_not_connected")


_TO_TRY = "to try without an app, run 'commitcollect fake-strava serve --demo' and set what it prints"


def test_missing_settings_are_named_together(console: Console) -> None:
    """One error names every variable that is missing, and the way to try without an app."""
    outcome = console("strava", "subscriptions")
    both = "COMMITCOLLECT_STRAVA_CLIENT_ID and COMMITCOLLECT_STRAVA_CLIENT_SECRET"
    message = f"Error: set {both}, as Strava's page of your app shows them; {_TO_TRY}\n"
    assert (outcome.code, outcome.err) == (2, message)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "CLIENT_ID",
            "",
            f"set COMMITCOLLECT_STRAVA_CLIENT_ID, as Strava's page of your app shows it; {_TO_TRY}",
        ),
        (
            "CLIENT_SECRET",
            "",
            f"set COMMITCOLLECT_STRAVA_CLIENT_SECRET, as Strava's page of your app shows it; {_TO_TRY}",
        ),
        (
            "CLIENT_ID",
            "x",
            "COMMITCOLLECT_STRAVA_CLIENT_ID: strava_client_id is not a number of at most 20 digits",
        ),
    ],
)
@pytest.mark.parametrize("command", ["connect", "backfill", "subscriptions"])
def test_settings_that_are_missing(person: Person, name: str, value: str, message: str, command: str) -> None:
    """Each command names the variable to set."""
    person.monkeypatch.setenv(f"COMMITCOLLECT_STRAVA_{name}", value)
    outcome = person.console("strava", command)
    assert (outcome.code, outcome.err) == (2, f"Error: {message}\n")


def test_a_verify_token_is_needed_for_events(person: Person) -> None:
    """Subscribing does not begin without one."""
    outcome = person.console("strava", "subscribe", "--callback-url", RECEIVER)
    assert outcome.code == 2
    assert "set COMMITCOLLECT_STRAVA_VERIFY_TOKEN" in outcome.err


@pytest.mark.parametrize("identity", ["", "local:"])
def test_other_machines_need_an_identity_provider(person: Person, identity: str) -> None:
    """The page without passwords is not served to them."""
    person.monkeypatch.setenv("COMMITCOLLECT_IDENTITY", identity)
    outcome = person.console("serve", "--host", "0.0.0.0", "--port", "0")  # noqa: S104 - refused
    assert outcome.code == 2
    assert "set COMMITCOLLECT_IDENTITY" in outcome.err


def test_subscriptions_that_are_not_there(person: Person) -> None:
    """None is listed, none can be ended, and an address without a server cannot be subscribed."""
    listed = person.console("strava", "subscriptions")
    assert (listed.code, listed.out) == (0, "")
    assert "commitcollect strava subscribe" in listed.err
    assert person.console.json("strava", "subscriptions") == {"subscriptions": []}
    assert error(person, "strava", "unsubscribe", "7") == (3, "subscription_not_found")
    person.monkeypatch.setenv("COMMITCOLLECT_STRAVA_VERIFY_TOKEN", "abc")
    for address in ("rubbish", "http://127.0.0.1:1/"):
        assert error(person, "strava", "subscribe", "--callback-url", address) == (1, "strava_refused")


def test_a_subscription_is_listed_and_ended(person: Person) -> None:
    """The one there is stands in the list with its address, and is gone once it is ended."""
    number = person.fake.put_subscription(RECEIVER)
    assert person.console("strava", "subscriptions").out.splitlines()[1].split() == [str(number), RECEIVER]
    dry = person.console("strava", "unsubscribe", str(number), "--dry-run")
    assert dry.out == f"Would end subscription {number} of {RECEIVER}.\n"
    assert error(person, "strava", "unsubscribe", str(number + 1), "--dry-run") == (
        3,
        "subscription_not_found",
    )
    assert person.console("strava", "unsubscribe", str(number)).out == f"Subscription {number} is gone.\n"
    assert person.console.json("strava", "subscriptions") == {"subscriptions": []}


def test_strava_is_not_there_or_not_strava(person: Person) -> None:
    """No answer, a failing one and a page of HTML are all to be tried again later."""
    person.connect()
    for fault in (Fault.HTML, Fault.SERVER_ERROR, Fault.EMPTY, Fault.REDIRECT):
        person.fake.inject(fault, CallKind.ACTIVITIES, count=2)
        assert error(person, "strava", "backfill") == (5, "strava_unavailable")
    person.monkeypatch.setenv("COMMITCOLLECT_STRAVA_API_BASE", "http://127.0.0.1:1")
    assert error(person, "strava", "reconcile") == (5, "strava_unavailable")
    person.monkeypatch.setenv("COMMITCOLLECT_STRAVA_CLIENT_SECRET", "wrong")
    person.monkeypatch.setenv("COMMITCOLLECT_STRAVA_API_BASE", f"{person.address}/api/v3")
    code, message = (outcome := person.console("strava", "subscriptions")).code, outcome.err
    assert (code, "check strava_client_id and strava_client_secret" in message) == (1, True)
    assert "wrong" not in message


def test_a_key_others_may_read_is_not_used(person: Person) -> None:
    """The key beside the store is its owner's alone; the way out is a command to paste."""
    person.connect()
    key = Path("commitcollect.db.key")
    key.chmod(0o644)
    outcome = person.console("strava", "backfill")
    assert (outcome.code, "chmod 600 commitcollect.db.key" in outcome.err) == (2, True)
    key.chmod(0o600)
    assert person.console("strava", "backfill").code == 0


def test_another_key_opens_no_tokens(person: Person) -> None:
    """The missing key is named once; from then on the connection says that it needs to be made again."""
    person.connect()
    Path("commitcollect.db.key").write_text(new_key())
    outcome = person.console("strava", "backfill")
    assert outcome.code == 4
    assert "was sealed with the key" in outcome.err
    assert person.console.json("strava", "status")["status"] == "NEEDS_RECONNECT"
    assert error(person, "strava", "backfill") == (4, "strava_needs_reconnect")
    person.connect()
    assert person.console("strava", "backfill").code == 0


def test_doctor_looks_at_what_is_set_for_strava(person: Person) -> None:
    """Secret, keys and queue are checked once an app is named; nothing is made on the way."""
    person.console.json(
        "workout", "add", "--sport-type", "Run", "--start", "2026-01-01T10:00Z", "--distance", "1km"
    )
    found = {each["check"]: each for each in person.console.json("doctor")["checks"]}
    assert found["strava"]["detail"].startswith(
        "app 4711; no events are taken without strava_verify_token and"
    )
    assert found["keys"]["detail"] == "commitcollect.db.key is made when it is first needed"
    assert not Path("commitcollect.db.key").exists()
    person.connect()
    person.monkeypatch.setenv("COMMITCOLLECT_STRAVA_VERIFY_TOKEN", "abc")
    number = person.fake.put_subscription()
    person.monkeypatch.setenv("COMMITCOLLECT_STRAVA_SUBSCRIPTION_ID", str(number))
    found = {each["check"]: each for each in person.console.json("doctor")["checks"]}
    assert found["strava"]["detail"] == f"app 4711, subscription {number}"
    assert found["events"]["detail"] == f"subscription {number}, as at Strava"
    assert found["keys"]["detail"] == "tokens can be sealed"
    assert found["queue"]["detail"] == "1 waiting, none set aside"
    Path("commitcollect.db.key").chmod(0o644)
    sick = person.console("doctor", "--json")
    assert sick.code == 1
    assert [each["check"] for each in sick.document["checks"] if not each["isOk"]] == ["keys"]


@pytest.mark.parametrize(
    ("known", "has_one", "is_ok", "words"),
    [
        ("", False, True, "the app has no subscription"),
        ("7", False, False, "Strava has no subscription of this app, but strava_subscription_id is 7"),
        ("7", True, False, "subscription 131300, but strava_subscription_id is 7; set it to 131300"),
        ("", True, False, "subscription 131300, but strava_subscription_id is not set; set it to 131300"),
    ],
)
def test_doctor_compares_the_subscription_with_stravas(
    person: Person, known: str, has_one: bool, is_ok: bool, words: str
) -> None:
    """With another id than Strava's every event is refused; doctor fails and names the right one."""
    if has_one:
        person.fake.put_subscription()
    person.monkeypatch.setenv("COMMITCOLLECT_STRAVA_SUBSCRIPTION_ID", known)
    outcome = person.console("doctor", "--json")
    [found] = [each for each in outcome.document["checks"] if each["check"] == "events"]
    assert found["isOk"] is is_ok
    assert words in found["detail"]


def test_a_new_key_is_fresh_and_can_be_used(person: Person) -> None:
    """Each key printed is another one, and seals; a ring of two opens what the older one sealed."""
    older, newer = (
        person.console("config", "new-key").out.strip(),
        person.console.json("config", "new-key")["sealKey"],
    )
    assert older != newer
    person.monkeypatch.setenv("COMMITCOLLECT_SEAL_KEYS", older)
    person.connect()
    person.monkeypatch.setenv("COMMITCOLLECT_SEAL_KEYS", f"{newer},{older}")
    assert person.console("strava", "backfill").code == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("missing", "extra", "arguments"),
    [
        ("httpcore", "strava", ("strava", "subscriptions")),
        ("cryptography", "crypto", ("strava", "connect")),
        ("uvicorn", "crypto,strava,web", ("serve", "--port", "0")),
        ("httpcore", "crypto,strava,web", ("serve", "--port", "0")),
        ("cryptography", "crypto,strava,web", ("serve", "--port", "0")),
        ("starlette", "web", ("fake-strava", "serve", "--port", "0")),
    ],
)
def test_an_extra_that_is_missing_is_named(
    missing: str, extra: str, arguments: tuple[str, ...], tmp_path: Path
) -> None:
    """Without an optional library the command says what to install."""
    script = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        f"from commitcollect_cli.main import _exit_code; sys.exit(_exit_code({list(arguments)!r}))"
    )
    settings = {
        f"COMMITCOLLECT_STRAVA_{name}": "1" for name in ("CLIENT_ID", "CLIENT_SECRET", "VERIFY_TOKEN")
    }
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment(**settings),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        f"Error: this needs {missing}; install it with: pip install 'commitcollect[{extra}]'"
    )


@pytest.mark.slow
def test_a_backfill_that_is_interrupted_goes_on(person: Person) -> None:
    """Ctrl-C while Strava is slow ends with 130; the next run takes over the rest."""
    person.connect()
    person.fake.inject(Fault.HANG, CallKind.ACTIVITIES)
    with subprocess.Popen(
        [*COMMAND, "strava", "backfill"],
        stderr=subprocess.PIPE,
        env=environment(**settings_for(person.fake, person.address)),
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509 - no locks are held
    ) as process:
        while not person.fake.calls(CallKind.ACTIVITIES):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, said.strip()) == (130, b"Error: interrupted; what was written before stays")
    assert person.console.json("strava", "backfill")["workoutsChanged"] == 3


@pytest.mark.slow
def test_events_come_in_through_another_process(person: Person) -> None:
    """``subscribe`` passes the handshake with a running ``serve``, which then puts events into the queue."""
    person.connect()
    person.monkeypatch.setenv("COMMITCOLLECT_STRAVA_VERIFY_TOKEN", "abc")
    receiving = {"COMMITCOLLECT_STRAVA_VERIFY_TOKEN": "abc", "COMMITCOLLECT_STRAVA_SUBSCRIPTION_ID": FIRST_ID}
    with subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", "--json"],
        stdout=subprocess.PIPE,
        env=environment(**settings_for(person.fake, person.address), **receiving),
    ) as process:
        assert process.stdout is not None
        callback = json.loads(b"".join(process.stdout.readline() for _ in range(3)))["address"]
        subscribed = person.console("strava", "subscribe", "--callback-url", callback)
        assert subscribed.out == f"Subscription {FIRST_ID}.\n"
        assert error(person, "strava", "subscribe", "--callback-url", callback) == (1, "strava_refused")
        person.fake.upload(ATHLETE, ride(30))
        assert person.fake.deliver().accepted == 1
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0
    assert person.console.json("queue", "list")["waiting"] == 2  # the history, and the ride


def test_a_lost_key_is_not_replaced(person: Person) -> None:
    """With sealed tokens in the store no new key is made: put the old one back, and all is as before."""
    person.connect()
    key, away = Path("commitcollect.db.key"), Path("elsewhere")
    key.rename(away)
    for command in (("strava", "backfill"), ("strava", "reconcile"), ("worker", "--once")):
        outcome = person.console(*command)
        assert (outcome.code, "commitcollect.db.key is missing" in outcome.err) == (2, True)
        assert not key.exists()
    away.rename(key)
    assert person.console("strava", "backfill").code == 0
