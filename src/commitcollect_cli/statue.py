"""``commitcollect statue``: the models that milestones build."""

from __future__ import annotations

import click

from commitcollect_adapters.documents import Document, statue_document
from commitcollect_adapters.statues import shipped_catalog
from commitcollect_cli.options import json_option
from commitcollect_cli.output import print_json, show
from commitcollect_cli.render import table
from commitcollect_core.errors import NotFound
from commitcollect_core.training.awards import StatueModel
from commitcollect_core.values import ModelId


@click.group()
def statue() -> None:
    """See what statues there are."""


@statue.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List the statue models."""
    models = shipped_catalog().models()
    if as_json:
        print_json({"statues": [_summary(each) for each in models]})
        return
    for line in table(("Model", "Name", "Year", "Parts", "Offered"), map(_row, models)):
        show(line)


def _summary(model: StatueModel) -> Document:
    document = statue_document(model)
    del document["parts"]
    return document


def _row(model: StatueModel) -> tuple[str, ...]:
    year = "" if model.year is None else str(model.year)
    return (model.model_id, model.name, year, str(model.parts_total), "yes" if model.is_active else "no")


@statue.command("show")
@click.argument("model_id", metavar="MODEL", type=ModelId)
@json_option
def show_(*, model_id: ModelId, as_json: bool) -> None:
    """Show the parts of a statue model in the order they are earned."""
    catalog = shipped_catalog()
    model = catalog.model(model_id)
    if model is None:
        known = ", ".join(each.model_id for each in catalog.models())
        raise NotFound(f"there is no statue model {model_id!r}; there are: {known}", code="model_not_found")
    if as_json:
        print_json(statue_document(model))
        return
    show(f"{model.name} ({model.model_id}), {model.parts_total} parts")
    rows = (
        (f"{part.part_index:2}", part.part_name, part.attach_point, part.mesh_file) for part in model.parts
    )
    for line in table((" #", "Part", "Attached to", "Mesh"), rows):
        show(line)
