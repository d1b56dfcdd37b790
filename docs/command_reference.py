"""The reference of all commands as Markdown, made from the commands themselves."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import click

from commitcollect_cli.late import LateGroup
from commitcollect_cli.main import PROGRAM, cli

MARKER = "<!-- commands -->"
"""What a page holds where the commands go."""

_UNWRAPPED = "\b"


def command_reference() -> str:
    """Every command with its usage, help and options, under the headings of the help."""
    root = click.Context(cli, info_name=PROGRAM, **cli.context_settings)
    return "\n".join([f"## {PROGRAM}", "", *_body(root), *_sections(root)])


def _sections(root: click.Context) -> Iterator[str]:
    heading = ""
    for name, command in _commands(root):
        section = cli.late[name].section if name in cli.late else "Commands"
        if section != heading:
            heading = section
            yield f"\n## {heading}\n"
        yield from _command(name, command, root, level=3)


def _commands(ctx: click.Context) -> Iterator[tuple[str, click.Command]]:
    group = ctx.command
    if not isinstance(group, click.Group):
        return
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        if command is not None and not command.hidden:
            yield name, command


def _command(name: str, command: click.Command, parent: click.Context, *, level: int) -> Iterator[str]:
    ctx = click.Context(command, info_name=name, parent=parent)
    yield f"\n{'#' * level} {ctx.command_path.removeprefix(PROGRAM).strip()}\n"
    yield from _body(ctx)
    for below, subcommand in _commands(ctx):
        yield from _command(below, subcommand, ctx, level=level + 1)


def _body(ctx: click.Context) -> Iterator[str]:
    usage = " ".join([ctx.command_path, *ctx.command.collect_usage_pieces(ctx)])
    yield f"```text\n{usage}\n```\n"
    yield from _paragraphs(ctx.command.help or "")
    rows = list(_rows(ctx))
    if rows:
        yield "| option | meaning |\n|---|---|"
        yield from (f"| {_code(names)} | {_cell(meaning)} |" for names, meaning in rows)
        yield ""
    if isinstance(ctx.command, LateGroup) and ctx.command.aliases:
        shorts = (f"`{alias}` for `{_path(place)}`" for alias, place in ctx.command.aliases.items())
        yield f"Short forms: {', '.join(shorts)}.\n"


def _rows(ctx: click.Context) -> Iterator[tuple[str, str]]:
    for param in ctx.command.get_params(ctx):
        record = param.get_help_record(ctx)
        # The usage shows the arguments, and every command has --help.
        if record is not None and record[1] and "--help" not in param.opts:
            yield record


def _path(place: str) -> str:
    group, _, name = place.partition(":")
    return f"{group} {name.strip('_')}".replace("_", "-")


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        if paragraph.startswith(_UNWRAPPED):
            lines = paragraph.removeprefix(_UNWRAPPED).strip("\n")
            yield f"```text\n{inspect.cleandoc(lines)}\n```\n"
        else:
            yield f"{_escaped(paragraph)}\n"


def _code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|")


def _cell(text: str) -> str:
    return _escaped(" ".join(text.split())).replace("|", "\\|")


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_<\[\]])", r"\\\1", text)
