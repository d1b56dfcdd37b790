"""A service that signs people in: the local provider, stores in memory, a clock under the test's control."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

from attrs import fields

from commitcollect_adapters.identity.local import LocalProvider
from commitcollect_adapters.memory.stores import memory_stores
from commitcollect_adapters.simulation.faults import CallHook, hooked
from commitcollect_adapters.system import ManualClock, NoBackoff, SystemIds
from commitcollect_adapters.testing.samples import NOW
from commitcollect_core.accounts.ports import IdentityProvider
from commitcollect_core.accounts.session_keeping import SessionKeeping
from commitcollect_core.accounts.signing_in import SignedIn, SigningIn
from commitcollect_core.context import Context
from commitcollect_core.policy import DEFAULT_POLICY, Policy
from commitcollect_core.stores import Stores

BACK = "http://127.0.0.1:8080/auth/callback"
ADA = "ada@example.org"


class Town:
    """The use cases of signing in, with everything under them within reach."""

    def __init__(self, stores: Stores | None = None, policy: Policy = DEFAULT_POLICY) -> None:
        self.clock = ManualClock(NOW)
        self.stores = memory_stores() if stores is None else stores
        self.local = LocalProvider(BACK)
        self.context = Context(clock=self.clock, ids=SystemIds(), backoff=NoBackoff(), policy=policy)
        self.signing_in = self.process()

    @property
    def sessions(self) -> SessionKeeping:
        """The sessions of the process without faults."""
        return self.signing_in.sessions

    def process(self, hook: CallHook | None = None, provider: IdentityProvider | None = None) -> SigningIn:
        """A process of its own; `hook` runs around each call of its stores."""
        stores = self.stores
        if hook is not None:
            stores = Stores(
                **{each.name: hooked(getattr(stores, each.name), hook, each.name) for each in fields(Stores)}
            )
        return SigningIn(
            provider=provider or self.local,
            profiles=stores.profiles,
            ledger=stores.ledger,
            deletions=stores.deletions,
            handshakes=stores.handshakes,
            sessions=SessionKeeping(sessions=stores.sessions, context=self.context),
            context=self.context,
        )

    def visit(self, email: str = ADA) -> tuple[str, str, str]:
        """Begin to sign in and prove it at the provider: state, the browser's secret, and a code."""
        begun = self.signing_in.begin()
        query = {name: value for name, (value,) in parse_qs(urlsplit(begun.address).query).items()}
        back = parse_qs(urlsplit(self.local.sign_in(email, **query)).query)
        return query["state"], begun.secret, back["code"][0]

    def sign_in(self, email: str = ADA, signing_in: SigningIn | None = None) -> SignedIn:
        """Sign a person in."""
        state, secret, code = self.visit(email)
        return (signing_in or self.signing_in).finish(state=state, secret=secret, code=code)

    def pass_time(self, **how_long: float) -> None:
        """Let time pass."""
        self.clock.advance_to(self.clock.now() + timedelta(**how_long))
