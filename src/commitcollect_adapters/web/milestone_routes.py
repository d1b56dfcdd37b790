"""The routes of milestones."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime

from attrs import frozen

from commitcollect_adapters.documents import (
    Document,
    award_document,
    exclusions_document,
    explanation_document,
    milestone_document,
    preview_document,
    recompute_document,
)
from commitcollect_adapters.positions import read_position, write_position
from commitcollect_adapters.web import schemas, wishes
from commitcollect_adapters.web.calls import CREATED, NO_CONTENT, OK, Answer, Call, Endpoint
from commitcollect_core.app import CommitCollect
from commitcollect_core.errors import Conflict, InvalidInput, VersionConflict
from commitcollect_core.training.goals import Exclusion
from commitcollect_core.training.statues import model_on_offer
from commitcollect_core.training.tracking import MILESTONE_EXISTS, MilestoneView, NewMilestone
from commitcollect_core.values import MilestoneId, UserId

LISTED, LISTED_MAX = 50, 200


@frozen(kw_only=True, eq=False)
class MilestoneRoutes:
    """Milestones over HTTP.

    Attributes:
        is_bounded: whether a call counts no more workouts than a request may; see `Tracking.create`.
        awards_at: as in `Backend`, where answers are to tell it; None where not.
    """

    app: CommitCollect
    is_bounded: bool = True
    awards_at: Callable[[UserId, MilestoneId], tuple[str, str]] | None = None

    def endpoints(self) -> Iterator[Endpoint]:
        """The rows of the route table."""
        one = "/milestones/{milestoneId}"
        yield Endpoint(
            method="POST", path="/milestones", act=self._create, body=wishes.BODY,
            headers=(schemas.IDEMPOTENCY_KEY,),
            about="Set a milestone; the stored history counts at once. Repeatable with an Idempotency-Key.",
            answers={CREATED: schemas.CREATED_MILESTONE}, fails_with=(400, 404, 409, 413, 415, 422),
        )  # fmt: skip
        yield Endpoint(
            method="POST", path="/milestones/preview", act=self._preview, body=wishes.BODY,
            about="What a milestone would be worth at once, from the stored history. Writes nothing.",
            answers={OK: schemas.PREVIEW}, fails_with=(400, 404, 409, 413, 415),
        )  # fmt: skip
        yield Endpoint(
            method="GET", path="/milestones", act=self._list,
            query=(schemas.limit(LISTED_MAX), schemas.AFTER),
            about="The milestones, in order of id.",
            answers={OK: schemas.MILESTONES}, fails_with=(400,),
        )  # fmt: skip
        yield Endpoint(
            method="GET", path=one, act=self._show,
            about="A milestone and its awards.", answers={OK: schemas.MILESTONE_VIEW}, fails_with=(404,),
        )  # fmt: skip
        yield Endpoint(
            method="PATCH", path=one, act=self._edit, body=schemas.EDIT,
            about="Rename a milestone, put it away or take it out again. A goal stays as it is.",
            answers={OK: schemas.MILESTONE}, fails_with=(400, 404, 409, 413, 415),
        )  # fmt: skip
        yield Endpoint(
            method="DELETE", path=one, act=self._delete, query=(schemas.WITH_PARTS,),
            about="Delete a milestone; workouts stay. One with earned parts needs `withParts=true`.",
            answers={NO_CONTENT: None}, fails_with=(400, 404, 409),
        )  # fmt: skip
        yield Endpoint(
            method="POST", path=f"{one}/recompute", act=self._recompute,
            about="Add a milestone up again from the stored workouts, and repair it.",
            answers={OK: schemas.RECOMPUTED}, fails_with=(404, 409),
        )  # fmt: skip
        yield Endpoint(
            method="GET", path=f"{one}/explain", act=self._explain,
            query=(schemas.limit(LISTED_MAX), schemas.AFTER),
            about="Each workout, newest first: whether it counts, how much, or why not.",
            answers={OK: schemas.EXPLANATIONS}, fails_with=(400, 404, 409),
        )  # fmt: skip

    def _wish(self, call: Call) -> NewMilestone:
        wish = wishes.wish_of(call.document, self.app.policy)
        model = model_on_offer(self.app.ports.catalog, wish.model_id)
        wishes.check_parts_total(call.document, model.parts_total)
        return wish

    def _create(self, call: Call) -> Answer:
        with wishes.naming_what_was_sent(call.document):
            view = self._created(call)
        milestone = view.milestone
        document = {"milestoneId": milestone.milestone_id, "status": milestone.status.value}
        return Answer(status=CREATED, document=document, outcome=view)

    def _created(self, call: Call) -> MilestoneView:
        wish = self._wish(call)
        milestone_id = _id_for(call.user_id, call.idempotency_key) if call.idempotency_key else None
        try:
            return self.app.tracking.create(
                call.user_id, wish, milestone_id=milestone_id, is_bounded=self.is_bounded
            )
        except Conflict as conflict:
            if conflict.code != MILESTONE_EXISTS or milestone_id is None:
                raise
            return self._made_before(call.user_id, milestone_id, wish)

    def _made_before(self, user_id: UserId, milestone_id: MilestoneId, wish: NewMilestone) -> MilestoneView:
        """The milestone that an earlier request of this name made."""
        view = self.app.tracking.view(user_id, milestone_id)
        model = model_on_offer(self.app.ports.catalog, wish.model_id)
        made = view.milestone
        if (made.goal, made.name) != (wish.goal(model, self.app.policy), wish.name):
            raise InvalidInput(
                "this Idempotency-Key belongs to another milestone; use a new one",
                code="idempotency_key_reused",
            )
        return view

    def _preview(self, call: Call) -> Answer:
        with wishes.naming_what_was_sent(call.document):
            preview = self.app.tracking.preview(call.user_id, self._wish(call), is_bounded=self.is_bounded)
        return Answer(document=preview_document(preview))

    def _list(self, call: Call) -> Answer:
        limit = call.number("limit", default=LISTED, least=1, most=LISTED_MAX)
        after = call.id_after("after")
        page = self.app.tracking.list(
            call.user_id, after=None if after is None else MilestoneId(after), limit=limit
        )
        # Pages go by id, which is random; a person expects the order in which the goals were made.
        by_creation = sorted(page.milestones, key=lambda each: each.created_at)
        now = self.app.context.now()
        shown = [milestone_document(each, now=now) for each in by_creation]
        return Answer(document={"milestones": shown, "next": page.next})

    def _show(self, call: Call) -> Answer:
        view = self.app.tracking.view(call.user_id, call.milestone_id)
        document = _view_document(view, self.app.context.now())
        if self.awards_at is not None:
            partition, prefix = self.awards_at(call.user_id, call.milestone_id)
            # The milestone counts its awards, too: fewer of them are there if one was read before the other.
            has_more = view.milestone.parts_awarded > len(view.awards)
            document["debug"] = {
                "pk": partition,
                "skPrefix": prefix,
                "inspected": len(view.awards) + 1,
                "awardsCount": len(view.awards),
                "hasMore": has_more,
            }
        return Answer(document=document)

    def _edit(self, call: Call) -> Answer:
        name, is_archived = wishes.edit_of(call.document)
        after = self.app.tracking.edit(call.user_id, call.milestone_id, name=name, is_archived=is_archived)
        return Answer(document=milestone_document(after, now=self.app.context.now()))

    def _delete(self, call: Call) -> Answer:
        takes_awards = call.flag("withParts")
        removed = self.app.tracking.remove(call.user_id, call.milestone_id, takes_awards=takes_awards)
        return Answer(status=NO_CONTENT, outcome=removed)

    def _recompute(self, call: Call) -> Answer:
        try:
            found = self.app.tracking.recompute(call.user_id, call.milestone_id, is_bounded=self.is_bounded)
        except VersionConflict as conflict:
            raise VersionConflict(conflict.message, code="milestone_version_conflict") from conflict
        now = self.app.context.now()
        changes = recompute_document(found, now=now)
        document = {
            **_view_document(found.view, now),
            **{name: changes[name] for name in ("progressDelta", "currentDelta", "partsDelta", "counted")},
            "excludedBeforeStartCount": found.tally.excluded.get(Exclusion.BEFORE_START, 0),
        }
        return Answer(document=document, outcome=found)

    def _explain(self, call: Call) -> Answer:
        limit = call.number("limit", default=LISTED, least=1, most=LISTED_MAX)
        after = call.query.get("after")
        page = self.app.tracking.explain_page(
            call.user_id,
            call.milestone_id,
            after=None if after is None else read_position(after),
            limit=limit,
            is_bounded=self.is_bounded,
        )
        document: Document = {
            "workouts": [explanation_document(each) for each in page.explanations],
            "next": write_position(page.next),
            "counted": None,
            "excluded": None,
        }
        if page.counts is not None:
            excluded = {reason: count for reason, count in page.counts.items() if reason is not None}
            document |= {"counted": page.counts.get(None, 0), "excluded": exclusions_document(excluded)}
        return Answer(document=document)


def _view_document(view: MilestoneView, now: datetime) -> Document:
    return {
        "milestone": milestone_document(view.milestone, now=now),
        "awards": [award_document(each) for each in view.awards],
    }


def _id_for(user_id: UserId, key: str) -> MilestoneId:
    """The id of the milestone that a request of this name makes: the same each time it is repeated."""
    if len(key) > schemas.KEY_CHARS_MAX:
        raise InvalidInput(
            f"an Idempotency-Key has at most {schemas.KEY_CHARS_MAX} characters", field="Idempotency-Key"
        )
    digest = hashlib.sha256("\n".join((user_id, key)).encode()).hexdigest()
    return MilestoneId(f"k-{digest[:30]}")
