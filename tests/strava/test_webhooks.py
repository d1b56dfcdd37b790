"""Events of Strava: what is taken for one, what it is marked by, and what is looked at because of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import asdict, evolve
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from commitcollect_core.errors import InvalidInput
from commitcollect_core.jobs.jobs import Job, JobEvent
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
        (DELETED, Aspect.DELETE, None),
        ({**DELETED, "updates": None}, Aspect.DELETE, None),
        ({**RENAMED, "updates": {"private": "true"}}, Aspect.UPDATE, (("private", "true"),)),
        ({**RENAMED, "updates": {"private": True, "n": 1}}, Aspect.UPDATE, (("n", "1"), ("private", "true"))),
        ({**RENAMED, "something": ["new"]}, Aspect.UPDATE, (("title", "Messy"), ("type", "Ride"))),
    ],
    ids=["renamed", "created", "deleted", "null", "private", "no texts", "more than we know"],
)
def test_what_strava_sends_is_read(
    document: object, aspect: Aspect, updates: tuple[tuple[str, str], ...] | None
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


HUGE = 10**5_000
"""Python refuses to write it out, so messages and keys must not try."""

NO_NUMBERS = (
    0,
    -1,
    10**20,
    "",
    "1_000",
    "12x",
    "-5",
    "9" * 21,
    0.5,
    -1.0,
    1e300,
    2.0**54,
    float("nan"),
    True,
    None,
)
BAD: list[tuple[str, object]] = [
    *(("object_id", each) for each in (*NO_NUMBERS, [1], {"id": 1})),
    *(("owner_id", each) for each in (*NO_NUMBERS, [1], {"id": 1})),
    ("object_type", "activities"),
    ("object_type", ["activity"]),
    ("object_type", None),
]


@pytest.mark.parametrize(("name", "value"), BAD, ids=lambda each: f"{each!r:.20}")
def test_an_event_needs_its_kind_id_and_owner(name: str, value: object) -> None:
    """Without one of the three there is nothing to look at; the message names it and repeats nothing."""
    with pytest.raises(InvalidInput, match=f"^{name} must ") as refused:
        parse({**RENAMED, name: value})
    assert (refused.value.code, refused.value.field) == ("invalid_event", name)
    assert len(refused.value.message) < 100
    with pytest.raises(InvalidInput) as missing:
        parse({key: each for key, each in RENAMED.items() if key != name})
    assert missing.value.field == name


@pytest.mark.parametrize("number", [10**5_000, "9" * 5_000], ids=["number", "text"])
@pytest.mark.parametrize("name", ["object_id", "owner_id"])
def test_a_number_too_long_to_be_written_out_is_refused(name: str, number: object) -> None:
    """Python itself fails at spelling numbers of thousands of digits; they are refused before it tries."""
    with pytest.raises(InvalidInput) as refused:
        parse({**RENAMED, name: number})
    assert refused.value.field == name


READ: list[tuple[str, object, object]] = [
    ("object_id", "12345678987", 12_345_678_987),
    ("object_id", " 007 ", 7),
    ("object_id", 7.0, 7),
    ("object_id", 10**20 - 1, 10**20 - 1),
    ("owner_id", "134815", 134_815),
    ("subscription_id", "120475", 120_475),
    ("subscription_id", 120_475.0, 120_475),
    *(("subscription_id", each, None) for each in NO_NUMBERS),
    ("object_type", "Activity", ObjectType.ACTIVITY),
    ("aspect_type", " UPDATE", Aspect.UPDATE),
    ("aspect_type", "created", None),
    ("aspect_type", 1, None),
    ("event_time", EVENT_TIME + 0.75, EVENT_TIME),
    ("event_time", f"{EVENT_TIME}", EVENT_TIME),
    ("event_time", f"{EVENT_TIME}.5", EVENT_TIME),
    ("event_time", EVENT_TIME * 1_000 + 250, EVENT_TIME),
    ("event_time", f"{EVENT_TIME * 1_000}", EVENT_TIME),
    ("event_time", 1_230_768_000, 1_230_768_000),
    ("event_time", LATEST, LATEST),
    *(
        ("event_time", each, int(NOW.timestamp()))
        for each in (
            0, 1_230_767_999, LATEST + 1, EVENT_TIME + 3_600, 32_503_680_000, 1e300,
            HUGE, float("nan"), float("inf"), -5, "soon", "1e9", True, None, [EVENT_TIME],
        )
    ),
    ("updates", None, None),
    ("updates", "title", None),
    ("updates", '{"authorized": "false"}', None),
    ("updates", [], None),
    ("updates", [{"title": "x"}], None),
    ("updates", {"title": None}, ()),
    ("updates", {"title": {"deep": "er"}, "type": "Ride"}, (("type", "Ride"),)),
    ("updates", {"title": 1.5, "n": 7}, (("n", "7"),)),
    ("updates", {"title": HUGE}, ()),
    ("updates", {"private": True}, (("private", "true"),)),
    ("updates", {f"{n:02}": "" for n in range(21)}, tuple((f"{n:02}", "") for n in range(20))),
    ("updates", {"title": "x" * 996, "type": "Run"}, (("type", "Run"),)),
    ("updates", {"title": "x" * 995}, (("title", "x" * 995),)),
    ("updates", {"x" * 1_001: ""}, ()),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "expected"), READ, ids=[str(each) for each in range(len(READ))])
def test_an_odd_field_is_read_if_it_can_be(name: str, value: object, expected: object) -> None:
    """Odd types, milliseconds and times ahead cost no event, and change no other field."""
    event = parse({**RENAMED, name: value})
    found = asdict(event)
    name = name.removesuffix("_type") if name == "aspect_type" else name
    if name == "event_time":
        found[name] = int(event.event_time.timestamp())
        assert event.event_time.microsecond == 0
    assert found[name] == expected
    assert evolve(event, **{name: getattr(parse(RENAMED), name)}) == parse(RENAMED)
    assert interpret(event, now=NOW) is not None


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
    """Whatever stands in one field: it is one of the three and named, or the event can be looked into."""
    event = outcome({**RENAMED, name: value})
    if isinstance(event, InvalidInput):
        assert event.field == name
        assert name in {"object_type", "object_id", "owner_id"}
    else:
        assert all(isinstance(each, str) for pair in event.updates or () for each in pair)
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
            kind="strava/activity",
            subject={"athleteId": str(event.owner_id), "activityId": str(event.object_id)},
            events=(JobEvent(idempotency_key(event), event.event_time, event.aspect is Aspect.DELETE),),
            enqueued_at=NOW,
        )
        assert job.key == f"strava/activity/{event.owner_id}/{event.object_id}"
    else:
        is_unclear = event.aspect is Aspect.UPDATE and event.updates is None
        assert (job is not None) == (event.aspect is Aspect.DELETE or is_unclear)


@pytest.mark.parametrize(
    ("change", "is_looked_into"),
    [
        ({}, True),
        ({"updates": {"authorized": "False"}}, True),
        ({"updates": {"authorized": False}}, True),
        ({"updates": {"authorized": 0}}, True),
        ({"updates": {"authorized": " FALSE "}}, True),
        ({"updates": {}, "aspect_type": "delete"}, True),
        ({"updates": None}, True),
        ({"updates": [{"authorized": "false"}]}, True),
        ({"updates": '{"authorized": "false"}'}, True),
        ({"aspect_type": "deauthorize"}, True),
        ({"updates": {}, "aspect_type": None}, False),
        ({"updates": None, "aspect_type": "create"}, False),
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
    """Withdrawn permission has several forms; other news of an athlete is ignored."""
    event = parse({**LEFT, **change})
    job = interpret(event, now=NOW)
    assert (job is not None) == is_looked_into
    if job is not None:
        assert job.key == "strava/authorization/134815"
        assert job.events == (
            JobEvent(idempotency_key(event), event.event_time, event.aspect is Aspect.DELETE),
        )
