"""The deletion of an account, step by step."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from commitcollect_adapters.testing.strategies import SEASON_START_AT
from commitcollect_core.accounts.deletion import DeletionRequest, DeletionStep, advanced, next_step
from commitcollect_core.accounts.profiles import UserProfile
from commitcollect_core.values import UserId

REQUEST = DeletionRequest(
    request_id="deletion-1", user_id=UserId("leaver"), identifiers="hush", requested_at=SEASON_START_AT
)


@given(repeats=st.lists(st.sampled_from(DeletionStep), max_size=20))
def test_a_deletion_takes_every_step_in_order_however_often_steps_are_repeated(
    repeats: list[DeletionStep],
) -> None:
    """Law 7: run again after any failure, it goes on where it was and ends in the same place."""
    request = REQUEST
    taken: list[DeletionStep] = []
    while (step := next_step(request)) and len(taken) < len(DeletionStep):
        taken.append(step)
        request = advanced(request, step)
        for repeat in repeats:
            if repeat in request.steps_done:
                assert advanced(request, repeat) is request
    assert taken == list(request.steps_done) == list(DeletionStep)
    assert next_step(request) is None
    assert request.version == 1 + len(DeletionStep)


def test_the_fence_is_first_and_sessions_and_the_check_are_last() -> None:
    """Nothing is erased before writes are stopped; whoever deletes can repeat it until all else is gone."""
    assert next_step(REQUEST) is DeletionStep.FENCE
    assert list(DeletionStep)[-2:] == [DeletionStep.END_SESSIONS, DeletionStep.VERIFY]


def test_a_step_out_of_turn_leaves_the_earlier_ones_to_do() -> None:
    """What was skipped is still the next step."""
    assert next_step(advanced(REQUEST, DeletionStep.REVOKE)) is DeletionStep.FENCE


def test_what_is_personal_is_not_shown() -> None:
    """Names, addresses and what a deletion still has to know appear in no log."""
    profile = UserProfile(
        user_id=UserId("leaver"), email="hush@example.org", display_name="hush", created_at=SEASON_START_AT
    )
    assert "hush" not in repr((REQUEST, profile))
