"""The kit sees what is wrong with a ledger: each promise that is broken fails a test of the suite."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from inspect import isabstract
from pathlib import Path
from types import ModuleType

import pytest

from commitcollect_adapters.testing import contracts
from commitcollect_core.errors import CommitCollectError
from contracts.broken_ledgers import BROKEN, Broken

SOURCE = Path(__file__).parents[2] / "examples" / "property_suite.py"


@pytest.fixture
def broken_suite(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ModuleType]:
    """The example with its ledger broken, as a module of its own."""
    broken: Broken = request.param
    source = SOURCE.read_text(encoding="utf-8")
    for old, new in broken.changes.items():
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    path = tmp_path / "broken_ledger.py"
    path.write_text(source, encoding="utf-8")
    spec = spec_from_file_location(f"broken_ledger_{BROKEN.index(broken)}", path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.mark.parametrize(
    ("broken_suite", "broken"),
    [(each, each) for each in BROKEN],
    indirect=["broken_suite"],
    ids=[each.title for each in BROKEN],
)
def test_the_suite_sees_a_broken_promise(broken_suite: ModuleType, broken: Broken, tmp_path: Path) -> None:
    """The test that is named fails on the broken ledger; on the right one it passes, as the example shows."""
    suite = broken_suite.TestSqlLedger()
    suite.folder = tmp_path
    # Not just any exception: a test that is skipped, or not called as it should be, sees nothing.
    with pytest.raises((AssertionError, pytest.fail.Exception, CommitCollectError, sqlite3.Error)):
        getattr(suite, broken.test)(**broken.parameters)


@pytest.mark.parametrize("name", contracts.__all__)
def test_a_suite_that_was_not_told_what_to_open_is_collected_and_fails(name: str) -> None:
    """pytest leaves out abstract classes without a word, as where the name of a method is misspelt."""
    suite = getattr(contracts, name)
    assert not isabstract(suite)
    for opener in {"open_ledger", "open_stores", "open_queue", "open_catalog"} & {*dir(suite)}:
        with pytest.raises(pytest.fail.Exception, match=f"define `{opener}`"):
            getattr(suite(), opener)()
