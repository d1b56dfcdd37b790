"""Finding the activities in JSON files of different shapes.

Known are the plain list, the list as one value of an object, pages (a list of lists), lines with one object
each, objects by id, one activity alone, and the columns, rows and splits of pandas.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from typing import Any, BinaryIO

from commitcollect_adapters.readers.strict_json import (
    Broken,
    BrokenList,
    Item,
    Text,
    TooLong,
    next_value,
    no_list,
    rest_of_list,
)

_IDS = ("id", "run_id")
_STARTS = ("start_date", "start_time")


def read_items(stream: BinaryIO) -> Iterator[Item | Broken]:
    """Yield the activities of a JSON file, numbered from 1.

    Raises:
        BrokenList: the file holds nothing like a list of activities, or breaks off.
    """
    text = Text(stream)
    if text.peek() == "[":
        text.at += 1
        row = yield from _unpaged(rest_of_list(text))
        if text.peek():
            raise BrokenList(row + 1, "there is more after the end of the list; export the file again")
    elif text.peek() == "{":
        yield from _of_object(text)
    else:
        raise BrokenList(0, no_list(text.peek()))


def _unpaged(items: Iterator[Item | Broken]) -> Generator[Item | Broken, None, int]:
    """The items, or those of each page; returns their number.

    The first item decides which.
    """
    row, is_paged = 0, False
    for item in items:
        value = item.value if isinstance(item, Item) else None
        is_paged = is_paged or (row == 0 and isinstance(value, list))
        inner = [Item(0, each) for each in value] if is_paged and isinstance(value, list) else [item]
        for each in inner:
            row += 1
            yield Item(row, each.value) if isinstance(each, Item) else Broken(row, each.reason)
    return row


def _of_object(text: Text) -> Iterator[Item | Broken]:
    try:
        document = next_value(text)
    except TooLong:
        yield from _of_long_object(text)
        return
    if text.peek() == "{":
        yield from _lines(document, text)
    elif text.peek():
        raise BrokenList(0, "there is more after the end of the object; export the file again")
    else:
        yield from (Item(row, each) for row, each in enumerate(_activities_in(document), 1))


def _lines(first: Any, text: Text) -> Iterator[Item]:
    yield Item(1, first)
    row = 1
    while text.peek():
        row += 1
        try:
            yield Item(row, next_value(text))
        except BrokenList as error:
            raise BrokenList(row, error.message) from error


def _of_long_object(text: Text) -> Iterator[Item | Broken]:
    """The first list, or the activities, in a long object.

    The object is too long to be decoded at once.
    """
    text.at += 1
    row = 0
    while True:
        next_value(text)
        if text.peek() != ":":
            raise BrokenList(row, "not JSON: a name without a value; export or download the file again")
        text.at += 1
        if text.peek() == "[":
            text.at += 1
            yield from _unpaged(rest_of_list(text))
            return
        value = next_value(text)
        if _is_activity(value):
            row += 1
            yield Item(row, value)
        separator = text.peek()
        text.at += 1
        if separator != ",":
            break
    if not row or separator != "}":
        raise BrokenList(
            row, no_list("{") if separator == "}" else "the file ends too early; export it again"
        )


def _is_activity(value: object) -> bool:
    return isinstance(value, dict) and all(
        any(isinstance(value.get(name), int | float | str) for name in names) for names in (_IDS, _STARTS)
    )


def _activities_in(document: Mapping[str, Any]) -> list[Any]:
    """The activities in an object, or the object itself as one."""
    if _is_activity(document):
        return [document]
    if (
        ids := next((document[name] for name in _IDS if isinstance(document.get(name), dict)), None)
    ) is not None:
        return [{name: column.get(key) for name, column in document.items()} for key in ids]
    columns, rows = document.get("columns"), document.get("data")
    if isinstance(columns, list) and isinstance(rows, list):
        return [dict(zip(columns, row, strict=False)) for row in rows if isinstance(row, list)]
    lists = [each for each in document.values() if isinstance(each, list)]
    for each in lists:
        if each and isinstance(each[0], dict):
            return each
    if lists and not any(lists):
        return []
    if document and all(map(_is_activity, document.values())):
        return list(document.values())
    raise BrokenList(0, no_list("{"))
