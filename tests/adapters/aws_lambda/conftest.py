"""Handlers make the whole process log as JSON; afterwards it logs as before."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root, mangum = logging.getLogger(), logging.getLogger("mangum")
    handlers, level, quiet = [*root.handlers], root.level, mangum.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    mangum.setLevel(quiet)
