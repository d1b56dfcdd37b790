"""Printing: data on stdout, messages on stderr, errors with the exit code of their kind."""

from __future__ import annotations

import codecs
import io
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import click

from commitcollect_adapters.records.columns import epoch
from commitcollect_core.errors import (
    CommitCollectError,
    ConnectionBusy,
    Forbidden,
    InvalidInput,
    NeedsReconnect,
    NotFound,
    ScopeMissing,
    StorageUnavailable,
    StravaAppInactive,
    StravaRateLimited,
    StravaUnavailable,
    Unauthenticated,
    VersionConflict,
)

EXIT_FAILURE = 1
EXIT_USAGE = 2
EXIT_NOT_FOUND = 3
EXIT_AUTHENTICATION = 4
EXIT_TRY_LATER = 5
EXIT_INTERRUPTED = 130

ACCESS_DENIED = "access_denied"
"""What an athlete who refuses permission is told; to a service that is input like any other."""

PROGRESS_AFTER_SECONDS = 1.0
"""A progress bar appears only for what takes longer."""

_PROGRESS_EVERY = 50

_PLAIN_ERRORS = "commitcollect.plain"
_PLAIN = {"█": "#", "░": "-", "◆": "*", "◇": "o", "·": "-", "…": "..."}
"""What is printed instead where an encoding lacks these."""

_NOT_ALLOWED = (Forbidden, NeedsReconnect, ScopeMissing, Unauthenticated)
_PASSING = (
    ConnectionBusy,
    StorageUnavailable,
    StravaAppInactive,
    StravaRateLimited,
    StravaUnavailable,
    VersionConflict,
)
_EXIT_CODES: tuple[tuple[tuple[type[CommitCollectError], ...], int], ...] = (
    ((NotFound,), EXIT_NOT_FOUND),
    (_PASSING, EXIT_TRY_LATER),
    (_NOT_ALLOWED, EXIT_AUTHENTICATION),
    ((InvalidInput,), EXIT_USAGE),
)


def exit_code(error: CommitCollectError) -> int:
    """The exit code an error ends the process with."""
    if error.code == ACCESS_DENIED:
        return EXIT_AUTHENTICATION
    return next((code for kinds, code in _EXIT_CODES if isinstance(error, kinds)), EXIT_FAILURE)


def prepare_streams() -> None:
    """Make stdout and stderr print what their encoding lacks in plain characters instead of failing."""
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


def print_json(document: Mapping[str, Any]) -> None:
    """Print one object on stdout."""
    show(_as_json(document, indent=2))


def stream_json(document: Mapping[str, Any], name: str, items: Iterable[Mapping[str, Any]]) -> None:
    """Print one object on stdout, `document` and under `name` a list as long as it likes, item by item."""
    show(_as_json(document, indent=2).removesuffix("\n}") + f",\n  {_as_json(name)}: [")
    before: str | None = None
    for item in items:
        if before is not None:
            show(f"    {before},")
        before = _as_json(item)
    if before is not None:
        show(f"    {before}")
    show("  ]\n}")


def _as_json(value: object, *, indent: int | None = None) -> str:
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return json.dumps(value, ensure_ascii=not encoding.lower().startswith("utf"), indent=indent)


def ask(question: str) -> str | None:
    """Ask a person, on stderr; the line they give, or None if nobody gives any."""
    click.echo(f"{question}: ", file=sys.stderr, nl=False)
    # Not by click: depending on its version a part of the question ends up on stdout, among the data.
    line = sys.stdin.readline() if sys.stdin is not None else ""
    if line:
        return line.strip()
    say("")
    return None


def is_confirmed(question: str) -> bool:
    """Ask a person whether to do something that cannot be undone.

    Raises:
        click.UsageError: nobody answers.
    """
    answer = ask(f"{question} [y/N]")
    if answer is None:
        raise click.UsageError("there is nobody to ask; give --yes if you are sure")
    return answer.lower() in {"y", "yes"}


def print_error(error: CommitCollectError, *, as_json: bool) -> None:
    """Say what went wrong: on stderr, or as an object on stdout."""
    if not as_json:
        print_failure(error.code, error.message, as_json=False)
        return
    field = {} if error.field is None else {"field": error.field}
    retry = {} if error.retry_at is None else {"retryAtUtc": epoch(error.retry_at)}
    print_json({"error": error.code, "message": error.message, **field, **retry})


def print_failure(code: str, message: str, *, as_json: bool) -> None:
    """As `print_error`, for what is no `CommitCollectError`."""
    if as_json:
        print_json({"error": code, "message": message})
    else:
        say(f"Error: {message}")


@contextmanager
def progress(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """A progress bar on stderr, on a terminal only and only once the work takes a while.

    Yields:
        A function that takes how many more are done.
    """
    started = time.monotonic()
    pending = 0
    bar: Any = None
    with ExitStack() as stack:

        def advance(count: int) -> None:
            nonlocal pending, bar
            pending += count
            if pending < _PROGRESS_EVERY:
                return
            if bar is None and time.monotonic() - started > PROGRESS_AFTER_SECONDS and sys.stderr.isatty():
                shown = click.progressbar(length=total, label=label, file=sys.stderr)
                bar = stack.enter_context(shown)
            if bar is not None:
                bar.update(pending)
                pending = 0

        yield advance
        if bar is not None:
            bar.update(pending)
