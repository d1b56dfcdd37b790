"""Fetches the engines that DynamoDB tests run on into a folder. Run by nox; may be run again.

dynoxide is one static binary from npm, checked by its sha256. ministack is a Python program with pins of its
own, so it gets an environment of its own. What cannot be had is reported, and its tests say so too.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
from pathlib import Path

DYNOXIDE_PACKAGE = "@dynoxide/linux-x64@1.2.1"
DYNOXIDE_SHA256 = "be909b7910d3fb552e85db10ef3c8ebae4bd35fee0f26dffdb6dfa5cc656426e"
MINISTACK_REQUIREMENTS = ("ministack==1.5.33", "cryptography")


def install_dynoxide(folder: Path) -> None:
    """Put the binary at ``folder/dynoxide`` unless the right one is there."""
    binary = folder / "dynoxide"
    if binary.exists() and _sha256(binary) == DYNOXIDE_SHA256:
        return
    with tempfile.TemporaryDirectory() as scratch:
        npm = shutil.which("npm") or "npm"
        subprocess.run([npm, "pack", "--silent", DYNOXIDE_PACKAGE], cwd=scratch, check=True)
        (archive,) = Path(scratch).glob("*.tgz")
        with tarfile.open(archive) as packed:
            member = packed.extractfile("package/dynoxide")
            if member is None:
                raise RuntimeError(f"{DYNOXIDE_PACKAGE} holds no binary")
            content = member.read()
    if hashlib.sha256(content).hexdigest() != DYNOXIDE_SHA256:
        raise RuntimeError(f"{DYNOXIDE_PACKAGE} is not the one that is known; its sha256 differs")
    binary.write_bytes(content)
    binary.chmod(0o755)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def install_ministack(folder: Path) -> None:
    """Make ``folder/ministack``, a virtual environment with the program in it, unless it is there."""
    home = folder / "ministack"
    if (home / "bin" / "ministack").exists():
        return
    venv.create(home, with_pip=True, clear=True)
    subprocess.run([home / "bin" / "pip", "install", "-q", *MINISTACK_REQUIREMENTS], check=True)


def main(folder: Path) -> None:
    """Install each engine; report what could not be had."""
    folder.mkdir(parents=True, exist_ok=True)
    for install in (install_dynoxide, install_ministack):
        try:
            install(folder)
        except (OSError, RuntimeError, subprocess.CalledProcessError) as failed:
            print(f"{install.__name__} failed, its tests will be left out: {failed}", file=sys.stderr)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
