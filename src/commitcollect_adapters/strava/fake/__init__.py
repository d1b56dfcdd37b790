"""A Strava in memory: athletes, tokens, limits and webhooks under a test's command.

`FakeStrava` is the port itself, and `server.serve` puts the same one on a real HTTP address. Whatever a test
has in hand, every call ends in the same `Desk`, so the two cannot differ. It follows recorded answers where
there are any; what it takes from documentation alone is said where it is done.
"""

from commitcollect_adapters.strava.fake.faults import CallKind, Fault
from commitcollect_adapters.strava.fake.metering import Limits
from commitcollect_adapters.strava.fake.outbox import DeliveryPlan, DeliveryReport
from commitcollect_adapters.strava.fake.strava import FakeStrava

__all__ = ["CallKind", "DeliveryPlan", "DeliveryReport", "FakeStrava", "Fault", "Limits"]
