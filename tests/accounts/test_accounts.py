"""The deletion of an account, step by step."""

from __future__ import annotations

from datetime import timedelta

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from commitcollect_adapters.testing.strategies import SEASON_START_AT
from commitcollect_core.accounts.deletion import (
    DeletionRequest,
    DeletionStep,
    Identifiers,
    Person,
    VerificationResult,
    advanced,
    identifiers_of,
    put_off,
    taken_over,
    verified,
)
from commitcollect_core.accounts.profiles import UserProfile
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.values import AthleteId, UserId

NOW = SEASON_START_AT
REQUEST = DeletionRequest(request_id="deletion-1", identifiers="hush", requested_at=NOW, owner_token="hush")  # noqa: S106 - no real one
LIMITS = DEFAULT_POLICY.accounts


@given(repeats=st.lists(st.sampled_from(DeletionStep), max_size=20))
def test_a_deletion_takes_every_step_in_order_however_often_steps_are_repeated(
    repeats: list[DeletionStep],
) -> None:
    """Law 7: run again after any failure, it goes on where it was and ends in the same place."""
    request = REQUEST
    taken: list[DeletionStep] = []
    while (step := request.next_step(now=NOW)) and len(taken) < len(DeletionStep):
        taken.append(step)
        request = advanced(request, step)
        for repeat in repeats:
            if repeat in request.steps_done:
                assert advanced(request, repeat) is request
    assert taken == list(request.steps_done) == list(DeletionStep)
    assert request.next_step(now=NOW) is None
    assert request.version == 1 + len(DeletionStep)


def test_the_fence_is_first_and_sessions_and_the_check_are_last() -> None:
    """Nothing is erased before writes are stopped; the person can repeat it until all else is gone."""
    assert REQUEST.next_step(now=NOW) is DeletionStep.FENCE
    assert list(DeletionStep)[-2:] == [DeletionStep.END_SESSIONS, DeletionStep.VERIFY]


def test_a_step_out_of_turn_leaves_the_earlier_ones_to_do() -> None:
    """What was skipped is still the next step."""
    assert advanced(REQUEST, DeletionStep.REVOKE).next_step(now=NOW) is DeletionStep.FENCE


def test_a_step_that_waits_lets_the_rest_go_on_until_its_time_comes() -> None:
    """An outage elsewhere keeps nothing from being erased here."""
    fenced = advanced(REQUEST, DeletionStep.FENCE)
    waiting = put_off(fenced, DeletionStep.REVOKE, "strava_unavailable", now=NOW, policy=DEFAULT_POLICY)
    later = NOW + timedelta(seconds=LIMITS.deletion_retry_seconds)
    assert waiting.next_step(now=NOW) is DeletionStep.ERASE_LEDGER
    assert (waiting.retry_at, waiting.failure) == (later, "strava_unavailable")
    assert waiting.next_step(now=later) is DeletionStep.REVOKE
    for step in list(DeletionStep)[2:]:
        assert not waiting.is_erased or step is DeletionStep.VERIFY
        waiting = advanced(waiting, step)
    assert waiting.is_erased
    assert waiting.next_step(now=NOW) is None
    done = advanced(waiting, DeletionStep.REVOKE)
    assert (done.steps_left, done.retry_at, done.failure) == ((), None, "")


def test_a_step_is_given_up_at_its_deadline_and_not_before() -> None:
    """A deletion ends, whatever others do; what was not done is told apart."""
    deadline = NOW + timedelta(seconds=LIMITS.deletion_outage_seconds)
    early = put_off(
        REQUEST, DeletionStep.REVOKE, "down", now=deadline - timedelta(seconds=1), policy=DEFAULT_POLICY
    )
    assert early.retry_at == deadline
    assert not early.steps_given_up
    late = put_off(early, DeletionStep.REVOKE, "down", now=deadline, policy=DEFAULT_POLICY)
    assert late.steps_given_up == (DeletionStep.REVOKE,)
    assert DeletionStep.REVOKE not in late.steps_left
    assert late.retry_at is None


@given(lag=st.integers(0, 100), waited=st.integers(0, 200))
def test_two_looks_in_a_row_prove_a_deletion(lag: int, waited: int) -> None:
    """The second is made once every index has caught up; one that finds something begins anew."""
    first = verified(REQUEST, VerificationResult(NOW), lag_seconds=lag, policy=DEFAULT_POLICY)
    assert DeletionStep.VERIFY not in first.steps_done
    at = NOW + timedelta(seconds=waited)
    second = verified(first, VerificationResult(at), lag_seconds=lag, policy=DEFAULT_POLICY)
    assert (DeletionStep.VERIFY in second.steps_done) == (waited >= lag)
    found = verified(first, VerificationResult(at, 3), lag_seconds=lag, policy=DEFAULT_POLICY)
    assert DeletionStep.VERIFY not in found.steps_done
    assert found.verifications == ()
    assert found.retry_at == at + timedelta(seconds=LIMITS.deletion_retry_seconds)


def test_the_sealed_id_is_kept_while_a_backup_may_be_restored() -> None:
    """And no longer; one that is not done needs it anyway."""
    done = evolve(REQUEST, completed_at=NOW)
    last = NOW + timedelta(seconds=LIMITS.deletion_restorable_seconds)
    assert not done.is_beyond_restoring(now=last - timedelta(seconds=1), policy=DEFAULT_POLICY)
    assert done.is_beyond_restoring(now=last, policy=DEFAULT_POLICY)
    assert not REQUEST.is_beyond_restoring(now=last, policy=DEFAULT_POLICY)


def test_identifiers_are_read_back() -> None:
    """What one process seals another reads."""
    known = Identifiers(
        person=Person(user_id=UserId("leaver"), athlete_ids=(AthleteId("1"), AthleteId("2"))),
        username="hush",
        access_token="hush",  # noqa: S106 - no real one
        refresh_token="hush",  # noqa: S106 - no real one
    )
    assert identifiers_of(known.as_text()) == known
    assert "hush" not in repr(known)


def test_who_takes_a_deletion_over_is_known_by_a_token() -> None:
    """The process before is refused, as the version has moved on."""
    taken = taken_over(REQUEST, "mine")
    assert (taken.owner_token, taken.version) == ("mine", REQUEST.version + 1)


def test_what_is_personal_is_not_shown() -> None:
    """Names, addresses and what a deletion still has to know appear in no log."""
    profile = UserProfile(
        user_id=UserId("leaver"), email="hush@example.org", display_name="hush", created_at=NOW
    )
    assert "hush" not in repr((REQUEST, profile))
