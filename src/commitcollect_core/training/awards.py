"""Statues, their parts, and the awards that copy from them.

Law 4: the awards of a milestone are exactly its parts 1..n, each minted once, immutable, carrying a copy of
the part as it was when it was earned. A catalogue may change; what an athlete earned does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from attrs import Attribute, field, frozen
from attrs.validators import optional

from commitcollect_core.errors import InvalidInput
from commitcollect_core.training.workouts import Workout
from commitcollect_core.values import (
    MilestoneId,
    ModelId,
    WorkoutKey,
    check_flag,
    check_id,
    check_key,
    check_text,
    check_whole,
    items,
    require_kind,
    shown,
    utc,
)

PART_INDEX_MAX = 99
"""Part numbers have two digits wherever they are written."""
_SHA256_DIGITS = 64
_HEXADECIMAL = frozenset("0123456789abcdef")


def check_sha256(_owner: object, attribute: Attribute[str | None], digest: str | None) -> None:
    """Validate an optional SHA-256 digest in hexadecimal."""
    if digest is None:
        return
    is_digest = type(digest) is str and len(digest) == _SHA256_DIGITS and set(digest) <= _HEXADECIMAL
    if not is_digest:
        raise InvalidInput(
            f"{shown(digest)} is not a SHA-256 digest of {_SHA256_DIGITS} hexadecimal digits",
            field=attribute.name,
        )


@frozen(kw_only=True)
class ModelPart:
    """One printable part of a statue model.

    Attributes:
        part_index: 1-based; also the order in which parts are earned.
        mesh_file: file name of the part's 3D mesh.
        attach_point: where on the statue the part belongs.
        mesh_sha256: digest of the part's STL file; None for parts without a published mesh.
    """

    part_index: int = field(validator=check_whole)
    part_name: str = field(validator=check_text)
    mesh_file: str = field(validator=check_text)
    attach_point: str = field(validator=check_text)
    mesh_sha256: str | None = field(default=None, validator=check_sha256)


def _parts(given: Iterable[ModelPart]) -> tuple[ModelPart, ...]:
    return items(given, "parts")


def _check_parts(_model: StatueModel, _attribute: object, parts: tuple[ModelPart, ...]) -> None:
    for part in parts:
        require_kind(part, ModelPart, "parts")
    limit = PART_INDEX_MAX
    if not 1 <= len(parts) <= limit or [part.part_index for part in parts] != list(range(1, len(parts) + 1)):
        raise InvalidInput(
            f"a statue model has parts numbered 1 to n in order, with n at most {limit}", field="parts"
        )


@frozen(kw_only=True)
class StatueModel:
    """The static definition of a statue.

    Awards copy from it and never refer back.
    """

    model_id: ModelId = field(validator=check_id)
    name: str = field(validator=check_text)
    year: int | None = field(default=None, validator=optional(check_whole))
    is_active: bool = field(default=True, validator=check_flag)
    parts: tuple[ModelPart, ...] = field(converter=_parts, validator=_check_parts)

    @property
    def parts_total(self) -> int:
        """How many parts make the statue."""
        return len(self.parts)


@frozen(kw_only=True)
class Crossing:
    """A workout carried progress over one or more thresholds.

    Attributes:
        key: the workout.
        earned_at: when that workout ended.
        progress_value: the milestone's progress right after it.
    """

    key: WorkoutKey = field(validator=check_key)
    earned_at: datetime = field(converter=utc)
    progress_value: int = field(validator=check_whole)

    @classmethod
    def by(cls, workout: Workout, progress_value: int) -> Crossing:
        """The record of `workout` having carried a milestone to `progress_value`."""
        return cls(key=workout.key, earned_at=workout.snapshot.ended_at, progress_value=progress_value)


@frozen(kw_only=True)
class Award:
    """The ledger's entry for one earned part. Written once, never changed.

    Attributes:
        awarded_at: when the entry was decided.
        earned_at: when the workout ended that crossed the threshold.
        workout: the workout that crossed the threshold.
        mesh_sha256: digest of the STL file as it was when the part was earned; see `ModelPart`.
    """

    milestone_id: MilestoneId = field(validator=check_id)
    model_id: ModelId = field(validator=check_id)
    part_index: int = field(validator=check_whole)
    part_name: str = field(validator=check_text)
    mesh_file: str = field(validator=check_text)
    attach_point: str = field(validator=check_text)
    progress_value_at_award: int = field(validator=check_whole)
    awarded_at: datetime = field(converter=utc)
    earned_at: datetime = field(converter=utc)
    workout: WorkoutKey = field(validator=check_key)
    mesh_sha256: str | None = field(default=None, validator=check_sha256)


def mint(
    model: StatueModel, milestone_id: MilestoneId, part_index: int, crossing: Crossing, *, now: datetime
) -> Award:
    """Award part `part_index` of `model` for the workout that crossed its threshold."""
    part = model.parts[part_index - 1]
    return Award(
        milestone_id=milestone_id,
        model_id=model.model_id,
        part_index=part.part_index,
        part_name=part.part_name,
        mesh_file=part.mesh_file,
        attach_point=part.attach_point,
        progress_value_at_award=crossing.progress_value,
        awarded_at=now,
        earned_at=crossing.earned_at,
        workout=crossing.key,
        mesh_sha256=part.mesh_sha256,
    )
