"""Every kind of write a service's stores make, ready to be made while something goes wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from attrs import evolve, frozen

from adapters.dynamodb.engine import TRANSACT
from commitcollect_adapters.testing import samples
from commitcollect_adapters.testing import service_samples as service
from commitcollect_core.accounts.chain import ChainHead, chained
from commitcollect_core.jobs.idempotency import IdempotencyRecord, completed
from commitcollect_core.stores import Stores
from commitcollect_core.strava.backfills import BackfillCommit
from commitcollect_core.strava.connections import ConnectionCommit, StravaConnection
from commitcollect_core.training.awards import StatueModel
from commitcollect_core.values import ModelId, UserId

PAGES = 30
"""More than one batch removes."""


@frozen(kw_only=True)
class Write:
    """One write, and how to see what came of it.

    Attributes:
        operation: the call by which it is written.
        make: writes.
        read: what is stored.
        expected: what is stored afterwards.
        rival: writes something else in its place first; None where nothing is in its way.
    """

    operation: str
    make: Callable[[], object]
    read: Callable[[], object]
    expected: object
    rival: Callable[[], object] | None = None


def profile(stores: Stores) -> Write:
    """A changed profile."""
    user_id = samples.new_athlete()
    stores.profiles.write(service.profile(user_id))
    after = service.profile(user_id, 2)
    return Write(
        operation=TRANSACT,
        make=lambda: stores.profiles.write(after),
        read=lambda: stores.profiles.read(user_id),
        expected=after,
        rival=lambda: stores.profiles.write(evolve(after, plan="other")),
    )


def _connected(stores: Stores) -> StravaConnection:
    connection = service.connection(samples.new_athlete(), service.new_strava_athlete())
    stores.connections.commit(service.connecting(connection))
    return connection


def _connection(stores: Stores, commit: ConnectionCommit, rival: StravaConnection) -> Write:
    return Write(
        operation=TRANSACT,
        make=lambda: stores.connections.commit(commit),
        read=lambda: stores.connections.read(commit.user_id),
        expected=commit.after,
        rival=lambda: stores.connections.commit(service.connecting(rival, commit.before)),
    )


def connecting(stores: Stores) -> Write:
    """A new connection."""
    after = service.connection(samples.new_athlete(), service.new_strava_athlete())
    return _connection(stores, service.connecting(after), evolve(after, scope=("other",)))


def renewing(stores: Stores) -> Write:
    """A connection with new tokens."""
    before = _connected(stores)
    after = service.connection(before.user_id, before.athlete_id, 2)
    return _connection(stores, service.connecting(after, before), evolve(after, scope=("other",)))


def disconnecting(stores: Stores) -> Write:
    """A connection that is removed."""
    before = _connected(stores)
    return _connection(stores, service.disconnecting(before), evolve(before, version=2))


def staging(stores: Stores) -> Write:
    """A backfill that stages a page and is done with another."""
    user_id, page = samples.new_athlete(), service.staged_page(2)
    backfills, after = stores.backfills, service.backfill(user_id, 2)
    backfills.commit(BackfillCommit(backfill=service.backfill(user_id), page=service.staged_page(1)))
    commit = BackfillCommit(backfill=after, page=page, done_page=1)
    return Write(
        operation=TRANSACT,
        make=lambda: backfills.commit(commit),
        read=lambda: [backfills.read(user_id), *(backfills.read_page(user_id, each) for each in (1, 2))],
        expected=[after, None, page],
        rival=lambda: backfills.commit(evolve(commit, page=service.staged_page(2, activities=2))),
    )


def erasing(stores: Stores) -> Write:
    """A backfill that is erased with its pages."""
    user_id, backfills, numbers = samples.new_athlete(), stores.backfills, range(1, PAGES + 1)
    for each in numbers:
        page = service.staged_page(each)
        backfills.commit(BackfillCommit(backfill=service.backfill(user_id, each), page=page))
    return Write(
        operation="BatchWriteItem",
        make=lambda: backfills.erase(user_id),
        read=lambda: [backfills.read(user_id), *(backfills.read_page(user_id, each) for each in numbers)],
        expected=[None] * (PAGES + 1),
    )


def _new_model() -> StatueModel:
    return evolve(samples.HERON, model_id=ModelId(service.new_name("MODEL")))


def publishing(stores: Stores) -> Write:
    """A new statue."""
    model = _new_model()
    return Write(
        operation=TRANSACT,
        make=lambda: stores.catalog.save(service.published(model)),
        read=lambda: (stores.catalog.model(model.model_id), model in stores.catalog.models()),
        expected=(model, True),
    )


def listing(stores: Stores) -> Write:
    """A new statue, on its way into the list."""
    return evolve(publishing(stores), operation="PutItem")


def renaming(stores: Stores) -> Write:
    """A statue of another name."""
    model = _new_model()
    stores.catalog.save(service.published(model))
    after = evolve(model, name="Egret")
    return Write(
        operation=TRANSACT,
        make=lambda: stores.catalog.save(service.published(after, 2)),
        read=lambda: stores.catalog.model(model.model_id),
        expected=after,
    )


def storing_geometry(stores: Stores) -> Write:
    """The geometry of a statue, in one piece."""
    model, content = _new_model(), b"geometry"
    digest = hashlib.sha256(content).hexdigest()
    stores.catalog.save(evolve(service.published(model), geometry_sha256=digest))
    return Write(
        operation="PutItem",
        make=lambda: stores.catalog.save_geometry(model.model_id, content),
        read=lambda: stores.catalog.geometry(model.model_id),
        expected=content,
    )


def signing_in(stores: Stores) -> Write:
    """A new session."""
    session = service.session(samples.new_athlete())
    return Write(
        operation=TRANSACT,
        make=lambda: stores.sessions.write(session),
        read=lambda: stores.sessions.read(session.session_id),
        expected=session,
    )


def touching(stores: Stores) -> Write:
    """A session that was used."""
    session = service.session(samples.new_athlete())
    stores.sessions.write(session)
    after = evolve(session, last_seen_at=samples.NOW)
    return Write(
        operation="UpdateItem",
        make=lambda: stores.sessions.touch(after),
        read=lambda: stores.sessions.read(session.session_id),
        expected=after,
    )


def signing_out(stores: Stores) -> Write:
    """A session that is ended."""
    session = service.session(samples.new_athlete())
    stores.sessions.write(session)
    return Write(
        operation="DeleteItem",
        make=lambda: stores.sessions.delete(session.session_id),
        read=lambda: stores.sessions.read(session.session_id),
        expected=None,
    )


def shaking_hands(stores: Stores) -> Write:
    """A handshake that begins."""
    handshake = service.handshake()
    return Write(
        operation="PutItem",
        make=lambda: stores.handshakes.begin(handshake),
        read=lambda: stores.handshakes.take(handshake.state),
        expected=handshake,
    )


def _request(
    stores: Stores, operation: str, make: Callable[[], object], name: str, expected: IdempotencyRecord | None
) -> Write:
    return Write(
        operation=operation, make=make, read=lambda: stores.idempotency.read(name), expected=expected
    )


def claiming(stores: Stores) -> Write:
    """A request that is begun."""
    claim = service.claim(service.new_name("request"), "me")
    write = _request(
        stores,
        "UpdateItem",
        lambda: stores.idempotency.begin(claim, replaces=None),
        claim.request_id,
        claim,
    )
    other = service.claim(claim.request_id, "other")
    return evolve(write, rival=lambda: stores.idempotency.begin(other, replaces=None))


def completing(stores: Stores) -> Write:
    """A request that is completed."""
    claim = service.claim(service.new_name("request"), "me")
    stores.idempotency.begin(claim, replaces=None)
    done = completed(claim, "the answer")
    write = _request(stores, "UpdateItem", lambda: stores.idempotency.complete(done), claim.request_id, done)
    other = service.claim(claim.request_id, "other")
    return evolve(write, rival=lambda: stores.idempotency.begin(other, replaces=claim))


def giving_up(stores: Stores) -> Write:
    """A request that is given up."""
    claim = service.claim(service.new_name("request"), "me")
    stores.idempotency.begin(claim, replaces=None)
    return _request(
        stores,
        "DeleteItem",
        lambda: stores.idempotency.release(claim.request_id, "me"),
        claim.request_id,
        None,
    )


def marking(stores: Stores) -> Write:
    """An event that is completed."""
    marker = service.marker(service.new_name("event"))
    return _request(stores, "PutItem", lambda: stores.idempotency.mark(marker), marker.request_id, marker)


def deleting(stores: Stores) -> Write:
    """A deletion that goes on."""
    request_id = service.new_name("deletion")
    stores.deletions.write(service.deletion(request_id))
    after = service.deletion(request_id, 2)
    return Write(
        operation="UpdateItem",
        make=lambda: stores.deletions.write(after),
        read=lambda: stores.deletions.read(request_id),
        expected=after,
        rival=lambda: stores.deletions.write(evolve(after, identifiers="other")),
    )


def writing_down(stores: Stores) -> Write:
    """An entry of the audit log."""
    user_id: UserId = samples.new_athlete()
    nothing = ChainHead(user_id=user_id)
    entry, head = chained(nothing, service.audit_event(user_id, "1"), service.AUDIT_KEYS)
    rival = chained(nothing, service.audit_event(user_id, "2"), service.AUDIT_KEYS)
    return Write(
        operation=TRANSACT,
        make=lambda: stores.audit.append(entry, head),
        read=lambda: stores.audit.of_user(user_id, after=None, limit=9).entries,
        expected=(entry,),
        rival=lambda: stores.audit.append(*rival),
    )


WRITES: tuple[Callable[[Stores], Write], ...] = (
    profile,
    connecting,
    renewing,
    disconnecting,
    staging,
    erasing,
    publishing,
    listing,
    renaming,
    storing_geometry,
    signing_in,
    touching,
    signing_out,
    shaking_hands,
    claiming,
    completing,
    giving_up,
    marking,
    deleting,
    writing_down,
)

CONDITIONAL = (
    profile,
    connecting,
    renewing,
    disconnecting,
    staging,
    claiming,
    completing,
    deleting,
    writing_down,
)
"""Those that another process's write may refuse."""
