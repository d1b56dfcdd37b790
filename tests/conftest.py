"""What all tests share: how hard Hypothesis tries, and data that is kept outside the repository."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

# The thoroughness of a property test depends on the profile alone; no test sets its own number of examples.
_EVERYWHERE: dict[str, Any] = {
    "deadline": None,  # machines differ
    "print_blob": True,
    "suppress_health_check": [HealthCheck.too_slow],
}
# Explaining which parts of an example matter takes minutes where finding it takes seconds; `deep` does it.
_PHASES = tuple(phase for phase in Phase if phase is not Phase.explain)
settings.register_profile("fast", max_examples=40, stateful_step_count=30, phases=_PHASES, **_EVERYWHERE)
settings.register_profile(
    "ci", max_examples=200, stateful_step_count=50, derandomize=True, phases=_PHASES, **_EVERYWHERE
)
settings.register_profile("deep", max_examples=3_000, stateful_step_count=50, **_EVERYWHERE)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))

_SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of facts about the world outside, kept beside the repository.

    Where it is absent its tests are skipped, unless the environment variable
    COMMITCOLLECT_REQUIRE_SHARED_DATA says that it must be there.
    """
    if not _SHARED_DATA.is_dir():
        reason = f"the shared data folder {_SHARED_DATA} is not on this machine"
        if os.environ.get("COMMITCOLLECT_REQUIRE_SHARED_DATA"):
            pytest.fail(reason)
        pytest.skip(reason)
    return _SHARED_DATA
