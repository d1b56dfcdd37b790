"""``commitcollect strava limits``: how many calls are used up, and repairing the counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from commitcollect_cli.output import print_result, say
from commitcollect_cli.render import table
from commitcollect_cli.store import store_options

if TYPE_CHECKING:
    from commitcollect_adapters.settings import Settings
    from commitcollect_core.strava.rates import RateBudget

_HEADER = ("Of", "This quarter", "Today", "No calls before", "Why")


@click.command()
@click.option(
    "--athlete",
    "athletes",
    multiple=True,
    metavar="ID",
    help="Strava's id of an athlete; repeat it for several. Default: the one who is connected.",
)
@click.option("--reset", "is_reset", is_flag=True, help="Forget the calls counted, and any pause.")
@store_options
def limits(*, settings: Settings, athletes: tuple[str, ...], is_reset: bool, as_json: bool) -> None:
    """Show how many calls the app and athletes have used, and pauses.

    Counts and pauses that lie further ahead than they can are left out: a clock was wrong.
    """
    from commitcollect_adapters.documents import rate_budget_document
    from commitcollect_adapters.services import open_service
    from commitcollect_core.strava.rates import APP_SCOPE, athlete_scope
    from commitcollect_core.values import AthleteId, require_id

    for each in athletes:
        require_id(each, "athlete")
    with open_service(settings, must_exist=True) as (service, _):
        connection = service.strava.access.connections.read(settings.user)
        if not athletes and connection is not None:
            athletes = (connection.athlete_id,)
        rates = service.strava.access.rates
        # By the athlete's id, as it was given: the scope itself is a digest of it.
        scopes = {APP_SCOPE: APP_SCOPE} | {
            f"athlete-{each}": athlete_scope(AthleteId(each)) for each in athletes
        }
        budgets = {
            name: rates.reset(scope) if is_reset else rates.budget(scope) for name, scope in scopes.items()
        }
    document = {"limits": [rate_budget_document(*each) for each in budgets.items()]}
    print_result(document, table(_HEADER, (_row(*each) for each in budgets.items())), as_json=as_json)
    if is_reset and not as_json:
        say("Calls are counted from 0 again; Strava's next answer corrects the app's.")


def _row(scope: str, budget: RateBudget) -> tuple[str, ...]:
    until = budget.paused_until
    return (
        scope,
        f"{budget.window_used:,} of {budget.window_limit:,}",
        f"{budget.day_used:,} of {budget.day_limit:,}",
        "" if until is None else f"{until:%Y-%m-%d %H:%M} UTC",
        budget.pause_reason,
    )
