"""Giving the permission of an account that is being deleted back to Strava."""

from __future__ import annotations

from contextlib import suppress

from attrs import evolve, frozen

from commitcollect_core.accounts.deletion import (
    DeletionRequest,
    DeletionStep,
    Identifiers,
    advanced,
    identifiers_of,
)
from commitcollect_core.accounts.ports import DeletionStore
from commitcollect_core.errors import (
    AccessTokenRejected,
    SealBroken,
    TokenRefreshRejected,
    UpstreamError,
)
from commitcollect_core.strava.connections import StravaConnection
from commitcollect_core.strava.ports import ConnectionStore, SealContext, StravaApi, TokenCipher
from commitcollect_core.strava.token_keeping import ACCESS_TOKEN, token_context


@frozen(kw_only=True, eq=False, repr=False)
class Revoking:
    """Gives permissions back to Strava.

    Attributes:
        api: Strava; None where no account can be connected.
    """

    deletions: DeletionStore
    connections: ConnectionStore
    cipher: TokenCipher
    api: StravaApi | None

    def token(self, connection: StravaConnection | None, name: str) -> str:
        """A token that is needed to give the permission back; empty if there is none."""
        if connection is None or connection.has_ended:
            return ""
        stored = connection.access_token if name == ACCESS_TOKEN else connection.refresh_token
        try:
            return self.cipher.unseal(stored, token_context(connection.user_id, name))
        except SealBroken:
            # What cannot be opened cannot be given back, and is of no use to others either.
            return ""

    def run(self, request: DeletionRequest, known: Identifiers) -> DeletionRequest:
        """Give the permission back to Strava; one that has ended is no error."""
        if self._is_connected(known):
            request = self._given_back(self._strava(), request, known)
        # The tokens are of no use any more, and are not kept until the end.
        spent = sealed(self.cipher, request.request_id, evolve(known, access_token="", refresh_token=""))
        return advanced(request, DeletionStep.REVOKE, identifiers=spent)

    def _is_connected(self, known: Identifiers) -> bool:
        """Whether there is a permission that no other account uses."""
        # Revoking ends every token the app has for an athlete, in every account that holds one.
        owners = [self.connections.owner(each) for each in known.person.athlete_ids]
        is_taken = any(each is not None and each.user_id != known.person.user_id for each in owners)
        return bool(known.access_token or known.refresh_token) and not is_taken

    def _strava(self) -> StravaApi:
        if self.api is None:
            raise UpstreamError(
                "this account is connected to Strava, and the settings name no app to give the permission "
                "back with; set strava_client_id and strava_client_secret",
                code="strava_app_missing",
            )
        return self.api

    def _given_back(self, api: StravaApi, request: DeletionRequest, known: Identifiers) -> DeletionRequest:
        """Give the permission back; returns the deletion, in which renewed tokens may stand by now."""
        if api.revokes_by_any_token():
            # Both: a renewal that was under way may have ended the refresh token, and been refused here.
            for token in filter(None, (known.refresh_token, known.access_token)):
                api.revoke(token)
            return request
        with suppress(AccessTokenRejected):
            api.revoke(known.access_token)
            return request
        with suppress(TokenRefreshRejected, AccessTokenRejected):
            grant = api.refresh(known.refresh_token)
            known = evolve(
                known,
                access_token=grant.access_token,
                refresh_token=grant.refresh_token or known.refresh_token,
            )
            # Stored before it is used: if the call fails, only this token lets a repeat go on.
            request = evolve(
                request,
                identifiers=sealed(self.cipher, request.request_id, known),
                version=request.version + 1,
            )
            self.deletions.write(request)
            api.revoke(grant.access_token)
        return request


def unsealed(cipher: TokenCipher, request: DeletionRequest) -> Identifiers:
    """What later steps of a deletion need to know.

    Raises:
        SealBroken: the key does not open it.
    """
    return identifiers_of(cipher.unseal(request.identifiers, _context(request.request_id)))


def sealed(cipher: TokenCipher, request_id: str, known: Identifiers) -> str:
    """The same as it is stored."""
    return cipher.seal(known.as_text(), _context(request_id))


def _context(request_id: str) -> SealContext:
    return SealContext(item="deletion", row=request_id, field="identifiers")
