"""The athlete's page without a script: goals, parts and workouts as the host writes them into the page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from html import escape
from itertools import islice

from attrs import frozen

from commitcollect_adapters.web.calls import OK, Answer, Call, Endpoint
from commitcollect_adapters.web.page import PAGE_TYPE
from commitcollect_adapters.wording.amounts import show_amount, show_needed, show_progress, shown_as_given
from commitcollect_adapters.wording.goals import kind_of, show_day, show_goal
from commitcollect_core.accounts.ports import ProfileStore
from commitcollect_core.app import CommitCollect
from commitcollect_core.training.awards import StatueModel
from commitcollect_core.training.history import live_workouts
from commitcollect_core.training.milestones import Milestone
from commitcollect_core.training.ports import WorkoutQuery
from commitcollect_core.training.statues import model_of
from commitcollect_core.training.tracking import MilestoneView
from commitcollect_core.training.workouts import Workout
from commitcollect_core.values import TargetType, UserId

PATH = "/plain"
WORKOUTS_SHOWN, GOALS_SHOWN_MAX = 50, 20
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_HEADERS = {"Content-Security-Policy": CONTENT_SECURITY_POLICY, "X-Frame-Options": "DENY"}
_FILES = (
    ("3mf?layout=plates", "to print: plates (3MF)", True),
    ("stl", "to print: parts (STL, zipped)", True),
    ("png", "card to share (PNG)", False),
)
"""Format, what it is, and whether it holds earned parts only."""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>CommitCollect</title>
<link rel="icon" href="/assets/icon.svg">
<link rel="stylesheet" href="/assets/home.css">
</head>
<body>
<header class="bar"><a class="brand" href="{path}"><img src="/assets/icon.svg" alt="" width="28" height="28">\
CommitCollect</a></header>
<main id="main">
{content}
</main>
<footer><a href="/">The page with the statue in 3D</a> needs a script.</footer>
</body>
</html>
"""
_WELCOME = """<section class="welcome">
<div>
<h1>Your training becomes a statue</h1>
<p class="lead">Set a goal; each time you get a step closer you earn one part of a statue.</p>
<p><a class="button main" href="/auth/login">Sign in</a></p>
</div>
<img src="/statues/DRAGON_2026/picture" alt="A dragon on a rock, its wings raised." width="640" height="700">
</section>"""


@frozen(kw_only=True, eq=False)
class PlainRoutes:
    """The plain page over HTTP."""

    app: CommitCollect
    profiles: ProfileStore

    def endpoints(self) -> Iterator[Endpoint]:
        """The row of the route table."""
        yield Endpoint(
            method="GET", path=PATH, act=self._page, needs_session=False, is_visited=True,
            about="The athlete's page without a script.", answers={OK: None}, media_types=("text/html",),
        )  # fmt: skip

    def _page(self, call: Call) -> Answer:
        parts = [_WELCOME] if call.session is None else self._own(call.user_id)
        page = _PAGE.format(path=PATH, content="\n".join(parts))
        return Answer(content=page.encode(), media_type=PAGE_TYPE, headers=_HEADERS)

    def _own(self, user_id: UserId) -> Iterator[str]:
        yield "<h1>Your goals</h1>"
        goals = self._goals(user_id)
        if not goals:
            yield '<p class="card">None yet. A goal is set on the page with a script, or by the API.</p>'
        for milestone in goals[:GOALS_SHOWN_MAX]:
            view = self.app.tracking.view(user_id, milestone.milestone_id)
            yield _goal(view, model_of(self.app.ports.catalog, milestone), self.app.context.now())
        if left := goals[GOALS_SHOWN_MAX:]:
            yield f"<p>and {len(left)} more</p>"
        query = WorkoutQuery(newest_first=True, limit=WORKOUTS_SHOWN)
        found = live_workouts(self.app.ports.ledger, user_id, query, self.app.policy)
        yield _workouts([*islice(found, WORKOUTS_SHOWN)])
        profile = self.profiles.read(user_id)
        yield _account("" if profile is None else profile.email)

    def _goals(self, user_id: UserId) -> Sequence[Milestone]:
        """The newest first; what is put away stands last."""
        found = sorted(self.app.tracking.milestones(user_id), key=lambda each: each.created_at, reverse=True)
        return sorted(found, key=lambda each: each.archived_at is not None)


def _goal(view: MilestoneView, model: StatueModel, now: datetime) -> str:
    with shown_as_given(view.milestone.unit, view.milestone.goal.aims):
        return _shown_goal(view, model, now)


def _shown_goal(view: MilestoneView, model: StatueModel, now: datetime) -> str:
    milestone, goal = view.milestone, view.milestone.goal
    aim = show_goal(goal)
    title, about = (milestone.name, f"{model.name}: {aim}") if milestone.name else (model.name, aim)
    awards = {each.part_index: each for each in view.awards}
    count = f"{len(awards)} of {goal.parts_total} parts earned"
    done = show_progress(kind_of(goal), milestone.progress.progress_value, goal.total_target)
    state = " The period is over." if milestone.is_over(now) else ""
    state += "" if milestone.archived_at is None else " Put away."
    rows = []
    for part in model.parts:
        award = awards.get(part.part_index)
        when = (
            f"at {show_needed(kind_of(goal), goal.threshold(part.part_index))}"
            if award is None
            else f"earned on {show_day(award.earned_at, goal)}"
        )
        rows.append((part.part_name, when))
    solid = ",".join(map(str, sorted(awards)))
    picture = (
        f'<img class="plain" src="/statues/{escape(goal.model_id)}/picture?solid={solid}" '
        f'alt="{escape(model.name)}, {count}." width="640" height="700">'
    )
    return "\n".join(
        (
            '<section class="card two">',
            f"<div><h2>{escape(title)}</h2>",
            f'<p class="soft">{escape(about)}.{state}</p>',
            f'<p class="count">{count}: {escape(done)}</p>',
            _table(("Part", "When"), rows),
            f"<p>{_files(milestone, has_parts=bool(awards))}</p></div>",
            picture,
            "</section>",
        )
    )


def _files(milestone: Milestone, *, has_parts: bool) -> str:
    base = f"/milestones/{escape(milestone.milestone_id)}/files"
    return ", ".join(
        f'<a href="{base}/{kind}" download>{name}</a>'
        for kind, name, needs_parts in _FILES
        if has_parts or not needs_parts
    )


def _workouts(workouts: Sequence[Workout]) -> str:
    if not workouts:
        return '<section class="card"><h2>Workouts</h2><p>None yet.</p></section>'
    rows = []
    for each in workouts:
        found = each.snapshot
        rows.append(
            (
                show_day(found.started_at),
                f"{found.name} ({found.sport_type})" if found.name else found.sport_type,
                _known(TargetType.DISTANCE_METERS, found.distance_meters),
                _known(TargetType.MOVING_TIME_SECONDS, found.moving_seconds),
            )
        )
    table = _table(("Day (UTC)", "Workout", "Distance", "Moving"), rows)
    region = '<div class="scroll" tabindex="0" role="region" aria-label="Table of workouts">'
    return f'<section class="card"><h2>The newest workouts</h2>{region}{table}</div></section>'


def _known(target_type: TargetType, amount: int) -> str:
    """An amount of a workout; a dash for none, as nothing tells it from one that is not known."""
    return show_amount(target_type, amount) if amount else "-"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    titles = "".join(f'<th scope="col">{each}</th>' for each in head)
    lines = "".join(f"<tr>{''.join(f'<td>{escape(each)}</td>' for each in row)}</tr>\n" for row in rows)
    return f"<table><thead><tr>{titles}</tr></thead><tbody>\n{lines}</tbody></table>"


def _account(email: str) -> str:
    return (
        f'<section class="card"><h2>Account</h2><p>Signed in as <strong>{escape(email)}</strong>.</p>\n'
        '<p><a href="/account/export" download>Download all that is stored about you</a></p>\n'
        '<form method="post" action="/logout"><button type="submit">Sign out</button></form></section>'
    )
