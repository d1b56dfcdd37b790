"""The routes of a person's rights."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from commitcollect_adapters.web.calls import NO_CONTENT, Answer, Call, Endpoint
from commitcollect_core.service import AccountUseCases

_ACTOR = "the-person"


@frozen(kw_only=True, eq=False)
class AccountRoutes:
    """An account over HTTP."""

    accounts: AccountUseCases

    def endpoints(self) -> Iterator[Endpoint]:
        """The rows of the route table."""
        yield Endpoint(
            method="DELETE", path="/account", act=self._delete,
            about="Delete the account for good; what has to wait, as for Strava, a worker does.",
            answers={NO_CONTENT: None}, fails_with=(404, 502, 503),
        )  # fmt: skip

    def _delete(self, call: Call) -> Answer:
        request = self.accounts.deleting.delete(call.user_id)
        # Recorded under the pseudonym of the deletion, and without the id, address and browser of the person.
        return Answer(status=NO_CONTENT, outcome=request, actor=_ACTOR, forgets_session=True)
