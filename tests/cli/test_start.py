"""What a command loads before it does anything, and what the root offers."""

from __future__ import annotations

import os
import subprocess
import sys

import click
import pytest

from cli.console import Console
from commitcollect_adapters.sqlite.staging import Order
from commitcollect_adapters.statues.exporting import Format, Layout
from commitcollect_adapters.statues.pictures.terminal import Style
from commitcollect_adapters.wording.goals import BEST, parse_aim
from commitcollect_adapters.wording.units import BUCKET_UNITS, KINDS
from commitcollect_cli.completing import TARGET_EXAMPLES
from commitcollect_cli.late import Late, LateGroup, loaded
from commitcollect_cli.main import _ALIASES, _COMMANDS, cli
from commitcollect_cli.options import AMOUNT_UNITS
from commitcollect_cli.recurring import PERIODS
from commitcollect_cli.render import _REASONS
from commitcollect_cli.simulate import ORDERS
from commitcollect_cli.statue import _STYLES, statue
from commitcollect_cli.statue_export import ASSEMBLED, PLATES, PRINTED
from commitcollect_cli.statue_files import STAGES
from commitcollect_cli.strava import strava
from commitcollect_cli.strava_reconcile import _REPAIRS
from commitcollect_cli.worker import _ENDS
from commitcollect_core.jobs.worker import JobEnd
from commitcollect_core.strava.reconciling import Repair
from commitcollect_core.training.goals import Exclusion
from commitcollect_core.training.publications import Stage
from commitcollect_core.training.recurrence import Every
from commitcollect_core.version import VERSION

_LATE = [*_COMMANDS.items(), *statue.late.items(), *strava.late.items()]


def modules_loaded(*arguments: str, **environment: str) -> set[str]:
    """The modules a command has imported when it ends."""
    program = (
        "import sys\nfrom commitcollect_cli.main import run\n"
        "try:\n    run(sys.argv[1:])\nexcept SystemExit:\n    print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    )
    return set(done.stderr.split())


@pytest.mark.parametrize("arguments", [("-V",), ("-h",), ("nonsense",)])
def test_the_root_loads_no_command_and_no_classes(arguments: tuple[str, ...]) -> None:
    """Asking for the version or the help costs click alone: no attrs, no store, no metadata."""
    loaded_here = modules_loaded(*arguments)
    assert "click" in loaded_here
    assert loaded_here.isdisjoint({"attr", "cattrs", "importlib.metadata", "sqlite3", "email"})
    assert not [each for each in loaded_here if each.startswith("commitcollect_adapters.")]


@pytest.mark.parametrize(
    ("arguments", "spared"),
    [
        (("milestone", "list"), {"cattrs", "commitcollect_adapters.statues.definitions", "tomllib", "email"}),
        (("milestone", "list", "-x"), {"sqlite3", "commitcollect_core.app"}),
        (("workout", "list"), {"cattrs", "commitcollect_adapters.statues.definitions"}),
        (("statue", "-h"), {"commitcollect_adapters.statues.exporting"}),
        (("milestone", "list"), {"commitcollect_core.accounts", "hashlib", "cattrs"}),
    ],
)
def test_a_command_loads_what_it_needs(arguments: tuple[str, ...], spared: set[str]) -> None:
    """Meshes, converters and stores are for the commands that use them."""
    assert modules_loaded(*arguments).isdisjoint(spared)


@pytest.mark.parametrize(
    "arguments",
    [
        ("milestone", "create", "-h"), ("workout", "list", "--bogus"), ("simulate", "-h"), ("serve", "-h"),
        ("statue", "export", "-h"), ("strava", "status", "-x"), ("summary", "-x"),
        ("recurring", "begin", "-h"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_help_and_usage_errors_load_no_classes(arguments: tuple[str, ...]) -> None:
    """How a command is used costs click and its options: attrs, records and stores are for running it."""
    loaded_here = modules_loaded(*arguments)
    assert loaded_here.isdisjoint({"attr", "cattrs", "sqlite3", "commitcollect_adapters.backend"})


def test_words_that_options_repeat_are_those_of_the_values() -> None:
    """An option repeats the words of an enumeration, so that its help imports no classes."""
    assert tuple(each.value for each in Order) == ORDERS
    assert tuple(each.value.lower() for each in Every) == PERIODS
    assert tuple(each.value for each in Stage if each is not Stage.RETIRED) == STAGES
    assert tuple(each.value for each in Format) == PRINTED
    assert tuple(each.value for each in Layout) == (ASSEMBLED, PLATES)
    assert set(_REASONS) == set(Exclusion)
    assert set(_ENDS) == set(JobEnd)
    assert set(_REPAIRS) == set(Repair)
    for kind, units in AMOUNT_UNITS.items():
        assert "|".join(filter(None, KINDS[kind].units)) == units


def test_a_goal_without_a_first_day_costs_its_sports_alone() -> None:
    """The commonest mistake is told before settings and goals are loaded."""
    loaded_here = modules_loaded("milestone", "create")
    assert loaded_here.isdisjoint({"commitcollect_core.training.goals", "commitcollect_adapters.settings"})


@pytest.mark.parametrize("words", ["commitcollect ", "commitcollect milestone ", "commitcollect summary --"])
def test_completing_names_loads_no_classes(words: str) -> None:
    """TAB behind a group or an option costs what help costs."""
    asked = {
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
        "_COMMITCOLLECT_COMPLETE": "bash_complete",
    }
    assert modules_loaded(**asked).isdisjoint({"attr", "sqlite3", "commitcollect_adapters.backend"})


def test_every_kind_of_target_is_offered() -> None:
    """The examples of kinds are targets, and no kind is left out."""
    kinds = {each.partition("=")[0] for each in TARGET_EXAMPLES}
    assert kinds == {*KINDS, *BUCKET_UNITS, "streak", *(BEST + each for each in KINDS)}
    for each in TARGET_EXAMPLES:
        assert parse_aim(each).total_target > 0


@pytest.mark.parametrize(("name", "late"), _LATE, ids=[name for name, _ in _LATE])
def test_a_groups_table_tells_of_real_commands(name: str, late: Late) -> None:
    """What the help says without importing a command is there, and fits one line of 80 columns."""
    assert isinstance(loaded(late.place), click.Command)
    assert len(f"  {name:<12} {late.summary}") <= 80


def test_the_help_stands_in_groups(console: Console) -> None:
    """Athletes find their commands first; nothing is cut."""
    ran = console("-h")
    headings = ("For athletes:", "For Strava:", "For operators:")
    places = [ran.out.index(each) for each in headings]
    assert places == sorted(places)
    assert "..." not in ran.out.partition("For athletes:")[2]
    serve = loaded("serve:serve").get_short_help_str()
    assert serve in ran.out.partition("For athletes:")[2].partition("For Strava:")[0]
    assert isinstance(cli, LateGroup)


@pytest.mark.parametrize(
    ("typed", "meant"), [("milestones", "milestone"), ("doctr", "doctor"), ("improt", "import")]
)
def test_a_misspelt_command_is_answered_with_the_right_one(console: Console, typed: str, meant: str) -> None:
    """The root and its groups name what is alike; what is like nothing gets no hint."""
    ran = console(typed)
    assert ran.code == 2
    assert f"Did you mean '{meant}'" in ran.err
    assert "Did you mean" not in console("zzzzz").err
    assert "Did you mean 'list'" in console("milestone", "lits").err


def test_options_may_stand_before_the_command(console: Console) -> None:
    """--json, --store and --user mean the same before and behind; behind takes precedence."""
    made = ("workout", "add", "--sport-type", "Run", "--distance", "5km", "--start", "2026-03-01T07:00Z")
    console("--store", "a.sqlite", "--user", "ann", *made)
    assert console.json("--store", "a.sqlite", "--user", "ann", "workout", "list", "--json")["workouts"]
    before = console("--json", "--store", "a.sqlite", "--user", "bob", "workout", "list", "--user", "ann")
    assert '"Run"' in before.out


def test_names_that_people_try_are_there(console: Console) -> None:
    """``import`` and ``status`` are what they are elsewhere."""
    for name, place in _ALIASES.items():
        assert isinstance(loaded(place), click.Command)
        assert console(name, "-h").code == 0


def test_the_styles_are_those_that_are_drawn() -> None:
    """The option repeats them, so that it imports no drawing."""
    assert tuple(each.value for each in Style) == _STYLES


def test_the_version_is_one(console: Console) -> None:
    """The program says what the core says."""
    assert VERSION in console("-V").out
