"""The routes of a person's sessions, and who looks at the page."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from commitcollect_adapters.documents import connection_document, session_document
from commitcollect_adapters.web import schemas
from commitcollect_adapters.web.calls import NO_CONTENT, OK, Answer, Call, Endpoint
from commitcollect_core.accounts.ports import ProfileStore
from commitcollect_core.accounts.session_keeping import SessionKeeping
from commitcollect_core.strava.ports import ConnectionStore


@frozen(kw_only=True, eq=False)
class SessionRoutes:
    """Sessions over HTTP."""

    sessions: SessionKeeping
    profiles: ProfileStore
    connections: ConnectionStore

    def endpoints(self) -> Iterator[Endpoint]:
        """The rows of the route table."""
        yield Endpoint(
            method="GET", path="/viewer", act=self._viewer, needs_session=False,
            about="Who is signed in, and whether Strava is connected.", answers={OK: schemas.VIEWER},
        )  # fmt: skip
        yield Endpoint(
            method="GET", path="/sessions", act=self._list,
            about="The browsers this person is signed in with.", answers={OK: schemas.SESSIONS},
        )  # fmt: skip
        yield Endpoint(
            method="DELETE", path="/sessions/{sessionId}", act=self._revoke,
            about="End one session.", answers={NO_CONTENT: None}, fails_with=(404,),
        )  # fmt: skip
        yield Endpoint(
            method="DELETE", path="/sessions", act=self._revoke_others,
            about="End every session but this one.", answers={NO_CONTENT: None},
        )  # fmt: skip

    def _viewer(self, call: Call) -> Answer:
        session = call.session
        if session is None:
            return Answer(document={"signedIn": False})
        profile = self.profiles.read(session.user_id)
        connection = self.connections.read(session.user_id)
        linked = None if connection is None or connection.has_ended else connection
        return Answer(
            document={
                "signedIn": True,
                "userId": session.user_id,
                "email": "" if profile is None else profile.email,
                "role": "" if profile is None else profile.role,
                "plan": "" if profile is None else profile.plan,
                "strava": {
                    "connected": linked is not None,
                    **({} if linked is None else connection_document(linked)),
                },
            }
        )

    def _list(self, call: Call) -> Answer:
        here = call.signed_in.session_id
        found = self.sessions.list(call.user_id)
        # The session of this call may be too young for the list.
        listed = {each.session_id: each for each in (*found, call.signed_in)}
        shown = [{**session_document(each), "isThis": each.session_id == here} for each in listed.values()]
        return Answer(document={"sessions": shown})

    def _revoke(self, call: Call) -> Answer:
        ended = self.sessions.revoke(call.user_id, call.path["sessionId"])
        return Answer(status=NO_CONTENT, forgets_session=ended.session_id == call.signed_in.session_id)

    def _revoke_others(self, call: Call) -> Answer:
        self.sessions.revoke_others(call.user_id, but=call.signed_in.session_id)
        return Answer(status=NO_CONTENT)
