"""What importing each package costs over an interpreter that has attrs already. Prints, asserts nothing."""

from __future__ import annotations

import statistics
import subprocess
import sys

RUNS = 15
BASE = "attrs"
PACKAGES = (
    "commitcollect_core",
    "commitcollect_core.app",
    "commitcollect_adapters.wiring",
    "commitcollect_cli.main",
)
_PROGRAM = (
    "import time, {base}; started = time.perf_counter(); import {package}; "
    "print(time.perf_counter() - started)"
)


def import_milliseconds(package: str) -> float:
    """The median time of importing `package` in a fresh interpreter that has imported attrs."""
    program = _PROGRAM.format(base=BASE, package=package)
    return statistics.median(
        1_000 * float(subprocess.check_output([sys.executable, "-c", program])) for _ in range(RUNS)
    )


def main() -> None:
    """Print the cost of every package."""
    for package in PACKAGES:
        print(f"import {package:<32}{import_milliseconds(package):8.1f} ms over {BASE}")


if __name__ == "__main__":
    main()
