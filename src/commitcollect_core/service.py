"""The connection to Strava: every use case of it, wired to the application and one set of ports."""

from __future__ import annotations

from attrs import frozen

from commitcollect_core.accounts.ports import AuditLog, DeletionStore, ProfileStore, SessionStore
from commitcollect_core.app import CommitCollect
from commitcollect_core.handshakes import HandshakeStore
from commitcollect_core.jobs.ports import EventQueue, IdempotencyStore
from commitcollect_core.strava.access import StravaAccess
from commitcollect_core.strava.backfilling import Backfilling
from commitcollect_core.strava.linking import Linking
from commitcollect_core.strava.ports import (
    BackfillStore,
    ConnectionStore,
    RateBudgetStore,
    StravaApi,
    TokenCipher,
)
from commitcollect_core.strava.rate_keeping import RateKeeping
from commitcollect_core.strava.reconciling import Reconciling
from commitcollect_core.strava.refreshing import Syncing
from commitcollect_core.strava.webhook_intake import WebhookIntake, WebhookSecrets
from commitcollect_core.strava.working import Working
from commitcollect_core.training.ports import Ledger, StatueStore


@frozen(kw_only=True, eq=False)
class Stores:
    """Every store on one technology."""

    ledger: Ledger
    catalog: StatueStore
    profiles: ProfileStore
    connections: ConnectionStore
    backfills: BackfillStore
    sessions: SessionStore
    handshakes: HandshakeStore
    idempotency: IdempotencyStore
    rates: RateBudgetStore
    deletions: DeletionStore
    audit: AuditLog


@frozen(kw_only=True, eq=False)
class StravaPorts:
    """What the connection to Strava runs on, beside `Ports`."""

    api: StravaApi
    connections: ConnectionStore
    backfills: BackfillStore
    handshakes: HandshakeStore
    idempotency: IdempotencyStore
    rates: RateBudgetStore
    queue: EventQueue
    cipher: TokenCipher


@frozen(kw_only=True, eq=False)
class StravaIntegration:
    """The use cases around Strava.

    Attributes:
        access: reads an athlete's activities.
        linking: connects accounts and disconnects them.
        intake: takes webhooks in.
        syncing: looks at single activities and permissions.
        backfilling: takes over whole histories.
        reconciling: mends what no event brought.
        working: works through the queue.
        ports: what they run on, beside the application's.
    """

    access: StravaAccess
    linking: Linking
    intake: WebhookIntake
    syncing: Syncing
    backfilling: Backfilling
    reconciling: Reconciling
    working: Working
    ports: StravaPorts


def integrate_strava(
    app: CommitCollect, ports: StravaPorts, secrets: WebhookSecrets | None = None
) -> StravaIntegration:
    """Wire the use cases around Strava to an application; without `secrets` no webhook is taken."""
    context, ingestion, ledger = app.context, app.ingestion, app.ports.ledger
    rates = RateKeeping(rates=ports.rates, context=context)
    access = StravaAccess(
        api=ports.api,
        connections=ports.connections,
        cipher=ports.cipher,
        rates=rates,
        context=context,
    )
    backfilling = Backfilling(
        ingestion=ingestion,
        access=access,
        backfills=ports.backfills,
        queue=ports.queue,
        context=context,
    )
    linking = Linking(
        api=ports.api,
        connections=ports.connections,
        handshakes=ports.handshakes,
        backfills=ports.backfills,
        backfilling=backfilling,
        ingestion=ingestion,
        tracking=app.tracking,
        ledger=ledger,
        queue=ports.queue,
        cipher=ports.cipher,
        context=context,
    )
    syncing = Syncing(
        ingestion=ingestion,
        access=access,
        linking=linking,
        connections=ports.connections,
        backfills=ports.backfills,
        queue=ports.queue,
        idempotency=ports.idempotency,
        rates=rates,
        context=context,
    )
    return StravaIntegration(
        access=access,
        linking=linking,
        intake=WebhookIntake(queue=ports.queue, secrets=secrets or WebhookSecrets(), context=context),
        syncing=syncing,
        backfilling=backfilling,
        reconciling=Reconciling(
            ingestion=ingestion,
            access=access,
            syncing=syncing,
            backfilling=backfilling,
            ledger=ledger,
            context=context,
        ),
        working=Working(
            queue=ports.queue,
            connections=ports.connections,
            syncing=syncing,
            backfilling=backfilling,
            context=context,
        ),
        ports=ports,
    )
