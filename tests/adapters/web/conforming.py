"""Whether a value is what a JSON Schema says; of the schema's words, those that ours use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_KINDS: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
_KNOWN = {
    "type", "required", "properties", "additionalProperties", "items", "enum", "const", "description",
    "minimum", "maximum",
}  # fmt: skip


def faults(value: Any, schema: Mapping[str, Any], where: str = "$") -> Iterator[str]:
    """Everything in which a value is not what the schema says."""
    assert schema.keys() <= _KNOWN, f"{where}: {schema.keys() - _KNOWN}"
    if "const" in schema and value != schema["const"]:
        yield f"{where} is {value!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where} is {value!r}, none of {schema['enum']}"
    named = schema.get("type")
    kinds = [named] if isinstance(named, str) else list(named or [])
    if kinds and not any(_is(value, kind) for kind in kinds):
        yield f"{where} is {value!r}, no {named}"
    elif isinstance(value, dict):
        yield from _of_object(value, schema, where)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from faults(each, schema.get("items", {}), f"{where}[{number}]")


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, _KINDS[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _of_object(value: dict[str, Any], schema: Mapping[str, Any], where: str) -> Iterator[str]:
    properties, others = schema.get("properties", {}), schema.get("additionalProperties", {})
    yield from (f"{where} has no {name}" for name in schema.get("required", ()) if name not in value)
    for name, each in value.items():
        if name in properties:
            yield from faults(each, properties[name], f"{where}.{name}")
        elif others is False:
            yield f"{where} has {name}"
        else:
            yield from faults(each, others, f"{where}.{name}")
