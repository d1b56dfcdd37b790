"""The dependency rule: imports only point down; the core imports the standard library and attrs alone."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[1] / "src"
MODULES = sorted(path for path in SOURCES.rglob("*.py"))

CORE_LAYERS = (
    {"errors"},
    {"values", "policy"},
    {
        "sports",
        "workouts",
        "jobs",
        "sessions",
        "idempotency",
        "connections",
        "rate_limits",
        "accounts",
        "audit",
    },
    {"awards", "milestones", "webhooks", "backfills"},
    {"ledger", "digest"},
    {"ports"},
    {"service_ports"},
    {"services"},
    {"app"},
    {"strava_app"},
)
"""Lowest first; a module may import its own layer and those below."""

ADAPTERS_ON_ADAPTERS = {
    "wiring",  # the one place that knows them all
    "simulation",  # a host of its own, beside wiring
    "testing",  # proves them against one another
}
SHARED_BY_ADAPTERS = {"boto", "readers", "records", "refusals", "serialization", "strava_protocol"}
"""How values look outside the core and what is said when they are refused; no technology.

Activities look the same in a file, in Strava's answers and in its webhooks, so they are read in one place;
and what goes to Strava and comes back is the same for Strava itself and for the one that stands in for it.
`boto` is how services of AWS are called, whichever it is.
"""

FORBIDDEN_IN_CORE = {
    "os", "io", "pathlib", "random", "secrets", "socket", "subprocess", "tempfile", "time", "uuid",
}  # fmt: skip
FORBIDDEN_CALLS_IN_CORE = {"now", "today", "utcnow", "open", "input", "print", "getenv"}


def imports(path: Path) -> Iterator[str]:
    """Everything a file imports, absolutely named."""
    package = path.relative_to(SOURCES).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package[: len(package) - node.level + 1] if node.level else ()
            module = (*parents, *filter(None, [node.module]))
            yield from (".".join((*module, alias.name)) for alias in node.names)


def place(name: str) -> tuple[str, str]:
    """A module's package and its first part below it."""
    package, _, rest = name.partition(".")
    return package, rest.partition(".")[0]


def core_layer(module: str) -> int:
    """How high a core module stands."""
    return next(number for number, names in enumerate(CORE_LAYERS) if module in names)


def name_of(path: Path) -> str:
    """A file's module name."""
    parts = path.relative_to(SOURCES).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def violations(path: Path) -> Iterator[str]:
    """Every import of a file that points up or sideways."""
    package, module = place(name_of(path))
    for imported in imports(path):
        to_package, to_module = place(imported)
        where = f"{name_of(path)} imports {imported}"
        if package == "commitcollect_core":
            if to_package not in {package, "attrs", "__future__", *sys.stdlib_module_names}:
                yield f"{where}: not the standard library or attrs"
            elif to_package in FORBIDDEN_IN_CORE:
                yield f"{where}: the core touches neither clock, chance, environment, files nor sockets"
            elif to_package == package and module and core_layer(to_module) > core_layer(module):
                yield f"{where}: points up"
        elif package == "commitcollect_adapters":
            if to_package == "commitcollect_cli":
                yield f"{where}: points up"
            elif (
                to_package == package
                and to_module not in {module, *SHARED_BY_ADAPTERS}
                and module not in ADAPTERS_ON_ADAPTERS
            ):
                yield f"{where}: adapters do not import one another"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_point_down(path: Path) -> None:
    """cli -> wiring -> adapters -> core, and inside the core app -> services -> ports -> nouns -> values."""
    assert not list(violations(path))


@pytest.mark.parametrize(
    "path", [each for each in MODULES if "commitcollect_core" in each.parts], ids=name_of
)
def test_the_core_asks_nobody_for_the_time_or_a_file(path: Path) -> None:
    """No call in the core reads a clock, opens a file or prints; only `Clock.now` tells the time."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Name):
                assert function.id not in FORBIDDEN_CALLS_IN_CORE, ast.unparse(node)
            elif isinstance(function, ast.Attribute) and function.attr in FORBIDDEN_CALLS_IN_CORE:
                assert ast.unparse(node) == "self.clock.now()"


def test_the_rule_sees_what_breaks_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A core module that imports a service, a technology or an adapter is found out."""
    monkeypatch.setattr(sys.modules[__name__], "SOURCES", tmp_path)
    folder = tmp_path / "commitcollect_core"
    folder.mkdir()
    bad = folder / "milestones.py"
    bad.write_text(
        "import httpx\nimport random\nimport commitcollect_adapters.memory\n"
        "from commitcollect_core.services.tracking import Tracking\n"
        "from commitcollect_core.values import utc\n"
    )
    assert len(list(violations(bad))) == 4
