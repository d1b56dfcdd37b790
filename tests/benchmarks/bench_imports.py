"""What imports cost, from an installed and compiled copy. Prints, asserts nothing.

A source tree under ``PYTHONDONTWRITEBYTECODE`` would be compiled anew at every import, and that is what would
be measured.
"""

from __future__ import annotations

import compileall
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

RUNS = 21
BASE = "attrs"
PACKAGES = (
    "commitcollect_core",
    "commitcollect_core.app",
    "commitcollect_core.service",
    "commitcollect_adapters.backend",
    "commitcollect_adapters.aws_lambda",
    "commitcollect_adapters.aws_lambda, mangum, commitcollect_adapters.web.opening",
    "commitcollect_cli.main",
)
_PROGRAM = """
import sys, time
sys.path.insert(0, {folder!r})
started = time.perf_counter()
import {base}
imported = time.perf_counter()
import {package}
print(imported - started, time.perf_counter() - imported)
"""


def install(folder: Path) -> None:
    """Put a compiled copy of the packages into `folder`."""
    root = Path(__file__).parents[2]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), str(root)]
    subprocess.run(pip, check=True)
    compileall.compile_dir(folder, quiet=1)
    for name in ("attr", "attrs"):
        module = __import__(name)
        compileall.compile_dir(Path(str(module.__file__)).parent, quiet=1)


def milliseconds(folder: Path, package: str) -> tuple[float, float]:
    """The median times of importing attrs, and then `package`, in fresh interpreters."""
    program = _PROGRAM.format(folder=str(folder), base=BASE, package=package)
    outputs = [subprocess.check_output([sys.executable, "-c", program], text=True) for _ in range(RUNS)]
    times = [tuple(1_000 * float(each) for each in output.split()) for output in outputs]
    return statistics.median(each[0] for each in times), statistics.median(each[1] for each in times)


def main() -> None:
    """Print the cost of every package over attrs, and its ratio to that of attrs itself."""
    with TemporaryDirectory() as folder:
        install(Path(folder))
        for package in PACKAGES:
            base, cost = milliseconds(Path(folder), package)
            print(f"import {package:<76}{cost:8.1f} ms over {BASE} ({base:.1f} ms): {cost / base:.2f}")


if __name__ == "__main__":
    main()
