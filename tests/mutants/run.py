"""Applies each mutant to a copy of the sources and runs its tests: ``nox -s mutants [-- NAME…]``.

A mutant that no test kills is a survivor, and the exit code says so. The working tree is never changed.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory

from attrs import frozen

from mutants.catalogue import MUTANTS
from mutants.mutant import REPOSITORY, Mutant

COPIED = ("src", "tests", "docs", "examples", "pyproject.toml", "README.md")
ENGINES = ".engines"
PATIENCE_SECONDS = 300
"""Tests of one mutant that take longer say nothing: the machine may be slow, or the mutant may loop."""

BASELINE_PATIENCE_SECONDS = 1_800
MEMORY_KB_MAX = 8_000_000
"""Of address space. A mutant that loops may store without end, and would take the whole machine along."""

_PASSED, _FAILED = 0, 1


class End(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    EQUIVALENT = "equivalent"
    SURVIVED = "SURVIVED"
    NOT_EQUIVALENT = "KILLED, BUT MARKED EQUIVALENT"
    NOT_RUN = "TESTS DID NOT RUN"
    TOO_SLOW = "OUT OF TIME"

    @property
    def is_fault(self) -> bool:
        """Whether a person has to look at it."""
        return self.isupper()


@frozen
class Result:
    """A mutant, its end, how long it took, and what pytest printed."""

    mutant: Mutant
    end: End
    seconds: float
    output: str


@frozen
class Copy:
    """A copy of the source tree in which one mutant at a time is tried."""

    root: Path

    def make(self) -> None:
        """Copy what the tests need."""
        for name in COPIED:
            source, target = REPOSITORY / name, self.root / name
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source, target)
        if (REPOSITORY / ENGINES).exists():
            (self.root / ENGINES).symlink_to((REPOSITORY / ENGINES).resolve())

    @contextmanager
    def broken_by(self, mutant: Mutant, number: int) -> Iterator[None]:
        """Apply a mutant for a while."""
        path = self.root / "src" / mutant.file
        text, before = path.read_text(encoding="utf-8"), path.stat()
        path.write_text(mutant.applied_to(text), encoding="utf-8")
        # Python knows a changed file by its size and its time in whole seconds, and both may stay the same.
        os.utime(path, (before.st_atime, before.st_mtime + number))
        try:
            yield
        finally:
            path.write_text(text, encoding="utf-8")
            os.utime(path, (before.st_atime, before.st_mtime))

    def test(
        self, tests: Sequence[str], *options: str, patience_seconds: float = PATIENCE_SECONDS
    ) -> tuple[int | None, str]:
        """Run tests here; returns the exit code, None for a run out of time, and what was printed."""
        pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, *tests]
        command = ["/bin/sh", "-c", f'ulimit -v {MEMORY_KB_MAX}; exec "$@"', "sh", *pytest]
        with subprocess.Popen(
            command,
            cwd=self.root,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process:
            try:
                output, _ = process.communicate(timeout=patience_seconds)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                return None, ""
        return process.returncode, output.decode(errors="replace")

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        # Before the editable installation, which names the working tree.
        sources = os.pathsep.join((str(self.root / "src"), str(self.root / "tests")))
        return {**inherited, "PYTHONPATH": sources, "HYPOTHESIS_PROFILE": "mutants"}

    def check(self, tests: Iterable[str]) -> None:
        """Refuse to begin where the tests do not test this copy, or fail without any mutant."""
        where = "import commitcollect_core as c; print(c.__file__)"
        found = subprocess.run(
            [sys.executable, "-c", where], env=self._environment(), capture_output=True, text=True, check=True
        )
        if not Path(found.stdout.strip()).is_relative_to(self.root):
            raise SystemExit(f"the tests would test {found.stdout.strip()}, not the copy in {self.root}")
        code, output = self.test(
            sorted(set(tests)), "-n", str(os.cpu_count()), patience_seconds=BASELINE_PATIENCE_SECONDS
        )
        if code != _PASSED:
            raise SystemExit(f"{output}\nwithout any mutant these tests fail; mend them first")


def _end(mutant: Mutant, code: int | None) -> End:
    if code is None:
        return End.TOO_SLOW
    if mutant.is_by_rule and code != _PASSED:
        return End.KILLED
    if code not in {_PASSED, _FAILED}:
        return End.NOT_RUN
    if mutant.equivalent:
        return End.EQUIVALENT if code == _PASSED else End.NOT_EQUIVALENT
    return End.KILLED if code == _FAILED else End.SURVIVED


def tried(mutant: Mutant, number: int, copies: SimpleQueue[Copy]) -> Result:
    """Try one mutant in a copy that is free."""
    copy = copies.get()
    began = time.monotonic()
    try:
        with copy.broken_by(mutant, number):
            code, output = copy.test(mutant.tests, "-x")
    finally:
        copies.put(copy)
    return Result(mutant, _end(mutant, code), time.monotonic() - began, output)


def run(mutants: Sequence[Mutant]) -> list[Result]:
    """Try mutants, one per processor at a time; print each as it ends."""
    results = []
    with TemporaryDirectory(prefix="mutants-") as folder:
        copies: SimpleQueue[Copy] = SimpleQueue()
        made = [Copy(Path(folder).resolve() / str(number)) for number in range(os.cpu_count() or 1)]
        for copy in made:
            copy.root.mkdir()
            copy.make()
            copies.put(copy)
        made[0].check(test for each in mutants for test in each.tests)
        with ThreadPoolExecutor(len(made)) as pool:
            runs = [pool.submit(tried, each, number, copies) for number, each in enumerate(mutants, start=1)]
            for done in as_completed(runs):
                results.append(result := done.result())
                print(f"{result.end:30} {result.seconds:6.1f} s  {result.mutant.name}", flush=True)
    return results


def main(names: Sequence[str]) -> int:
    """Try the mutants whose names begin with one of `names`, or all."""
    chosen = [each for each in MUTANTS if not names or each.name.startswith(tuple(names))]
    faults = [fault for each in chosen if (fault := each.fault())]
    if faults or not chosen:
        print("\n".join(faults) or f"no mutant is called {' or '.join(names)}")
        return 1
    began = time.monotonic()
    results = run(chosen)
    failed = [each for each in results if each.end.is_fault]
    for each in failed:
        if each.end is End.NOT_RUN:
            print(each.output)
        print(f"\n{each.end}: {each.mutant}")
    ends = [each.end for each in results]
    counts = ", ".join(f"{ends.count(end)} {end}" for end in End if end in ends)
    print(f"\n{len(results)} mutants in {(time.monotonic() - began) / 60:.1f} minutes: {counts}")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
