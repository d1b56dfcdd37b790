from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.strava.scripted import (
    ACCESS_TOKEN,
    ACTIVITY_ID,
    CALLS,
    CANARIES,
    REFRESH_TOKEN,
    client,
    fault,
    ok,
    payload,
    told,
)
from commitcollect_adapters.strava import Answer
from commitcollect_core.errors import (
    AccessTokenRejected,
    CommitCollectError,
    InvalidInput,
    NotFound,
    ScopeMissing,
    StravaAppInactive,
    StravaAppRejected,
    StravaAthletesExceeded,
    StravaCodeRejected,
    StravaRateLimited,
    StravaRefused,
    StravaUnavailable,
    TokenRefreshRejected,
    UpstreamError,
)
from commitcollect_core.strava.rates import Meter, RateReading

HTML = Answer(status=404, headers={"content-type": "text/html"}, body=b"<html>canary-page not found</html>")
INVALID_TOKEN = ("Athlete", "access_token", "invalid")
MISSING_SCOPE = ("AccessToken", "activity:read_permission", "missing")
INACTIVE = ("Application", "Status", "Inactive")
DEAD_REFRESH_TOKEN = ("RefreshToken", "refresh_token", "invalid")
WRONG_SECRET = ("Application", "client_secret", "invalid")
UNNAMED_APP = ("Application", "", "invalid")
INVALID_CLIENT = {"error": "invalid_client"}
READS = ("activity", "activities")
TOKENS = ("exchange", "refresh")
SUBSCRIPTIONS = ("subscriptions", "subscribe", "unsubscribe")


def raised(call: str, answer: Answer) -> CommitCollectError | None:
    """What a call raises on an answer."""
    api, _ = client(answer)
    try:
        CALLS[call](api)
    except CommitCollectError as error:
        return error
    return None


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (fault(429), StravaRateLimited),
        (Answer(status=429, headers={"content-type": "text/html"}, body=b"<html>"), StravaRateLimited),
        (
            ok({"errors": "Rate Limit Exceeded", "message": "Too Many Requests"}, status=429),
            StravaRateLimited,
        ),
        (Answer(status=429), StravaRateLimited),
        (Answer(status=500), StravaUnavailable),
        (Answer(status=503, body=b"<html>"), StravaUnavailable),
        (Answer(status=597), StravaUnavailable),
        (Answer(status=408), StravaUnavailable),
        (Answer(status=301, headers={"location": "https://elsewhere.example/"}), StravaUnavailable),
        (Answer(status=302), StravaUnavailable),
        (Answer(status=403, headers={"content-type": "text/html"}, body=b"<html>"), StravaUnavailable),
        (Answer(status=403, headers={"content-type": "text/html"}), StravaUnavailable),
        (fault(403, INACTIVE), StravaAppInactive),
        (fault(403, ("Else", "", "INACTIVE")), StravaAppInactive),
        (fault(403, ("Application", "", "exceeded")), StravaAthletesExceeded),
        (fault(403, ("Application", "Connected Athletes", "")), StravaAthletesExceeded),
        (fault(403, ("Athlete", "connected athletes", "limit exceeded")), StravaAthletesExceeded),
        (ok({"message": "Limit of connected athletes exceeded"}, status=403), StravaAthletesExceeded),
        (
            ok({"message": "Forbidden", "errors": "Limit of connected athletes exceeded"}, status=403),
            StravaAthletesExceeded,
        ),
        (fault(403), StravaRefused),
        (Answer(status=418), StravaRefused),
    ],
    ids=repr,
)
def test_what_a_refusal_means_to_every_call(call: str, answer: Answer, error: type[UpstreamError]) -> None:
    """Limits, outages, a switched-off app and what is not Strava at all are the same for all calls."""
    assert type(raised(call, answer)) is error


@pytest.mark.parametrize("call", READS)
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (fault(401, INVALID_TOKEN), AccessTokenRejected),
        (fault(401, ("Application", "", "invalid")), AccessTokenRejected),
        (Answer(status=401), AccessTokenRejected),
        (ok({"errors": "no"}, status=401), AccessTokenRejected),
        (fault(401, MISSING_SCOPE), ScopeMissing),
        (fault(401, INVALID_TOKEN, ("Whatever", "", "Missing")), ScopeMissing),
        (Answer(status=401, headers={"content-type": "text/html"}, body=b"<html>"), StravaUnavailable),
        (fault(400, ("Application", "before", "invalid")), StravaRefused),
    ],
    ids=repr,
)
def test_what_a_refusal_means_to_an_athlete(call: str, answer: Answer, error: type[UpstreamError]) -> None:
    """A rejected token and a missing scope are told apart by the code alone; HTML ends no connection."""
    assert type(raised(call, answer)) is error


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (fault(400, DEAD_REFRESH_TOKEN), TokenRefreshRejected, "refresh token"),
        (fault(400, ("RefreshToken", "code", "invalid")), TokenRefreshRejected, "refresh token"),
        (fault(400, ("Other", "refresh_token", "Invalid")), TokenRefreshRejected, "refresh token"),
        (fault(400, ("RefreshToken", "", "invalid")), TokenRefreshRejected, "refresh token"),
        (fault(400, ("", "", " Expired ")), TokenRefreshRejected, "refresh token"),
        (ok({"error": "invalid_grant"}, status=400), TokenRefreshRejected, "refresh token"),
        (
            ok({"errors": {"field": "", "code": "invalid"}}, status=400),
            TokenRefreshRejected,
            "refresh token",
        ),
        (fault(400, WRONG_SECRET), StravaAppRejected, "strava_client_secret"),
        (fault(400, ("RefreshToken", "client_id", "invalid")), StravaAppRejected, "strava_client_id"),
        (fault(400, UNNAMED_APP), StravaAppRejected, "strava_client_secret"),
        (fault(401, UNNAMED_APP), StravaAppRejected, "strava_client_secret"),
        (fault(401, DEAD_REFRESH_TOKEN), StravaAppRejected, "strava_client_secret"),
        (fault(401, MISSING_SCOPE), StravaAppRejected, "strava_client_secret"),
        (Answer(status=401), StravaAppRejected, "strava_client_secret"),
        (ok({}, status=401), StravaAppRejected, "strava_client_secret"),
        (ok(INVALID_CLIENT, status=400), StravaAppRejected, "strava_client_secret"),
        (ok(INVALID_CLIENT, status=401), StravaAppRejected, "strava_client_secret"),
        (fault(400, ("RefreshToken", "grant_type", "invalid")), StravaRefused, "400"),
        (fault(403, DEAD_REFRESH_TOKEN), StravaRefused, "403"),
        (Answer(status=400), StravaRefused, "400"),
        (ok({"message": "Bad Request", "errors": "invalid"}, status=400), StravaRefused, "400"),
        (ok(["invalid"], status=400), StravaUnavailable, "not Strava"),
        (HTML, StravaUnavailable, "not Strava"),
    ],
    ids=repr,
)
def test_only_a_clear_word_condemns_a_refresh_token(
    answer: Answer, error: type[UpstreamError], words: str
) -> None:
    """The operator's mistakes and unclear answers never cost an athlete the connection."""
    found = raised("refresh", answer)
    assert type(found) is error
    assert words in found.message


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (fault(400, ("RequestToken", "code", "invalid")), StravaCodeRejected, "connect again"),
        (fault(400, ("AuthorizationCode", "", "expired")), StravaCodeRejected, "connect again"),
        (fault(400, ("", "", "Invalid")), StravaCodeRejected, "connect again"),
        (ok({"error": "invalid_grant"}, status=400), StravaCodeRejected, "connect again"),
        (fault(400, ("Application", "client_id", "invalid")), StravaAppRejected, "strava_client_id"),
        (fault(400, UNNAMED_APP), StravaAppRejected, "strava_client_id"),
        (ok(INVALID_CLIENT, status=401), StravaAppRejected, "strava_client_id"),
        (Answer(status=401), StravaAppRejected, "strava_client_id"),
        (
            fault(403, ("Athlete", "", "exceeded")),
            StravaAthletesExceeded,
            "https://developers.strava.com/docs/rate-limits/",
        ),
        (fault(400, ("Authorize", "scope", "invalid")), StravaRefused, "400"),
        (Answer(status=400), StravaRefused, "400"),
    ],
    ids=repr,
)
def test_each_refused_exchange_names_its_way_out(
    answer: Answer, error: type[UpstreamError], words: str
) -> None:
    """A dead code, a wrong app and a full app are different errors, whatever fields are empty."""
    found = raised("exchange", answer)
    assert type(found) is error
    assert words in found.message


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=200),
        Answer(status=204),
        ok({"access_token": "x"}),
        Answer(status=200, headers={"content-type": "text/html"}, body=b"<p>bye"),
    ],
    ids=repr,
)
def test_any_success_is_a_revocation(answer: Answer) -> None:
    """Whatever stands in the body, a success means that the permission is gone."""
    assert raised("revoke", answer) is None


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (fault(400, ("Token", "token", "invalid")), None),
        (fault(400, ("Token", "", "expired")), None),
        (ok({"error": "invalid_token"}, status=400), None),
        (ok({"error": "invalid_grant"}, status=400), None),
        (fault(400), StravaRefused),
        (ok({"error": "invalid_request"}, status=400), StravaRefused),
        (fault(400, UNNAMED_APP), StravaAppRejected),
        (ok(INVALID_CLIENT, status=400), StravaAppRejected),
        (Answer(status=401), StravaAppRejected),
        (ok({}, status=401), StravaAppRejected),
        (ok(INVALID_CLIENT, status=401), StravaAppRejected),
        (fault(401, UNNAMED_APP), StravaAppRejected),
        (fault(401, INVALID_TOKEN), StravaAppRejected),
        (fault(401, WRONG_SECRET), StravaAppRejected),
        (Answer(status=401, headers={"content-type": "text/html"}, body=b"<html>"), StravaUnavailable),
    ],
    ids=repr,
)
def test_what_was_revoked_before_is_done(answer: Answer, error: type[UpstreamError] | None) -> None:
    """A token that is not valid any more needs no revoking; a 401 to the app's credentials proves nothing."""
    found = raised("revoke", answer)
    assert found is None if error is None else type(found) is error


@pytest.mark.parametrize("call", SUBSCRIPTIONS)
@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=401),
        fault(400, WRONG_SECRET),
        fault(401, INVALID_TOKEN),
        fault(403, UNNAMED_APP),
        ok(INVALID_CLIENT, status=400),
    ],
    ids=repr,
)
def test_subscriptions_name_the_settings_that_are_wrong(call: str, answer: Answer) -> None:
    """These calls are the app's own: being refused means that its id or secret is wrong."""
    found = raised(call, answer)
    assert type(found) is StravaAppRejected
    assert "strava_client_id and strava_client_secret" in found.message


@pytest.mark.parametrize(
    ("detail", "words"),
    [
        (("PushSubscription", "", "already exists"), "remove that one first"),
        (("PushSubscription", "callback url", "GET to callback URL does not return 200"), "handshake"),
        (("PushSubscription", "callback url", "not verifiable"), "handshake"),
    ],
)
def test_a_refused_subscription_says_what_to_do(detail: tuple[str, str, str], words: str) -> None:
    """A second subscription and an address that failed the handshake are told apart."""
    found = raised("subscribe", fault(400, detail))
    assert type(found) is StravaRefused
    assert words in found.message


def test_a_subscription_that_is_not_there_cannot_be_removed() -> None:
    """Removing one twice is told; an HTML page that says 404 is no answer."""
    assert type(raised("unsubscribe", Answer(status=404))) is NotFound
    assert type(raised("unsubscribe", HTML)) is StravaUnavailable
    assert raised("unsubscribe", Answer(status=204)) is None


@pytest.mark.parametrize(
    "answer", [Answer(status=404), fault(404, ("Activity", "id", "not found"))], ids=repr
)
def test_a_404_of_stravas_is_an_activity_that_is_gone(answer: Answer) -> None:
    """With a body or without, it is not visible; that is an answer, not an error."""
    api, _ = client(answer)
    assert api.activity(ACCESS_TOKEN, ACTIVITY_ID).activity is None


def test_a_404_of_something_else_deletes_nothing() -> None:
    """A page of HTML from a proxy or a wrong address is not Strava saying that an activity is gone."""
    assert type(raised("activity", HTML)) is StravaUnavailable
    assert type(raised("activity", Answer(status=404, body=b"not found"))) is StravaUnavailable
    assert type(raised("activities", Answer(status=404))) is StravaRefused


@pytest.mark.parametrize(
    "call", ["exchange", "refresh", "activity", "activities", "subscriptions", "subscribe"]
)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>canary-page</html>",
        b"null",
        b"7",
        b'"text"',
        b'{"id": NaN}',
        b'{"id": 1, "id": 2}',
        b'{"id": 1e400}',
        b'{"id": ' + b"9" * 5_000 + b"}",
        b"[" * 100_000,
        "ünïcode".encode("utf-16"),
        b'{"id": "\xff"}',
        b'{"message": "ok"}',
        b"[" + b'{"x": "' + b"x" * 10_000_000 + b'"}]',
    ],
    ids=lambda body: repr(body[:20]),
)
def test_a_success_that_is_not_stravas_is_no_answer(call: str, body: bytes) -> None:
    """HTML, NaN, repeated keys, ten megabytes and the like: nothing is believed and nothing repeated."""
    found = raised(call, Answer(status=200, headers={"x-ratelimit-usage": "5,6"}, body=body))
    assert type(found) is StravaUnavailable
    assert found.rates == RateReading(used=Meter(5, 6))
    assert len(found.message) < 200
    assert not any("canary" in each for each in told(found))


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"expires_at": 1},
        {"access_token": "", "refresh_token": ""},
        {"access_token": "a\r\nX-Evil: 1", "refresh_token": 7, "expires_at": 1},
        {"access_token": 7, "refresh_token": "x" * 2_000, "expires_at": 1},
        {"access_token": None, "refresh_token": REFRESH_TOKEN, "expires_at": 1},
        {"message": "ok"},
    ],
    ids=repr,
)
@pytest.mark.parametrize("call", TOKENS)
def test_an_answer_without_a_usable_token_is_no_grant(call: str, document: dict[str, object]) -> None:
    """Tokens that are missing, or could not stand in a header, are not taken over."""
    assert type(raised(call, ok(document))) is StravaUnavailable


@pytest.mark.parametrize("document", [{"access_token": "a"}, {"refresh_token": "b"}], ids=repr)
def test_an_exchange_needs_both_tokens(document: dict[str, object]) -> None:
    """There is no earlier token to go on with."""
    assert type(raised("exchange", ok(document))) is StravaUnavailable


def test_every_refusal_carries_the_counts_that_came_with_it() -> None:
    """The keeper of the budget learns of calls that failed, too."""
    counts = {"x-ratelimit-limit": "200,2000", "x-ratelimit-usage": "201,900"}
    expected = RateReading(limit=Meter(200, 2000), used=Meter(201, 900))
    for call in CALLS:
        for status in (302, 400, 401, 403, 418, 429, 500):
            found = raised(call, fault(status, WRONG_SECRET, headers=counts))
            assert isinstance(found, UpstreamError), (call, status)
            assert found.rates == expected, (call, status)


def test_no_secret_and_nothing_of_a_body_is_in_an_error() -> None:
    """Whatever Strava answers, errors tell neither what was sent nor what came back."""
    talkative = [
        fault(status, ("canary-resource", "canary-field", "canary-code")) for status in range(400, 500)
    ]
    for call in CALLS:
        for answer in talkative:
            for text in told(raised(call, answer)):
                assert "canary" not in text


def test_no_secret_is_in_a_representation() -> None:
    """Neither the client nor the app nor a request or answer gives a secret away when it is shown."""
    for call in CALLS:
        api, transport = client(ok({"access_token": "canary"}))
        with suppress(CommitCollectError):
            CALLS[call](api)
        shown = f"{api!r} {transport.requests!r} {ok({'access_token': 'canary'})!r}"
        assert not any(each in shown for each in (*CANARIES, "canary"))


def test_a_token_that_cannot_stand_in_a_header_is_never_sent() -> None:
    """A stored token that was damaged is rejected here, as Strava would reject it."""
    api, transport = client(ok(payload()))
    for token in ("", "a b", "a\r\nHost: evil", "ü"):
        with pytest.raises(AccessTokenRejected):
            api.activity(token, ACTIVITY_ID)
    assert not transport.requests


@given(
    st.integers(100, 999),
    st.binary(max_size=60) | st.sampled_from([b"{}", b"[]", b'{"errors": [{"code": 7}, 8, null]}']),
    st.sampled_from(["application/json", "text/html", ""]),
    st.sampled_from(sorted(CALLS)),
)
def test_any_answer_ends_in_an_error_of_ours_or_a_result(
    status: int, body: bytes, kind: str, call: str
) -> None:
    """No status and no body makes a call raise anything that callers are not told to expect."""
    found = raised(call, Answer(status=status, headers={"content-type": kind}, body=body))
    assert found is None or isinstance(found, UpstreamError | InvalidInput | NotFound)
