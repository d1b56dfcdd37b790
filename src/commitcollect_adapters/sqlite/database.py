"""Connections to the SQLite file, its transactions, and what its errors mean to the core.

Every write is one ``BEGIN IMMEDIATE`` transaction in WAL mode with ``synchronous=FULL``: when it returns, it
is on the disk, unless the database is a temporary one.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from commitcollect_adapters.sqlite.schema import DELETIONS, STORE, Schema
from commitcollect_adapters.texts import not_keepable
from commitcollect_core.errors import CommitCollectError, StorageError, StorageUnavailable

BUSY_TIMEOUT_SECONDS = 30.0
"""How long a writer waits for the writer before it."""

_WAL_RETRY_SECONDS = 0.01
_WRITER_TIMEOUT_SECONDS = 0.002
"""How long SQLite itself polls for the end of another process's transaction before `_begin` retries.

SQLite polls less and less often, up to 100 ms apart, and would lose to a busy neighbour each time.
"""

_DRIVER_ERRORS = (sqlite3.Error, UnicodeEncodeError, OverflowError)
"""What the driver raises: of SQLite, of a text that is not Unicode, of an integer beyond 64 bits."""

_FREE_BYTES_MIN = 65_536
"""SQLite's shared files need half of it before a first write."""

_OTHERS_MAY = stat.S_IRWXG | stat.S_IRWXO
_COMPANIONS = ("", "-wal", "-shm", "-journal")

DELETIONS_SUFFIX = ".deletions"

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_TRY_LATER = _BUSY | {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
_PRIMARY_CODE_MASK = 0xFF
"""SQLite's extended result codes carry the primary one in the low byte."""


class Database:
    """One SQLite file: a connection for each reader at a time, and one connection for all writers.

    Threads that write wait for each other in turn. `close` closes every connection.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        busy_timeout_seconds: float = BUSY_TIMEOUT_SECONDS,
        is_durable: bool = True,
        schema: Schema = STORE,
    ) -> None:
        """Open the file, or make it if its folder exists.

        Args:
            path: of the file.
            busy_timeout_seconds: how long a writer waits for the writer before it.
            is_durable: whether what was written is still there after the machine has lost its power; a
                temporary store need not be.
            schema: of its tables.

        Raises:
            StorageError: the file cannot be opened, or is not a CommitCollect store.
        """
        self.path = Path(path)
        self._busy_timeout_seconds = busy_timeout_seconds
        self._synchronous = "FULL" if is_durable else "OFF"
        self._schema = schema
        self._deletions: Database | None = None
        self._connections: list[sqlite3.Connection] = []
        self._idle: list[sqlite3.Connection] = []
        self._writer: sqlite3.Connection | None = None
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._is_closed = False
        _make_private(self.path)
        try:
            with self.connection() as connection:
                _prepare(connection, self.path, busy_timeout_seconds, schema)
        except StorageError:
            self.close()
            raise

    def close(self) -> None:
        """Close every connection. The database cannot be used afterwards.

        What another thread does just now, it ends; one that waits to write is told.
        """
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        # Only what no thread uses: SQLite crashes when a connection is closed under a statement.
        for each in idle:
            self._close(each)
        self._close_idle_writer()
        if self._deletions is not None:
            self._deletions.close()

    def _close(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            self._connections.remove(connection)
        connection.close()

    def _close_idle_writer(self) -> None:
        """Close the connection that writes, unless a thread has it."""
        # That thread comes here once more when it ends.
        if self._writing.acquire(blocking=False):
            try:
                if self._writer is not None:
                    self._close(self._writer)
                    self._writer = None
            finally:
                self._writing.release()

    def deletions(self, *, is_made: bool = False) -> Database | None:
        """The file beside this one that keeps the deletions of accounts.

        A backup of the store is a copy of one file, so restoring it leaves the deletions as they are.

        Args:
            is_made: make the file if it is not there; else the answer is None.
        """
        path = Path(f"{self.path}{DELETIONS_SUFFIX}")
        # Looked at again each time: another process may have made the file meanwhile.
        with self._lock:
            if self._deletions is None and (is_made or path.exists()):
                seconds = self._busy_timeout_seconds
                self._deletions = Database(path, busy_timeout_seconds=seconds, schema=DELETIONS)
        return self._deletions

    def scrub(self) -> None:
        """Rewrite the file and empty its log, so that nothing is left in either of what was removed.

        Readers go on meanwhile, and writers wait.

        Raises:
            StorageUnavailable: other processes read or write all the time; try again.
        """
        try:
            connection = self._opened(self._busy_timeout_seconds)
            try:
                # Pages keep pieces of rows that an update moved, so overwriting removed rows is not enough.
                connection.execute("VACUUM")
                (is_busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                self._close(connection)
        except _DRIVER_ERRORS as refused:
            raise _translated(refused, self.path) from refused
        if is_busy:
            raise StorageUnavailable(
                f"another process reads {self.path}, so what was removed is still in its log; try again"
            )

    def connection(self) -> _Use:
        """A connection for reads; SQLite's errors leave it translated.

        Raises:
            StorageError: SQLite refused.
        """
        return _Use(self, is_transaction=False)

    def transaction(self) -> _Use:
        """A connection in a write transaction: committed at the end, rolled back on any error.

        Raises:
            StorageError: SQLite refused; nothing was written.
        """
        return _Use(self, is_transaction=True)

    def take(self) -> sqlite3.Connection:
        """An idle connection, or a new one; to be given back."""
        with self._lock:
            if self._idle:
                return self._idle.pop()
        try:
            return self._opened(self._busy_timeout_seconds)
        except sqlite3.OperationalError as refused:
            # On a full disk SQLite cannot even make the small file through which processes share the log.
            if not _needs_space(refused) or _has_log(self.path):
                raise
            return self._as_it_lies()

    def _as_it_lies(self) -> sqlite3.Connection:
        """A connection for one read of a file that no process has open: it is whole without a log."""
        address = f"{self.path.absolute().as_uri()}?immutable=1"
        return sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)

    def give_back(self, connection: sqlite3.Connection) -> None:
        """Let others use a connection that was taken."""
        with self._lock:
            # One that reads the file as it lies is used once: others may write to it from now on.
            is_ours = connection in self._connections
            if is_ours and not self._is_closed:
                self._idle.append(connection)
                return
            if is_ours:
                self._connections.remove(connection)
        connection.close()

    def begin(self) -> sqlite3.Connection:
        """The connection that writes, in a transaction just begun; `end` lets the next writer have it."""
        # Threads of this process wait for the lock, then this process waits for others, under one deadline.
        # SQLite alone polls, which is not fair: a thread could lose to others until its time is over.
        deadline = time.monotonic() + self._busy_timeout_seconds
        if not self._writing.acquire(timeout=self._busy_timeout_seconds):
            raise StorageUnavailable(f"the store {self.path} is busy; try again later")
        try:
            self._check_open()
            if self._writer is None:
                self._writer = self._opened(_WRITER_TIMEOUT_SECONDS)
            self._begin(self._writer, deadline)
            _check_layout(self._writer, self.path, self._schema)
        except BaseException:
            self.leave_transaction()
            self.end()
            raise
        return self._writer

    def end(self) -> None:
        """Let the next writer begin."""
        self._writing.release()
        # Looked at only now: `close` leaves the connection to a thread that still has it.
        if self._is_closed:
            self._close_idle_writer()

    def leave_transaction(self) -> None:
        """Close the connection that writes if it is still in a transaction, which rolls that back."""
        writer = self._writer
        # A statement that was carried out may have failed for us, and so may the one that takes it back.
        if writer is not None and writer.in_transaction:
            self._writer = None
            self._close(writer)

    def _begin(self, connection: sqlite3.Connection, deadline: float) -> None:
        """Begin to write, as soon as no other process does."""
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as refused:
                if not _is_busy(refused) or time.monotonic() > deadline:
                    raise
                self._check_open()
            else:
                return

    def _check_open(self) -> None:
        if self._is_closed:
            raise StorageError(f"the store {self.path} is closed; open it again")

    def _opened(self, timeout_seconds: float) -> sqlite3.Connection:
        """A new connection."""
        self._check_open()
        # Absolute, so that SQLite sees a path and not one of the names it gives a meaning of its own.
        connection = sqlite3.connect(
            self.path.absolute(), timeout=timeout_seconds, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute(f"PRAGMA synchronous = {self._synchronous}")
        except sqlite3.Error:
            connection.close()
            raise
        with self._lock:
            self._connections.append(connection)
        return connection


class _Use:
    """A stretch of work over a connection, as a context manager.

    A class, because generators cost several microseconds and every event goes through here twice.
    """

    __slots__ = ("_connection", "_database", "_is_transaction")

    def __init__(self, database: Database, *, is_transaction: bool) -> None:
        self._database = database
        self._is_transaction = is_transaction
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> sqlite3.Connection:
        try:
            self._connection = self._database.begin() if self._is_transaction else self._database.take()
        except _DRIVER_ERRORS as refused:
            raise _translated(refused, self._database.path) from refused
        return self._connection

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            if self._is_transaction:
                # Ended before the next writer may begin, which uses the same connection.
                error = self._end(self._connection, error)
                self._database.end()
            else:
                self._database.give_back(self._connection)
        if isinstance(error, _DRIVER_ERRORS):
            raise _translated(error, self._database.path) from error

    def _end(self, connection: sqlite3.Connection, error: BaseException | None) -> BaseException | None:
        """Commit, or roll back; returns what went wrong, if anything did."""
        try:
            if error is None:
                connection.execute("COMMIT")
                return None
        except sqlite3.Error as refused:
            error = refused
        # SQLite has rolled back by itself after some errors, and then refuses this.
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        self._database.leave_transaction()
        return error


def _check_layout(connection: sqlite3.Connection, path: Path, schema: Schema) -> None:
    """Refuse to write to a file whose layout has changed since this process opened it.

    Raises:
        StorageError: a newer program has brought the file up to date meanwhile.
    """
    # In the write transaction: until it ends no other process can change the layout.
    (layout,) = connection.execute("PRAGMA user_version").fetchone()
    if layout != len(schema.layouts):
        connection.execute("ROLLBACK")
        raise StorageError(
            f"another CommitCollect has taken {path} to layout {layout} while this program ran; end this "
            "one, upgrade it and start it again"
        )


def _make_private(path: Path) -> None:
    """Take from others the right to read the file, which may hold tokens, and what SQLite keeps beside it.

    SQLite gives new companions the mode of the file. What fails here is for SQLite to refuse.
    """
    with suppress(OSError, ValueError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    for companion in _COMPANIONS:
        with suppress(OSError, ValueError):
            beside = Path(f"{path}{companion}")
            status = beside.stat()
            if stat.S_ISREG(status.st_mode) and status.st_mode & _OTHERS_MAY:
                beside.chmod(stat.S_IMODE(status.st_mode) & ~_OTHERS_MAY)


def _is_busy(refused: sqlite3.Error) -> bool:
    return refused.sqlite_errorcode & _PRIMARY_CODE_MASK in _BUSY


def _needs_space(refused: sqlite3.Error) -> bool:
    return refused.sqlite_errorcode & _PRIMARY_CODE_MASK in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}


def _has_log(path: Path) -> bool:
    """Whether something is written behind the file that it does not hold yet."""
    try:
        return Path(f"{path}-wal").stat().st_size > 0
    except FileNotFoundError:
        return False


def _prepare(connection: sqlite3.Connection, path: Path, busy_timeout_seconds: float, schema: Schema) -> None:
    """Bring the file to the newest layout; a file of another program is left as it is."""
    # One transaction for all that is read: another process may be laying the tables out.
    connection.execute("BEGIN")
    try:
        is_newest = _layout(connection, path, schema) == len(schema.layouts)
    finally:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
    if is_newest:
        return
    _switch_to_wal(connection, busy_timeout_seconds)
    connection.execute("BEGIN IMMEDIATE")
    # Read once more under the write lock: another process may have laid the tables out in between.
    for script in schema.layouts[_layout(connection, path, schema) :]:
        for statement in script.split(";"):
            connection.execute(statement)
    # In the same transaction as the tables: a crash leaves the old layout with its old number.
    connection.execute(f"PRAGMA application_id = {schema.application_id}")
    connection.execute(f"PRAGMA user_version = {len(schema.layouts)}")
    connection.execute("COMMIT")


def _switch_to_wal(connection: sqlite3.Connection, busy_timeout_seconds: float) -> None:
    """Switch the journal; SQLite does not wait here for other processes that open the same new file."""
    deadline = time.monotonic() + busy_timeout_seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as refused:
            if not _is_busy(refused) or time.monotonic() > deadline:
                raise
            time.sleep(_WAL_RETRY_SECONDS)
        else:
            return


def _layout(connection: sqlite3.Connection, path: Path, schema: Schema) -> int:
    """How many of the layouts the file has; none if it is empty."""
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (layout,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application_id != schema.application_id:
        if tables:
            raise StorageError(f"{path} belongs to another program; name another file for the store")
        return 0
    if layout > len(schema.layouts):
        raise StorageError(f"{path} was written by a newer CommitCollect (layout {layout}); upgrade this one")
    return int(layout)


def _is_disk_full(path: Path | str) -> bool:
    try:
        return shutil.disk_usage(Path(path).absolute().parent).free < _FREE_BYTES_MIN
    except (OSError, ValueError):
        return False


def _translated(error: BaseException, path: Path) -> CommitCollectError:
    """What an error of the driver means to the core."""
    return storage_error(error, path) if isinstance(error, sqlite3.Error) else not_keepable(error)


def storage_error(refused: sqlite3.Error, path: Path | str) -> StorageError:
    """What an error of SQLite means to the core; messages name the file as `path`."""
    code = getattr(refused, "sqlite_errorcode", 0) & _PRIMARY_CODE_MASK
    if code not in _BUSY and _is_disk_full(path):
        return StorageUnavailable(f"the disk of the store {path} is full; make room, then try again")
    if code in _TRY_LATER:
        return StorageUnavailable(f"the store {path} is busy, full or failing ({refused}); try again later")
    if code == sqlite3.SQLITE_CANTOPEN:
        return StorageError(
            f"cannot open the store {path}; it must be a file, in a folder that exists and may be written"
        )
    if code == sqlite3.SQLITE_NOTADB:
        return StorageError(f"{path} is not a CommitCollect store; name another file")
    if code == sqlite3.SQLITE_CORRUPT:
        return damaged(path, str(refused))
    if code in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}:
        return StorageError(f"the store {path} may not be written; check its permissions")
    return StorageError(f"the store {path} failed: {refused}")


def damaged(path: Path | str, found: str) -> StorageError:
    """The error about a file that SQLite cannot read as a whole."""
    return StorageError(f"{path} is damaged: {found}; restore it from a backup or import the history anew")
