"""Turns: what comes next among due jobs, so that no group makes all others wait."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from commitcollect_adapters.turns import GROUPS_REMEMBERED_MAX, DueJob, Turns

NOW = 1_000
due_jobs = st.lists(
    st.builds(
        DueJob,
        due_second=st.integers(NOW - 20, NOW),
        is_one_of_many=st.booleans(),
        key=st.text("abcdef", min_size=1, max_size=4),
        group=st.sampled_from("xyz"),
    ),
    unique_by=lambda each: each.key,
    max_size=20,
)


@given(due=due_jobs, limits=st.lists(st.integers(1, 4), min_size=20, max_size=20))
def test_every_job_comes_once_and_groups_take_turns(due: list[DueJob], limits: list[int]) -> None:
    """Of a group the longest due first; between two of a group comes one of every other that is due."""
    turns, left, order = Turns(), list(due), list[DueJob]()
    for limit in limits:
        chosen = list(turns.choose(left, limit=limit, now_second=NOW))
        assert len(chosen) == min(limit, len(left))
        order += chosen
        left = [each for each in left if each not in chosen]
    assert sorted(order) == sorted(due)
    for group in "xyz":
        assert [each for each in order if each.group == group] == sorted(
            each for each in due if each.group == group
        )
    left_of = Counter(each.group for each in due)
    for place, job in enumerate(order):
        left_of[job.group] -= 1
        following = [each.group for each in order[place + 1 :]]
        until_next = following[: following.index(job.group)] if job.group in following else following
        others = {group for group, count in left_of.items() if count and group != job.group}
        assert set(until_next) == others


def test_a_group_served_long_ago_comes_before_jobs_that_became_due_later() -> None:
    """New groups do not keep one waiting for ever, however many come."""
    turns = Turns()
    list(turns.choose([DueJob(NOW, True, "a1", "a")], limit=1, now_second=NOW))
    later = [
        DueJob(NOW + 2, True, "b", "b"),
        DueJob(NOW + 1, True, "a2", "a"),
        DueJob(NOW + 3, True, "c", "c"),
    ]
    assert [each.key for each in turns.choose(later, limit=3, now_second=NOW + 9)] == ["a2", "b", "c"]


def test_only_so_many_groups_are_remembered() -> None:
    """Law 9: those served longest ago are forgotten, and the others keep their place."""
    turns = Turns()
    groups = [str(number) for number in range(GROUPS_REMEMBERED_MAX + 1)]
    for group in groups:
        list(turns.choose([DueJob(NOW, True, group, group)], limit=1, now_second=NOW))
    again = [DueJob(NOW, True, group, group) for group in (groups[-1], groups[1], groups[0])]
    assert [each.group for each in turns.choose(again, limit=3, now_second=NOW)] == [
        groups[0],
        groups[1],
        groups[-1],
    ]
