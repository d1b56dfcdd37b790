"""``commitcollect completion``: the shell completes commands, options and values."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from commitcollect_cli.options import json_option
from commitcollect_cli.output import print_result

SHELLS = ("bash", "zsh", "fish")
_BASH_WORDS = """local words=() number=$COMP_CWORD place
    for place in "${!COMP_WORDS[@]}"; do
        if [[ ${COMP_WORDS[place]} == = && $place -lt $COMP_CWORD && ${words[-1]} == -* ]]; then
            ((number--))
        else
            words+=("${COMP_WORDS[place]}")
        fi
    done
    response=$("""
_ZSH_WORD = "[[ $PREFIX == --*=* ]] && compset -P 1 '*=' && around=(-i \"$IPREFIX\")\n    response=("
_ZSH_AROUND = """[[ "$key" == *= ]] && around+=(-S "")
            if [[ "$descr" == "_" ]]"""
_FISH_BEFORE = "set -l before (string match --regex -- '^--[^=]*=' (commandline -t));\n    for completion"
_CHANGES = {
    "bash": {
        "COMPREPLY+=($value)": "COMPREPLY+=($value); [[ $value == *= ]] && compopt -o nospace",
        'COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD': 'COMP_WORDS="${words[*]}" COMP_CWORD=$number',
        "response=$(": _BASH_WORDS,
    },
    "zsh": {
        "response=(": _ZSH_WORD,
        "local -a response": "local -a response around",
        'if [[ "$descr" == "_" ]]': _ZSH_AROUND,
        "completions_with_descriptions -U": 'completions_with_descriptions -U "${around[@]}"',
        "compadd -U": 'compadd -U "${around[@]}"',
    },
    "fish": {
        'string split "," ': 'string split --max 1 "," ',
        "for completion": _FISH_BEFORE,
        "echo $metadata[2]": 'echo "$before$metadata[2]"',
    },
}
"""What click's scripts lack.

Behind ``distance=`` bash and zsh put a space. Behind ``--sport=`` none completes: bash takes the ``=`` for a
word, the others lose what stands before it. fish cuts values such as RUN,TrailRun at the comma.
"""


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
    script = kind(root.command, {}, program, f"_{program.upper()}_COMPLETE").source()
    for before, after in _CHANGES[shell].items():
        script = script.replace(before, after)
    print_result({"shell": shell, "script": script}, [script], as_json=as_json)
