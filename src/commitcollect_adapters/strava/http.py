"""The Strava client over HTTP. Needs the extra ``commitcollect[strava]``."""

from __future__ import annotations

from types import TracebackType

from commitcollect_adapters.http.transport import HttpTransport, Timeouts
from commitcollect_adapters.strava import Revocation, StravaApp, StravaClient
from commitcollect_core.errors import StravaUnavailable
from commitcollect_core.policy import DEFAULT_POLICY, Policy

__all__ = ["HttpStrava", "Revocation", "StravaApp", "Timeouts"]


class HttpStrava(StravaClient):
    """`StravaApi` over HTTP; thread-safe. Close it, or use it in a ``with``."""

    def __init__(
        self, app: StravaApp, *, policy: Policy = DEFAULT_POLICY, timeouts: Timeouts | None = None
    ) -> None:
        """Call Strava in the name of `app`; nothing is sent yet."""
        self._http = HttpTransport("Strava", StravaUnavailable, timeouts or Timeouts())
        super().__init__(app, self._http, policy=policy)

    def close(self) -> None:
        """Close the idle connections."""
        self._http.close()

    def __enter__(self) -> HttpStrava:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
