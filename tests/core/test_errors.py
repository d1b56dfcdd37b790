"""The one error table: every class has an answer for the web and for the command line."""

from __future__ import annotations

import inspect
import re
from http import HTTPStatus
from importlib import import_module
from pathlib import Path

import pytest

from commitcollect_core import errors
from commitcollect_core.errors import ANSWERS, CommitCollectError, exit_code, http_status

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src"
PAGE = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
_ERROR_CLASS = re.compile(
    r"^class \w+\(.*\b(?:CommitCollectError|InvalidInput|StorageError|\w*Unavailable)\)"
)
_SPEAKS_OF_RETRYING = "may succeed later"


def core_classes() -> list[type[CommitCollectError]]:
    """Every error class of the core, the root included."""
    found = (each for _, each in inspect.getmembers(errors, inspect.isclass))
    return [each for each in found if issubclass(each, CommitCollectError)]


def adapter_classes() -> list[type[CommitCollectError]]:
    """Every error class outside the core."""
    found = []
    for path in sorted(SOURCES.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "commitcollect_core" in path.parts or not any(map(_ERROR_CLASS.match, text.splitlines())):
            continue
        module = import_module(".".join(path.relative_to(SOURCES).with_suffix("").parts))
        members = (each for _, each in inspect.getmembers(module, inspect.isclass))
        found += [
            each
            for each in members
            if each.__module__ == module.__name__ and issubclass(each, CommitCollectError)
        ]
    return found


@pytest.mark.parametrize("kind", core_classes(), ids=lambda kind: kind.__name__)
def test_every_error_class_has_a_row(kind: type[CommitCollectError]) -> None:
    """A new class needs a row of its own: none is answered as its parent by accident."""
    assert kind in ANSWERS
    status, code = ANSWERS[kind]
    assert HTTPStatus(status) >= HTTPStatus.BAD_REQUEST
    assert code in range(1, 6)


def test_error_classes_of_adapters_are_answered_by_code_or_by_parent() -> None:
    """An adapter's own error is never answered by the root's row, which tells nothing."""
    assert adapter_classes()
    for kind in adapter_classes():
        parents = [each for each in kind.__mro__ if each in ANSWERS and each is not CommitCollectError]
        assert parents or kind.code in ANSWERS, kind


def test_what_may_succeed_later_says_so_to_both_callers() -> None:
    """503 and exit code 5 both say that the same call may succeed later. A lost race is a 409."""
    for key, (status, code) in ANSWERS.items():
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            assert code == errors.EXIT_TRY_LATER, key
        elif key is not errors.VersionConflict:
            assert code != errors.EXIT_TRY_LATER, key
    for kind in core_classes():
        if _SPEAKS_OF_RETRYING in (kind.__doc__ or ""):
            assert exit_code(kind("x")) == errors.EXIT_TRY_LATER, kind


def test_a_code_takes_precedence_over_its_class_and_a_class_over_its_parent() -> None:
    """A refused permission is bad input to a service, and missing permission at the terminal."""
    refused = errors.InvalidInput("no", code=errors.ACCESS_DENIED)
    assert (http_status(refused), exit_code(refused)) == (400, errors.EXIT_AUTHENTICATION)
    busy = errors.ConnectionBusy("wait")
    assert (http_status(busy), exit_code(busy)) == (503, errors.EXIT_TRY_LATER)
    named = errors.Conflict("there", code="milestone_exists")
    assert (http_status(named), exit_code(named)) == (409, errors.EXIT_FAILURE)


def test_the_page_says_what_the_table_says() -> None:
    """docs/errors.md gives every key of the table its status and exit code, and no other."""
    told: dict[str, tuple[int, int]] = {}
    rows = [line.split("|")[1:-1] for line in filter(re.compile(r"\| `").match, PAGE.splitlines())]
    # A table of messages has fewer columns.
    for classes, codes, status, code, _ in (row for row in rows if len(row) == 5):
        own_codes = [each for each in re.findall(r"`(\w+)`", codes) if each in ANSWERS]
        for name in own_codes or re.findall(r"`(\w+)`", classes):
            assert told.setdefault(name, (int(status), int(code))) == (int(status), int(code)), name
    keys = {key if isinstance(key, str) else key.__name__: answer for key, answer in ANSWERS.items()}
    del keys["CommitCollectError"]
    assert told == keys
