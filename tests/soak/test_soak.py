"""A short soak; ``nox -s soak`` runs one of ten minutes."""

from __future__ import annotations

from pathlib import Path

import pytest

from soak.run import soaked

SECONDS = 20.0


@pytest.mark.deep
def test_killed_processes_wrong_clocks_and_a_failing_strava_lose_nothing(tmp_path: Path) -> None:
    """After 20 s of it every ledger is what Strava holds, and no job is lost."""
    soak = soaked(tmp_path, seconds=SECONDS, seed=20, athletes=4)
    assert not soak.violations, soak.figures
    assert soak.figures["ledgers equal"] == 4
    assert soak.figures["faults"]
    assert soak.figures["events accepted"]
    assert any(soak.figures[f"kills of {each.name}"] for each in soak.service.processes)
