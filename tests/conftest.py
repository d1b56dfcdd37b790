"""What all tests share: how hard they try, a bytecode cache, engines, and data outside the repository."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import botocore.session
import pytest
from hypothesis import is_hypothesis_test, settings

import audited
from engines import running
from needs import missing
from thoroughness import load_profile

load_profile()

if os.environ.get("PYTEST_XDIST_WORKER"):
    # This process is measured already; those that tests start need not be.
    os.environ.pop("COVERAGE_PROCESS_START", None)

_SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


def pytest_configure(config: pytest.Config) -> None:
    """Let the processes that tests start keep their bytecode, also where it is not to be kept in the sources.

    Without it each of them compiles all it imports, which takes several times as long as the rest.
    """
    if "PYTHONDONTWRITEBYTECODE" in os.environ and hasattr(config, "cache"):
        del os.environ["PYTHONDONTWRITEBYTECODE"]
        os.environ["PYTHONPYCACHEPREFIX"] = str(config.cache.mkdir("bytecode"))


@pytest.fixture
def few_examples(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Have the property test that asks for it try no more than so many examples, as each is expensive."""

    def limit(examples: int) -> None:
        test = getattr(request.function, "__func__", request.function)
        if is_hypothesis_test(test):
            # Classes share the test with those on other technologies, so it cannot be decorated anew.
            name = "_hypothesis_internal_use_settings"
            monkeypatch.setattr(test, name, settings(getattr(test, name), max_examples=examples))

    return limit


@pytest.fixture(scope="session", autouse=True)
def _failing_audit() -> Iterator[None]:
    """Where the variable says so, the audit log fails at every call of every use case (law 8)."""
    if not os.environ.get(audited.VARIABLE):
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        trail = audited.install(patch)
        yield
        assert not trail.counts["written"]


@pytest.fixture(scope="session", autouse=True)
def _models_of_aws_are_read_once() -> Iterator[None]:
    """Each session of boto3 reads the models of the services anew, which takes most of what opening takes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", functools.cache(botocore.session.create_loader))
        yield


@pytest.fixture(scope="session")
def ministack() -> Iterator[str]:
    """The address of a ministack for all tests of this process; each uses names of its own."""
    with running.ministack() as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of facts about the world outside, kept beside the repository.

    Where it is absent its tests are skipped, unless the environment variable
    COMMITCOLLECT_REQUIRE_ALL says that everything must be there.
    """
    if not _SHARED_DATA.is_dir():
        missing(f"the shared data folder {_SHARED_DATA} is not on this machine")
    return _SHARED_DATA
