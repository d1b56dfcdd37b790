from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, repeat
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commitcollect_adapters.readers.strict_json import (
    INTEGER_DIGITS_MAX,
    ITEM_CHARS_MAX,
    NESTING_LEVELS_MAX,
    WINDOW_BYTES,
    Broken,
    BrokenList,
    Item,
    parse_document,
    read_list,
)
from commitcollect_core.errors import InvalidInput
from growth import check_linear

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


def items(content: bytes) -> list[Item | Broken]:
    """Everything in the list."""
    return list(read_list(io.BytesIO(content)))


def reason(content: str | bytes) -> str:
    """Why the middle one of three items is broken, the outer ones being untouched by it."""
    raw = content.encode() if isinstance(content, str) else content
    first, middle, last = items(b'[{"a": 1}, ' + raw + b', {"b": 2}]')
    assert first == Item(1, {"a": 1})
    assert last == Item(3, {"b": 2})
    assert isinstance(middle, Broken), middle
    return middle.reason


@given(st.lists(JSON, max_size=8), st.sampled_from([None, 2]), st.booleans(), st.integers(0, 3))
def test_a_good_list_is_read_as_the_json_module_reads_it(
    values: list[Any], indent: int | None, ascii_only: bool, padding: int
) -> None:
    """Whatever its layout and wherever windows end in it, the items are those of `json.loads`."""
    long = ["x" * (WINDOW_BYTES - 7)] * padding
    text = json.dumps(long + values, indent=indent, ensure_ascii=ascii_only)
    content = text.encode("utf-8", "surrogatepass" if ascii_only else "replace")
    expected = json.loads(content)
    assert items(content) == [Item(index, value) for index, value in enumerate(expected, 1)]


@given(st.binary(max_size=300))
def test_any_bytes_end_in_items_or_a_broken_list(content: bytes) -> None:
    """No content makes the reader raise anything of its own but BrokenList."""
    for start in (b"", b"[", b'[{"a":', b'["'):
        try:
            read = items(start + content)
        except BrokenList:
            continue
        assert [each.index for each in read] == list(range(1, len(read) + 1))


@given(st.text(alphabet='[]{},:"\\\n 1a', max_size=60))
def test_any_arrangement_of_json_marks_is_survived(content: str) -> None:
    """What the reader calls an item, the strict decoder takes too: brackets and quotes cannot fool it."""
    try:
        read = items(b"[" + content.encode() + b"]")
    except BrokenList:
        return
    if not any(isinstance(each, Broken) for each in read):
        assert [each.value for each in read if isinstance(each, Item)] == json.loads("[" + content + "]")


NOT_BY_THE_LETTER = [
    ("NaN", "NaN"),
    ('{"a": Infinity}', "Infinity"),
    ('{"a": [-Infinity]}', "-Infinity"),
    ('{"a": 1, "a": 2}', "'a' appears twice"),
    ('{"deep": {"b": 1, "b": 1}}', "'b' appears twice"),
    ("1" * (INTEGER_DIGITS_MAX + 1), "30 digits"),
    ("-" + "1" * 5_000, "30 digits"),
    ("1e400", "too large"),
    ('{"a": "\xff"}'.encode("latin-1"), "UTF-8"),
    ('"\x00"', "not JSON"),
    ("{'a': 1}", "not JSON"),
    ('{"a": 1', "not JSON"),
    ("truth", "not JSON"),
    ('{"a": [1}', "not JSON"),
    ("[" * 65 + "]" * 65, "deeper than 64"),
    ("[" * 200_000 + "]" * 200_000, "deeper than 64"),
    ('{"a":' * 90_000 + "1" + "}" * 90_000, "deeper than 64"),
]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        *NOT_BY_THE_LETTER,
        ("", "nothing stands"),
        ('"' + "x" * (ITEM_CHARS_MAX + 1) + '"', "longer than 1,048,576"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_a_broken_item_costs_only_itself(content: str | bytes, words: str) -> None:
    """What the standard or a limit forbids is reported by its reason, and both neighbours are read."""
    if content == '{"a": 1':
        # Nothing closes this object, so nothing tells it from what follows.
        first, broken = items(b'[{"a": 1}, {"a": 1, {"b": 2}]')
        assert first == Item(1, {"a": 1})
        assert isinstance(broken, Broken)
        return
    assert words in reason(content)


def test_a_forgotten_quote_costs_its_line() -> None:
    """Strings end with their line, so an item of several lines costs no more than itself."""
    broken, good = items(b'[\n{\n"name": "abc,\n"x": 1\n},\n{"b": 2}\n]')
    assert isinstance(broken, Broken)
    assert good == Item(2, {"b": 2})


def test_an_item_that_arrived_whole_counts_though_its_list_did_not() -> None:
    """A cut right behind an item does not cost that item; a cut inside a number might have, so it does."""
    for content, expected in ((b'[{"a": 1}', [Item(1, {"a": 1})]), (b"[12", [])):
        read: list[object] = []
        with pytest.raises(BrokenList, match="ends before"):
            read.extend(read_list(io.BytesIO(content)))
        assert read == expected


def test_what_nests_as_deep_as_allowed_is_read() -> None:
    """The limit itself is inside, and more brackets than levels do no harm side by side."""
    deep: Any = 1
    for _ in range(NESTING_LEVELS_MAX):
        deep = [deep]
    wide: list[Any] = [[]] * (NESTING_LEVELS_MAX * 3)
    assert items(json.dumps([deep, wide]).encode()) == [Item(1, deep), Item(2, wide)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b'{"message": "Authorization Error"}', "object"),
        (b'"text"', "text"),
        (b"17", "single JSON value"),
        (b"null", "single JSON value"),
        (b"id,name", "not JSON"),
    ],
)
def test_what_is_no_list_is_told_so(content: bytes, words: str) -> None:
    """A file of one value says what it is and what is expected."""
    with pytest.raises(BrokenList, match=words) as caught:
        items(content)
    assert caught.value.index == 0


@pytest.mark.parametrize("cut", ['[{"a": 1}, {"b": 2', '[{"a": 1},', '[{"a": 1}', "[" + "[" * 300_000])
def test_a_list_cut_short_says_where(cut: str) -> None:
    """The items up to the cut come first, then BrokenList names the item it stopped at."""
    read = read_list(io.BytesIO(cut.encode()))
    whole: list[object] = []
    with pytest.raises(BrokenList, match="ends before") as caught:
        whole.extend(read)
    assert caught.value.index == (1 if cut.startswith("[[") else 2)


def test_more_after_the_list_is_reported() -> None:
    """Two lists in one file are not silently one."""
    read = read_list(io.BytesIO(b"[1][2]"))
    assert next(read) == Item(1, 1)
    with pytest.raises(BrokenList, match="after the end"):
        next(read)


def test_a_byte_order_mark_is_no_content() -> None:
    """Editors that write a byte order mark do no harm."""
    assert items(b"\xef\xbb\xbf[1]") == [Item(1, 1)]


class _Made:
    """A file that is made while it is read."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts

    def read(self, _size: int) -> bytes:
        """The next part, whatever size is asked for."""
        return next(self._parts, b"")


def peak_bytes(parts: Iterator[bytes]) -> tuple[int, int, int]:
    """How many items and broken items a list has, and the most memory it took to read it."""
    stream: Any = _Made(parts)
    kinds = {Item: 0, Broken: 0}
    tracemalloc.start()
    try:
        for each in read_list(stream):
            kinds[type(each)] += 1
        return kinds[Item], kinds[Broken], tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_memory_stays_flat() -> None:
    """50,000 activities, 25 MB of them, pass through a few windows of memory."""
    item = json.dumps({"id": 12345678901, "name": "Morning Run", "polyline": "x" * 450}).encode()
    hundred = b",".join([item] * 100)
    parts = chain([b"[" + hundred], repeat(b"," + hundred, 499), [b"]"])
    read, broken, peak = peak_bytes(parts)
    assert (read, broken) == (50_000, 0)
    assert peak < 2 * 1024**2


def test_one_endless_item_stays_flat_too() -> None:
    """An item of 50 MB is passed over without ever being held, and the one after it is read."""
    parts = chain([b'["'], repeat(b"x" * 50_000, 1_000), [b'", 1]'])
    read, broken, peak = peak_bytes(parts)
    assert (read, broken) == (1, 1)
    assert peak < 8 * 1024**2


@pytest.mark.parametrize("unit", [b"[", b'{"a":', b'"\\"', b"{", b"}", b'"', b"[1,", b'{"a":"\\u00'])
def test_work_grows_with_length_only(unit: bytes) -> None:
    """Sixteen times a hostile content takes far from the 256 times the work that a square would."""

    def read(count: int) -> None:
        with suppress(BrokenList):
            for _ in read_list(io.BytesIO(b"[" + unit * count)):
                pass

    check_linear(read, short=5_000, long=80_000)


@given(JSON, st.booleans())
def test_a_good_document_is_read_as_the_json_module_reads_it(value: Any, ascii_only: bool) -> None:
    """A whole document is its value, whatever kind that is."""
    text = json.dumps(value, ensure_ascii=ascii_only)
    content = text.encode("utf-8", "surrogatepass" if ascii_only else "replace")
    assert parse_document(content) == json.loads(content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        *NOT_BY_THE_LETTER,
        ("", "not JSON"),
        ("[1] [2]", "not JSON"),
        ("<html><body>Bad Gateway</body></html>", "not JSON"),
        ('{"a": 1}'.encode("utf-16"), "UTF-8"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_a_document_not_by_the_letter_is_refused(content: str | bytes, words: str) -> None:
    """A document is judged as an item of a list would be, with a reason that is short."""
    with pytest.raises(InvalidInput, match=words) as caught:
        parse_document(content if isinstance(content, bytes) else content.encode())
    assert caught.value.code == "invalid_json"
    assert len(caught.value.message) < 200


def test_an_error_holds_on_to_nothing_of_the_document() -> None:
    """No exception behind the error keeps the text: what is logged with its causes gives nothing away."""
    with pytest.raises(InvalidInput) as caught:
        parse_document(b'{"token": "canary-4711", ')
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert "canary" not in caught.value.message


@given(st.binary(max_size=300))
def test_any_bytes_are_a_document_or_invalid(content: bytes) -> None:
    """No content makes reading raise anything of its own but InvalidInput."""
    for start in (b"", b"[", b'{"a":', b'"'):
        with suppress(InvalidInput):
            parse_document(start + content)


def test_a_repeated_key_is_found_in_time() -> None:
    """Many keys with one at the end that came before: finding it is no search through all for each."""

    def read(count: int) -> None:
        keys = ",".join(f'"{number}":1' for number in range(count))
        with pytest.raises(InvalidInput, match=f"'{count - 1}' appears twice"):
            parse_document(f'{{{keys},"{count - 1}":1}}'.encode())

    check_linear(read, short=6_250, long=100_000)
