"""``commitcollect completion``: the shell completes commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from commitcollect_cli.options import json_option
from commitcollect_cli.output import print_result

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@json_option
@click.pass_context
def completion(ctx: click.Context, *, shell: str, as_json: bool) -> None:
    """Print the completion script of a shell.

    For bash, add to ~/.bashrc: eval "$(commitcollect completion bash)"
    """
    root = ctx.find_root()
    kind = get_completion_class(shell)
    if kind is None:  # not in this version of click
        raise click.UsageError(f"there is no completion for {shell}")
    program = root.info_name or "commitcollect"
    script = kind(root.command, {}, program, f"_{program.upper()}_COMPLETE").source()
    print_result({"shell": shell, "script": script}, [script], as_json=as_json)
