"""Settings: from flags, else the environment, else ``commitcollect.toml``, else defaults.

Every setting is a text. One that is a secret says so in its metadata: it is masked when shown, and may also
come from a file that the environment names (``COMMITCOLLECT_…_FILE``), as container platforms hand them over.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from attrs import Attribute, AttrsInstance, field, fields, frozen

from commitcollect_adapters.hosts import LOCAL_HOSTS
from commitcollect_core.errors import InvalidInput
from commitcollect_core.values import UserId, check_id

FILE_NAME = "commitcollect.toml"
ENVIRONMENT_PREFIX = "COMMITCOLLECT_"
DEFAULT_ORIGIN = "default"
SECRET = {"is_secret": True}
"""Metadata of a setting that is a secret."""

MASK = "********"

REVOCATIONS = ("revoke", "deauthorize")
"""How a permission is given back: as Strava has it now, and as it was."""

SEGMENT_CHARS_MAX = 100
_SEGMENT = re.compile(rf"[A-Za-z0-9_-]{{1,{SEGMENT_CHARS_MAX}}}")
_QUEUE_SCHEME = "sqs://"

_Kind = TypeVar("_Kind", bound=AttrsInstance)
_Found = tuple[Any, str]

Origins = Mapping[str, str]
"""Setting -> where its value came from: a flag, an environment variable, a file, or `DEFAULT_ORIGIN`."""


def _check_address(_settings: object, _attribute: object, value: str) -> None:
    if not value or "\0" in value:
        raise InvalidInput(f"store {value!r} is neither a file's path nor memory:", field="store")


def _check_queue(_settings: object, attribute: Attribute[str], value: str) -> None:
    if value and not value.startswith(_QUEUE_SCHEME):
        raise InvalidInput(
            f"{attribute.name} {value!r} is not {_QUEUE_SCHEME}NAME; without it the store keeps the queue",
            field=attribute.name,
        )


def _check_digits(_settings: object, attribute: Attribute[str], value: str) -> None:
    if value and not (value.isascii() and value.isdigit()):
        raise InvalidInput(f"{attribute.name} {value!r} is not a number", field=attribute.name)


def _check_base(_settings: object, attribute: Attribute[str], value: str) -> None:
    parts = urlsplit(value)
    is_local = parts.hostname in LOCAL_HOSTS
    if (
        not parts.hostname
        or parts.scheme not in {"https", "http"}
        or (parts.scheme == "http" and not is_local)
    ):
        raise InvalidInput(
            f"{attribute.name} {value!r} is no address that secrets may be sent to; it must begin with "
            "https://, or with http:// for this machine",
            field=attribute.name,
        )


def _check_revocation(_settings: object, attribute: Attribute[str], value: str) -> None:
    if value not in REVOCATIONS:
        raise InvalidInput(
            f"{attribute.name} {value!r} is neither {' nor '.join(REVOCATIONS)}", field=attribute.name
        )


def _check_segment(_settings: object, attribute: Attribute[str], value: str) -> None:
    if value and not _SEGMENT.fullmatch(value):
        raise InvalidInput(
            f"{attribute.name} must be letters, digits, '-' or '_', at most {SEGMENT_CHARS_MAX}",
            field=attribute.name,
        )


@frozen(kw_only=True)
class Settings:
    """What a host needs to know before it can open a store.

    An empty text is a setting that is not set.

    Attributes:
        store: the path of a SQLite file, ``memory:``, or ``dynamodb://…``.
        user: the athlete.
        queue: where jobs wait: ``sqs://…``; the store itself, unless set.
        seal_keys: the keys that tokens are sealed with, the current one first; or ``kms://KEY``.
        seal_key_file: a file with such keys, instead.
        strava_client_id, strava_client_secret: of the app, as Strava shows them to its owner.
        strava_api_base, strava_oauth_base: where Strava is.
        strava_revoke_with: ``revoke``, or ``deauthorize`` as it was until 2027.
        strava_redirect_uri: where Strava sends browsers back.
        strava_verify_token: proves to us that a handshake is Strava's answer to our own request.
        strava_webhook_segment: the last part of the webhooks' path, which only Strava is told.
        strava_subscription_id: of the app's push subscription.
    """

    store: str = field(default="commitcollect.db", validator=_check_address)
    user: UserId = field(default=UserId("me"), validator=check_id)
    queue: str = field(default="", validator=_check_queue)
    seal_keys: str = field(default="", repr=False, metadata=SECRET)
    seal_key_file: str = ""
    strava_client_id: str = field(default="", validator=_check_digits)
    strava_client_secret: str = field(default="", repr=False, metadata=SECRET)
    strava_api_base: str = field(default="https://www.strava.com/api/v3", validator=_check_base)
    strava_oauth_base: str = field(default="https://www.strava.com/oauth", validator=_check_base)
    strava_revoke_with: str = field(default="revoke", validator=_check_revocation)
    strava_redirect_uri: str = "http://localhost"
    strava_verify_token: str = field(default="", repr=False, metadata=SECRET)
    strava_webhook_segment: str = field(default="", repr=False, metadata=SECRET, validator=_check_segment)
    strava_subscription_id: str = field(default="", validator=_check_digits)


def load_settings(
    flags: Mapping[str, str | None], environ: Mapping[str, str], directory: Path
) -> tuple[Settings, Origins]:
    """Gather the settings.

    Args:
        flags: setting -> what the command line gave; None counts as not given.
        environ: the environment; an empty variable counts as not set.
        directory: where ``commitcollect.toml`` may lie.

    Raises:
        InvalidInput: a value is not acceptable, or the file cannot be read; the message names the origin.
    """
    return load_as(Settings, flags, environ, directory)


def load_as(
    kind: type[_Kind], flags: Mapping[str, str | None], environ: Mapping[str, str], directory: Path
) -> tuple[_Kind, Origins]:
    """As `load_settings`, for the settings of any attrs class."""
    path = directory / FILE_NAME
    table = _read_table(path, [each.name for each in fields(kind)])
    values, origins = {}, {}
    for each in fields(kind):
        found = _from_flags(each, flags) or _from_environ(each, environ) or _from_table(each, table, path)
        if found is not None:
            values[each.name], origins[each.name] = found
    try:
        settings = kind(**values)
    except InvalidInput as invalid:
        origin = origins.get(invalid.field or "", DEFAULT_ORIGIN)
        raise InvalidInput(f"{origin}: {invalid.message}", field=invalid.field) from invalid
    return settings, {each.name: origins.get(each.name, DEFAULT_ORIGIN) for each in fields(kind)}


def masked(settings: AttrsInstance) -> dict[str, str]:
    """Every setting as it may be shown."""
    return {
        each.name: MASK if _is_secret(each) and getattr(settings, each.name) else getattr(settings, each.name)
        for each in fields(type(settings))
    }


def _is_secret(setting: Attribute[Any]) -> bool:
    return bool(setting.metadata.get("is_secret"))


def _from_flags(setting: Attribute[Any], flags: Mapping[str, str | None]) -> _Found | None:
    value = flags.get(setting.name)
    return None if value is None else (value, f"--{setting.name}")


def _from_environ(setting: Attribute[Any], environ: Mapping[str, str]) -> _Found | None:
    variable = ENVIRONMENT_PREFIX + setting.name.upper()
    if value := environ.get(variable):
        return value, variable
    variable = f"{variable}_FILE"
    if _is_secret(setting) and (path := environ.get(variable)):
        try:
            return Path(path).read_text(encoding="utf-8").strip(), variable
        except (OSError, UnicodeDecodeError) as failed:
            raise InvalidInput(
                f"{variable}: the file {path} cannot be read: {failed}", field=setting.name
            ) from failed
    return None


def _from_table(setting: Attribute[Any], table: Mapping[str, Any], path: Path) -> _Found | None:
    if setting.name not in table:
        return None
    value = table[setting.name]
    if not isinstance(value, str):
        raise InvalidInput(
            f"{path}: {setting.name} must be a text in quotes, not a {type(value).__name__}",
            field=setting.name,
        )
    return value, str(path)


def _read_table(path: Path, allowed: list[str]) -> Mapping[str, Any]:
    try:
        with path.open("rb") as file:
            table = tomllib.load(file)
    except FileNotFoundError:
        return {}
    except OSError as failed:
        raise InvalidInput(f"{path}: the file cannot be read: {failed.strerror}") from failed
    except (ValueError, RecursionError) as broken:  # not UTF-8, or not TOML
        raise InvalidInput(f"{path}: not a TOML file: {broken}") from broken
    if unknown := sorted(table.keys() - set(allowed)):
        raise InvalidInput(
            f"{path}: unknown setting {unknown[0]!r}; allowed are: {', '.join(allowed)}", field=unknown[0]
        )
    return table
