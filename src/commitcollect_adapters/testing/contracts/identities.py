"""Every promise of `IdentityProvider` and `UserDirectory`."""
# ruff: noqa: S101 - a suite asserts, though it does not live under tests/

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from attrs import evolve

from commitcollect_adapters.testing.contracts.checks import undefined
from commitcollect_core.accounts.identities import AuthorizationRequest
from commitcollect_core.accounts.ports import IdentityProvider, UserDirectory
from commitcollect_core.errors import Unauthenticated

REQUEST = AuthorizationRequest(
    state="canary-state-17", nonce="canary-nonce-23", code_verifier="canary-verifier-" + "v" * 43
)
OTHER_VERIFIER = "another-verifier-" + "w" * 43
NO_USER = "no-such-user-8c1f"


class IdentityProviderContract:
    """Subclass it, call the class ``Test…`` and run pytest."""

    def identity_provider(self) -> IdentityProvider:
        """The provider, the same one throughout a test."""
        undefined("identity_provider")

    def sign_in_at(self, address: str) -> str:  # noqa: ARG002 - for those who override it
        """Sign the one person of this test in, as a browser does; the address it is sent back to."""
        undefined("sign_in_at")

    def code(self, request: AuthorizationRequest = REQUEST) -> str:
        """The code of a person who has signed in for a request."""
        back = parse_qs(urlsplit(self.sign_in_at(self.identity_provider().authorize_url(request))).query)
        assert back["state"] == [request.state]
        return back["code"][0]

    def test_a_person_is_the_same_user_at_every_sign_in(self) -> None:
        """The identity names issuer, subject and the name the administration uses."""
        provider = self.identity_provider()
        first, again = (provider.identify(self.code(), REQUEST) for _ in range(2))
        assert first.user_id == again.user_id
        assert all((first.issuer, first.subject, first.username))

    def test_a_code_works_once(self) -> None:
        """A code that is read in a log later is worth nothing."""
        provider = self.identity_provider()
        code = self.code()
        provider.identify(code, REQUEST)
        with pytest.raises(Unauthenticated) as refused:
            provider.identify(code, REQUEST)
        assert code not in refused.value.message

    @pytest.mark.parametrize(
        "other",
        [evolve(REQUEST, code_verifier=OTHER_VERIFIER), evolve(REQUEST, nonce="another-nonce")],
        ids=["verifier", "nonce"],
    )
    def test_a_code_of_another_request_is_refused(self, other: AuthorizationRequest) -> None:
        """It was made for another browser's visit (PKCE, and the nonce in the ID token)."""
        code = self.code()
        with pytest.raises(Unauthenticated):
            self.identity_provider().identify(code, other)

    @pytest.mark.parametrize("code", ["", "made-up", "x" * 3_000, "a b&c=d"])
    def test_a_code_that_was_never_given_is_refused(self, code: str) -> None:
        """And repeated in no message."""
        with pytest.raises(Unauthenticated) as refused:
            self.identity_provider().identify(code, REQUEST)
        assert not code or code not in refused.value.message

    def test_a_browser_sees_the_digest_of_the_verifier_only(self) -> None:
        """The verifier itself is never in an address."""
        address = self.identity_provider().authorize_url(REQUEST)
        assert REQUEST.code_verifier not in address
        assert parse_qs(urlsplit(address).query)["code_challenge"] == [REQUEST.code_challenge]

    def test_signing_out_leads_somewhere(self) -> None:
        """To the provider, or straight back."""
        assert urlsplit(self.identity_provider().logout_url()).scheme in {"http", "https"}


class UserDirectoryContract:
    """Subclass it, call the class ``Test…`` and run pytest."""

    def user_directory(self) -> UserDirectory:
        """The directory, the same one throughout a test."""
        undefined("user_directory")

    def new_user(self) -> str:
        """Make a user; the name the administration uses."""
        undefined("new_user")

    def is_known(self, username: str) -> bool:  # noqa: ARG002 - the same
        """Whether the provider still has a user of this name."""
        undefined("is_known")

    def test_a_user_that_is_gone_is_no_error(self) -> None:
        """A deletion that is repeated goes on."""
        directory = self.user_directory()
        for act in (directory.sign_out, directory.disable, directory.delete):
            act(NO_USER)

    def test_a_deleted_user_is_gone(self) -> None:
        """Each step may be repeated, in the order of a deletion; no other user is touched."""
        directory = self.user_directory()
        username, other = self.new_user(), self.new_user()
        for act in (directory.sign_out, directory.disable, directory.delete):
            act(username)
            act(username)
        assert not self.is_known(username)
        assert self.is_known(other)
