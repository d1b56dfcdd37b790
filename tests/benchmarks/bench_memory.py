"""Time and peak memory of whole processes at growing histories. Prints, asserts nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

SIZES = (1_000, 10_000, 100_000)


def measure(arguments: Sequence[str]) -> tuple[float, float]:
    """Run the command line and return its wall seconds and its peak resident memory in MiB."""
    command = [sys.executable, "-m", "commitcollect_cli", *arguments]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}")
    return time.perf_counter() - started, usage.ru_maxrss / 1024


def main() -> None:
    """Print a line per size."""
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            store = str(Path(folder) / "store.db")
            seconds, mebibytes = measure(["simulate", "--demo", "--activities", str(size), "--store", store])
        print(f"simulate {size:>8,} activities: {seconds:7.1f} s, peak {mebibytes:6.1f} MiB")


if __name__ == "__main__":
    main()
