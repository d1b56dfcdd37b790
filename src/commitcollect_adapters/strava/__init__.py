"""The Strava client: requests, answers and what they mean, on any transport.

`StravaClient` implements the port. A `Transport` sends its requests, over HTTP to Strava or in process to
the fake Strava, so that both share every line above the transport.
"""

from commitcollect_adapters.strava.client import StravaClient
from commitcollect_adapters.strava.messages import Answer, Request, Revocation, StravaApp, Transport

__all__ = ["Answer", "Request", "Revocation", "StravaApp", "StravaClient", "Transport"]
