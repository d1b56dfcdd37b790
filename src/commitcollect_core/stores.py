"""Every store of a service, whatever technology keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    # Opening stores costs what they hold, not every use case that may run on them.
    from commitcollect_core.accounts.ports import (
        AuditLog,
        DeletionStore,
        PersonalData,
        ProfileStore,
        SessionStore,
    )
    from commitcollect_core.handshakes import HandshakeStore
    from commitcollect_core.jobs.ports import IdempotencyStore
    from commitcollect_core.strava.ports import BackfillStore, ConnectionStore, RateBudgetStore
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
    personal: PersonalData
