"""The colours of a statue."""

from __future__ import annotations

from attrs import frozen


@frozen
class Material:
    """One colour of filament.

    Attributes:
        color: ``#RRGGBB``.
        is_metal: whether it gleams like metal where it is drawn.
    """

    name: str
    color: str
    is_metal: bool = False

    @property
    def rgb(self) -> tuple[float, float, float]:
        """Red, green and blue from 0 to 1."""
        red, green, blue = bytes.fromhex(self.color.removeprefix("#"))
        return red / 255, green / 255, blue / 255
