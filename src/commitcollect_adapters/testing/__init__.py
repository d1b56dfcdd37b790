"""Hypothesis strategies and contract suites for authors of adapters.

They import the core and no adapter, so they test any adapter; `machine` alone has memory for its model. They
need the extra ``commitcollect[testing]``.
"""

from __future__ import annotations

try:
    import hypothesis  # noqa: F401 - only to say early what is missing
    import pytest
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        f"{missing.name} is not installed; commitcollect_adapters.testing needs commitcollect[testing]"
    ) from missing

# The suites assert outside test modules; this makes pytest explain a failure there as well.
pytest.register_assert_rewrite("commitcollect_adapters.testing.contracts")
