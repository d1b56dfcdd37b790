"""The application: every use case, wired to one set of ports."""

from __future__ import annotations

from attrs import frozen

from commitcollect_core.policy import DEFAULT_POLICY, Policy
from commitcollect_core.training.ingestion import Ingestion
from commitcollect_core.training.ports import Ports
from commitcollect_core.training.tracking import Tracking


@frozen(kw_only=True, eq=False)
class CommitCollect:
    """The use cases a host offers.

    Attributes:
        ingestion: takes activities in.
        tracking: milestones, their awards and their explanations.
        ports: what the use cases run on.
        policy: the limits they keep.
    """

    ingestion: Ingestion
    tracking: Tracking
    ports: Ports
    policy: Policy


def assemble(ports: Ports, policy: Policy = DEFAULT_POLICY) -> CommitCollect:
    """Wire the use cases to `ports`."""
    return CommitCollect(
        ingestion=Ingestion(
            ledger=ports.ledger,
            catalog=ports.catalog,
            clock=ports.clock,
            backoff=ports.backoff,
            policy=policy,
        ),
        tracking=Tracking(
            ledger=ports.ledger,
            catalog=ports.catalog,
            clock=ports.clock,
            ids=ports.ids,
            backoff=ports.backoff,
            policy=policy,
        ),
        ports=ports,
        policy=policy,
    )
