"""Installs Debian's programs that tests run: a browser, shells to complete in, and a judge of meshes.

Run by nox; may be run again. What cannot be had is reported, and the tests say so too.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

PROGRAMS = ("admesh", "bash", "chromium", "fish", "zsh")
"""Each is a package of its own name."""
APT = ("apt-get", "-qq", "-o", "Dpkg::Use-Pty=0")


def main() -> None:
    """Install the programs that are not there."""
    lacking = [each for each in PROGRAMS if shutil.which(each) is None]
    if not lacking:
        return
    as_root = () if os.geteuid() == 0 else ("sudo", "-n")
    try:
        subprocess.run([*as_root, *APT, "update"], check=True)
        subprocess.run(
            [*as_root, *APT, "install", "--yes", "--no-install-recommends", *lacking],
            check=True,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        )
    except (OSError, subprocess.CalledProcessError) as failed:
        print(f"{lacking} cannot be installed, their tests will be left out: {failed}", file=sys.stderr)


if __name__ == "__main__":
    main()
