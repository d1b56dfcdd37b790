"""The API as a person's browser uses it, from signing in to a printed part, and what it refuses."""

from __future__ import annotations

import io
import json
import logging
import re
import time
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from adapters.web.conforming import faults
from adapters.web.visiting import ADA, BASE, BOB, CSV, FRONT, GOAL, START, Visited, Visitor, visited
from commitcollect_adapters.memory import MemoryLedger
from commitcollect_adapters.statues import shipped_catalog
from commitcollect_adapters.system import ManualClock, NoBackoff, SystemIds
from commitcollect_adapters.testing import service_samples as samples
from commitcollect_adapters.testing.samples import NOW
from commitcollect_adapters.web import schemas
from commitcollect_adapters.web.calls import Call
from commitcollect_adapters.web.cookies import SESSION
from commitcollect_adapters.web.milestone_routes import MilestoneRoutes
from commitcollect_adapters.web.problems import answer_to
from commitcollect_core.accounts.audit import AuditType
from commitcollect_core.app import assemble
from commitcollect_core.errors import NotFound, StorageUnavailable, StravaRateLimited
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.training.ports import Ports
from commitcollect_core.values import UserId

PATIENCE_SECONDS = 30
CORRELATION = "x-correlation-id"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    """One site for all tests of the module; each has people of its own."""
    with visited(tmp_path_factory.mktemp("site")) as opened:
        yield opened


def ended(browser: Visitor, import_id: str) -> dict[str, Any]:
    """An import once it has ended."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        found: dict[str, Any] = browser.get(f"/imports/{import_id}").json()
        if found["state"] in {"done", "failed"}:
            return found
    pytest.fail("the import does not end")


def with_history(site: Visited, email: str) -> Visitor:
    """A person with two workouts, of 25 and of 30 kilometres."""
    browser = site.signed_in(email)
    begun = browser.upload(CSV.encode())
    assert begun.status_code == 202, begun.text
    assert ended(browser, begun.json()["importId"])["changed"] == 2
    return browser


def test_a_history_becomes_parts_and_files(site: Visited) -> None:
    """Import, preview, milestone, explanation, recount and files: all of one person, and all fit together."""
    browser = with_history(site, ADA)
    preview = browser.send("/milestones/preview", GOAL).json()
    assert (preview["partsEarned"], preview["partsTotal"]) == (5, 12)
    assert (preview["periodStartAtUtc"], preview["periodEndAtUtc"]) == (GOAL["periodStartAtUtc"], None)
    assert browser.get("/milestones").json()["milestones"] == []
    made = browser.send("/milestones", GOAL)
    assert made.status_code == 201
    one = f"/milestones/{made.json()['milestoneId']}"
    view = browser.get(one).json()
    assert [each["partIndex"] for each in view["awards"]] == [1, 2, 3, 4, 5]
    assert [each["earnedAtUtc"] for each in view["awards"]] == preview["partsEarnedAtUtc"]
    told = browser.get(f"{one}/explain").json()
    assert [(each["activityId"], each["isCounted"]) for each in told["workouts"]] == [
        ("2", True),
        ("1", True),
    ]
    recount = browser.send(f"{one}/recompute").json()
    assert (recount["partsDelta"], recount["excludedBeforeStartCount"]) == (0, 0)
    packed = browser.get(f"{one}/files/stl")
    assert len(zipfile.ZipFile(io.BytesIO(packed.content)).namelist()) == 5
    assert browser.get(f"{one}/files/3mf?layout=plates").content[:2] == b"PK"
    assert b"5 of 12 parts earned" in browser.get(f"{one}/files/svg").content
    for kind in ("glb", "svg", "png", "html"):
        refused = browser.get(f"{one}/files/{kind}?layout=plates")
        assert (refused.status_code, refused.json()["field"]) == (400, "layout")


def test_workouts_are_explained_page_by_page(site: Visited) -> None:
    """The newest first; the first page counts all of them, each names the next, and the last names none."""
    browser = with_history(site, "pages@example.org")
    one = f"/milestones/{browser.send('/milestones', {**GOAL, 'sport': 'RUN'}).json()['milestoneId']}"
    first = browser.get(f"{one}/explain?limit=1").json()
    assert (first["counted"], first["excluded"]) == (1, {"other_sport": 1})
    second = browser.get(f"{one}/explain", params={"limit": "1", "after": first["next"]}).json()
    assert (second["counted"], second["excluded"], second["next"]) == (None, None, None)
    assert [each["workouts"][0]["activityId"] for each in (first, second)] == ["2", "1"]
    assert list(faults(second, schemas.EXPLANATIONS)) == []
    # Behind what is not there, as behind a workout that was erased meanwhile, the list goes on as well.
    gone = browser.get(f"{one}/explain", params={"after": "1768000000:STRAVA:gone"}).json()
    assert [each["activityId"] for each in gone["workouts"]] == ["1"]


@pytest.mark.parametrize(
    "after",
    ["", "1", "1:STRAVA", "1:NOWHERE:1", "x:STRAVA:1", "1:STRAVA:a b", "9999999999999:STRAVA:1",
     "999999999999:STRAVA:1", "1:STRAVA:1:1", "\u0661:STRAVA:1", " 1:STRAVA:1", "1:STRAVA:",
     "1:strava:1", "1:STRAVA:" + "9" * 999],
)  # fmt: skip
def test_a_token_that_no_list_named_is_refused(site: Visited, after: str) -> None:
    """400 with the parameter, and no other word of it."""
    browser = site.signed_in("tokens@example.org")
    made = browser.send("/milestones", GOAL, **{"idempotency-key": "tokens"}).json()["milestoneId"]
    answer = browser.get(f"/milestones/{made}/explain", params={"after": after})
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_input", "field": "after"})


def test_everything_answered_is_what_the_description_says(site: Visited) -> None:
    """Each kind of document that the API answers conforms to its schema."""
    browser = with_history(site, "conform@example.org")
    goal = {
        **GOAL,
        "targets": ["streak=2d", "distance=50km"],
        "timeZone": "Europe/Berlin",
        "rest": 30,
        "name": "Both",
    }
    goal = {name: value for name, value in goal.items() if name not in {"targetType", "totalTarget"}}
    made = [browser.send("/milestones", each) for each in (GOAL, goal)]
    assert [each.status_code for each in made] == [201, 201], made[1].text
    first, second = (f"/milestones/{each.json()['milestoneId']}" for each in made)
    expected = {
        "/health": schemas.HEALTH, "/ready": schemas.READY, "/info": schemas.INFO, "/viewer": schemas.VIEWER,
        "/session": schemas.SESSION, "/sessions": schemas.SESSIONS, "/milestones": schemas.MILESTONES,
        first: schemas.MILESTONE_VIEW, second: schemas.MILESTONE_VIEW,
        f"{first}/explain": schemas.EXPLANATIONS, f"{second}/explain": schemas.EXPLANATIONS,
        "/activities/recent": schemas.WORKOUTS, "/activities/years/2026": schemas.TRAINING_YEAR,
        "/statues": schemas.STATUES, "/statues/DRAGON_2026": schemas.STATUE, "/imports": schemas.IMPORTS,
        "/strava/status": schemas.STRAVA_STATUS,
    }  # fmt: skip
    found = {path: list(faults(browser.get(path).json(), schema)) for path, schema in expected.items()}
    posted = {
        f"{first}/recompute": (None, schemas.RECOMPUTED),
        "/milestones/preview": (goal, schemas.PREVIEW),
    }
    for path, (body, schema) in posted.items():
        found[path] = list(faults(browser.send(path, body).json(), schema))
    found["/milestones"] += faults(made[0].json(), schemas.CREATED_MILESTONE)
    assert {path: each for path, each in found.items() if each} == {}


def test_a_request_of_a_name_makes_one_milestone(site: Visited) -> None:
    """Repeated it answers the same; with another goal or title under the name it is refused."""
    browser = site.signed_in("name@example.org")
    named = [browser.send("/milestones", GOAL, **{"idempotency-key": "k"}) for _ in range(3)]
    assert len({each.text for each in named}) == 1
    assert len(browser.get("/milestones").json()["milestones"]) == 1
    for change in ({"totalTarget": 7}, {"name": "Another"}):
        other = browser.send("/milestones", {**GOAL, **change}, **{"idempotency-key": "k"})
        assert (other.status_code, other.json()["error"]) == (422, "idempotency_key_reused")
    stranger = site.signed_in("stranger@example.org")
    assert stranger.send("/milestones", GOAL, **{"idempotency-key": "k"}).text != named[0].text


def test_goals_are_listed_in_the_order_in_which_they_were_made() -> None:
    """Their ids are random."""
    clock, session = ManualClock(NOW), samples.session(UserId("ada"))
    ports = Ports(
        clock=clock, ids=SystemIds(), backoff=NoBackoff(), ledger=MemoryLedger(), catalog=shipped_catalog()
    )
    routes = {(each.method, each.path): each.act for each in MilestoneRoutes(app=assemble(ports)).endpoints()}
    create, listed = routes["POST", "/milestones"], routes["GET", "/milestones"]
    assert create is not None
    assert listed is not None
    made = []
    for minutes in range(8):
        clock.advance_to(NOW + timedelta(minutes=minutes))
        made.append((create(Call(session=session, document=GOAL)).document or {})["milestoneId"])
    found = (listed(Call(session=session)).document or {})["milestones"]
    assert [each["milestoneId"] for each in found] == made != sorted(made)


def test_a_limit_is_told(site: Visited) -> None:
    """One more than there may be names how many there may be."""
    browser, most = site.signed_in("limit@example.org"), DEFAULT_POLICY.training.milestones_tracked_max
    for _ in range(most):
        assert browser.send("/milestones", GOAL).status_code == 201
    refused = browser.send("/milestones", GOAL)
    assert (refused.status_code, refused.json()) == (409, {"error": "too_many_milestones", "max": most})


def test_a_goal_is_renamed_put_away_and_deleted(site: Visited) -> None:
    """Each on its own; earned parts go only where the call says so, and the workouts stay."""
    browser = with_history(site, "edits@example.org")
    one = f"/milestones/{browser.send('/milestones', GOAL).json()['milestoneId']}"
    named = browser.patch(one, {"name": " Spring "})
    assert named.status_code == 200
    assert list(faults(named.json(), schemas.MILESTONE)) == []
    assert (named.json()["name"], named.json()["archivedAtUtc"]) == ("Spring", None)
    away = browser.patch(one, {"isArchived": True}).json()
    assert away["name"] == "Spring"
    assert away["archivedAtUtc"] is not None
    assert browser.get(one).json()["milestone"] == away
    assert browser.patch(one, {"name": "", "isArchived": False}).json() == {
        **away, "name": None, "archivedAtUtc": None,
    }  # fmt: skip
    for query in ("", "?withParts=false"):
        kept = browser.delete(f"{one}{query}")
        assert (kept.status_code, kept.json()) == (409, {"error": "milestone_has_parts"})
    assert browser.delete(f"{one}?withParts=yes").status_code == 400
    assert len(browser.get(one).json()["awards"]) == 5
    assert browser.delete(f"{one}?withParts=true").status_code == 204
    assert browser.get(one).status_code == 404
    assert browser.delete(f"{one}?withParts=true").status_code == 404
    assert len(browser.get("/activities/recent").json()["workouts"]) == 2
    empty = browser.send("/milestones", {**GOAL, "sport": "SWIM"}).json()["milestoneId"]
    assert browser.delete(f"/milestones/{empty}").status_code == 204


def test_a_milestone_tells_where_its_awards_are_if_it_is_asked_to(tmp_path: Path) -> None:
    """With `web_debug` alone, and as the description says."""
    with visited(tmp_path, web_debug="on") as site:
        browser = with_history(site, ADA)
        made = browser.send("/milestones", GOAL).json()["milestoneId"]
        view = browser.get(f"/milestones/{made}").json()
        assert list(faults(view, schemas.MILESTONE_VIEW)) == []
        user_id = browser.get("/session").json()["userId"]
        assert view["debug"] == {
            "pk": user_id, "skPrefix": made, "inspected": 6, "awardsCount": 5, "hasMore": False,
        }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "invalid_input", None),
        ({"name": 7}, "invalid_input", "name"),
        ({"name": None}, "invalid_input", "name"),
        ({"name": "a\nb"}, "invalid_input", "name"),
        ({"name": "a" * 81}, "invalid_input", "name"),
        ({"isArchived": "true"}, "invalid_input", "isArchived"),
        ({"isArchived": None}, "invalid_input", "isArchived"),
        ({"isArchived": 1}, "invalid_input", "isArchived"),
        ({"totalTarget": 1}, "unknown_field", None),
        ({"name": "New", "surprise": 1}, "unknown_field", None),
    ],
)
def test_bad_edits_change_nothing(site: Visited, body: dict[str, Any], code: str, field: str | None) -> None:
    """400 with the name at fault, and the milestone stays as it was."""
    browser = site.signed_in("bad-edits@example.org")
    made = browser.send("/milestones", {**GOAL, "name": "Old"}, **{"idempotency-key": "edits"})
    one = f"/milestones/{made.json()['milestoneId']}"
    answer = browser.patch(one, body)
    assert answer.status_code == 400
    assert answer.json() == {"error": code, **({"field": field} if field else {})}
    assert browser.get(one).json()["milestone"]["name"] == "Old"


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"modelId": None}, 400, "modelId_required"),
        ({"sport": ""}, 400, "sport_required"),
        ({"targetType": None}, 400, "targetType_required"),
        ({"totalTarget": None}, 400, "totalTarget_required"),
        ({"periodStartAtUtc": None}, 400, "periodStartAtUtc_required"),
        ({"sport": "Quidditch<script>"}, 400, "unsupported_sport"),
        ({"targetType": "BANANAS"}, 400, "unsupported_targetType"),
        ({"targetType": "ALL_OF"}, 400, "unsupported_targetType"),
        ({"modelId": "UNICORN"}, 404, "model_not_found"),
        ({"partsTotal": 11}, 400, "partsTotal_must_match_model"),
        ({"totalTarget": 0}, 400, "invalid_input"),
        ({"totalTarget": -1}, 400, "invalid_input"),
        ({"totalTarget": 10**15}, 400, "invalid_input"),
        ({"totalTarget": 10.5}, 400, "invalid_input"),
        ({"totalTarget": True}, 400, "invalid_input"),
        ({"totalTarget": "120000"}, 400, "invalid_input"),
        ({"periodStartAtUtc": 10**14}, 400, "invalid_input"),
        ({"periodEndAtUtc": START - 1}, 400, "invalid_input"),
        ({"timeZone": "Mars/Olympus"}, 400, "invalid_input"),
        ({"timeZone": "../../etc/passwd"}, 400, "invalid_input"),
        ({"timeZone": 7}, 400, "invalid_input"),
        ({"sport": ["RUN"]}, 400, "invalid_input"),
        ({"modelId": {"a": 1}}, 400, "invalid_input"),
        ({"targets": []}, 400, "invalid_input"),
        ({"targets": ["best-count=5"]}, 400, "invalid_input"),
        ({"targets": ["nonsense"]}, 400, "unsupported_targetType"),
        ({"targets": ["count=5:RUN"], "sport": "RIDE"}, 400, "invalid_input"),
        ({"targets": ["distance=5km"]}, 400, "invalid_input"),
        ({"rest": 3}, 400, "invalid_input"),
        ({"timeZone": "localtime"}, 400, "invalid_input"),
        ({"timeZone": "right/Europe/Berlin"}, 400, "invalid_input"),
        ({"surprise": 1}, 400, "unknown_field"),
    ],
)
@pytest.mark.parametrize("path", ["/milestones", "/milestones/preview"])
def test_bad_wishes_are_refused_and_not_echoed(
    site: Visited, path: str, change: dict[str, Any], status: int, code: str
) -> None:
    """Each with its code; no text of the request comes back, and nothing is made."""
    browser = site.signed_in("wishes@example.org")
    answer = browser.send(path, {**GOAL, **change})
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert answer.json().keys() <= {"error", "field"}
    assert not re.search("Quidditch|BANANAS|UNICORN|Mars|passwd|nonsense|surprise", answer.text)
    assert browser.get("/milestones").json()["milestones"] == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"modelId": "a b"}, "modelId"),
        ({"targets": ["nonsense"]}, "targets"),
        ({"targets": ["time=1:99:00"]}, "targets"),
        ({"targets": ["distance=5km"], "targetType": "DISTANCE_METERS"}, "targets"),
        ({"targets": ["distance=5km"], "totalTarget": 5_000}, "targets"),
        ({"targets": [f"distance={each}km" for each in range(1, 22)]}, "targets"),
        ({"targets": ["distance=9999999999km"]}, "targets"),
        ({"targets": ["distance=5km"], "rest": 1}, "rest"),
        ({"totalTarget": 10**15}, "totalTarget"),
        ({"periodEndAtUtc": START - 1}, "periodEndAtUtc"),
    ],
)
def test_what_is_wrong_has_the_name_it_was_sent_under(
    site: Visited, change: dict[str, Any], field: str
) -> None:
    """`field` is always a name of the body, also of what the core or the command line calls otherwise."""
    browser = site.signed_in("wishes@example.org")
    goal = {name: value for name, value in GOAL.items() if name not in {"targetType", "totalTarget"}}
    wish = {**(goal if "targets" in change else GOAL), **change}
    answer = browser.send("/milestones/preview", wish)
    assert (answer.status_code, answer.json().get("field")) == (400, field)


@pytest.mark.parametrize(
    ("body", "media_type", "status", "code"),
    [
        (b'{"a": NaN}', "application/json", 400, "invalid_json"),
        (b'{"a": 1, "a": 2}', "application/json", 400, "invalid_json"),
        (b"[" * 100_000, "application/json", 413, "body_too_large"),
        (b"[" * 1_000 + b"]" * 1_000, "application/json", 400, "invalid_json"),
        (b'{"totalTarget": ' + b"9" * 5_000 + b"}", "application/json", 400, "invalid_json"),
        (b"[]", "application/json", 400, "invalid_json"),
        (b"", "application/json", 400, "invalid_json"),
        ("{}".encode("utf-16"), "application/json", 400, "invalid_json"),
        (b"{}", "text/plain", 415, "unsupported_media_type"),
        (b"{}", "application/json; charset=latin-1", 415, "unsupported_media_type"),
        (b"a=1", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b" " * 65_537, "application/json", 413, "body_too_large"),
    ],
)
def test_bad_bodies_are_refused(site: Visited, body: bytes, media_type: str, status: int, code: str) -> None:
    """JSON by the letter, of the right type, no deeper and no longer than it may be."""
    browser = site.signed_in("bodies@example.org")
    answer = browser.post("/milestones", content=body, headers={"origin": BASE, "content-type": media_type})
    assert (answer.status_code, answer.json()["error"]) == (status, code)


@pytest.mark.parametrize(
    "path",
    [
        "/milestones?limit=0", "/milestones?limit=1e3", "/milestones?limit=%D9%A3", "/milestones?limit=99999",
        "/milestones?limit=1&limit=2", "/milestones?after=../x", "/activities/recent?limit=51",
        "/activities/years/99999", "/activities/years/0000", "/activities/years/%D9%A2%D9%A0%D9%A2%D9%A6",
        "/activities/years/2026?timeZone=%00", f"/activities/years/2026?timeZone={'x' * 3000}",
        "/statues/DRAGON_2026/picture?solid=1,x", "/statues/DRAGON_2026/picture?solid=999999999999",
        "/statues/DRAGON_2026/picture?solid=0", "/statues/DRAGON_2026/picture?solid=12,13",
    ],
)  # fmt: skip
def test_bad_parameters_are_refused(site: Visited, path: str) -> None:
    """400 with the parameter named, and no other word of it."""
    answer = site.signed_in("bodies@example.org").get(path)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_input")


def test_without_a_session_nothing_of_a_person_is_told(site: Visited) -> None:
    """Every row that needs a session answers 401, whatever else is wrong; a wrong session as well."""
    rows = [row for row in site.opened.site.rows if row.needs_session]
    assert len(rows) > 15
    for row in rows:
        path = re.sub(r"\{\w+\}", "x", row.path)
        for browser, code in ((site.browser(), "missing_session"), (site.browser(), "invalid_session")):
            if code == "invalid_session":
                browser.cookies.set(SESSION, "wrong", domain="127.0.0.1")
            answer = browser.request(row.method, path, headers={"origin": BASE})
            assert (answer.status_code, answer.json()) == (401, {"status": code}), path


def test_another_persons_things_are_not_found(site: Visited) -> None:
    """A milestone, an import and a session of one person do not exist for another."""
    ada, bob = with_history(site, "one@example.org"), site.signed_in(BOB)
    milestone_id = ada.send("/milestones", GOAL).json()["milestoneId"]
    import_id = ada.get("/imports").json()["imports"][0]["importId"]
    (session,) = ada.get("/sessions").json()["sessions"]
    for path in (
        f"/milestones/{milestone_id}", f"/milestones/{milestone_id}/explain",
        f"/milestones/{milestone_id}/files/svg", f"/imports/{import_id}", "/milestones/a%23b",
        "/milestones/..%2fx", "/milestones/%00",
    ):  # fmt: skip
        assert bob.get(path).status_code == 404, path
    assert bob.send(f"/milestones/{milestone_id}/recompute").status_code == 404
    assert bob.patch(f"/milestones/{milestone_id}", {"name": "Mine"}).status_code == 404
    assert bob.delete(f"/milestones/{milestone_id}?withParts=true").status_code == 404
    assert bob.delete(f"/sessions/{session['sessionId']}").status_code == 404
    assert ada.get("/session").status_code == 200


def test_sessions_are_listed_and_ended(site: Visited) -> None:
    """One by one, all others, and the own one, with which the cookie goes."""
    here, there = (site.signed_in("many@example.org") for _ in range(2))
    site.signed_in("many@example.org")
    shown = here.get("/sessions").json()["sessions"]
    assert [each["isThis"] for each in shown].count(True) == 1
    assert len(shown) == 3
    (own,) = (each["sessionId"] for each in there.get("/sessions").json()["sessions"] if each["isThis"])
    assert here.delete(f"/sessions/{own}").status_code == 204
    assert there.get("/session").json() == {"status": "invalid_session"}
    assert here.delete("/sessions").status_code == 204
    (own,) = (each["sessionId"] for each in here.get("/sessions").json()["sessions"])
    assert here.delete(f"/sessions/{own}").status_code == 204
    assert SESSION not in here.cookies


def test_an_account_is_deleted_for_good(site: Visited) -> None:
    """The cookie goes, the session is none any more, nothing is left, and the person cannot come back."""
    browser = with_history(site, "gone@example.org")
    browser.send("/milestones", GOAL)
    user_id = UserId(browser.get("/session").json()["userId"])
    secret = browser.cookies[SESSION]
    export = browser.get("/account/export")
    assert export.headers["content-disposition"].endswith('.zip"')
    assert export.headers["content-length"] == str(len(export.content))
    packed = zipfile.ZipFile(io.BytesIO(export.content))
    assert packed.testzip() is None
    everything = b"".join(map(packed.read, packed.namelist()))
    assert b"gone@example.org" in everything
    assert secret.encode() not in everything
    done = browser.request("DELETE", "/account", headers={"origin": BASE, CORRELATION: "the-end"})
    assert (done.status_code, done.content) == (204, b"")
    recorded = site.opened.backend.stores().audit.of_flow("the-end", after=None, limit=10).entries
    assert [each.event.event_type for each in recorded] == [AuditType.ACCOUNT_DELETE]
    assert user_id not in str(recorded)
    assert "python-httpx" not in str(recorded)
    assert SESSION not in browser.cookies
    browser.cookies.set(SESSION, secret, domain="127.0.0.1")
    assert browser.get("/session").json() == {"status": "invalid_session"}
    assert browser.delete("/account").status_code == 401
    assert site.opened.service.accounts.deleting.preview(user_id).total == 0
    with pytest.raises(AssertionError, match="409"):
        site.signed_in("gone@example.org")


def test_people_are_told_in_words_where_a_browser_was_on_its_way(site: Visited) -> None:
    """An error of signing in or of connecting is a page for a browser, and a code for a program."""
    browser = site.signed_in("words@example.org")
    page = {"accept": "text/html,application/xhtml+xml"}
    for path, status, words, document in (
        ("/auth/callback?state=x&code=y", 401, "start again", {"status": "sign_in_failed"}),
        (
            "/oauth/strava/callback?state=<b>x",
            400,
            "connect once more",
            {"error": "invalid_or_expired_state", "field": "state"},
        ),
    ):
        shown, told = browser.get(path, headers=page), browser.get(path)
        assert (shown.status_code, told.status_code) == (status, status)
        assert words in shown.text
        assert "<b>" not in shown.text
        assert "default-src 'none'" in shown.headers["content-security-policy"]
        assert told.json() == document
    assert browser.get("/milestones/x", headers=page).json() == {"error": "milestone_not_found"}


def test_the_correlation_id_goes_from_the_request_to_the_log(site: Visited) -> None:
    """A well-formed one is kept, another is replaced; the audit entries of the call carry it."""
    browser = with_history(site, "flow@example.org")
    assert site.browser().get("/health").headers[CORRELATION]
    bad = site.browser().get("/health", headers={CORRELATION: "a b\tc"}).headers[CORRELATION]
    assert re.fullmatch("[0-9a-f]{32}", bad)
    answer = browser.send("/milestones", GOAL, **{CORRELATION: "flow-1"})
    assert answer.headers[CORRELATION] == "flow-1"
    assert browser.get("/nowhere", headers={CORRELATION: "flow-2"}).headers[CORRELATION] == "flow-2"
    user_id = UserId(browser.get("/session").json()["userId"])
    log = site.opened.backend.stores().audit
    entries = log.of_user(user_id, after=None, limit=100).entries
    types = [each.event.event_type for each in entries if each.event.correlation_id == "flow-1"]
    assert types == [AuditType.MILESTONE_CREATED, *[AuditType.MILESTONE_PART_MINTED] * 5]
    assert AuditType.STRAVA_ACTIVITY_CREATE in {each.event.event_type for each in entries}


def test_a_mistake_of_ours_is_told_without_a_word_about_it(
    site: Visited, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """500 with a code and an id; the log has the rest."""

    def broken(*_arguments: object, **_named: object) -> None:
        raise KeyError("secret of the house")

    browser = site.signed_in("mistake@example.org")
    monkeypatch.setattr(type(site.opened.service.app.tracking), "list", broken)
    with caplog.at_level(logging.ERROR):
        answer = browser.get("/milestones")
    assert (answer.status_code, answer.json()) == (500, {"error": "internal_error"})
    assert answer.headers[CORRELATION]
    assert "secret of the house" in caplog.text


def test_paths_and_methods_that_are_not_there(site: Visited) -> None:
    """404 and 405 as JSON; a method that is not allowed is told which are."""
    browser = site.browser()
    assert browser.get("/nope").json() == {"error": "not_found"}
    wrong = browser.request("PUT", "/milestones", headers={"origin": BASE})
    assert (wrong.status_code, wrong.json()) == (405, {"error": "method_not_allowed"})
    assert wrong.headers["allow"] == "GET, HEAD, POST"
    for path in ("/logout", "/webhooks/strava"):  # a route for each method
        wrong = browser.request("PUT", path, headers={"origin": BASE})
        assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, HEAD, POST")
    assert browser.request("HEAD", "/health").status_code == 200


def test_a_store_that_is_gone_is_not_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 from /ready, while /health still answers: it touches nothing."""
    with visited(tmp_path) as site:
        browser = site.browser()
        assert browser.get("/ready").json() == {"status": "ready"}

        def gone(*_arguments: object) -> None:
            raise StorageUnavailable("gone")

        monkeypatch.setattr(type(site.opened.backend.ledger()), "read_head", gone)
        assert browser.get("/ready").status_code == 503
        assert browser.get("/health").status_code == 200


def test_a_call_that_may_succeed_later_says_when() -> None:
    """`Retry-After` is the moment where that is known, else some seconds; other errors have none."""
    moment = datetime(2026, 5, 3, 10, 0, tzinfo=timezone(timedelta(hours=2)))
    found = [
        answer_to(failed).headers.get("retry-after")
        for failed in (
            StravaRateLimited("slow down", retry_at=moment),
            StorageUnavailable("gone"),
            NotFound("not there"),
        )
    ]
    assert found == ["Sun, 03 May 2026 08:00:00 GMT", "5", None]


def test_what_is_counted_is_shown(site: Visited) -> None:
    """/metrics has requests by route, and calls of ports."""
    browser = site.browser()
    browser.get("/info")
    text = browser.get("/metrics").text
    assert 'commitcollect_requests_total{route="GET /info",status="200"}' in text


def test_a_site_without_passwords_is_for_this_machine_alone(site: Visited) -> None:
    """Other peers, names and proxies are turned away, but for Strava; other local names are led to it."""
    browser = site.browser()
    assert site.browser("192.0.2.1").get("/health").status_code == 421
    for headers in ({"host": "evil.example"}, {"host": "127.0.0.1"}, {"x-forwarded-for": "192.0.2.1"}):
        assert browser.get("/health", headers=headers).json() == {"error": "this_machine_only"}
        event = browser.post("/webhooks/strava", json={}, headers=headers)
        assert event.json() == {"error": "invalid_event"}
    led = browser.get("/", headers={"host": "localhost:8080"})
    assert (led.status_code, led.headers["location"]) == (307, f"{BASE}/")


def test_the_plain_page_needs_no_script(site: Visited) -> None:
    """A stranger may sign in; a person sees goals, parts and workouts, escaped, and links that work."""
    assert 'href="/auth/login"' in site.browser().get("/plain").text
    browser = with_history(site, "plain@example.org")
    for name in ("<b>Spring</b>", "Other"):
        assert browser.send("/milestones", {**GOAL, "name": name}).status_code == 201
    archived = browser.get("/milestones").json()["milestones"][0]
    browser.patch(f"/milestones/{archived['milestoneId']}", {"isArchived": True})
    page = browser.get("/plain")
    assert "script" not in page.headers["content-security-policy"]
    assert "<script" not in page.text
    assert "&lt;b&gt;Spring&lt;/b&gt;" in page.text
    assert page.text.count("5 of 12 parts earned: 55.0 of 120 km") == 2
    assert page.text.rindex("Put away.") > page.text.rindex(
        "<h2>", 0, page.text.index("newest workouts") - 20
    )
    assert "at 60.0 km" in page.text
    assert "earned on 3 Jan 2026" in page.text
    assert ">Long (Run)<" in page.text
    linked = set(re.findall(r'(?:href|src)="(/[^"]+)"', page.text)) - {"/plain"}
    files = {each for each in linked if "/files/" in each}
    assert len(files) == 6
    followed = [*(linked - files), next(each for each in files if each.endswith("stl"))]
    assert {path: browser.get(path).status_code for path in followed} == {
        path: 302 if path == "/auth/login" else 200 for path in followed
    }


def test_a_milestone_says_that_its_period_is_over(site: Visited) -> None:
    """While parts are left to earn; status stays ACTIVE, as what comes late can still count."""
    browser = with_history(site, "over@example.org")
    ended_at = GOAL["periodStartAtUtc"] + 20 * 86_400
    targets = {
        "open": {},
        "over": {"periodEndAtUtc": ended_at},
        "whole": {"periodEndAtUtc": ended_at, "totalTarget": 1_000},
    }
    for name, changed in targets.items():
        assert browser.send("/milestones", {**GOAL, "name": name, **changed}).status_code == 201
    listed = browser.get("/milestones").json()["milestones"]
    found = {each["name"]: (each["status"], each["isOver"]) for each in listed}
    assert found == {"open": ("ACTIVE", False), "over": ("ACTIVE", True), "whole": ("COMPLETED", False)}
    (over,) = (f"/milestones/{each['milestoneId']}" for each in listed if each["isOver"])
    assert browser.get(over).json()["milestone"]["isOver"]
    assert browser.patch(over, {"isArchived": True}).json()["isOver"]
    assert browser.get("/plain").text.count("The period is over. Put away.") == 1


def test_targets_in_words_are_shown_as_they_were_given(site: Visited) -> None:
    """A milestone of the API keeps the unit, as one of the command line does."""
    browser = with_history(site, "words@example.org")
    words = {name: value for name, value in GOAL.items() if name not in {"targetType", "totalTarget"}}
    for target in ("distance=100mi", "time=3:58:48", "time=1h30m"):
        assert browser.send("/milestones", {**words, "targets": [target]}).status_code == 201
    page = browser.get("/plain").text
    assert all(f" of {shown}<" in page for shown in ("100 mi", "3:58:48", "1h30m"))


def test_a_goal_of_time_in_no_unit_has_one_form_on_its_page(site: Visited) -> None:
    """Its target, progress and thresholds are all to the second: a tenth of an hour would lie beyond it."""
    browser = with_history(site, "seconds@example.org")
    wish = {**GOAL, "targetType": "MOVING_TIME_SECONDS", "totalTarget": 14_328}
    assert browser.send("/milestones", wish).status_code == 201
    parts = browser.get("/plain").text.partition("newest workouts")[0]
    assert " of 3h58m48s<" in parts
    assert re.findall(r">at ([^<]+)<", parts)[-1] == "3h58m48s"
    assert not re.search(r"[0-9] (h|min|s)<", parts)


def test_pages_have_a_strict_policy_and_nothing_of_anyone(site: Visited) -> None:
    """The pages are files: the same for everyone, with no inline script and no other origin."""
    browser = site.signed_in()
    for path in ("/", "/docs", "/logout"):
        page = browser.get(path)
        assert page.text == site.browser().get(path).text
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|style=|https?://", page.text)
        again = browser.get(path, headers={"if-none-match": page.headers["etag"]})
        assert again.status_code == 304
    assert browser.get("/session").status_code == 200
    assert FRONT not in json.dumps(dict(browser.get("/").headers))
