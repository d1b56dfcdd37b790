"""Amounts as people read them, in the units that a goal was given in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_UP, Decimal

from commitcollect_adapters.wording.durations import CLOCK, FORMS, LETTERS
from commitcollect_adapters.wording.units import (
    DURATION_UNITS,
    IMPERIAL,
    IMPERIAL_UNITS,
    METRIC,
    SYSTEM_UNITS,
    Kind,
    kind_of_target,
    whole,
    with_unit,
)
from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import Policy
from commitcollect_core.training.folds import LongestRun, ReachedBuckets
from commitcollect_core.training.goals import Aim
from commitcollect_core.values import TargetType

_system = ContextVar("units", default=METRIC)
_is_fixed = ContextVar("units fixed", default=False)
_length = ContextVar("lengths", default="")
_duration = ContextVar("durations", default="")
_targets: ContextVar[frozenset[tuple[TargetType, int]]] = ContextVar("targets", default=frozenset())


def show_in(system: str, *, is_fixed: bool = False) -> None:
    """Show amounts in metric or imperial units from now on.

    Other threads keep theirs.

    Args:
        system: which of the two.
        is_fixed: whether it takes precedence over the unit that a target was given in.
    """
    _system.set(system)
    _is_fixed.set(is_fixed)


@contextmanager
def shown_as_given(unit: str, aims: Iterable[Aim]) -> Iterator[None]:
    """Show the amounts of a goal as its targets were given.

    Args:
        unit: as `units_given` says it. Where it has no unit of time, durations are written in several units
            if one would round a target; where it has none of length, the system stays as it is.
        aims: those of the goal.
    """
    words = unit.split()
    targets = frozenset((each.target_type, _asked(each)) for each in aims)
    is_rough = any(_is_rough(kind_of_target(target_type), amount) for target_type, amount in targets)
    system = next((each for each in words if each in SYSTEM_UNITS), None)
    duration = next((each for each in words if each in {CLOCK, LETTERS, *DURATION_UNITS}), None)
    before = _system.get(), _duration.get(), _targets.get(), _length.get()
    if system is not None and not _is_fixed.get():
        _system.set(IMPERIAL if system in IMPERIAL_UNITS else METRIC)
    _length.set(system or "")
    _duration.set(duration or (LETTERS if is_rough else ""))
    _targets.set(targets)
    try:
        yield
    finally:
        _system.set(before[0])
        _duration.set(before[1])
        _targets.set(before[2])
        _length.set(before[3])


def _asked(aim: Aim) -> int:
    """What an aim asks for: in all, or of each bucket."""
    return aim.fold.minimum if isinstance(aim.fold, ReachedBuckets | LongestRun) else aim.total_target


def _kind(of: Kind | TargetType) -> Kind:
    return of if isinstance(of, Kind) else kind_of_target(of)


def show_amount(of: Kind | TargetType, value: int) -> str:
    """An amount for people, such as ``1,234.5 km`` or ``52 activities``."""
    kind = _kind(of)
    if (form := _form(kind)) is not None:
        return form(value)
    if value in _targets_of(kind):
        # Rounded down, a target that is reached would look as if something were missing.
        return _target(kind, value)
    unit, digits = _unit_for(kind, value)
    number = _number(kind, value, unit, digits)
    is_rounded = Decimal(value) * 10 % kind.units[unit] != 0
    if kind.name == "distance" and digits and is_rounded and value < kind.units[unit] * 100:
        # One digit would make a marathon one of 42.1 km.
        number = _number(kind, value, unit, 2, ROUND_HALF_EVEN)
    return with_unit(number, unit)


def show_needed(of: Kind | TargetType, value: int) -> str:
    """An amount needed: rounded up, so that what is shown suffices."""
    kind = _kind(of)
    if (form := _form(kind)) is not None:
        return form(value)
    unit, digits = _unit_for(kind, value)
    number = _number(kind, value, unit, digits, ROUND_UP)
    shown = whole(Decimal(number.replace(",", "")), kind.units[unit])
    # The target suffices, and nothing beyond it is needed.
    enough = [each for each in _targets_of(kind) if value <= each <= shown]
    return _target(kind, min(enough)) if enough else with_unit(number, unit)


def _targets_of(kind: Kind) -> Iterable[int]:
    """What the goal that is shown asks for, of this kind."""
    return [amount for target_type, amount in _targets.get() if kind_of_target(target_type) == kind]


def show_target(of: Kind | TargetType, value: int) -> str:
    """A target for people, as ``1,000 km`` or ``8,848 m of climbing``."""
    kind = _kind(of)
    return _target(kind, value) + kind.target_suffix


def show_progress(of: Kind | TargetType, value: int, target: int) -> str:
    """How much of a target is reached: ``675.1 of 10,000 km``."""
    kind = _kind(of)
    if (form := _target_form(kind, target)) is not None:
        return f"{form(value)} of {form(target)}"
    unit, digits = _target_unit(kind, target)
    if value < target:
        return f"{_number(kind, value, unit, digits)} of {_target(kind, target)}"
    # As the target itself: a whole that is rounded down would look as if something were missing.
    asked = _target_number(kind, target, unit, digits)
    digits = max(digits, len(asked.partition(".")[2]))
    done = _number(kind, value, unit, digits, ROUND_HALF_EVEN)
    if value == target and unit in IMPERIAL_UNITS:
        # Whole metres are not the figure that they were made of: 305 m are 1,001 ft, and 1,000 were asked.
        done = f"{Decimal(asked.replace(',', '')):,.{digits}f}"
    return f"{done} of {_target(kind, target)}"


def _form(kind: Kind) -> Callable[[int], str] | None:
    """Writes a duration in several units; None where one is enough."""
    return FORMS.get(_duration.get()) if kind.name == "time" else None


def _target_form(kind: Kind, target: int) -> Callable[[int], str] | None:
    """As `_form`; also for a rough target in no given unit."""
    return FORMS[LETTERS] if not _duration.get() and _is_rough(kind, target) else _form(kind)


def _is_rough(kind: Kind, target: int) -> bool:
    """Whether a duration is rounded where it is shown in one unit."""
    shown = next((each for each in kind.shown if target >= kind.units[each[0]]), kind.shown[-1])
    return kind.name == "time" and target * 10 ** shown[1] % kind.units[shown[0]] != 0


def _target(kind: Kind, value: int) -> str:
    if (form := _target_form(kind, value)) is not None:
        return form(value)
    unit, digits = _target_unit(kind, value)
    return with_unit(_target_number(kind, value, unit, digits), unit)


def _target_number(kind: Kind, value: int, unit: str, digits: int) -> str:
    if _given_unit(kind) is not None:
        return _number(kind, value, unit, _digits_of(value, kind.units[unit]), ROUND_HALF_EVEN)
    if unit in IMPERIAL_UNITS:
        return f"{_as_typed(value, kind.units[unit]).normalize():,f}"
    number = _number(kind, value, unit, kind.target_digits if digits else 0)
    return number.rstrip("0").rstrip(".") if "." in number else number


def _as_typed(meters: int, unit: Decimal) -> Decimal:
    """The roundest figure that is read as the same metres.

    One of 100 miles is stored as 160,934 m and one of 1,000 ft as 305 m: a little less, a little more.
    """
    exact = Decimal(meters) / unit
    for exponent in range(exact.adjusted() + 1, exact.adjusted() - _ROUND_DIGITS, -1):
        for step in (Decimal(1).scaleb(exponent), Decimal(5).scaleb(exponent - 1)):
            number = (exact / step).to_integral_value(ROUND_HALF_EVEN) * step
            if whole(number, unit) == meters:
                return number
    return round(exact, _digits_of(meters, unit))


_ROUND_DIGITS = 3
"""The digits of a round figure.

With more, every third one in feet would be taken for one of tens: Mount Everest has 29,029 ft and not 29,030.
"""


def _digits_of(value: int, unit: Decimal) -> int:
    """The fewest digits that are read as the same whole value."""
    # One of 1.234 h is stored as 4,442 s: a little less. Four digits are finer than a second or a metre.
    numbers = (round(Decimal(value) / unit, digits) for digits in range(_DIGITS_MAX))
    found = (digits for digits, number in enumerate(numbers) if whole(number, unit) == value)
    return next(found, _DIGITS_MAX)


_DIGITS_MAX = 4


def _target_unit(kind: Kind, value: int) -> tuple[str, int]:
    """The unit of a target: the one given where it is of duration, of miles or of feet."""
    return _given_unit(kind) or _given_length(kind, value) or _unit_for(kind, value)


def _given_length(kind: Kind, value: int) -> tuple[str, int] | None:
    """The unit of miles and feet that lengths were given in, with the digits of progress."""
    unit = _length.get()
    shown = dict(kind.imperial)
    if _system.get() != IMPERIAL or unit not in shown:
        return None
    if shown[unit]:
        # One digit would be a fifth of half a mile.
        return unit, shown[unit] + (value < whole(Decimal(1), kind.units[unit]))
    # Feet of climbing say nothing of a distance beside it.
    others = [each for each in map(kind_of_target, dict(_targets.get())) if each != kind]
    return None if any(unit in each.units for each in others) else (unit, 0)


def _given_unit(kind: Kind) -> tuple[str, int] | None:
    """The unit durations were given in, with the digits of their targets."""
    unit = _duration.get()
    if kind.name != "time" or unit not in kind.units:
        return None
    targets = [_digits_of(each, kind.units[unit]) for each in _targets_of(kind)]
    return unit, max([dict(kind.shown)[unit], *targets])


def _unit_for(kind: Kind, value: int) -> tuple[str, int]:
    """The largest unit an amount has one of; none above the given."""
    shown = kind.imperial if kind.imperial and _system.get() == IMPERIAL else kind.shown
    if (given := _given_unit(kind)) is not None:
        unit, digits = given
        if _is_below_one(kind, unit) and value * 10**digits >= kind.units[unit]:
            return given
        shown = (given, *shown[[each for each, _ in shown].index(unit) + 1 :])
    fitting = (each for each in shown if value >= kind.units[each[0]])
    return next(fitting, shown[-1] if value else shown[0])


def _is_below_one(kind: Kind, unit: str) -> bool:
    """Whether a target is less than one of its unit, as ``0.5h``."""
    return any(each < kind.units[unit] for each in _targets_of(kind))


def _number(kind: Kind, value: int, unit: str, digits: int, rounding: str = ROUND_DOWN) -> str:
    # Down unless said otherwise: what is not reached yet must not look as if it were.
    exact = Decimal(value) / kind.units[unit]
    return f"{exact.quantize(Decimal(1).scaleb(-digits), rounding):,}"


def check_target(of: Kind | TargetType, total: int, policy: Policy) -> None:
    """Refuse a target that is larger than the policy allows.

    The refusal tells both in units that people know.

    Raises:
        InvalidInput: it is larger.
    """
    most = policy.training.total_target_max
    if total > most:
        raise InvalidInput(
            f"a target of {show_target(of, total)} is more than {show_target(of, most)}, "
            "the total_target_max of the policy",
            field="target",
        )
