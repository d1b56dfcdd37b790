"""``commitcollect account``: export, deletion, its receipt, and the way back from an old backup."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pytest

from cli.console import Console
from cli.stravas import Person
from commitcollect_adapters.strava.fake import CallKind

STORE = Path("commitcollect.db")
MARK = b"Rideofmine"


@pytest.fixture
def athlete(console: Console) -> Console:
    """A store with a milestone and a workout of one person."""
    milestone = ("milestone", "create", "--target", "distance=100km", "--from", "2026-01-01")
    assert console(*milestone).code == 0
    added = console(
        "workout", "add", "--sport-type", "Ride", "--start", "2026-02-01T10:00Z", "--distance", "60km",
        "--name", MARK.decode(),
    )  # fmt: skip
    assert added.code == 0, added
    return console


def test_an_account_is_deleted_and_its_receipt_checked(
    athlete: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked first; then nothing is left in any file, and the public key alone checks the receipt."""
    shown = athlete.json("account", "delete", "--dry-run")
    assert shown["items"]["workout"] == 1
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert athlete("account", "delete").code == 1
    assert MARK in b"".join(each.read_bytes() for each in Path().glob("commitcollect.db*"))
    deleted = athlete("account", "delete", "--yes")
    assert (deleted.code, deleted.err) == (0, "Deleted; keep the receipt.\n")
    assert MARK not in b"".join(each.read_bytes() for each in Path().glob("commitcollect.db*"))
    Path("receipt.json").write_text(deleted.out, encoding="utf-8")
    key = athlete("account", "public-key").out.strip()
    assert athlete("account", "verify-receipt", "receipt.json", "--public-key", key).code == 0
    receipt = json.loads(deleted.out)
    receipt["content"]["erased"]["workout"] = 7
    Path("receipt.json").write_text(json.dumps(receipt), encoding="utf-8")
    forged = athlete("account", "verify-receipt", "receipt.json", "--public-key", key)
    assert (forged.code, "changed since" in forged.err) == (2, True)


def test_a_deleted_account_stays_deleted_at_the_console(athlete: Console) -> None:
    """It takes no workout and no goal, and a repeated deletion ends in the same place."""
    first = athlete.json("account", "delete", "--yes")
    assert first["isErased"]
    assert athlete("milestone", "create", "--target", "distance=100km", "--from", "2026-01-01").code == 1
    again = athlete.json("account", "delete", "--yes")
    assert again["receipt"] == first["receipt"]
    listed = athlete.json("account", "deletions")["deletions"]
    assert [each["requestId"] for each in listed] == [first["requestId"]]
    assert "account resume" not in athlete("account", "deletions").err
    assert athlete("account", "resume").err == "No deletion is under way.\n"


def test_a_mistake_is_told_plainly(athlete: Console) -> None:
    """An unknown person, a receipt that is none, a key that is none, a folder that is full."""
    unknown = athlete("account", "delete", "--yes", "--user", "nobody")
    assert (unknown.code, "nothing is stored of 'nobody'" in unknown.err) == (3, True)
    assert athlete("account", "export", "--user", "nobody", "--out", "out").code == 3
    Path("other.json").write_text("[]", encoding="utf-8")
    key = athlete("account", "public-key").out.strip()
    assert athlete("account", "verify-receipt", "other.json", "--public-key", key).code == 2
    assert athlete("account", "verify-receipt", "nowhere.json", "--public-key", key).code == 1
    receipt = athlete("account", "delete", "--yes").out
    Path("receipt.json").write_text(receipt, encoding="utf-8")
    wrong = athlete("account", "verify-receipt", "receipt.json", "--public-key", "AAAA")
    assert (wrong.code, "no traceback" in wrong.err) == (2, False)
    assert athlete("account", "resume", "0" * 64).code == 3
    assert athlete("account", "import", "nowhere").code == 3


@pytest.mark.parametrize("out", ["out", "out.zip"])
def test_an_account_moves_to_another_store(athlete: Console, out: str) -> None:
    """Exported and imported, it has the same digest; what is there is not overwritten."""
    exported = athlete.json("account", "export", "--out", out)
    assert Path(out).stat().st_mode & 0o077 == 0
    assert athlete("account", "export", "--out", out).code == 1
    taken = athlete.json("account", "import", out, "--store", "other.db")
    assert (taken["isSame"], taken["stateDigest"]) == (True, exported["stateDigest"])
    assert (taken["workouts"], taken["milestones"]) == (1, 1)
    assert athlete.json("account", "import", out, "--store", "other.db")["workouts"] == 0
    listed = athlete.json("workout", "list", "--store", "other.db")["workouts"]
    assert [each["distanceMeters"] for each in listed] == [60_000]
    before = athlete.json("milestone", "list")["milestones"]
    assert (
        athlete.json("milestone", "list", "--store", "other.db")["milestones"][0]["progressValue"]
        == (before[0]["progressValue"])
    )


def test_a_restored_backup_brings_no_account_back(athlete: Console) -> None:
    """The store is a copy of yesterday; the deletions beside it are today's."""
    run = ("workout", "add", "--sport-type", "Run", "--start", "2026-02-01T10:00Z", "--distance", "5km")
    for person in ("ada", "eve", "kim"):
        assert athlete(*run, "--user", person).code == 0
    shutil.copy(STORE, "backup.db")
    for person in ("me", "ada"):
        assert athlete("account", "delete", "--yes", "--user", person).code == 0
    for each in Path().glob("commitcollect.db-*"):
        each.unlink()
    shutil.copy("backup.db", STORE)
    assert athlete.json("workout", "list", "--user", "ada")["workouts"]
    again = athlete("account", "reapply-deletions")
    assert (again.code, again.out) == (0, "Erased 2 accounts again.\n")
    for person, count in (("me", 0), ("ada", 0), ("eve", 1), ("kim", 1)):
        assert len(athlete.json("workout", "list", "--user", person)["workouts"]) == count
    assert athlete("account", "reapply-deletions").out == "Erased 0 accounts again.\n"


def test_a_connected_account_gives_its_permission_back(person: Person) -> None:
    """Strava is told; without an app in the settings that waits, and the rest is erased."""
    person.connect()
    person.monkeypatch.setenv("COMMITCOLLECT_STRAVA_CLIENT_SECRET", "")
    waiting = person.console("account", "delete", "--yes", "--json")
    assert (waiting.code, waiting.document["stepsLeft"]) == (0, ["REVOKE"])
    assert waiting.document["failure"] == "strava_app_missing"
    assert not waiting.document["receipt"]
    assert person.fake.calls(CallKind.REVOKE) == 0
    person.monkeypatch.setenv(
        "COMMITCOLLECT_STRAVA_CLIENT_SECRET", person.fake.app_at(person.address).client_secret
    )
    (done,) = person.console.json("account", "resume")["deletions"]
    assert (done["stepsLeft"], bool(done["receipt"])) == ([], True)
    assert person.fake.calls(CallKind.REVOKE) > 0


@pytest.mark.parametrize(
    "command",
    [("workout", "list"), ("milestone", "list"), ("recurring", "list"), ("summary",)],
)
def test_reading_says_that_the_account_was_deleted(athlete: Console, command: tuple[str, ...]) -> None:
    """It never suggests to add what would be refused; for the others of the store nothing changes."""
    athlete("account", "delete", "--yes")
    told = athlete(*command)
    assert "The account of user 'me' was deleted, for good; use another --user." in told.err
    assert told.err.count("\n") == 1
    other = athlete(*command, "--user", "ann")
    assert "was deleted" not in other.err
    assert "no data of user 'ann'" in other.err


def test_adding_to_a_deleted_account_names_the_way_out(athlete: Console, history: Path) -> None:
    """Another user of the same store takes the history in."""
    athlete("account", "delete", "--yes")
    refused = athlete("workout", "import", history)
    assert refused.code == 1
    assert (
        "is being deleted, or was deleted; nothing can be added to it any more: use another user"
        in refused.err
    )
    assert athlete("workout", "import", history, "--user", "ann").code == 0


def test_reading_makes_no_file_for_deletions(console: Console, tmp_path: Path) -> None:
    """Where no account was ever deleted, a look at an empty one leaves the folder as it was."""
    console.json("workout", "add", "--sport-type", "Run", "--start", "2024-02-01T07:00Z", "--distance", "5km")
    before = sorted(each.name for each in tmp_path.iterdir())
    assert "no data of user 'ann'" in console("workout", "list", "--user", "ann").err
    assert sorted(each.name for each in tmp_path.iterdir()) == before
