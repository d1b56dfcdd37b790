"""What a catalogue needs of a statue's definition: the model with its parts, without any geometry."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from commitcollect_adapters.documents import statue_from_document
from commitcollect_core.errors import CommitCollectError, CorruptItem
from commitcollect_core.training.awards import StatueModel

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

DEFINITION_BYTES_MAX = 1_000_000
NAME_CHARACTERS_MAX = 60
_PUNCTUATION = " -'.()"


class Form(NamedTuple):
    """How a text looks: as a pattern, and in words."""

    pattern: re.Pattern[str]
    words: str


FILE = Form(
    re.compile("[a-z0-9_]+([.][a-z0-9]+)+"),
    "the name of a file in the same folder, of small letters, digits and _, such as left_wing.stl",
)


def read_document(file: Traversable) -> dict[str, Any]:
    """The JSON object of a definition.

    Raises:
        CorruptItem: the file cannot be read, is too large, or not a JSON object.
    """
    try:
        with file.open("rb") as stream:
            data = stream.read(DEFINITION_BYTES_MAX + 1)
    except OSError as refused:
        raise CorruptItem(f"the statue {file.name} cannot be read: {refused.strerror}") from refused
    if len(data) > DEFINITION_BYTES_MAX:
        raise CorruptItem(f"the statue {file.name} has more than {DEFINITION_BYTES_MAX} bytes")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as malformed:
        raise CorruptItem(f"the statue {file.name} is not JSON: {malformed}") from malformed
    if not isinstance(document, dict):
        raise CorruptItem(f"the statue {file.name} is not a JSON object")
    return document


def read_model(file: Traversable) -> StatueModel:
    """What the catalogue needs of a definition.

    Raises:
        CorruptItem: it is no definition of a statue, or a name in it is not allowed.
    """
    document = read_document(file)
    try:
        model = statue_from_document(document)
        for name in (model.name, *(part.part_name for part in model.parts)):
            check_name(name)
        for part in model.parts:
            match(FILE, part.mesh_file)
    except ValueError as invalid:
        raise CorruptItem(f"the statue {file.name}: {invalid}") from invalid
    except CommitCollectError as invalid:
        raise CorruptItem(f"the statue {file.name}: {invalid.message}") from invalid
    return model


def check_name(name: str) -> None:
    """Refuse a name that needs markup: names go into file names, XML and pages.

    Raises:
        ValueError: the name has other characters, or too many.
    """
    if not 1 <= len(name) <= NAME_CHARACTERS_MAX or not all(
        each.isalnum() or each in _PUNCTUATION for each in name
    ):
        raise ValueError(
            f"the name {name[:NAME_CHARACTERS_MAX]!r} is not 1 to {NAME_CHARACTERS_MAX} letters, digits, "
            f"spaces or any of {_PUNCTUATION.strip()}"
        )


def match(form: Form, text: object) -> str:
    """The text, if it has the form.

    Raises:
        ValueError: it has not.
    """
    if not isinstance(text, str) or not form.pattern.fullmatch(text):
        raise ValueError(f"{text!r:.80} is not {form.words}")
    return text
