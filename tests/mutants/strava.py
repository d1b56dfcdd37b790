"""Breaks of the laws around Strava: events, looks, tokens, connections, backfills, rates."""

from __future__ import annotations

from functools import partial

from mutants.mutant import Mutant

_WEBHOOKS = ("tests/strava/test_webhooks.py",)
_WORKING = ("tests/strava/test_worker.py",)
_TOKENS = ("tests/strava/test_tokens.py",)
_CONNECTIONS = ("tests/strava/test_connections.py",)
_LINKING = ("tests/strava/test_linking.py",)
_BACKFILL = ("tests/strava/test_backfill.py",)
_BACKFILLS = ("tests/strava/test_backfills.py",)
_LISTING = ("tests/strava/test_listing.py",)
_RECONCILE = ("tests/strava/test_reconcile.py",)
_RATES = ("tests/strava/test_rate_limits.py",)
_RATE_KEEPING = ("tests/strava/test_rate_keeping.py",)


def _generations(test: str) -> tuple[str, ...]:
    return (f"tests/strava/test_generations.py::{test}",)


_HEAD = partial(Mutant, file="commitcollect_core/training/ledger.py")
_EVENT = partial(Mutant, file="commitcollect_core/strava/webhooks.py")
_INTAKE = partial(Mutant, file="commitcollect_core/strava/webhook_intake.py")
_LOOK = partial(Mutant, file="commitcollect_core/strava/refreshing.py")
_ACCESS = partial(Mutant, file="commitcollect_core/strava/access.py")
_TOKEN = partial(Mutant, file="commitcollect_core/strava/token_keeping.py")
_CONNECTION = partial(Mutant, file="commitcollect_core/strava/connections.py")
_LINK = partial(Mutant, file="commitcollect_core/strava/linking.py")
_STEP = partial(Mutant, file="commitcollect_core/strava/backfilling.py")
_STATE = partial(Mutant, file="commitcollect_core/strava/backfills.py")
_LIST = partial(Mutant, file="commitcollect_core/strava/listing.py")
_REPAIR = partial(Mutant, file="commitcollect_core/strava/reconciling.py")
_RATE = partial(Mutant, file="commitcollect_core/strava/rates.py")
_KEEPING = partial(Mutant, file="commitcollect_core/strava/rate_keeping.py")

MUTANTS = (
    _EVENT(
        name="mark-without-owner",
        old="        event.owner_id,\n",
        new="",
        law="an event forged in another athlete's name has another mark",
        tests=_WEBHOOKS,
    ),
    _EVENT(
        name="mark-without-time",
        old="        int(event.event_time.timestamp()),\n",
        new="",
        law="events of different seconds have different marks",
        tests=_WEBHOOKS,
    ),
    _EVENT(
        name="event-of-the-future",
        old="<= seconds <= latest:",
        new="<= seconds:",
        law="a time that has not come is replaced",
        tests=_WEBHOOKS,
    ),
    _EVENT(
        name="unreadable-deauthorisation-ignored",
        old="if event.updates is None:\n        return True",
        new="if event.updates is None:\n        return False",
        law="what may be a deauthorisation is looked into",
        tests=_WEBHOOKS,
    ),
    _EVENT(
        name="deleted-athlete-ignored",
        old="return event.aspect is Aspect.DELETE",
        new="return False",
        law="what may be a deauthorisation is looked into",
        tests=_WEBHOOKS,
    ),
    _EVENT(
        name="float-beyond-its-precision",
        old=" and value <= _EXACT_FLOAT_MAX",
        new="",
        law="a float that names several numbers names none",
        tests=_WEBHOOKS,
    ),
    _EVENT(
        name="number-of-any-length",
        old=" or len(digits) > digits_max",
        new="",
        law="9: numbers are bounded",
        tests=_WEBHOOKS,
    ),
    _EVENT(
        name="updates-of-any-length",
        old="if text is not None and len(name + text) <= chars_max]",
        new="if text is not None]",
        law="9: updates are bounded",
        tests=_WEBHOOKS,
    ),
    _EVENT(
        name="deletion-asked-twice",
        old="is_deletion = event.aspect is Aspect.DELETE",
        new="is_deletion = False",
        law="a delete confirms a 404",
        tests=_WORKING,
    ),
    _INTAKE(
        name="event-without-subscription",
        old="event.subscription_id is None or event.subscription_id != self",
        new="event.subscription_id != self",
        law="an event without a subscription never passes for the app's",
        tests=_WORKING,
    ),
    _INTAKE(
        name="handshake-without-a-token",
        old="bool(expected) and compare_digest",
        new="compare_digest",
        law="without a verify token every handshake is refused",
        tests=_WORKING,
    ),
    _INTAKE(
        name="handshake-of-another-mode",
        old='or query.get("hub.mode") != "subscribe" ',
        new="",
        law="only a subscription is confirmed",
        tests=_WORKING,
    ),
    _INTAKE(
        name="look-at-once",
        old="visible_at=now + delay",
        new="visible_at=now",
        law="a burst of events is one look",
        tests=_WORKING,
    ),
    _LOOK(
        name="one-event-done-is-all-done",
        old="all(map(self._is_completed, job.events))",
        new="any(map(self._is_completed, job.events))",
        law="6: no event is lost",
        tests=_WORKING,
    ),
    _LOOK(
        name="look-without-events-is-skipped",
        old="if job.events and all(",
        new="if all(",
        law="a job without events is never dealt with",
        tests=(*_WORKING, *_BACKFILL),
    ),
    _LOOK(
        name="metres-of-another-athlete",
        old="return activity.snapshot if activity.athlete_id == look.athlete_id else None",
        new="return activity.snapshot",
        law="a forged event never earns metres",
        tests=_WORKING,
    ),
    _LOOK(
        name="looked-at-after-the-look",
        old="event.is_over_at(look.at)",
        new="event.is_over_at(self.context.now())",
        law="6: a mark is as old as the question to Strava",
        tests=_WORKING,
    ),
    _LOOK(
        name="claim-is-completion",
        old="record is not None and record.status is IdempotencyStatus.COMPLETED",
        new="record is not None",
        law="6: only a completed event is skipped",
        tests=_WORKING,
    ),
    _LOOK(
        name="deletion-among-others-unheard",
        old="if any(each.is_deletion",
        new="if all(each.is_deletion",
        law="one delete event confirms a 404",
        tests=_WORKING,
    ),
    _LOOK(
        name="absence-parks",
        old="leased.attempts >= policy.jobs.job_attempts_max - 1",
        new="leased.attempts >= policy.jobs.job_attempts_max",
        law="the last try believes an absence",
        tests=_WORKING,
    ),
    _LOOK(
        name="outage-counts-as-absence",
        old="return timedelta(seconds=waits[-1]) if age <",
        new="return None if age <",
        law="an absence is believed after all waits only",
        tests=_WORKING,
    ),
    _LOOK(
        name="absence-believed-at-once",
        old="and absence_wait is not None:",
        new="and False:",
        law="an activity may not be there yet",
        tests=_WORKING,
    ),
    _LINK(
        name="reconnected-and-disconnected",
        old="if before is None or before.generation != generation:",
        new="if before is None:",
        law="a verdict on old tokens ends no new connection",
        tests=_WORKING,
    ),
    _LOOK(
        name="page-over-a-look",
        old="if not committed.workouts_changed:",
        new="if False:",
        law="5: a page listed before a look overwrites nothing for good",
        tests=_BACKFILL,
    ),
    _ACCESS(
        name="every-connection-sees-all",
        old="sees_private=connection.sees_all_activities",
        new="sees_private=True",
        law="what a connection cannot see is not gone",
        tests=_RECONCILE,
    ),
    _ACCESS(
        name="gone-for-all",
        old="asked_by=connection.athlete_id",
        new="asked_by=None",
        law="another athlete's connection proves nothing",
        tests=_RECONCILE,
    ),
    _ACCESS(
        name="short-page-is-the-end",
        old="answer.missing > 0 and connection.sees_all_activities",
        new="answer.missing > 0",
        law="hidden activities end no walk",
        tests=_BACKFILL,
    ),
    _ACCESS(
        name="calls-not-counted",
        old="self.rates.reserve_for(connection.athlete_id, purpose)",
        new="pass",
        law="9: calls are entered before they are made",
        tests=(*_TOKENS, *_RECONCILE),
    ),
    _TOKEN(
        name="renewal-without-lease",
        old="if not self._committed(connection, held):",
        new="if False:",
        law="one process renews at a time",
        tests=_TOKENS,
    ),
    _TOKEN(
        name="old-tokens-over-new",
        old="or not _holds_tokens_of(current, held):\n                break",
        new="or False:\n                break",
        law="an old renewal never overwrites newer tokens",
        tests=_TOKENS,
    ),
    _TOKEN(
        name="revokes-what-another-account-uses",
        old="return self.connections.owner(held.athlete_id) is None",
        new="return True",
        law="what another account uses is never revoked",
        tests=(*_TOKENS, *_LINKING),
    ),
    _TOKEN(
        name="refusal-after-a-rival's-renewal",
        old="or not _holds_tokens_of(current, held):\n            return",
        new="or False:\n            return",
        law="a refusal of a replaced token ends no connection",
        tests=_TOKENS,
    ),
    _TOKEN(
        name="scope-widened-by-another-account",
        old="common_scope(current.scope, granted_scope)",
        new="tuple(granted_scope)",
        law="no account claims more than it was granted",
        tests=_LINKING,
    ),
    _ACCESS(
        name="missing-scope-unmarked",
        old="self.tokens.mark(connection, ConnectionStatus.NEEDS_SCOPE)",
        new="pass",
        law="a connection that cannot read says so",
        tests=_TOKENS,
    ),
    _ACCESS(
        name="second-refusal-unmarked",
        old="NEEDS_RECONNECT)\n            raise needs_reconnect() from",
        new="NEEDS_RECONNECT) if False else None\n            raise needs_reconnect() from",
        law="a connection that does not work says so",
        tests=_TOKENS,
    ),
    _TOKEN(
        name="waits-for-the-whole-lease",
        old="min(soon, until)",
        new="until",
        law="a process that waits for tokens looks again soon",
        tests=_TOKENS,
    ),
    _TOKEN(
        name="lease-kept-after-a-failure",
        old="self._committed(held, released(held, now=self.context.now()))",
        new="pass",
        law="a failed renewal gives its lease back",
        tests=_TOKENS,
    ),
    _ACCESS(
        name="rates-of-a-failure-unheard",
        old="self.rates.observe(reading_of(failed))",
        new="pass",
        law="a failed call counts as well",
        tests=_TOKENS,
    ),
    _CONNECTION(
        name="token-without-margin",
        old="soon = now + timedelta(seconds=policy.strava.token_margin_seconds)",
        new="soon = now",
        law="a token is good when Strava reads it",
        tests=_CONNECTIONS,
    ),
    _CONNECTION(
        name="lease-without-end",
        old="lease is not None and is_ahead(lease.until, now=now, span_seconds=span, policy=policy)",
        new="lease is not None",
        law="a lease that ran out is taken over",
        tests=_CONNECTIONS,
    ),
    _CONNECTION(
        name="active-without-scope",
        old="ConnectionStatus.ACTIVE if connection.can_read_activities else ConnectionStatus.NEEDS_SCOPE",
        new="ConnectionStatus.ACTIVE",
        law="new tokens bring no scope",
        tests=(*_CONNECTIONS, *_LINKING),
    ),
    _CONNECTION(
        name="scope-of-either",
        old="(first & _with_implied(second)) | (_with_implied(first) & second)",
        new="first | second",
        law="no account claims more than it was granted",
        tests=(*_CONNECTIONS, *_LINKING),
    ),
    _LINK(
        name="refused-account-revokes-the-owner",
        old="owner is not None and owner.user_id != user_id\n        if owner is not None and is_used",
        new="False\n        if owner is not None and is_used",
        law="what another account uses is never revoked",
        tests=_LINKING,
    ),
    _LINK(
        name="history-without-scope",
        old="if allows_activities(granted_scope):\n                self",
        new="if True:\n                self",
        law="nothing is fetched without access to activities",
        tests=_LINKING,
    ),
    _ACCESS(
        name="permission-kept",
        old="self.api.revoke(self.tokens.unsealed(connection, REFRESH_TOKEN))",
        new="pass",
        law="disconnecting gives the permission back",
        tests=_LINKING,
    ),
    _LINK(
        name="erases-what-strava-never-sent",
        old="if workout.key.source is Source.STRAVA:",
        new="if True:",
        law="disconnecting Strava erases Strava's workouts only",
        tests=_LINKING,
    ),
    _LINK(
        name="two-athletes-of-an-account",
        old="if before is not None and before.athlete_id != athlete_id:",
        new="if False:",
        law="an account belongs to one athlete",
        tests=_LINKING,
    ),
    _LINK(
        name="refusal-of-the-athlete-unheard",
        old="if error is not None or not code:",
        new="if not code:",
        law="a refusal connects no athlete",
        tests=_LINKING,
    ),
    _LINK(
        name="old-tokens-of-a-reconnect",
        old="after=after))\n            except VersionConflict:\n",
        new="after=after))\n            except VersionConflict:\n                raise\n",
        law="a new permission takes precedence over a renewal",
        tests=_LINKING,
    ),
    _STEP(
        name="newest-first-within-a-page",
        old="in reversed(page.snapshots)",
        new="in page.snapshots",
        law="parts are earned in order of start",
        tests=_BACKFILL,
    ),
    _STEP(
        name="newest-page-first",
        old="user_id, number = backfill.user_id, backfill.pages_staged\n",
        new=(
            "user_id = backfill.user_id\n"
            "        number = next(n for n in range(1, 1000) if self.backfills.read_page(user_id, n))\n"
        ),
        law="parts are earned in order of start",
        tests=_BACKFILL,
    ),
    _STEP(
        name="listed-when-answered",
        old="listed_at=listed.asked_at",
        new="listed_at=self.context.now()",
        law="5: a page is as old as the question to Strava",
        tests=_BACKFILL,
    ),
    _STEP(
        name="doubt-forgotten",
        old="self.ask_again(user_id, result.in_doubt)",
        new="pass",
        law="5: what a page was too old for is asked again",
        tests=_BACKFILL,
    ),
    _STEP(
        name="pages-stay",
        old="done_page=number",
        new="done_page=None",
        law="a committed page is removed",
        tests=_BACKFILL,
    ),
    _STEP(
        name="page-forgets-its-athlete",
        old="shown_to=page.athlete_id",
        new="shown_to=None",
        law="a workout names the athlete it was shown to",
        tests=(*_BACKFILL, *_RECONCILE),
    ),
    _STEP(
        name="page-of-another-athlete",
        old="for each in listed.activities if each.athlete_id == athlete_id)",
        new="for each in listed.activities)",
        law="another athlete's activities are passed over",
        tests=_BACKFILL,
    ),
    _STEP(
        name="another-bound-goes-on",
        old="if running.after != after:",
        new="if False:",
        law="nothing wider than asked for is taken over",
        tests=_BACKFILL,
    ),
    _STATE(
        name="pages-without-overlap",
        old="oldest_start_at + OVERLAP",
        new="oldest_start_at",
        law="activities of one second are all taken over",
        tests=(*_BACKFILLS, *_LISTING),
    ),
    _STATE(
        name="cursor-goes-back",
        old="min(overlapping, before)",
        new="overlapping",
        law="a cursor moves towards the past",
        tests=_BACKFILLS,
    ),
    _STATE(
        name="hidden-counted-twice",
        old="max(self.activities_hidden, hidden)",
        new="self.activities_hidden + hidden",
        law="what is hidden is counted once",
        tests=_BACKFILLS,
    ),
    _STATE(
        name="empty-history-never-ends",
        old="end = BackfillPhase.COMMITTING if pages else BackfillPhase.DONE",
        new="end = BackfillPhase.COMMITTING",
        law="an empty history is done",
        tests=(*_BACKFILLS, *_BACKFILL),
    ),
    _STATE(
        name="rejections-without-bound",
        old="(*self.rejections, *new)[:REJECTIONS_KEPT_MAX]",
        new="(*self.rejections, *new)",
        law="9: what is kept is bounded",
        tests=_BACKFILLS,
    ),
    _LIST(
        name="passed-activities-are-new",
        old=" if each.snapshot.activity_id not in passed)",
        new=")",
        law="each activity is listed once",
        tests=_LISTING,
    ),
    _LIST(
        name="one-hidden-page-less",
        old="short_pages > policy.strava.hidden_pages_max",
        new="short_pages >= policy.strava.hidden_pages_max",
        law="9: a limit itself is allowed",
        tests=_LISTING,
    ),
    _LIST(
        name="empty-page-is-not-the-end",
        old="answer.is_last or not brings_something,",
        new="answer.is_last,",
        law="9: a walk that brings nothing ends",
        tests=_LISTING,
    ),
    _REPAIR(
        name="tombstones-asked-for",
        old="            and not each.is_deleted\n",
        new="",
        law="what is gone already costs no call",
        tests=_RECONCILE,
    ),
    _REPAIR(
        name="unseen-asked-for",
        old="or (each.shown_to is None and connection.sees_all_activities)",
        new="or each.shown_to is None",
        law="what a connection cannot see costs no call",
        tests=_RECONCILE,
    ),
    _REPAIR(
        name="listed-before-stored",
        old=(
            "stored = self._stored_live(connection, since)\n"
            "        listing = self._listed(connection, since, purpose, pages_max)"
        ),
        new=(
            "listing = self._listed(connection, since, purpose, pages_max)\n"
            "        stored = self._stored_live(connection, since)"
        ),
        law="what comes while Strava lists costs no call",
        tests=_RECONCILE,
    ),
    _REPAIR(
        name="list-of-another-athlete",
        old="if each.athlete_id == connection.athlete_id:",
        new="if True:",
        law="another athlete's activities are passed over",
        tests=_RECONCILE,
    ),
    _REPAIR(
        name="answer-of-another-athlete",
        old="if activity.athlete_id == connection.athlete_id:",
        new="if True:",
        law="another athlete's activity is passed over",
        tests=_RECONCILE,
    ),
    _HEAD(
        name="ended-connection-still-brings",
        old="generation not in (None, self.connection_generation)",
        new="False",
        law="what a connection brings after its end is not stored",
        tests=_generations("test_disconnecting_at_any_call_leaves_nothing"),
    ),
    _STEP(
        name="backfill-of-an-earlier-connection",
        old="if backfill is None or not backfill.belongs_to(owner):",
        new="if backfill is None:",
        law="a backfill that is done is of its own connection only",
        tests=_generations("test_connecting_again_takes_the_history_over_wherever_it_crashed"),
    ),
    _LINK(
        name="end-not-marked",
        old="broken(before, ConnectionStatus.DISCONNECTING,",
        new="broken(before, ConnectionStatus.NEEDS_RECONNECT,",
        law="what a connection brings after its end is not stored",
        tests=_generations("test_disconnecting_at_any_call_leaves_nothing"),
    ),
    _LINK(
        name="overtaken-erasure-goes-on",
        old="self._strava_keys(user_id), generation=NO_CONNECTION",
        new="self._strava_keys(user_id)",
        law="an erasure leaves the next connection alone",
        tests=_generations("test_an_erasure_that_was_overtaken_leaves_the_next_connection_alone[memory]"),
    ),
    _LINK(
        name="overtaken-exchange-wins",
        old="living = self.access.tokens.living(grant)",
        new="living: TokenGrant | None = grant",
        law="the tokens that Strava gave last are stored",
        tests=_generations("test_an_exchange_that_was_overtaken_gives_way"),
    ),
    _ACCESS(
        name="expired-token-proves-a-deauthorisation",
        old="if not isinstance(state, Usable):\n            return ConnectionStatus.NEEDS_RECONNECT",
        new="",
        law="a lost renewal is no deauthorisation",
        tests=_generations("test_a_lost_renewal_and_a_forged_event_erase_nothing[memory-left0]"),
    ),
    _ACCESS(
        name="refused-renewal-proves-a-deauthorisation",
        old="        except ScopeMissing:\n            pass\n        return ConnectionStatus.NEEDS_RECONNECT",
        new="        except ScopeMissing:\n            pass\n        return ConnectionStatus.DISCONNECTING",
        law="a lost renewal is no deauthorisation",
        tests=_generations("test_a_lost_renewal_and_a_forged_event_erase_nothing[memory-left2]"),
    ),
    _REPAIR(
        name="one-unreadable-stops-all",
        old="except (InvalidInput, StravaRefused) as refused:",
        new="except StravaRefused as refused:",
        law="one unreadable activity does not stop the others",
        tests=_RECONCILE,
    ),
    _REPAIR(
        name="doubt-of-a-repair-forgotten",
        old="self.backfilling.ask_again(user_id, result.in_doubt)",
        new="pass",
        law="5: what a list was too old for is asked again",
        tests=_RECONCILE,
    ),
    _RATE(
        name="clock-going-back-opens-the-window",
        old="if not _is_present(current.window_at, WINDOW_SECONDS, now, policy):",
        new="if current.window_at != _start(now, WINDOW_SECONDS):",
        law="9: a clock that goes back gives no calls back",
        tests=_RATES,
    ),
    _RATE(
        name="clock-going-back-opens-the-day",
        old="if not _is_present(current.day_at, _DAY_SECONDS, now, policy):",
        new="if current.day_at != _start(now, _DAY_SECONDS):",
        law="9: a clock that goes back gives no calls back",
        tests=_RATES,
    ),
    _RATE(
        name="count-corrected-downwards",
        old="max(current.window_used, window_used or 0)",
        new="(window_used or 0)",
        law="9: counts are corrected upwards only",
        tests=_RATES,
    ),
    _RATE(
        name="pause-shortened",
        old="later = max(filter(None, (self.paused_until, until)))",
        new="later = until",
        law="of two pauses the longer stays",
        tests=_RATES,
    ),
    _RATE(
        name="backfills-take-all",
        old="if purpose is Purpose.LIVE:",
        new="if True:",
        law="backfills leave a share to live events",
        tests=_RATES,
    ),
    _RATE(
        name="yesterday-uses-up-today",
        old="seconds=policy.training.clock_skew_seconds_max):\n            day_used = None",
        new="seconds=0):\n            day_used = None",
        law="a count of yesterday does not use up today",
        tests=_RATES,
    ),
    _RATE(
        name="refusal-by-an-old-day",
        old="current.day_used >= current.day_limit\n",
        new="self.day_used >= current.day_limit\n",
        law="a refusal closes the day only if it is used up",
        tests=_RATES,
    ),
    _KEEPING(
        name="no-news-written",
        old="if after == before:",
        new="if False:",
        law="an answer without news costs no write",
        tests=_RATE_KEEPING,
    ),
    _KEEPING(
        name="no-backoff-of-counts",
        old="self.context.backoff.wait(attempt)",
        new="pass",
        law="processes that lost a race spread their retries",
        tests=_RATE_KEEPING,
    ),
)
