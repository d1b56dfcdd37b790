"""Published statue models in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from threading import Lock

from commitcollect_adapters import conflicts
from commitcollect_core.training.awards import StatueModel
from commitcollect_core.values import ModelId


class MemoryCatalog:
    """Implements `StatueStore`."""

    def __init__(self, models: Iterable[StatueModel] = ()) -> None:
        self._models = {model.model_id: model for model in models}
        self._lock = Lock()

    def model(self, model_id: ModelId) -> StatueModel | None:
        return self._models.get(model_id)

    def models(self) -> Sequence[StatueModel]:
        with self._lock:
            return tuple(self._models[each] for each in sorted(self._models))

    def publish(self, model: StatueModel) -> None:
        with self._lock:
            # Parts never change, since milestones were promised them.
            conflicts.check_replaces(self._models.get(model.model_id), model)
            self._models[model.model_id] = model
