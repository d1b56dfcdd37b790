"""How hard the tests try: the one place for the sizes of property tests and of campaigns.

HYPOTHESIS_PROFILE names a level: `fast` while working, `ci` for every change, `again` for what runs once more
there, `mutants` to see deliberate breaks fail, `deep` for the night.
Every law is looked at on every level and on every technology; what differs is how often.
"""

from __future__ import annotations

import os
from typing import Any

from attrs import evolve, frozen
from hypothesis import HealthCheck, Phase, settings


@frozen(kw_only=True)
class Thoroughness:
    """Numbers of tries.

    Attributes:
        examples: of a property test.
        examples_in_memory: of a store that keeps values as they are.
        examples_on_dynoxide, examples_on_ministack: where each example is a dozen requests.
        machine_runs: of a state machine on files and in memory, of `machine_steps` each.
        machine_steps_on_engines: on DynamoDB, with as many runs as there are examples on the engine.
        campaigns: seeds of a campaign in which everything goes wrong.
        kill_stride, kill_stride_on_engines: a process is killed at every so many-th side of a store call;
            odd, to meet both sides.
        history_stride, history_stride_on_engines: of a real history every so many-th event comes, on a file
            and there.
        long_history: workouts stored where reads must cost what they do in a short one.
        audit_edits: changes of a long audit history, each of which has to be found.
    """

    examples: int
    examples_in_memory: int
    examples_on_dynoxide: int
    examples_on_ministack: int
    machine_runs: int
    machine_steps: int
    machine_steps_on_engines: int
    campaigns: int
    kill_stride: int
    kill_stride_on_engines: int
    history_stride: int
    history_stride_on_engines: int
    long_history: int
    audit_edits: int


LEVELS = {
    "fast": Thoroughness(
        examples=40,
        examples_in_memory=20,
        examples_on_dynoxide=10,
        examples_on_ministack=5,
        machine_runs=20,
        machine_steps=30,
        machine_steps_on_engines=12,
        campaigns=4,
        kill_stride=5,
        kill_stride_on_engines=15,
        history_stride=4,
        history_stride_on_engines=12,
        long_history=4_000,
        audit_edits=50,
    ),
    "ci": Thoroughness(
        examples=100,
        examples_in_memory=25,
        examples_on_dynoxide=15,
        examples_on_ministack=8,
        machine_runs=30,
        machine_steps=50,
        machine_steps_on_engines=12,
        campaigns=10,
        kill_stride=3,
        kill_stride_on_engines=7,
        history_stride=4,
        history_stride_on_engines=12,
        long_history=4_000,
        audit_edits=70,
    ),
    "deep": Thoroughness(
        examples=3_000,
        examples_in_memory=500,
        examples_on_dynoxide=400,
        examples_on_ministack=200,
        machine_runs=3_000,
        machine_steps=50,
        machine_steps_on_engines=25,
        campaigns=2_000,
        kill_stride=1,
        kill_stride_on_engines=1,
        history_stride=1,
        history_stride_on_engines=1,
        long_history=20_000,
        audit_edits=5_000,
    ),
}
LEVELS["again"] = evolve(LEVELS["fast"], examples=20, kill_stride=9)
LEVELS["mutants"] = LEVELS["ci"]  # what CI would not see is a survivor
NAME = os.environ.get("HYPOTHESIS_PROFILE", "fast")
LEVEL = LEVELS[NAME]

_EVERYWHERE: dict[str, Any] = {
    "deadline": None,  # machines differ
    "print_blob": True,
    "suppress_health_check": [HealthCheck.too_slow],
}
# Explaining which parts of an example matter takes minutes where finding it takes seconds; `deep` does it.
# Of a mutant it is enough that it fails, so no example is made smaller.
_LEFT_OUT = {"deep": set[Phase](), "mutants": {Phase.explain, Phase.shrink}}.get(NAME, {Phase.explain})
_PHASES = tuple(phase for phase in Phase if phase not in _LEFT_OUT)


def load_profile() -> None:
    """Make this level the default of every property test; no test sets its own number of examples."""
    settings.register_profile(
        "commitcollect",
        max_examples=LEVEL.examples,
        stateful_step_count=LEVEL.machine_steps,
        # The same examples at every run of the same code: a change is judged, not luck. Others are found by
        # `fast` and `deep`.
        derandomize=NAME in {"again", "ci", "mutants"},
        phases=_PHASES,
        **_EVERYWHERE,
    )
    settings.load_profile("commitcollect")
