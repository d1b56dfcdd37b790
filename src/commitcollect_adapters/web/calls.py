"""Calls of the API apart from HTTP: what comes in, what goes out, and the rows of the route table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any

from attrs import field, frozen

from commitcollect_adapters.documents import Document
from commitcollect_core.accounts.audit import AuditType
from commitcollect_core.accounts.sessions import Session
from commitcollect_core.errors import InvalidInput, Unauthenticated
from commitcollect_core.values import MilestoneId, ModelId, UserId, is_id

OK, CREATED, ACCEPTED, NO_CONTENT, FOUND = 200, 201, 202, 204, 302
JSON_TYPE = "application/json"
TEXT_CHARS_MAX = 2_048
"""Of a parameter, or of a text in a body."""

Schema = Mapping[str, Any]
"""A JSON Schema, as OpenAPI 3.1 has it."""


@frozen(kw_only=True)
class Call:
    """One call, read and checked.

    Attributes:
        path: the parameters in the path.
        query: the parameters behind it, each of which stands there once.
        document: the JSON object of the body; empty without one.
        session: of the caller; None where none is asked for.
        file: what was uploaded, in a temporary file that is the callee's to remove.
        idempotency_key: what the caller named the request; empty without a name.
        accept: the media types that the caller wants.
    """

    path: Mapping[str, str] = field(factory=dict)
    query: Mapping[str, str] = field(factory=dict)
    document: Mapping[str, Any] = field(factory=dict)
    session: Session | None = None
    file: Path | None = None
    idempotency_key: str = ""
    accept: str = ""

    @property
    def signed_in(self) -> Session:
        """The session.

        Raises:
            Unauthenticated: there is none.
        """
        if self.session is None:
            raise Unauthenticated("sign in first", code="missing_session")
        return self.session

    @property
    def user_id(self) -> UserId:
        """Who calls; errors as in `signed_in`."""
        return self.signed_in.user_id

    @property
    def milestone_id(self) -> MilestoneId:
        """The milestone in the path."""
        return MilestoneId(self.path["milestoneId"])

    @property
    def model_id(self) -> ModelId:
        """The statue in the path."""
        return ModelId(self.path["modelId"])

    def number(self, name: str, *, default: int, least: int, most: int) -> int:
        """A whole number behind the path.

        Raises:
            InvalidInput: it is none, or outside its limits.
        """
        text = self.query.get(name)
        if text is None:
            return default
        # Digits of ASCII, and few of them: int() takes other digits, signs, spaces and underscores, too.
        is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(most))
        if not is_number or not least <= int(text) <= most:
            raise InvalidInput(f"{name} must be a whole number from {least} to {most}", field=name)
        return int(text)

    def flag(self, name: str) -> bool:
        """Whether ``true`` stands behind the path; without the name it is false.

        Raises:
            InvalidInput: it is neither ``true`` nor ``false``.
        """
        text = self.query.get(name, "false")
        if text not in {"true", "false"}:
            raise InvalidInput(f"{name} is neither true nor false", field=name)
        return text == "true"

    def id_after(self, name: str) -> str | None:
        """An id behind the path, from which a list goes on.

        Raises:
            InvalidInput: it is none.
        """
        given = self.query.get(name)
        if given is not None and not is_id(given):
            raise InvalidInput(f"{name} is not what a list named as its next", field=name)
        return given


@frozen(kw_only=True)
class Answer:
    """What a call is answered with.

    Attributes:
        document: JSON; None for `content`.
        content: a file instead.
        packed: the same, by gzip, for browsers that take it.
        file: a temporary file instead, which vanishes when it is closed.
        outcome: of the use case, for the audit log.
        actor: who the log says it was, without anything of the caller; empty for the caller.
        forgets_session: whether the browser is to forget its session.
    """

    status: int = OK
    document: Document | None = None
    content: bytes = b""
    packed: bytes = b""
    file: IO[bytes] | None = None
    media_type: str = JSON_TYPE
    headers: Mapping[str, str] = field(factory=dict)
    outcome: object = None
    actor: str = ""
    forgets_session: bool = False


@frozen(kw_only=True)
class Parameter:
    """A parameter behind the path, or a header, for the API's description."""

    name: str
    about: str
    schema: Schema


@frozen(kw_only=True)
class Endpoint:
    """One row of the route table.

    Attributes:
        path: with its parameters in braces.
        act: answers a call; it may wait, as it runs in a thread. None for what has a route of its own and is
            only described here.
        about: one sentence for the API's description.
        needs_session: whether the caller has to be signed in.
        query: the parameters that are allowed behind the path.
        body: what the body has to be; None for no JSON.
        admits: looks at a caller before a file is taken from it, without waiting; it holds a place for the
            file until the call is answered. Only rows with this take one.
        headers: the headers that say something about the request.
        answers: what each status below 400 brings: a schema, or None for no JSON.
        media_types: of an answer that is no JSON.
        fails_with: the other statuses, beyond those that any call may have.
        is_visited: whether browsers go there by themselves, so that errors are shown to a person.
        audited_as: what the audit log calls it, also when it fails.
    """

    method: str
    path: str
    act: Callable[[Call], Answer] | None = None
    about: str
    needs_session: bool = True
    query: tuple[Parameter, ...] = ()
    headers: tuple[Parameter, ...] = ()
    body: Schema | None = None
    admits: Callable[[Call], AbstractContextManager[None]] | None = None
    answers: Mapping[int, Schema | None]
    media_types: tuple[str, ...] = ()
    fails_with: tuple[int, ...] = ()
    is_visited: bool = False
    audited_as: AuditType | None = None
