"""The receipt of a deletion: what was done, counted, verified and kept. It names no person.

Its content is canonical JSON, so the same facts are the same bytes wherever the signature is checked.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from commitcollect_core.accounts.deletion import DeletionRequest, DeletionStep
from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import Policy

RECEIPT_VERSION = 1
ALGORITHM = "Ed25519"


def canonical(document: Mapping[str, Any]) -> bytes:
    """The one way to write a document: sorted names, no space, no escapes."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def content_of(
    request: DeletionRequest, receipt_id: str, *, now: datetime, policy: Policy
) -> Mapping[str, Any]:
    """What the receipt of a deletion says."""
    accounts, jobs = policy.accounts, policy.jobs

    def until(seconds: int) -> int:
        return int((now + timedelta(seconds=seconds)).timestamp())

    return {
        "receiptVersion": RECEIPT_VERSION,
        "receiptId": receipt_id,
        "requestedAtUtc": int(request.requested_at.timestamp()),
        "completedAtUtc": int(now.timestamp()),
        "steps": [{"step": each.value, "outcome": _outcome(request, each)} for each in DeletionStep],
        "erased": dict(request.counts),
        "verifications": [
            {"verifiedAtUtc": int(each.verified_at.timestamp()), "found": each.found}
            for each in request.verifications
        ],
        "kept": [
            _kept("tombstone: a keyed hash of the account's id", "so that the account stays deleted", None),
            _kept(
                "the account's id, sealed",
                "to erase it again if a backup of before is restored",
                until(accounts.deletion_restorable_seconds),
            ),
            _kept(
                "an audit entry of the deletion, under a pseudonym",
                "to prove that it took place",
                until(accounts.audit_kept_seconds),
            ),
            _kept(
                "marks of events that were dealt with, as hashes",
                "so that none is dealt with twice",
                until(jobs.event_kept_seconds),
            ),
            _kept("this receipt", "to answer for the deletion", None),
        ],
    }


def _outcome(request: DeletionRequest, step: DeletionStep) -> str:
    return "given up" if step in request.steps_given_up else "done"


def _kept(what: str, why: str, until: int | None) -> Mapping[str, str | int | None]:
    return {"what": what, "why": why, "untilUtc": until}


def signed(content: Mapping[str, Any], *, key_id: str, sign: Callable[[bytes], bytes]) -> str:
    """The receipt of a content: its text."""
    whole = {"content": content, "algorithm": ALGORITHM, "keyId": key_id}
    signature = b64encode(sign(canonical(whole))).decode()
    return canonical({**whole, "signature": signature}).decode()


def opened(receipt: Mapping[str, Any], is_signed: Callable[[bytes, bytes], bool]) -> Mapping[str, Any]:
    """The content of a receipt, once its signature was checked.

    Args:
        receipt: as it was read.
        is_signed: whether a text has a signature, by the one public key that counts.

    Raises:
        InvalidInput: it is no receipt, or not as it was signed.
    """
    whole = {name: receipt.get(name) for name in ("content", "algorithm", "keyId")}
    content, signature = receipt.get("content"), receipt.get("signature")
    if not isinstance(content, Mapping) or not isinstance(signature, str) or whole["algorithm"] != ALGORITHM:
        raise InvalidInput("this is no receipt of a deletion", code="receipt_invalid", field="receipt")
    try:
        raw = b64decode(signature.encode(), validate=True)
    except ValueError:
        raw = b""
    if receipt.keys() != {*whole, "signature"} or not is_signed(canonical(whole), raw):
        raise InvalidInput(
            "this receipt was not signed with that key, or was changed since",
            code="receipt_invalid",
            field="receipt",
        )
    return content
