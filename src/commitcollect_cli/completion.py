"""``commitcollect completion``: the shell completes commands, options and values."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from commitcollect_cli.options import json_option
from commitcollect_cli.output import print_result

SHELLS = ("bash", "zsh", "fish")
_CUT, _WHOLE = 'string split "," ', 'string split --max 1 "," '
"""In the script for fish: values such as RUN,TrailRun and goals such as 1,000 km have commas of their own."""


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@json_option
@click.pass_context
def completion(ctx: click.Context, *, shell: str, as_json: bool) -> None:
    r"""Print the completion script of a shell. It completes commands, options, ids, sports and files.

    \b
    bash, in ~/.bashrc:  eval "$(commitcollect completion bash)"
    zsh, in ~/.zshrc behind compinit:  eval "$(commitcollect completion zsh)"
    fish:  commitcollect completion fish > ~/.config/fish/completions/commitcollect.fish
    """
    root = ctx.find_root()
    kind = get_completion_class(shell)
    if kind is None:  # not in this version of click
        raise click.UsageError(f"there is no completion for {shell}")
    program = root.info_name or "commitcollect"
    script = kind(root.command, {}, program, f"_{program.upper()}_COMPLETE").source().replace(_CUT, _WHOLE)
    print_result({"shell": shell, "script": script}, [script], as_json=as_json)
