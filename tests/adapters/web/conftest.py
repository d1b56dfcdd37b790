"""What tests of serving share."""

from __future__ import annotations

import sys
from importlib.util import find_spec

import pytest

_UVLOOP, _ASYNCIO = "uvloop", "asyncio"
_LOOPS = (_UVLOOP, _ASYNCIO) if find_spec(_UVLOOP) else (_ASYNCIO,)


@pytest.fixture(params=_LOOPS)
def each_loop(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The module of the loop that serves: a test is run with every one that may."""
    if request.param == _ASYNCIO:
        # As where it is not installed.
        monkeypatch.setitem(sys.modules, _UVLOOP, None)
    return str(request.param)
