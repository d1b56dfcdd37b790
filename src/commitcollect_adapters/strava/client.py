"""Strava as a port: what to ask, and what the answers mean. Retries are the callers' business."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from attrs import evolve

from commitcollect_adapters.readers.strict_json import parse_document
from commitcollect_adapters.strava import failures, payloads
from commitcollect_adapters.strava.messages import Answer, Request, Revocation, StravaApp, Transport
from commitcollect_adapters.strava.rates import rates_of
from commitcollect_core.errors import (
    AccessTokenRejected,
    InvalidInput,
    NotFound,
    StravaRefused,
    StravaUnavailable,
    TokenRefreshRejected,
)
from commitcollect_core.policy import DEFAULT_POLICY, Policy
from commitcollect_core.strava.ports import ActivityAnswer, ActivityList, PushSubscription, TokenGrant
from commitcollect_core.values import ActivityId

ACTIVITY_BYTES_MAX = 4_194_304
"""An activity with all its segments has about 100,000 bytes, a page of 200 about 300,000."""

PER_PAGE_MAX = 200
"""Strava gives no more at once."""

_Made = TypeVar("_Made")


class StravaClient:
    """`StravaApi` on a transport."""

    def __init__(self, app: StravaApp, transport: Transport, *, policy: Policy = DEFAULT_POLICY) -> None:
        """Ask in the name of `app`.

        Args:
            app: who asks, and where.
            transport: carries what is asked.
            policy: how names are cut and offsets believed.
        """
        self._app = app
        self._transport = transport
        self._policy = policy

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._app!r})"

    def authorize_url(self, *, state: str, scope: Sequence[str], redirect_uri: str) -> str:
        """See `StravaApi`."""
        query = {
            "client_id": self._app.client_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "approval_prompt": "auto",
            "scope": ",".join(scope),
            "state": state,
        }
        return f"{self._app.oauth_base}/authorize?{urlencode(query)}"

    def exchange(self, code: str) -> TokenGrant:
        """See `StravaApi`."""
        answer = self._ask_for_tokens(grant_type="authorization_code", code=code)
        if not answer.is_success:
            raise failures.exchange_failure(answer)
        return _read(answer, payloads.grant_from)

    def refresh(self, refresh_token: str) -> TokenGrant:
        """See `StravaApi`."""
        answer = self._ask_for_tokens(grant_type="refresh_token", refresh_token=refresh_token)
        if not answer.is_success:
            raise failures.refresh_failure(answer)
        return _read(answer, payloads.grant_from)

    def _ask_for_tokens(self, **form: str) -> Answer:
        return self._send(
            Request(
                method="POST", address=f"{self._app.oauth_base}/token", form={**self._credentials, **form}
            )
        )

    def _send(self, request: Request) -> Answer:
        answer = self._transport.send(request)
        if len(answer.body) <= request.bytes_max(answer.status):
            return answer
        return evolve(answer, body=b"", is_too_long=True)

    @property
    def _credentials(self) -> dict[str, str]:
        return {"client_id": self._app.client_id, "client_secret": self._app.client_secret}

    def revoke(self, token: str) -> None:
        """See `StravaApi`."""
        match self._app.revoke_with:
            case Revocation.REVOKE:
                self._revoke(token)
            case Revocation.DEAUTHORIZE:
                self._deauthorize(token)

    def _revoke(self, token: str) -> None:
        pair = f"{self._app.client_id}:{self._app.client_secret}".encode()
        answer = self._send(
            Request(
                method="POST",
                address=f"{self._app.oauth_base}/revoke",
                headers={"Authorization": f"Basic {b64encode(pair).decode()}"},
                form={"token": token},
            )
        )
        if not answer.is_success and not failures.is_revoked_already(answer):
            raise failures.app_failure(answer)

    def _deauthorize(self, token: str) -> None:
        """The old way takes access tokens alone; for a refresh token one is got first."""
        if not self._is_deauthorized(token):
            try:
                access_token = self.refresh(token).access_token
            except TokenRefreshRejected:
                return
            self._is_deauthorized(access_token)

    def _is_deauthorized(self, access_token: str) -> bool:
        """Give the permission back; False if this is no access token, or not any more."""
        answer = self._send(
            Request(
                method="POST",
                address=f"{self._app.oauth_base}/deauthorize",
                headers=_bearer(access_token),
            )
        )
        if not answer.is_success and not failures.is_revoked_already(answer):
            raise failures.app_failure(answer)
        return answer.is_success

    def activity(self, access_token: str, activity_id: ActivityId) -> ActivityAnswer:
        """See `StravaApi`.

        Raises:
            InvalidInput: it is an activity, but not one that can be believed.
        """
        answer = self._get(access_token, f"/activities/{quote(activity_id, safe='')}")
        if answer.status == failures.NOT_FOUND and failures.is_stravas(answer):
            return ActivityAnswer(activity=None, rates=rates_of(answer.headers))
        document = _document(_succeeded(answer))
        if not payloads.is_activity(document) or str(document["id"]) != activity_id:
            raise failures.rated(
                StravaUnavailable("the answer is not the activity asked for; try again later"), answer
            )
        activity = payloads.listed_activity(document, self._policy)
        return ActivityAnswer(activity=activity, rates=rates_of(answer.headers))

    def activities(
        self, access_token: str, *, after: datetime | None, before: datetime | None, limit: int
    ) -> ActivityList:
        """See `StravaApi`. Those count that start at `after` or later, and before `before`.

        Strava itself is asked with `before` alone: once it is told `after`, it lists the oldest first, and
        refuses one in the future. So what starts too early is left out here.
        """
        span = payloads.Span(after=after, before=before, limit=min(limit, PER_PAGE_MAX))
        query = {"page": "1", "per_page": str(span.limit)}
        if span.before is not None:
            query["before"] = str(int(span.before.timestamp()))
        answer = _succeeded(self._get(access_token, "/athlete/activities", query))
        rows = _document(answer)
        if not isinstance(rows, list):
            raise failures.rated(_not_stravas("a list"), answer)
        return payloads.activity_list(rows, span, policy=self._policy, rates=rates_of(answer.headers))

    def _get(self, access_token: str, path: str, query: Mapping[str, str] | None = None) -> Answer:
        return self._send(
            Request(
                method="GET",
                address=self._app.api_base + path,
                query=query or {},
                headers=_bearer(access_token),
                body_bytes_max=ACTIVITY_BYTES_MAX,
            )
        )

    def subscriptions(self) -> Sequence[PushSubscription]:
        """See `StravaApi`."""
        answer = self._on_subscriptions("GET")
        if not answer.is_success:
            raise failures.app_failure(answer)
        return _read(answer, payloads.subscriptions_from)

    def subscribe(self, *, callback_url: str, verify_token: str) -> int:
        """See `StravaApi`.

        Raises:
            StravaRefused: there is a subscription already, or `callback_url` did not pass the handshake.
        """
        answer = self._on_subscriptions("POST", callback_url=callback_url, verify_token=verify_token)
        if answer.status == failures.BAD_REQUEST and not failures.is_about_credentials(answer):
            raise failures.rated(_subscription_refused(answer), answer)
        if not answer.is_success:
            raise failures.app_failure(answer)
        return _read(answer, payloads.subscription_id_from)

    def unsubscribe(self, subscription_id: int) -> None:
        """See `StravaApi`."""
        answer = self._on_subscriptions("DELETE", f"/{subscription_id}")
        if answer.status == failures.NOT_FOUND and failures.is_stravas(answer):
            raise NotFound(
                f"Strava has no subscription {subscription_id} of this app; list what there is",
                code="subscription_not_found",
            )
        if not answer.is_success:
            raise failures.app_failure(answer)

    def _on_subscriptions(self, method: str, path: str = "", **form: str) -> Answer:
        values = {**self._credentials, **form}
        return self._send(
            Request(
                method=method,
                address=f"{self._app.api_base}/push_subscriptions{path}",
                query={} if method == "POST" else values,
                form=values if method == "POST" else {},
            )
        )


def _bearer(access_token: str) -> dict[str, str]:
    if not payloads.TOKEN.fullmatch(access_token):
        raise AccessTokenRejected("this access token is none that Strava gives")
    return {"Authorization": f"Bearer {access_token}"}


def _succeeded(answer: Answer) -> Answer:
    if not answer.is_success:
        raise failures.failure(answer)
    return answer


def _document(answer: Answer) -> Any:
    """What a success holds.

    Raises:
        StravaUnavailable: it is too long, or not JSON by the letter.
    """
    document = _Unreadable if answer.is_too_long else _parsed(answer.body)
    if document is _Unreadable:
        raise failures.rated(_not_stravas("JSON of a reasonable length"), answer)
    return document


class _Unreadable:
    """Stands for a document that there is none of, as None is one."""


def _parsed(body: bytes) -> Any:
    try:
        return parse_document(body)
    except InvalidInput:
        return _Unreadable


def _read(answer: Answer, read: Callable[[Any], _Made]) -> _Made:
    """What `read` makes of a success.

    Raises:
        StravaUnavailable: it is not what it should be.
    """
    document = _document(answer)
    try:
        return read(document)
    except InvalidInput as invalid:
        wrong = invalid.field or "content"
    raise failures.rated(_not_stravas(f"what it should be, by its {wrong}"), answer)


def _not_stravas(what: str) -> StravaUnavailable:
    return StravaUnavailable(f"the answer is not {what}; try again later")


def _subscription_refused(answer: Answer) -> StravaRefused:
    if any(each.code == "already exists" for each in failures.details(answer)):
        return StravaRefused(
            "the app has a subscription already, and Strava allows one; remove that one first"
        )
    return StravaRefused(
        "Strava did not accept the address; it must be public, and answer Strava's handshake within 2 s"
    )
