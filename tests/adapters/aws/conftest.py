"""One engine for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engines import running


@pytest.fixture(scope="package")
def endpoint() -> Iterator[str]:
    """Where a ministack runs."""
    with running.ministack() as address:
        yield address
