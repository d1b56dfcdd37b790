"""A clearance coupon: five sockets of growing room, and a peg to try in them."""

from __future__ import annotations

from manifold3d import Manifold

from commitcollect_adapters.statues.sculpting.fitting import Joint, box
from commitcollect_adapters.statues.sculpting.sculptures import Part
from commitcollect_adapters.statues.sculpting.shapes import union

CLEARANCES_MM = (0.10, 0.15, 0.20, 0.25, 0.30)
_PEG_SIDE_MM, _PEG_LENGTH_MM = 7.5, 6.0
_PITCH_MM, _BLOCK_MM = 16.0, 12.0


def sculpt() -> list[Part]:
    """The block and the peg, as they lie on the bed; a notch for each step marks the sockets."""
    block = box((0, 0, 0), (_PITCH_MM * len(CLEARANCES_MM), _PITCH_MM, _BLOCK_MM))
    for place, clearance in enumerate(CLEARANCES_MM):
        middle = _PITCH_MM * (place + 0.5)
        block = (
            block
            - Joint(
                (middle, _PITCH_MM / 2, _BLOCK_MM), (0, 0, -1), _PEG_LENGTH_MM, _PEG_SIDE_MM, clearance
            ).socket
        )
        block = block - _notches(middle, place + 1)
    grip = box((0, -30, 0), (14, -16, 8)) + Joint((7, -23, 8), (0, 0, 1), _PEG_LENGTH_MM, _PEG_SIDE_MM).peg
    return [Part(solid=each, material=0, at=(0, 0, 0)) for each in (block, grip)]


def _notches(middle: float, count: int) -> Manifold:
    """As many as the socket's number, in the front edge."""
    left = middle - 2.0 * (count - 1) / 2
    return union(box((left + 2 * k - 0.5, -1, 9), (left + 2 * k + 0.5, 1, 13)) for k in range(count))
