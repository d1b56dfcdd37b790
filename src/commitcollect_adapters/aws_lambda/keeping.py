"""What a container of Lambda keeps open between calls."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from attrs import frozen

from commitcollect_adapters.backend import Backend, check_addresses, queue_of
from commitcollect_adapters.observing.logs import log_as_json
from commitcollect_adapters.observing.trail import AuditTrail
from commitcollect_adapters.services import open_service, open_trail
from commitcollect_adapters.settings import SECRETS_VARIABLE, Settings, load_settings, naming_origin
from commitcollect_core.errors import CommitCollectError
from commitcollect_core.jobs.ports import EventQueue
from commitcollect_core.service import Service

_log = logging.getLogger(__name__)
_chance = random.SystemRandom()

SECRETS_SECONDS = 300.0
"""How long secrets are used before they are read anew, on average: containers do so at different times."""

SECRETS_JITTER = 0.2
SECRETS_RETRY_SECONDS = 30.0
_TASK_ROOT = "LAMBDA_TASK_ROOT"
_MILLISECONDS = 1_000

Opened = TypeVar("Opened")
Event = Mapping[str, Any]
Handler = Callable[[Event, Any], Any]


class Invocation(Protocol):
    """What Lambda tells about a call, as far as it is needed."""

    def get_remaining_time_in_millis(self) -> int:
        """How long the function may go on."""
        ...


def seconds_left(invocation: Invocation) -> float:
    """How many seconds the function may go on."""
    return invocation.get_remaining_time_in_millis() / _MILLISECONDS


@frozen(kw_only=True, eq=False)
class Working:
    """What workers and scheduled tasks run on."""

    service: Service
    backend: Backend
    queue: EventQueue
    trail: AuditTrail | None


@contextmanager
def open_working(settings: Settings) -> Iterator[Working]:
    """Open it; errors as in `open_service`."""
    with open_service(settings) as (service, backend), open_trail(settings, backend) as trail:
        yield Working(service=service, backend=backend, queue=queue_of(settings, backend), trail=trail)


class Kept(Generic[Opened]):
    """Something that is open between calls, and opened anew once its secrets have changed.

    A container answers one call at a time, so that none is under way while the two are exchanged.
    """

    def __init__(
        self,
        opens: Callable[[Settings], AbstractContextManager[Opened]],
        environ: Mapping[str, str],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open it.

        Args:
            opens: opens it.
            environ: the settings; ``COMMITCOLLECT_SECRETS`` names a secret with more of them.
            monotonic: a clock in seconds.

        Raises:
            CommitCollectError: a setting is not acceptable, or something cannot be opened.
        """
        log_as_json()
        self._opens = opens
        self._environ = dict(environ)
        self._monotonic = monotonic
        self._read = _reader_of(self._environ.get(SECRETS_VARIABLE, ""))
        self._secrets = self._read()
        self._context, self._opened = self._open(self._secrets)
        self._due_at = self._later()

    def opened(self) -> Opened:
        """What is open; with the current secrets, or the previous ones if those cannot be read."""
        if self._monotonic() >= self._due_at:
            self._refresh()
        return self._opened

    def close(self) -> None:
        """Close it; Lambda itself ends containers without asking."""
        self._context.__exit__(None, None, None)

    def _refresh(self) -> None:
        try:
            secrets = self._read()
            if secrets != self._secrets:
                # The new one is opened first: a secret that cannot be used takes nothing down.
                before, (self._context, self._opened) = self._context, self._open(secrets)
                self._secrets = secrets
                before.__exit__(None, None, None)
        except CommitCollectError as failed:
            _log.warning("the previous secrets stay in use: %s", failed.message)
            self._due_at = self._monotonic() + SECRETS_RETRY_SECONDS
        else:
            self._due_at = self._later()

    def _later(self) -> float:
        spread = _chance.uniform(1 - SECRETS_JITTER, 1 + SECRETS_JITTER)
        return self._monotonic() + SECRETS_SECONDS * spread

    def _open(self, secrets: Mapping[str, str]) -> tuple[AbstractContextManager[Opened], Opened]:
        directory = Path(self._environ.get(_TASK_ROOT, ""))
        settings, origins = load_settings({}, {**self._environ, **secrets}, directory)
        with naming_origin(origins):
            check_addresses(settings)
        context = self._opens(settings)
        return context, context.__enter__()


def _reader_of(address: str) -> Callable[[], Mapping[str, str]]:
    if not address:
        return dict
    from commitcollect_adapters.aws_lambda.secrets import SecretSettings  # noqa: PLC0415 - boto3 is slow to import

    return partial(SecretSettings.environ, SecretSettings(address))
