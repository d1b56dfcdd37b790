"""Signing in and out: who comes back, the first time and later, and who does not."""

from __future__ import annotations

import logging
from collections import Counter
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.town import ADA, Town
from commitcollect_adapters.simulation.faults import Side, hooked
from commitcollect_adapters.testing import service_samples as service
from commitcollect_adapters.testing.contracts.checks import race
from commitcollect_core.accounts.identities import AuthorizationRequest, Identity
from commitcollect_core.accounts.signing_in import SignedIn
from commitcollect_core.errors import (
    AccountDeleting,
    IdentityProviderUnavailable,
    StorageUnavailable,
    Unauthenticated,
    VersionConflict,
)
from commitcollect_core.handshakes import HandshakePurpose, begin_handshake
from commitcollect_core.policy import DEFAULT_POLICY
from commitcollect_core.values import is_id

CALLBACKS = 100
PERSON = Identity(issuer="local", subject=ADA, username=ADA).user_id


def down(_call: str, _side: Side) -> None:
    """A provider that does not answer."""
    raise IdentityProviderUnavailable("down")


# Identities

_texts = st.text(max_size=20)


@given(first=st.tuples(_texts, _texts), second=st.tuples(_texts, _texts))
def test_a_person_is_always_the_same_user_and_no_other_is(
    first: tuple[str, str], second: tuple[str, str]
) -> None:
    """Issuer and subject make the user, wherever one of them ends and the other begins."""
    users = [
        Identity(issuer=issuer, subject=subject, username="x").user_id for issuer, subject in (first, second)
    ]
    assert (users[0] == users[1]) == (first == second)
    assert is_id(users[0])


def test_equal_subjects_of_two_providers_are_two_users() -> None:
    """A person who can choose a name at one provider takes over no account of another."""
    users = {Identity(issuer=each, subject="7", username="7").user_id for each in ("https://a", "https://b")}
    assert len(users) == 2


def test_nothing_of_an_identity_or_a_request_is_shown_that_is_secret() -> None:
    """Names, addresses and what proves a sign-in appear in no log."""
    request = AuthorizationRequest(state="hush", nonce="hush", code_verifier="hush")
    identity = Identity(issuer="i", subject="s", username="u", email="hush", name="hush")
    assert "hush" not in repr((request, identity))


# Signing in


def test_the_first_time_makes_a_profile_and_later_ones_do_not() -> None:
    """A sign-up, then logins; the profile stays as it was made."""
    town = Town()
    first = town.sign_in()
    assert first.is_new
    assert (first.profile.email, first.profile.provider_username, first.profile.version) == (ADA, ADA, 1)
    town.pass_time(days=1)
    later = town.sign_in()
    assert not later.is_new
    assert later.profile == first.profile == town.stores.profiles.read(first.profile.user_id)
    assert town.sign_in("bob@example.org").profile != first.profile


def test_two_first_callbacks_at_once_make_one_profile_and_one_sign_up() -> None:
    """However many browsers come back at the same moment."""
    town = Town()
    visits = [town.visit() for _ in range(8)]
    tasks = [
        lambda state=state, secret=secret, code=code: town.signing_in.finish(
            state=state, secret=secret, code=code
        )
        for state, secret, code in visits
    ]
    found = [each for each in race(tasks) if isinstance(each, SignedIn)]
    assert Counter(each.is_new for each in found) == {True: 1, False: 7}
    assert len({each.opened.secret for each in found}) == 8


def test_a_first_callback_that_is_overtaken_is_a_login() -> None:
    """Between its look and its write another callback made the profile, which counts."""
    town, left = Town(), [1]

    def overtake(call: str, side: Side) -> None:
        if (call, side) == ("profiles.write", Side.BEFORE) and left:
            left.pop()
            assert town.sign_in().is_new

    found = town.sign_in(signing_in=town.process(overtake))
    assert not found.is_new
    assert found.profile == town.stores.profiles.read(PERSON)


def test_a_race_for_the_profile_that_cannot_be_explained_is_told() -> None:
    """A store that refuses a profile and shows none is not believed."""
    town = Town()

    def refuse(call: str, side: Side) -> None:
        if call == "profiles.write" and side is Side.BEFORE:
            raise VersionConflict("no")

    with pytest.raises(VersionConflict):
        town.sign_in(signing_in=town.process(refuse))


def test_every_sign_in_has_a_new_secret_and_ends_the_session_before() -> None:
    """A secret that was planted in a browser is worth nothing afterwards (session fixation)."""
    town = Town()
    planted = town.sign_in("mallory@example.org").opened.secret
    state, secret, code = town.visit()
    found = town.signing_in.finish(
        state=state, secret=secret, code=code, replaced_secret=planted, user_agent="X"
    )
    assert found.opened.secret not in {planted, secret}
    assert found.opened.session.user_agent == "X"
    assert town.sessions.authenticate(found.opened.secret).user_id == found.profile.user_id
    with pytest.raises(Unauthenticated):
        town.sessions.authenticate(planted)


def test_where_the_browser_wants_to_go_comes_back() -> None:
    """The host decides what it means; here it is only kept."""
    town = Town()
    begun = town.signing_in.begin(return_to="statue")
    assert "statue" not in begun.address
    handshakes = town.stores.handshakes
    state = begun.address.partition("state=")[2].partition("&")[0]
    taken = handshakes.take(state)
    assert taken is not None
    assert "statue" in taken.details.values()
    assert begun.secret not in {taken.binding, *taken.details.values()}


def test_a_state_works_once_in_a_hundred_parallel_callbacks() -> None:
    """And the code goes to the provider once."""
    town = Town()
    state, secret, code = town.visit()

    def call() -> object:
        try:
            return town.signing_in.finish(state=state, secret=secret, code=code)
        except Unauthenticated as refused:
            return refused

    found = race([call] * CALLBACKS)
    assert sum(isinstance(each, SignedIn) for each in found) == 1
    with pytest.raises(Unauthenticated):
        town.signing_in.finish(state=state, secret=secret, code=code)


@pytest.mark.parametrize(
    "wrong", ["state", "another browser", "no browser", "no code", "empty code", "code", "601 s", "purpose"]
)
def test_a_callback_that_is_not_good_signs_no_one_in(wrong: str) -> None:
    """One answer for all; nothing is written, and the state is used up."""
    town = Town()
    state, secret, code = town.visit()
    given: dict[str, str | None] = {"state": state, "secret": secret, "code": code}
    match wrong:
        case "state":
            given["state"] = "made-up"
        case "another browser":
            given["secret"] = town.visit()[1]
        case "no browser":
            given["secret"] = ""
        case "no code":
            given["code"] = None
        case "empty code":
            given["code"] = ""
        case "code":
            given["code"] = "made-up"
        case "601 s":
            town.pass_time(seconds=601)
        case _:
            link = begin_handshake(
                "link",
                HandshakePurpose.STRAVA,
                sha256(secret.encode()).hexdigest(),
                now=town.clock.now(),
                policy=DEFAULT_POLICY,
            )
            town.stores.handshakes.begin(link)
            given["state"] = "link"
    with pytest.raises(Unauthenticated) as refused:
        town.signing_in.finish(**given)  # type: ignore[arg-type]  # as the test has put it together
    assert (refused.value.code, refused.value.message) == (
        "sign_in_failed",
        "the sign-in did not succeed; start again",
    )
    if wrong not in {"state", "purpose"}:
        assert town.stores.handshakes.take(state) is None
    assert town.stores.profiles.read(PERSON) is None


def test_a_provider_that_is_down_leaves_no_handshake() -> None:
    """Browsers that try again and again fill no store."""
    town = Town()

    calls: list[str] = []
    process = town.process(lambda call, _side: calls.append(call), provider=hooked(town.local, down))
    with pytest.raises(IdentityProviderUnavailable):
        process.begin()
    assert calls == []


# Deleted accounts


@pytest.mark.parametrize("is_known", [True, False])
def test_an_account_that_is_being_deleted_signs_in_no_more(*, is_known: bool) -> None:
    """Law 7: the fence keeps the person out, with a profile and without."""
    town = Town()
    if is_known:
        town.sign_in()
    service.fence(town.stores, PERSON)
    sessions = len(town.sessions.list(PERSON))
    with pytest.raises(AccountDeleting):
        town.sign_in()
    assert len(town.sessions.list(PERSON)) == sessions
    assert (town.stores.profiles.read(PERSON) is not None) == is_known


def test_a_deleted_account_stays_deleted() -> None:
    """Also where the head is gone, as after a restored backup: the deletion itself is remembered."""
    town = Town()
    service.tombstone(town.stores, PERSON)
    with pytest.raises(AccountDeleting):
        town.sign_in()
    assert town.stores.profiles.read(PERSON) is None


def test_a_deletion_that_begins_during_a_sign_in_leaves_no_session() -> None:
    """Between any two calls of the sign-in, the fence may go up."""
    calls: list[str] = []
    probe = Town()
    probe.sign_in(
        signing_in=probe.process(lambda call, side: calls.append(call) if side is Side.BEFORE else None)
    )
    for place in range(len(calls)):
        town, left = Town(), [0] * (place + 1)
        state, secret, code = town.visit()

        def fence(_call: str, side: Side, town: Town = town, left: list[int] = left) -> None:
            if side is Side.BEFORE and left:
                left.pop()
                if not left:
                    service.fence(town.stores, PERSON)

        try:
            found = town.process(fence).finish(state=state, secret=secret, code=code)
        except AccountDeleting:
            assert not town.stores.sessions.of_user(PERSON, limit=9)
        else:
            # Only behind the last look at the fence, which comes after the session was written: the deletion
            # ends all sessions it sees, and this one as well.
            assert "sessions.write" in calls[:place], calls[place]
            assert "ledger.read_head" not in calls[place:], calls[place]
            assert found.profile.user_id == PERSON


# Signing out


def test_signing_out_ends_the_session() -> None:
    """The provider is told as well, by the address the browser is sent to."""
    town = Town()
    opened = town.sign_in().opened
    out = town.signing_in.sign_out(opened.secret)
    assert (out.session, out.address) == (opened.session, "http://127.0.0.1:8080/")
    with pytest.raises(Unauthenticated):
        town.sessions.authenticate(opened.secret)


@pytest.mark.parametrize("secret", ["", "made up", "\udcff"])
def test_signing_out_without_a_session_is_no_error(secret: str) -> None:
    """A person who is signed out already stays so."""
    assert Town().signing_in.sign_out(secret).session is None


@pytest.mark.parametrize("failing", ["sessions.read", "sessions.delete"])
def test_signing_out_never_fails(failing: str, caplog: pytest.LogCaptureFixture) -> None:
    """With the store down the browser is sent on all the same; what cannot be read is ended unread."""
    town = Town()
    opened = town.sign_in().opened

    def fail(call: str, side: Side) -> None:
        if call == failing and side is Side.BEFORE:
            raise StorageUnavailable("down")

    with caplog.at_level(logging.DEBUG):
        out = town.process(fail).sign_out(opened.secret)
    assert out.address is not None
    assert "storage_unavailable" in caplog.text
    assert opened.secret not in caplog.text
    is_ended = town.stores.sessions.read(opened.session.session_id) is None
    assert is_ended == (failing == "sessions.read")


def test_signing_out_at_a_provider_that_is_down_ends_the_session() -> None:
    """The address is missing, and nothing else."""
    town = Town()
    opened = town.sign_in().opened

    out = town.process(provider=hooked(town.local, down)).sign_out(opened.secret)
    assert (out.address, out.session) == (None, opened.session)
