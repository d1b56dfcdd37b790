"""The port to Strava: builds requests and interprets answers. Callers retry."""

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
)
from commitcollect_core.policy import DEFAULT_POLICY, Policy
from commitcollect_core.strava.ports import ActivityAnswer, ActivityList, PushSubscription, TokenGrant
from commitcollect_core.values import ActivityId

ACTIVITY_BYTES_MAX = 4_194_304
"""The largest activities have about 100,000 bytes, a page of 200 about 300,000."""

PER_PAGE_MAX = 200
"""Strava refuses larger pages."""

_Made = TypeVar("_Made")


class StravaClient:
    """`StravaApi` on a transport."""

    def __init__(self, app: StravaApp, transport: Transport, *, policy: Policy = DEFAULT_POLICY) -> None:
        """Call Strava in the name of an app.

        Args:
            app: the app, and Strava's addresses.
            transport: sends the requests.
            policy: limits of the values in activities.
        """
        self._app = app
        self._transport = transport
        self._policy = policy

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._app!r})"

    def authorize_url(self, *, state: str, scope: Sequence[str], redirect_uri: str) -> str:
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
        answer = self._ask_for_tokens(grant_type="authorization_code", code=code)
        if not answer.is_success:
            raise failures.exchange_failure(answer)
        return _read(answer, payloads.grant_from)

    def refresh(self, refresh_token: str) -> TokenGrant:
        answer = self._ask_for_tokens(grant_type="refresh_token", refresh_token=refresh_token)
        if not answer.is_success:
            raise failures.refresh_failure(answer)
        return _read(answer, lambda document: payloads.grant_from(document, refresh_token))

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

    def revokes_by_any_token(self) -> bool:
        return self._app.revoke_with is Revocation.REVOKE

    def revoke(self, token: str) -> None:
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

    def _deauthorize(self, access_token: str) -> None:
        answer = self._send(
            Request(
                method="POST",
                address=f"{self._app.oauth_base}/deauthorize",
                headers=_bearer(access_token),
            )
        )
        if failures.is_access_token_rejected(answer):
            raise failures.rated(
                AccessTokenRejected("Strava does not take this access token any more"), answer
            )
        if not answer.is_success:
            raise failures.app_failure(answer)

    def activity(self, access_token: str, activity_id: ActivityId) -> ActivityAnswer:
        """As in `StravaApi`.

        Raises:
            InvalidInput: the activity has a value that is missing or not plausible.
        """
        answer = self._get(access_token, f"/activities/{quote(activity_id, safe='')}")
        if answer.status == failures.NOT_FOUND and failures.is_stravas(answer):
            return ActivityAnswer(activity=None, rates=rates_of(answer.headers))
        document = _document(_succeeded(answer))
        if not payloads.is_activity(document) or str(document["id"]) != activity_id:
            raise failures.rated(
                StravaUnavailable("Strava's answer is not the requested activity; try again later"), answer
            )
        activity = payloads.listed_activity(document, self._policy)
        return ActivityAnswer(activity=activity, rates=rates_of(answer.headers))

    def activities(
        self, access_token: str, *, after: datetime | None, before: datetime | None, limit: int, page: int = 1
    ) -> ActivityList:
        """As in `StravaApi`; `after` is inclusive and `before` exclusive."""
        # Strava is not told `after`: with it, Strava lists the oldest first and refuses a time in the
        # future. The page is filtered here instead.
        span = payloads.Span(after=after, before=before, limit=min(limit, PER_PAGE_MAX))
        query = {"page": str(page), "per_page": str(span.limit)}
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
        answer = self._on_subscriptions("GET")
        if not answer.is_success:
            raise failures.app_failure(answer)
        return _read(answer, payloads.subscriptions_from)

    def subscribe(self, *, callback_url: str, verify_token: str) -> int:
        """As in `StravaApi`.

        Raises:
            StravaRefused: the app has a subscription, or `callback_url` failed the handshake.
        """
        answer = self._on_subscriptions("POST", callback_url=callback_url, verify_token=verify_token)
        if answer.status == failures.BAD_REQUEST and not failures.is_about_app(answer):
            raise failures.rated(_subscription_refused(answer), answer)
        if not answer.is_success:
            raise failures.app_failure(answer)
        try:
            return _read(answer, payloads.subscription_id_from)
        except StravaUnavailable:
            # The subscription exists by now, so a retry would be refused. The list has its id.
            for each in self.subscriptions():
                return each.subscription_id
            raise

    def unsubscribe(self, subscription_id: int) -> None:
        answer = self._on_subscriptions("DELETE", f"/{subscription_id}")
        if answer.status == failures.NOT_FOUND and failures.is_stravas(answer):
            raise NotFound(
                f"Strava has no subscription {subscription_id} of this app; list the subscriptions",
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
        raise AccessTokenRejected("this is no access token of Strava's")
    return {"Authorization": f"Bearer {access_token}"}


def _succeeded(answer: Answer) -> Answer:
    if not answer.is_success:
        raise failures.failure(answer)
    return answer


def _document(answer: Answer) -> Any:
    """The JSON of a successful answer.

    Raises:
        StravaUnavailable: the body is too long or not valid JSON.
    """
    document = _Unreadable if answer.is_too_long else _parsed(answer.body)
    if document is _Unreadable:
        raise failures.rated(_not_stravas("JSON of a reasonable length"), answer)
    return document


class _Unreadable:
    """Marks a body that is no JSON; None is a JSON document."""


def _parsed(body: bytes) -> Any:
    try:
        return parse_document(body)
    except InvalidInput:
        return _Unreadable


def _read(answer: Answer, read: Callable[[Any], _Made]) -> _Made:
    """What `read` makes of a successful answer.

    Raises:
        StravaUnavailable: the document lacks a value.
    """
    document = _document(answer)
    try:
        return read(document)
    except InvalidInput as invalid:
        wrong = invalid.field or "content"
    raise failures.rated(_not_stravas(f"complete: {wrong} is missing or wrong"), answer)


def _not_stravas(what: str) -> StravaUnavailable:
    return StravaUnavailable(f"Strava's answer is not {what}; try again later")


def _subscription_refused(answer: Answer) -> StravaRefused:
    if any(each.code == "already exists" for each in failures.details(answer)):
        return StravaRefused(
            "the app already has a subscription, and Strava allows one; remove that one first"
        )
    return StravaRefused(
        "Strava did not accept the address; it must be public and answer the handshake within 2 s"
    )
