"""``commitcollect backup``: a copy of a store that is in use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from commitcollect_cli.options import NamedPath
from commitcollect_cli.output import print_result, say
from commitcollect_cli.store import store_options
from commitcollect_core.errors import InvalidInput

if TYPE_CHECKING:
    from commitcollect_adapters.settings import Settings


@click.command()
@click.argument("file", type=NamedPath())
@click.option("--force", is_flag=True, help="Overwrite FILE.")
@store_options
def backup(*, settings: Settings, file: Path, force: bool, as_json: bool) -> None:
    """Copy a SQLite store to FILE while it is in use.

    The copy is the store at one moment. Restore it by copying it back while no process uses the store.
    """
    from commitcollect_adapters.backend import open_backend

    with open_backend(settings.store, settings.policy, must_exist=True) as backend:
        if backend.backup is None:
            raise InvalidInput(
                "only a SQLite store is copied to a file; for DynamoDB use its own backups (AWS Backup or "
                "point-in-time recovery)",
                field="store",
            )
        backend.backup(file, force)
    size = file.stat().st_size
    print_result({"file": str(file), "bytes": size}, [f"Saved {file}, {size:,} bytes."], as_json=as_json)
    if not as_json:
        say("Keys and the list of deleted accounts lie in files beside the store; keep copies of them too.")
