"""What a client says about the answers it takes: packed by gzip or not, and which one it has already."""

from __future__ import annotations

import re

_REFUSED = re.compile(r"q=0(\.0{0,3})?\Z")


def takes_gzip(accept_encoding: str) -> bool:
    """Whether an ``Accept-Encoding`` names gzip, or any encoding, with a weight above 0."""
    taken: dict[str, bool] = {}
    for each in accept_encoding.lower().split(","):
        name, *weights = (part.strip() for part in each.split(";"))
        taken[name] = not any(map(_REFUSED.match, weights))
    return taken.get("gzip", taken.get("x-gzip", taken.get("*", False)))


def has_already(if_none_match: str, tag: str) -> bool:
    """Whether an ``If-None-Match`` names a tag.

    Weak and strong ones are the same here: proxies that pack answers turn one into the other.
    """
    given = {each.strip().removeprefix("W/") for each in if_none_match.split(",")}
    return "*" in given or tag.removeprefix("W/") in given
