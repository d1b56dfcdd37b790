"""The template of the example, read; and its intrinsic functions, as far as they are needed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

EXAMPLE = Path(__file__).parents[3] / "examples" / "aws_lambda"
_PARAMETER = re.compile(r"\$\{([\w.:]+)\}")
Document = Mapping[str, Any]


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # of a library without types
    """Reads tags such as ``!Sub`` as CloudFormation's long forms."""


def _function(loader: _Loader, tag: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if tag == "GetAtt":
        value = value.split(".", 1)
    return {tag if tag in {"Ref", "Condition"} else f"Fn::{tag}": value}


_Loader.add_multi_constructor("!", _function)


def load(name: str = "template.yaml") -> dict[str, Any]:
    """A file of the example."""
    document: dict[str, Any] = yaml.load((EXAMPLE / name).read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a safe one
    return document


def resources_of(template: Document, kind: str) -> dict[str, Any]:
    """The properties of all resources of a type."""
    resources = template["Resources"].items()
    return {name: each.get("Properties", {}) for name, each in resources if each["Type"] == kind}


def is_serverless(resource: Document) -> bool:
    """Whether SAM makes others of a resource."""
    return str(resource["Type"]).startswith("AWS::Serverless::")


def references(value: object) -> Iterator[str]:
    """The resources and parameters that a value names."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name == "Ref":
                yield str(inner).partition(".")[0]
            elif name == "Fn::GetAtt":
                yield inner[0]
            elif name == "Fn::Sub":
                yield from (each.partition(".")[0] for each in _PARAMETER.findall(str(inner)))
            elif name == "DependsOn":
                yield str(inner)
            else:
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def resolved(value: Any, known: Mapping[str, str]) -> str:
    """A text with ``Ref`` and ``Sub`` replaced by what is known."""
    match value:
        case {"Ref": name}:
            return known[name]
        case {"Fn::Sub": text}:
            return _PARAMETER.sub(lambda found: known[found[1]], text)
        case str():
            return value
        case _:
            raise ValueError(f"{json.dumps(value)} is no text")
