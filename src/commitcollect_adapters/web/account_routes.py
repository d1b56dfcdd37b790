"""The routes of a person's rights."""

from __future__ import annotations

from collections.abc import Iterator
from tempfile import TemporaryFile

from attrs import field, frozen

from commitcollect_adapters.web.bulkheads import Bulkhead
from commitcollect_adapters.web.calls import NO_CONTENT, OK, Answer, Call, Endpoint
from commitcollect_core.accounts.audit import AuditType
from commitcollect_core.service import AccountUseCases

_ACTOR = "the-person"
_ZIP = "application/zip"


@frozen(kw_only=True, eq=False)
class AccountRoutes:
    """An account over HTTP."""

    accounts: AccountUseCases
    _bulkhead: Bulkhead = field(factory=Bulkhead, init=False)

    def endpoints(self) -> Iterator[Endpoint]:
        """The rows of the route table."""
        yield Endpoint(
            method="GET", path="/account/export", act=self._export,
            about="Everything that is stored about the caller, as a ZIP.",
            answers={OK: None}, media_types=(_ZIP,), fails_with=(404,), audited_as=AuditType.DATA_EXPORT,
        )  # fmt: skip
        yield Endpoint(
            method="DELETE", path="/account", act=self._delete,
            about="Delete the account for good; what has to wait, as for Strava, a worker does.",
            answers={NO_CONTENT: None}, fails_with=(404, 502, 503),
        )  # fmt: skip

    def _export(self, call: Call) -> Answer:
        from commitcollect_adapters.exports.writing import write_zip  # noqa: PLC0415 - few calls need archives

        # Whole before the first byte is sent: a store that fails half way is an error, and no half export.
        file = TemporaryFile()  # noqa: SIM115 - closed once it is sent
        try:
            with self._bulkhead.turn():
                write_zip(self.accounts.exporting, call.user_id, file)
            file.seek(0)
        except BaseException:
            file.close()
            raise
        headers = {"Content-Disposition": 'attachment; filename="commitcollect-export.zip"'}
        return Answer(file=file, media_type=_ZIP, headers=headers)

    def _delete(self, call: Call) -> Answer:
        request = self.accounts.deleting.delete(call.user_id)
        # Recorded under the pseudonym of the deletion, and without the id, address and browser of the person.
        return Answer(status=NO_CONTENT, outcome=request, actor=_ACTOR, forgets_session=True)
