"""Breaks made by rule: comparisons, sums, constants and choices of the modules of goals, turned over.

What no test can tell from the code stands in `EQUIVALENT` with the reason.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy

from mutants.mutant import SOURCES, Mutant

MODULES = {
    "folds": ("tests/training/test_folds.py",),
    "local_time": ("tests/training/test_folds.py", "tests/training/test_recurring_goals.py"),
    "recurrence": ("tests/training/test_recurring_goals.py",),
    "tallies": ("tests/training/test_folds.py", "tests/training/test_tracking.py"),
    "goals": (
        "tests/training/test_folds.py",
        "tests/training/test_goals.py",
        "tests/training/test_recurring_goals.py",
    ),
}
"""Modules of `commitcollect_core.training`, and the tests that have to see their breaks."""

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_CALCULATED: dict[type[ast.operator], type[ast.operator]] = {ast.Add: ast.Sub, ast.Sub: ast.Add}
_CALLED = {"min": "max", "max": "min", "any": "all", "all": "any"}

EQUIVALENT = {
    "folds: after >= best -> after > best in if after >= best:": "as good as the best changes nothing",
    (
        "tallies: (gained := goal.parts_earned(progress.current_value) - len(crossings)) > 0 -> "
        "(gained := (goal.parts_earned(progress.current_value) - len(crossings))) >= 0 in "
        "if (gained := goal.parts_earned(progress.current_value) - len(crossings)) > 0:"
    ): "no crossing is added none times",
    "folds: 0 -> 1 in best = self.sums.get(WHOLE_PERIOD, 0)": "the first workout counts at least 1",
    (
        "local_time: midnight + timedelta(days=each) -> midnight - timedelta(days=each) in nearby = "
        "{self.offset_seconds(midnight + timedelta(days=each)) for each in (-1, 0, 1)}"
    ): "the days around are the same either way",
    (
        "local_time: 0 -> 1 in nearby = {self.offset_seconds(midnight + timedelta(days=each)) for "
        "each in (-1, 0, 1)}"
    ): "no place changes its clocks twice within two days",
    (
        "local_time: 1 -> 2 in nearby = {self.offset_seconds(midnight + timedelta(days=each)) for "
        "each in (-1, 0, 1)}"
    ): "no place changes its clocks twice within three days",
    (
        "local_time: 1 -> 2 in nearby = {self.offset_seconds(midnight + timedelta(days=each)) for "
        "each in (-1, 0, 1)} #2"
    ): "no place changes its clocks twice within three days",
    "local_time: 1 -> 2 in second = timedelta(seconds=1)": "clocks change by whole minutes",
    (
        "recurrence: number > self.opened[0] -> number >= self.opened[0] in return len(self.opened) <"
        " periods_kept_max or number > self.opened[0]"
    ): "a period that was opened is not due, as said before",
    (
        "tallies: True -> False in for aim, share, old, new in zip(goal.aims, goal.shares(workout), "
        "before, after, strict=True):"
    ): "each of them has one for every aim",
    (
        "goals: True -> False in shares = zip(self.shares(before), self.shares(after), strict=True)"
    ): "both have one for every aim",
    (
        "goals: True -> False in for old, new in zip(self.shares(before), self.shares(after), strict=True):"
    ): "both have one for every aim",
    (
        "goals: True -> False in values = [each.fold.value(counter.sums) for each, counter in "
        "zip(self.aims, counters, strict=True)]"
    ): "there is a counter for every aim",
    (
        "tallies: 0 -> 1 in bucket_value=new.sums.get(share.bucket, 0),"
    ): "a workout that counts leaves something in its bucket",
}
"""The name of a break, and why it makes no difference."""


def _broken(node: ast.AST) -> Iterator[ast.AST]:
    """The ways in which one node is turned over."""
    changed = deepcopy(node)
    match changed:
        case ast.Compare(ops=[operator]) if type(operator) in _COMPARED:
            changed.ops = [_COMPARED[type(operator)]()]
        case ast.BinOp(op=operator) if type(operator) in _CALCULATED:
            changed.op = _CALCULATED[type(operator)]()
        case ast.BoolOp():
            changed.op = ast.Or() if isinstance(changed.op, ast.And) else ast.And()
        case ast.UnaryOp(op=ast.Not()):
            yield changed.operand
            return
        case ast.Call(func=ast.Name(id=name)) if name in _CALLED:
            changed.func = ast.Name(_CALLED[name])
        case ast.IfExp():
            changed.body, changed.orelse = changed.orelse, changed.body
        case ast.Constant(value=int(value)) if not isinstance(value, bool):
            changed.value = value + 1
        case ast.Constant(value=bool(value)):
            changed.value = not value
        case _:
            return
    yield changed


def _skipped(tree: ast.Module) -> set[ast.AST]:
    """Messages, annotations, decorators, constants and checks: no fold is worked out there."""
    found = {each for node in tree.body if isinstance(node, ast.Assign) for each in ast.walk(node)}
    for node in ast.walk(tree):
        parts: list[ast.AST] = []
        is_check = isinstance(node, ast.FunctionDef) and node.name.lstrip("_").startswith("check")
        if is_check or isinstance(node, ast.Raise | ast.JoinedStr):
            parts = [node]
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            parts = list(node.decorator_list)
        elif isinstance(node, ast.AnnAssign):
            parts = [node.annotation]
        for part in parts:
            found |= set(ast.walk(part))
    return found


def _context(lines: list[str], first: int, last: int) -> tuple[int, str]:
    """Whole lines around a place, as few as occur only once; where they begin."""
    text = "".join(lines)
    while True:
        part = "".join(lines[first:last])
        if text.count(part) == 1:
            return first, part
        first -= 1


def _segment(lines: list[str], node: ast.expr) -> str:
    """What `ast.get_source_segment` finds, without splitting the whole module again for each node."""
    last = node.end_lineno or node.lineno
    text = "".join(lines[node.lineno - 1 : last])
    return text[node.col_offset : len(text) - len(lines[last - 1]) + (node.end_col_offset or 0)]


def _mutants(module: str, tests: tuple[str, ...]) -> Iterator[Mutant]:
    file = f"commitcollect_core/training/{module}.py"
    text = (SOURCES / file).read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    tree = ast.parse(text)
    seen: Counter[str] = Counter()
    skipped = _skipped(tree)
    for node in ast.walk(tree):
        if node in skipped or not isinstance(node, ast.expr):
            continue
        for broken in _broken(node):
            segment = _segment(lines, node)
            first, old = _context(lines, node.lineno - 1, node.end_lineno or node.lineno)
            # Columns count bytes; these modules are plain ASCII in code, and messages are skipped.
            line = lines[node.lineno - 1].strip()
            place = len("".join(lines[first : node.lineno - 1])) + node.col_offset
            new = f"{old[:place]}({ast.unparse(broken)}){old[place + len(segment) :]}"
            name = f"{module}: {segment} -> {ast.unparse(broken)} in {line}"
            seen[name] += 1
            name += "" if seen[name] == 1 else f" #{seen[name]}"
            yield Mutant(
                name=name,
                file=file,
                old=old,
                new=new,
                law="goals are what their tests say",
                tests=tests,
                equivalent=EQUIVALENT.get(name, ""),
                is_by_rule=True,
            )


MUTANTS: tuple[Mutant, ...] = tuple(
    each for module, tests in MODULES.items() for each in _mutants(module, tests)
)
