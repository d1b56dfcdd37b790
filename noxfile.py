"""Everything that is checked, by name: ``nox`` runs the default sessions, ``nox -l`` lists them all."""

from __future__ import annotations

import nox

nox.needs_version = ">=2024.10"
nox.options.sessions = ["lint", "types", "tests", "newer_pythons"]
nox.options.error_on_missing_interpreters = False
nox.options.reuse_existing_virtualenvs = True

PYPROJECT = nox.project.load_toml("pyproject.toml")
EXTRAS = "aws,crypto,strava,testing,web"
"""What is imported by now; the other extras are names for what is to come."""


def install(session: nox.Session, group: str) -> None:
    """Install the package, what its tests need, and one dependency group, as the constraints file says."""
    group_requirements = nox.project.dependency_groups(PYPROJECT, group)
    session.install("-c", "constraints.txt", "-e", f".[{EXTRAS}]", *group_requirements)


@nox.session
def lint(session: nox.Session) -> None:
    """Style and the mistakes a linter sees."""
    install(session, "lint")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """mypy strict over everything."""
    install(session, "types")
    session.run("mypy")


@nox.session
def tests(session: nox.Session) -> None:
    """Every test, with the branch coverage of the core, which must be whole."""
    install(session, "test")
    session.run("python", "tests/engines/install.py", ".engines")
    session.run("coverage", "run", "-m", "pytest", *session.posargs)
    if not session.posargs:
        session.run("coverage", "report")


@nox.session(python=["3.12", "3.13"])
def newer_pythons(session: nox.Session) -> None:
    """The tests of laws and adapters on the newer Pythons that this machine has."""
    install(session, "test")
    session.run("pytest", "-q", "-m", "not slow", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Figures, printed; nothing is asserted about them."""
    install(session, "test")
    session.run("python", "tests/benchmarks/bench_imports.py")
    session.run("python", "tests/benchmarks/bench_ingest.py")
    session.run("python", "tests/benchmarks/bench_memory.py")
    session.run("python", "tests/engines/install.py", ".engines")
    session.run("python", "tests/benchmarks/bench_dynamodb.py", env={"PYTHONPATH": "tests"})
    session.run("python", "tests/benchmarks/bench_webhooks.py", env={"PYTHONPATH": "tests"})


@nox.session
def deep(session: nox.Session) -> None:
    """The property tests with many more examples; for the night."""
    install(session, "test")
    session.run("pytest", *session.posargs, env={"HYPOTHESIS_PROFILE": "deep"})
