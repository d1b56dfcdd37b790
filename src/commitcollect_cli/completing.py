"""What a shell completes beside commands and options: ids, sports, models and kinds of targets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from click.shell_completion import CompletionItem

from commitcollect_core.errors import CommitCollectError

if TYPE_CHECKING:
    import click

    from commitcollect_core.app import CommitCollect
    from commitcollect_core.values import UserId

WORKOUTS_OFFERED = 50
"""The newest ones: a shell shows no more than a screen."""

TARGET_EXAMPLES = (
    "distance=1000km", "elevation=8848m", "time=100h", "count=52", "days=100", "weeks=40", "months=10",
    "streak=30d", "best-distance=100km", "best-elevation=5000m/7d", "best-time=5h", "best-count=7/7d",
)  # fmt: skip
"""One of each kind that a target may have; here, as reading goals costs more than completing their names."""

_Items = list[CompletionItem]


def _given(ctx: click.Context, name: str) -> Any:
    """An option of the command, or the same one before it."""
    return ctx.params.get(name) or ctx.find_root().params.get(name)


def _of_store(
    ctx: click.Context, find: Callable[[CommitCollect, UserId], Iterable[CompletionItem]]
) -> _Items:
    """What is found in the store; nothing where there is none, as a shell has no place for an error."""
    from commitcollect_adapters.backend import open_app
    from commitcollect_cli.store import settings_here

    try:
        settings, _ = settings_here(_given(ctx, "store"), _given(ctx, "user"))
        with open_app(settings, must_exist=True) as app:
            return list(find(app, settings.user))
    except CommitCollectError:
        return []


def complete_milestone(ctx: click.Context, _param: click.Parameter, incomplete: str) -> _Items:
    """Ids of milestones, the first one first, with their names and goals."""
    from commitcollect_cli.choosing import by_creation

    def found(app: CommitCollect, user_id: UserId) -> Iterator[CompletionItem]:
        from commitcollect_adapters.wording.amounts import shown_as_given
        from commitcollect_adapters.wording.goals import show_goal

        for each in by_creation(app, user_id):
            if each.milestone_id.startswith(incomplete):
                with shown_as_given(each.unit, each.goal.aims):
                    shown = each.name or show_goal(each.goal)
                yield CompletionItem(each.milestone_id, help=shown)

    return _of_store(ctx, found)


def complete_recurring(ctx: click.Context, _param: click.Parameter, incomplete: str) -> _Items:
    """Ids of recurring goals."""

    def found(app: CommitCollect, user_id: UserId) -> Iterator[CompletionItem]:
        for each in app.recurring_goals.list(user_id):
            if each.recurring_id.startswith(incomplete):
                yield CompletionItem(each.recurring_id, help=f"every {each.every.value.lower()}")

    return _of_store(ctx, found)


def complete_workout(ctx: click.Context, _param: click.Parameter, incomplete: str) -> _Items:
    """Ids of the newest workouts, with their days and names."""

    def found(app: CommitCollect, user_id: UserId) -> Iterator[CompletionItem]:
        from commitcollect_core.training.history import walk_workouts
        from commitcollect_core.training.ports import WorkoutQuery

        query = WorkoutQuery(newest_first=True, limit=app.policy.training.page_items_max)
        workouts = (each.snapshot for each in walk_workouts(app.ports.ledger, user_id, query))
        matching = (each for each in workouts if each.activity_id.startswith(incomplete))
        for each in islice(matching, WORKOUTS_OFFERED):
            yield CompletionItem(each.activity_id, help=f"{each.started_at:%Y-%m-%d} {each.name}")

    return _of_store(ctx, found)


def complete_model(ctx: click.Context, _param: click.Parameter, incomplete: str) -> _Items:
    """Ids of statue models, with their names."""
    from commitcollect_cli.catalogs import open_catalog
    from commitcollect_cli.store import settings_here

    try:
        settings, _ = settings_here(_given(ctx, "store"), _given(ctx, "user"))
        with open_catalog(settings) as catalog:
            models = catalog.models()
    except CommitCollectError:
        return []
    return [
        CompletionItem(each.model_id, help=each.name)
        for each in models
        if each.model_id.startswith(incomplete)
    ]


def complete_sport(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> _Items:
    """Groups and types of sports; behind a comma the next one. Case does not matter."""
    from commitcollect_core.training.sports import ANY, SPORT_GROUPS, SPORT_TYPES

    before, comma, last = incomplete.rpartition(",")
    names = (ANY, *SPORT_GROUPS, *sorted(SPORT_TYPES.values()))
    return [CompletionItem(before + comma + each) for each in names if _begins(each, last)]


def complete_sport_type(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> _Items:
    """Types of sports, as Strava writes them."""
    from commitcollect_core.training.sports import SPORT_TYPES

    return [CompletionItem(each) for each in sorted(SPORT_TYPES.values()) if _begins(each, incomplete)]


def complete_target(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> _Items:
    """Kinds of targets, up to the amount, with an example each."""
    kinds = ((example.partition("=")[0], example) for example in TARGET_EXAMPLES)
    return [CompletionItem(f"{kind}=", help=example) for kind, example in kinds if _begins(kind, incomplete)]


def complete_time_zone(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> _Items:
    """Names of time zones."""
    from zoneinfo import available_timezones

    return [CompletionItem(each) for each in sorted(available_timezones()) if _begins(each, incomplete)]


def complete_store(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> _Items:
    """Files, as most stores are one."""
    return [CompletionItem(incomplete, type="file")]


def _begins(name: str, incomplete: str) -> bool:
    return name.casefold().startswith(incomplete.casefold())
