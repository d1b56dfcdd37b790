"""The reference of commands is whole, and pages name commands and options that there are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from command_reference import MARKER, command_reference

from commitcollect_cli.main import PROGRAM, cli

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_NAMED = re.compile(rf"(?:`|^ {{4}}|^\$ ){PROGRAM} (?P<words>[^`\n|;]*)", re.MULTILINE)
_BEFORE = re.compile(r"^(?:--(?:store|user) \S+ |--json )+")
_OPTION = re.compile(r"(?:^| )(?P<name>--[a-z][a-z-]*)")


ALIASES = {"import": ("workout", "import"), "status": ("milestone", "show")}


def known(info: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], set[str]]]:
    """Each command that click itself lists, by its path, with its options."""
    options = (each for each in info["params"] if each["param_type_name"] == "option" and not each["hidden"])
    names = {name for each in options for name in each["opts"] + each["secondary_opts"]}
    yield path, names
    for name, below in info.get("commands", {}).items():
        yield from known(below, (*path, name))


# With the settings of a run: click keeps the help option that it makes for a command first.
ROOT_CONTEXT = click.Context(cli, info_name=PROGRAM, **cli.context_settings)
COMMANDS = dict(known(ROOT_CONTEXT.to_info_dict()["command"]))


def sections(reference: str) -> dict[tuple[str, ...], str]:
    """The text below the usage of each command, up to the usage of the next one."""
    texts = re.split(rf"^```text\n{PROGRAM}\b([^\[\n]*).*\n```$", reference, flags=re.MULTILINE)
    return {tuple(re.findall(r"(?<!\S)[a-z][a-z-]*", usage)): text for usage, text in _pairs(texts[1:])}


def _pairs(flat: list[str]) -> Iterator[tuple[str, str]]:
    yield from zip(flat[::2], flat[1::2], strict=True)


def test_the_reference_holds_every_command_with_every_option() -> None:
    """What click lists of the commands stands in the reference, each option under its own command."""
    written = sections(command_reference())
    assert written.keys() == COMMANDS.keys()
    for path, options in COMMANDS.items():
        assert {each for each in options - {"--help", "-h"} if each not in written[path]} == set(), path


def test_the_page_of_commands_has_one_place_for_them() -> None:
    """The marker that the site replaces stands in the page once."""
    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8").count(MARKER) == 1


def named(words: list[str]) -> tuple[str, ...]:
    """The path of the command that the words begin with, as far as they name groups and one command."""
    path = ALIASES.get(words[0], ()) if words else ()
    for word in words[len(path) and 1 :]:
        is_group = any(each[:-1] == path for each in COMMANDS)
        if not is_group or re.fullmatch(r"[a-z][a-z-]*", word) is None:
            break
        path = (*path, word)
    return path


def unknown_names(page: str) -> Iterator[str]:
    """Commands and options of a page that do not exist."""
    for found in _NAMED.finditer(page):
        line = _BEFORE.sub("", found["words"].partition("#")[0])
        path = named(line.split())
        options = COMMANDS.get(path)
        if options is None:
            yield " ".join(path)
        else:
            yield from (f"{' '.join(path)} {each}" for each in _OPTION.findall(line) if each not in options)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_pages_name_commands_and_options_that_exist(page: Path) -> None:
    """Each command line of a page, also one that no test runs, names a command and options that there are."""
    assert list(unknown_names(page.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("wrong", ["`commitcollect milestone lsit`", "    commitcollect audit list --uesr a"])
def test_a_wrong_name_is_found_out(wrong: str) -> None:
    """A misspelt command is found, and so is a misspelt option."""
    assert len(list(unknown_names(wrong))) == 1
