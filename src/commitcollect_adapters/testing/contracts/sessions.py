"""Every promise of `SessionStore` and of `HandshakeStore`."""
# ruff: noqa: S101 - a suite asserts, though it does not live under tests/

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from commitcollect_adapters.testing import samples
from commitcollect_adapters.testing import service_samples as service
from commitcollect_adapters.testing.contracts.checks import (
    HOUR_THAT_COMES_TWICE,
    THREADS,
    assert_read_back,
    in_every_zone,
    in_zone,
    property_test,
    race,
)
from commitcollect_adapters.testing.contracts.stores import StoresContract
from commitcollect_adapters.testing.service_strategies import LATER, handshakes, sessions
from commitcollect_core.accounts.sessions import Session
from commitcollect_core.handshakes import Handshake
from commitcollect_core.values import UserId

_TAKERS, _TAKES_EACH = 20, 5


class SessionStoreContract(StoresContract):
    """Subclass it, call the class ``Test…`` and run pytest."""

    def test_there_is_no_session_at_first(self) -> None:
        """Reading is not an error, nor is ending what is not there."""
        with self.open_stores() as stores:
            absent = service.new_name("session")
            stores.sessions.delete(absent)
            assert stores.sessions.read(absent) is None
            assert not stores.sessions.of_user(samples.new_athlete(), limit=10)

    @property_test
    @given(data=st.data())
    def test_a_session_is_read_back(self, data: st.DataObject) -> None:
        """Every field is read back, alone and in its user's list.

        New, written again and touched.
        """
        with self.open_stores() as stores:
            user_id, session_id = samples.new_athlete(), service.new_name("session")
            for write in (stores.sessions.write, stores.sessions.write, stores.sessions.touch):
                session = data.draw(sessions(session_id=session_id, user_id=user_id))
                write(session)
                assert_read_back(stores.sessions.read(session_id), session)
                (listed,) = stores.sessions.of_user(user_id, limit=10)
                assert_read_back(listed, session)

    @in_every_zone
    def test_an_expiry_is_not_an_hour_off(self, zone: str) -> None:
        """Also where the clock of the machine is set back, and the sessions of that night are in order."""
        with in_zone(zone), self.open_stores() as stores:
            user_id = samples.new_athlete()
            made = [
                evolve(
                    service.session(user_id),
                    created_at=at,
                    last_seen_at=at,
                    expires_at=at + timedelta(hours=1),
                )
                for at in HOUR_THAT_COMES_TWICE
            ]
            for session in made[::-1]:
                stores.sessions.write(session)
            for session in made:
                assert_read_back(stores.sessions.read(session.session_id), session)
            assert list(stores.sessions.of_user(user_id, limit=9)) == made

    def test_a_session_that_was_ended_stays_ended(self) -> None:
        """A request that overlaps a sign-out does not sign in again."""
        with self.open_stores() as stores:
            session = service.session(samples.new_athlete())
            stores.sessions.write(session)
            stores.sessions.delete(session.session_id)
            stores.sessions.touch(evolve(session, last_seen_at=samples.NOW))
            assert stores.sessions.read(session.session_id) is None
            assert not stores.sessions.of_user(session.user_id, limit=10)

    def test_a_session_that_is_used_while_it_ends_stays_ended(self) -> None:
        """Many concurrent uses do not bring back an ended session."""
        with self.open_stores() as stores:
            session = service.session(samples.new_athlete())
            stores.sessions.write(session)
            uses = [lambda: stores.sessions.touch(session)] * (THREADS - 1)
            race([*uses, lambda: stores.sessions.delete(session.session_id)])
            assert stores.sessions.read(session.session_id) is None

    def test_sessions_of_a_user_come_in_order_of_creation(self) -> None:
        """The oldest first, at most as many as asked for.

        The order of writes and uses does not matter.
        """
        with self.open_stores() as stores:
            user_id = samples.new_athlete()
            made = [service.session(user_id, created=n, seen=100 - n) for n in range(5)]
            for place in (3, 0, 4, 1, 2):
                stores.sessions.write(made[place])
            stores.sessions.touch(made[0])
            stores.sessions.delete(made[1].session_id)
            left = [made[0], *made[2:]]
            for limit in (1, 3, 4, 9):
                assert list(stores.sessions.of_user(user_id, limit=limit)) == left[:limit]

    @pytest.mark.parametrize("suffix", ["b", "-1", "0"])
    def test_users_never_see_each_others_sessions(self, suffix: str) -> None:
        """An id that is a prefix of another has its own sessions.

        This holds for user ids and for session ids.
        """
        with self.open_stores() as stores:
            session = service.session(samples.new_athlete())
            stores.sessions.write(session)
            other = UserId(session.user_id + suffix)
            longer = evolve(session, session_id=session.session_id + suffix, user_id=other)
            assert not stores.sessions.of_user(other, limit=10)
            assert stores.sessions.read(longer.session_id) is None
            stores.sessions.write(longer)
            stores.sessions.delete(session.session_id)
            assert not stores.sessions.of_user(session.user_id, limit=10)
            assert list(stores.sessions.of_user(other, limit=10)) == [longer]


class HandshakeStoreContract(StoresContract):
    """Subclass it, call the class ``Test…`` and run pytest."""

    @property_test
    @given(data=st.data())
    def test_a_handshake_is_taken_as_it_was(self, data: st.DataObject) -> None:
        """Every field comes back as it was, once."""
        with self.open_stores() as stores:
            handshake = data.draw(handshakes(state=service.new_name("state")))
            stores.handshakes.begin(handshake)
            assert_read_back(stores.handshakes.take(handshake.state), handshake)
            assert stores.handshakes.take(handshake.state) is None

    def test_of_many_who_take_a_handshake_one_gets_it(self) -> None:
        """Many concurrent answers to one sign-in finish it once."""
        with self.open_stores() as stores:
            handshake = service.handshake()
            stores.handshakes.begin(handshake)

            def take() -> list[Handshake | None]:
                return [stores.handshakes.take(handshake.state) for _ in range(_TAKES_EACH)]

            taken: list[object] = []
            for some in race([take] * _TAKERS):
                assert isinstance(some, list)
                taken += some
            assert len(taken) == _TAKERS * _TAKES_EACH
            assert [each for each in taken if each is not None] == [handshake]

    def test_handshakes_never_see_each_other_or_a_session(self) -> None:
        """A state that is a prefix of another takes nothing of it.

        The same holds for one that equals a session's id.
        """
        with self.open_stores() as stores:
            handshake = service.handshake()
            session = Session(
                session_id=handshake.state,
                user_id=samples.new_athlete(),
                created_at=LATER,
                last_seen_at=LATER,
                expires_at=LATER,
            )
            stores.sessions.write(session)
            assert stores.handshakes.take(handshake.state) is None
            stores.handshakes.begin(handshake)
            assert stores.sessions.read(handshake.state) == session
            assert stores.handshakes.take(handshake.state + "0") is None
            stores.sessions.delete(session.session_id)
            assert stores.handshakes.take(handshake.state) == handshake
