from __future__ import annotations

from base64 import b64decode
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from attrs import evolve

from adapters.strava.scripted import (
    ACCESS_TOKEN,
    ACTIVITY_ID,
    APP,
    CALLS,
    CLIENT_SECRET,
    CODE,
    REFRESH_TOKEN,
    VERIFY_TOKEN,
    client,
    fault,
    ok,
    payload,
)
from commitcollect_adapters.strava import Answer, Revocation
from commitcollect_core.errors import AccessTokenRejected, InvalidInput, StravaUnavailable
from commitcollect_core.strava.ports import PushSubscription, TokenGrant
from commitcollect_core.values import ActivityId, AthleteId

BEFORE = datetime(2026, 5, 2, tzinfo=UTC)
DEAUTHORIZE = evolve(APP, revoke_with=Revocation.DEAUTHORIZE)
GRANT = {"access_token": "new-access", "refresh_token": "new-refresh", "expires_at": 1_542_940_199}


def at(seconds: int) -> datetime:
    """A moment near the samples'."""
    return BEFORE - timedelta(days=1) + timedelta(seconds=seconds)


def row(activity_id: int, seconds: int) -> dict[str, object]:
    """An activity that starts at a moment."""
    return payload(activity_id, start_date=at(seconds).isoformat())


def test_the_browser_is_sent_to_stravas_consent() -> None:
    """The address holds everything Strava needs to come back, each value quoted."""
    api, transport = client(ok({}))
    address = urlsplit(
        api.authorize_url(
            state="s&=1", scope=["read", "activity:read"], redirect_uri="https://example.org/back?x=1"
        )
    )
    assert f"{address.scheme}://{address.netloc}{address.path}" == "https://www.strava.com/oauth/authorize"
    assert parse_qs(address.query) == {
        "client_id": ["4711"],
        "redirect_uri": ["https://example.org/back?x=1"],
        "response_type": ["code"],
        "approval_prompt": ["auto"],
        "scope": ["read,activity:read"],
        "state": ["s&=1"],
    }
    assert not transport.requests


def test_a_code_becomes_tokens_and_an_athlete() -> None:
    """Secrets go in the form; the athlete is named with the exchange."""
    api, transport = client(ok({**GRANT, "athlete": {"id": 12342176}}))
    expected = TokenGrant(
        access_token=str(GRANT["access_token"]),
        refresh_token=str(GRANT["refresh_token"]),
        expires_at=datetime(2018, 11, 23, 2, 29, 59, tzinfo=UTC),
        athlete_id=AthleteId("12342176"),
    )
    assert api.exchange(CODE) == expected
    [request] = transport.requests
    assert (request.method, request.address) == ("POST", "https://www.strava.com/oauth/token")
    assert request.form == {
        "client_id": "4711",
        "client_secret": CLIENT_SECRET,
        "grant_type": "authorization_code",
        "code": CODE,
    }


def test_a_refresh_gives_tokens_without_an_athlete() -> None:
    """A renewal does not say whose the tokens are."""
    api, transport = client(ok(GRANT))
    assert api.refresh(REFRESH_TOKEN).athlete_id is None
    assert transport.requests[0].form["refresh_token"] == REFRESH_TOKEN
    assert transport.requests[0].form["grant_type"] == "refresh_token"


ENDS_AT = datetime(2026, 11, 26, 10, tzinfo=UTC)
SECONDS = int(ENDS_AT.timestamp())
READ_AT = ENDS_AT - timedelta(hours=6)


@pytest.mark.parametrize(
    ("expiry", "ends_at"),
    [
        ({"expires_at": SECONDS}, ENDS_AT),
        ({"expires_at": str(SECONDS)}, ENDS_AT),
        ({"expires_at": f" {SECONDS}.0 "}, ENDS_AT),
        ({"expires_at": SECONDS + 0.25}, ENDS_AT),
        ({"expires_at": SECONDS * 1_000}, ENDS_AT),
        ({"expires_at": f"{SECONDS * 1_000}"}, ENDS_AT),
        ({"expires_at": SECONDS, "expires_in": 60}, ENDS_AT),
        ({"expires_in": 21_600}, ENDS_AT),
        ({"expires_in": "21600"}, ENDS_AT),
        ({"expires_in": 21_600.9}, ENDS_AT),
        ({"expires_at": None, "expires_in": 21_600}, ENDS_AT),
        ({"expires_at": "soon", "expires_in": 21_600}, ENDS_AT),
        ({"expires_at": True, "expires_in": 21_600}, ENDS_AT),
        ({"expires_at": 10**20, "expires_in": 21_600}, ENDS_AT),
        ({"expires_at": 0, "expires_in": 21_600}, ENDS_AT),
        ({"expires_at": [SECONDS], "expires_in": 10**12}, READ_AT + timedelta(days=366)),
        ({"expires_in": -5}, READ_AT),
        ({"expires_at": "soon", "expires_in": "later"}, READ_AT),
        ({}, READ_AT),
    ],
    ids=repr,
)
def test_tokens_are_kept_however_strava_says_when_they_end(
    expiry: dict[str, object], ends_at: datetime
) -> None:
    """Texts, floats, milliseconds, `expires_in` alone; with nothing readable they are renewed before use."""
    tokens = {"access_token": "new-access", "refresh_token": "new-refresh"}
    api, _ = client(ok({**tokens, **expiry}))
    for grant in (api.exchange(CODE), api.refresh(REFRESH_TOKEN)):
        assert (grant.access_token, grant.refresh_token) == ("new-access", "new-refresh")
        assert grant.ends_at(READ_AT) == ends_at


@pytest.mark.parametrize(
    "athlete", [None, "nobody", {}, {"name": "nobody"}, {"id": "x"}, {"id": 0}], ids=repr
)
def test_an_unreadable_athlete_costs_no_token(athlete: object) -> None:
    """Who it is matters after an exchange only, and there the use case refuses it."""
    api, _ = client(ok({**GRANT, "athlete": athlete}))
    assert api.refresh(REFRESH_TOKEN).refresh_token == GRANT["refresh_token"]
    assert api.exchange(CODE).athlete_id is None


def test_an_athletes_id_may_be_a_text() -> None:
    """As ids are elsewhere at times."""
    api, _ = client(ok({**GRANT, "athlete": {"id": "12342176"}}))
    assert api.exchange(CODE).athlete_id == "12342176"


def test_a_refresh_without_a_refresh_token_keeps_the_one_before() -> None:
    """OAuth: no new one means that the old one stays valid."""
    api, _ = client(ok({"access_token": "new-access", "expires_in": 60}))
    grant = api.refresh(REFRESH_TOKEN)
    assert (grant.access_token, grant.refresh_token) == ("new-access", REFRESH_TOKEN)


@pytest.mark.parametrize("access_token", [None, "", 7, "a\r\nX-Evil: 1"], ids=repr)
def test_a_new_refresh_token_alone_is_not_lost(access_token: object) -> None:
    """The old one may be dead by now; the access token ends at once, so that it is never used."""
    api, _ = client(ok({"access_token": access_token, "refresh_token": "new-refresh", "expires_at": SECONDS}))
    grant = api.refresh(REFRESH_TOKEN)
    assert (grant.access_token, grant.refresh_token) == ("", "new-refresh")
    assert grant.ends_at(READ_AT) == READ_AT


@pytest.mark.parametrize("body", [b"", b"{}", b"<html>", b'{"id": "none"}'])
def test_a_subscription_whose_id_is_unreadable_is_looked_up(body: bytes) -> None:
    """It exists by now: a second try would be refused, so the list is asked for its id."""
    listed = ok([{"id": "131300", "callback_url": None, "created_at": 7}])
    api, transport = client(Answer(status=201, body=body), listed)
    assert api.subscribe(callback_url="https://example.org/hook", verify_token=VERIFY_TOKEN) == 131300
    assert [each.method for each in transport.requests] == ["POST", "GET"]


def test_a_revocation_proves_the_app_by_its_secret() -> None:
    """The new way takes either token in the form, and the app's id and secret as Basic."""
    api, transport = client(Answer(status=200))
    api.revoke(REFRESH_TOKEN)
    [request] = transport.requests
    assert request.address == "https://www.strava.com/oauth/revoke"
    assert request.form == {"token": REFRESH_TOKEN}
    kind, _, proof = request.headers["Authorization"].partition(" ")
    assert (kind, b64decode(proof)) == ("Basic", f"4711:{CLIENT_SECRET}".encode())


def test_the_old_way_takes_an_access_token() -> None:
    """A permission is given back in one call if the token opens it."""
    api, transport = client(ok({"access_token": ACCESS_TOKEN}), app=DEAUTHORIZE)
    api.revoke(ACCESS_TOKEN)
    [request] = transport.requests
    assert request.address == "https://www.strava.com/oauth/deauthorize"
    assert request.headers["Authorization"] == f"Bearer {ACCESS_TOKEN}"


@pytest.mark.parametrize("answer", [Answer(status=401), fault(400, ("Athlete", "access_token", "invalid"))])
def test_the_old_way_asks_nothing_more_with_a_token_that_is_not_taken(answer: Answer) -> None:
    """Renewing might replace a refresh token, and only a caller with a store can keep the new one."""
    api, transport = client(answer, app=DEAUTHORIZE)
    with pytest.raises(AccessTokenRejected):
        api.revoke(REFRESH_TOKEN)
    assert len(transport.requests) == 1


def test_a_caller_can_see_which_tokens_revoke() -> None:
    """The old way takes an access token only."""
    assert client()[0].revokes_by_any_token()
    assert not client(app=DEAUTHORIZE)[0].revokes_by_any_token()


def test_tokens_go_in_the_header_alone() -> None:
    """No address and no query ever holds an athlete's token."""
    for call in ("activity", "activities"):
        api, transport = client(Answer(status=500))
        with pytest.raises(StravaUnavailable):
            CALLS[call](api)
        [request] = transport.requests
        assert request.headers == {"Authorization": f"Bearer {ACCESS_TOKEN}"}
        assert ACCESS_TOKEN not in request.address + repr(request.query) + repr(request.form)


def test_an_activity_is_read_with_its_owner() -> None:
    """One call, by the activity's id; the owner stands beside the snapshot."""
    api, transport = client(ok(payload(), headers={"x-ratelimit-usage": "1,2"}))
    answer = api.activity(ACCESS_TOKEN, ACTIVITY_ID)
    assert answer.activity is not None
    assert answer.activity.athlete_id == "7"
    assert answer.activity.snapshot.distance_meters == 25_000
    assert answer.rates is not None
    [request] = transport.requests
    assert request.address == "https://www.strava.com/api/v3/activities/100"
    assert not request.query


def test_an_activity_id_cannot_leave_its_place() -> None:
    """An id is one part of a path, whatever stands in it."""
    api, transport = client(Answer(status=404))
    api.activity(ACCESS_TOKEN, ActivityId("../athlete?x=1"))
    assert transport.requests[0].address.endswith("/activities/..%2Fathlete%3Fx%3D1")


@pytest.mark.parametrize(
    "changes",
    [
        {"start_date": None},
        {"start_date": "yesterday"},
        {"start_date": 7},
    ],
    ids=repr,
)
def test_an_activity_beyond_belief_is_the_activitys_fault(changes: dict[str, Any]) -> None:
    """It is an activity and it was asked for: asking again will not mend it, and its reason is told."""
    api, _ = client(ok(payload(**changes)))
    with pytest.raises(InvalidInput) as caught:
        api.activity(ACCESS_TOKEN, ACTIVITY_ID)
    assert caught.value.field in changes


@pytest.mark.parametrize(
    "changes",
    [
        {"distance": -1.0},
        {"distance": "far"},
        {"distance": 1e300},
        {"sport_type": None, "type": None},
        {"flagged": "no"},
        {"name": 7},
    ],
    ids=repr,
)
def test_a_value_beyond_belief_costs_only_itself(changes: dict[str, Any]) -> None:
    """The activity is read without it, and the value is named."""
    api, _ = client(ok(payload(**changes)))
    activity = api.activity(ACCESS_TOKEN, ACTIVITY_ID).activity
    assert activity is not None
    assert activity.snapshot.moving_seconds == 3_600
    assert {each.field for each in activity.set_aside} <= {*changes, "sport_type"}
    assert activity.set_aside


@pytest.mark.parametrize(
    "document",
    [
        payload(101),
        {**payload(), "athlete": None},
        {**payload(), "athlete": {"id": None}},
        {**payload(), "id": None},
        [payload()],
        {"message": "ok"},
    ],
    ids=["another", "no athlete", "nobody", "no id", "a list", "none"],
)
def test_what_is_not_the_activity_asked_for_is_no_answer(document: object) -> None:
    """Another activity, or none at all, says nothing about the one that was asked for."""
    api, _ = client(ok(document))
    with pytest.raises(StravaUnavailable):
        api.activity(ACCESS_TOKEN, ACTIVITY_ID)


def test_a_list_is_asked_for_by_before_alone() -> None:
    """Told `after`, Strava lists the oldest first; so it is not told, and what is too early is left out."""
    api, transport = client(ok([row(3, 30), row(2, 20), row(1, 10)]))
    page = api.activities(ACCESS_TOKEN, after=at(20), before=at(31), limit=500)
    [request] = transport.requests
    assert request.address == "https://www.strava.com/api/v3/athlete/activities"
    assert request.query == {"page": "1", "per_page": "200", "before": str(int(at(31).timestamp()))}
    assert [each.snapshot.activity_id for each in page.activities] == ["3", "2"]
    assert page.oldest_start_at == at(20)
    assert page.is_last


def test_a_span_holds_its_first_second_and_not_its_last() -> None:
    """`after` is the first moment that counts and `before` the first that does not."""
    api, _ = client(ok([row(each, each) for each in range(5, 0, -1)]))
    page = api.activities(ACCESS_TOKEN, after=at(2), before=at(4), limit=200)
    assert [each.snapshot.activity_id for each in page.activities] == ["3", "2"]


@pytest.mark.parametrize(
    ("starts", "after", "limit", "is_last", "missing"),
    [
        ([], None, 3, False, 3),
        ([], 5, 3, False, 3),
        ([9, 8, 7], None, 3, False, 0),
        ([9, 8], None, 3, False, 1),
        ([9, 8, 4], 5, 3, True, 0),
        ([9, 8, 5], 5, 3, False, 0),
        ([4], 5, 3, True, 2),
    ],
)
def test_only_reaching_back_beyond_the_span_is_the_end(
    starts: list[int], after: int | None, limit: int, is_last: bool, missing: int
) -> None:
    """Strava may leave rows out of a page, or all of them; how many are missing is said."""
    api, transport = client(ok([row(number, start) for number, start in enumerate(starts, 1)]))
    page = api.activities(
        ACCESS_TOKEN, after=None if after is None else at(after), before=at(10), limit=limit, page=4
    )
    assert (page.is_last, page.missing) == (is_last, missing)
    assert transport.requests[0].query["page"] == "4"


def test_a_row_that_cannot_be_read_costs_only_itself() -> None:
    """The others of the page come through, the cursor counts the bad ones too, and each has its reason."""
    bad = [
        {**row(8, 8), "start_date": "soon"},
        {**row(9, 1), "athlete": {}},
        {"id": {"a": "b"}},
        "text",
        None,
    ]
    api, _ = client(ok([row(1, 10), *bad, row(2, 5)]))
    page = api.activities(ACCESS_TOKEN, after=None, before=None, limit=200)
    assert [each.snapshot.activity_id for each in page.activities] == ["1", "2"]
    assert len(page.rejected) == len(bad)
    assert any(each.startswith("activity 8: start_date") for each in page.rejected)
    assert page.oldest_start_at == at(1)
    assert not page.is_last


def test_a_row_without_a_start_ends_no_list() -> None:
    """It may be older than the cursor, so there may be more behind it."""
    api, _ = client(ok([row(2, 9), {**row(1, 1), "start_date": "soon"}]))
    assert not api.activities(ACCESS_TOKEN, after=None, before=at(10), limit=200).is_last


def test_a_bad_row_out_of_the_span_is_ignored() -> None:
    """What was not asked for is not reported either."""
    api, _ = client(ok([row(2, 20), {**row(1, 1), "distance": -5}]))
    page = api.activities(ACCESS_TOKEN, after=at(10), before=None, limit=200)
    assert not page.rejected


def test_subscriptions_are_the_apps_own() -> None:
    """They go by the app's id and secret, as Strava has it: in the query, or in the form of a POST."""
    recorded = {
        "id": 131300,
        "callback_url": "http://example.org/\x1b[31m",
        "created_at": "2018-11-29T21:46:21.854786016Z",
    }
    api, transport = client(ok([recorded]))
    assert api.subscriptions() == (
        PushSubscription(
            subscription_id=131300,
            callback_url="http://example.org/ [31m",
            created_at=datetime(2018, 11, 29, 21, 46, 21, tzinfo=UTC),
        ),
    )
    credentials = {"client_id": "4711", "client_secret": CLIENT_SECRET}
    assert transport.requests[0].query == credentials

    api, transport = client(ok({"id": 131300}, status=201))
    assert api.subscribe(callback_url="https://example.org/h", verify_token=VERIFY_TOKEN) == 131300
    assert not transport.requests[0].query
    assert transport.requests[0].form == {
        **credentials,
        "callback_url": "https://example.org/h",
        "verify_token": VERIFY_TOKEN,
    }

    api, transport = client(Answer(status=204))
    api.unsubscribe(131300)
    assert transport.requests[0].address.endswith("/push_subscriptions/131300")
    assert transport.requests[0].query == credentials


@pytest.mark.parametrize("document", [{}, [1], [{"callback_url": "x"}], [{"id": 0, "callback_url": "x"}]])
def test_a_subscription_needs_its_id(document: object) -> None:
    """Its id is what events carry; its address is only shown."""
    api, _ = client(ok(document))
    with pytest.raises(StravaUnavailable):
        api.subscriptions()
