"""The service: all use cases on one set of stores."""

from __future__ import annotations

from functools import partial

from attrs import frozen

from commitcollect_core.accounts import jobs as account_jobs
from commitcollect_core.accounts.deleting import Deleting
from commitcollect_core.accounts.erasing import Erasing
from commitcollect_core.accounts.exporting import Exporting
from commitcollect_core.accounts.importing import Importing
from commitcollect_core.accounts.ports import (
    ReceiptSigner,
    UserDirectory,
)
from commitcollect_core.accounts.revoking import Revoking
from commitcollect_core.app import CommitCollect, assemble
from commitcollect_core.context import Context
from commitcollect_core.jobs.ports import EventQueue
from commitcollect_core.jobs.worker import Handler, Worker
from commitcollect_core.stores import Stores
from commitcollect_core.strava import jobs as strava_jobs
from commitcollect_core.strava.access import StravaAccess
from commitcollect_core.strava.backfilling import Backfilling
from commitcollect_core.strava.crowds import Crowds
from commitcollect_core.strava.linking import Linking
from commitcollect_core.strava.ports import (
    StravaApi,
    TokenCipher,
)
from commitcollect_core.strava.rate_keeping import RateKeeping
from commitcollect_core.strava.reconciling import Reconciling
from commitcollect_core.strava.refreshing import Refreshing
from commitcollect_core.strava.retaining import Retaining
from commitcollect_core.strava.rounds import Rounds
from commitcollect_core.strava.standing import Standing
from commitcollect_core.strava.token_keeping import TokenKeeping
from commitcollect_core.strava.webhook_intake import WebhookIntake, WebhookSecrets
from commitcollect_core.training.ports import Ports, StatueCatalog


@frozen(kw_only=True, eq=False)
class StravaUseCases:
    """The use cases around Strava.

    Attributes:
        access: reads an athlete's activities.
        standing: how an account stands with Strava.
        linking: connects accounts and disconnects them.
        intake: takes webhooks in.
        refreshing: looks at single activities and permissions.
        backfilling: takes over whole histories.
        reconciling: repairs what no event brought.
        retaining: lets workouts go that may not be kept longer.
        rounds: reconciles and lets go for every connected athlete.
        crowds: looks at all of an athlete's activities when events are too many.
    """

    access: StravaAccess
    standing: Standing
    linking: Linking
    intake: WebhookIntake
    refreshing: Refreshing
    backfilling: Backfilling
    reconciling: Reconciling
    retaining: Retaining
    rounds: Rounds
    crowds: Crowds


@frozen(kw_only=True, eq=False)
class AccountUseCases:
    """The use cases around accounts.

    Attributes:
        deleting: deletes accounts (`Deleting.delete`), and goes on with deletions.
        exporting: reads all that is stored about a person.
        importing: takes over what was exported.
    """

    deleting: Deleting
    exporting: Exporting
    importing: Importing


@frozen(kw_only=True, eq=False)
class Service:
    """Every use case of every package, on one set of stores.

    Attributes:
        app: workouts, milestones and awards.
        strava: the use cases around Strava.
        accounts: the use cases around accounts.
        worker: works through the queue, with a handler for each kind of job.
    """

    app: CommitCollect
    strava: StravaUseCases
    accounts: AccountUseCases
    worker: Worker


def assemble_service(
    *,
    stores: Stores,
    queue: EventQueue,
    api: StravaApi,
    cipher: TokenCipher,
    signer: ReceiptSigner,
    context: Context,
    catalog: StatueCatalog | None = None,
    secrets: WebhookSecrets | None = None,
    directory: UserDirectory | None = None,
) -> Service:
    """Wire every use case.

    Args:
        stores: one of each.
        queue: where jobs wait.
        api: Strava.
        cipher: seals tokens before they are stored.
        signer: signs receipts of deletions.
        context: the clock, ids, backoff and policy of all use cases.
        catalog: the statues on offer; those of the stores unless given.
        secrets: tell Strava's calls from others'; without them no webhook is taken.
        directory: the identity provider's users, where an operator administers them.
    """
    app = assemble(
        Ports(
            clock=context.clock,
            ids=context.ids,
            backoff=context.backoff,
            ledger=stores.ledger,
            catalog=stores.catalog if catalog is None else catalog,
        ),
        context.policy,
    )
    strava = _strava(app, stores, queue, api=api, cipher=cipher, secrets=secrets or WebhookSecrets())
    accounts = AccountUseCases(
        deleting=deleting_on(
            stores, queue, api=api, cipher=cipher, signer=signer, directory=directory, context=context
        ),
        exporting=exporting_on(stores, context),
        importing=importing_on(stores, context),
    )
    handlers: dict[str, Handler] = {  # a kind of job is added here
        strava_jobs.ACTIVITY: strava.refreshing.activity,
        strava_jobs.AUTHORIZATION: strava.refreshing.authorization,
        strava_jobs.BACKFILL: strava.backfilling.go_on,
        strava_jobs.RECONCILE: strava.crowds.look,
        strava_jobs.ROUND: strava.rounds.go_on,
        account_jobs.DELETE: accounts.deleting.go_on,
    }
    held = partial(strava.access.rates.held, strava_jobs.PURPOSES)
    worker = Worker(queue=queue, handlers=handlers, context=context, held=held)
    return Service(app=app, strava=strava, accounts=accounts, worker=worker)


def deleting_on(
    stores: Stores,
    queue: EventQueue,
    *,
    api: StravaApi | None,
    cipher: TokenCipher,
    signer: ReceiptSigner,
    directory: UserDirectory | None,
    context: Context,
) -> Deleting:
    """How accounts are deleted; `api` may be None where none is connected to Strava."""
    return Deleting(
        deletions=stores.deletions,
        erasing=Erasing(
            personal=stores.personal, queue=queue, connections=stores.connections, policy=context.policy
        ),
        revoking=Revoking(deletions=stores.deletions, connections=stores.connections, cipher=cipher, api=api),
        ledger=stores.ledger,
        profiles=stores.profiles,
        connections=stores.connections,
        queue=queue,
        cipher=cipher,
        signer=signer,
        directory=directory,
        context=context,
    )


def exporting_on(stores: Stores, context: Context) -> Exporting:
    """How all about a person is read, which needs the stores alone."""
    return Exporting(
        personal=stores.personal,
        ledger=stores.ledger,
        profiles=stores.profiles,
        connections=stores.connections,
        context=context,
    )


def importing_on(stores: Stores, context: Context) -> Importing:
    """How exported accounts are taken over, which needs the stores alone."""
    return Importing(
        ledger=stores.ledger, profiles=stores.profiles, deletions=stores.deletions, context=context
    )


def _strava(
    app: CommitCollect,
    stores: Stores,
    queue: EventQueue,
    *,
    api: StravaApi,
    cipher: TokenCipher,
    secrets: WebhookSecrets,
) -> StravaUseCases:
    context, ingestion = app.context, app.ingestion
    rates = RateKeeping(rates=stores.rates, context=context)
    tokens = TokenKeeping(
        api=api, connections=stores.connections, cipher=cipher, rates=rates, context=context
    )
    access = StravaAccess(
        api=api, connections=stores.connections, tokens=tokens, rates=rates, context=context
    )
    backfilling = Backfilling(
        ingestion=ingestion,
        access=access,
        connections=stores.connections,
        backfills=stores.backfills,
        queue=queue,
        context=context,
    )
    linking = Linking(
        api=api,
        access=access,
        connections=stores.connections,
        handshakes=stores.handshakes,
        backfills=stores.backfills,
        backfilling=backfilling,
        ingestion=ingestion,
        tracking=app.tracking,
        ledger=stores.ledger,
        queue=queue,
        cipher=cipher,
        context=context,
    )
    refreshing = Refreshing(
        ingestion=ingestion,
        access=access,
        linking=linking,
        connections=stores.connections,
        backfills=stores.backfills,
        queue=queue,
        idempotency=stores.idempotency,
        rates=rates,
        context=context,
    )
    reconciling = Reconciling(
        ingestion=ingestion, access=access, backfilling=backfilling, ledger=stores.ledger, context=context
    )
    retaining = Retaining(ingestion=ingestion, ledger=stores.ledger, context=context)
    crowds = Crowds(
        reconciling=reconciling,
        connections=stores.connections,
        queue=queue,
        rates=rates,
        context=context,
    )
    return StravaUseCases(
        access=access,
        standing=Standing(
            connections=stores.connections, backfills=stores.backfills, ledger=stores.ledger, context=context
        ),
        linking=linking,
        intake=WebhookIntake(queue=queue, secrets=secrets, context=context),
        refreshing=refreshing,
        backfilling=backfilling,
        reconciling=reconciling,
        retaining=retaining,
        rounds=Rounds(
            connections=stores.connections,
            reconciling=reconciling,
            retaining=retaining,
            recurring_goals=app.recurring_goals,
            queue=queue,
            context=context,
        ),
        crowds=crowds,
    )
