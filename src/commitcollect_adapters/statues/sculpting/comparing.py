"""Whether what is shipped is what the scripts make."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from commitcollect_adapters.statues import pack
from commitcollect_adapters.statues.sculpting.baking import Baked

TOLERANCE = 0.001
"""On other machines volumes, boxes and triangle counts may differ by this share."""
_FIGURES = ("triangles", "volumeMm3", "boundsMm")


def is_reference_machine() -> bool:
    """Where the shipped files are made: there, every byte must be the same."""
    return sys.platform == "linux" and platform.machine() == "x86_64"


def differences(baked: Baked, folder: Path, name: str) -> list[str]:
    """What differs from the files in a folder, as sentences."""
    if is_reference_machine():
        made = {**baked.packs, name: baked.definition.encode()}
        other = [file for file, data in made.items() if _read(folder / file) != data]
        return [f"{file} is not what the scripts make" for file in other]
    shipped, definition = json.loads(_read(folder / name)), json.loads(baked.definition)
    pairs = zip(shipped["parts"], definition["parts"], strict=True)
    return [each for old, new in pairs for each in _different_figures(old, new)]


def coupon_differences(made: bytes, file: Path) -> list[str]:
    """The same for the coupon, which is made of few planes: its volumes tell."""
    if is_reference_machine():
        return [] if _read(file) == made else [f"{file.name} is not what the scripts make"]
    pairs = zip(pack.decode(_read(file)), pack.decode(made), strict=True)
    same = all(abs(old.volume_mm3() / new.volume_mm3() - 1) < TOLERANCE for old, new in pairs)
    return [] if same else [f"the volumes of {file.name} are not what the scripts make"]


def _read(file: Path) -> bytes:
    return file.read_bytes() if file.exists() else b""


def _different_figures(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    for figure in _FIGURES:
        before, after = _flat(old[figure]), _flat(new[figure])
        scale = max(abs(each) for each in before)
        if any(abs(a - b) > TOLERANCE * scale for a, b in zip(before, after, strict=True)):
            yield f"{figure} of {old['partName']} is {new[figure]}, and {old[figure]} is shipped"


def _flat(figure: Any) -> list[float]:  # a number, or nested lists of numbers
    return [each for part in figure for each in _flat(part)] if isinstance(figure, list) else [float(figure)]
