"""The site behind an HTTP API of API Gateway."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from commitcollect_adapters.aws_lambda.keeping import Event, Handler, Invocation, Kept
from commitcollect_adapters.backend import needing_extra
from commitcollect_adapters.settings import Settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp  # of an extra


def make_api_handler(environ: Mapping[str, str]) -> Handler:
    """The function that answers requests to the site of the settings.

    Raises:
        CommitCollectError: as in `Kept`.
    """
    import asyncio  # noqa: PLC0415 - the other handlers need none

    with needing_extra("lambda", "identity"):
        from mangum import Mangum  # noqa: PLC0415 - of an extra

    # Mangum logs the path of every request, and that of Strava's events is a secret.
    logging.getLogger("mangum").setLevel(logging.ERROR)
    kept = Kept(_open_application, environ)

    def handle(event: Event, invocation: Invocation) -> Any:
        application = kept.opened()
        # A loop for each request: the threads of its pool end with it. Those that write Strava's events stay,
        # and wait while the container is frozen: no answer is sent before its event is written.
        with asyncio.Runner() as runner:
            asyncio.set_event_loop(runner.get_loop())
            try:
                return Mangum(application, lifespan="off")(dict(event), invocation)  # type: ignore[arg-type]  # its types name every field
            finally:
                asyncio.set_event_loop(None)

    return handle


@contextmanager
def _open_application(settings: Settings) -> Iterator[ASGIApp]:
    from commitcollect_adapters.web.opening import open_site  # noqa: PLC0415 - starlette is slow to import

    with open_site(settings, is_frozen_between=True) as opened:
        yield opened.site.application
