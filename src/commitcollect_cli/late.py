"""Groups of commands that are imported when they are asked for, so that one does not pay for the others."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any, NamedTuple

import click
from click.shell_completion import CompletionItem

_SIMILAR = 0.6

EVERYWHERE = "commitcollect.everywhere"
"""Where a context keeps the options that were given before the command."""


def given_before(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
    """Callback of an option that may stand before the command: there, unless it is given again."""
    return value or ctx.meta.get(EVERYWHERE, {}).get(param.name) or value


class Late(NamedTuple):
    """Where a command lives, and what the help of its group says of it.

    Attributes:
        place: ``module:name`` below `commitcollect_cli`.
        summary: the first line of its help, so that the group's help imports nothing.
        section: the heading it stands under in the group's help.
    """

    place: str
    summary: str
    section: str = "Commands"


def loaded(place: str) -> click.Command:
    """The command at ``module:name``."""
    module, name = place.split(":")
    command: click.Command = getattr(import_module(f"commitcollect_cli.{module}"), name)
    return command


class LateGroup(click.Group):
    """A group with a table of commands beside those that are added to it."""

    def __init__(
        self, *args: Any, late: Mapping[str, Late], aliases: Mapping[str, str] | None = None, **kwargs: Any
    ) -> None:
        """Take the tables.

        Args:
            args: as for `click.Group`.
            late: the commands in the order of the help.
            aliases: further names of commands that stand elsewhere, and their places.
            kwargs: as for `click.Group`.
        """
        super().__init__(*args, **kwargs)
        self.late = late
        self.aliases = aliases or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, without aliases."""
        return [*self.late, *(each for each in super().list_commands(ctx) if each not in self.late)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command of a name."""
        if cmd_name in self.late:
            return loaded(self.late[cmd_name].place)
        if cmd_name in self.aliases:
            return loaded(self.aliases[cmd_name])
        return super().get_command(ctx, cmd_name)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Commands by the table, so that completing their names imports none of them; and options."""
        known = {name: late.summary for name, late in self.late.items()}
        known |= {name: each.get_short_help_str() for name, each in self.commands.items() if not each.hidden}
        found = [
            CompletionItem(name, help=known[name])
            for name in self.list_commands(ctx)
            if name in known and name.startswith(incomplete)
        ]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does; an unknown name is answered with those that are like it."""
        name = args[0]
        if ctx.resilient_parsing or name.startswith("-") or self.get_command(ctx, name) is not None:
            return super().resolve_command(ctx, args)
        like = get_close_matches(name, [*self.list_commands(ctx), *self.aliases], cutoff=_SIMILAR)
        shown = name if len(name) <= 40 else f"{name[:40]}…"  # noqa: PLR2004 - of a line
        hint = f" Did you mean {' or '.join(map(repr, like))}?" if like else ""
        raise click.UsageError(f"No such command {shown!r}.{hint}", ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands under their headings."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            known = self.late.get(name)
            if known is not None:
                sections.setdefault(known.section, []).append((name, known.summary))
            elif (command := super().get_command(ctx, name)) is not None and not command.hidden:
                sections.setdefault("Commands", []).append((name, command.get_short_help_str(limit=60)))
        width = max((len(name) for rows in sections.values() for name, _ in rows), default=0)
        for heading, rows in sections.items():
            with formatter.section(heading):
                formatter.write_dl([(f"{name:<{width}}", summary) for name, summary in rows])
