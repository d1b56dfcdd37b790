"""What every use case needs: clock, ids, backoff and policy."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from attrs import frozen

from commitcollect_core.policy import DEFAULT_POLICY, Policy
from commitcollect_core.values import ActivityId, MilestoneId


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The time now: aware, UTC, whole seconds. Read once per use case."""
        ...


class IdGenerator(Protocol):
    """Makes ids; one method per purpose."""

    def milestone_id(self) -> MilestoneId:
        """A milestone id that no milestone of any athlete has."""
        ...

    def activity_id(self) -> ActivityId:
        """An activity id for a workout entered by hand."""
        ...

    def handshake_state(self) -> str:
        """The state of a handshake, which cannot be guessed."""
        ...

    def lease_token(self) -> str:
        """A random token that proves a lease."""
        ...

    def secret(self) -> str:
        """A text of 256 random bits for a cookie, a nonce or a code verifier; fit for an address."""
        ...

    def request_id(self) -> str:
        """An id of one request or one flow of requests."""
        ...

    def generation(self) -> str:
        """A random text that tells a row from one made anew in its place.

        No row of the same key ever had it.
        """
        ...


class Backoff(Protocol):
    """Spreads retries: of processes that lost a race, and of jobs that were put off together."""

    def wait(self, attempt: int) -> None:
        """Wait before deciding again.

        `attempt` races were lost in a row (1 or more).
        """
        ...

    def jitter_seconds(self, longest: int) -> int:
        """Some seconds, up to `longest`, by which to spread what would happen at one moment."""
        ...


@frozen(kw_only=True, eq=False, repr=False)
class Context:
    """One of each, handed to every use case."""

    clock: Clock
    ids: IdGenerator
    backoff: Backoff
    policy: Policy = DEFAULT_POLICY

    def now(self) -> datetime:
        """The time now.

        A use case reads it once and passes it down.
        """
        return self.clock.now()
