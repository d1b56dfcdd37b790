"""Events of Strava: what is taken for one, what it is marked by, and what is looked at because of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import asdict
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from commitcollect_core.errors import InvalidInput
from commitcollect_core.jobs.jobs import Job, JobKind
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.strava.webhooks import (
    Aspect,
    ObjectType,
    WebhookEvent,
    idempotency_key,
    interpret,
    parse_event,
)

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
EVENT_TIME = int(NOW.timestamp()) - 5
LATEST = int(NOW.timestamp()) + DEFAULT_POLICY.training.clock_skew_seconds_max

RENAMED: dict[str, Any] = {
    "aspect_type": "update",
    "event_time": EVENT_TIME,
    "object_id": 12_345_678_987,
    "object_type": "activity",
    "owner_id": 134_815,
    "subscription_id": 120_475,
    "updates": {"title": "Messy", "type": "Ride"},
}
CREATED = {**RENAMED, "aspect_type": "create", "updates": {}}
DELETED = {key: value for key, value in RENAMED.items() if key != "updates"} | {"aspect_type": "delete"}
LEFT = {**RENAMED, "object_type": "athlete", "object_id": 134_815, "updates": {"authorized": "false"}}


def parse(document: object) -> WebhookEvent:
    """Read an event now."""
    return parse_event(document, now=NOW, policy=DEFAULT_POLICY)


# What is an event


@pytest.mark.parametrize(
    ("document", "aspect", "updates"),
    [
        (RENAMED, Aspect.UPDATE, (("title", "Messy"), ("type", "Ride"))),
        (CREATED, Aspect.CREATE, ()),
        (DELETED, Aspect.DELETE, ()),
        ({**DELETED, "updates": None}, Aspect.DELETE, ()),
        ({**RENAMED, "updates": {"private": "true"}}, Aspect.UPDATE, (("private", "true"),)),
        ({**RENAMED, "updates": {"private": True, "n": 1}}, Aspect.UPDATE, (("n", "1"), ("private", "True"))),
        ({**RENAMED, "something": ["new"]}, Aspect.UPDATE, (("title", "Messy"), ("type", "Ride"))),
    ],
    ids=["renamed", "created", "deleted", "null", "private", "no texts", "more than we know"],
)
def test_what_strava_sends_is_read(
    document: object, aspect: Aspect, updates: tuple[tuple[str, str], ...]
) -> None:
    """Every field lands in its place; `updates` may be absent, and what is new is left aside."""
    assert parse(document) == WebhookEvent(
        subscription_id=120_475,
        object_type=ObjectType.ACTIVITY,
        object_id=12_345_678_987,
        aspect=aspect,
        owner_id=134_815,
        event_time=NOW - timedelta(seconds=5),
        updates=updates,
    )


def _numbers(name: str) -> list[tuple[str, object]]:
    return [(name, each) for each in (0, -1, 10**20, "120475", 1.0, float("nan"), True, None, [1], {"id": 1})]


BAD: list[tuple[str, object]] = [
    *_numbers("subscription_id"),
    *_numbers("object_id"),
    *_numbers("owner_id"),
    ("object_type", "Activity"),
    ("object_type", ["activity"]),
    ("object_type", None),
    ("aspect_type", "created"),
    ("aspect_type", 1),
    ("event_time", 0),
    ("event_time", 1_230_767_999),
    ("event_time", LATEST + 1),
    ("event_time", 32_503_680_000),
    ("event_time", float(EVENT_TIME)),
    ("event_time", f"{EVENT_TIME}"),
    ("updates", "title"),
    ("updates", []),
    ("updates", {"title": None}),
    ("updates", {"title": {"deep": "er"}}),
    ("updates", {"title": 1.5}),
    ("updates", {f"name {n}": "" for n in range(21)}),
    ("updates", {"title": "x" * 996}),
    ("updates", {"x" * 1_001: ""}),
]


@pytest.mark.parametrize(
    ("name", "value"), BAD, ids=lambda each: f"{each!r:.20}" if each != 10**5_000 else ""
)
def test_an_oddity_is_refused_with_its_name(name: str, value: object) -> None:
    """What is not as Strava sends it is refused before it is stored, and the message does not repeat it."""
    with pytest.raises(InvalidInput, match=f"^{name} must ") as refused:
        parse({**RENAMED, name: value})
    assert (refused.value.code, refused.value.field) == ("invalid_event", name)
    assert len(refused.value.message) < 100


@pytest.mark.parametrize("name", ["subscription_id", "object_id", "owner_id", "event_time", "updates"])
def test_a_number_too_long_to_be_written_out_is_refused(name: str) -> None:
    """Python itself fails at spelling numbers of thousands of digits; they are refused before it tries."""
    number = 10**5_000
    with pytest.raises(InvalidInput) as refused:
        parse({**RENAMED, name: {"title": number} if name == "updates" else number})
    assert refused.value.field == name


@pytest.mark.parametrize("name", sorted(RENAMED.keys() - {"updates"}))
def test_what_is_missing_is_named(name: str) -> None:
    """Every field but `updates` is needed."""
    with pytest.raises(InvalidInput) as refused:
        parse({key: value for key, value in RENAMED.items() if key != name})
    assert refused.value.field == name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("subscription_id", 1),
        ("object_id", 10**20 - 1),
        ("event_time", 1_230_768_000),
        ("event_time", LATEST),
        ("updates", {f"{n}": "" for n in range(20)}),
        ("updates", {"title": "x" * 995}),
    ],
)
def test_a_limit_itself_is_accepted(name: str, value: object) -> None:
    """One beyond is refused, as above."""
    parse({**RENAMED, name: value})


_texts = st.text(st.characters(), max_size=20)
_leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), _texts, st.just("activity"))
JSON: SearchStrategy[Any] = st.recursive(
    _leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=8,
)


def outcome(document: object) -> WebhookEvent | InvalidInput:
    """The event, or how it was refused; any other error is a failure."""
    try:
        return parse(document)
    except InvalidInput as refused:
        return refused


@given(document=JSON)
def test_no_json_at_all_breaks_the_reader(document: Any) -> None:
    """Any document that is no event is refused, and never with another error."""
    refused = outcome(document)
    assert isinstance(refused, InvalidInput)
    assert refused.code == "invalid_event"
    assert (refused.field is None) == (not isinstance(document, dict))


@given(name=st.sampled_from(sorted(RENAMED)), value=JSON)
def test_one_field_of_anything_is_read_or_named(name: str, value: Any) -> None:
    """Whatever stands in one field: it is named, or the event can be marked and looked into."""
    event = outcome({**RENAMED, name: value})
    if isinstance(event, InvalidInput):
        assert event.field == name
    else:
        assert all(isinstance(each, str) for pair in event.updates for each in pair)
        assert idempotency_key(event).isascii()
        interpret(event, now=NOW)


# What it is marked by

_documents = st.fixed_dictionaries(
    {
        "subscription_id": st.sampled_from([1, 11]),
        "object_type": st.sampled_from([each.value for each in ObjectType]),
        "object_id": st.sampled_from([1, 11, 10**20 - 1]),
        "aspect_type": st.sampled_from([each.value for each in Aspect]),
        "owner_id": st.sampled_from([1, 11, 10**20 - 1]),
        "event_time": st.integers(EVENT_TIME, EVENT_TIME + 1),
    },
    optional={
        "updates": st.dictionaries(
            st.sampled_from(["a", "ab", "a', 'b"]), st.sampled_from(["", "b", "'", "\ud800"]), max_size=2
        )
    },
)


@given(one=_documents, other=_documents)
def test_events_have_the_same_mark_if_and_only_if_they_say_the_same(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    """No event is taken for another: not one of another second, and not one forged for another athlete."""
    first, second = parse(one), parse(other)
    assert (idempotency_key(first) == idempotency_key(second)) == (asdict(first) == asdict(second))


@given(document=_documents, data=st.data())
def test_one_difference_makes_another_mark(document: dict[str, Any], data: st.DataObject) -> None:
    """Each single fact counts."""
    name = data.draw(st.sampled_from(sorted(document)))
    other = {**document, name: data.draw(_documents.filter(lambda each: name in each))[name]}
    first, second = parse(document), parse(other)
    assert (idempotency_key(first) == idempotency_key(second)) == (first == second)


@given(document=_documents, data=st.data())
def test_every_delivery_of_an_event_has_its_mark(document: dict[str, Any], data: st.DataObject) -> None:
    """The order of names in the JSON is no fact, nor is when it arrives."""
    names = data.draw(st.permutations(sorted(document)))
    again = {name: document[name] for name in names}
    if "updates" in again:
        again["updates"] = dict(reversed(again["updates"].items()))
    late = parse_event(again, now=NOW + timedelta(hours=1), policy=DEFAULT_POLICY)
    assert idempotency_key(late) == idempotency_key(parse(document))


@given(document=_documents)
def test_a_mark_is_fit_for_a_key(document: dict[str, Any]) -> None:
    """Letters, digits and hyphens, and short, whatever the event holds."""
    assert re.fullmatch(r"[a-z0-9-]{1,150}", idempotency_key(parse(document)))


# What is looked at


@given(document=_documents)
def test_an_event_names_what_to_look_at_and_nothing_else(document: dict[str, Any]) -> None:
    """An activity's event leads to that activity whatever it says happened: a delete may be a forgery."""
    event = parse(document)
    job = interpret(event, now=NOW)
    if event.object_type is ObjectType.ACTIVITY:
        assert job == Job(
            key=f"activity/{event.owner_id}/{event.object_id}",
            kind=JobKind.ACTIVITY,
            athlete_id=str(event.owner_id),  # type: ignore[arg-type]  # a NewType of str
            activity_id=str(event.object_id),  # type: ignore[arg-type]  # a NewType of str
            request_ids=(idempotency_key(event),),
            enqueued_at=NOW,
        )
    else:
        assert (job is not None) == (event.aspect is Aspect.DELETE)


@pytest.mark.parametrize(
    ("change", "is_looked_into"),
    [
        ({}, True),
        ({"updates": {"authorized": "False"}}, True),
        ({"updates": {"authorized": False}}, True),
        ({"updates": {}, "aspect_type": "delete"}, True),
        ({"updates": {"authorized": "true"}}, False),
        ({"updates": {"authorized": ""}}, False),
        ({"updates": {"weight": "70"}}, False),
        ({"updates": {}}, False),
        ({"aspect_type": "create"}, False),
    ],
)
def test_what_may_be_a_deauthorisation_is_looked_into(
    change: dict[str, object], *, is_looked_into: bool
) -> None:
    """Withdrawn permission has several forms; other news of an athlete concerns nobody."""
    event = parse({**LEFT, **change})
    job = interpret(event, now=NOW)
    assert (job is not None) == is_looked_into
    if job is not None:
        assert (job.kind, job.key) == (JobKind.AUTHORIZATION, "authorization/134815")
        assert (job.athlete_id, job.activity_id) == ("134815", None)
        assert job.request_ids == (idempotency_key(event),)
