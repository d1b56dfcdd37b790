"""A Strava in memory that tests control.

`FakeStrava` is the port; `server.application` serves the same object over HTTP. Calls in process and over
HTTP end in the same `endpoints.Endpoints`, so their answers cannot differ. The answers follow recorded ones
where there are any, and Strava's documentation otherwise.
"""

from commitcollect_adapters.strava.fake.api import FakeStrava
from commitcollect_adapters.strava.fake.faults import CallKind, Fault
from commitcollect_adapters.strava.fake.rates import Limits
from commitcollect_adapters.strava.fake.webhooks import Delivery, DeliveryPlan, DeliveryReport

__all__ = ["CallKind", "Delivery", "DeliveryPlan", "DeliveryReport", "FakeStrava", "Fault", "Limits"]
