"""What the core offers by name: on one screen, sorted, documented, and not changed by accident."""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import get_type_hints

import commitcollect_core

OPTIONAL = {"sqlite3", "boto3", "httpx", "hypothesis", "pytest", "click", "cattrs", "starlette"}


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
    """`import commitcollect_core` in a fresh interpreter loads none of the optional or adapter packages."""
    program = "import sys, commitcollect_core; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = set(subprocess.check_output([sys.executable, "-c", program], text=True).split())
    assert loaded & (OPTIONAL | {"commitcollect_adapters", "commitcollect_cli"}) == set()
