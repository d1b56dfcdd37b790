"""One engine for all tests of this folder."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="package")
def endpoint(ministack: str) -> str:
    """Where a ministack runs."""
    return ministack
