"""Runs a soak: ``nox -s soak [-- SECONDS [SEED]]``."""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

from commitcollect_core.values import AthleteId
from soak.service import running_service
from soak.stress import Soak

SECONDS = 600.0
ATHLETES = 20


def soaked(folder: Path, *, seconds: float, seed: int, athletes: int) -> Soak:
    """A soak that is over."""
    with running_service(folder, seed) as service:
        soak = Soak(service, tuple(AthleteId(str(100 + each)) for each in range(athletes)), seed)
        soak.run(seconds)
    return soak


def main(arguments: list[str]) -> int:
    """Soak, and print what happened."""
    seconds = float(arguments[0]) if arguments else SECONDS
    seed = int(arguments[1]) if arguments[1:] else random.randrange(10**6)
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    print(f"{seconds:g} seconds with seed {seed} in {folder}", flush=True)
    soak = soaked(folder, seconds=seconds, seed=seed, athletes=ATHLETES)
    for name, count in sorted(soak.figures.items()):
        print(f"{count:8,}  {name}")
    for violation in soak.violations:
        print(f"VIOLATION: {violation}")
    print("Nothing was lost." if not soak.violations else f"{len(soak.violations)} violations.")
    return 1 if soak.violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
