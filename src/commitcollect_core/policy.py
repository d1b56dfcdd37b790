"""Every limit and lifetime, in one section per package.

Each name ends in its unit.

Names are unique over all sections, so an operator sets a value by its name alone (`customised`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from attrs import evolve, fields, frozen

from commitcollect_core.errors import InvalidInput

_SECONDS_MAX = 100 * 366 * 86_400
"""A century: longer spans leave the calendar when they are added to a date."""

_COUNT_MAX = 10**15

_BOUNDS = {
    "commit_items_max": (1, 100),  # DynamoDB takes no more in one transaction
    "job_wait_seconds_max": (86_400, _SECONDS_MAX),  # the day's calls may be used up
    "job_lease_seconds": (1, 179),  # Strava gives up on an event after three deliveries within minutes
    "list_page_items": (1, 200),  # Strava's own limit
    "live_reserve_percent": (0, 99),
    "reconcile_days": (1, 36_600),
    "strava_workout_retention_days": (0, 36_600),
    "statue_geometry_bytes_max": (1, 64_000_000),  # no store reads more
    "statue_parts_max": (1, 99),  # keys of awards hold two digits; see also `TrainingPolicy`
}
"""The least and the most of a value, where the general bounds are too wide."""


_PARTS_OF_FIRST_COMMIT = 97
"""Beside the head, the milestone, and the look at the deletions of accounts: DynamoDB takes 100."""

_WAITS = (
    "job_lease_seconds",
    "job_retry_seconds_first",
    "job_retry_seconds_max",
    "webhook_delay_seconds",
    "absence_retry_seconds_first",
    "absence_retry_seconds_second",
    "absence_retry_seconds_last",
    "look_again_seconds",
    "app_inactive_pause_seconds",
    "deletion_retry_seconds",
)
"""How long a job may be made to wait."""


class OnDisconnect(StrEnum):
    """Whether data from Strava stays when an athlete disconnects."""

    KEEP = "KEEP"
    ERASE = "ERASE"


def _kind(known: object) -> str:
    if isinstance(known, OnDisconnect):
        return f"one of {', '.join(OnDisconnect)}"
    return "a date, such as 1980-01-06T00:00:00Z" if isinstance(known, datetime) else "a whole number"


def _bounds(name: str) -> tuple[int, int]:
    if name in _BOUNDS:
        return _BOUNDS[name]
    return (0, _SECONDS_MAX) if "_seconds" in name else (1, _COUNT_MAX)


def _check(section: Any) -> None:
    """Refuse values of another type, and values outside their bounds."""
    for each in fields(type(section)):
        value = getattr(section, each.name)
        # A truth value is an int to Python, and no limit to a person.
        if type(value) is not type(each.default):
            # Without a text: a secret may have been pasted in the wrong place.
            shown = "" if isinstance(value, str) else f" {value!r}"
            raise InvalidInput(f"{each.name}{shown} is not {_kind(each.default)}", field=each.name)
        if isinstance(value, datetime) and value.tzinfo is None:
            raise InvalidInput(f"{each.name} {value} has no time zone; add one, such as Z", field=each.name)
        if type(value) is int:
            least, most = _bounds(each.name)
            if not least <= value <= most:
                raise InvalidInput(
                    f"{each.name} {value} must be at least {least:,} and at most {most:,}", field=each.name
                )


def _changes(section: Any) -> list[str]:
    """The values of a section that differ from the defaults."""
    values = ((each, getattr(section, each.name)) for each in fields(type(section)))
    return [f"{each.name}={value!r}" for each, value in values if value != each.default]


def _shown(section: Any) -> str:
    """A section as its changes alone: the help of what takes one stays short."""
    return f"{type(section).__name__}({', '.join(_changes(section))})"


@frozen(kw_only=True, repr=False)
class TrainingPolicy:
    """Limits of counting training, and of the ledger.

    Attributes:
        commit_items_max: items one atomic write may hold, the head included (DynamoDB takes 100).
        commit_attempts_max: how often a use case retries a commit that lost a race.
        milestones_tracked_max: milestones per athlete that new workouts can still move.
        milestones_untracked_max: unfinished milestones of past periods per athlete that gave up their place.
        milestone_settle_seconds: how long after its period's end, and after it last moved, a milestone keeps
            its place when that is needed.
        workouts_inspected_max: workouts of a period that may be counted inside one request.
        page_items_max: items a store returns at once.
        total_target_max: the largest target of a milestone, in the unit of its target type.
        statue_parts_max: parts of one statue model; a milestone and all its awards fit one commit.
        statue_geometry_bytes_max: packed meshes that one statue model is published with. The shipped statues
            have less than a million.
        milestone_sports_max: sports one milestone may name.
        milestone_buckets_max: days, weeks or months that a goal by such buckets may span.
        goal_aims_max: targets of one combination.
        recurring_goals_max: goals of one athlete that recur.
        recurring_periods_kept_max: latest periods of a recurring goal that are remembered; a workout before
            them opens no milestone.
        activity_name_chars_max: longer names are cut.
        sport_type_chars_max: longer sport types are refused.
        distance_meters_max, elevation_meters_max, duration_seconds_max: the most one workout may claim.
        utc_offset_seconds_max: how far from UTC, either way, a place may be.
        workout_started_at_min, workout_started_at_max: starts outside are refused. The first is the epoch
            of GPS time, before which no receiver wrote a track.
        clock_ahead_seconds_max: how far in the future a workout may start, for clocks that disagree.
        store_deadline_seconds: how long a call to a remote store is retried after transient errors, and how
            long a writer waits for a busy file.
        rejections_kept_max: rejected rows an import lists; beyond that it only counts them.
        fetch_attempts_max: how often an activity is fetched while other processes keep changing its workout.
        clock_skew_seconds_max: how far two clocks of ours may be apart.
    """

    commit_items_max: int = 100
    commit_attempts_max: int = 64
    fetch_attempts_max: int = 5
    milestones_tracked_max: int = 20
    milestones_untracked_max: int = 100
    milestone_settle_seconds: int = 30 * 86_400
    workouts_inspected_max: int = 3_000
    page_items_max: int = 500
    total_target_max: int = 10**12
    statue_parts_max: int = 50
    statue_geometry_bytes_max: int = 16_000_000
    milestone_sports_max: int = 20
    milestone_buckets_max: int = 400
    goal_aims_max: int = 4
    recurring_goals_max: int = 4
    recurring_periods_kept_max: int = 24
    activity_name_chars_max: int = 200
    sport_type_chars_max: int = 64
    distance_meters_max: int = 10_000_000
    elevation_meters_max: int = 200_000
    duration_seconds_max: int = 60 * 86_400
    utc_offset_seconds_max: int = 18 * 3_600
    workout_started_at_min: datetime = datetime(1980, 1, 6, tzinfo=UTC)
    workout_started_at_max: datetime = datetime(2099, 12, 31, tzinfo=UTC)
    clock_ahead_seconds_max: int = 86_400
    clock_skew_seconds_max: int = 600
    rejections_kept_max: int = 1_000
    store_deadline_seconds: int = 20

    __repr__ = _shown

    def __attrs_post_init__(self) -> None:
        _check(self)
        needed = 2 + max(self.milestones_tracked_max, self.statue_parts_max)
        if self.commit_items_max < needed:
            raise InvalidInput(
                f"commit_items_max {self.commit_items_max} is too small: a head, a workout and every tracked "
                f"milestone, or a milestone and all its parts, need {needed}",
                field="commit_items_max",
            )
        if self.statue_parts_max > _PARTS_OF_FIRST_COMMIT:
            raise InvalidInput(
                f"statue_parts_max {self.statue_parts_max} must be at most {_PARTS_OF_FIRST_COMMIT}: the "
                "first commit of a ledger may open a milestone that is complete already",
                field="statue_parts_max",
            )


@frozen(kw_only=True, repr=False)
class JobsPolicy:
    """Limits of the queue, its jobs and idempotency records.

    Attributes:
        idempotency_lease_seconds: the lease of a request; after it another attempt may begin.
        idempotency_kept_seconds, event_kept_seconds: how long the answer to a request, and the mark of an
            event, are kept.
        job_events_max: events that one job remembers.
        job_lease_seconds: the lease of a job; under three minutes, as Strava delivers an event three times
            within a few.
        job_attempts_max, job_retry_seconds_first, job_retry_seconds_max: attempts of a failing job before it
            is parked as a dead letter, and the shortest and longest wait between two.
        job_wait_seconds_max: how far ahead a job may be due; one that is due later comes from a wrong clock,
            and is due at once. Calls may be used up until the end of a day.
        job_spread_seconds_max: jobs that are put off are spread over so many seconds behind their time.
        group_jobs_max: jobs of one athlete; one reconciliation stands for all events beyond.
        due_jobs_compared_max: due jobs among which leasing is fair between athletes.
        jobs_parked_listed_max: parked jobs listed at once.
    """

    idempotency_lease_seconds: int = 60
    idempotency_kept_seconds: int = 86_400
    event_kept_seconds: int = 10 * 86_400
    job_events_max: int = 20
    job_lease_seconds: int = 150
    job_attempts_max: int = 16
    job_retry_seconds_first: int = 10
    job_retry_seconds_max: int = 3_600
    job_wait_seconds_max: int = 2 * 86_400
    job_spread_seconds_max: int = 60
    group_jobs_max: int = 20
    due_jobs_compared_max: int = 200
    jobs_parked_listed_max: int = 1_000

    __repr__ = _shown

    def __attrs_post_init__(self) -> None:
        _check(self)


@frozen(kw_only=True, repr=False)
class StravaPolicy:
    """Limits of the connection to Strava.

    Attributes:
        token_margin_seconds: an access token that expires sooner is refreshed before it is used.
        access_token_seconds_max: one that expires later is refreshed, too, as the clock was wrong that
            stored it. Strava's lasted 6 hours in 2026.
        refresh_lease_seconds: the lease of a process that refreshes tokens.
        refresh_recheck_seconds: how soon other processes read again while one holds that lease.
        link_attempts_max: attempts to store or end a connection that other processes keep changing. Each of
            them costs the athlete a code of Strava's, so there are more than `commit_attempts_max`.
        strava_id_digits_max: digits of Strava's ids; they had 11 in 2026.
        event_updates_max, event_update_chars_max: names an event's `updates` may hold, and the characters of
            one with its value.
        webhook_delay_seconds: from an event to fetching its activity, so that Strava has finished it and
            several events cost one fetch.
        absence_retry_seconds_first, absence_retry_seconds_second, absence_retry_seconds_last: waits before
            the retries for an activity that an event announced and Strava does not show.
        look_again_seconds: from one fetch of an activity to the next while a backfill is under way.
        app_calls_per_window, app_calls_per_day: reads Strava allows a new app; what it says takes precedence.
        athlete_calls_per_window, athlete_calls_per_day: calls made because of one athlete's events.
        live_reserve_percent: share of the app's calls that backfills leave to live events.
        app_inactive_pause_seconds: how long no calls are made once Strava says that the app is inactive.
        list_page_items: activities asked for at once; Strava gives at most 200.
        backfill_pages_max: pages one backfill may list.
        hidden_pages_max: pages in a row from which Strava may leave out everything, as private, before a list
            counts as ended.
        reconcile_days: how far back the rolling window of a reconciliation reaches.
        reconcile_pages_max: pages one reconciliation may list.
        workouts_on_disconnect: whether workouts from Strava stay. Parts and progress do not depend on it.
        awards_on_disconnect: whether milestones stay, with their progress and parts.
        strava_consent_version: of the words that athletes agree to when they connect; recorded with each
            connection. Raise it with every change of them.
        strava_workout_retention_days: how long workouts that Strava showed are kept; 0 for no limit. Then
            only its id and about when it started are left, and sums, progress and parts stay.
        fresh_seconds: a connection whose newest workout is younger counts as fresh.
    """

    token_margin_seconds: int = 600
    access_token_seconds_max: int = 86_400
    refresh_lease_seconds: int = 60
    refresh_recheck_seconds: int = 2
    link_attempts_max: int = 100
    strava_id_digits_max: int = 20
    event_updates_max: int = 20
    event_update_chars_max: int = 1_000
    webhook_delay_seconds: int = 3
    absence_retry_seconds_first: int = 15
    absence_retry_seconds_second: int = 120
    absence_retry_seconds_last: int = 1_800
    look_again_seconds: int = 900
    app_calls_per_window: int = 100
    app_calls_per_day: int = 1_000
    athlete_calls_per_window: int = 30
    athlete_calls_per_day: int = 300
    live_reserve_percent: int = 30
    app_inactive_pause_seconds: int = 900
    list_page_items: int = 200
    backfill_pages_max: int = 1_000
    hidden_pages_max: int = 3
    reconcile_days: int = 30
    reconcile_pages_max: int = 50
    workouts_on_disconnect: OnDisconnect = OnDisconnect.KEEP
    awards_on_disconnect: OnDisconnect = OnDisconnect.KEEP
    strava_consent_version: int = 1
    strava_workout_retention_days: int = 0
    fresh_seconds: int = 7 * 86_400

    __repr__ = _shown

    def __attrs_post_init__(self) -> None:
        _check(self)

    @property
    def absence_retry_seconds(self) -> tuple[int, int, int]:
        """The waits before the retries for an activity that Strava does not show, in order."""
        return (
            self.absence_retry_seconds_first,
            self.absence_retry_seconds_second,
            self.absence_retry_seconds_last,
        )


@frozen(kw_only=True, repr=False)
class AccountsPolicy:
    """Lifetimes of sessions, handshakes, audit entries and deletions.

    Attributes:
        session_seconds, session_idle_seconds: a session's life at most, and unused.
        session_touch_seconds: the least time between two writes of a session's last use.
        sessions_listed_max: sessions of one user that are listed or ended at once.
        handshake_seconds: from leaving for a sign-in or link to coming back.
        id_token_skew_seconds: how far the clocks of an identity provider may be from ours.
        identity_retry_seconds: the least time between two fetches of its keys for those that are not known.
        identity_fresh_seconds: how long its addresses and keys are used before they are fetched again.
        audit_kept_seconds: how long audit entries are kept.
        audit_waiting_max: entries that wait in a process for the log; beyond that the oldest are dropped.
        audit_retry_seconds: how long a process does not ask a log that has failed.
        deletion_retry_seconds: how long a deletion waits for others that are down, such as Strava.
        deletion_outage_seconds: how long it does so at most; then it ends without them, and says so.
        deletion_restorable_seconds: how long a backup may be restored; so long a deletion keeps the sealed
            user id with which `account reapply-deletions` erases the account again.
    """

    session_seconds: int = 30 * 86_400
    session_idle_seconds: int = 7 * 86_400
    session_touch_seconds: int = 3_600
    sessions_listed_max: int = 100
    handshake_seconds: int = 600
    id_token_skew_seconds: int = 60
    identity_retry_seconds: int = 10
    identity_fresh_seconds: int = 86_400
    audit_kept_seconds: int = 90 * 86_400
    audit_waiting_max: int = 1_000
    audit_retry_seconds: int = 30
    deletion_retry_seconds: int = 900
    deletion_outage_seconds: int = 7 * 86_400
    deletion_restorable_seconds: int = 35 * 86_400

    __repr__ = _shown

    def __attrs_post_init__(self) -> None:
        _check(self)


@frozen(kw_only=True, repr=False)
class Policy:
    """The limits of every package, a section for each.

    Hosts may pass their own.
    """

    training: TrainingPolicy = TrainingPolicy()
    jobs: JobsPolicy = JobsPolicy()
    strava: StravaPolicy = StravaPolicy()
    accounts: AccountsPolicy = AccountsPolicy()

    def __attrs_post_init__(self) -> None:
        known: dict[str, Any] = {**values_of(self)}
        for name in _WAITS:
            if known[name] > self.jobs.job_wait_seconds_max:
                raise InvalidInput(
                    f"{name} {known[name]} is longer than job_wait_seconds_max "
                    f"{self.jobs.job_wait_seconds_max}, and a job may not wait so long",
                    field=name,
                )

    def __repr__(self) -> str:
        """The values that differ from the defaults, so that the help of a function stays short."""
        changed = [each for part in fields(Policy) for each in _changes(getattr(self, part.name))]
        return f"Policy({', '.join(changed)})"


def values_of(policy: Policy) -> dict[str, int | datetime | OnDisconnect]:
    """Every value by its name, in the order of the sections."""
    sections = (getattr(policy, each.name) for each in fields(Policy))
    return {each.name: getattr(section, each.name) for section in sections for each in fields(type(section))}


DEFAULT_POLICY = Policy()


def customised(policy: Policy, values: Mapping[str, object]) -> Policy:
    """Replace values of a policy by their names.

    Args:
        policy: gives every other value.
        values: name -> value; a text is read as the value's own type.

    Raises:
        InvalidInput: there is no such value, or it is not acceptable; `field` is its name.
    """
    known = values_of(policy)
    for name in values:
        if name not in known:
            raise InvalidInput(
                f"the policy has no value {name!r}; it has: {', '.join(sorted(known))}", field=name
            )
    read = {name: _read(name, value, known[name]) for name, value in values.items()}
    sections = {}
    for section in fields(Policy):
        names = {each.name for each in fields(type(getattr(policy, section.name)))}
        changes = {name: value for name, value in read.items() if name in names}
        sections[section.name] = evolve(getattr(policy, section.name), **changes)
    return Policy(**sections)


def _read(name: str, value: object, known: object) -> object:
    """Parse a text as the type of the value it replaces.

    `_check` judges everything else.
    """
    if not isinstance(value, str):
        return value
    try:
        if isinstance(known, OnDisconnect):
            return OnDisconnect(value.strip().upper())
        if isinstance(known, datetime):
            return datetime.fromisoformat(value.strip())
        return int(value)
    except ValueError as unreadable:
        # Without the value: a secret may have been pasted in the wrong place.
        raise InvalidInput(f"{name} is not {_kind(known)}", field=name) from unreadable
