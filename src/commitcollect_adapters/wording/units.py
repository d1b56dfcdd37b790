"""Units people write and read, and the whole units of target types."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_UP, Decimal

from attrs import frozen

from commitcollect_adapters.wording.durations import (
    AMOUNT_CHARS_MAX,
    CLOCK,
    FORMS,
    LETTERS,
    seconds_of,
    shortened,
)
from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import DEFAULT_POLICY, Policy
from commitcollect_core.training.folds import LongestRun, ReachedBuckets
from commitcollect_core.training.goals import Aim, most_of_one
from commitcollect_core.values import TargetType


@frozen
class Kind:
    """A kind of target as people name it.

    Attributes:
        name: the word before the ``=``.
        units: unit name -> how much of the target type's unit it is; the first is the default.
        shown: the units amounts are shown in, large to small, each with the digits behind the point.
        imperial: the same for people who measure in miles and feet; those of `shown` where there are none.
        target_digits: the most digits behind the point of a target.
        target_suffix: completes a target in a headline.
    """

    name: str
    target_type: TargetType
    units: Mapping[str, Decimal]
    shown: tuple[tuple[str, int], ...]
    imperial: tuple[tuple[str, int], ...] = ()
    target_digits: int = 0
    target_suffix: str = ""


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "distance",
            TargetType.DISTANCE_METERS,
            {"km": Decimal(1000), "m": Decimal(1), "mi": Decimal("1609.344"), "ft": Decimal("0.3048")},
            (("km", 1), ("m", 0)),
            (("mi", 1), ("ft", 0)),
            target_digits=3,
        ),
        Kind(
            "elevation",
            TargetType.ELEVATION_METERS,
            {"m": Decimal(1), "ft": Decimal("0.3048")},
            (("m", 0),),
            (("ft", 0),),
            target_suffix=" of climbing",
        ),
        Kind(
            "time",
            TargetType.MOVING_TIME_SECONDS,
            {"h": Decimal(3600), "min": Decimal(60), "s": Decimal(1)},
            (("h", 1), ("min", 0), ("s", 0)),
            target_digits=3,
        ),
        Kind("count", TargetType.ACTIVITY_COUNT, {"": Decimal(1)}, (("", 0),)),
    )
}
METRIC, IMPERIAL = "metric", "imperial"
_system = ContextVar("units", default=METRIC)
_is_fixed = ContextVar("units fixed", default=False)
_duration = ContextVar("durations", default="")
_targets: ContextVar[frozenset[tuple[TargetType, int]]] = ContextVar("targets", default=frozenset())
_IMPERIAL_UNITS = frozenset({"mi", "ft"})
_SYSTEM_UNITS = frozenset({"km", "m", *_IMPERIAL_UNITS})
_DURATION_UNITS = ("h", "min", "s")


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
    is_rough = any(_is_rough(_BY_TARGET_TYPE[target_type], amount) for target_type, amount in targets)
    system = next((each for each in words if each in _SYSTEM_UNITS), None)
    duration = next((each for each in words if each in {CLOCK, LETTERS, *_DURATION_UNITS}), None)
    before = _system.get(), _duration.get(), _targets.get()
    if system is not None and not _is_fixed.get():
        _system.set(IMPERIAL if system in _IMPERIAL_UNITS else METRIC)
    _duration.set(duration or (LETTERS if is_rough else ""))
    _targets.set(targets)
    try:
        yield
    finally:
        _system.set(before[0])
        _duration.set(before[1])
        _targets.set(before[2])


def _asked(aim: Aim) -> int:
    """What an aim asks for: in all, or of each bucket."""
    return aim.fold.minimum if isinstance(aim.fold, ReachedBuckets | LongestRun) else aim.total_target


_SPORTS = re.compile(r":(?!\s*[0-9])")
"""A colon before a digit is a clock's, as in ``time=3:59:12``; no sport begins with one."""


def split_sports(target: str) -> tuple[str, str | None]:
    """A target and its sports, as of ``time=3:59:12:RUN``; None without sports."""
    text, *sports = _SPORTS.split(target, maxsplit=1)
    return text, sports[0] if sports else None


_ONE_UNIT = re.compile(r"[0-9.,_ ]*[0-9]\s*(?P<unit>[a-z]*)")


def unit_given(target: str) -> str:
    """The unit or form a target was written in; empty for none.

    It is ``mi`` of ``distance=100mi:RUN``.
    """
    text = split_sports(target)[0].lower()
    name = text.partition("=")[0].strip()
    # What is counted in days, weeks or months has a unit only in the minimum of each.
    amount = text.partition("@" if name in {"streak", *BUCKET_UNITS} else "=")[2]
    amount = amount.partition("/")[0].rpartition("=")[2].strip()
    if ":" in amount:
        return CLOCK
    found = _ONE_UNIT.fullmatch(amount)
    if found is None:
        return LETTERS if amount else ""
    unit = found["unit"]
    if "time" in text:  # its ``m`` is for minutes
        return {"": "h", "m": "min"}.get(unit, unit)
    return unit if unit in {*_SYSTEM_UNITS, *_DURATION_UNITS} else ""


def units_given(targets: Iterable[str]) -> str:
    """The first units of length and time that targets were written in."""
    units = [unit_given(each) for each in targets]
    lengths = [each for each in units if each in _SYSTEM_UNITS]
    times = [each for each in units if each and each not in _SYSTEM_UNITS]
    return " ".join(lengths[:1] + times[:1])


_BY_TARGET_TYPE = {kind.target_type: kind for kind in KINDS.values()}


def kind_of_target(target_type: TargetType) -> Kind:
    """The kind of amount that a target type measures."""
    return _BY_TARGET_TYPE[target_type]


BUCKET_UNITS = ("days", "weeks", "months")
"""What a goal by days, weeks or months is counted in."""

# Commas and underscores only where they part thousands: "1,5km" means one and a half to many people.
_AMOUNT = re.compile(
    r"\s*(?P<number>(?:[1-9][0-9]{0,2}(?:[,_][0-9]{3})+|[0-9]+)(?:\.[0-9]+)?)\s*(?P<unit>[A-Za-z]*)\s*\Z"
)
# One point or comma with three digits behind it parts thousands for some people and a fraction for others.
_AMBIGUOUS = re.compile(r"(?P<whole>[1-9][0-9]{0,2})[.,](?P<three>[0-9]{3})")


def most_of(kind: Kind) -> int:
    """The most of a kind that one activity can have."""
    return most_of_one(kind.target_type, DEFAULT_POLICY.training)


def parse_target(text: str, *, most: int | None = None) -> tuple[TargetType, int]:
    """Read a target such as ``distance=1000km``, ``elevation=29029ft``, ``time=100h`` or ``count=52``.

    Args:
        text: what a person wrote.
        most: as in `parse_amount`.

    Returns:
        The target type and the target in its whole unit, rounded half to even.

    Raises:
        InvalidInput: the text is not a target, or is one of nothing.
    """
    name, equals, amount = text.partition("=")
    kind = KINDS.get(name.strip().lower())
    if kind is None or not equals:
        raise InvalidInput(
            f"{shortened(text)} is not a target; write for example distance=1000km, elevation=8848m, "
            "time=100h or count=52",
            code="unsupported_targetType",
            field="target",
        )
    number, unit = _read(kind, amount, most=most)
    total = _whole(number, kind.units[unit])
    if not total:
        # In the unit given: people know what they wrote, and not what it is stored as.
        rounded = ", which rounds to 0" if number else ""
        raise InvalidInput(
            f"a target must be more than {_with_unit('0', unit)}, not {shortened(amount.strip())}{rounded}",
            field="target",
        )
    return kind.target_type, total


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


def parse_amount(kind: Kind, text: str, *, needs_unit: bool = False, most: int | None = None) -> int:
    """Read an amount such as ``10.2km`` or ``1500 m``.

    Args:
        kind: what it is an amount of.
        text: what a person wrote.
        needs_unit: refuse a bare number instead of taking the kind's default unit.
        most: the most that can be meant, in the target type's unit. Then ``12.500km`` of one activity has one
            reading only, as none is 12,500 km long.

    Returns:
        The amount in the target type's whole unit, rounded half to even.

    Raises:
        InvalidInput: the text is not an amount of this kind, or may be one of two.
    """
    number, unit = _read(kind, text, needs_unit=needs_unit, most=most)
    return _whole(number, kind.units[unit])


def _read(kind: Kind, text: str, *, needs_unit: bool = False, most: int | None = None) -> tuple[Decimal, str]:
    """Number and unit of an amount; arguments and errors as of `parse_amount`."""
    found = _AMOUNT.match(text) if len(text) <= AMOUNT_CHARS_MAX else None
    known = ", ".join(filter(None, kind.units)) or "no unit"
    if kind.target_type is TargetType.MOVING_TIME_SECONDS and (seconds := seconds_of(text)) is not None:
        return Decimal(seconds), "s"
    if found is None:
        raise InvalidInput(
            f"{shortened(text)} is no amount of {kind.name}; write a number such as 1000 or 1234.5 with "
            f"a point for the fraction and {known}",
            field=kind.name,
        )
    unit = found["unit"].lower() or ("?" if needs_unit else next(iter(kind.units)))
    if unit not in kind.units:
        missing = "needs a unit" if unit == "?" else f"has no unit of {kind.name}"
        raise InvalidInput(f"{shortened(text)} {missing}; use {known}", field=kind.name)
    ambiguous = _AMBIGUOUS.fullmatch(found["number"])
    if ambiguous is not None and not _is_fraction(ambiguous, kind.units[unit], most):
        raise _two_readings(kind, text, ambiguous, unit)
    number = Decimal(re.sub("[,_]", "", found["number"]))
    if kind.target_type is TargetType.ACTIVITY_COUNT and number % 1:
        raise InvalidInput(f"{shortened(text)} activities cannot be; write a whole number", field=kind.name)
    return number, unit


def _is_fraction(ambiguous: re.Match[str], unit: Decimal, most: int | None) -> bool:
    """Whether a point cannot part thousands.

    Thousands are round numbers, and a fraction whose last digit is not 0 needs a unit of a thousand whole
    ones: ``42.195km`` is a marathon, but ``12.500km`` and ``8.848m`` may be two amounts.
    """
    if "." not in ambiguous[0]:
        return False
    large = Decimal(ambiguous["whole"] + ambiguous["three"]) * unit
    is_exact = unit >= _THOUSAND and not ambiguous["three"].endswith("0")
    return is_exact or (most is not None and large > most)


_THOUSAND = 1_000


def is_clock_of(kind: Kind, text: str) -> bool:
    """Whether the kind is time, and a text is like ``1h30m``.

    Raises:
        InvalidInput: it may be one of two durations.
    """
    return kind.target_type is TargetType.MOVING_TIME_SECONDS and seconds_of(text) is not None


def _two_readings(kind: Kind, text: str, found: re.Match[str], unit: str) -> InvalidInput:
    """The refusal of an amount with two readings; it names both."""
    large = f"{found['whole']}{found['three']}"
    small = f"{found['whole']}.{found['three']}".rstrip("0").rstrip(".")
    # Of a small unit, a third digit is less than a whole metre or second.
    is_fine = kind.units[unit] < _THOUSAND and len(small.partition(".")[2]) == len(found["three"])
    typed = str(Decimal(small).quantize(Decimal("0.01"))) if is_fine else small
    is_whole = "." not in small or kind.target_type is not TargetType.ACTIVITY_COUNT
    fraction = f" or {typed}{unit}" if is_whole else ""
    return InvalidInput(
        f"{shortened(text.strip())} may be {_with_unit(large, unit)} or {_with_unit(small, unit)}; "
        f"write {large}{unit}{fraction}",
        field=kind.name,
    )


def _whole(number: Decimal, unit: Decimal) -> int:
    return int((number * unit).to_integral_value(ROUND_HALF_EVEN))


def _kind(of: Kind | TargetType) -> Kind:
    return of if isinstance(of, Kind) else _BY_TARGET_TYPE[of]


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
    return _with_unit(number, unit)


def show_needed(of: Kind | TargetType, value: int) -> str:
    """An amount needed: rounded up, so that what is shown suffices."""
    kind = _kind(of)
    if (form := _form(kind)) is not None:
        return form(value)
    unit, digits = _unit_for(kind, value)
    number = _number(kind, value, unit, digits, ROUND_UP)
    shown = Decimal(number.replace(",", "")) * kind.units[unit]
    # The target suffices, and nothing beyond it is needed.
    enough = [each for each in _targets_of(kind) if value <= each <= shown]
    return _target(kind, min(enough)) if enough else _with_unit(number, unit)


def _targets_of(kind: Kind) -> Iterable[int]:
    """What the goal that is shown asks for, of this kind."""
    return [amount for target_type, amount in _targets.get() if _BY_TARGET_TYPE[target_type] == kind]


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
    if value >= target:
        # As the target itself: a whole that is rounded down would look as if something were missing.
        digits = max(digits, len(_target_number(kind, target, unit, digits).partition(".")[2]))
        rounding = ROUND_HALF_EVEN
    else:
        rounding = ROUND_DOWN
    return f"{_number(kind, value, unit, digits, rounding)} of {_target(kind, target)}"


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
    return _with_unit(_target_number(kind, value, unit, digits), unit)


def _target_number(kind: Kind, value: int, unit: str, digits: int) -> str:
    if _given_unit(kind) is not None:
        return _number(kind, value, unit, _digits_of(value, kind.units[unit]), ROUND_HALF_EVEN)
    # A target of 100 miles is stored as 160,934 m: a little less.
    rounding = ROUND_HALF_EVEN if unit in _IMPERIAL_UNITS else ROUND_DOWN
    number = _number(kind, value, unit, kind.target_digits if digits else 0, rounding)
    return number.rstrip("0").rstrip(".") if "." in number else number


def _digits_of(seconds: int, unit: Decimal) -> int:
    """The fewest digits that are read as the same seconds."""
    # One of 1.234 h is stored as 4,442 s: a little less. Four digits of an hour are finer than a second.
    numbers = (round(Decimal(seconds) / unit, digits) for digits in range(_DURATION_DIGITS_MAX))
    found = (digits for digits, number in enumerate(numbers) if _whole(number, unit) == seconds)
    return next(found, _DURATION_DIGITS_MAX)


_DURATION_DIGITS_MAX = 4


def _target_unit(kind: Kind, value: int) -> tuple[str, int]:
    """The unit of a target: of a duration the one given."""
    return _given_unit(kind) or _unit_for(kind, value)


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


def _with_unit(number: str, unit: str) -> str:
    if unit in {"", *BUCKET_UNITS}:
        one, many = (unit[:-1], unit) if unit else ("activity", "activities")
        return f"{number} {one if number == '1' else many}"
    return f"{number} {unit}"
