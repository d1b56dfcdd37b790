"""Sends a running site what its description allows, and what it does not.

``nox -s fuzz [-- EXAMPLES [SEED]]``. A person is signed in and has workouts and a goal, so that most calls
find what they ask for. Schemathesis makes the calls and judges the answers: no 5xx, and none outside of the
description.
"""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from adapters.web.visiting import CSV, GOAL
from browser.served import Served, serve
from commitcollect_adapters.web.cookies import SESSION

EXAMPLES = 20
"""For each operation."""

LEFT_OUT = (
    "/account", "/logout", "/sessions", "/sessions/{sessionId}",  # they end the person or the session
    "/events",  # which does not end
    "/auth/login", "/auth/callback", "/strava/connect",  # which lead elsewhere
)  # fmt: skip
CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance",
    "response_schema_conformance",
)  # fmt: skip
"""Without the one for what is wrong and was taken: calls without the cookie get it all the same."""


def sign_in(site: Served) -> str:
    """Sign a person in who has workouts and a goal; the session's cookie."""
    with httpx.Client(base_url=site.address, headers={"Origin": site.address}, trust_env=False) as browser:
        form = httpx.URL(browser.get("/auth/login").headers["location"]).params
        signed_in = browser.post("/auth/local", data={**form, "email": "ada@example.org"})
        browser.get(signed_in.headers["location"])
        browser.post("/imports", content=CSV, headers={"Content-Type": "application/octet-stream"})
        browser.post("/milestones", json=GOAL).raise_for_status()
        return browser.cookies[SESSION]


def main(arguments: list[str]) -> int:
    """Start a site, and let schemathesis judge it."""
    examples = int(arguments[0]) if arguments else EXAMPLES
    seed = int(arguments[1]) if arguments[1:] else random.randrange(10**6)
    with TemporaryDirectory() as folder, serve(Path(folder)) as site:
        command = ["schemathesis", "run", f"{site.address}/openapi.json", "--phases", "coverage,fuzzing"]
        command += ["--max-examples", str(examples), "--seed", str(seed), "--checks", ",".join(CHECKS)]
        command += ["--header", f"Cookie: {SESSION}={sign_in(site)}", "--header", f"Origin: {site.address}"]
        command += [part for path in LEFT_OUT for part in ("--exclude-path", path)]
        judged = subprocess.run(command, check=False, cwd=folder)
        return judged.returncode or int(site.stop() != 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
