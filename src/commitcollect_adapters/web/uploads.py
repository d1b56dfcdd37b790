"""Files that browsers send: written to a temporary file as they arrive, and never held in memory."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from starlette.requests import Request

from commitcollect_adapters.web.bodies import Unacceptable

UPLOAD_BYTES_MAX = 2 * 1024**3
"""An export with all its photos may be larger; its ``activities.csv`` alone never is."""

PREFIX = "commitcollect-upload-"
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}\Z")


async def uploaded_file(request: Request) -> Path:
    """The body as a file, which is the caller's to remove.

    Raises:
        Unacceptable: it is a form, empty, too long, or there is no room for it.
        ClientDisconnect: it ends before its length.
    """
    if request.headers.get("content-type", "").lower().startswith("multipart/"):
        # The file would be read with the form's lines around it, and refused for a reason that misleads.
        raise Unacceptable(415, "unsupported_media_type")
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said[:20]) > UPLOAD_BYTES_MAX:
        raise Unacceptable(413, "file_too_large")
    # The suffix helps to tell what the file is; nothing else of the name the caller gave is used.
    suffix = _SUFFIX.search(request.query_params.get("name", ""))
    handle, name = tempfile.mkstemp(prefix=PREFIX, suffix=suffix[0] if suffix else "")
    try:
        with os.fdopen(handle, "wb") as file:
            await _written(request, file.write)
    except OSError as failed:
        _remove(name)
        raise Unacceptable(507, "no_room") from failed
    except BaseException:
        _remove(name)
        raise
    return Path(name)


async def _written(request: Request, write: Callable[[bytes], object]) -> None:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > UPLOAD_BYTES_MAX:
            raise Unacceptable(413, "file_too_large")
        write(chunk)
    if not size:
        raise Unacceptable(400, "file_empty")


def _remove(name: str) -> None:
    with suppress(OSError):
        Path(name).unlink()
