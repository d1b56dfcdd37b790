"""The application: the use cases of training on one set of ports."""

from __future__ import annotations

from attrs import frozen

from commitcollect_core.context import Context
from commitcollect_core.policy import DEFAULT_POLICY, Policy
from commitcollect_core.training.ingestion import Ingestion
from commitcollect_core.training.ports import Ports
from commitcollect_core.training.recurring_goals import RecurringGoals
from commitcollect_core.training.tracking import Tracking


@frozen(kw_only=True, eq=False, repr=False)
class CommitCollect:
    """The use cases a host offers.

    Attributes:
        ingestion: takes activities in.
        tracking: milestones, their awards and their explanations.
        recurring_goals: goals that open a milestone for each period.
        ports: what the use cases run on.
        context: the clock, ids, backoff and policy of all of them.
    """

    ingestion: Ingestion
    tracking: Tracking
    recurring_goals: RecurringGoals
    ports: Ports
    context: Context

    @property
    def policy(self) -> Policy:
        """The limits the use cases keep."""
        return self.context.policy


def assemble(ports: Ports, policy: Policy = DEFAULT_POLICY) -> CommitCollect:
    """Wire the use cases to `ports`."""
    context = Context(clock=ports.clock, ids=ports.ids, backoff=ports.backoff, policy=policy)
    return CommitCollect(
        ingestion=Ingestion(ledger=ports.ledger, catalog=ports.catalog, context=context),
        tracking=Tracking(ledger=ports.ledger, catalog=ports.catalog, context=context),
        recurring_goals=RecurringGoals(ledger=ports.ledger, catalog=ports.catalog, context=context),
        ports=ports,
        context=context,
    )
