"""Breaks of the conditions and transactions of the stores and queues."""

from __future__ import annotations

from functools import partial

from mutants.mutant import Mutant

_MEMORY_LEDGER = ("tests/contracts/test_ledger.py::TestMemoryLedger",)
_SQLITE_LEDGER = ("tests/contracts/test_ledger.py::TestSqliteLedger",)
_MEMORY_QUEUE = ("tests/contracts/test_queues.py::TestMemoryQueue",)
_SQLITE_QUEUE = ("tests/contracts/test_queues.py::TestSqliteQueue",)
_CROWDS = ("tests/adapters/sqlite/test_crowds.py",)
_STORES = "tests/contracts/test_stores.py"
_DATABASE = ("tests/adapters/sqlite/test_database.py",)
_LEDGER_ON_DYNOXIDE = ("tests/contracts/test_ledger.py::TestDynamoLedgerOnDynoxide",)

_MEMORY = partial(Mutant, file="commitcollect_adapters/memory/ledger.py")
_LEDGER = partial(Mutant, file="commitcollect_adapters/sqlite/ledger.py")
_VERSIONED = partial(Mutant, file="commitcollect_adapters/sqlite/versioned.py")
_STRAVA = partial(Mutant, file="commitcollect_adapters/sqlite/strava.py")
_MEMORY_STRAVA = partial(Mutant, file="commitcollect_adapters/memory/strava.py")
_QUEUE = partial(Mutant, file="commitcollect_adapters/sqlite/jobs.py")
_MEMORY_JOBS = partial(Mutant, file="commitcollect_adapters/memory/jobs.py")
_FILE = partial(Mutant, file="commitcollect_adapters/sqlite/database.py")
_ACCOUNTS = partial(Mutant, file="commitcollect_adapters/sqlite/accounts.py")
_DYNAMO = partial(Mutant, file="commitcollect_adapters/dynamodb/ledger.py")
_ENCODING = partial(Mutant, file="commitcollect_adapters/dynamodb/items/encoding.py")
_DYNAMO_STRAVA = partial(Mutant, file="commitcollect_adapters/dynamodb/strava.py")


def _in_memory(suite: str) -> tuple[str, ...]:
    return (f"{_STORES}::{suite}InMemory",)


def _on_sqlite(suite: str) -> tuple[str, ...]:
    return (f"{_STORES}::{suite}OnSqlite",)


def _on_dynoxide(suite: str) -> tuple[str, ...]:
    return (f"{_STORES}::{suite}OnDynoxide",)


MUTANTS = (
    _MEMORY(
        name="memory-writes-behind-the-fence",
        old="partition.head.state is not LedgerState.ACTIVE\n        or partition",
        new="False\n        or partition",
        law="7: nothing is written behind the fence",
        tests=_MEMORY_LEDGER,
    ),
    _MEMORY(
        name="memory-head-unchecked",
        old="or partition.head.version != commit.head.version - 1",
        new="",
        law="a commit is conditional on the head's version",
        tests=_MEMORY_LEDGER,
    ),
    _MEMORY(
        name="memory-award-replaced",
        old="any(each.part_index in partition.awards.get(each.milestone_id, {})",
        new="any(False",
        law="4: an award is written once",
        tests=_MEMORY_LEDGER,
    ),
    _MEMORY(
        name="memory-awards-outlive-their-milestone",
        old="partition.awards.pop(removed.milestone_id, None)",
        new="pass",
        law="6: a milestone takes its awards along",
        tests=_MEMORY_LEDGER,
    ),
    _MEMORY(
        name="memory-listed-at-the-old-start",
        old="elif _sort_key(before) != _sort_key(workout):",
        new="elif False:",
        law="a workout is listed at its new place",
        tests=_MEMORY_LEDGER,
    ),
    _LEDGER(
        name="sqlite-writes-behind-the-fence",
        old="condition=\"AND state = 'ACTIVE'\"",
        new='condition=""',
        law="7: nothing is written behind the fence",
        tests=_SQLITE_LEDGER,
    ),
    _LEDGER(
        name="sqlite-awards-outlive-their-milestone",
        old="connection.execute(_REMOVE_AWARDS, key)",
        new="pass",
        law="6: a milestone takes its awards along",
        tests=_SQLITE_LEDGER,
    ),
    _LEDGER(
        name="sqlite-removes-another-version",
        old='"userId = ? AND milestoneId = ? AND version = ?")',
        new='"userId = ? AND milestoneId = ? AND version >= ? - 99")',
        law="a removal is conditional on the milestone's version",
        tests=_SQLITE_LEDGER,
    ),
    _LEDGER(
        name="sqlite-page-with-a-gap",
        old='("DESC", "<") if query.newest_first else ("ASC", ">")',
        new='("DESC", "<=") if query.newest_first else ("ASC", ">=")',
        law="pages follow each other without repetition",
        tests=_SQLITE_LEDGER,
    ),
    _LEDGER(
        name="sqlite-other-stores-ignore-the-fence",
        old="if head.state is not LedgerState.ACTIVE:",
        new="if False:",
        law="7: no store writes behind the fence",
        tests=(*_on_sqlite("TestBackfills"), *_on_sqlite("TestProfiles")),
    ),
    _VERSIONED(
        name="sqlite-any-generation-replaced",
        old='" AND generation IS ?"',
        new='" AND (generation IS ? OR TRUE)"',
        law="a write is conditional on the generation of the version before it",
        tests=_on_sqlite("TestBackfills"),
    ),
    _MEMORY(
        name="memory-end-leaves-the-head-version",
        old="evolve(head, version=head.version + 1, connection_generation=generation)",
        new="evolve(head, connection_generation=generation)",
        law="what was decided before the end of a connection is refused after it",
        tests=_in_memory("TestConnections"),
    ),
    _LEDGER(
        name="sqlite-end-leaves-the-head-version",
        old='"version = version + 1, connectionGeneration = excluded.connectionGeneration"',
        new='"connectionGeneration = excluded.connectionGeneration"',
        law="what was decided before the end of a connection is refused after it",
        tests=_on_sqlite("TestConnections"),
    ),
    _ENCODING(
        name="dynamodb-any-generation-replaced",
        old="holding(version=version, generation=generation or None)",
        new="holding(version=version)",
        law="a write is conditional on the generation of the version before it",
        tests=(*_on_dynoxide("TestBackfills"), *_on_dynoxide("TestConnections")),
    ),
    _VERSIONED(
        name="sqlite-any-version-replaced",
        old="if later and connection.executemany(self._update, later).rowcount != len(later):",
        new="if later and connection.executemany(self._update, later).rowcount < 0:",
        law="a write is conditional on the version before it",
        tests=_SQLITE_LEDGER,
    ),
    _VERSIONED(
        name="sqlite-fence-not-asked",
        old="self._check(connection, key)",
        new="pass",
        law="7: no store writes behind the fence",
        tests=_on_sqlite("TestProfiles"),
    ),
    _STRAVA(
        name="sqlite-athlete-taken-twice",
        old="OWNER.decode(row).user_id != commit.user_id",
        new="False",
        law="an athlete belongs to one account",
        tests=_on_sqlite("TestConnections"),
    ),
    _STRAVA(
        name="sqlite-owner-stays",
        old="connection.execute(_REMOVE_OWNER, (commit.releases, commit.user_id))",
        new="pass",
        law="an athlete without a connection has no owner",
        tests=_on_sqlite("TestConnections"),
    ),
    _STRAVA(
        name="sqlite-connection-version-unchecked",
        old="if stored != (None if before is None else (before.version, before.generation)):",
        new="if False:",
        law="a write is conditional on the version before it",
        tests=_on_sqlite("TestConnections"),
    ),
    _STRAVA(
        name="sqlite-pages-survive-an-erasure",
        old="connection.execute(_REMOVE_PAGES, (user_id,))",
        new="pass",
        law="a backfill is erased with its pages",
        tests=_on_sqlite("TestBackfills"),
    ),
    _MEMORY_STRAVA(
        name="memory-athlete-taken-twice",
        old="if owner is not None and owner.user_id != commit.user_id:",
        new="if False:",
        law="an athlete belongs to one account",
        tests=_in_memory("TestConnections"),
    ),
    _MEMORY_STRAVA(
        name="memory-connects-behind-the-fence",
        old="self._ledger.locked() if commit.after is None else self._ledger.unfenced(commit.user_id)",
        new="self._ledger.locked()",
        law="7: no store writes behind the fence",
        tests=_in_memory("TestConnections"),
    ),
    _QUEUE(
        name="sqlite-lease-unproved",
        old="if entry is None or entry.token != leased.token:",
        new="if entry is None:",
        law="a worker that lost its lease changes nothing",
        tests=_SQLITE_QUEUE,
    ),
    _FILE(
        name="sqlite-closed-under-a-thread",
        old="        for each in idle:\n",
        new="        for each in list(self._connections):\n",
        law="closing a store ends no statement of a thread",
        tests=_DATABASE,
    ),
    _QUEUE(
        name="sqlite-lost-failure",
        old="if not (each.is_kept or each.failure)]",
        new="if not each.is_kept]",
        law="a crowd at a busy file waits once",
        tests=_CROWDS,
    ),
    _QUEUE(
        name="sqlite-one-of-many-refuses-all",
        old="            self._keep_one_by_one(ours)",
        new="            ours[0].failure = ours[-1].failure = CorruptItem('unreadable')",
        law="a job that cannot be kept keeps no other out",
        tests=_CROWDS,
    ),
    _QUEUE(
        name="sqlite-refused-job-written-later",
        old="for each in (each for each in left if not each.is_kept):",
        new="for each in ():",
        law="what its caller was told is refused is not written",
        tests=_CROWDS,
    ),
    _QUEUE(
        name="sqlite-job-kept-by-hope",
        old="return [*(each for each in ours if id(each) not in known), *waiting]",
        new="return waiting",
        law="6: each job is written before it is confirmed",
        tests=_CROWDS,
    ),
    _QUEUE(
        name="sqlite-unreadable-stops-the-queue",
        old="        except CorruptItem as failed:",
        new="        except ArithmeticError as failed:",
        law="one unreadable job stops no other",
        tests=_CROWDS,
    ),
    _QUEUE(
        name="sqlite-unparked-over-a-waiting-job",
        old="self._put(connection, [ComingJob(job=PARKED.decode(row).job, visible_at=now)])",
        new=("connection.execute(_WRITE, ENTRY.encode(QueueEntry(job=PARKED.decode(row).job, due_at=now)))"),
        law="6: unparking loses no event",
        tests=_SQLITE_QUEUE,
    ),
    _QUEUE(
        name="sqlite-claim-unchecked",
        old=".fetchone() != seen:",
        new='.fetchone() == "":',
        law="of several claims one wins",
        tests=_on_sqlite("TestIdempotency"),
    ),
    _QUEUE(
        name="sqlite-completed-by-another",
        old="if connection.execute(_COMPLETE_REQUEST, parameters).rowcount != 1:",
        new="if connection.execute(_COMPLETE_REQUEST, parameters).rowcount < 0:",
        law="a worker that lost its lease changes nothing",
        tests=_on_sqlite("TestIdempotency"),
    ),
    _MEMORY_JOBS(
        name="memory-lease-unproved",
        old="if entry is None or entry.token != leased.token:",
        new="if entry is None:",
        law="a worker that lost its lease changes nothing",
        tests=_MEMORY_QUEUE,
    ),
    _MEMORY_JOBS(
        name="memory-claim-unchecked",
        old="if _claim(self._records.get(record.request_id)) != _claim(replaces):",
        new="if False:",
        law="of several claims one wins",
        tests=_in_memory("TestIdempotency"),
    ),
    _ACCOUNTS(
        name="sqlite-ended-session-comes-back",
        old='update("session", SESSION.columns, "sessionId = ?")',
        new='replace("session", SESSION.columns) + " -- ?"',
        law="a session that was ended stays ended",
        tests=_on_sqlite("TestSessions"),
    ),
    _ACCOUNTS(
        name="sqlite-handshake-good-twice",
        old="connection.execute(_END_HANDSHAKE, (state,))",
        new="pass",
        law="a handshake is taken once",
        tests=_on_sqlite("TestHandshakes"),
    ),
    _FILE(
        name="sqlite-not-durable",
        old='"FULL" if is_durable else "OFF"',
        new='"NORMAL" if is_durable else "OFF"',
        law="6: what was written is on the disk",
        tests=_DATABASE,
    ),
    _FILE(
        name="sqlite-transaction-left-open",
        old="if writer is not None and writer.in_transaction:",
        new="if False:",
        law="6: what broke off is taken back, and others can write",
        tests=(f"{_SQLITE_LEDGER[0]}::test_a_commit_that_breaks_off_is_whole_or_not_there",),
    ),
    _FILE(
        name="sqlite-newer-layout-used",
        old="if layout > len(schema.layouts):",
        new="if False:",
        law="a newer file is left alone",
        tests=_DATABASE,
    ),
    _FILE(
        name="sqlite-file-of-another-program",
        old="        if tables:\n",
        new="        if False:\n",
        law="a file of another program is left alone",
        tests=("tests/adapters/test_backend.py", "tests/cli/test_bad_input.py"),
    ),
    _DYNAMO(
        name="dynamodb-key-asked-for-twice",
        old="for each in dict.fromkeys(keys))",
        new="for each in keys)",
        law="a key that is named twice is read once",
        tests=(f"{_LEDGER_ON_DYNOXIDE[0]}::test_a_key_that_is_named_twice_is_read_once",),
    ),
    _DYNAMO(
        name="dynamodb-award-replaced",
        old="yield update(key, items.AWARD.attributes(award), NEW)",
        new="yield update(key, items.AWARD.attributes(award), items.owned_by(user_id)) if False else put("
        "items.AWARD.item(key, award))",
        law="4: an award is written once",
        tests=_LEDGER_ON_DYNOXIDE,
    ),
    _DYNAMO(
        name="dynamodb-removes-another-version",
        old="yield delete(key, holding(version=removed.version))",
        new="yield delete(key)",
        law="a removal is conditional on the milestone's version",
        tests=_LEDGER_ON_DYNOXIDE,
    ),
    _DYNAMO_STRAVA(
        name="dynamodb-connects-behind-the-fence",
        old="if commit.after is not None:\n            yield unfenced(commit.user_id)",
        new="if False:\n            yield unfenced(commit.user_id)",
        law="7: no store writes behind the fence",
        tests=_on_dynoxide("TestConnections"),
    ),
    _DYNAMO_STRAVA(
        name="dynamodb-backfill-behind-the-fence",
        old="yield check(ledger_items.head_key(user_id), admitting, lambda: self._why_closed(user_id))",
        new="pass",
        law="7: no store writes behind the fence",
        tests=_on_dynoxide("TestBackfills"),
    ),
    _FILE(
        name="sqlite-writes-to-a-newer-layout",
        old="    if layout != len(schema.layouts):",
        new="    if False:",
        law="a running process stops writing to a newer layout",
        tests=_DATABASE,
    ),
    _FILE(
        name="sqlite-readable-by-others",
        old="os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600",
        new="os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644",
        law="only the owner may read a store",
        tests=_DATABASE,
        equivalent="the mode is taken back right after; a file is never open to others with anything in it",
    ),
    _FILE(
        name="sqlite-old-file-stays-readable",
        old="stat.S_IMODE(status.st_mode) & ~_OTHERS_MAY",
        new="stat.S_IMODE(status.st_mode)",
        law="only the owner may read a store",
        tests=_DATABASE,
    ),
    _FILE(
        name="sqlite-driver-errors-untranslated",
        old="(sqlite3.Error, UnicodeEncodeError, OverflowError)",
        new="(sqlite3.Error,)",
        law="no error of a driver leaves an adapter",
        tests=_DATABASE,
    ),
)
