"""What the core offers by name: on one screen, sorted, documented, and not changed by accident."""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import get_type_hints

import pytest

import commitcollect_core

OPTIONAL = {"sqlite3", "boto3", "httpx", "hypothesis", "pytest", "click", "cattrs", "starlette"}


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
