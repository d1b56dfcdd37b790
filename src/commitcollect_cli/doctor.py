"""``commitcollect doctor``: is everything in order?"""

from __future__ import annotations

import os
import platform
import sqlite3
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import click

from commitcollect_adapters.addresses import shown_address
from commitcollect_cli.output import print_json, say, show
from commitcollect_cli.store import settings_here, store_flags
from commitcollect_core.errors import EXIT_FAILURE, CommitCollectError, CorruptItem, InvalidInput

if TYPE_CHECKING:
    from commitcollect_adapters.backend import Backend
    from commitcollect_adapters.settings import Settings
    from commitcollect_core.app import CommitCollect
    from commitcollect_core.training.ledger import StoredItem
    from commitcollect_core.training.milestones import Milestone
    from commitcollect_core.values import UserId

PYTHON_MIN = (3, 11)
SQLITE_MIN = (3, 24)
"""The first with ON CONFLICT DO UPDATE, which the ledger needs to write its head in one statement."""

_ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)
_FOR_EVENTS = ("strava_verify_token", "strava_subscription_id")


class Finding(NamedTuple):
    """What one check found."""

    check: str
    is_ok: bool
    detail: str

    def document(self) -> dict[str, str | bool]:
        """The finding as JSON has it."""
        return {"check": self.check, "isOk": self.is_ok, "detail": self.detail}


@click.command(short_help="Check installation, store and milestones.")
@click.option(
    "--repair",
    is_flag=True,
    help="Remove milestones and workouts that cannot be read, and add the milestones up again.",
)
@store_flags
def doctor(*, store: str | None, user: str | None, repair: bool, as_json: bool) -> int:
    """Check the installation, the store, the milestones, and what is set for Strava and for signing in.

    Changes nothing without --repair. Asks Strava for its subscription, if an app is set, and the identity
    provider for its addresses, keys and client.
    """
    findings = []
    if repair:
        _repair(store, user)
    for finding in _findings(store, user):
        findings.append(finding)
        if not as_json:
            mark = click.style("ok    ", fg="green") if finding.is_ok else click.style("FAILED", fg="red")
            show(f"{mark}  {finding.check:<10}  {finding.detail}")
    is_healthy = all(each.is_ok for each in findings)
    if as_json:
        print_json({"isHealthy": is_healthy, "checks": [each.document() for each in findings]})
    return 0 if is_healthy else EXIT_FAILURE


def _repair(store: str | None, user: str | None) -> None:
    from commitcollect_adapters.backend import open_app

    settings, _ = settings_here(store, user)
    with open_app(settings, must_exist=True) as app:
        removed = app.tracking.discard_unreadable(settings.user)
        for each in removed:
            say(f"Removed {_named(each)}, which could not be read.")


def _named(item: StoredItem) -> str:
    from commitcollect_core.values import WorkoutKey

    if isinstance(item, WorkoutKey):
        return f"workout {item.activity_id} ({item.source.value.lower()})"
    return f"milestone {item}"


def _findings(store: str | None, user: str | None) -> Iterator[Finding]:
    from commitcollect_adapters.backend import open_backend

    yield Finding("python", sys.version_info >= PYTHON_MIN, platform.python_version())
    yield Finding("sqlite", sqlite3.sqlite_version_info >= SQLITE_MIN, sqlite3.sqlite_version)
    yield _checked("catalogue", _check_catalogue)
    yield from _variables()
    try:
        settings, origins = settings_here(store, user)
    except CommitCollectError as refused:
        yield Finding("settings", False, refused.message)
        return
    address = shown_address(settings.store)
    known = f"store {address} ({origins['store']}), user {settings.user} ({origins['user']})"
    yield Finding("settings", True, known)
    if settings.time_zone:
        yield _checked("time zone", partial(_check_time_zone, settings, origins["time_zone"]))
    if settings.strava_client_id:
        yield _checked("strava", partial(_check_strava, settings))
        yield _checked("events", partial(_check_subscription, settings))
    if settings.identity:
        yield from _identity_findings(settings)
    try:
        with open_backend(settings.store, settings.policy, must_exist=True) as backend:
            yield from _backend_findings(settings, backend)
    except CommitCollectError as refused:
        yield Finding("store", False, refused.message)


def _variables() -> Iterator[Finding]:
    """Variables that are no settings: a misspelt one has no effect, and nothing else says so."""
    from commitcollect_adapters.settings import unknown_variables

    for name, meant in unknown_variables(os.environ).items():
        hint = f"did you mean {meant}?" if meant else "'commitcollect config show' lists the settings"
        yield Finding("variables", False, f"{name} is no setting; {hint}")


def _backend_findings(settings: Settings, backend: Backend) -> Iterator[Finding]:
    from commitcollect_adapters.backend import ports_on
    from commitcollect_core.app import assemble

    app = assemble(ports_on(backend), settings.policy)
    head = app.ports.ledger.read_head(settings.user)
    yield Finding("store", True, f"opens; {head.workout_count:,} workouts of {settings.user}")
    for name, check in backend.checks.items():
        yield _checked(name, check)
    if settings.strava_client_id:
        yield _checked("keys", partial(_check_keys, settings, backend))
    if settings.strava_client_id or settings.identity or settings.queue:
        yield _checked("queue", partial(_check_queue, settings, backend))
    unreadable = app.ports.ledger.unreadable(settings.user)
    for item in unreadable:
        how = "'commitcollect doctor --repair' removes it, so that the rest works"
        yield Finding("ledger", False, f"{_named(item)} cannot be read; {how}")
    if not unreadable:
        for milestone in app.tracking.milestones(settings.user):
            yield _milestone_finding(app, settings.user, milestone)


def _checked(name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, check())
    except CommitCollectError as failed:
        return Finding(name, False, failed.message)


def _check_catalogue() -> str:
    from commitcollect_adapters.statues import shipped_catalog

    return ", ".join(f"{each.model_id} ({each.parts_total} parts)" for each in shipped_catalog().models())


def _check_time_zone(settings: Settings, origin: str) -> str:
    from commitcollect_adapters.time_zones import local_time

    try:
        local_time(settings.time_zone, _ANY_TIME, _ANY_TIME)
    except InvalidInput as unknown:
        raise InvalidInput(f"{unknown.message}; change time_zone ({origin})", field="time_zone") from unknown
    return settings.time_zone


def _check_strava(settings: Settings) -> str:
    from commitcollect_adapters.services import open_strava_api

    with open_strava_api(settings):
        missing = [name for name in _FOR_EVENTS if not getattr(settings, name)]
    if missing:
        return f"app {settings.strava_client_id}; no events are taken without {' and '.join(missing)}"
    return f"app {settings.strava_client_id}, subscription {settings.strava_subscription_id}"


def _check_subscription(settings: Settings) -> str:
    """Compare the subscription of the settings with Strava's: events of any other are refused."""
    from commitcollect_adapters.services import open_strava_api

    with open_strava_api(settings) as api:
        ids = [str(each.subscription_id) for each in api.subscriptions()]
    known = settings.strava_subscription_id
    if not ids and not known:
        return "the app has no subscription, so Strava sends no events"
    if not ids:
        raise CommitCollectError(
            f"Strava has no subscription of this app, but strava_subscription_id is {known}; make one with "
            "'commitcollect strava subscribe'"
        )
    if known not in ids:
        raise CommitCollectError(
            f"Strava sends events of subscription {ids[0]}, but strava_subscription_id is "
            f"{known or 'not set'}; set it to {ids[0]}, or every event is refused"
        )
    return f"subscription {known}, as at Strava"


def _identity_findings(settings: Settings) -> Iterator[Finding]:
    """Whether people can sign in: the provider's addresses and keys, and at Cognito the client's."""
    from commitcollect_adapters.services import open_identities

    try:
        with open_identities(settings) as identities:
            for name, check in identities.checks.items():
                yield _checked(name, check)
    except CommitCollectError as refused:
        yield Finding("identity", False, refused.message)


def _check_keys(settings: Settings, backend: Backend) -> str:
    from commitcollect_adapters.services import cipher_of

    path = backend.key_file
    is_beside = not settings.seal_keys and not settings.seal_key_file
    if is_beside and path is not None and not path.exists() and not backend.holds_sealed():
        return f"{path} is made when it is first needed"
    cipher_of(settings, backend)
    return "tokens can be sealed"


def _check_queue(settings: Settings, backend: Backend) -> str:
    from commitcollect_adapters.backend import queue_of
    from commitcollect_adapters.system import SystemClock

    queue = queue_of(settings, backend)
    counts = queue.counts(now=SystemClock().now())
    if counts.parked:
        raise CommitCollectError(f"{counts.parked:,} set aside; look at them with 'commitcollect queue list'")
    # Of a queue of its own, listing takes jobs out of sight of the workers for a moment.
    listed = () if settings.queue else queue.waiting(None, limit=settings.policy.jobs.jobs_parked_listed_max)
    failing = sum(each.attempts > 0 for each in listed)
    told = f"{failing:,} failing ('commitcollect queue list --all' says why), " if failing else ""
    return f"{counts.waiting:,} waiting, {told}none set aside"


def _milestone_finding(app: CommitCollect, user_id: UserId, milestone: Milestone) -> Finding:
    """Whether a milestone and its parts are in order; what is wrong with it keeps no other from its check."""
    name = milestone.milestone_id
    try:
        app.ports.ledger.read_awards(user_id, name)
    except CorruptItem:
        way_out = f"'commitcollect milestone delete {name} --yes' removes it; made anew, it earns them again"
        return Finding("milestone", False, f"{name}: its parts cannot be read; {way_out}")
    try:
        return _recounted(app, user_id, milestone)
    except CommitCollectError as failed:
        return Finding("milestone", False, f"{name}: {failed.message}")


def _recounted(app: CommitCollect, user_id: UserId, milestone: Milestone) -> Finding:
    """Whether a milestone is what its stored workouts add up to."""
    from commitcollect_adapters.wording.amounts import shown_as_given
    from commitcollect_adapters.wording.goals import show_goal
    from commitcollect_core.training.decisions import decide_recount
    from commitcollect_core.training.statues import models_of

    view = app.ports.ledger.read(user_id, ())
    milestone = app.tracking.view(user_id, milestone.milestone_id).milestone
    recount = app.tracking.tally(user_id, milestone.goal, is_bounded=False)
    models = models_of(app.ports.catalog, (*view.milestones, milestone))
    now = app.ports.clock.now()
    repairs = decide_recount(view, milestone, recount, models=models, now=now, policy=app.policy)
    with shown_as_given(milestone.unit, milestone.goal.aims):
        name, goal = f"{milestone.milestone_id}", show_goal(milestone.goal)
    if milestone.milestone_id not in view.head.tracked_milestone_ids and repairs:
        how = f"'commitcollect milestone recompute {name}' brings it up to date"
        return Finding(
            "milestone", True, f"{name}: its workouts have changed since it was counted; {how} ({goal})"
        )
    if not repairs:
        return Finding("milestone", True, f"{name}: {recount.counted:,} workouts agree with it ({goal})")
    if app.ports.ledger.read_head(user_id).version != view.head.version:
        return Finding("milestone", True, f"{name}: not compared, workouts are just coming in")
    stored = milestone.progress.current_value
    return Finding(
        "milestone",
        False,
        f"{name}: holds {stored:,}, its workouts add up to {recount.current_value:,}; repair it with "
        f"'commitcollect milestone recompute {name}' ({goal})",
    )
