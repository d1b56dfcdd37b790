"""The whole life of an account, on real engines and real histories."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from adapters.dynamodb.engine import connect
from adapters.identity.test_cognito import Pool, a_browser, pool, sent_to, through_the_form
from commitcollect_adapters.ciphers import signing
from commitcollect_adapters.dynamodb.client import Client
from commitcollect_adapters.dynamodb.stores import dynamo_stores
from commitcollect_adapters.exports import opened_export, write_folder, write_zip
from commitcollect_adapters.readers import Accepted, read_history
from commitcollect_adapters.services import open_identities
from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.stores import sqlite_stores
from commitcollect_adapters.strava.fake import CallKind
from commitcollect_adapters.system import SystemClock
from commitcollect_core.accounts.receipts import opened
from commitcollect_core.accounts.session_keeping import SessionKeeping
from commitcollect_core.accounts.signing_in import SignedIn, SigningIn
from commitcollect_core.context import Context
from commitcollect_core.errors import AccountDeleting
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.training.tracking import NewMilestone
from commitcollect_core.values import ModelId, TargetType, UserId
from engines import running
from strava.world import ATHLETE, World

__all__ = ["pool"]  # a fixture

pytestmark = pytest.mark.slow

ACTIVITIES = 1_132
WISH = NewMilestone(
    model_id=ModelId("DRAGON_2026"),
    target_type=TargetType.DISTANCE_METERS,
    total_target=1_000_000,
    period_start_at=datetime(2010, 1, 1, tzinfo=UTC),
)


@pytest.fixture(scope="module")
def tables() -> Iterator[Client]:
    """A running dynoxide with the tables made."""
    with running.dynoxide() as endpoint:
        yield connect(endpoint)


def sign_in(signing_in: SigningIn) -> SignedIn:
    """Go through Cognito's hosted form."""
    with a_browser() as browser:
        begun = signing_in.begin()
        back = parse_qs(urlsplit(sent_to(through_the_form(browser, begun.address))).query)
    return signing_in.finish(state=back["state"][0], secret=begun.secret, code=back["code"][0])


def test_from_the_sign_up_to_the_receipt(pool: Pool, tables: Client, shared_data: Path) -> None:
    """Sign up, connect, 1,132 activities, awards, export, delete: the user is gone everywhere."""
    real = json.loads((shared_data / "real" / "summary_activities.json").read_text(encoding="utf-8"))
    world = World(stores=dynamo_stores(tables), start=SystemClock().now())
    stores = world.stores
    context = Context(clock=world.clock, ids=world.ids, backoff=world.app.context.backoff)
    with open_identities(pool.settings) as identities:
        world.directory = identities.directory
        world.service = world.process()
        signing_in = SigningIn(
            provider=identities.provider,
            profiles=stores.profiles,
            ledger=stores.ledger,
            deletions=stores.deletions,
            handshakes=stores.handshakes,
            sessions=SessionKeeping(sessions=stores.sessions, context=context),
            context=context,
        )
        person = sign_in(signing_in).profile.user_id
        milestone = world.app.tracking.create(person, WISH).milestone
        world.fake.add_activities(ATHLETE, real)
        world.connect(person)
        world.work()
        assert len(world.dump(person).by_start) == ACTIVITIES
        assert stores.ledger.read_awards(person, milestone.milestone_id)

        stream = BytesIO()
        manifest = write_zip(world.service.accounts.exporting, person, stream)
        counts = {each["name"]: each["items"] for each in manifest["files"]}
        assert counts["workout.jsonl"] == counts["workouts.csv"] == ACTIVITIES

        deleting = world.service.accounts.deleting
        assert deleting.delete(person).is_erased
        world.work()  # the second look comes once the indexes have caught up
        (done,) = [each for each in deleting.walk() if each.request_id == stores.deletions.id_of(person)]
        assert (done.steps_left, done.steps_given_up) == ((), ())
        assert not deleting.preview(person).total
        assert world.fake.calls(CallKind.REVOKE) > 0
        with pytest.raises(pool.cognito.exceptions.UserNotFoundException):
            pool.user()
        key = world.signer.public_key
        content = opened(
            json.loads(done.receipt), lambda text, signature: signing.is_signed(key, text, signature)
        )
        assert content["erased"]["workout"] == ACTIVITIES
        assert [each["found"] for each in content["verifications"]] == [0, 0]
        assert person not in done.receipt
        # As a whole value: times and signatures may hold its two digits.
        assert f'"{ATHLETE}"' not in done.receipt
        with pytest.raises(AccountDeleting):
            world.app.tracking.create(person, WISH)


STORES = ("memory", "sqlite", "dynoxide")


@pytest.mark.parametrize("history", ["summary_activities.json", "bulk_export_activities.csv"])
def test_a_real_history_moves_between_every_pair_of_stores(
    history: str, tables: Client, shared_data: Path, tmp_path: Path
) -> None:
    """Exported and imported again it has the same digest."""
    path, now = shared_data / "real" / history, SystemClock().now()
    rows = read_history(path, policy=DEFAULT_POLICY, now=now)
    snapshots = [each.snapshot for each in rows if isinstance(each, Accepted)]
    assert len(snapshots) > 100
    with ExitStack() as stack:

        def place(store: str, name: str) -> World:
            if store == "memory":
                return World()
            if store == "dynoxide":
                return World(stores=dynamo_stores(tables))
            database = stack.enter_context(closing(Database(tmp_path / f"{name}.db")))
            return World(stores=sqlite_stores(database))

        digests = set()
        for source in STORES:
            there, person = place(source, f"from {history}"), UserId(f"{history[:4]}-{source}")
            there.clock.advance_to(SystemClock().now())
            there.app.tracking.create(person, WISH)
            for _ in there.app.ingestion.ingest_all(person, snapshots):
                pass
            out = tmp_path / f"{history}-{source}"
            manifest = write_folder(there.service.accounts.exporting, person, out)
            digests.add(manifest["stateDigest"])
            for target in STORES:
                here, taken = place(target, f"{history} {source}"), UserId(f"{person}-{target}")
                with opened_export(out) as export:
                    here.service.accounts.importing.take_over(taken, export.account)
                assert here.service.accounts.exporting.state_digest(taken) == manifest["stateDigest"]
        assert len(digests) == 1
