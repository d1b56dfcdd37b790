"""The mutants still fit the code; ``nox -s mutants`` says whether the tests kill them."""

from __future__ import annotations

import ast
from collections import Counter

from mutants.catalogue import MUTANTS
from mutants.mutant import REPOSITORY

LEAST = 120


def test_each_mutant_breaks_one_place_of_the_code() -> None:
    """Its old text occurs once, and what takes its place makes another program that Python can read."""
    assert [fault for each in MUTANTS if (fault := each.fault())] == []
    for each in MUTANTS:
        before = each.path.read_text(encoding="utf-8")
        assert each.applied_to(before) != before
        ast.parse(each.applied_to(before), filename=each.name)


def test_each_mutant_names_its_law_and_tests_that_exist() -> None:
    """Without tests it could only survive."""
    assert all(each.law and each.tests for each in MUTANTS)
    files = {test.partition("::")[0] for each in MUTANTS for test in each.tests}
    assert [each for each in sorted(files) if not (REPOSITORY / each).is_file()] == []


def test_each_mutant_has_a_name_of_its_own_and_there_are_many() -> None:
    """Two of one name could not be told apart in the table."""
    assert max(Counter(each.name for each in MUTANTS).values()) == 1
    assert len(MUTANTS) >= LEAST
