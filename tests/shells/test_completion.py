"""TAB in the real shells: commands, options, and the values of a store."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cli.console import COMMAND, activity, write_history
from needs import program
from shells.pressing import environment, fish_completions, pressing_tab

SHELLS = ("bash", "zsh")
LINES = {
    "milest": "milestone",
    "workout undel": "undelete",
    "milestone list --stat": "--status",
    "milestone list --status compl": "completed",
    "workout list --sport Trail": "TrailRun",
    "milestone create --target elev": "elevation=",
    "milestone create --target=elev": "--target=elevation=",
    "milestone list --json --status=compl": "--status=completed",
    "workout list --sport=RUN,Trail": "--sport=RUN,TrailRun",
    "simulate --model DRAG": "DRAGON_2026",
    "workout show 42": "4242",
    "import hist": "history.json",
}
"""What is typed, and what its last word becomes."""


def _run(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [*COMMAND, *arguments], cwd=folder, env=environment(), capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a milestone and a workout, and the script of each shell."""
    folder = tmp_path_factory.mktemp("shells")
    write_history(folder / "history.json", {**activity(1), "id": 4242})
    _run(folder, "import", "history.json")
    _run(folder, "milestone", "create", "--target", "distance=1000km", "--from", "2019-01-01")
    for shell in (*SHELLS, "fish"):
        (folder / f"{shell}.sh").write_text(_run(folder, "completion", shell), encoding="utf-8")
    return folder


def _milestone_id(folder: Path) -> str:
    listed = _run(folder, "milestone", "list").splitlines()[1]
    return listed.split()[0]


@pytest.mark.parametrize("shell", SHELLS)
def test_tab_completes_the_line(folder: Path, shell: str) -> None:
    """One TAB puts in what is the only thing that fits: commands, options, words, ids and files."""
    program(shell)
    with pressing_tab(shell, folder / f"{shell}.sh", folder) as press:
        for typed, last in LINES.items():
            assert press(f"commitcollect {typed}") == ["commitcollect", *typed.split()[:-1], last]
        wanted = _milestone_id(folder)
        assert press(f"commitcollect --store commitcollect.db status {wanted[:5]}")[-1] == wanted


@pytest.mark.parametrize("shell", [*SHELLS, "fish"])
def test_an_amount_is_typed_right_behind_its_kind(folder: Path, shell: str) -> None:
    """Behind a value that ends in ``=`` there is no space, and behind any other there is one."""
    program(shell)
    with pressing_tab(shell, folder / f"{shell}.sh", folder) as press:
        assert press("commitcollect milestone create --target elev", "500m")[-1] == "elevation=500m"
        assert press("commitcollect milestone list --status compl", "-h")[-2:] == ["completed", "-h"]


def test_fish_offers_values_with_what_they_are(folder: Path) -> None:
    """Ids come with names, days and goals; what is in no store offers nothing, and makes none."""
    program("fish")
    script = folder / "fish.sh"
    milestones = fish_completions(script, "commitcollect milestone show ", folder)
    assert list(milestones) == [_milestone_id(folder)]
    assert "1,000 km" in milestones[_milestone_id(folder)]
    assert fish_completions(script, "commitcollect workout show 4", folder).keys() == {"4242"}
    assert (
        "TrailRun" in fish_completions(script, "commitcollect summary --sport RUN,Tra", folder).popitem()[0]
    )
    behind = fish_completions(script, "commitcollect milestone list --status=compl", folder)
    assert behind.keys() == {"--status=completed"}
    assert fish_completions(script, "commitcollect statue show ", folder).keys() >= {"DRAGON_2026"}
    assert "history.json" in fish_completions(script, "commitcollect import hist", folder)
    assert not fish_completions(script, "commitcollect --store none.db workout show ", folder)
    assert not (folder / "none.db").exists()
