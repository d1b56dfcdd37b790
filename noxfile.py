"""Everything that is checked, by name: ``nox`` runs the default sessions, ``nox -l`` lists them all."""

from __future__ import annotations

import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2024.10"
nox.options.sessions = ["checks", "newer_pythons-3.13"]
nox.options.error_on_missing_interpreters = False
nox.options.reuse_existing_virtualenvs = True

PYPROJECT = nox.project.load_toml("pyproject.toml")
EXTRAS = "aws,crypto,identity,lambda,otel,sculpt,strava,testing,web"
"""What is imported by now; the other extras are names for what is to come."""

IN_PARALLEL = ("-n", "auto", "--dist", "worksteal")
"""A process for every processor; one that has nothing left takes over tests of another."""

COVERAGE = {"COVERAGE_PROCESS_START": str(Path("pyproject.toml").resolve())}
"""Has each process of pytest-xdist measure itself; a file each. Tests take twice as long under it."""

QUICK = ("-m", "not slow and not deep")
USE_CASES = ("tests/accounts", "tests/jobs", "tests/strava", "tests/training")
AGAIN = {"HYPOTHESIS_PROFILE": "again"}
"""For what runs a second time to see one thing more, not more of the same."""

FAILING_AUDIT = {"COMMITCOLLECT_TEST_FAILING_AUDIT": "1"}

ON_NEWER_PYTHONS = (
    "tests/accounts", "tests/adapters/readers", "tests/adapters/sqlite", "tests/adapters/statues",
    "tests/core", "tests/jobs", "tests/strava", "tests/training",
)  # fmt: skip
"""What depends on the language most: all of the core, and on it memory, SQLite and the readers."""


def install(session: nox.Session, *groups: str) -> None:
    """Install the package, what its tests need, and dependency groups, as the constraints file says."""
    group_requirements = nox.project.dependency_groups(PYPROJECT, *groups)
    session.install("-c", "constraints.txt", "-e", f".[{EXTRAS}]", *group_requirements)


@nox.session
def checks(session: nox.Session) -> None:
    """`lint`, `types`, `docs` and `tests` in one environment: installing takes longer than most."""
    install(session, "lint", "types", "test", "browser", "docs")
    run_lint(session)
    run_types(session)
    run_docs(session)
    run_tests(session)


@nox.session
def lint(session: nox.Session) -> None:
    """Style and the mistakes a linter sees."""
    session.install("-c", "constraints.txt", *nox.project.dependency_groups(PYPROJECT, "lint"))
    run_lint(session)


@nox.session
def types(session: nox.Session) -> None:
    """mypy strict over everything."""
    install(session, "types", "browser")
    run_types(session)


@nox.session
def docs(session: nox.Session) -> None:
    """The pages of `docs/` as a site in `.nox/site`; every warning is an error."""
    install(session, "docs")
    run_docs(session)


@nox.session
def tests(session: nox.Session) -> None:
    """Every test, with the branch coverage of the core, which must be whole."""
    install(session, "test", "browser")
    run_tests(session)


def run_lint(session: nox.Session) -> None:
    """Look at the style."""
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


def run_types(session: nox.Session) -> None:
    """Check the types."""
    session.run("mypy")


def run_docs(session: nox.Session) -> None:
    """Build the site."""
    session.run("sphinx-build", "--quiet", "--fail-on-warning", "-b", "html", "docs", ".nox/site")


def run_tests(session: nox.Session) -> None:
    """Test; with arguments for pytest, only those."""
    session.run("python", "tests/engines/install.py", ".engines")
    session.run("python", "tests/engines/debian.py")
    session.run("pytest", "-q", *IN_PARALLEL, "--durations=30", *session.posargs)
    if not session.posargs:
        # Law 8: with an audit log that fails at every call, every use case passes all its tests. Quick
        # tests alone reach every branch of the core, so only here coverage is worth its time.
        session.run("coverage", "erase")
        core = (*USE_CASES, "tests/core", "tests/test_public_api.py")
        session.run("pytest", "-q", *IN_PARALLEL, *QUICK, *core, env=COVERAGE | FAILING_AUDIT | AGAIN)
        session.run("coverage", "combine", "--quiet")
        session.run("coverage", "report")


@nox.session(python=["3.12", "3.13"])
def newer_pythons(session: nox.Session) -> None:
    """The quick tests of the core, memory and SQLite on the newer Pythons that this machine has."""
    # What else the group `test` holds judges templates and statues; it takes longer than these tests need.
    session.install("-c", "constraints.txt", "-e", f".[{EXTRAS}]", "pytest-xdist")
    session.run("pytest", "-q", *IN_PARALLEL, *QUICK, *ON_NEWER_PYTHONS, env=AGAIN)


@nox.session
def bench(session: nox.Session) -> None:
    """Figures, printed; nothing is asserted about them."""
    install(session, "test", "browser")
    session.run("python", "tests/benchmarks/bench_imports.py")
    session.run("python", "tests/benchmarks/bench_startup.py", env={"PYTHONPATH": "tests"})
    session.run("python", "tests/benchmarks/bench_ingest.py")
    session.run("python", "tests/benchmarks/bench_memory.py")
    session.run("python", "tests/engines/install.py", ".engines")
    session.run("python", "tests/benchmarks/bench_dynamodb.py", env={"PYTHONPATH": "tests"})
    session.run("python", "tests/benchmarks/bench_webhooks.py", env={"PYTHONPATH": "tests"})
    session.run("python", "tests/engines/debian.py")
    session.run("python", "tests/benchmarks/bench_statue.py", env={"PYTHONPATH": "tests"})


@nox.session
def statue(session: nox.Session) -> None:
    """Sculpt the statues again and compare; then let every judge look."""
    install(session, "test")
    session.run("python", "-m", "commitcollect_adapters.statues.sculpting", "--check")
    session.run("python", "tests/engines/install.py", ".engines", "gltf_validator")
    session.run("python", "tests/engines/debian.py")
    session.run("pytest", "-q", *IN_PARALLEL, "tests/adapters/statues", "tests/judges")


@nox.session
def slicing(session: nox.Session) -> None:
    """Slice every part with PrusaSlicer; for the night, as each takes up to a minute."""
    slicer = shutil.which("prusa-slicer")
    if slicer is None:
        session.error("PrusaSlicer is not installed; apt-get install prusa-slicer brings it")
    install(session, "test")
    judged = {"COMMITCOLLECT_SLICER": slicer}
    session.run("pytest", "-q", *IN_PARALLEL, "tests/judges", "-k", "prusaslicer", env=judged)


@nox.session
def mutants(session: nox.Session) -> None:
    """Break one law after the other in copies of the sources; the tests of its package must see each."""
    install(session, "test")
    session.run("python", "tests/engines/install.py", ".engines")
    session.run("python", "tests/mutants/run.py", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session
def soak(session: nox.Session) -> None:
    """Kill processes, step a clock and let Strava fail, for ten minutes or as many seconds as given."""
    install(session, "test")
    session.run("python", "tests/soak/run.py", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session
def fuzz(session: nox.Session) -> None:
    """Have schemathesis judge a running site by its description, with as many examples as given."""
    install(session, "test", "fuzz")
    session.run("python", "tests/fuzzing/run.py", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session
def deep(session: nox.Session) -> None:
    """Everything with many more examples, longer campaigns and every kill point; for the night."""
    install(session, "test", "browser")
    session.run("python", "tests/engines/install.py", ".engines")
    session.run("python", "tests/engines/debian.py")
    session.run("pytest", *IN_PARALLEL, "-m", "", *session.posargs, env={"HYPOTHESIS_PROFILE": "deep"})
