"""The way of a statue model into a catalogue."""

from __future__ import annotations

import itertools

import pytest
from attrs import evolve

from commitcollect_adapters.testing.samples import HERON
from commitcollect_core.errors import Conflict, InvalidInput
from commitcollect_core.training.awards import ModelPart
from commitcollect_core.training.publications import Publication, Stage, draft

STEPS = {
    (Stage.DRAFT, Stage.CHECKED),
    (Stage.CHECKED, Stage.PUBLISHED),
    (Stage.PUBLISHED, Stage.RETIRED),
    (Stage.RETIRED, Stage.PUBLISHED),
}


@pytest.mark.parametrize(("start", "end"), list(itertools.product(Stage, Stage)))
def test_a_model_moves_one_step_at_a_time(start: Stage, end: Stage) -> None:
    """Each step is a new version; every other is refused, and says where the model stands."""
    entry = Publication(model=HERON, stage=start, version=4)
    if (start, end) in STEPS:
        assert entry.moved_to(end) == Publication(model=HERON, stage=end, version=5)
    else:
        with pytest.raises(Conflict, match=f"is {start.value}; it cannot become {end.value}") as refused:
            entry.moved_to(end)
        assert refused.value.code == "wrong_stage"


@pytest.mark.parametrize("stage", list(Stage))
def test_only_a_published_model_is_active(stage: Stage) -> None:
    """Whatever the model said of itself."""
    assert Publication(model=HERON, stage=stage).model.is_active is (stage is Stage.PUBLISHED)


@pytest.mark.parametrize("stage", [Stage.DRAFT, Stage.CHECKED])
def test_a_draft_is_replaced_by_a_draft(stage: Stage) -> None:
    """With other parts, and not checked any more."""
    other = evolve(HERON, parts=HERON.parts[:1])
    new = draft(other, Publication(model=HERON, stage=stage, version=3))
    assert (new.model.parts, new.stage, new.version) == (other.parts, Stage.DRAFT, 4)


@pytest.mark.parametrize("stage", [Stage.PUBLISHED, Stage.RETIRED])
def test_a_published_model_is_never_a_draft_again(stage: Stage) -> None:
    """Not even with the same parts: milestones were promised it."""
    with pytest.raises(Conflict) as refused:
        draft(HERON, Publication(model=HERON, stage=stage))
    assert refused.value.code == "model_exists"


@pytest.mark.parametrize("digest", ["", "0" * 63, "0" * 65, "G" * 64, "A" * 64, "0" * 63 + "\n"])
def test_a_digest_is_64_hexadecimal_digits(digest: str) -> None:
    """Anything else is refused by name."""
    with pytest.raises(InvalidInput, match="not a SHA-256 digest") as refused:
        ModelPart(part_index=1, part_name="p", mesh_file="p.stl", attach_point="a", mesh_sha256=digest)
    assert refused.value.field == "mesh_sha256"


def test_a_model_keeps_the_geometry_it_was_published_with() -> None:
    """Retired and offered again; another geometry is refused as other parts are."""
    published = Publication(model=HERON, stage=Stage.CHECKED).moved_to(Stage.PUBLISHED, "0" * 64)
    retired = published.moved_to(Stage.RETIRED)
    assert published.geometry_sha256 == retired.geometry_sha256 == "0" * 64
    retired.check_follows(published)
    with pytest.raises(Conflict) as refused:
        retired.moved_to(Stage.PUBLISHED, "1" * 64).check_follows(retired)
    assert refused.value.code == "model_exists"
