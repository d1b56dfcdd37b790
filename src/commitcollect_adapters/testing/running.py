"""A whole service in memory around a fake Strava, for tests of what is built on it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

from commitcollect_adapters.ciphers.local import LocalCipher
from commitcollect_adapters.ciphers.signing import LocalSigner
from commitcollect_adapters.memory.jobs import MemoryQueue
from commitcollect_adapters.memory.ledger import MemoryLedger
from commitcollect_adapters.memory.stores import memory_stores
from commitcollect_adapters.readers.strict_json import parse_document
from commitcollect_adapters.strava.fake import Delivery, FakeStrava
from commitcollect_core.app import CommitCollect
from commitcollect_core.errors import InvalidInput
from commitcollect_core.service import assemble_service
from commitcollect_core.strava.connections import READ_ALL_ACTIVITIES
from commitcollect_core.strava.webhook_intake import WebhookSecrets
from commitcollect_core.values import AthleteId, UserId

_REDIRECT = "http://localhost/"
_BROWSER = "a browser"
_KEY = bytes(32)
_OK, _REFUSED = 200, 400


class MovableClock(Protocol):
    """A clock that can be moved on."""

    def now(self) -> datetime:
        """See `Clock`."""
        ...

    def advance_to(self, moment: datetime) -> None:
        """Move on to `moment`."""
        ...


class RunningWorker:
    """A service whose worker does all that is due when `run` is called.

    Attributes:
        fake: Strava.
        service: every use case; `service.app` has the ledger of the application it was made with.
    """

    def __init__(self, app: CommitCollect, fake: FakeStrava, clock: MovableClock) -> None:
        """A service on the application's ledger, which is one in memory, and its clock.

        Raises:
            InvalidInput: the application's ledger is not in memory.
        """
        if not isinstance(app.ports.ledger, MemoryLedger):
            raise InvalidInput("the ledger of the application must be in memory", field="app")
        self.fake = fake
        self._clock = clock
        self.service = assemble_service(
            stores=memory_stores(ledger=app.ports.ledger),
            queue=MemoryQueue(app.policy),
            api=fake,
            cipher=LocalCipher([_KEY]),
            signer=LocalSigner(_KEY),
            context=app.context,
            catalog=app.ports.catalog,
            secrets=WebhookSecrets(verify_token="verify", subscription_id=fake.put_subscription()),  # noqa: S106 - no real one
        )

    def connect(self, user_id: UserId | str, athlete_id: AthleteId | str) -> None:
        """Connect a user to a Strava athlete, as a browser would; `run` then brings the history in."""
        linking = self.service.strava.linking
        self.fake.sign_in(AthleteId(athlete_id))
        leaves_for = linking.begin(UserId(user_id), _BROWSER, redirect_uri=_REDIRECT)
        query = parse_qs(urlsplit(self.fake.visit_consent(leaves_for)).query)
        linking.finish(
            state=query["state"][0],
            binding=_BROWSER,
            code=query["code"][0],
            granted_scope=["read", READ_ALL_ACTIVITIES],
        )

    def run(self, *, seconds: int = 10) -> int:
        """Let time pass, take in what Strava tells, and work until nothing is due.

        Returns how many jobs were done.
        """
        self.fake.deliver(self._take)
        self._clock.advance_to(self._clock.now() + timedelta(seconds=seconds))
        done = 0
        while jobs := self.service.worker.run_once().jobs:
            done += jobs
        return done

    def _take(self, delivery: Delivery) -> int:
        try:
            self.service.strava.intake.accept(parse_document(delivery.body))
        except InvalidInput:
            return _REFUSED
        return _OK
