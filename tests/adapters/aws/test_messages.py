"""Jobs as messages: what is a job is read back, and nothing else passes for one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from commitcollect_adapters.aws.sqs.messages import (
    Message,
    Unreadable,
    Waiting,
    parked,
    parked_body,
    released_body,
    waiting,
    waiting_body,
)
from commitcollect_adapters.testing.contracts.queues import job_events, new_job
from commitcollect_adapters.testing.samples import NOW
from commitcollect_adapters.testing.service_strategies import jobs
from commitcollect_adapters.testing.strategies import believable_moments
from commitcollect_core.jobs.jobs import ParkedJob

BODY = waiting_body(Waiting(job=new_job("a", "b"), due_at=NOW, attempts=2))

OLD_FORM = json.dumps(
    {
        "jobKey": "activity/7/42",
        "kind": "ACTIVITY",
        "athleteId": "7",
        "activityId": "42",
        "requestIds": "a,b",
        "enqueuedAtUtc": 1_700_000_000,
        "dueAtUtc": 1_700_000_000,
        "attempts": 0,
    }
)
"""A job as it was sent before jobs had a subject."""


def message(body: str) -> Message:
    """A message with this text, received three times."""
    return Message(message_id="17", handle="h", body=body, receives=3, sent_at=NOW)


def changed(**fields: Any) -> str:
    """A job's text with other values."""
    return json.dumps({**json.loads(BODY), **fields})


sent = st.builds(Waiting, job=jobs(), due_at=believable_moments(), attempts=st.integers(0, 50))
set_aside = st.builds(
    ParkedJob,
    job=jobs(),
    attempts=st.integers(0, 50),
    reason=st.text(st.characters(exclude_categories=()), max_size=50),
    parked_at=believable_moments(),
)


@given(job=sent)
def test_a_job_is_read_back(job: Waiting) -> None:
    """Every field; the text is plain ASCII, as SQS takes not every character."""
    body = waiting_body(job)
    assert waiting(message(body)) == job
    assert body.isascii()
    assert body.isprintable()


@given(job=set_aside)
def test_a_job_set_aside_is_read_back(job: ParkedJob) -> None:
    """Whatever the reason says; and it can wait again as if it had never been tried."""
    body = parked_body(job)
    assert parked(message(body)) == job
    assert body.isascii()
    assert isinstance(waiting(message(body)), Unreadable)
    released = waiting(message(released_body(message(body), now=NOW)))
    assert released == Waiting(job=job.job, due_at=NOW, attempts=0)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "garbage",
        "[]",
        "null",
        "{}",
        BODY + BODY,
        BODY[:-1],
        BODY.replace("{", '{"jobKey":"twice",', 1),
        changed(more=1),
        changed(kind="RECONCILE"),
        changed(kind=None),
        changed(jobKey=7),
        changed(jobKey="strava/activity/1/2"),
        changed(kind="strava"),
        changed(subject={"athleteId": "1"}),
        changed(subject="[1]"),
        changed(subject="[" * 10_000),
        changed(subject='{"athleteId": 7, "activityId": "42"}'),
        changed(events=["a"]),
        changed(events="7"),
        changed(events='["a"]'),
        changed(events='[["a", "b"]]'),
        changed(events='[["a", 1e400]]'),
        changed(events="[[7, 7]]"),
        changed(attempts=-1),
        changed(attempts=True),
        changed(attempts="2"),
        changed(dueAtUtc=1.5),
        changed(dueAtUtc=10**20),
        changed(dueAtUtc=None),
        changed(enqueuedAtUtc=10**15),
        BODY.replace('"attempts":2', '"attempts":NaN'),
        OLD_FORM,
        "[" * 10_000,
        "\ud800",
    ],
)
def test_what_is_no_job_is_told_and_kept(body: str) -> None:
    """It is set aside under a key of its own with the reason, and waits again as it came."""
    found = waiting(message(body))
    assert isinstance(found, Unreadable)
    aside = parked(message(body))
    assert (aside.job.key, aside.attempts, aside.parked_at) == ("sqs/unreadable/17", 0, NOW)
    assert aside.reason == f"this message is no job: {found.reason}"
    assert released_body(message(body), now=NOW) == body


@given(body=st.text(st.characters(exclude_categories=())) | st.from_regex(r"\A\{.*\}\Z"))
def test_no_text_fails_in_another_way(body: str) -> None:
    """Whatever a sender puts into the queue."""
    assert isinstance(waiting(message(body)), Unreadable)
    assert parked(message(body)).job.key == "sqs/unreadable/17"


def test_what_sqs_set_aside_itself_tells_how_often_it_was_taken() -> None:
    """The receives count together with the tries before it was sent."""
    aside = parked(message(BODY))
    assert aside == ParkedJob(
        job=evolve(aside.job, events=job_events("a", "b")),
        attempts=2 + 3,
        reason="every worker that took it ended before it was done",
        parked_at=NOW,
    )


def test_a_receipt_is_not_shown() -> None:
    """A reader of the log can neither delete a message nor read it."""
    assert "handle" not in repr(message("secret"))
    assert "secret" not in repr(message("secret"))
