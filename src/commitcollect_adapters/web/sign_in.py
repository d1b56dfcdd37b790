"""The routes of signing in and out. Needs the extra ``commitcollect[web]``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from commitcollect_adapters.observing.trail import AuditTrail
from commitcollect_adapters.web import schemas
from commitcollect_adapters.web.calls import Endpoint
from commitcollect_adapters.web.cookies import HANDSHAKE, SESSION, CookieRules, cookie_of, set_cookie
from commitcollect_adapters.web.origins import Origins
from commitcollect_adapters.web.problems import HEADERS, answer_to, page_about, wants_page
from commitcollect_core.accounts.signing_in import SigningIn
from commitcollect_core.errors import CommitCollectError, Forbidden, Unauthenticated
from commitcollect_core.flows import current_flow, flow, is_flow
from commitcollect_core.policy import AccountsPolicy

_Outcome = TypeVar("_Outcome")

LOGIN, CALLBACK, LOGOUT, SESSION_PATH = "/auth/login", "/auth/callback", "/logout", "/session"
_FOUND, _SEE_OTHER = 302, 303
ROWS = (
    Endpoint(
        method="GET", path=LOGIN, needs_session=False, about="Sends the browser to the identity provider.",
        answers={_FOUND: None}, fails_with=(502,),
    ),
    Endpoint(
        method="GET", path=CALLBACK, needs_session=False, about="Where the browser comes back, signed in.",
        answers={_FOUND: None}, fails_with=(401, 409, 502),
    ),
    Endpoint(
        method="POST", path=LOGOUT, needs_session=False, about="Ends the session.",
        answers={_SEE_OTHER: None},
    ),
    Endpoint(
        method="GET", path=SESSION_PATH, about="Who is signed in.", answers={200: schemas.SESSION},
    ),
)  # fmt: skip
"""As the API's description has them."""
_PARAMETER_CHARS_MAX = 2_048


class SignInRoutes:
    """Signs browsers in and out."""

    def __init__(
        self,
        signing_in: SigningIn,
        *,
        home: str,
        policy: AccountsPolicy,
        rules: CookieRules | None = None,
        places: Mapping[str, str] | None = None,
        origins: frozenset[str] = frozenset(),
        trail: AuditTrail | None = None,
    ) -> None:
        """Answer with the use cases.

        Args:
            signing_in: the use cases.
            home: where browsers go after signing in and out.
            policy: how long cookies last.
            rules: how cookies are set.
            places: other places to go to after signing in, by the name that a front end may give.
            origins: of front ends that may sign browsers out.
            trail: where sign-ins and sign-outs are recorded.
        """
        self._signing_in = signing_in
        self._home = home
        self._policy = policy
        self._rules = rules or CookieRules()
        self._places = dict(places or {})
        self._origins = Origins(origins)
        self._trail = trail

    def routes(self) -> list[Route]:
        """The routes, for an application with other routes."""
        return [
            Route(LOGIN, self._login, methods=["GET"]),
            Route(CALLBACK, self._callback, methods=["GET"]),
            Route(LOGOUT, self._logout, methods=["POST"]),
            Route(SESSION_PATH, self._session, methods=["GET"]),
        ]

    async def _login(self, request: Request) -> Response:
        # A name and no address: an address would make this an open redirect.
        place = request.query_params.get("returnTo", "")
        try:
            begun = await run_in_threadpool(
                self._signing_in.begin, return_to=place if place in self._places else ""
            )
        except CommitCollectError as failed:
            return _shown(request, failed)
        response = RedirectResponse(begun.address, _FOUND, HEADERS)
        seconds = self._policy.handshake_seconds
        set_cookie(response, HANDSHAKE, begun.secret, seconds=seconds, rules=self._rules, path=CALLBACK)
        return response

    async def _callback(self, request: Request) -> Response:
        state, code = (_parameter(request, name) for name in ("state", "code"))
        try:
            finish = partial(
                self._signing_in.finish,
                state=state,
                secret=cookie_of(request, HANDSHAKE),
                code=code or None,
                replaced_secret=cookie_of(request, SESSION),
                user_agent=request.headers.get("user-agent", ""),
            )
            signed_in = await run_in_threadpool(self._recorded, request, finish)
        except CommitCollectError as failed:
            response: Response = _shown(request, failed)
        else:
            address = self._places.get(signed_in.return_to, self._home)
            response = RedirectResponse(address, _FOUND, HEADERS)
            secret, seconds = signed_in.opened.secret, self._policy.session_seconds
            set_cookie(response, SESSION, secret, seconds=seconds, rules=self._rules)
        set_cookie(response, HANDSHAKE, "", seconds=0, rules=self._rules, path=CALLBACK)
        response.background = self._flushing()
        return response

    async def _logout(self, request: Request) -> Response:
        # The cookie comes along with a form of any page, so the page has to be one of ours.
        if not self._origins.lets(request.method, request.headers):
            return answer_to(Forbidden("this page may not sign anyone out", code="forbidden_origin"))
        sign_out = partial(self._signing_in.sign_out, cookie_of(request, SESSION))
        signed_out = await run_in_threadpool(self._recorded, request, sign_out)
        response = RedirectResponse(signed_out.address or self._home, _SEE_OTHER, HEADERS)
        set_cookie(response, SESSION, "", seconds=0, rules=self._rules)
        response.background = self._flushing()
        return response

    def _recorded(self, request: Request, use_case: Callable[[], _Outcome]) -> _Outcome:
        """Call a use case, in the flow the caller names, and record its outcome."""
        given = request.headers.get("x-correlation-id")
        with flow(given if given is not None and is_flow(given) else current_flow()):
            if self._trail is None:
                return use_case()
            caller = self._trail.caller(
                "browser",
                method=request.method,
                path=request.url.path,
                origin=request.headers.get("origin", ""),
                ip="" if request.client is None else request.client.host,
                user_agent=request.headers.get("user-agent", ""),
            )
            return self._trail.around(caller, use_case)

    def _flushing(self) -> BackgroundTask | None:
        """Writes the log once the answer is out: a slow log delays no browser."""
        return None if self._trail is None else BackgroundTask(self._trail.flush)

    async def _session(self, request: Request) -> Response:
        try:
            found = await run_in_threadpool(self._authenticated, cookie_of(request, SESSION))
        except CommitCollectError as failed:
            return answer_to(failed)
        return JSONResponse(found, headers=HEADERS)

    def _authenticated(self, secret: str) -> dict[str, str]:
        if not secret:
            raise Unauthenticated("sign in first", code="missing_session")
        user_id = self._signing_in.sessions.authenticate(secret).user_id
        profile = self._signing_in.profiles.read(user_id)
        return {"userId": user_id, "email": "" if profile is None else profile.email}


def _parameter(request: Request, name: str) -> str:
    """A parameter of the address that stands there once."""
    values = request.query_params.getlist(name)
    return values[0] if len(values) == 1 and len(values[0]) <= _PARAMETER_CHARS_MAX else ""


def _shown(request: Request, failed: CommitCollectError) -> Response:
    """The answer to an error on the way to signing in: for a person, or for a program."""
    return page_about(failed) if wants_page(request.headers.get("accept", "")) else answer_to(failed)
