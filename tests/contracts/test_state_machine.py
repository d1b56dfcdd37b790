"""The shipped state machine on the shipped ledgers; and whatever happens, the laws hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, nullcontext
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import invariant, run_state_machine_as_test

from commitcollect_adapters.aws.calls import Address
from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.ledger import DynamoLedger
from commitcollect_adapters.dynamodb.provisioning import create_tables, delete_tables
from commitcollect_adapters.memory import MemoryLedger
from commitcollect_adapters.testing.machine import LedgerMachine, Opener
from commitcollect_core.errors import Conflict, VersionConflict
from commitcollect_core.training.ledger import LedgerCommit
from contracts.openings import DEADLINE_SECONDS, open_sqlite_ledger
from engines import running
from laws import check_kept, check_state
from thoroughness import LEVEL


class LawfulMachine(LedgerMachine):
    """The laws, which need the oracle of the tests."""

    def __init__(self) -> None:
        super().__init__()
        self._seen = self.dumps()

    @invariant()
    def the_laws_hold(self) -> None:
        """Dumps are legal, and take back nothing that was there before."""
        found = self.dumps()
        for user_id, dump in found.items():
            check_state(dump)
            check_kept(self._seen[user_id], dump)
        self._seen = found


class OnSqlite(LawfulMachine):
    """A file."""

    def new_store(self, store: ExitStack) -> Opener:
        """A file in a folder of its own."""
        folder = store.enter_context(TemporaryDirectory())
        return partial(open_sqlite_ledger, Path(folder) / "ledger.sqlite")


class OnDynoxide(LawfulMachine):
    """Tables of its own."""

    endpoint: ClassVar[str]
    _prefixes: ClassVar[Iterator[str]] = (f"machine-{number}" for number in count())

    def new_store(self, store: ExitStack) -> Opener:
        """Tables that are deleted afterwards."""
        address = Address(endpoint=self.endpoint, name=next(self._prefixes))
        client = Client(address, deadline_seconds=DEADLINE_SECONDS)
        create_tables(client)
        store.callback(delete_tables, client)
        return lambda: nullcontext(DynamoLedger(client))


class OnMinistack(OnDynoxide):
    """The second opinion."""


class _Renaming(MemoryLedger):
    """Answers stale commits with another error."""

    def __init__(self, error: VersionConflict | Conflict) -> None:
        super().__init__()
        self._error = error

    def commit(self, commit: LedgerCommit) -> None:
        try:
            super().commit(commit)
        except VersionConflict as refused:
            raise self._error from refused


@pytest.mark.parametrize(
    "error", [VersionConflict("stale", code="stale"), Conflict("stale", code=VersionConflict.code)]
)
def test_the_machine_compares_class_and_code_of_errors(error: Conflict) -> None:
    """A ledger that refuses as it should, but with another code or another class, is found out."""

    class Renamed(LedgerMachine):
        def new_store(self, store: ExitStack) -> Opener:  # noqa: ARG002 - nothing to remove
            ledger = _Renaming(error)
            return lambda: nullcontext(ledger)

    few = settings(max_examples=LEVEL.machine_runs, database=None, phases=[Phase.generate])
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Renamed, settings=few)


@pytest.fixture(scope="module")
def _dynoxide() -> Iterator[None]:
    with running.dynoxide() as endpoint:
        OnDynoxide.endpoint = endpoint
        yield


@pytest.fixture(scope="module")
def _ministack(ministack: str) -> None:
    OnMinistack.endpoint = ministack


TestTwoLedgers = OnSqlite.TestCase
TestTwoLedgers.settings = settings(max_examples=LEVEL.machine_runs)
TestTwoLedgersWithDynamo = pytest.mark.slow(pytest.mark.usefixtures("_dynoxide")(OnDynoxide.TestCase))
TestTwoLedgersWithDynamo.settings = settings(
    max_examples=LEVEL.examples_on_dynoxide, stateful_step_count=LEVEL.machine_steps_on_engines
)
TestTwoLedgersOnMinistack = pytest.mark.slow(pytest.mark.usefixtures("_ministack")(OnMinistack.TestCase))
TestTwoLedgersOnMinistack.settings = settings(
    max_examples=LEVEL.examples_on_ministack, stateful_step_count=LEVEL.machine_steps_on_engines
)
