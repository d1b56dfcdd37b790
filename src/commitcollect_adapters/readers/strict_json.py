"""A strict JSON parser that streams the items of a list.

`json.load` needs the whole file at once, accepts NaN and duplicate keys, and rejects all items for one of
them. This parser judges each item alone. It decodes most items straight from a window of the file. An item
that does not decode there (it crosses the window's edge, or is broken) is delimited first, by its brackets
and strings. That scan looks at each character once, so that big or hostile items cost no more than their
length.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Generator, Iterator
from typing import Any, BinaryIO, NoReturn

from attrs import define, field, frozen

from commitcollect_adapters.readers.fields import UTF_8, UTF_16, encoding_of, shown
from commitcollect_core.errors import InvalidInput

ITEM_CHARS_MAX = 1_048_576
"""A full activity with all its laps and segments has about 100,000 characters."""

NESTING_LEVELS_MAX = 64
"""Strava's payloads nest 5 levels deep."""

INTEGER_DIGITS_MAX = 30
"""Python would take time that grows with the square of the digits."""

WINDOW_BYTES = 65_536
"""How much of the file is read at once."""

CUT = "the file ends before its list does; export or download it again"
_SPACE = re.compile(r"[ \t\r\n]*")
_OUTSIDE_STRING = re.compile(r'["\[\]{},]')
_INSIDE_STRING = re.compile(r'["\n]|\\(.)?', re.DOTALL)
_UNDECODED = re.compile("[\udc80-\udcff]")
_OPENER = {"]": "[", "}": "{"}


@frozen
class Item:
    """An item of the list and its place, counted from 1."""

    index: int
    value: Any


@frozen
class Broken:
    """An item that was delimited but not accepted."""

    index: int
    reason: str


class BrokenList(InvalidInput):
    """The list cannot be read any further.

    Attributes:
        index: the item at which reading stopped; 0 if the file holds no list at all.
    """

    def __init__(self, index: int, reason: str) -> None:
        super().__init__(reason)
        self.index = index


def read_list(stream: BinaryIO) -> Iterator[Item | Broken]:
    """Yield the items of the JSON list in a file.

    Raises:
        BrokenList: the file holds something else, or ends before its list does, or goes on after it.
    """
    text = Text(stream)
    _enter(text)
    index = yield from rest_of_list(text)
    if text.peek():
        raise BrokenList(index, "there is more after the end of the list; export the file again")


def rest_of_list(text: Text) -> Generator[Item | Broken, None, int]:
    """Yield the rest of a list whose opening bracket was read.

    Returns:
        The number the next item would have had.

    Raises:
        BrokenList: the file ends before the list does.
    """
    index = 1
    separator = text.peek()
    if separator == "]":
        text.at += 1
    while separator != "]":
        yield _quick_item(text, index) or _delimited_item(text, index)
        separator = text.peek()
        index += 1
        if not separator:
            raise BrokenList(index, CUT)
        text.at += 1
    return index


def next_value(text: Text) -> Any:
    """Decode the value ahead and step behind it.

    Raises:
        BrokenList: it is not JSON, longer than `ITEM_CHARS_MAX`, or the file ends within it.
    """
    text.peek()
    while True:
        try:
            value, end = _DECODER.raw_decode(text.window, text.at)
        except json.JSONDecodeError as error:
            if len(text.window) - text.at > ITEM_CHARS_MAX:
                raise TooLong(0, f"a value is longer than {ITEM_CHARS_MAX:,} characters") from error
            if not text.more():
                raise BrokenList(0, f"not JSON: {error.msg}; export or download the file again") from error
            continue
        except _Refused as error:
            raise BrokenList(0, str(error)) from error
        except RecursionError:  # its own words are about Python, and its trace is long
            raise BrokenList(0, "it is nested too deep for a list of activities; export it again") from None
        if _is_undecoded(text.window[text.at : end]):
            raise BrokenList(0, "not UTF-8 text; save the file as UTF-8")
        text.at = end
        return value


class TooLong(BrokenList):
    """A value does not fit the bound for one item."""


class Text:
    """A window of the file's text.

    `at` is the reader's position; what lies behind it may be dropped.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decoder: codecs.IncrementalDecoder | None = None
        self._ended = False
        self.window = ""
        self.at = 0

    def more(self) -> bool:
        """Extend the window; False if the file has no more."""
        if self._ended:
            return False
        data = self._stream.read(WINDOW_BYTES)
        if self._decoder is None:
            self._decoder = _decoder(data)
        self._ended = not data
        self.window = self.window[self.at :] + self._decoder.decode(data, self._ended)
        self.at = 0
        return True

    def peek(self) -> str:
        """Step to the next character that is not white space.

        Returns it, or "" at the file's end.
        """
        while True:
            self.at = _after_space(self.window, self.at)
            if self.at < len(self.window):
                return self.window[self.at]
            if not self.more():
                return ""


def _decoder(start: bytes) -> codecs.IncrementalDecoder:
    if encoding_of(start) == UTF_16:
        return codecs.getincrementaldecoder(UTF_16)("replace")
    # Wrong bytes become lone surrogates, which no right byte does, so that only their item is lost.
    return codecs.getincrementaldecoder(UTF_8)("surrogateescape")


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _enter(text: Text) -> None:
    if text.peek() != "[":
        raise BrokenList(0, no_list(text.peek()))
    text.at += 1


def no_list(first: str) -> str:
    """Describe a file that should have been a list.

    `first` is its first character.
    """
    kinds = {"": "is empty", "{": "holds one JSON object", '"': "holds a JSON text"}
    kind = kinds.get(first, "is not JSON" if first not in "-0123456789tfn" else "holds a single JSON value")
    return f"{kind}; a list of activities is expected, as Strava's API returns it: [{{…}}, …]"


def _quick_item(text: Text, index: int) -> Item | None:
    """The next item, if the window holds it whole and valid.

    The separator after it has to be in the window, too.
    """
    text.peek()
    try:
        value, end = _DECODER.raw_decode(text.window, text.at)
    except (ValueError, RecursionError):
        return None
    follow = _after_space(text.window, end)
    if text.window[follow : follow + 1] not in {",", "]"} or _is_suspect(text.window[text.at : end]):
        return None
    text.at = follow
    return Item(index, value)


def _is_suspect(raw: str) -> bool:
    return raw.count("{") + raw.count("[") > NESTING_LEVELS_MAX or _is_undecoded(raw)


def _is_undecoded(raw: str) -> bool:
    return not raw.isascii() and _UNDECODED.search(raw) is not None


def _delimited_item(text: Text, index: int) -> Item | Broken:
    """The next item, found by its end.

    The window grows with it up to `ITEM_CHARS_MAX`.
    """
    outline = _Outline()
    is_oversize = False
    at, is_found = outline.end(text.window, text.at)
    while True:
        is_oversize = is_oversize or at - text.at > ITEM_CHARS_MAX
        if is_oversize:
            text.at = at
        if is_found:
            break
        at -= text.at
        if not text.more():
            if outline.is_closed and text.window.rstrip().endswith(("}", "]")):
                break
            raise BrokenList(index, CUT)
        at, is_found = outline.end(text.window, at)
    raw = text.window[text.at : at]
    text.at = at
    if is_oversize:
        return Broken(index, f"the item is longer than {ITEM_CHARS_MAX:,} characters")
    if outline.is_too_deep:
        return Broken(index, f"the item is nested deeper than {NESTING_LEVELS_MAX} levels")
    return _judged(index, raw)


@define
class _Outline:
    """Finds the end of an item by its brackets and strings.

    Works from window to window.
    """

    is_too_deep: bool = False
    _is_in_string: bool = False
    _open: list[str] = field(factory=list)
    _open_beyond: int = 0

    @property
    def is_closed(self) -> bool:
        """Whether all that the item has opened so far is closed."""
        return not self._open and not self._is_in_string

    def end(self, text: str, at: int) -> tuple[int, bool]:
        """The item's end and True, or where to resume and False."""
        while True:
            found = (_INSIDE_STRING if self._is_in_string else _OUTSIDE_STRING).search(text, at)
            if found is None:
                return len(text), False
            mark = found[0]
            if mark == "\\":
                return found.start(), False
            if not self._is_in_string and self._ends_at(mark):
                return found.start(), True
            self._follow(mark)
            at = found.end()

    def _ends_at(self, mark: str) -> bool:
        if mark == ",":
            return not self._open
        # A list bracket that closes nothing in the item closes the list, whatever else is left open.
        return mark == "]" and "[" not in self._open

    def _follow(self, mark: str) -> None:
        if self._is_in_string:
            # No string goes over a line's end: a forgotten quote costs its line, not the rest of the file.
            self._is_in_string = mark not in {'"', "\n"}
        elif mark == '"':
            self._is_in_string = True
        elif mark in "[{":
            self._opened(mark)
        elif mark != ",":
            self._closed(_OPENER[mark])

    def _opened(self, mark: str) -> None:
        if len(self._open) < NESTING_LEVELS_MAX:
            self._open.append(mark)
        else:
            self.is_too_deep = True
            self._open_beyond += 1

    def _closed(self, opener: str) -> None:
        if self._open_beyond:
            self._open_beyond -= 1
        elif opener in self._open:
            while self._open.pop() != opener:
                pass


def _judged(index: int, raw: str) -> Item | Broken:
    if _is_undecoded(raw):
        return Broken(index, "the item is not UTF-8 text")
    if not raw.strip():
        return Broken(index, "nothing stands where an item should; remove the comma")
    match _decoded(raw, "the item"):
        case _Reason(reason):
            return Broken(index, reason)
        case value:
            return Item(index, value)


def parse_document(data: bytes) -> Any:
    """Parse one whole JSON document.

    The rules are those for the items of a list.

    Raises:
        InvalidInput: it is not JSON, or not by the letter (``invalid_json``). Nothing but the offending key
            or number is repeated, and the error holds on to no more of the document either.
    """
    match _document(data):
        case _Reason(reason):
            raise InvalidInput(reason, code="invalid_json")
        case value:
            return value


def _document(data: bytes) -> Any:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _Reason("the document is not UTF-8 text")
    # Fewer brackets than levels cannot be nested too deep; so it is with most documents.
    if text.count("[") + text.count("{") > NESTING_LEVELS_MAX and _is_too_deep(text):
        return _Reason(f"the document is nested deeper than {NESTING_LEVELS_MAX} levels")
    return _decoded(text, "the document")


def _is_too_deep(text: str) -> bool:
    outline = _Outline()
    outline.end(text, 0)
    return outline.is_too_deep


@frozen
class _Reason:
    """Why something could not be decoded, in place of its value."""

    text: str


def _decoded(raw: str, what: str) -> Any:
    """The value, or the `_Reason` why there is none."""
    try:
        return _DECODER.decode(raw)
    except _Refused as error:
        return _Reason(str(error))
    except json.JSONDecodeError as error:
        return _Reason(f"{what} is not JSON: {error.msg} at its character {error.pos + 1}")
    except RecursionError:
        return _Reason(f"{what} is nested too deep")


class _Refused(ValueError):
    """JSON that Python accepts, but not the standard or our limits."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in pairs:
        if name in made:
            raise _Refused(f"the key {shown(name)} appears twice in one object")
        made[name] = value
    return made


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > INTEGER_DIGITS_MAX:
        raise _Refused(f"a whole number has more than {INTEGER_DIGITS_MAX} digits")
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise _Refused(f"the number {shown(digits)} is too large")
    return value


def _constant(name: str) -> NoReturn:
    raise _Refused(f"{name} is not a JSON number")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
)
