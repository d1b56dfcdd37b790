"""A shell on a terminal of its own, and what the line holds once TAB was pressed."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE_SECONDS = 60.0
"""A shell that takes longer hangs."""

_READY, _OPEN, _CLOSE = "shell is ready", "{{", "}}"
_TO_START, _TAB, _ENTER = "\x01", "\t", "\r"
_SAY_READY = f"echo shell is ''ready{_ENTER}"
"""The terminal's echo of what is typed holds no mark: the shell puts it together when it runs the line."""

_STARTS = {
    "bash": (("bash", "--norc", "--noprofile", "-i"), "PS1=; bind 'set bell-style none'"),
    "zsh": (("zsh", "-f", "-i"), "PS1=; autoload -U compinit; compinit -D -u; unsetopt beep"),
    "fish": (("fish", "--no-config", "--interactive"), "function fish_prompt; end"),
}


def environment(**more: str) -> dict[str, str]:
    """Without settings; the program of this environment is found first, and the terminal can do little."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("COMMITCOLLECT_")}
    programs = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    return {**known, "PATH": programs, "TERM": "dumb", "LC_ALL": "C.UTF-8", **more}


@contextmanager
def pressing_tab(shell: str, script: Path, folder: Path) -> Iterator[Callable[..., list[str]]]:
    """A shell in a folder, with the script of the completion.

    Yields:
        A function that types the beginning of a line, TAB and perhaps more; it returns the words that stand
        there then.
    """
    program, prepare = _STARTS[shell]
    terminal, other_end = pty.openpty()
    home = {"HOME": str(folder), "ZDOTDIR": str(folder)}
    process = subprocess.Popen(
        program, stdin=other_end, stdout=other_end, stderr=other_end, cwd=folder, env=environment(**home),
        start_new_session=True,
        preexec_fn=_take_terminal,  # noqa: PLW1509 - it makes one call of the system, and here are no threads
    )  # fmt: skip
    os.close(other_end)

    def press(typed: str, then: str = "") -> list[str]:
        _type(terminal, f"{typed}{_TAB}{then}{_TO_START}printf '{{''{{%s}}''}}' {_ENTER}{_SAY_READY}")
        said = _read_until(terminal, _READY)
        return [each.partition(_CLOSE)[0] for each in said.split(_OPEN)[1:]]

    try:
        _type(terminal, f"{prepare}; source {script}{_ENTER}{_SAY_READY}")
        _read_until(terminal, _READY)
        yield press
    finally:
        process.kill()
        process.wait()
        os.close(terminal)


def fish_completions(script: Path, typed: str, folder: Path) -> dict[str, str]:
    """What fish offers for a line: the values and what it says of them."""
    asked = ["fish", "--no-config", "--command", f"source {script}; complete --do-complete '{typed}'"]
    done = subprocess.run(
        asked, cwd=folder, env=environment(HOME=str(folder)), capture_output=True, text=True, check=True,
        timeout=PATIENCE_SECONDS,
    )  # fmt: skip
    return dict(line.partition("\t")[::2] for line in done.stdout.splitlines())


def _take_terminal() -> None:
    """In the new process: fish wants the terminal to be that of its session."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _type(terminal: int, text: str) -> None:
    os.write(terminal, text.encode())


def _read_until(terminal: int, mark: str) -> str:
    said, until = "", time.monotonic() + PATIENCE_SECONDS
    while mark not in said:
        ready, _, _ = select.select([terminal], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            raise AssertionError(f"the shell said only {said!r}")
        said += os.read(terminal, 65_536).decode(errors="replace")
    return said
