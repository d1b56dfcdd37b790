"""One exception family. Every class carries a `code` that clients may rely on.

Expected outcomes are return values; these are for what the caller must mend or
try again. A message names the value, the limit and the way out.
"""

from __future__ import annotations


class CommitCollectError(Exception):
    """Something went wrong that the caller can act on.

    Attributes:
        code: stable, machine-readable; part of the public interface.
        message: one sentence for a person.
        field: the input that is at fault, where there is one.
    """

    code = "error"

    def __init__(self, message: str, *, code: str | None = None, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.field = field


class InvalidInput(CommitCollectError):
    """A value the caller gave is not acceptable; giving it again changes nothing."""

    code = "invalid_input"


class NotFound(CommitCollectError):
    """What was asked for does not exist, or not for this athlete."""

    code = "not_found"


class Conflict(CommitCollectError):
    """The request collides with the state that is stored."""

    code = "conflict"


class VersionConflict(Conflict):
    """Somebody else wrote first: read again and decide again."""

    code = "version_conflict"


class AccountDeleting(Conflict):
    """The account is being deleted; nothing may be written to it any more."""

    code = "account_deleting"


class LimitExceeded(CommitCollectError):
    """A named limit of the `Policy` was reached."""

    code = "limit_exceeded"


class StorageError(CommitCollectError):
    """The store could not do what it was asked."""

    code = "storage_error"


class StorageUnavailable(StorageError):
    """The store is busy, full or out of reach: the same call may succeed later."""

    code = "storage_unavailable"


class CorruptItem(StorageError):
    """A stored item cannot be read back; trying again will not help."""

    code = "corrupt_item"
