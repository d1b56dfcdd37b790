"""A service that does all it can, and fails in all ways: none of its secrets is written down anywhere."""

from __future__ import annotations

import io
import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from attrs import fields
from starlette.applications import Starlette

from adapters.identity.issuer import (
    CLIENT_SECRET,
    CODE,
    DOWN,
    Issuer,
    claims,
    json_answer,
    provider,
    token,
)
from browser_stub import Browser
from commitcollect_adapters.http import Answer
from commitcollect_adapters.observing.logs import JsonFormatter
from commitcollect_adapters.observing.metrics import EmfMetrics, PrometheusMetrics
from commitcollect_adapters.observing.ports import watched
from commitcollect_adapters.observing.trail import AuditTrail
from commitcollect_adapters.system import ManualClock, NoBackoff, SystemIds
from commitcollect_adapters.testing import service_samples as service
from commitcollect_adapters.testing.samples import NOW
from commitcollect_adapters.web.cookies import HANDSHAKE, SESSION
from commitcollect_adapters.web.sign_in import CALLBACK, LOGIN, LOGOUT, SESSION_PATH, SignInRoutes
from commitcollect_core.accounts.audit import AuditType
from commitcollect_core.accounts.auditing import Auditing
from commitcollect_core.accounts.session_keeping import SessionKeeping
from commitcollect_core.accounts.sessions import session_id_of
from commitcollect_core.accounts.signing_in import SigningIn
from commitcollect_core.context import Context
from commitcollect_core.errors import CommitCollectError, StorageUnavailable
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.stores import Stores
from commitcollect_core.strava.ports import SealContext
from strava.world import ATHLETE, KEY, ME, WISH, World, payload

EMAIL, ADDRESS = "canary.ada@example.org", "203.0.113.77"
FRONT = "https://app.example.org"
SECRETS_MIN = 32


class NotingIds(SystemIds):
    """Random ids, all of which are noted if they are secrets."""

    def __init__(self, noted: set[str]) -> None:
        self._noted = noted

    def secret(self) -> str:
        """A secret that is noted, with its digest."""
        made = super().secret()
        self._noted |= {made, session_id_of(made)}
        return made

    def handshake_state(self) -> str:
        """A state that is noted."""
        made = super().handshake_state()
        self._noted.add(made)
        return made

    def lease_token(self) -> str:
        """A token that is noted."""
        made = super().lease_token()
        self._noted.add(made)
        return made


class Everything:
    """All that is written down: logs, metrics, errors; and the secrets that must not be in it."""

    def __init__(self) -> None:
        self.secrets: set[str] = {CLIENT_SECRET, CODE, EMAIL, ADDRESS, KEY.hex(), KEY.decode()}
        self.secrets |= {each.decode() for each in service.AUDIT_KEYS.keys}
        self.plain, self.json = io.StringIO(), io.StringIO()
        self.prometheus, self.lines, self.errors = PrometheusMetrics(), list[str](), list[str]()
        self.emf = EmfMetrics(self.lines.append)

    def count(self, name: str, amount: int = 1, **labels: str) -> None:
        """Count in both ways."""
        self.prometheus.count(name, amount, **labels)
        self.emf.count(name, amount, **labels)

    def timing(self, name: str, seconds: float, **labels: str) -> None:
        """Time in both ways."""
        self.prometheus.timing(name, seconds, **labels)
        self.emf.timing(name, seconds, **labels)

    @contextmanager
    def logging(self) -> Iterator[None]:
        """Every log line at DEBUG, plain and as JSON."""
        root = logging.getLogger()
        handlers = [logging.StreamHandler(self.plain), logging.StreamHandler(self.json)]
        handlers[1].setFormatter(JsonFormatter())
        # The test's own browser logs every address it opens. The JSON log has to bear even that.
        handlers[0].addFilter(lambda record: record.name != "httpx")
        level = root.level
        root.setLevel(logging.DEBUG)
        for handler in handlers:
            root.addHandler(handler)
        try:
            yield
        finally:
            root.setLevel(level)
            for handler in handlers:
                root.removeHandler(handler)

    def failing(self, call: Callable[[], object]) -> None:
        """A call that fails; all that its error says is noted."""
        with pytest.raises(CommitCollectError) as failed:
            call()
        self.errors += traceback.format_exception(failed.value)

    def texts(self) -> dict[str, str]:
        """All of it, by kind."""
        return {
            "log": self.plain.getvalue(),
            "JSON log": self.json.getvalue(),
            "metrics": self.prometheus.text() + "".join(self.lines),
            # Without the lines of source code in a trace, which are ours.
            "errors": "".join(self.errors),
        }


def signed_in_and_out(seen: Everything, stores: Stores, trail: AuditTrail, context: Context) -> None:
    """Sign in well, then badly in every way, over HTTP."""
    issuer = Issuer()
    signing_in = SigningIn(
        provider=watched(provider(issuer), "identity", seen),
        profiles=stores.profiles,
        ledger=stores.ledger,
        deletions=stores.deletions,
        handshakes=stores.handshakes,
        sessions=SessionKeeping(sessions=stores.sessions, context=context),
        context=context,
    )
    routes = SignInRoutes(
        signing_in, home=FRONT, policy=DEFAULT_POLICY.accounts, origins=frozenset({FRONT}), trail=trail
    )
    browser = Browser(Starlette(routes=routes.routes()), FRONT, peer=ADDRESS)
    for answer in ("good", "other nonce", "unknown key", "rejected", "down"):
        state = browser.get(LOGIN).headers["location"].partition("state=")[2].partition("&")[0]
        nonce = _nonce_of(stores, state)
        good = token(claims(nonce=nonce, email=EMAIL))
        answers: dict[str, Answer | Exception] = {
            "good": json_answer({"id_token": good}),
            "other nonce": json_answer({"id_token": token(claims(email=EMAIL))}),
            "unknown key": json_answer({"id_token": token(header={"alg": "RS256", "kid": "canary-kid"})}),
            "rejected": json_answer({"error": "invalid_grant", "error_description": EMAIL}, 400),
            "down": DOWN,
        }
        issuer.tokens = answers[answer]
        seen.secrets |= {nonce, good}
        headers = {"user-agent": f"Browser for {EMAIL} at {ADDRESS}"}
        done = browser.get(CALLBACK, params={"code": CODE, "state": state}, headers=headers)
        assert (done.status_code == 302) == (answer == "good")
        seen.errors.append(done.text)
        if answer == "good":
            assert browser.get(SESSION_PATH).json()["email"] == EMAIL
    seen.secrets |= {each for each in (browser.cookies.get(SESSION), browser.cookies.get(HANDSHAKE)) if each}
    seen.secrets |= {each.form["code_verifier"] for each in issuer.requests if "code_verifier" in each.form}
    seen.errors.append(browser.get(CALLBACK, params={"code": CODE, "state": "x"}).text)
    assert browser.post(LOGOUT, headers={"origin": FRONT}).status_code == 303
    seen.failing(lambda: signing_in.sessions.authenticate(next(iter(seen.secrets))))


def _nonce_of(stores: Stores, state: str) -> str:
    """The nonce of a handshake, which stays."""
    handshake = stores.handshakes.take(state)
    assert handshake is not None
    stores.handshakes.begin(handshake)
    return handshake.details["nonce"]


def connected_and_worked(seen: Everything, world: World, trail: AuditTrail) -> None:
    """Connect Strava, take events, fail at every store and at Strava, disconnect."""
    seal = world.cipher.seal

    def noting(secret: str, context: SealContext) -> str:
        sealed = seal(secret, context)
        seen.secrets |= {secret, sealed}
        return sealed

    world.cipher.seal = noting  # type: ignore[method-assign,assignment]  # notes what is sealed
    world.ids = NotingIds(seen.secrets)
    world.api = watched(world.api, "api", seen)
    world.queue = watched(world.queue, "queue", seen)
    world.service = world.process()
    world.connect()
    trail.around(trail.caller("me"), lambda: world.app.tracking.create(ME, WISH))
    world.fake.add_activities(ATHLETE, [payload(number) for number in range(3)])
    for _ in range(5):
        world.pass_time(hours=7)
        for worked in world.worker.run_once(limit=20).worked:
            trail.record(trail.caller("worker"), worked)

    def down(_call: str, _side: object) -> None:
        raise StorageUnavailable("down")

    broken = world.process(down)
    seen.failing(broken.worker.run_once)
    seen.failing(lambda: broken.strava.linking.disconnect(ME))
    seen.failing(lambda: world.strava.linking.finish(state="x", binding="y", code=CODE, granted_scope=()))
    seen.failing(lambda: world.strava.intake.confirm({"hub.verify_token": CODE, "hub.challenge": CODE}))
    world.strava.linking.disconnect(ME)


def test_no_secret_of_a_service_is_written_down() -> None:
    """In no log at DEBUG, no error, no audit entry, no metric; more than thirty-two secrets were at large."""
    seen, world = Everything(), World()
    context = Context(
        clock=ManualClock(NOW), ids=NotingIds(seen.secrets), backoff=NoBackoff(), policy=DEFAULT_POLICY
    )
    stores = world.stores
    watched_stores = Stores(
        **{each.name: watched(getattr(stores, each.name), each.name, seen) for each in fields(Stores)}
    )
    auditing = Auditing(log=watched_stores.audit, keys=service.AUDIT_KEYS, context=context)
    trail = AuditTrail(auditing, metrics=seen)
    with seen.logging():
        signed_in_and_out(seen, watched_stores, trail, context)
        connected_and_worked(seen, world, trail)
        trail.flush()
    month = f"{NOW:%Y%m}"
    entries = [
        each
        for kind in AuditType
        for each in stores.audit.of_type(kind, month=month, after=None, limit=99).entries
    ]
    assert {each.event.event_type for each in entries} >= {
        AuditType.AUTH_SIGNUP,
        AuditType.AUTH_LOGOUT,
        AuditType.MILESTONE_CREATED,
        AuditType.STRAVA_ACTIVITY_CREATE,
    }
    texts = {**seen.texts(), "audit": "".join(map(repr, entries))}
    assert all(texts.values())
    assert len(seen.secrets) > SECRETS_MIN
    leaked = {(kind, secret) for kind, text in texts.items() for secret in seen.secrets if secret in text}
    assert not leaked
