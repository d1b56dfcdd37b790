"""Breaks of the laws of clocks, budgets and crowds: what wrong clocks and forged events may not do."""

from __future__ import annotations

from functools import partial

from mutants.mutant import Mutant

_CLOCKS = ("tests/core/test_clocks.py", "tests/strava/test_rate_limits.py")
_BUDGETS = ("tests/strava/test_budgets.py",)
_CROWDS = ("tests/strava/test_crowds.py",)
_JOBS = ("tests/jobs/test_jobs.py",)
_QUEUES = (
    "tests/contracts/test_queues.py::TestMemoryQueue",
    "tests/contracts/test_queues.py::TestSqliteQueue",
)
_TURNS = ("tests/adapters/test_turns.py",)
_SQS = ("tests/adapters/aws/test_sqs.py",)

_JOB = partial(Mutant, file="commitcollect_core/jobs/jobs.py")
_TOKEN = partial(Mutant, file="commitcollect_core/strava/token_keeping.py")
_KEEPING = partial(Mutant, file="commitcollect_core/strava/rate_keeping.py")
_SQS_QUEUE = partial(Mutant, file="commitcollect_adapters/aws/sqs/queue.py")
_CROWD = partial(Mutant, file="commitcollect_core/strava/crowds.py")

MUTANTS = (
    Mutant(
        file="commitcollect_core/clocks.py",
        name="ends-however-far-ahead",
        old="end is not None and now < end <= latest_end(now, span_seconds=span_seconds, policy=policy)",
        new="end is not None and now < end",
        law="an end further ahead than it can be counts as none",
        tests=_CLOCKS,
    ),
    _JOB(
        name="lease-however-long",
        old="return bool(self.token) and is_ahead(self.due_at, now=now, span_seconds=span, policy=policy)",
        new="return bool(self.token) and self.due_at > now",
        law="a lease longer than any is taken over",
        tests=_QUEUES,
    ),
    _JOB(
        name="due-however-late",
        old="return not is_ahead(self.due_at, now=now, span_seconds=span, policy=policy)",
        new="return self.due_at <= now",
        law="a due time further ahead than any is due at once",
        tests=_QUEUES,
    ),
    _JOB(
        name="every-delivery-is-news",
        old="if not _is_news(job, self.job):",
        new="if False:",
        law="the same event again brings nothing forward",
        tests=_QUEUES,
    ),
    _JOB(
        name="no-event-is-news",
        old="if not _is_news(job, self.job):",
        new="if True:",
        law="a new event brings a job in back-off forward",
        tests=_QUEUES,
    ),
    _JOB(
        name="put-off-and-brought-forward",
        old="self.due_at if self.is_put_off else min(self.due_at, visible_at)",
        new="min(self.due_at, visible_at)",
        law="no event makes a window end sooner",
        tests=_QUEUES,
    ),
    Mutant(
        file="commitcollect_core/strava/refreshing.py",
        name="attempts-use-up-calls",
        old="self.rates.check(athlete_scope(athlete_id), Purpose.LIVE)",
        new="self.rates.reserve(athlete_scope(athlete_id), Purpose.LIVE)",
        law="waiting uses up no call",
        tests=_BUDGETS,
    ),
    _KEEPING(
        name="refused-call-not-given-back",
        old="            self.give_back(scope)\n            raise",
        new="            raise",
        law="a call that the app may not make is not the athlete's",
        tests=_BUDGETS,
    ),
    _TOKEN(
        name="lost-lease-uses-up-a-call",
        old="self.rates.give_back(scope)",
        new="pass",
        law="a lost race for the lease uses up no call",
        tests=_BUDGETS,
    ),
    _TOKEN(
        name="any-number-of-renewals",
        old="self.rates.reserve(scope, Purpose.LIVE)",
        new="pass",
        law="9: events cause a bounded number of renewals",
        tests=_BUDGETS,
    ),
    Mutant(
        file="commitcollect_core/strava/rates.py",
        name="crowds-look-for-free",
        old="return self is not Purpose.BACKFILL",
        new="return self is Purpose.LIVE",
        law="the look that stands for events is the athlete's calls",
        tests=_CROWDS,
    ),
    Mutant(
        file="commitcollect_core/strava/webhook_intake.py",
        name="crowds-of-any-size",
        old="if is_many else None",
        new="if False else None",
        law="9: an athlete has a bounded number of jobs",
        tests=_CROWDS,
    ),
    _CROWD(
        name="crowd-looked-at-once-only",
        old="if leased.job.events:",
        new="if False:",
        law="6: what Strava does not list yet is looked for once more",
        tests=_CROWDS,
    ),
    _CROWD(
        name="crowd-looked-at-for-ever",
        old="if leased.job.events:",
        new="if True:",
        law="9: a look that stands for no event is the last",
        tests=_CROWDS,
    ),
    Mutant(
        file="commitcollect_core/strava/reconciling.py",
        name="unlisted-pages-taken-for-gone",
        old="if key not in listing.keys and started_at >= since]",
        new="if key not in listing.keys]",
        law="what lies behind the pages that were listed is left alone",
        tests=_CROWDS,
    ),
    Mutant(
        file="commitcollect_core/jobs/worker.py",
        name="the-look-for-all-is-spread",
        old="if not job.is_one_of_many:",
        new="if False:",
        law="the look that stands for others gets the first calls of a window",
        tests=_CROWDS,
    ),
    Mutant(
        file="commitcollect_core/service.py",
        name="leased-before-the-budget-is-looked-at",
        old="context=context, held=held)",
        new="context=context)",
        law="jobs that may make no call are not taken",
        tests=_BUDGETS,
    ),
    Mutant(
        file="commitcollect_adapters/turns.py",
        name="no-turns",
        old="return max(job.due_second, served_second), place, job",
        new="return job.due_second, 0, job",
        law="groups take turns",
        tests=_TURNS,
    ),
    Mutant(
        file="commitcollect_adapters/sqlite/jobs.py",
        name="crowds-in-a-file",
        old=">= self._policy.jobs.group_jobs_max",
        new="> self._policy.jobs.group_jobs_max",
        law="9: a group has so many jobs and no more",
        tests=_QUEUES,
    ),
    Mutant(
        file="commitcollect_adapters/sqlite/jobs.py",
        name="crowds-put-together-in-a-file",
        old="                sizes[job.group] += 1\n",
        new="",
        law="9: a group has so many jobs and no more",
        tests=_QUEUES,
    ),
    Mutant(
        file="commitcollect_adapters/sqlite/jobs.py",
        name="events-put-together-forget-each-other",
        old="entry = changed.get(key)",
        new="entry = None",
        law="6: no event is lost",
        tests=_QUEUES,
    ),
    _SQS_QUEUE(
        name="sqs-a-message-for-each-of-a-crowd",
        old="place = message.job.key if message and message.job is coming.otherwise else str(number)",
        new="place = str(number)",
        law="9: jobs beyond the limit that come together are one message",
        tests=_SQS,
    ),
    _SQS_QUEUE(
        name="sqs-a-crowd-looked-at-too-soon",
        old="or messages[place].due_at < message.due_at",
        new="",
        law="6: the look that stands for others comes after all of them",
        tests=_SQS,
    ),
)
