"""Where a process begins: before anything else is imported, so that Ctrl-C never shows a traceback."""

from __future__ import annotations

import signal


def run() -> None:
    """Run the command line and end the process with its exit code."""
    # While modules load, the signal itself ends the process; Python's own handler would raise in the midst.
    before = signal.getsignal(signal.SIGINT)
    is_usual = before is signal.default_int_handler
    if is_usual:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from commitcollect_cli import main

    if is_usual:
        signal.signal(signal.SIGINT, before)
    main.run()
