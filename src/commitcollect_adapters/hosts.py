"""Which host names mean this machine."""

from __future__ import annotations

LOCAL_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})
