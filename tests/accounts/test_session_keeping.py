"""Sessions in use: begun, checked, written now and then, listed, revoked."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256

import pytest
from attrs import evolve

from accounts.town import Town
from commitcollect_adapters.memory import MemoryLedger
from commitcollect_adapters.memory.accounts import MemorySessionStore
from commitcollect_adapters.simulation.faults import Side
from commitcollect_core.accounts.session_keeping import SessionKeeping
from commitcollect_core.accounts.sessions import USER_AGENT_CHARS_MAX, Session
from commitcollect_core.errors import NotFound, StorageUnavailable, Unauthenticated
from commitcollect_core.policy import DEFAULT_POLICY, Policy, customised
from commitcollect_core.values import UserId

ME, OTHER = UserId("me"), UserId("other")
HOUR = DEFAULT_POLICY.accounts.session_touch_seconds


def test_the_store_holds_only_the_digest_of_the_secret() -> None:
    """A reader of the store cannot sign in, and no representation shows the secret."""
    town = Town()
    opened = town.sessions.begin(ME, user_agent="x" * 10_000)
    session = opened.session
    assert session.session_id == sha256(opened.secret.encode()).hexdigest()
    assert len(opened.secret) >= 43
    assert session.user_agent == "x" * USER_AGENT_CHARS_MAX
    assert opened.secret not in repr(opened)
    assert town.stores.sessions.read(opened.secret) is None
    with pytest.raises(Unauthenticated):
        town.sessions.authenticate(session.session_id)


def test_use_is_written_at_most_once_an_hour() -> None:
    """A busy browser costs a write an hour, and its session slides on until its end."""
    town, calls = Town(), Counter[str]()
    sessions = town.process(lambda call, side: calls.update([call] if side is Side.BEFORE else [])).sessions
    secret = sessions.begin(ME).secret
    for _ in range(4 * 30):
        town.pass_time(minutes=2)
        sessions.authenticate(secret)
    assert HOUR == 3_600
    assert calls["sessions.touch"] == 4
    for _ in range(29):
        town.pass_time(days=1)
        sessions.authenticate(secret)
    town.pass_time(days=1)
    with pytest.raises(Unauthenticated):
        sessions.authenticate(secret)


def test_an_unused_session_ends_though_its_row_is_there() -> None:
    """Idle and absolute ends are checked on reading, whatever the store has not removed yet."""
    town = Town()
    secret = town.sessions.begin(ME).secret
    town.pass_time(seconds=DEFAULT_POLICY.accounts.session_idle_seconds)
    with pytest.raises(Unauthenticated):
        town.sessions.authenticate(secret)
    assert len(town.stores.sessions.of_user(ME, limit=9)) == 1
    assert not town.sessions.list(ME)


@pytest.mark.parametrize("secret", ["", "made up", "x" * 10_000, "\x00", "é", "\udcff"])
def test_a_made_up_secret_is_no_session(secret: str) -> None:
    """Whatever a cookie holds."""
    with pytest.raises(Unauthenticated):
        Town().sessions.authenticate(secret)


def test_a_store_that_cannot_write_keeps_no_one_out(caplog: pytest.LogCaptureFixture) -> None:
    """Writing down the use of a session is not worth a failed request."""
    town = Town()
    secret = town.sessions.begin(ME).secret
    town.pass_time(seconds=HOUR)

    def fail(call: str, _side: Side) -> None:
        if call == "sessions.touch":
            raise StorageUnavailable("down")

    with caplog.at_level(logging.DEBUG):
        assert town.process(fail).sessions.authenticate(secret).user_id == ME
    assert "could not be written" in caplog.text
    assert secret not in caplog.text


def test_one_session_is_revoked_by_its_user_alone() -> None:
    """Another's session is not found, as is one that never was."""
    town = Town()
    mine, others = town.sessions.begin(ME), town.sessions.begin(OTHER)
    for session_id in (others.session.session_id, "made-up"):
        with pytest.raises(NotFound) as missing:
            town.sessions.revoke(ME, session_id)
        assert missing.value.code == "session_not_found"
    assert town.sessions.revoke(ME, mine.session.session_id) == mine.session
    with pytest.raises(Unauthenticated):
        town.sessions.authenticate(mine.secret)
    assert town.sessions.authenticate(others.secret).user_id == OTHER


@pytest.mark.parametrize("count", [1, 5, 23])
def test_all_other_sessions_are_revoked(count: int) -> None:
    """More than are listed at once, too; the one that asks stays, and so do those of others."""
    town = Town(policy=customised(DEFAULT_POLICY, {"sessions_listed_max": 5}))
    opened = [town.sessions.begin(ME) for _ in range(count)]
    other = town.sessions.begin(OTHER)
    kept = opened[count // 2]
    ended = town.sessions.revoke_others(ME, but=kept.session.session_id)
    assert {each.session_id for each in ended} == {each.session.session_id for each in opened if each != kept}
    assert list(town.sessions.list(ME)) == [kept.session]
    assert town.sessions.authenticate(other.secret).user_id == OTHER
    assert len(town.sessions.revoke_others(ME)) == 1
    assert not town.sessions.list(ME)


class LaggingStore(MemorySessionStore):
    """Its list shows sessions that were ended, as an index does that lags behind."""

    def __init__(self) -> None:
        super().__init__(MemoryLedger())
        self.seen: dict[str, Session] = {}

    def of_user(self, user_id: UserId, *, limit: int) -> Sequence[Session]:
        """The first time what is there; then what was there, too."""
        found = super().of_user(user_id, limit=limit)
        self.seen |= {each.session_id: each for each in found}
        return sorted(self.seen.values(), key=lambda each: each.created_at)[:limit]


def test_a_list_that_lags_behind_decides_nothing() -> None:
    """Ended sessions that are still listed end nothing twice, hide no other, and pass no check."""
    town = Town()
    policy: Policy = customised(DEFAULT_POLICY, {"sessions_listed_max": 3})
    sessions = SessionKeeping(sessions=LaggingStore(), context=evolve(town.context, policy=policy))
    opened = [sessions.begin(ME) for _ in range(10)]
    assert len(sessions.revoke_others(ME, but=opened[0].session.session_id)) == 9
    for each in opened[1:]:
        with pytest.raises(Unauthenticated):
            sessions.authenticate(each.secret)
    assert sessions.authenticate(opened[0].secret).user_id == ME
