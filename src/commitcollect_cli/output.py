"""Printing: data on stdout, messages and errors on stderr; with ``--json`` one object on stdout."""

from __future__ import annotations

import codecs
import errno
import io
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from commitcollect_core.errors import CommitCollectError

Document = dict[str, Any]

EXIT_INTERRUPTED = 130

PROGRESS_AFTER_SECONDS = 1.0
"""A progress bar appears only for what takes longer."""

_PROGRESS_EVERY = 50
_BAR_CHARS_MIN, _BAR_CHARS_MAX = 8, 60

_PLAIN_ERRORS = "commitcollect.plain"
_PLAIN = {"█": "#", "░": "-", "◆": "*", "◇": "o", "·": "-", "…": "..."}
"""What is printed instead where an encoding lacks these."""


def wants_color(environ: Mapping[str, str]) -> bool | None:
    """Whether the environment asks for colours or forbids them; None where the stream decides."""
    if environ.get("NO_COLOR"):  # https://no-color.org: takes precedence
        return False
    if environ.get("FORCE_COLOR", "0") not in {"", "0"}:  # https://force-color.org
        return True
    return False if environ.get("TERM") == "dumb" else None


class _Closed(io.RawIOBase):
    """A standard stream that the process was started without: each use of it is an error that says so."""

    def __init__(self, shown_as: str) -> None:
        self._shown_as = shown_as

    def readable(self) -> bool:
        """As far as is known before it is tried."""
        return True

    writable = readable

    def readinto(self, _into: object, /) -> int:
        """Refuse."""
        raise OSError(errno.EBADF, f"{self._shown_as} is closed")

    def write(self, _data: object, /) -> int:
        """Refuse."""
        raise OSError(errno.EBADF, f"{self._shown_as} is closed")


def _replace_closed_streams() -> None:
    """Stand in for streams that are closed, of which Python has None.

    What is said for people goes nowhere where stderr is closed.
    """
    if None not in (sys.stdin, sys.stdout, sys.stderr):
        return
    # The lowest free number goes to the next file that is opened: no store may get that of a stream.
    while (taken := os.open(os.devnull, os.O_RDWR)) <= _STDERR:
        pass
    os.close(taken)
    if sys.stdin is None:
        sys.stdin = io.TextIOWrapper(io.BufferedReader(_Closed("standard input")))
    if sys.stdout is None:
        closed: Any = _Closed("standard output")  # without a buffer: what is refused must not wait in one
        sys.stdout = io.TextIOWrapper(closed, encoding="utf-8", write_through=True)
    if sys.stderr is None:
        sys.stderr = os.fdopen(_STDERR, "w", encoding="utf-8")


_STDERR = 2


def prepare_streams() -> None:
    """Make stdout and stderr print what their encoding lacks in plain characters instead of failing."""
    _replace_closed_streams()
    codecs.register_error(_PLAIN_ERRORS, _in_plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_PLAIN_ERRORS)


def _in_plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_PLAIN.get(each) or _escaped(each) for each in lacking), error.end


def _escaped(char: str) -> str:
    return char.encode("ascii", "backslashreplace").decode("ascii")


def show(line: str = "") -> None:
    """A line of data, on stdout."""
    # click would take another encoding than the stream's if that is ASCII; naming the stream keeps it.
    click.echo(line, file=sys.stdout)


def say(message: str) -> None:
    """A message for a person, on stderr."""
    click.echo(message, file=sys.stderr)


def print_json(document: Document) -> None:
    """Print one object on stdout."""
    show(_as_json(document, indent=2))


def print_result(document: Document, lines: Iterable[str], *, as_json: bool) -> None:
    """Print a result on stdout: one object with ``--json``, else lines for a person."""
    if as_json:
        print_json(document)
        return
    for line in lines:
        show(line)


def terminal_columns() -> int:
    """How wide the terminal on stdout is; 0 where stdout is no terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0


def fitting(lines: Iterable[str]) -> Iterator[str]:
    """The lines, cut where a terminal would wrap them; whole where stdout is no terminal."""
    width = terminal_columns()
    for line in lines:
        # Only plain lines are cut: within a styled one, the end of the style would be lost.
        is_long = width and columns_of(click.unstyle(line)) > width
        yield _cut(click.unstyle(line), width) if is_long else line


def columns_of(text: str) -> int:
    """How many columns a terminal needs for a text; letters of East Asia and emoji need two."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(char) else 1 + (east_asian_width(char) in {"W", "F"}) for char in text)


def _cut(line: str, width: int) -> str:
    fitting, used = "", 0
    for char in line:
        used += columns_of(char)
        if used > width - 1:
            break
        fitting += char
    return f"{fitting}…"


def stream_json(document: Document, name: str, items: Iterable[Document]) -> None:
    """Print one object on stdout: `document`, and under `name` a list of any length, item by item."""
    show(_as_json(document, indent=2).removesuffix("\n}") + f",\n  {_as_json(name)}: [")
    before: str | None = None
    for item in items:
        if before is not None:
            show(f"    {before},")
        before = _as_json(item)
    if before is not None:
        show(f"    {before}")
    show("  ]\n}")


_EPOCH = "Utc"
"""What names of times in epoch seconds end in."""
_NAME_OF_TIME = re.compile("(At|Date)?Utc$")


def with_iso_times(value: Any) -> Any:
    """A document with each time of it also as ISO 8601: ``createdAt`` beside ``createdAtUtc``."""
    if isinstance(value, Mapping):
        found: Document = {}
        for name, each in value.items():
            found[name] = with_iso_times(each)
            if name.endswith(_EPOCH):
                found.setdefault(_NAME_OF_TIME.sub("At", name), _iso(each))
        return found
    return [with_iso_times(each) for each in value] if isinstance(value, list | tuple) else value


def _iso(epochs: Any) -> Any:
    if isinstance(epochs, list | tuple):
        return [_iso(each) for each in epochs]
    return None if epochs is None else datetime.fromtimestamp(epochs, UTC).isoformat().replace("+00:00", "Z")


def _as_json(value: object, *, indent: int | None = None) -> str:
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return json.dumps(
        with_iso_times(value), ensure_ascii=not encoding.lower().startswith("utf"), indent=indent
    )


def ask(question: str) -> str | None:
    """Ask a person, on stderr; the line they type, or None at the end of the input."""
    click.echo(f"{question}: ", file=sys.stderr, nl=False)
    # Not with click: depending on its version, part of the question ends up on stdout, among the data.
    try:
        line = sys.stdin.readline() if sys.stdin is not None else ""
    except OSError:  # it is closed
        line = ""
    if line:
        return line.strip()
    say("")
    return None


def is_confirmed(question: str) -> bool:
    """Ask a person whether to do what cannot be undone.

    Raises:
        click.UsageError: the input ends without an answer.
    """
    answer = ask(f"{question} [y/N]")
    if answer is None:
        raise click.UsageError("the input ended without an answer; give --yes if you are sure")
    return answer.lower() in {"y", "yes"}


def print_error(error: CommitCollectError, *, as_json: bool) -> None:
    """Print an error: on stderr, or as an object on stdout."""
    from commitcollect_adapters.documents import error_document

    _print_failure(error_document(error), as_json=as_json)


def print_failure(code: str, message: str, *, as_json: bool) -> None:
    """As `print_error`, for a failure that is no `CommitCollectError`."""
    _print_failure({"error": code, "message": message}, as_json=as_json)


def _print_failure(document: Document, *, as_json: bool) -> None:
    if as_json:
        print_json(document)
    else:
        say(f"Error: {document['message']}")


@contextmanager
def status_line() -> Iterator[Callable[[str], None]]:
    """A line on stderr that is overwritten by the next and cleared at the end; nothing but on a terminal.

    Yields:
        A function that takes the next text, which is cut where the terminal is too narrow for it.
    """
    shown = 0

    def show_next(text: str) -> None:
        nonlocal shown
        if not sys.stderr.isatty():
            return
        # One column less than there are: some terminals begin a new line at the last one.
        width = max(shutil.get_terminal_size().columns - 1, 0)
        fitting = text if len(text) <= width else f"{text[: width - 1]}…"[:width]
        # Spaces and not a control sequence: every terminal knows them.
        click.echo(f"\r{fitting}{' ' * (min(shown, width) - len(fitting))}", file=sys.stderr, nl=False)
        shown = len(fitting)

    try:
        yield show_next
    finally:
        if shown:
            show_next("")
            click.echo("\r", file=sys.stderr, nl=False)


@contextmanager
def progress(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """A progress bar on stderr, on a terminal only and only once the work takes a while; cleared at the end.

    Yields:
        A function that takes how many more are done.
    """
    started = time.monotonic()
    done = shown = 0
    with status_line() as show_next:

        def advance(count: int) -> None:
            nonlocal done, shown
            done += count
            seconds = time.monotonic() - started
            if done - shown >= _PROGRESS_EVERY and seconds > PROGRESS_AFTER_SECONDS and sys.stderr.isatty():
                shown = done
                show_next(_progress_text(label, done, total, seconds))

        yield advance


def _progress_text(label: str, done: int, total: int, seconds: float) -> str:
    """One line, with a bar as long as the terminal leaves room for; none where that is too short."""
    share = min(done / total, 1.0) if total else 1.0
    left = timedelta(seconds=int(seconds / share - seconds)) if share else None
    told = f"{share:4.0%} {done:,}/{total:,}" + (f" {left} left" if left else "")
    room = min(shutil.get_terminal_size().columns - 1 - len(label) - len(told) - 4, _BAR_CHARS_MAX)
    if room < _BAR_CHARS_MIN:
        return f"{label} {told}"
    filled = int(room * share)
    return f"{label} [{'#' * filled}{' ' * (room - filled)}] {told}"
