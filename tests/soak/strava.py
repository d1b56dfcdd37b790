"""The Strava of a soak: one call in five fails, in every way there is, and what that costs is on record."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Mapping
from itertools import chain
from random import Random
from urllib.parse import urlsplit

from attrs import define, field, frozen

from commitcollect_adapters.strava import Answer, Request
from commitcollect_adapters.strava.fake import CallKind, DeliveryPlan, FakeStrava, Fault, Limits
from commitcollect_adapters.strava.fake.faults import FaultPlan, NoAnswer
from commitcollect_core.context import Clock
from commitcollect_core.values import ActivityId, AthleteId

FAILS_ONE_IN = 5
PLENTY = Limits(window=10**6, day=10**6, read_window=10**6, read_day=10**6)
PAUSING = {Fault.RATE_LIMITED, Fault.APP_INACTIVE}
PAUSING_ONE_IN = 6
"""These stop all calls for up to 15 minutes, so they come less often than others, or little else happened."""

LOST_TOKENS = {Fault.LOST_ANSWER, Fault.NO_REFRESH_TOKEN}
"""Strava replaces the refresh token, and its answer does not arrive with the new one."""

UNTRUE_READS = {Fault.NOT_FOUND, Fault.WRONG_ATHLETE, Fault.OLD_STATE}
OK = 200
_REFUSALS = {400, 401}


@define
class OneInFive(FaultPlan):
    """Fails one call in five at random.

    Attributes:
        spent: how often each fault came.
        is_on: whether calls fail.
    """

    seed: int = 0
    spent: Counter[Fault] = field(factory=Counter)
    is_on: bool = True
    _chance: Random = field(init=False)
    _thread: threading.local = field(factory=threading.local)

    def __attrs_post_init__(self) -> None:
        self._chance = Random(self.seed)

    @property
    def latest(self) -> Fault | None:
        """The fault of the call that this thread is answering."""
        found: Fault | None = getattr(self._thread, "fault", None)
        return found

    def next_for(self, kind: CallKind) -> Fault | None:
        """Count a call; return its fault, if there is one."""
        self.calls[kind] += 1
        fault = self._drawn(kind) if self.is_on and self._chance.randrange(FAILS_ONE_IN) == 0 else None
        self._thread.fault = fault
        if fault is not None:
            self.spent[fault] += 1
        return fault

    def _drawn(self, kind: CallKind) -> Fault:
        known = [each for each in Fault if kind in each.kinds]
        weights = [1 if each in PAUSING else PAUSING_ONE_IN for each in known]
        return self._chance.choices(known, weights)[0]


@frozen
class Entry:
    """Something that may cost an athlete the connection.

    Attributes:
        caller: the port of the address that was called, which tells the process; 0 for none.
        what: ``renewed``, ``read``, ``killed``, ``started``, ``connected``, or the loss itself.
        athlete_id: empty if it is about no athlete.
    """

    caller: int
    what: str
    athlete_id: str = ""


RENEWED, READ, REFUSED = "renewed", "read", "read refused"
KILLED, STARTED, CONNECTED = "killed", "started", "connected"
LOSSES = {"answer lost", "token refused", "permission ended", "exchange failed"}


@define
class Record:
    """What happened to tokens, in order; thread-safe."""

    _entries: list[Entry] = field(factory=list)
    _lock: threading.Lock = field(factory=threading.Lock)

    def add(self, caller: int, what: str, athlete_id: str = "") -> None:
        """Note one thing more."""
        with self._lock:
            self._entries.append(Entry(caller, what, athlete_id))

    def losses(self, athlete_id: str) -> list[str]:
        """Why this athlete's connection may not work, since it was made; empty if it has to."""
        with self._lock:
            entries = list(self._entries)
        found: list[str] = []
        for number, entry in enumerate(entries):
            if entry.athlete_id == athlete_id:
                found = [] if entry.what == CONNECTED else found + _losses(entry, entries[number + 1 :])
        return found

    def counts(self) -> Counter[str]:
        """How often anything came that may cost a connection."""
        with self._lock:
            entries = list(self._entries)
        found = (_losses(entry, entries[number + 1 :]) for number, entry in enumerate(entries))
        return Counter(chain.from_iterable(found))


def _losses(entry: Entry, later: list[Entry]) -> list[str]:
    if entry.what in LOSSES:
        return [entry.what]
    return _loss_after(entry, later) if entry.what == RENEWED else []


def _loss_after(renewed: Entry, later: list[Entry]) -> list[str]:
    """Whether new tokens were lost: their process died with them, or Strava refuses them."""
    following = next((each.what for each in later if each.caller == renewed.caller), "")
    if following in {KILLED, STARTED}:
        return ["killed before the new tokens were stored"]
    return ["new token refused"] if following == REFUSED else []


class SoakStrava(FakeStrava):
    """A Strava that keeps a record.

    Attributes:
        faults: its faults.
        record: of tokens.
        untrue: activities of which a read told an untruth.
    """

    def __init__(self, clock: Clock, *, plan: DeliveryPlan, seed: int) -> None:
        super().__init__(clock, limits=PLENTY, plan=plan, seed=seed)
        self.faults = OneInFive(seed=seed)
        self._state.faults = self.faults
        self.record = Record()
        self.untrue: set[ActivityId] = set()
        self._athletes: dict[str, str] = {}

    def answer(self, request: Request) -> Answer:
        """Answer, and note what the call did to tokens."""
        caller = urlsplit(request.address).port or 0
        try:
            answer = super().answer(request)
        except NoAnswer as lost:
            self._note(request, caller, None, is_served=not lost.hangs)
            raise
        self._note(request, caller, answer, is_served=answer.status not in _REFUSALS)
        return answer

    def _note(self, request: Request, caller: int, answer: Answer | None, *, is_served: bool) -> None:
        fault = self.faults.latest
        if request.form.get("grant_type") == "refresh_token":
            athlete_id = self._athletes.get(request.form["refresh_token"], "")
            self.record.add(caller, self._renewal(fault, answer, is_served=is_served), athlete_id)
        elif request.method == "GET":
            is_refused = answer is not None and answer.status in _REFUSALS
            self.record.add(caller, REFUSED if is_refused else READ)
            last = request.address.rpartition("/")[2].partition("?")[0]
            if fault in UNTRUE_READS and last.isdigit():
                self.untrue.add(ActivityId(last))
        self._learn(request, answer)

    def _renewal(self, fault: Fault | None, answer: Answer | None, *, is_served: bool) -> str:
        if is_served and fault in LOST_TOKENS:
            return "answer lost"
        if fault in {Fault.REFRESH_TOKEN_REJECTED, Fault.INVALID_GRANT}:
            return "token refused"
        is_renewed = answer is not None and answer.status == OK and b"refresh_token" in answer.body
        return RENEWED if is_renewed else "not renewed"

    def _learn(self, request: Request, answer: Answer | None) -> None:
        """Remember whose the granted refresh token is."""
        if answer is None or answer.status != OK or b'"refresh_token"' not in answer.body:
            return
        granted: Mapping[str, object] = json.loads(answer.body)
        before = self._athletes.get(request.form.get("refresh_token", ""), "")
        athlete = granted.get("athlete")
        athlete_id = str(athlete["id"]) if isinstance(athlete, dict) else before
        self._athletes[str(granted["refresh_token"])] = athlete_id

    def end_permission(self, athlete_id: AthleteId) -> None:
        """Have an athlete revoke the permission at Strava."""
        self.record.add(0, "permission ended", athlete_id)
        self.deauthorize(athlete_id)
