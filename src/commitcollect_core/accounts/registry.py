"""Every type of item there is: whose it is, what erases it, what is exported of it, how long it stays.

Deletions, verifications, exports and ``docs/privacy.md`` follow from this table alone. A store that keeps an
item of another type fails its contract.
"""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen

from commitcollect_core.accounts.deletion import DeletionStep


class ItemType(StrEnum):
    """A type of stored item, by the name of its table in a SQLite file."""

    WORKOUT = "workout"
    MILESTONE = "milestone"
    AWARD = "award"
    LEDGER_HEAD = "ledgerHead"
    PROFILE = "profile"
    CONNECTION = "stravaConnection"
    ATHLETE_OWNER = "athleteOwner"
    BACKFILL = "backfill"
    STAGED_PAGE = "stagedPage"
    RATE_BUDGET = "rateBudget"
    JOB = "job"
    PARKED_JOB = "parkedJob"
    SESSION = "session"
    HANDSHAKE = "handshake"
    AUDIT = "audit"
    AUDIT_HEAD = "auditHead"
    DELETION = "deletion"
    DELETION_KEY = "deletionKey"
    IDEMPOTENCY = "idempotency"
    STATUE_MODEL = "statueModel"
    STATUE_PART = "statuePart"
    STATUE_GEOMETRY = "statueGeometry"


class Owner(StrEnum):
    """Whose items of a type are."""

    USER = "user"
    ATHLETE = "Strava athlete"
    NONE = "no person"


@frozen(kw_only=True)
class ItemRule:
    """What becomes of the items of one type.

    Attributes:
        holds: what stands in them, for people.
        owner: whose they are; those of a Strava athlete are found by the athlete's id.
        erased_in: the step of a deletion that erases them; None for what no person owns.
        is_exported: whether an export has them.
        never_exported: columns that no export has, such as tokens and hashes.
        kept: how long they stay without a deletion, for people.
    """

    holds: str
    owner: Owner = Owner.USER
    erased_in: DeletionStep | None = None
    is_exported: bool = False
    never_exported: tuple[str, ...] = ()
    kept: str


_UNTIL_DELETION = "until the account is deleted"
_LEDGER = DeletionStep.ERASE_LEDGER
_LINKS = DeletionStep.ERASE_LINKS

RULES: dict[ItemType, ItemRule] = {
    ItemType.WORKOUT: ItemRule(
        holds="a workout: sport, start, distance, climb, times, name",
        erased_in=_LEDGER,
        is_exported=True,
        kept="until the account is deleted; those from Strava by the policy of retention",
    ),
    ItemType.MILESTONE: ItemRule(
        holds="a goal and how far it has come", erased_in=_LEDGER, is_exported=True, kept=_UNTIL_DELETION
    ),
    ItemType.AWARD: ItemRule(
        holds="an awarded part, and the workout that earned it",
        erased_in=_LEDGER,
        is_exported=True,
        kept=_UNTIL_DELETION,
    ),
    ItemType.CONNECTION: ItemRule(
        holds="the connection to Strava, with sealed tokens",
        erased_in=_LINKS,
        is_exported=True,
        never_exported=("accessToken", "refreshToken", "refreshLeaseToken", "generation"),
        kept="until the athlete disconnects",
    ),
    ItemType.BACKFILL: ItemRule(
        holds="how far the history was taken over from Strava",
        erased_in=_LINKS,
        is_exported=True,
        never_exported=("generation", "connectionGeneration"),
        kept="until the athlete disconnects",
    ),
    ItemType.STAGED_PAGE: ItemRule(
        holds="activities listed by Strava and not taken in yet",
        erased_in=_LINKS,
        is_exported=True,
        never_exported=("generation",),
        kept="until they are taken in",
    ),
    ItemType.ATHLETE_OWNER: ItemRule(
        holds="which account a Strava athlete is connected to",
        owner=Owner.ATHLETE,
        erased_in=_LINKS,
        is_exported=True,
        never_exported=("generation",),
        kept="until the athlete disconnects",
    ),
    ItemType.RATE_BUDGET: ItemRule(
        holds="how many calls were made because of one athlete's events, under a hash of the athlete's id",
        owner=Owner.ATHLETE,
        erased_in=_LINKS,
        kept=_UNTIL_DELETION,
    ),
    ItemType.JOB: ItemRule(
        holds="work that waits, by the athlete's id",
        owner=Owner.ATHLETE,
        erased_in=_LINKS,
        kept="until it is done",
    ),
    ItemType.PARKED_JOB: ItemRule(
        holds="work that failed too often, by the athlete's id",
        owner=Owner.ATHLETE,
        erased_in=_LINKS,
        kept="until an operator retries or drops it",
    ),
    ItemType.PROFILE: ItemRule(
        holds="e-mail, name, plan and role",
        erased_in=DeletionStep.ERASE_IDENTITY,
        is_exported=True,
        kept=_UNTIL_DELETION,
    ),
    ItemType.AUDIT: ItemRule(
        holds="who did what and when, with a keyed hash of the IP address",
        erased_in=DeletionStep.ERASE_AUDIT,
        is_exported=True,
        never_exported=("ipHash", "previousDigest", "digest"),
        kept="audit_kept_seconds, 90 days unless set",
    ),
    ItemType.AUDIT_HEAD: ItemRule(
        holds="the end of a person's audit chain",
        erased_in=DeletionStep.ERASE_AUDIT,
        kept=_UNTIL_DELETION,
    ),
    ItemType.HANDSHAKE: ItemRule(
        holds="a sign-in or link under way",
        erased_in=DeletionStep.END_SESSIONS,
        kept="handshake_seconds, 10 minutes unless set",
    ),
    ItemType.SESSION: ItemRule(
        holds="a signed-in browser, under a hash of its secret",
        erased_in=DeletionStep.END_SESSIONS,
        is_exported=True,
        never_exported=("sessionId",),
        kept="session_seconds, 30 days unless set",
    ),
    ItemType.LEDGER_HEAD: ItemRule(
        holds="version, state and counts of a person's ledger",
        # The last of all: as long as it stands, it refuses whatever is written in the person's name.
        erased_in=DeletionStep.END_SESSIONS,
        is_exported=True,
        never_exported=("connectionGeneration",),
        kept=_UNTIL_DELETION,
    ),
    ItemType.DELETION: ItemRule(
        holds="a deletion and its receipt, under a keyed hash of the user id",
        owner=Owner.NONE,
        kept="for ever, as the tombstone that keeps the account deleted; the sealed user id in it "
        "deletion_restorable_seconds, 35 days unless set",
    ),
    ItemType.DELETION_KEY: ItemRule(
        holds="the key of those hashes", owner=Owner.NONE, kept="as long as there are tombstones"
    ),
    ItemType.IDEMPOTENCY: ItemRule(
        holds="which requests and events were dealt with, under hashes",
        owner=Owner.NONE,
        kept="idempotency_kept_seconds and event_kept_seconds, 1 and 10 days unless set",
    ),
    ItemType.STATUE_MODEL: ItemRule(holds="a statue model", owner=Owner.NONE, kept="for ever"),
    ItemType.STATUE_PART: ItemRule(holds="a part of a statue model", owner=Owner.NONE, kept="for ever"),
    ItemType.STATUE_GEOMETRY: ItemRule(holds="the meshes of a statue", owner=Owner.NONE, kept="for ever"),
}
"""The rule of every type of item, in the order in which a deletion erases and an export writes them."""

PERSONAL = tuple(each for each, rule in RULES.items() if rule.owner is not Owner.NONE)
"""The types of items that a person owns."""

IN_QUEUE = frozenset({ItemType.JOB, ItemType.PARKED_JOB})
"""Those of them that a queue keeps, which need not be the store's."""

STORED = tuple(each for each in PERSONAL if each not in IN_QUEUE)
"""Those of them that the store keeps."""


def erased_in(step: DeletionStep) -> tuple[ItemType, ...]:
    """The types of stored items that a step erases, in order."""
    return tuple(each for each in STORED if RULES[each].erased_in is step)
