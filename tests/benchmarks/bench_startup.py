"""What commands cost before they do anything: CPU time of whole processes. Prints, asserts nothing."""

from __future__ import annotations

import compileall
import os
import resource
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.bench_imports import install

RUNS = 9
COMMANDS = (
    "-V", "-h", "nonsense", "completion bash", "milestone -h", "milestone list", "workout list",
    "statue list", "statue export", "simulate -h", "config show", "doctor", "strava status", "queue list",
    "audit -h", "serve -h",
)  # fmt: skip


def cpu_milliseconds(arguments: list[str], folder: Path) -> float:
    """The least CPU time of a process among several runs, as others only ever add to it."""
    spent = []
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    for _ in range(RUNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, *arguments], env=environment, cwd=folder, capture_output=True, check=False
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return 1_000 * min(spent)


def main() -> None:
    """Print the cost of every command, and its ratio to that of Python itself."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        install(folder)
        for module in ("click", "cattrs"):
            compileall.compile_dir(Path(str(__import__(module).__file__)).parent, quiet=1)
        bare = cpu_milliseconds(["-c", "pass"], folder)
        print(f"{'python -c pass':<32}{bare:8.0f} ms")
        for command in COMMANDS:
            cost = cpu_milliseconds(["-m", "commitcollect_cli", *command.split()], folder)
            print(f"commitcollect {command:<18}{cost:8.0f} ms: {cost / bare:.1f} times Python")


if __name__ == "__main__":
    main()
