"""What the core offers by name: on one screen, sorted, documented, and not changed by accident."""

from __future__ import annotations

import inspect
import pydoc
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

import commitcollect_adapters
import commitcollect_core
from commitcollect_adapters import in_memory, open_sqlite, open_store
from commitcollect_core import DEFAULT_POLICY, InvalidInput, ModelId, NewMilestone, NotFound, Policy, UserId
from commitcollect_core.policy import TrainingPolicy
from commitcollect_core.training.recurrence import Every

ADA, MEMORY = UserId("ada"), "memory:"
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)

LINES, COLUMNS = 36, 80
"""A screen, also where Python 3.13 prints every argument on a line of its own."""

TABLES = {"AccountsPolicy", "JobsPolicy", "StravaPolicy", "TrainingPolicy"}
"""Their help is a list of limits."""

OPTIONAL = {"sqlite3", "boto3", "httpx", "hypothesis", "pytest", "click", "starlette"}


def modules_loaded_by(statement: str) -> set[str]:
    """Every module that a statement loads in a fresh interpreter."""
    program = f"import sys\n{statement}\nprint(*sys.modules)"
    return set(subprocess.check_output([sys.executable, "-c", program], text=True).split())


def public_classes() -> list[type]:
    """Every class that the core offers."""
    found = (getattr(commitcollect_core, name) for name in commitcollect_core.__all__)
    return [each for each in found if inspect.isclass(each)]


def test_every_public_name_exists_and_stands_in_order() -> None:
    """`__all__` names what is there, each once: constants, then classes, then functions, each sorted."""
    names = commitcollect_core.__all__
    assert [name for name in names if not hasattr(commitcollect_core, name)] == []
    rank = {True: 0, False: 1}
    assert names == sorted(names, key=lambda name: (rank[name.isupper()], name[0].islower(), name))


def test_every_public_class_and_method_says_what_it_means() -> None:
    """Public names carry a docstring of their own."""
    undocumented = [
        f"{each.__name__}.{name}"
        for each in public_classes()
        for name, member in vars(each).items()
        if not name.startswith("_") and callable(member) and not member.__doc__
    ]
    assert undocumented == []
    assert [each.__name__ for each in public_classes() if not each.__doc__] == []


def test_annotations_of_the_public_classes_resolve() -> None:
    """A service developer's tools can read every annotation at run time."""
    for each in public_classes():
        get_type_hints(each)


INTERNAL = {"Committing"}
"""What use cases hand to each other."""


def types_in(hint: object) -> Iterator[str]:
    """The names of the project's types in an annotation."""
    if getattr(hint, "__module__", "").startswith("commitcollect_") and hasattr(hint, "__name__"):
        yield hint.__name__
    for each in get_args(hint):
        yield from types_in(each)


def test_what_public_classes_take_and_give_is_public() -> None:
    """A program can name every type that it meets."""
    members: list[Any] = [*public_classes()]
    for each in public_classes():
        for name, member in vars(each).items():
            function = getattr(member, "fget", None) or getattr(member, "__func__", member)
            if not name.startswith("_") and inspect.isfunction(function):
                members.append(function)
    hints = [hint for member in members for hint in get_type_hints(member).values()]
    met = {name for hint in hints for name in types_in(hint)}
    assert met - {*commitcollect_core.__all__} == INTERNAL


def test_importing_the_core_brings_in_no_technology() -> None:
    """The core and all its names load none of the optional or adapter packages."""
    loaded = {name.partition(".")[0] for name in modules_loaded_by("from commitcollect_core import *")}
    assert loaded & (OPTIONAL | {"commitcollect_adapters", "commitcollect_cli"}) == set()


def test_a_program_that_counts_workouts_loads_no_other_package() -> None:
    """`app` and every public name need `training` alone: no jobs, no Strava, no accounts."""
    loaded = modules_loaded_by("from commitcollect_core import *; import commitcollect_core.app")
    others = ("commitcollect_core.jobs", "commitcollect_core.strava", "commitcollect_core.accounts")
    assert [name for name in loaded if name.startswith(others)] == []


def test_a_name_is_loaded_when_it_is_used() -> None:
    """The bare import builds no class; an unknown name is an attribute error that names it."""
    assert {name for name in modules_loaded_by("import commitcollect_core") if "commitcollect" in name} == {
        "commitcollect_core"
    }
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        commitcollect_core.Nothing  # noqa: B018 - the access is what is tested
    assert set(commitcollect_core.__all__) <= set(dir(commitcollect_core))


def test_the_front_door_opens_every_kind_of_store(tmp_path: Path) -> None:
    """In memory, in a file and by address: the same application, and a file keeps what was written."""
    wish = NewMilestone(
        model_id=ModelId("DRAGON_2026"),
        target_type="ACTIVITY_COUNT",
        total_target=12,
        period_start_at=NEW_YEAR,
    )
    with in_memory() as app:
        assert app.tracking.create(ADA, wish).milestone.goal.total_target == 12
    with open_sqlite(tmp_path / "ada.db") as app:
        kept = app.tracking.create(ADA, wish).milestone
    for address in (tmp_path / "ada.db", str(tmp_path / "ada.db")):
        with open_store(address, must_exist=True) as app:
            assert list(app.tracking.milestones(ADA)) == [kept]
    with pytest.raises(NotFound), open_sqlite(tmp_path / "none.db", must_exist=True):
        pass
    with pytest.raises(InvalidInput), open_store("postgresql://u:secret@host/db"):
        pass


@pytest.mark.parametrize("store", [MEMORY, "ill.db"])
def test_reading_refuses_arguments_of_any_other_type_alike(store: str, tmp_path: Path) -> None:
    """Whatever the store is: with the field at fault, before anything is read."""
    with open_store(store if store == MEMORY else tmp_path / store) as app:
        tracking, ingestion = app.tracking, app.ingestion
        calls: list[tuple[str, Callable[[Any], object]]] = [
            ("user_id", tracking.list),
            ("user_id", tracking.workouts),
            ("user_id", lambda each: tracking.year(each, 2026)),
            ("user_id", lambda each: ingestion.erase(each, [])),
            ("user_id", lambda each: ingestion.settle(each, [])),
            ("after", lambda each: tracking.list(ADA, after=[each])),  # type: ignore[arg-type]  # that is the point
            ("limit", lambda each: tracking.list(ADA, limit=each)),
            ("year", lambda each: tracking.year(ADA, each)),
            ("month", lambda each: tracking.summary(ADA, Every.MONTH, each, today=1)),
            ("keys", lambda each: ingestion.erase(ADA, each)),
            ("keys", lambda each: ingestion.settle(ADA, each)),
            ("key", lambda each: ingestion.erase(ADA, [each])),
            ("key", lambda each: ingestion.settle(ADA, [each])),
        ]
        for field, call in calls:
            for value in (None, True, 1.5, "\ud800", b"ada", 10**9, -1):
                with pytest.raises(InvalidInput) as refused:
                    call(value)
                assert refused.value.field == field


def test_the_front_door_costs_nothing_until_it_is_opened() -> None:
    """Importing it loads neither core nor technology, and opening memory no SQLite."""
    assert not [
        each
        for each in modules_loaded_by("import commitcollect_adapters")
        if each.startswith(("commitcollect_core", "commitcollect_adapters.")) or each == "attr"
    ]
    used = "import commitcollect_adapters as c\nwith c.in_memory(): pass"
    assert "sqlite3" not in modules_loaded_by(used)


def shown_first(thing: object) -> list[str]:
    """What `help` shows of a name before its members, as lines of a terminal."""
    text = pydoc.plain(pydoc.render_doc(thing))
    members = re.search(
        r"^ \|  (Method|Data|Class methods|Static methods|Readonly|-----)", text, re.MULTILINE
    )
    first = text[: members.start()] if members else text
    return [
        piece for line in first.rstrip(" |\n").splitlines() for piece in textwrap.wrap(line, COLUMNS) or [""]
    ]


def public_things() -> dict[str, object]:
    """Every public name, and every public method of the classes among them."""
    modules = (commitcollect_core, commitcollect_adapters)
    found = {name: getattr(module, name) for module in modules for name in module.__all__}
    methods = {
        f"{name}.{method}": member
        for name, thing in found.items()
        if inspect.isclass(thing)
        for method, member in vars(thing).items()
        if not method.startswith("_") and inspect.isfunction(member)
    }
    return {**found, **methods}


def test_the_help_of_every_public_name_fits_a_screen() -> None:
    """What it is called with and what it means stand on one screen, before the members of a class."""
    assert {
        name: len(lines)
        for name, thing in public_things().items()
        if name not in TABLES and len(lines := shown_first(thing)) > LINES
    } == {}


def test_no_help_shows_where_an_object_lies() -> None:
    """Defaults are printed as what they are."""
    shown = {name: pydoc.plain(pydoc.render_doc(thing)) for name, thing in public_things().items()}
    assert [name for name, text in shown.items() if " object at 0x" in text] == []


def test_what_the_page_calls_public_is_there() -> None:
    """Every module and name in the table of docs/adapters.md can be imported."""
    page = (Path(__file__).parents[1] / "docs" / "adapters.md").read_text(encoding="utf-8")
    rows = [
        line.split("|")[1]
        for line in page.partition("## What is public")[2].splitlines()
        if line.startswith("| `")
    ]
    assert len(rows) >= 8
    for row in rows:
        module, *names = re.findall(r"`([\w.]+)`", row)
        found = import_module(module)
        for name in names:
            if name not in {"ports", "jobs", "strava", "accounts"}:
                getattr(found, name)


def test_a_policy_says_what_differs() -> None:
    """The default one says nothing."""
    assert repr(DEFAULT_POLICY) == "Policy()"
    changed = Policy(training=TrainingPolicy(page_items_max=7))
    assert repr(changed) == "Policy(page_items_max=7)"
