"""The routes of a person's connection to Strava."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from commitcollect_adapters.documents import strava_status_document
from commitcollect_adapters.records.columns import epoch
from commitcollect_adapters.web import schemas
from commitcollect_adapters.web.calls import FOUND, JSON_TYPE, NO_CONTENT, OK, Answer, Call, Endpoint
from commitcollect_core.accounts.audit import AuditType
from commitcollect_core.service import StravaUseCases

CALLBACK = "/oauth/strava/callback"


@frozen(kw_only=True, eq=False)
class StravaRoutes:
    """A connection to Strava over HTTP.

    Attributes:
        redirect_uri: where Strava sends browsers back.
        home: where they go then.
    """

    strava: StravaUseCases
    redirect_uri: str
    home: str

    def endpoints(self) -> Iterator[Endpoint]:
        """The rows of the route table."""
        yield Endpoint(
            method="GET", path="/strava/connect", act=self._connect,
            about="Sends the browser to Strava.", answers={FOUND: None}, is_visited=True,
        )  # fmt: skip
        yield Endpoint(
            method="GET", path=CALLBACK, act=self._callback, query=schemas.OAUTH_CALLBACK,
            about="Where Strava sends the browser back: the account is connected.",
            answers={FOUND: None, OK: schemas.CONNECTED}, fails_with=(400, 403, 409, 502, 503),
            is_visited=True, audited_as=AuditType.STRAVA_AUTHORIZE,
        )  # fmt: skip
        yield Endpoint(
            method="GET", path="/strava/status", act=self._status,
            about="Whether Strava is connected, and how fresh the workouts are.",
            answers={OK: schemas.STRAVA_STATUS},
        )  # fmt: skip
        yield Endpoint(
            method="DELETE", path="/strava/connection", act=self._disconnect,
            about="Give the permission back to Strava and forget the connection.",
            answers={NO_CONTENT: None}, fails_with=(404, 502, 503), audited_as=AuditType.STRAVA_DEAUTHORIZE,
        )  # fmt: skip

    def _connect(self, call: Call) -> Answer:
        address = self.strava.linking.begin(
            call.user_id, call.signed_in.session_id, redirect_uri=self.redirect_uri
        )
        return Answer(status=FOUND, headers={"Location": address})

    def _callback(self, call: Call) -> Answer:
        connection = self.strava.linking.finish(
            state=call.query.get("state", ""),
            binding=call.signed_in.session_id,
            code=call.query.get("code"),
            granted_scope=tuple(filter(None, call.query.get("scope", "").split(","))),
            error=call.query.get("error"),
        )
        if JSON_TYPE in call.accept:
            return Answer(
                document={
                    "status": "connected",
                    "userId": connection.user_id,
                    "tokenExpiresAt": epoch(connection.expires_at),
                }
            )
        return Answer(status=FOUND, headers={"Location": self.home})

    def _status(self, call: Call) -> Answer:
        return Answer(document=strava_status_document(self.strava.standing.of(call.user_id)))

    def _disconnect(self, call: Call) -> Answer:
        committed = self.strava.linking.disconnect(call.user_id)
        return Answer(status=NO_CONTENT, outcome=committed)
