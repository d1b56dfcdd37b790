"""Who an identity provider says a person is, and the request that sends a browser there.

The words are those of OpenID Connect: issuer, subject, nonce, and the code verifier of PKCE.
"""

from __future__ import annotations

from attrs import field, frozen

from commitcollect_core.values import UserId

_USER_ID_DIGITS = 40


@frozen(kw_only=True)
class AuthorizationRequest:
    """One visit of a browser to the identity provider.

    Attributes:
        state: the provider gives it back with the code.
        nonce: the provider puts it into the ID token.
        code_verifier: proves to the provider who asked (PKCE); the browser sees only its digest.
    """

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)

    @property
    def code_challenge(self) -> str:
        """The digest of the verifier, as method S256 wants it."""
        from base64 import urlsafe_b64encode  # noqa: PLC0415 - few programs sign people in
        from hashlib import sha256  # noqa: PLC0415 - loads OpenSSL, which counting workouts does not need

        digest = sha256(self.code_verifier.encode()).digest()
        return urlsafe_b64encode(digest).rstrip(b"=").decode()


@frozen(kw_only=True)
class Identity:
    """Who a person is, as the identity provider has proved it.

    Attributes:
        issuer, subject: the provider and its lasting id of the person; together they identify a person.
        username: what the provider's administration calls the person.
        email: as the provider gives it; empty if it gives none.
        name: to show; empty if the provider gives none.
    """

    issuer: str
    subject: str
    username: str
    email: str = field(default="", repr=False)
    name: str = field(default="", repr=False)

    @property
    def user_id(self) -> UserId:
        """The user this person always is.

        It follows from issuer and subject, so two first sign-ins at once cannot make two users, and equal
        subjects of two providers are two users.
        """
        import json  # noqa: PLC0415 - few programs sign people in
        from hashlib import sha256  # noqa: PLC0415 - loads OpenSSL, which counting workouts does not need

        # As JSON, so that no other pair of texts reads the same.
        digest = sha256(json.dumps([self.issuer, self.subject]).encode()).hexdigest()
        return UserId(f"u-{digest[:_USER_ID_DIGITS]}")
