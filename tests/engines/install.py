"""Fetches the programs that tests run into a folder. Run by nox; may be run again.

From npm come dynoxide, one static binary, and one script each of Khronos' glTF-Validator and of axe-core; all
are checked by their sha256. ministack is a Python program with pins of its own, so it gets an environment of
its own. What cannot be had is reported, and its tests say so too. Names after the folder choose among them.
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
VALIDATOR_PACKAGE = "gltf-validator@2.0.0-dev.3.10"
VALIDATOR_SHA256 = "b73a7b2d455ac217567725138b46d826a13d7d1bb0c88c15f7c571bfb349298c"
AXE_PACKAGE = "axe-core@4.10.3"
AXE_SHA256 = "880970c081707360e64f34cea25ff91892f5bc95675b0776925b9709dd8a68bb"
MINISTACK_REQUIREMENTS = ("ministack==1.5.33", "cryptography")


def install_dynoxide(folder: Path) -> None:
    """Put the binary at ``folder/dynoxide`` unless the right one is there."""
    _install_from_npm(DYNOXIDE_PACKAGE, "dynoxide", DYNOXIDE_SHA256, folder / "dynoxide")
    (folder / "dynoxide").chmod(0o755)


def install_gltf_validator(folder: Path) -> None:
    """Put the script at ``folder/gltf_validator.js`` unless the right one is there."""
    script = folder / "gltf_validator.js"
    _install_from_npm(VALIDATOR_PACKAGE, "gltf_validator.dart.js", VALIDATOR_SHA256, script)


def install_axe(folder: Path) -> None:
    """Put the script at ``folder/axe.js`` unless the right one is there."""
    _install_from_npm(AXE_PACKAGE, "axe.min.js", AXE_SHA256, folder / "axe.js")


def _install_from_npm(package: str, member: str, sha256: str, target: Path) -> None:
    """Take one file out of a package."""
    if target.exists() and _sha256(target) == sha256:
        return
    with tempfile.TemporaryDirectory() as scratch:
        npm = shutil.which("npm") or "npm"
        subprocess.run([npm, "pack", "--silent", package], cwd=scratch, check=True)
        (archive,) = Path(scratch).glob("*.tgz")
        with tarfile.open(archive) as packed:
            found = packed.extractfile(f"package/{member}")
            if found is None:
                raise RuntimeError(f"{package} holds no {member}")
            content = found.read()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise RuntimeError(f"{package} is not the one that is known; its sha256 differs")
    target.write_bytes(content)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def install_ministack(folder: Path) -> None:
    """Make ``folder/ministack``, a virtual environment with the program in it, unless it is there."""
    home = folder / "ministack"
    if (home / "bin" / "ministack").exists():
        return
    venv.create(home, with_pip=True, clear=True)
    subprocess.run([home / "bin" / "pip", "install", "-q", *MINISTACK_REQUIREMENTS], check=True)


INSTALLS = {
    "axe": install_axe,
    "dynoxide": install_dynoxide,
    "gltf_validator": install_gltf_validator,
    "ministack": install_ministack,
}


def main(folder: Path, *names: str) -> None:
    """Install each program; report what could not be had."""
    folder.mkdir(parents=True, exist_ok=True)
    for install in (INSTALLS[name] for name in names or INSTALLS):
        try:
            install(folder)
        except (OSError, RuntimeError, subprocess.CalledProcessError) as failed:
            print(f"{install.__name__} failed, its tests will be left out: {failed}", file=sys.stderr)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
