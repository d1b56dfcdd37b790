"""Histories that people bring over the page: read and counted in a thread, while the page looks on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING

from attrs import define, frozen

from commitcollect_adapters.documents import Document
from commitcollect_adapters.observing.trail import AuditTrail
from commitcollect_adapters.web import schemas
from commitcollect_adapters.web.calls import ACCEPTED, OK, Answer, Call, Endpoint
from commitcollect_core.accounts.audit import Caller
from commitcollect_core.app import CommitCollect
from commitcollect_core.errors import CommitCollectError, Conflict, NotFound, StorageUnavailable
from commitcollect_core.training.workouts import ActivitySnapshot
from commitcollect_core.values import UserId

if TYPE_CHECKING:
    # Loaded with the first file that is brought in: a host on Lambda begins without.
    from commitcollect_adapters.readers.intake import Intake
    from commitcollect_adapters.sqlite.staging import StagedHistory

_log = logging.getLogger(__name__)

AT_ONCE = 2
WAITING_MAX = 8
KEPT = 200
"""Imports whose result is remembered, the newest of all people."""

REMARKS_SHOWN_MAX = 200
NAME_CHARS_MAX = 120
READING, COUNTING, DONE, FAILED = "reading", "counting", "done", "failed"
_UNFINISHED = {READING, COUNTING}
_STOPPED = "this host was stopped meanwhile; bring the file in again to go on"


@define(kw_only=True, eq=False)
class Import:
    """One import and how far it has come. Its thread alone changes it.

    Attributes:
        read: activities read so far.
        taken: of them, how many were looked at in the ledger.
        changed: of them, how many were new or different.
        parts: parts they earned.
        error: why nothing could be read, for a person.
    """

    import_id: str
    user_id: UserId
    file: str
    size_bytes: int
    intake: Intake
    state: str = READING
    read: int = 0
    taken: int = 0
    changed: int = 0
    parts: int = 0
    error: str | None = None

    @property
    def progress(self) -> Document:
        """How far it is, without the rows."""
        return {
            "importId": self.import_id,
            "file": self.file,
            "state": self.state,
            "bytes": self.size_bytes,
            "read": self.read,
            "taken": self.taken,
            "changed": self.changed,
            "parts": self.parts,
            "rejectedCount": self.intake.rejected_count,
            "warningCount": self.intake.remarks.count,
            "error": self.error,
        }

    @property
    def document(self) -> Document:
        """How far it is, and every row that could not be taken, with the reason."""
        if self.state in _UNFINISHED:  # its thread still adds to the lists
            return {**self.progress, "rejected": [], "warnings": []}
        found = self.intake.document()
        warnings = found["warnings"][:REMARKS_SHOWN_MAX]
        return {**self.progress, "rejected": found["rejected"], "warnings": warnings}


@frozen
class _Walks:
    """A staged history that can be walked more than once."""

    history: StagedHistory

    def __iter__(self) -> Iterator[ActivitySnapshot]:
        return self.history.deliveries()


class Imports:
    """Runs imports; one at a time for each person, and a few at once."""

    def __init__(
        self,
        app: CommitCollect,
        make_id: Callable[[], str],
        trail: AuditTrail | None = None,
        *,
        is_at_once: bool = False,
    ) -> None:
        """Take histories in.

        Args:
            app: the use cases.
            make_id: makes ids that cannot be guessed.
            trail: where what was taken in is recorded.
            is_at_once: an import ends before its request is answered, and no thread goes on behind it.
        """
        self._app = app
        self._is_at_once = is_at_once
        self._make_id = make_id
        self._trail = trail
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="import")
        self._kept: dict[str, Import] = {}
        self._arriving: set[UserId] = set()
        self._lock = Lock()
        self._stopping = Event()

    def endpoints(self) -> Iterator[Endpoint]:
        """The rows of the route table."""
        yield Endpoint(
            method="POST", path="/imports", act=self._begin, query=(schemas.NAME,), admits=self._admit,
            about="Bring in a history: Strava's export, or a table or list of activities, as the body.",
            answers={ACCEPTED: schemas.IMPORT}, fails_with=(400, 409, 413, 415, 503, 507),
        )  # fmt: skip
        yield Endpoint(
            method="GET", path="/imports", act=self._list,
            about="The imports that this host remembers, newest first.", answers={OK: schemas.IMPORTS},
        )  # fmt: skip
        yield Endpoint(
            method="GET", path="/imports/{importId}", act=self._show,
            about="An import: how far it is, and the rows that were not taken, with the reasons.",
            answers={OK: schemas.IMPORT}, fails_with=(404,),
        )  # fmt: skip

    def of(self, user_id: UserId) -> list[Import]:
        """A person's imports, newest first."""
        with self._lock:
            return [each for each in reversed(self._kept.values()) if each.user_id == user_id]

    def stop(self) -> None:
        """End imports after the batch they are at; what was taken in stays, and a repetition goes on."""
        self._stopping.set()
        # Those that wait are not cancelled: each runs to its first look at the stop, and removes its file.
        self._pool.shutdown()

    @contextmanager
    def _admit(self, call: Call) -> Iterator[None]:
        with self._lock:
            self._check(call.user_id)
            # From here on: files that still arrive take room, too, and one person could send any number.
            self._arriving.add(call.user_id)
        try:
            yield
        finally:
            with self._lock:
                self._arriving.discard(call.user_id)

    def _check(self, user_id: UserId) -> None:
        under_way = [each.user_id for each in self._kept.values() if each.state in _UNFINISHED]
        under_way += self._arriving
        if user_id in under_way:
            raise Conflict("an import is under way; wait for its end", code="import_running")
        if len(under_way) >= WAITING_MAX or self._stopping.is_set():
            raise StorageUnavailable("other imports are under way; try again in a moment", code="busy")

    def _begin(self, call: Call) -> Answer:
        from commitcollect_adapters.readers.fields import clean_text  # noqa: PLC0415 - see above
        from commitcollect_adapters.readers.intake import Intake  # noqa: PLC0415 - see above

        path = call.file
        assert path is not None  # noqa: S101 - the row takes a file
        name = clean_text(call.query.get("name", ""))[:NAME_CHARS_MAX] or "your file"
        running = Import(
            import_id=self._make_id(),
            user_id=call.user_id,
            file=name,
            size_bytes=path.stat().st_size,
            intake=Intake(policy=self._app.policy),
        )
        caller = (
            None if self._trail is None else self._trail.caller(call.user_id, method="POST", path="/imports")
        )
        try:
            self._keep(running)
            if self._is_at_once:
                self._run(running, path, caller)
            else:
                self._pool.submit(self._run, running, path, caller)
        except RuntimeError as stopped:  # of the pool, which the host has shut down meanwhile
            path.unlink(missing_ok=True)
            running.error, running.state = _STOPPED, FAILED
            raise StorageUnavailable(_STOPPED, code="busy") from stopped
        return Answer(status=ACCEPTED, document=running.document)

    def _keep(self, running: Import) -> None:
        with self._lock:
            self._kept[running.import_id] = running
            # An import that goes on for long may be the oldest of all; its person still looks on.
            ended = [key for key, each in self._kept.items() if each.state not in _UNFINISHED]
            for key in ended[: max(0, len(self._kept) - KEPT)]:
                del self._kept[key]

    def _list(self, call: Call) -> Answer:
        return Answer(document={"imports": [each.document for each in self.of(call.user_id)]})

    def _show(self, call: Call) -> Answer:
        for each in self.of(call.user_id):
            if each.import_id == call.path["importId"]:
                return Answer(document=each.document)
        raise NotFound("there is no such import here", code="import_not_found")

    def _run(self, running: Import, path: Path, caller: Caller | None) -> None:
        try:
            self._take_in(running, path, caller)
        except CommitCollectError as failed:
            running.error = failed.message
        except Exception:  # noqa: BLE001 - whatever it is, the page is told that it ended
            _log.exception("an import failed")
            running.error = "something went wrong here; the log of this host has it"
        with suppress(OSError):
            path.unlink()
        if self._trail is not None:
            self._trail.flush()
        # Last: who sees it ended may rely on all of the above.
        running.state = DONE if running.error is None else FAILED

    def _take_in(self, running: Import, path: Path, caller: Caller | None) -> None:
        from commitcollect_adapters.sqlite.staging import StagedHistory  # noqa: PLC0415 - see above

        self._stop_if_asked()
        now = self._app.context.now()
        with closing(StagedHistory()) as history:
            history.add(self._counted(running, running.intake.read(path, now=now, shown_as=running.file)))
            running.read, running.state = len(history), COUNTING
            for batch in self._app.ingestion.ingest_all(running.user_id, _Walks(history)):
                running.taken = min(running.taken + self._app.ingestion.batch_items, running.read)
                running.changed += batch.workouts_changed
                running.parts += len(batch.awards)
                if self._trail is not None and caller is not None:
                    self._trail.record(caller, batch)
                self._stop_if_asked()
        running.taken = running.read

    def _counted(self, running: Import, found: Iterator[ActivitySnapshot]) -> Iterator[ActivitySnapshot]:
        for each in found:
            running.read += 1
            self._stop_if_asked()
            yield each

    def _stop_if_asked(self) -> None:
        if self._stopping.is_set():
            raise StorageUnavailable(_STOPPED)
