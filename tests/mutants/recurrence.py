"""Breaks of recurring goals."""

from __future__ import annotations

from functools import partial

from mutants.mutant import Mutant

_TESTS = ("tests/training/test_recurring_goals.py",)
_NOUN = partial(Mutant, file="commitcollect_core/training/recurrence.py", tests=_TESTS)
_USE_CASE = partial(Mutant, file="commitcollect_core/training/recurring_goals.py", tests=_TESTS)
_DECISION = partial(Mutant, file="commitcollect_core/training/decisions.py", tests=_TESTS)
_DRAFT = partial(Mutant, file="commitcollect_core/training/drafts.py", tests=_TESTS)
_INGESTION = partial(Mutant, file="commitcollect_core/training/ingestion.py", tests=_TESTS)

_ONCE = "a period gets one milestone"
_EACH = "each period with a counting activity has its milestone"

MUTANTS = (
    _NOUN(
        name="recurring-before-its-first-period",
        old="if number < self.first_period or number in self.opened:",
        new="if number in self.opened:",
        law="a goal opens no period before its first",
    ),
    _NOUN(
        name="recurring-period-opened-again",
        old="if number < self.first_period or number in self.opened:",
        new="if number < self.first_period:",
        law=_ONCE,
    ),
    _NOUN(
        name="recurring-first-period-left-out",
        old="if number < self.first_period or",
        new="if number <= self.first_period or",
        law=_EACH,
    ),
    _NOUN(
        name="recurring-forgotten-periods-open",
        old="return len(self.opened) < periods_kept_max or number > self.opened[0]",
        new="return True",
        law="what is older than the periods remembered opens nothing",
    ),
    _NOUN(
        name="recurring-flagged-activities-open",
        old="return not snapshot.is_flagged and any(",
        new="return any(",
        law="what does not count opens nothing",
    ),
    _NOUN(
        name="recurring-all-targets-have-to-count",
        old="any(each.counts(snapshot) for each in self.aims)",
        new="all(each.counts(snapshot) for each in self.aims)",
        law=_EACH,
    ),
    _NOUN(
        name="recurring-first-periods-kept",
        old="sorted({*self.opened, number})[-periods_kept_max:]",
        new="sorted({*self.opened, number})[:periods_kept_max]",
        law="the latest periods are remembered",
    ),
    _NOUN(
        name="recurring-in-days-of-utc",
        old="return self.every.number(self._place.day(at))",
        new="return self.every.number(UTC_TIME.day(at))",
        law="periods are those of the goal's place",
    ),
    _NOUN(
        name="recurring-week-of-the-calendar-year",
        old="year, week, _ = day.isocalendar()",
        new="year, week = day.year, day.isocalendar().week",
        law="periods are named as calendars do",
    ),
    _DECISION(
        name="recurring-period-not-marked",
        old="return (*settled, evolve(opening, head=evolve(opening.head, recurring=marked)))",
        new="return (*settled, opening)",
        law=_ONCE,
    ),
    _DRAFT(
        name="recurring-goals-lost-by-an-activity",
        old="            recurring=self._head.recurring,\n",
        new="",
        law="an activity changes no recurring goal",
    ),
    _DECISION(
        name="recurring-other-goals-lost",
        old="opened if each.recurring_id == recurring.recurring_id else each for each in known",
        new="opened for each in known",
        law="opening a period of one goal changes no other",
    ),
    _USE_CASE(
        name="recurring-refusal-stops-activities",
        old="            except _NOT_OPENED as refused:",
        new="            except NotFound as refused:",
        law="a milestone that cannot be opened keeps no activity from being taken in",
    ),
    _USE_CASE(
        name="recurring-limit-one-too-many",
        old="if len(view.head.recurring) >= limits.recurring_goals_max:",
        new="if len(view.head.recurring) > limits.recurring_goals_max:",
        law="the policy bounds recurring goals",
    ),
    _USE_CASE(
        name="recurring-periods-back-one-too-many",
        old="if present - goal.first_period >= limits.recurring_periods_kept_max:",
        new="if present - goal.first_period > limits.recurring_periods_kept_max:",
        law="the policy bounds how far back a goal begins",
    ),
    _USE_CASE(
        name="recurring-goal-not-checked",
        old="            self._goal_of(goal, number)\n",
        new="            pass\n",
        law="a goal that cannot be kept is not begun",
    ),
    _USE_CASE(
        name="recurring-shortest-period-not-checked",
        old="in {goal.first_period, goal.every.shortest(goal.first_period)}:",
        new="in {goal.first_period}:",
        law="a goal that cannot be kept is not begun",
    ),
    _USE_CASE(
        name="recurring-refusal-stops-the-other-goals",
        old="            except (*_NOT_OPENED, VersionConflict) as reason:",
        new="            except (LimitExceeded, VersionConflict) as reason:",
        law="a goal that cannot be kept any more stops no other",
    ),
    _USE_CASE(
        name="recurring-past-periods-left-out",
        old="for number in range(goal.first_period, present + 1):",
        new="for number in range(present, present + 1):",
        law="a goal begins with its past periods",
    ),
    _INGESTION(
        name="recurring-not-opened-by-fetched",
        old="if self._opens(view, (found,), committing):",
        new="if False:",
        law=_EACH,
    ),
)
