"""Publishing a statue model: draft, checked, published, retired.

Milestones rely on the parts of a published model, so these never change again; a redesign is a model with
another id. Every step is a new version (optimistic locking): a late writer is refused.
"""

from __future__ import annotations

from enum import Enum

from attrs import evolve, field, frozen

from commitcollect_core.errors import Conflict
from commitcollect_core.training.awards import StatueModel, check_sha256

GEOMETRY_BYTES_MAX = 64_000_000
"""Of one model; no store reads more."""


class Stage(Enum):
    """How far a model has come."""

    DRAFT = "DRAFT"
    CHECKED = "CHECKED"
    PUBLISHED = "PUBLISHED"
    RETIRED = "RETIRED"


OFFERED = frozenset({Stage.PUBLISHED, Stage.RETIRED})
"""The stages that a catalogue lists: milestones on a retired model go on, new ones are refused."""


@frozen(kw_only=True)
class Publication:
    """A model in a store's catalogue.

    Attributes:
        version: 1 for the first that is stored, and one more with each change.
        geometry_sha256: the digest of the geometry it was published with; None before, and for a model that
            an older CommitCollect published.
    """

    model: StatueModel
    stage: Stage
    version: int = field(default=1)
    geometry_sha256: str | None = field(default=None, validator=check_sha256)

    def __attrs_post_init__(self) -> None:
        """Keep what the model says of itself in step with its stage."""
        is_active = self.stage is Stage.PUBLISHED
        if self.model.is_active is not is_active:
            object.__setattr__(self, "model", evolve(self.model, is_active=is_active))

    @property
    def is_fixed(self) -> bool:
        """Whether milestones may rely on the parts."""
        return self.stage in OFFERED

    def check_follows(self, stored: Publication | None) -> None:
        """Refuse to replace parts that milestones rely on, or their geometry.

        Raises:
            Conflict: the stored model is published with others (``model_exists``).
        """
        if stored is not None and stored.is_fixed and not self._keeps(stored):
            raise Conflict(
                f"the statue model {self.model.model_id} is published, and its parts are fixed; "
                "publish the new ones under another id",
                code="model_exists",
            )

    def _keeps(self, stored: Publication) -> bool:
        fixed = (self.model.parts, self.geometry_sha256)
        return self.is_fixed and fixed == (stored.model.parts, stored.geometry_sha256)

    def moved_to(self, stage: Stage, geometry_sha256: str | None = None) -> Publication:
        """The next version at another stage.

        Args:
            stage: the next stage.
            geometry_sha256: the geometry to publish with; None keeps what there is.

        Raises:
            Conflict: no step leads there from here (``wrong_stage``).
        """
        if stage not in _STEPS[self.stage]:
            raise Conflict(
                f"the statue model {self.model.model_id} is {self.stage.value}; "
                f"it cannot become {stage.value}",
                code="wrong_stage",
            )
        kept = geometry_sha256 or self.geometry_sha256
        return evolve(self, stage=stage, version=self.version + 1, geometry_sha256=kept)


_STEPS = {
    Stage.DRAFT: {Stage.CHECKED},
    Stage.CHECKED: {Stage.PUBLISHED},
    Stage.PUBLISHED: {Stage.RETIRED},
    Stage.RETIRED: {Stage.PUBLISHED},
}


def draft(model: StatueModel, stored: Publication | None) -> Publication:
    """A new draft, or one that replaces another draft.

    Raises:
        Conflict: the model is published already (``model_exists``).
    """
    new = Publication(model=model, stage=Stage.DRAFT, version=1 if stored is None else stored.version + 1)
    new.check_follows(stored)
    return new
