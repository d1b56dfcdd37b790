"""The dependency rule: imports only point down; the core imports the standard library and attrs alone."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[1] / "src"
MODULES = sorted(path for path in SOURCES.rglob("*.py"))

CORE_PACKAGES = ("training", "jobs", "strava", "accounts")
"""A package imports only packages to its left."""

BESIDE_PACKAGES = ({"errors"}, {"values"}, {"policy"}, {"clocks", "context", "flows"}, {"handshakes"})
"""What every package may import, lowest first."""

ASSEMBLIES = {"app": {"training"}, "stores": set(CORE_PACKAGES), "service": {*CORE_PACKAGES, "stores"}}
"""What wires use cases, and the packages each may import: who only counts workouts pays for `app` alone."""

NOUNS = {
    "training": {
        "awards",
        "digest",
        "folds",
        "goals",
        "ledger",
        "local_time",
        "milestones",
        "periods",
        "publications",
        "recurrence",
        "sports",
        "workouts",
    },
    "jobs": {"jobs", "idempotency"},
    "strava": {"connections", "jobs", "webhooks", "backfills", "rates"},
    "accounts": {
        "identities",
        "profiles",
        "sessions",
        "deletion",
        "registry",
        "audit",
        "chain",
        "jobs",
        "receipts",
    },
}
"""What stands below `ports` in each package; every other module is a use case and stands above."""

SHARED_BY_ADAPTERS = {
    "addresses", "aws", "backend", "ciphers", "conflicts", "documents", "exports", "http", "observing",
    "readers", "records", "strava", "system", "texts", "turns", "versioned", "wording",
}  # fmt: skip
"""How values and addresses look outside the core, what a backend is, how AWS is called, clock, turns."""

ADAPTERS_ON_ADAPTERS = {
    "aws_lambda",  # a host of its own, over the web's application
    "backend",  # opens each of them by the scheme of its address
    "pytest_plugin",  # fixtures over testing
    "services",  # all that a host runs on, beside backend
    "simulation",  # a host of its own, beside backend
    "testing",  # proves them against one another
    "web",  # a host of its own: it shows statues, reads files and signs people in
}

FORBIDDEN_IN_CORE = {
    "os", "io", "pathlib", "random", "secrets", "socket", "subprocess", "tempfile", "time", "uuid",
}  # fmt: skip
CLOCK_READS = {"self.context.now()", "self.clock.now()"}
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


def name_of(path: Path) -> str:
    """A file's module name."""
    parts = path.relative_to(SOURCES).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def rank(module: str) -> tuple[int, int]:
    """How high a module of the core stands: first its package, then its place inside the package."""
    first, _, rest = module.partition(".")
    for number, names in enumerate(BESIDE_PACKAGES):
        if first in names:
            return 0, number
    if first in CORE_PACKAGES:
        inner = rest.partition(".")[0]
        level = 0 if not inner or inner in NOUNS[first] else 1 if inner == "ports" else 2
        return 1 + CORE_PACKAGES.index(first), level
    return 1 + len(CORE_PACKAGES), 0


def may_import(module: str, imported: str) -> bool:
    """Whether one module of the core may import another."""
    if module in ASSEMBLIES or not module:
        packages = ASSEMBLIES.get(module, {"training"})
        return imported.partition(".")[0] in {*packages, *set().union(*BESIDE_PACKAGES), "app"}
    return rank(imported) <= rank(module)


def core_violation(module: str, imported: str) -> str | None:
    """Why a module of the core may not import something; None if it may."""
    package, _, rest = imported.partition(".")
    if package not in {"commitcollect_core", "attrs", "__future__", *sys.stdlib_module_names}:
        return "not the standard library or attrs"
    if package in FORBIDDEN_IN_CORE:
        return "the core touches neither clock, randomness, environment, files nor sockets"
    if package == "commitcollect_core" and not may_import(module, rest):
        return "points up"
    return None


def adapter_violation(module: str, imported: str) -> str | None:
    """Why an adapter may not import something; None if it may."""
    package, _, rest = imported.partition(".")
    own, other = module.partition(".")[0], rest.partition(".")[0]
    if package == "commitcollect_cli":
        return "points up"
    is_free = own in ADAPTERS_ON_ADAPTERS or other in {own, *SHARED_BY_ADAPTERS}
    if package == "commitcollect_adapters" and not is_free:
        return "adapters do not import one another"
    return None


def violations(path: Path) -> Iterator[str]:
    """Every import of a file that points up or sideways."""
    package, _, module = name_of(path).partition(".")
    checks = {"commitcollect_core": core_violation, "commitcollect_adapters": adapter_violation}
    if package not in checks:
        return
    for imported in imports(path):
        why = checks[package](module, imported)
        if why is not None:
            yield f"{name_of(path)} imports {imported}: {why}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_point_down(path: Path) -> None:
    """cli -> backend -> adapters -> core; in the core to the left, and use cases -> ports -> nouns."""
    assert not list(violations(path))


@pytest.mark.parametrize(
    "path", [each for each in MODULES if "commitcollect_core" in each.parts], ids=name_of
)
def test_the_core_reads_no_clock_and_no_file(path: Path) -> None:
    """No call in the core reads a clock, opens a file or prints; only the context tells the time."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Name):
                assert function.id not in FORBIDDEN_CALLS_IN_CORE, ast.unparse(node)
            elif isinstance(function, ast.Attribute) and function.attr in FORBIDDEN_CALLS_IN_CORE:
                assert ast.unparse(node) in CLOCK_READS


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("training/goals.py", "import httpx"),
        ("training/goals.py", "import random"),
        ("training/goals.py", "import commitcollect_adapters.memory"),
        ("training/goals.py", "from commitcollect_core.training.tracking import Tracking"),
        ("training/goals.py", "from commitcollect_core.training.ports import Ledger"),
        ("training/ingestion.py", "from commitcollect_core.jobs.jobs import Job"),
        ("jobs/worker.py", "from commitcollect_core.strava.webhooks import interpret"),
        ("strava/access.py", "from commitcollect_core.accounts.sessions import Session"),
        ("values.py", "from commitcollect_core.training.sports import ANY_SPORT"),
        ("app.py", "from commitcollect_core.jobs.jobs import Job"),
        ("context.py", "from commitcollect_core.app import assemble"),
    ],
)
def test_the_rule_sees_what_breaks_it(
    module: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A core module that imports a use case, a package to its right or an adapter is found out."""
    monkeypatch.setattr(sys.modules[__name__], "SOURCES", tmp_path)
    bad = tmp_path / "commitcollect_core" / module
    bad.parent.mkdir(parents=True)
    bad.write_text(f"from commitcollect_core.values import utc\n{line}\n")
    assert len(list(violations(bad))) == 1


def _names_of(path: Path) -> Iterator[str]:
    """The functions, classes and constants of a module; those with a decorator are registered somewhere."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.decorator_list:
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (each.id for each in targets if isinstance(each, ast.Name))


def test_no_name_is_left_without_use() -> None:
    """Each is named a second time: in the sources, the tests, the examples or the docs."""
    root = SOURCES.parent
    files = [*MODULES, root / "pyproject.toml"]
    files += [each for name in ("tests", "examples", "docs") for each in (root / name).rglob("*.py")]
    files += (root / "docs").rglob("*.md")
    counts = Counter(word for each in files for word in re.findall(r"\w+", each.read_text(encoding="utf-8")))
    unused = {name for path in MODULES for name in _names_of(path) if counts[name] == 1}
    assert {each for each in unused if not each.startswith("__")} == set()
