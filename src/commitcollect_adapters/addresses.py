"""Addresses of stores, queues and keys.

Their scheme, their host, and how they may be shown.
"""

from __future__ import annotations

import re

LOCAL_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})
"""Host names that mean this machine."""

MASK = "********"

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
"""At least two characters, so that the drive letter of a Windows path is no scheme."""

_USER_PASSWORD = re.compile(r"(://[^/?#:@]*):\S*@")
_OPTION_PASSWORD = re.compile(r"([?&][^=&]*(?:password|secret|token)[^=&]*)=[^&]*", re.IGNORECASE)


def scheme_of(address: str) -> str:
    """The scheme of an address: what stands before its first colon.

    Empty for the path of a file.
    """
    found = _SCHEME.match(address)
    return found[1] if found else ""


def shown_address(address: str) -> str:
    """An address as it may be shown: passwords in it are masked."""
    return _OPTION_PASSWORD.sub(rf"\1={MASK}", _USER_PASSWORD.sub(rf"\1:{MASK}@", address))
