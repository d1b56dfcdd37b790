"""Every limit and lifetime, each with its unit in its name."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum

from attrs import fields, frozen

from commitcollect_core.errors import InvalidInput

_COUNTS = ("_items_max", "_attempts_max", "_tracked_max", "_parts_max", "_sports_max")
"""Limits under which nothing at all would work if they were not positive end in one of these."""


class OnDisconnect(StrEnum):
    """What becomes of what came from Strava once an athlete disconnects."""

    KEEP = "KEEP"
    ERASE = "ERASE"


@frozen(kw_only=True)
class Policy:
    """The limits the core works within. Hosts may pass their own.

    Attributes:
        commit_items_max: items one atomic write may hold, the head included (DynamoDB takes 100).
        commit_attempts_max: how often a use case decides again after losing a race.
        milestones_tracked_max: milestones per athlete that new workouts can still move.
        milestone_settle_seconds: how long after its period's end, and after it last moved, a milestone keeps
            its place when that is needed.
        workouts_inspected_max: workouts of a period that may be counted inside one request.
        page_items_max: items a store returns at once.
        total_target_max: the largest target of a milestone, in the unit of its target type.
        statue_parts_max: parts of one statue model; a milestone and all its awards fit one commit.
        milestone_sports_max: sports one milestone may name.
        activity_name_chars_max: longer names are cut.
        sport_type_chars_max: longer sport types are refused.
        distance_meters_max, elevation_meters_max, duration_seconds_max: the most one workout may claim.
        utc_offset_seconds_max: how far from UTC, either way, a place may be.
        workout_started_at_min, workout_started_at_max: starts outside are refused. The first is the epoch
            of GPS time, before which no receiver wrote a track.
        clock_ahead_seconds_max: how far in the future a workout may start, for clocks that disagree.
        store_deadline_seconds: how long a call to a remote store is repeated while it fails in passing.
        rejections_kept_max: rejected rows an import lists; beyond that it only counts them.
        session_seconds, session_idle_seconds: a session's life at most, and unused.
        session_touch_seconds: a session's use is written down no more often.
        sessions_listed_max: sessions of one user that are listed or ended at once.
        handshake_seconds: from leaving for a sign-in or link to coming back.
        idempotency_lease_seconds: how long a request may be worked on before another attempt may begin.
        idempotency_kept_seconds, event_kept_seconds: how long the answer to a request, and the mark of an
            event, are kept.
        audit_kept_seconds: how long audit entries are kept.
        token_margin_seconds: an access token that ends sooner is renewed before it is used.
        refresh_lease_seconds: how long whoever renews tokens may take.
        refresh_recheck_seconds: how soon others look again while somebody is renewing tokens.
        fetch_attempts_max: how often an activity is fetched again because somebody else changed it meanwhile.
        strava_id_digits_max: digits of Strava's ids; they had 11 in 2026.
        event_updates_max, event_update_chars_max: names an event's `updates` may hold, and the characters of
            one with its value.
        webhook_delay_seconds: from an event to looking at its activity, so that Strava has finished it and
            several events become one look.
        look_again_seconds: from a look during a backfill to the next, until the backfill has ended.
        job_events_max: events that one job remembers.
        job_lease_seconds: how long a worker may take over a job; under three minutes, as Strava delivers an
            event three times within a few.
        job_attempts_max, job_retry_seconds_first, job_retry_seconds_max: tries of a failing job before it is
            parked, and the shortest and longest wait between two.
        jobs_parked_listed_max: parked jobs listed at once.
        app_calls_per_window, app_calls_per_day: reads Strava allows a new app; what it says goes before.
        athlete_calls_per_window, athlete_calls_per_day: calls made because of one athlete's events.
        live_reserve_percent: share of the app's calls that backfills leave to live events.
        app_inactive_pause_seconds: how long no calls are made once Strava says that the app is inactive.
        list_page_items: activities asked for at once; Strava gives at most 200.
        backfill_pages_max: pages one backfill may list.
        reconcile_days: how far back the rolling window of a reconciliation reaches.
        reconcile_pages_max: pages one reconciliation may list.
        clock_skew_seconds_max: how far two clocks of ours may be apart.
        workouts_on_disconnect: whether workouts from Strava stay. Parts and progress do not depend on it.
        awards_on_disconnect: whether milestones stay, with their progress and parts.
        fresh_seconds: a connection whose newest workout is younger counts as fresh.
    """

    commit_items_max: int = 100
    commit_attempts_max: int = 64
    milestones_tracked_max: int = 20
    milestone_settle_seconds: int = 30 * 86_400
    workouts_inspected_max: int = 3_000
    page_items_max: int = 500
    total_target_max: int = 10**12
    statue_parts_max: int = 50
    milestone_sports_max: int = 20
    activity_name_chars_max: int = 200
    sport_type_chars_max: int = 64
    distance_meters_max: int = 10_000_000
    elevation_meters_max: int = 200_000
    duration_seconds_max: int = 60 * 86_400
    utc_offset_seconds_max: int = 18 * 3_600
    workout_started_at_min: datetime = datetime(1980, 1, 6, tzinfo=UTC)
    workout_started_at_max: datetime = datetime(2099, 12, 31, tzinfo=UTC)
    clock_ahead_seconds_max: int = 86_400
    store_deadline_seconds: int = 20
    rejections_kept_max: int = 1_000
    session_seconds: int = 30 * 86_400
    session_idle_seconds: int = 7 * 86_400
    session_touch_seconds: int = 300
    sessions_listed_max: int = 100
    handshake_seconds: int = 600
    idempotency_lease_seconds: int = 60
    idempotency_kept_seconds: int = 86_400
    event_kept_seconds: int = 10 * 86_400
    audit_kept_seconds: int = 90 * 86_400
    token_margin_seconds: int = 600
    refresh_lease_seconds: int = 60
    refresh_recheck_seconds: int = 2
    fetch_attempts_max: int = 5
    strava_id_digits_max: int = 20
    event_updates_max: int = 20
    event_update_chars_max: int = 1_000
    webhook_delay_seconds: int = 3
    look_again_seconds: int = 900
    job_events_max: int = 20
    job_lease_seconds: int = 150
    job_attempts_max: int = 16
    job_retry_seconds_first: int = 10
    job_retry_seconds_max: int = 3_600
    jobs_parked_listed_max: int = 1_000
    app_calls_per_window: int = 100
    app_calls_per_day: int = 1_000
    athlete_calls_per_window: int = 30
    athlete_calls_per_day: int = 300
    live_reserve_percent: int = 30
    app_inactive_pause_seconds: int = 900
    list_page_items: int = 200
    backfill_pages_max: int = 1_000
    reconcile_days: int = 30
    reconcile_pages_max: int = 50
    clock_skew_seconds_max: int = 600
    workouts_on_disconnect: OnDisconnect = OnDisconnect.KEEP
    awards_on_disconnect: OnDisconnect = OnDisconnect.KEEP
    fresh_seconds: int = 7 * 86_400

    def __attrs_post_init__(self) -> None:
        for name in (each.name for each in fields(Policy) if each.name.endswith(_COUNTS)):
            if (value := getattr(self, name)) < 1:
                raise InvalidInput(f"{name} {value} must be at least 1", field=name)
        needed = 2 + max(self.milestones_tracked_max, self.statue_parts_max)
        if self.commit_items_max < needed:
            raise InvalidInput(
                f"commit_items_max {self.commit_items_max} is too small: a head, a workout and every tracked "
                f"milestone, or a milestone and all its parts, need {needed}",
                field="commit_items_max",
            )


DEFAULT_POLICY = Policy()
