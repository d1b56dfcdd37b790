"""``commitcollect account``: a person's rights: export, deletion, and the proof of it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commitcollect_cli.options import NamedPath, dry_run_option
from commitcollect_cli.output import is_confirmed, print_failure, print_result, say
from commitcollect_cli.render import show_count, table
from commitcollect_cli.store import store_options
from commitcollect_core.errors import EXIT_FAILURE, EXIT_TRY_LATER, InvalidInput, StorageError

if TYPE_CHECKING:
    from commitcollect_adapters.backend import Backend
    from commitcollect_adapters.documents import Document
    from commitcollect_adapters.settings import Settings
    from commitcollect_core.accounts.deletion import DeletionRequest

RECEIPT_BYTES_MAX = 1_000_000
_STANDARD_INPUT = "-"


@click.group()
def account() -> None:
    """Export all that is stored about a person, delete it, and prove that."""


@account.command()
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@dry_run_option
@store_options
def delete(*, settings: Settings, is_sure: bool, is_dry_run: bool, as_json: bool) -> int:
    """Delete the account of --user for good, and print the signed receipt.

    It may be repeated at any time. What has to wait, as while Strava is down, is done by a worker later, or
    by 'commitcollect account resume'.
    """
    from commitcollect_adapters.services import open_deleting

    with open_deleting(settings) as (deleting, backend):
        remains = deleting.preview(settings.user)
        counts = {item.value: count for item, count in remains.counts.items()}
        if is_dry_run:
            _print_counts(settings, counts, as_json=as_json)
            return 0
        # An account of which nothing is left may still have a deletion to go on with.
        if remains.total and not is_sure and not is_confirmed(_question(settings, remains.total)):
            print_failure("not_confirmed", "nothing was deleted", as_json=as_json)
            return EXIT_FAILURE
        request = deleting.delete(settings.user)
        _record(settings, backend, request)
    return _print_deletion(request, as_json=as_json)


def _question(settings: Settings, total: int) -> str:
    return f"Delete {settings.user} with {show_count(total, 'item', 'items')} for good?"


def _print_counts(settings: Settings, counts: Mapping[str, int], *, as_json: bool) -> None:
    rows = [(name, f"{count:,}") for name, count in counts.items()]
    print_result({"isDryRun": True, "items": dict(counts)}, table(("Items", "Stored"), rows), as_json=as_json)
    if not as_json:
        say(f"Nothing was deleted. {settings.user} has {show_count(sum(counts.values()), 'item', 'items')}.")


def _record(settings: Settings, backend: Backend, request: DeletionRequest) -> None:
    """Tell the audit log, under the pseudonym of the deletion."""
    from commitcollect_adapters.services import open_trail

    with open_trail(settings, backend) as trail:
        if trail is not None:
            trail.record(trail.caller("operator"), request)


def _print_deletion(request: DeletionRequest, *, as_json: bool) -> int:
    from commitcollect_adapters.documents import deletion_document

    document = deletion_document(request)
    # The receipt is data: with it alone on stdout, the command's output is the file to keep.
    print_result(document, [request.receipt] if request.receipt else (), as_json=as_json)
    if not as_json:
        say(_standing_of(request))
    return 0 if request.is_erased else EXIT_TRY_LATER


def _standing_of(request: DeletionRequest) -> str:
    if request.completed_at is not None:
        given_up = ", ".join(each.value for each in request.steps_given_up)
        return "Deleted; keep the receipt." + (f" Given up after an outage: {given_up}." if given_up else "")
    left = ", ".join(each.value for each in request.steps_left)
    why = f" ({request.failure})" if request.failure else ""
    when = f" from {request.retry_at:%Y-%m-%d %H:%M:%S} UTC on" if request.retry_at is not None else ""
    nothing = "Nothing of the person is left here. " if request.is_erased else ""
    return (
        f"{nothing}Still to do{why}: {left}; a worker does it{when}, or 'commitcollect account resume "
        f"{request.request_id}'."
    )


@account.command()
@store_options
def deletions(*, settings: Settings, as_json: bool) -> None:
    """List every deletion, the first asked for in front. None of them tells whose it was."""
    from commitcollect_adapters.documents import deletion_document
    from commitcollect_adapters.services import open_deleting

    with open_deleting(settings) as (deleting, _):
        found = list(deleting.walk())
    header = ("Deletion", "Asked for", "Done", "Still to do")
    document = {"deletions": [deletion_document(each) for each in found]}
    print_result(document, table(header, map(_row, found)) if found else (), as_json=as_json)
    if not as_json:
        say(f"{show_count(len(found), 'deletion', 'deletions')}.")


def _row(request: DeletionRequest) -> tuple[str, ...]:
    done = "" if request.completed_at is None else f"{request.completed_at:%Y-%m-%d %H:%M}"
    left = ", ".join(each.value for each in request.steps_left)
    failure = f" ({request.failure})" if request.failure else ""
    return (request.request_id, f"{request.requested_at:%Y-%m-%d %H:%M}", done, f"{left}{failure}")


@account.command()
@click.argument("deletion", metavar="[DELETION]", required=False)
@store_options
def resume(*, settings: Settings, deletion: str | None, as_json: bool) -> int:
    """Go on with one deletion, or with all that are not done.

    Run it from time to time where no worker runs.
    """
    from commitcollect_adapters.documents import deletion_document
    from commitcollect_adapters.services import open_deleting

    with open_deleting(settings) as (deleting, backend):
        pending = [each.request_id for each in deleting.walk() if each.completed_at is None]
        found = [deleting.resume(each) for each in ([deletion] if deletion else pending)]
        deleting.sweep()
        for each in found:
            _record(settings, backend, each)
    document = {"deletions": [deletion_document(each) for each in found]}
    print_result(document, [each.receipt for each in found if each.receipt], as_json=as_json)
    if not as_json:
        say(" ".join(map(_standing_of, found)) or "No deletion is under way.")
    return 0 if all(each.completed_at is not None for each in found) else EXIT_TRY_LATER


@account.command("reapply-deletions")
@store_options
def reapply_deletions(*, settings: Settings, as_json: bool) -> int:
    """Erase again who was deleted since the backup that was restored.

    Run it before the restored store takes any traffic.
    """
    from commitcollect_adapters.documents import deletion_document
    from commitcollect_adapters.services import open_deleting

    with open_deleting(settings) as (deleting, _):
        found = list(deleting.reapply())
    document = {"deletions": [deletion_document(each) for each in found]}
    line = f"Erased {show_count(len(found), 'account', 'accounts')} again."
    print_result(document, [line], as_json=as_json)
    return 0 if all(each.is_erased for each in found) else EXIT_TRY_LATER


@account.command()
@click.option(
    "--out",
    type=NamedPath(),
    required=True,
    metavar="FOLDER|FILE.zip",
    help="A folder that is empty or not there yet, or a zip file.",
)
@store_options
def export(*, settings: Settings, out: Path, as_json: bool) -> None:
    """Write all that is stored about --user: JSON Lines for each type of item, and workouts as CSV."""
    from commitcollect_adapters.exports.writing import write_folder, write_zip_file
    from commitcollect_adapters.services import open_exporting

    with open_exporting(settings) as exporting:
        write = write_zip_file if out.suffix.lower() == ".zip" else write_folder
        manifest = write(exporting, settings.user, out)
    rows = [(each["name"], f"{each['items']:,}") for each in manifest["files"]]
    print_result({"out": str(out), **manifest}, table(("File", "Items"), rows), as_json=as_json)
    if not as_json:
        say(f"Wrote {out}. It holds personal data: only its owner may read it.")


@account.command("import")
@click.argument("path", type=NamedPath("standard input"), metavar="FOLDER|FILE.zip")
@store_options
def import_(*, settings: Settings, path: Path, as_json: bool) -> int:
    """Take an exported account over as --user: profile, workouts, milestones and awards."""
    from commitcollect_adapters.exports.reading import opened_export
    from commitcollect_adapters.services import open_exporting, open_importing

    with ExitStack() as stack:
        exported = stack.enter_context(opened_export(path))
        importing = stack.enter_context(open_importing(settings))
        taken = importing.take_over(settings.user, exported.account)
        digest = stack.enter_context(open_exporting(settings)).state_digest(settings.user)
    is_same = digest == exported.state_digest
    document = {
        "workouts": taken.workouts,
        "milestones": taken.milestones,
        "awards": taken.awards,
        "stateDigest": digest,
        "isSame": is_same,
    }
    line = (
        f"Took over {show_count(taken.workouts, 'workout', 'workouts')}, "
        f"{show_count(taken.milestones, 'milestone', 'milestones')} and "
        f"{show_count(taken.awards, 'award', 'awards')}."
    )
    print_result(document, [line], as_json=as_json)
    if not is_same and not as_json:
        say("What is stored now differs from the export: it was not made of one moment.")
    return 0 if is_same else EXIT_FAILURE


@account.command("public-key")
@store_options
def public_key(*, settings: Settings, as_json: bool) -> None:
    """Print the public key that checks receipts. Publish it; it is no secret."""
    from commitcollect_adapters.backend import open_backend
    from commitcollect_adapters.services import LateSigner

    with open_backend(settings.store, settings.policy, must_exist=True) as backend:
        signer = LateSigner(settings, backend)
        document: Document = {"publicKey": signer.public_key, "keyId": signer.key_id}
    print_result(document, [document["publicKey"]], as_json=as_json)


@account.command("verify-receipt")
@click.argument("receipt", metavar="FILE|-")
@click.option("--public-key", "key", required=True, metavar="KEY", help="As 'account public-key' prints it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, errors included.")
def verify_receipt(*, receipt: str, key: str, as_json: bool) -> None:
    """Check a receipt of a deletion with the public key alone; opens no store."""
    from commitcollect_adapters.backend import needing_extra
    from commitcollect_core.accounts.receipts import opened

    with needing_extra("crypto", "public_key"):
        from commitcollect_adapters.ciphers.signing import is_signed

    content = opened(_receipt(receipt), lambda text, signature: is_signed(key, text, signature))
    erased = sum(content["erased"].values())
    line = f"Signed, and unchanged: {show_count(erased, 'item', 'items')} erased, and none found afterwards."
    print_result({"isSigned": True, "content": dict(content)}, [line], as_json=as_json)


def _receipt(path: str) -> Mapping[str, Any]:
    from commitcollect_adapters.readers.strict_json import parse_document

    try:
        if path == _STANDARD_INPUT:
            data = sys.stdin.buffer.read(RECEIPT_BYTES_MAX)
        else:
            with Path(path).open("rb") as file:
                data = file.read(RECEIPT_BYTES_MAX)
    except (OSError, ValueError) as refused:
        why = refused.strerror if isinstance(refused, OSError) else "it has no name that a file can have"
        raise StorageError(f"cannot read {path}: {why}") from refused
    document = parse_document(data)
    if not isinstance(document, dict):
        raise InvalidInput("this is no receipt of a deletion", code="receipt_invalid", field="receipt")
    return document
