"""``commitcollect statue``: the models that milestones build."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from commitcollect_cli.catalogs import known_model, open_catalog
from commitcollect_cli.choosing import milestone_id_of, milestone_option
from commitcollect_cli.completing import complete_model
from commitcollect_cli.drawing import earned_parts, picture_lines
from commitcollect_cli.late import Late, LateGroup
from commitcollect_cli.output import print_result
from commitcollect_cli.render import fitting_table, milestone_lines, table
from commitcollect_cli.store import open_to_read, store_options
from commitcollect_core.values import ModelId

if TYPE_CHECKING:
    from commitcollect_adapters.settings import Settings
    from commitcollect_adapters.statues.pictures.terminal import Style
    from commitcollect_core.training.awards import StatueModel
    from commitcollect_core.training.ports import StatueCatalog
    from commitcollect_core.training.tracking import MilestoneView


_LATE = {
    "export": Late("statue_export:export", "Write files to print, to view or to share."),
    "view": Late("statue_view:view", "Show the statue in a browser on this machine."),
    "check": Late("statue_files:check", "Check that parts can be printed."),
    "add": Late("statue_files:add", "Add a statue to the store's catalogue: draft, checked, published."),
    "retire": Late("statue_files:retire", "Take a published statue off the offer; milestones on it go on."),
    "coupon": Late("statue_files:coupon", "Write a clearance coupon to print before the first part."),
}
_STYLES = ("truecolor", "256", "ascii")
"""The values of `Style`, which is imported where something is drawn."""


@click.group(cls=LateGroup, late=_LATE)
def statue() -> None:
    """See what statues there are, and print, view and share them."""


@statue.command("list")
@store_options
def list_(*, settings: Settings, as_json: bool) -> None:
    """List the statue models: those that are shipped, and those added to the store."""
    from commitcollect_adapters.documents import statue_summary_document

    with open_catalog(settings) as catalog:
        models = catalog.models()
    document = {"statues": [statue_summary_document(each) for each in models]}
    lines = table(("Model", "Name", "Year", "Parts", "Offered"), map(_row, models))
    print_result(document, lines, as_json=as_json)


def _row(model: StatueModel) -> tuple[str, ...]:
    year = "" if model.year is None else str(model.year)
    return (model.model_id, model.name, year, str(model.parts_total), "yes" if model.is_active else "no")


@statue.command("show")
@click.argument("model_id", metavar="[MODEL]", type=ModelId, required=False, shell_complete=complete_model)
@milestone_option
@click.option(
    "--style",
    type=click.Choice(_STYLES),
    help="Draw it this way.  [default: what the terminal shows]",
)
@store_options
def show_(
    *,
    settings: Settings,
    model_id: ModelId | None,
    wanted: str | None,
    style: str | None,
    as_json: bool,
) -> None:
    """Draw a statue: a MODEL with its parts in the order they are earned, or that of a milestone."""
    from commitcollect_adapters.documents import milestone_view_document, statue_document

    if (model_id is None) == (wanted is None):
        raise click.UsageError("give a MODEL or --milestone MILESTONE, one of the two")
    drawn_as = None if style is None else _style(style)
    if wanted is None:
        with open_catalog(settings, model_id) as catalog:
            chosen = known_model(catalog, model_id or ModelId(""))
            lines = _model_lines(catalog, chosen, drawn_as)
            print_result(statue_document(chosen), lines, as_json=as_json)
        return
    with open_to_read(settings) as app:
        found = app.tracking.view(settings.user, milestone_id_of(app, settings.user, wanted))
        lines = _milestone_lines(app.ports.catalog, found, drawn_as)
        print_result(milestone_view_document(found, now=app.context.now()), lines, as_json=as_json)


def _style(name: str) -> Style:
    from commitcollect_adapters.statues.pictures.terminal import Style

    return Style(name)


def _milestone_lines(catalog: StatueCatalog, found: MilestoneView, style: Style | None) -> Iterator[str]:
    # A generator: with --json nothing is drawn.
    from commitcollect_core.training.statues import model_of

    model = model_of(catalog, found.milestone)
    yield from milestone_lines(
        found, model, picture=picture_lines(catalog, model, earned_parts(found), style)
    )


def _model_lines(catalog: StatueCatalog, model: StatueModel, style: Style | None) -> Iterator[str]:
    yield from picture_lines(catalog, model, range(1, model.parts_total + 1), style)
    yield f"{model.name} ({model.model_id}), {model.parts_total} parts"
    rows = (
        (f"{part.part_index:2}", part.part_name, part.attach_point, part.mesh_file) for part in model.parts
    )
    yield from fitting_table((" #", "Part", "Attached to", "Mesh"), rows, spare=("Attached to",))
