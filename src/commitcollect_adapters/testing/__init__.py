"""For test authors: Hypothesis strategies for the core's values, and suites that every adapter must pass.

It imports the core and no adapter, so it serves anybody's. Needs the extra ``commitcollect[testing]``.
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
