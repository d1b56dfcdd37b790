"""Breaks of the laws of jobs, the worker, idempotency, sessions and handshakes."""

from __future__ import annotations

from functools import partial

from mutants.mutant import Mutant

_JOBS = ("tests/jobs/test_jobs.py",)
_IDEMPOTENCY = ("tests/jobs/test_idempotency.py",)
_WORKING = ("tests/strava/test_worker.py",)
_SESSIONS = ("tests/accounts/test_sessions.py",)
_ACCOUNTS = ("tests/accounts/test_accounts.py",)

_JOB = partial(Mutant, file="commitcollect_core/jobs/jobs.py")
_WORKER = partial(Mutant, file="commitcollect_core/jobs/worker.py")
_REQUEST = partial(Mutant, file="commitcollect_core/jobs/idempotency.py")
_SESSION = partial(Mutant, file="commitcollect_core/accounts/sessions.py")
_HANDSHAKE = partial(Mutant, file="commitcollect_core/handshakes.py")

MUTANTS = (
    _JOB(
        name="mark-in-the-second-of-the-event",
        old="self.occurred_at < utc(looked_at)",
        new="self.occurred_at <= utc(looked_at)",
        law="6: an event is marked by a later look only",
        tests=(*_JOBS, *_WORKING),
    ),
    _JOB(
        name="event-kept-twice",
        old="for each in waiting.events if each.key not in keys)",
        new="for each in waiting.events)",
        law="a job put twice is a job put once",
        tests=_JOBS,
    ),
    _JOB(
        name="oldest-events-kept",
        old="[-policy.jobs.job_events_max :]",
        new="[: policy.jobs.job_events_max]",
        law="9: a job remembers the newest events",
        tests=_JOBS,
    ),
    _JOB(
        name="merged-job-grows-young",
        old="min(waiting.enqueued_at, coming.enqueued_at)",
        new="coming.enqueued_at",
        law="a job is as old as the first of its events",
        tests=_JOBS,
    ),
    _JOB(
        name="one-try-too-many",
        old="if attempts >= policy.jobs.job_attempts_max:",
        new="if attempts > policy.jobs.job_attempts_max:",
        law="9: tries are bounded",
        tests=_JOBS,
    ),
    _JOB(
        name="waits-do-not-grow",
        old="2 ** (attempts - 1)",
        new="1",
        law="a failing job waits longer and longer",
        tests=_JOBS,
    ),
    _JOB(
        name="absence-is-no-try",
        old="error.retry_at is not None and not error.is_attempt",
        new="error.retry_at is not None",
        law="9: what is not there yet is not asked for without end",
        tests=_JOBS,
    ),
    _JOB(
        name="dropped-before-its-subject-is-written",
        old="error.ends_job and not (is_first and isinstance(error, NotFound))",
        new="error.ends_job",
        law="6: a job put before its subject is not lost",
        tests=_JOBS,
    ),
    _JOB(
        name="event-joins-the-look-under-way",
        old="if not self.token:",
        new="if True:",
        law="6: an event that comes during a look gets its own",
        tests=_JOBS,
    ),
    _JOB(
        name="tries-not-counted",
        old="attempts=self.attempts + 1, last_error=",
        new="attempts=self.attempts, last_error=",
        law="9: a job that kills its workers is found out",
        tests=_JOBS,
    ),
    _JOB(
        name="taking-over-loses-events",
        old="job=job, due_at=until, attempts",
        new="job=self.job, due_at=until, attempts",
        law="6: no event is lost when a lease runs out",
        tests=_JOBS,
    ),
    _JOB(
        name="giving-back-loses-events",
        old="return waiting.put(self.renewed, visible_at=self.renewed_due_at or visible_at, policy=policy)",
        new="return waiting",
        law="6: no event is lost when a job is given back",
        tests=_JOBS,
    ),
    _JOB(
        name="deferral-is-a-try",
        old="self.attempts - (not is_attempt)",
        new="self.attempts",
        law="a deferral is no try",
        tests=_JOBS,
    ),
    _JOB(
        name="ending-loses-events",
        old="return QueueEntry(job=self.renewed, due_at=self.renewed_due_at or self.due_at)",
        new="return None",
        law="6: what came during a look is done once more",
        tests=_JOBS,
    ),
    _WORKER(
        name="killer-never-parked",
        old="if leased.attempts >= self.context.policy.jobs.job_attempts_max:",
        new="if False:",
        law="9: a job that ends its workers is set aside",
        tests=_WORKING,
    ),
    _WORKER(
        name="unforeseen-ends-the-worker",
        old="except Exception as unforeseen:",
        new="except KeyError as unforeseen:",
        law="one job never ends the worker",
        tests=_WORKING,
    ),
    _WORKER(
        name="step-without-successor",
        old="self.queue.put(leased.job, visible_at=self.context.now())",
        new="pass",
        law="6: a job with more to do stays",
        tests=_WORKING,
    ),
    _WORKER(
        name="worker-counts-deferrals",
        old="is_attempt = end is JobEnd.TO_BE_TRIED_AGAIN",
        new="is_attempt = True",
        law="a deferral is no try",
        tests=_WORKING,
    ),
    _WORKER(
        name="secret-in-a-reason",
        old="{type(unforeseen).__name__}",
        new="{unforeseen}",
        law="no secret in a parked job",
        tests=_WORKING,
    ),
    _WORKER(
        name="unknown-kind-ends-the-round",
        old="if handler is None:",
        new="if False:",
        law="a job of an unknown kind is set aside",
        tests=_WORKING,
    ),
    _REQUEST(
        name="answers-never-expire",
        old="if stored is not None and stored.expires_at > now:",
        new="if stored is not None:",
        law="an answer is kept for its time",
        tests=_IDEMPOTENCY,
    ),
    _REQUEST(
        name="answer-to-another-request",
        old="if stored.body_digest != body_digest:",
        new="if False:",
        law="an answer goes to its own request",
        tests=_IDEMPOTENCY,
    ),
    _REQUEST(
        name="lease-of-a-request-never-ends",
        old="until is not None and is_ahead(until, now=now, span_seconds=lease_seconds, policy=policy)",
        new="until is not None",
        law="a lease that ran out is taken over",
        tests=_IDEMPOTENCY,
    ),
    _REQUEST(
        name="event-mark-of-a-request",
        old="seconds=policy.jobs.event_kept_seconds",
        new="seconds=policy.jobs.idempotency_lease_seconds",
        law="an event is marked for longer than it may be late",
        tests=_IDEMPOTENCY,
    ),
    _SESSION(
        name="session-without-end",
        old="is_ahead(self.expires_at, now=now, span_seconds=life, policy=policy) and is_ahead(",
        new="is_ahead(",
        law="a session ends in any case",
        tests=_SESSIONS,
    ),
    _SESSION(
        name="session-never-idle",
        old="self.last_seen_at, now=unused_since",
        new="now + timedelta(seconds=1), now=now",
        law="a session ends when it is not used",
        tests=_SESSIONS,
    ),
    _HANDSHAKE(
        name="handshake-of-another-browser",
        old="compare_digest(taken.binding.encode(), binding.encode())",
        new="True",
        law="only the browser that began may finish",
        tests=_SESSIONS,
    ),
    _HANDSHAKE(
        name="handshake-for-another-purpose",
        old="and taken.purpose is purpose",
        new="",
        law="a sign-in is no link",
        tests=_SESSIONS,
    ),
    _HANDSHAKE(
        name="handshake-at-its-end",
        old="is_ahead(taken.expires_at, now=now,",
        new="is_ahead(taken.expires_at, now=now - timedelta(seconds=1),",
        law="a handshake has ended at its end",
        tests=_SESSIONS,
    ),
    Mutant(
        name="step-of-a-deletion-twice",
        file="commitcollect_core/accounts/deletion.py",
        old="if step in request.steps_done:\n        return request",
        new="if False:\n        return request",
        law="7: steps of a deletion may be repeated",
        tests=_ACCOUNTS,
    ),
)
