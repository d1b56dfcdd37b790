"""What a test needs of the machine, and what becomes of the test without it."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest

REQUIRE_ALL = "COMMITCOLLECT_REQUIRE_ALL"


def missing(reason: str) -> NoReturn:
    """Skip the test with the reason, or fail it where everything has to be there, as in CI."""
    if os.environ.get(REQUIRE_ALL):
        pytest.fail(reason)
    pytest.skip(reason)


def program(name: str) -> str:
    """The path of one of Debian's programs."""
    found = shutil.which(name)
    if found is None:
        missing(f"{name} is not installed; tests/engines/debian.py does that where apt-get can")
    return found
