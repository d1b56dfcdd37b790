"""What printing a part takes: overhangs, filament."""

from __future__ import annotations

import math

from commitcollect_adapters.statues.meshes import Mesh, cross
from commitcollect_adapters.statues.placing import Laid, Lying, lay

STEEPEST_COSINE = math.cos(math.radians(45))
"""A face that leans over by more than 45 degrees needs something below it."""
OVERHANG_SHARE_MAX = 0.03
"""Of the surface: a few ridges and undercuts sag a little and do no harm."""
_ON_BED_MM = 1.2
"""A printer bridges a groove in the first layers, if it is no deeper than this."""
_GRAMS_PER_MM3 = 0.00124
"""Grams of PLA for a cubic millimetre."""
_SHELL_MM = 0.9
"""Two lines around, and the layers at top and bottom."""


def overhang_share(mesh: Mesh, laid: Laid) -> float:
    """The share of the surface that leans over by more than 45 degrees, and does not lie on the bed."""
    points = laid.placement.moved(mesh.points_mm())
    total = hanging = 0.0
    for a, b, c in mesh.triangles():
        p, q, r = points[a], points[b], points[c]
        normal = cross(p, q, r)
        area = math.hypot(*normal)
        total += area
        if normal[2] < -STEEPEST_COSINE * area and min(p[2], q[2], r[2]) > _ON_BED_MM:
            hanging += area
    return hanging / total if total else 0.0


def needs_supports(mesh: Mesh, lying: Lying) -> bool:
    """Whether the part needs supports as it lies."""
    return overhang_share(mesh, lay(mesh, lying)) > OVERHANG_SHARE_MAX


def grams(mesh: Mesh, infill: float = 0.12) -> float:
    """About how much filament the part takes: a solid skin, and a share of what is inside."""
    volume = mesh.volume_mm3()
    skin = min(volume, mesh.surface_mm2() * _SHELL_MM)
    return (skin + (volume - skin) * infill) * _GRAMS_PER_MM3
