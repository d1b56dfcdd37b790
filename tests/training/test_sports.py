"""Which sports a selection covers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import oracle
from commitcollect_adapters.testing.strategies import sport_selections
from commitcollect_core.errors import InvalidInput
from commitcollect_core.training.sports import (
    ANY_SPORT,
    SPORT_GROUPS,
    SPORT_TYPES,
    SportSelection,
    known_sport_type,
)


def test_every_sport_type_strava_lists_is_known(shared_data: Path) -> None:
    """All 56 sport types of 2026 are known by their own name, and no other is."""
    listed = json.loads((shared_data / "strava" / "sport_types_2026.json").read_text(encoding="utf-8"))
    assert len(listed["SportType"]) == 56
    assert sorted(SPORT_TYPES.values()) == sorted(listed["SportType"])
    assert all(known_sport_type(each) == each for each in listed["SportType"])


@pytest.mark.parametrize(
    "written", ["WeightTraining", "weight training", " WEIGHT  TRAINING ", "weighttraining"]
)
def test_a_sport_type_is_known_in_any_case_and_spacing(written: str) -> None:
    """People and files write sport types in their own way."""
    assert known_sport_type(written) == "WeightTraining"
    assert str(SportSelection.parse([written])) == "WeightTraining"


def test_an_unknown_sport_type_is_unknown() -> None:
    """No guess is made."""
    assert known_sport_type("Quidditch") is None


ORACLE_TYPES = sorted({word for types in oracle.GROUPS.values() for word in types.split()})


def _is_counted(names: tuple[str, ...], sport_type: str) -> bool:
    aim = oracle.Aim(names, "ACTIVITY_COUNT", target=1, parts=1, start=0, end=None)
    return oracle.amount(aim, oracle.Effort(sport_type, 0, 0, 0, 0, is_flagged=False)) == 1


@given(
    selection=sport_selections(),
    sport_type=st.sampled_from([*ORACLE_TYPES, *SPORT_TYPES.values(), "Quidditch"]),
)
def test_a_selection_covers_what_the_oracle_counts(selection: SportSelection, sport_type: str) -> None:
    """Groups cover their types, types themselves, ANY everything, an unknown type only ANY; in any case."""
    is_counted = _is_counted(selection.names, sport_type)
    assert selection.covers(sport_type) == selection.covers(sport_type.upper()) == is_counted


@pytest.mark.parametrize("group", sorted(SPORT_GROUPS.keys() | oracle.GROUPS.keys()))
def test_a_group_covers_exactly_the_types_of_the_oracle(group: str) -> None:
    """Each group, held against every known type."""
    selection = SportSelection.parse([group])
    for sport_type in {*ORACLE_TYPES, *SPORT_TYPES.values()}:
        assert selection.covers(sport_type) == _is_counted((group,), sport_type)


@given(selection=sport_selections())
def test_a_selection_reads_back_from_its_own_text(selection: SportSelection) -> None:
    """Stores keep the text of a selection; parsing it again gives the same one."""
    assert SportSelection.parse(str(selection).split(",")) == selection


def test_names_are_canonical_sorted_and_each_once() -> None:
    """However it is written, a selection is one value."""
    assert SportSelection.parse([" run", "TRAILRUN", "Run", "hike"]).names == ("HIKE", "RUN", "TrailRun")


def test_any_swallows_the_rest() -> None:
    """ANY and something is ANY."""
    assert SportSelection.parse(["RIDE", "any"]) == ANY_SPORT


def test_no_sport_type_is_in_two_groups() -> None:
    """A workout counts once, so groups do not overlap, and hold only known types."""
    members = [each for group in SPORT_GROUPS.values() for each in group]
    assert len(members) == len(set(members))
    assert set(members) <= set(SPORT_TYPES)


def test_an_unknown_sport_is_refused_with_the_choices() -> None:
    """The message shows the name, cut short, and what could be used instead."""
    with pytest.raises(
        InvalidInput, match=r"unsupported sport 'q{40}'; use ANY, one of EBIKE, .*TrailRun"
    ) as refused:
        SportSelection.parse(["RIDE", "q" * 99])
    assert (refused.value.code, refused.value.field) == ("unsupported_sport", "sport")


def test_no_sport_at_all_is_refused() -> None:
    """A selection names at least one sport; `Goal.check` says how many it may name at most."""
    with pytest.raises(InvalidInput, match="names at least one sport") as refused:
        SportSelection.parse([])
    assert refused.value.code == "sport_required"
