"""Texts and numbers that no store can keep, refused alike by all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import fields, has

from commitcollect_core.errors import InvalidInput


def not_keepable(failed: BaseException) -> InvalidInput:
    """The refusal of a value whose encoding failed; repeats nothing of it."""
    if isinstance(failed, UnicodeEncodeError):
        return InvalidInput("a text holds half a character (a lone surrogate), which no store can keep")
    return InvalidInput("a number is beyond 64 bits, which no store can keep")


def check_keepable(value: Any) -> None:
    """Refuse a value with a text that no store can keep, for stores that encode nothing.

    Raises:
        InvalidInput: a text holds half a character.
    """
    for text in _texts(value):
        try:
            text.encode()
        except UnicodeEncodeError as failed:
            raise not_keepable(failed) from failed


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.items():
            yield from _texts(each)
    elif isinstance(value, Sequence) and not isinstance(value, bytes):
        for each in value:
            yield from _texts(each)
    elif has(type(value)):
        for attribute in fields(type(value)):
            yield from _texts(getattr(value, attribute.name))
