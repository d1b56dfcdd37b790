"""Which facet a pixel shows, against a ray through each pixel's middle."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from commitcollect_adapters.statues.pictures.raster import NOTHING, Frame, fitted, layers
from commitcollect_adapters.statues.pictures.scene import Facet, Scene

WIDTH, HEIGHT = 9, 8
EDGE = 1e-6

# Odd steps of an eighth keep the middles of pixels, which are at halves, away from most edges.
places = st.tuples(
    st.integers(-16, 90).map(lambda step: step / 8 + 0.01),
    st.integers(-16, 80).map(lambda step: step / 8 + 0.003),
    st.integers(-40, 40).map(float),
)


@st.composite
def facets(draw: st.DrawFn) -> Facet:
    """A triangle anywhere around the picture."""
    x, y, z = zip(*(draw(places) for _ in range(3)), strict=True)
    return Facet(1, 1.0, (1, 2, 3), draw(st.booleans()), x, y, z)


def shares(facet: Facet, x: float, y: float) -> tuple[float, float, float] | None:
    """How near a point is to each corner, as shares that add up to 1; None for a triangle without area."""
    (ax, bx, cx), (ay, by, cy) = facet.x, facet.y
    area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
    if abs(area) < EDGE:
        return None
    first = ((bx - x) * (cy - y) - (cx - x) * (by - y)) / area
    second = ((cx - x) * (ay - y) - (ax - x) * (cy - y)) / area
    return first, second, 1 - first - second


def hits(scene: Scene, x: float, y: float) -> tuple[dict[int, float], bool]:
    """The facets that a ray through the point hits with their nearness, and whether it passes an edge."""
    found, is_close = {}, False
    for index, facet in enumerate(scene.facets):
        share = shares(facet, x, y)
        if share is None:
            continue
        is_close = is_close or min(map(abs, share)) < EDGE
        if min(share) > 0:
            found[index] = sum(part * z for part, z in zip(share, facet.z, strict=True))
    return found, is_close


def nearest(found: dict[int, float]) -> set[int]:
    """The facets that may be shown: those nearest, within rounding."""
    top = max(found.values(), default=0.0)
    return {index for index, near in found.items() if top - near < EDGE} or {NOTHING}


@given(st.lists(facets(), max_size=6))
def test_each_pixel_shows_what_is_nearest(drawn: list[Facet]) -> None:
    """Solid parts as a ray finds them; ghosts only where no solid part is in front of them."""
    scene = Scene(tuple(drawn), 0, 0, WIDTH, HEIGHT)
    solid, ghost = layers(scene, Frame(WIDTH, HEIGHT, 1.0, 0.0, 0.0))
    for row in range(HEIGHT):
        for column in range(WIDTH):
            found, is_close = hits(scene, column + 0.5, row + 0.5)
            if is_close:
                continue
            pixel = row * WIDTH + column
            solids = {index: near for index, near in found.items() if drawn[index].is_solid}
            ghosts = {index: near for index, near in found.items() if not drawn[index].is_solid}
            assert solid.facets[pixel] in nearest(solids)
            wall = max(solids.values(), default=-1e9)
            if all(abs(near - wall) > EDGE for near in ghosts.values()):
                before = {index: near for index, near in ghosts.items() if near > wall}
                assert ghost.facets[pixel] in nearest(before)


@given(st.integers(1, 300), st.integers(1, 300), st.integers(0, 20), st.floats(0.4, 2.5))
def test_a_scene_is_fitted_whole_and_in_the_middle(
    width: int, height: int, margin: int, aspect: float
) -> None:
    """All of it is inside the margin, it touches it on two sides, and what is left over is shared."""
    width, height = width + 2 * margin, height + 2 * margin
    scene = Scene((), -30.0, 12.0, 80.0, 50.0)
    frame = fitted(scene, width, height, margin, aspect)
    left, top = (scene.left - frame.left) * frame.scale, (scene.top - frame.top) * frame.scale * aspect
    right = width - left - scene.width * frame.scale
    bottom = height - top - scene.height * frame.scale * aspect
    assert abs(left - right) < 1e-6
    assert abs(top - bottom) < 1e-6
    assert min(left, top) >= margin - 1e-6
    assert min(left, top) <= margin + 1e-6
