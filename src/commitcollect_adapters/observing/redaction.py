"""Takes out of texts what must not be written down: secrets, addresses of people and of machines."""

from __future__ import annotations

import ipaddress
import re

MASK = "[redacted]"

_PATTERNS = (
    # A name that speaks of a secret, and its value up to the next separator.
    re.compile(
        r"""(?ix)\b(?:[\w.-]*(?:token|secret|passw(?:or)?d|verifier|nonce|cookie|authorization|api_?key)[\w-]*
        |code|state|cc_session|cc_sign_in)["']?\s*[=:]\s*(?:(?:bearer|basic)\s+)?["']?(?P<secret>[^\s"'&;,)}\]]+)"""
    ),
    re.compile(r"(?i)\b(?:bearer|basic)\s+(?P<secret>[A-Za-z0-9._~+/=-]{8,})"),
    re.compile(r"\b(?P<secret>eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*)"),
    re.compile(r"(?P<secret>[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)"),
    re.compile(r"(?<![\w.])(?P<secret>(?:\d{1,3}\.){3}\d{1,3})(?![\w.]*\w)"),
    # Random texts of 256 bits and more; ids of ours are shorter.
    re.compile(r"(?<![A-Za-z0-9_-])(?P<secret>[A-Za-z0-9_-]{43,})(?![A-Za-z0-9_-])"),
)


_PERHAPS_ADDRESS = re.compile(r"(?<![\w:.])[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*(?![\w:])")


def redacted(text: str) -> str:
    """The text without what looks like a secret, an e-mail address or the address of a machine."""
    for pattern in _PATTERNS:
        text = pattern.sub(_masked, text)
    return _PERHAPS_ADDRESS.sub(_without_address, text)


def _without_address(found: re.Match[str]) -> str:
    try:
        ipaddress.IPv6Address(found.group())
    except ValueError:  # a time of day, for one
        return found.group()
    return MASK


def _masked(found: re.Match[str]) -> str:
    start, end = found.span("secret")
    whole = found.group()
    return whole[: start - found.start()] + MASK + whole[end - found.start() :]
