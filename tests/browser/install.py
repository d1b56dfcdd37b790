"""Installs the browser that tests of pages run in: Debian's chromium. Run by nox; may be run again.

What cannot be had is reported, and the tests say so too.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

APT = ("apt-get", "-qq", "-o", "Dpkg::Use-Pty=0")


def main() -> None:
    """Install the browser unless it is there."""
    if shutil.which("chromium"):
        return
    as_root = () if os.geteuid() == 0 else ("sudo", "-n")
    try:
        subprocess.run([*as_root, *APT, "update"], check=True)
        subprocess.run(
            [*as_root, *APT, "install", "--yes", "--no-install-recommends", "chromium"],
            check=True,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        )
    except (OSError, subprocess.CalledProcessError) as failed:
        print(f"chromium cannot be installed, its tests will be left out: {failed}", file=sys.stderr)


if __name__ == "__main__":
    main()
