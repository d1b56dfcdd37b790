"""Exports of accounts: all that is stored, nothing secret, and good to be imported again."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from io import BytesIO
from pathlib import Path

import pytest

from accounts.leaving import EMAIL, furnish
from commitcollect_adapters.exports import opened_export, write_folder, write_zip
from commitcollect_adapters.exports.writing import write_zip_file
from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.jobs import SqliteQueue
from commitcollect_adapters.sqlite.stores import sqlite_stores
from commitcollect_core.accounts.exporting import EXPORTED
from commitcollect_core.accounts.importing import TakenOver
from commitcollect_core.errors import AccountDeleting, Conflict, InvalidInput, NotFound
from commitcollect_core.values import UserId
from laws import check_state
from strava.world import ATHLETE, ME, World

STORES = ("memory", "sqlite")


class Places:
    """Services on new stores of each technology."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self._stack, self._folder, self._made = stack, folder, 0

    def world(self, store: str) -> World:
        """A service on a new store."""
        if store == "memory":
            return World()
        self._made += 1
        database = self._stack.enter_context(closing(Database(self._folder / f"store{self._made}.db")))
        return World(stores=sqlite_stores(database), queue=SqliteQueue(database))


@pytest.fixture
def places(tmp_path: Path) -> Iterator[Places]:
    """Where exports come from and go to."""
    with ExitStack() as stack:
        yield Places(stack, tmp_path)


@pytest.mark.parametrize("source", STORES)
@pytest.mark.parametrize("target", STORES)
def test_what_was_exported_and_imported_is_the_same(
    places: Places, source: str, target: str, tmp_path: Path
) -> None:
    """The digest, every workout, milestone, award and the profile, from any store to any other."""
    there, here = places.world(source), places.world(target)
    furnish(there)
    manifest = write_folder(there.service.accounts.exporting, ME, tmp_path / "out")
    with opened_export(tmp_path / "out") as export:
        taken = here.service.accounts.importing.take_over(ME, export.account)
        assert export.state_digest == manifest["stateDigest"]
    assert manifest["isOfOneMoment"]
    assert here.service.accounts.exporting.state_digest(ME) == manifest["stateDigest"]
    before, after = there.dump(), here.dump()
    assert {key: each.snapshot for key, each in before.by_key.items()} == {
        key: each.snapshot for key, each in after.by_key.items()
    }
    assert before.awards == after.awards
    assert before.head.tracked_milestone_ids == after.head.tracked_milestone_ids
    assert taken == TakenOver(
        workouts=len(before.by_start), milestones=3, awards=sum(map(len, after.awards.values()))
    )
    check_state(after)
    stored = here.stores.profiles.read(ME)
    assert stored is not None
    assert stored.email == EMAIL


def test_an_export_has_every_type_and_no_secret(places: Places) -> None:
    """Every type of item that is to be exported is there with its items; tokens, hashes and seals are not."""
    world = places.world("memory")
    furnish(world)
    connection, sessions = world.stores.connections.read(ME), world.stores.sessions.of_user(ME, limit=9)
    assert connection is not None
    stream = BytesIO()
    manifest = write_zip(world.service.accounts.exporting, ME, stream)
    counts = {each["name"]: each["items"] for each in manifest["files"]}
    assert counts["workouts.csv"] == counts["workout.jsonl"] == 31
    assert all(counts[f"{item.value}.jsonl"] for item in EXPORTED)
    with zipfile.ZipFile(stream) as archive:
        whole = b"".join(archive.read(name) for name in archive.namelist()).decode()
    for secret in (
        connection.access_token,
        connection.refresh_token,
        *(each.session_id for each in sessions),
    ):
        assert secret not in whole
    assert EMAIL in whole


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_what_is_there_is_not_overwritten(places: Places, tmp_path: Path, form: str) -> None:
    """Nor is an export written of whom nothing is stored."""
    world = places.world("memory")
    write, path = (
        (write_folder, tmp_path / "out") if form == "folder" else (write_zip_file, tmp_path / "out.zip")
    )
    exporting = world.service.accounts.exporting
    with pytest.raises(NotFound):
        write(exporting, ME, path)
    assert not path.exists()
    furnish(world)
    write(exporting, ME, path)
    with pytest.raises(Conflict, match="--out"):
        write(exporting, ME, path)
    with opened_export(path) as export:
        assert len(list(export.account.workouts)) == 31


def test_an_export_that_is_not_whole_is_not_taken_over(places: Places, tmp_path: Path) -> None:
    """A missing manifest, a changed file, a lost file and no zip are told apart from an export."""
    world = places.world("memory")
    furnish(world)
    out = tmp_path / "out"
    write_folder(world.service.accounts.exporting, ME, out)
    workouts = out / "workout.jsonl"
    whole = workouts.read_bytes()
    for damage in (whole[:-1], whole + b"{}\n", whole.replace(b"5000", b"9000", 1)):
        workouts.write_bytes(damage)
        with pytest.raises(InvalidInput, match="not as it was written"), opened_export(out):
            pass
    workouts.unlink()
    with pytest.raises(InvalidInput, match="missing"), opened_export(out):
        pass
    workouts.write_bytes(whole)
    manifest = json.loads((out / "manifest.json").read_text())
    wrong: list[object] = [{**manifest, "exportVersion": 2}, {**manifest, "files": [1]}, {"exportVersion": 1}]
    for broken in (*wrong, []):
        (out / "manifest.json").write_text(json.dumps(broken))
        with pytest.raises(InvalidInput) as refused, opened_export(out):
            pass
        assert refused.value.code == "export_damaged"
    (out / "manifest.json").unlink()
    with pytest.raises(InvalidInput, match="never finished"), opened_export(out):
        pass
    with pytest.raises(InvalidInput, match="no zip"), opened_export(workouts):
        pass
    with pytest.raises(NotFound), opened_export(tmp_path / "nowhere"):
        pass


def test_an_import_may_be_repeated_and_touches_nothing_else(places: Places, tmp_path: Path) -> None:
    """What is there already is left; another history or a deleted account is refused."""
    there, here = places.world("memory"), places.world("memory")
    furnish(there)
    write_folder(there.service.accounts.exporting, ME, tmp_path / "out")
    importing = here.service.accounts.importing
    with opened_export(tmp_path / "out") as export:
        importing.take_over(ME, export.account)
    with opened_export(tmp_path / "out") as export:
        assert importing.take_over(ME, export.account) == TakenOver(workouts=0, milestones=0, awards=0)
    other = UserId("other")
    furnish(here, other)
    before = here.dump(other)
    with opened_export(tmp_path / "out") as export, pytest.raises(Conflict) as refused:
        importing.take_over(other, export.account)
    assert (refused.value.code, here.dump(other)) == ("account_not_empty", before)
    here.service.accounts.deleting.delete(ME)
    with opened_export(tmp_path / "out") as export, pytest.raises(AccountDeleting):
        importing.take_over(ME, export.account)
    assert not here.service.accounts.deleting.preview(ME).total


def test_a_name_is_no_formula_in_a_spreadsheet(places: Places, tmp_path: Path) -> None:
    """A workout may be called anything, and a spreadsheet runs what begins like a formula."""
    world = places.world("memory")
    furnish(world)
    world.fake.upload(
        ATHLETE,
        {"id": 5, "sport_type": "Run", "start_date": "2026-03-01T10:00:00Z", "name": '=HYPERLINK("x")'},
    )
    world.deliver()
    world.work()
    write_folder(world.service.accounts.exporting, ME, tmp_path / "out")
    text = (tmp_path / "out" / "workouts.csv").read_text()
    assert "'=HYPERLINK" in text
    assert ",=HYPERLINK" not in text
