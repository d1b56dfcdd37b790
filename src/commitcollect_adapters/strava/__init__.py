"""What is sent to Strava and what comes back, whatever carries it.

`StravaClient` is the port: it says what to ask and knows what answers mean. A `Transport` carries requests:
HTTP to Strava itself, or a call to the Strava in memory that stands in for it. So the two cannot differ in
anything but the way between.
"""

from commitcollect_adapters.strava.client import StravaClient
from commitcollect_adapters.strava.messages import Answer, Request, Revocation, StravaApp, Transport

__all__ = ["Answer", "Request", "Revocation", "StravaApp", "StravaClient", "Transport"]
