"""A z-buffer: which facet of a scene each pixel shows."""

from __future__ import annotations

import math

from attrs import field, frozen

from commitcollect_adapters.statues.pictures.scene import Facet, Scene

NOTHING = -1
_FAR = -math.inf


@frozen
class Frame:
    """How millimetres of a scene become pixels.

    Attributes:
        aspect: how tall a pixel's share of the picture is to its width; characters are not square.
    """

    width: int
    height: int
    scale: float
    left: float
    top: float
    aspect: float = 1.0


@frozen
class Layer:
    """What each pixel shows, row by row: the facet's index, and how near it is."""

    facets: list[int] = field(repr=False)
    nearness: list[float] = field(repr=False)


def fitted(scene: Scene, width: int, height: int, margin: float = 0.0, aspect: float = 1.0) -> Frame:
    """The frame of that many pixels with the scene in its middle, as large as it goes.

    Args:
        scene: what is to be seen.
        width: pixels.
        height: pixels.
        margin: pixels left free on each side.
        aspect: see `Frame`.
    """
    scale = min((width - 2 * margin) / scene.width, (height - 2 * margin) / scene.height / aspect)
    left = scene.left - (width / scale - scene.width) / 2
    top = scene.top - (height / scale / aspect - scene.height) / 2
    return Frame(width, height, scale, left, top, aspect)


def layers(scene: Scene, frame: Frame) -> tuple[Layer, Layer]:
    """What each pixel shows of the solid parts, and of the ghosts where no solid part is in front."""
    numbered = list(enumerate(scene.facets))
    pixels = frame.width * frame.height
    solid = Layer([NOTHING] * pixels, [_FAR] * pixels)
    for index, facet in numbered:
        if facet.is_solid:
            _fill(solid, frame, index, facet)
    ghost = Layer([NOTHING] * pixels, solid.nearness.copy())
    for index, facet in numbered:
        if not facet.is_solid:
            _fill(ghost, frame, index, facet)
    return solid, ghost


def _fill(layer: Layer, frame: Frame, index: int, facet: Facet) -> None:
    """Draw one facet where nothing nearer is drawn: row by row, at the middle of each pixel."""
    top, left, down, across = frame.top, frame.left, frame.scale * frame.aspect, frame.scale
    (x0, x1, x2), (y0, y1, y2), (z0, z1, z2) = facet.x, facet.y, facet.z
    corners = [
        ((y0 - top) * down, (x0 - left) * across, z0),
        ((y1 - top) * down, (x1 - left) * across, z1),
        ((y2 - top) * down, (x2 - left) * across, z2),
    ]
    corners.sort()
    (ay, ax, az), (by, bx, bz), (cy, cx, cz) = corners
    ceil = math.ceil
    # Many facets are smaller than a pixel, and are left before anything is worked out.
    rows = range(max(0, ceil(ay - 0.5)), min(frame.height, ceil(cy - 0.5)))
    if not rows:
        return
    area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
    if not area:
        return
    per_x = ((bz - az) * (cy - ay) - (cz - az) * (by - ay)) / area
    per_y = ((cz - az) * (bx - ax) - (bz - az) * (cx - ax)) / area
    facets, nearness, width = layer.facets, layer.nearness, frame.width
    longest = (cx - ax) / (cy - ay)
    upper, lower = (bx - ax) / (by - ay or 1.0), (cx - bx) / (cy - by or 1.0)
    for row in rows:
        y = row + 0.5
        one = ax + (y - ay) * longest
        other = ax + (y - ay) * upper if y < by else bx + (y - by) * lower
        first, last = (one, other) if one < other else (other, one)
        start, end = ceil(first - 0.5), ceil(last - 0.5)
        if start >= end:  # between the middles of two pixels, as most rows of small facets are
            continue
        if start < 0:  # noqa: PLR1730 - a call for each row takes longer than all else about it
            start = 0
        if end > width:  # noqa: PLR1730 - the same
            end = width
        near = az + (start + 0.5 - ax) * per_x + (y - ay) * per_y
        for pixel in range(row * width + start, row * width + end):
            if near > nearness[pixel]:
                nearness[pixel] = near
                facets[pixel] = index
            near += per_x
