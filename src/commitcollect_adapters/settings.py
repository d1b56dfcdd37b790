"""Settings, in order of precedence: flags, the environment, ``commitcollect.toml``, defaults.

Every setting is a text. The metadata of a secret says so: it is masked when shown, and may come from a file
that the environment names (``COMMITCOLLECT_…_FILE``), as container platforms provide it. No error repeats the
value of a setting but the store's path and addresses: a secret may have been pasted in the wrong place.
Values of the policy are set in the table ``[policy]`` of the file, or as ``COMMITCOLLECT_POLICY_…``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from attrs import Attribute, AttrsInstance, evolve, field, fields, frozen

from commitcollect_adapters.addresses import LOCAL_HOSTS, MASK, shown_address
from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import DEFAULT_POLICY, Policy, customised, values_of
from commitcollect_core.values import ID_FORM, UserId, is_id

FILE_NAME = "commitcollect.toml"
ENVIRONMENT_PREFIX = "COMMITCOLLECT_"
SECRETS_VARIABLE = f"{ENVIRONMENT_PREFIX}SECRETS"
"""Names a secret that holds settings, for hosts on Lambda; it is no setting itself."""

POLICY_TABLE = "policy"
POLICY_PREFIX = f"{ENVIRONMENT_PREFIX}POLICY_"
DEFAULT_ORIGIN = "default"
SECRET = {"is_secret": True}
"""Metadata of a setting that is a secret."""

_TABLE = {"is_table": True}
"""Metadata of a field that is no setting of its own, but a table of them."""

_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+/-]{0,63}")
_CHOICES = {
    "units": ("metric", "imperial"),
    "log_format": ("", "text", "json"),
    "metrics": ("", "emf", "prometheus"),
    "traces": ("", "otel"),
    "cookie_same_site": ("lax", "none"),
    "web_debug": ("", "on"),
}
"""Settings that take one of a few words; an empty one is that there is none."""

REVOCATIONS = ("revoke", "deauthorize")
"""How the app gives a permission back: Strava's present way, and the one before it."""

_ID_DIGITS_MAX = 20
_ID = re.compile(rf"[0-9]{{1,{_ID_DIGITS_MAX}}}")
SEGMENT_CHARS_MAX = 100
_SLASHES_OF_ORIGIN = 2
_DOMAIN = re.compile(r"\.?[a-z0-9-]+(\.[a-z0-9-]+)+")
_WORD = re.compile(r"[A-Za-z0-9_-]{1,40}")
_SEGMENT = re.compile(rf"[A-Za-z0-9_-]{{1,{SEGMENT_CHARS_MAX}}}")

_Kind = TypeVar("_Kind", bound=AttrsInstance)
_Found = tuple[Any, str]

Origins = Mapping[str, str]
"""Setting or policy value -> its origin: a flag, an environment variable, a file, or `DEFAULT_ORIGIN`."""


def _check_address(_settings: object, _attribute: object, value: str) -> None:
    if not value or "\0" in value:
        raise InvalidInput("store is neither a file's path nor memory:", field="store")


def _check_user(_settings: object, _attribute: object, value: str) -> None:
    if not is_id(value):
        raise InvalidInput(f"user is not an id: use {ID_FORM}", field="user")


def _check_digits(_settings: object, attribute: Attribute[str], value: str) -> None:
    if value and not _ID.fullmatch(value):
        raise InvalidInput(
            f"{attribute.name} is not a number of at most {_ID_DIGITS_MAX} digits",
            field=attribute.name,
        )


def _is_safe_base(value: str) -> bool:
    try:
        parts = urlsplit(value)
        is_address = bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port or an IPv6 address that cannot be
        return False
    is_local = parts.hostname in LOCAL_HOSTS
    return is_address and (parts.scheme == "https" or (parts.scheme == "http" and is_local))


def _check_base(_settings: object, attribute: Attribute[str], value: str) -> None:
    if not _is_safe_base(value):
        raise InvalidInput(
            f"{attribute.name} is no address that secrets may be sent to; it must begin with https://, or "
            "with http:// for this machine",
            field=attribute.name,
        )


def _check_revocation(_settings: object, attribute: Attribute[str], value: str) -> None:
    if value not in REVOCATIONS:
        raise InvalidInput(f"{attribute.name} is neither {' nor '.join(REVOCATIONS)}", field=attribute.name)


def _check_choice(_settings: object, attribute: Attribute[str], value: str) -> None:
    known = _CHOICES[attribute.name]
    if value not in known:
        raise InvalidInput(
            f"{attribute.name} is not known; write {' or '.join(filter(None, known))}",
            field=attribute.name,
        )


def _check_web_address(_settings: object, attribute: Attribute[str], value: str) -> None:
    if value and not _is_safe_base(value):
        raise InvalidInput(
            f"{attribute.name} is no address of a page; it must begin with https://, or with http:// for "
            "this machine",
            field=attribute.name,
        )


def _check_zone(_settings: object, attribute: Attribute[str], value: str) -> None:
    if value and not _ZONE.fullmatch(value):
        raise InvalidInput(f"{attribute.name} is no time zone; write Europe/Berlin", field=attribute.name)


def _check_origins(_settings: object, attribute: Attribute[str], value: str) -> None:
    for each in value.split():
        # A browser writes an origin in small letters and without anything behind the port.
        is_origin = _is_safe_base(each) and each == each.lower() and each.count("/") == _SLASHES_OF_ORIGIN
        if not is_origin or "@" in each or set(each) & set("?#*"):
            raise InvalidInput(
                f"{attribute.name} holds what is no origin; write https://app.example.org, without a slash "
                "at the end, and several with spaces between",
                field=attribute.name,
            )


def _check_domain(_settings: object, attribute: Attribute[str], value: str) -> None:
    if value and not _DOMAIN.fullmatch(value):
        raise InvalidInput(f"{attribute.name} is no domain; write example.org", field=attribute.name)


def _check_word(_settings: object, attribute: Attribute[str], value: str) -> None:
    if not _WORD.fullmatch(value):
        raise InvalidInput(
            f"{attribute.name} is not a word of at most 40 letters, digits, '-' or '_'", field=attribute.name
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
        strava_revoke_with: ``revoke``, or ``deauthorize`` until Strava ends it in 2027.
        strava_redirect_uri: where Strava sends browsers back.
        strava_verify_token: proves that a handshake is Strava's answer to our own request.
        strava_webhook_segment: the last part of the webhooks' path, which only Strava is told.
        strava_subscription_id: of the app's push subscription.
        strava_signature_key: what Strava signs events with, where it has told; empty checks no signature.
        audit_keys: keys like these, that audit entries are chained and IP addresses are hashed with.
        receipt_key: a key like these, that receipts of deletions are signed with.
        log_format: how the long-running commands log: ``text``, or ``json``; unless set, text on a terminal
            and JSON lines elsewhere.
        metrics: ``emf`` for a line of CloudWatch's embedded metric format on stderr for each call, or
            ``prometheus`` for the path ``/metrics`` of the web host.
        traces: ``otel`` for spans of OpenTelemetry.
        identity: the identity provider: the address of an OpenID Connect issuer, ``cognito://POOL``, or
            ``local:`` on this machine.
        identity_client_id, identity_client_secret: of the client registered there.
        identity_redirect_uri: where browsers come back to after signing in.
        identity_logout_redirect_uri: the same after signing out.
        web_home: where browsers go after signing in; the page of the web host itself, unless set.
        web_origins: of front ends elsewhere that may call the API, with spaces between.
        cookie_domain: of the session's cookie, for a front end beside the API's host.
        cookie_same_site: ``lax``, or ``none`` for a front end on another site.
        web_debug: ``on`` adds to a milestone where its awards are stored, and how many were read.
        units: what amounts are shown in: ``metric``, or ``imperial`` for miles and feet.
        time_zone: whose days goals mean unless they say otherwise, such as ``Europe/Berlin``; UTC if empty.
        environment: a word for what this is, such as ``prod``.
        policy: every limit and lifetime.
    """

    store: str = field(default="commitcollect.db", validator=_check_address)
    user: UserId = field(default=UserId("me"), validator=_check_user)
    queue: str = ""
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
    strava_signature_key: str = field(default="", repr=False, metadata=SECRET)
    audit_keys: str = field(default="", repr=False, metadata=SECRET)
    receipt_key: str = field(default="", repr=False, metadata=SECRET)
    log_format: str = field(default="", validator=_check_choice)
    metrics: str = field(default="", validator=_check_choice)
    traces: str = field(default="", validator=_check_choice)
    units: str = field(default="metric", validator=_check_choice)
    time_zone: str = field(default="", validator=_check_zone)
    identity: str = ""
    identity_client_id: str = ""
    identity_client_secret: str = field(default="", repr=False, metadata=SECRET)
    identity_redirect_uri: str = "http://127.0.0.1:8080/auth/callback"
    identity_logout_redirect_uri: str = "http://127.0.0.1:8080/"
    web_home: str = field(default="", validator=_check_web_address)
    web_origins: str = field(default="", validator=_check_origins)
    cookie_domain: str = field(default="", validator=_check_domain)
    cookie_same_site: str = field(default="lax", validator=_check_choice)
    web_debug: str = field(default="", validator=_check_choice)
    environment: str = field(default="local", validator=_check_word)
    policy: Policy = field(default=DEFAULT_POLICY, metadata=_TABLE)


def load_settings(
    flags: Mapping[str, str | None], environ: Mapping[str, str], directory: Path
) -> tuple[Settings, Origins]:
    """Gather the settings and the policy.

    Args:
        flags: setting -> what the command line gave; None counts as not given.
        environ: the environment; an empty variable counts as not set.
        directory: where ``commitcollect.toml`` may lie.

    Raises:
        InvalidInput: a value is not acceptable, or the file cannot be read; the message names the origin.
    """
    path = directory / FILE_NAME
    table = _read_table(path)
    settings, origins = _load(Settings, flags, environ, table, path)
    policy, policy_origins = _load_policy(environ, table.get(POLICY_TABLE, {}), path)
    return evolve(settings, policy=policy), {**origins, **policy_origins}


def load_as(
    kind: type[_Kind], flags: Mapping[str, str | None], environ: Mapping[str, str], directory: Path
) -> tuple[_Kind, Origins]:
    """As `load_settings`, for the settings of any attrs class, without a policy."""
    path = directory / FILE_NAME
    return _load(kind, flags, environ, _read_table(path), path)


def unknown_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Variables that look like settings and are none -> the one that may be meant, or an empty text."""
    names = list(_settings_of(Settings))
    known = {f"{ENVIRONMENT_PREFIX}{each.name.upper()}" for each in names}
    known |= {f"{ENVIRONMENT_PREFIX}{each.name.upper()}_FILE" for each in names if _is_secret(each)}
    known |= {f"{POLICY_PREFIX}{name.upper()}" for name in values_of(DEFAULT_POLICY)} | {SECRETS_VARIABLE}
    unknown = sorted(each for each in environ if each.startswith(ENVIRONMENT_PREFIX) and each not in known)
    return {each: next(iter(get_close_matches(each, known, n=1)), "") for each in unknown}


def _load(
    kind: type[_Kind],
    flags: Mapping[str, str | None],
    environ: Mapping[str, str],
    table: Mapping[str, Any],
    path: Path,
) -> tuple[_Kind, Origins]:
    allowed = [each.name for each in fields(kind)]
    if unknown := sorted(table.keys() - set(allowed)):
        raise InvalidInput(
            f"{path}: unknown setting {unknown[0]!r}; allowed are: {', '.join(allowed)}", field=unknown[0]
        )
    values, origins = {}, {}
    for each in _settings_of(kind):
        found = _from_flags(each, flags) or _from_environ(each, environ) or _from_table(each, table, path)
        if found is not None:
            values[each.name], origins[each.name] = found
    with naming_origin(origins):
        settings = kind(**values)
    return settings, {each.name: origins.get(each.name, DEFAULT_ORIGIN) for each in _settings_of(kind)}


def _load_policy(environ: Mapping[str, str], table: object, path: Path) -> tuple[Policy, Origins]:
    if not isinstance(table, dict):
        raise InvalidInput(f"{path}: {POLICY_TABLE} must be a table, [{POLICY_TABLE}]", field=POLICY_TABLE)
    values: dict[str, object] = dict(table)
    origins = dict.fromkeys(table, f"{path}, [{POLICY_TABLE}]")
    for variable, value in environ.items():
        if variable.startswith(POLICY_PREFIX) and value:
            name = variable.removeprefix(POLICY_PREFIX).lower()
            values[name], origins[name] = value, variable
    with naming_origin(origins):
        policy = customised(DEFAULT_POLICY, values)
    return policy, {each: origins.get(each, DEFAULT_ORIGIN) for each in values_of(policy)}


@contextmanager
def naming_origin(origins: Origins) -> Iterator[None]:
    """Add to an error about a value where that value came from."""
    try:
        yield
    except InvalidInput as invalid:
        # A limit at its default may be refused because of others that were set: all of those are named.
        origin = origins.get(invalid.field or "") or " and ".join(sorted(set(origins.values())))
        raise InvalidInput(
            f"{origin or DEFAULT_ORIGIN}: {invalid.message}", code=invalid.code, field=invalid.field
        ) from invalid


def masked(settings: AttrsInstance) -> dict[str, str]:
    """Every setting for display, with secrets masked.

    Passwords in addresses are masked, too.
    """
    shown = {each: getattr(settings, each.name) for each in _settings_of(type(settings))}
    return {
        each.name: MASK if _is_secret(each) and value else shown_address(value)
        for each, value in shown.items()
    }


def policy_values(policy: Policy) -> dict[str, int | str]:
    """Every value of a policy as file and environment take it."""
    return {
        name: value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value
        for name, value in values_of(policy).items()
    }


def _settings_of(kind: type[AttrsInstance]) -> list[Attribute[Any]]:
    return [each for each in fields(kind) if not each.metadata.get("is_table")]


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
        except (OSError, ValueError) as failed:
            # Without the name: the secret itself may stand there.
            why = failed.strerror if isinstance(failed, OSError) else "it holds no text in UTF-8"
            raise InvalidInput(
                f"{variable}: the file that it names cannot be read: {why}", field=setting.name
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


def _read_table(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as file:
            import tomllib  # noqa: PLC0415 - most folders have no such file

            return tomllib.load(file)
    except FileNotFoundError:
        return {}
    except OSError as failed:
        raise InvalidInput(f"{path}: the file cannot be read: {failed.strerror}") from failed
    except (ValueError, RecursionError) as broken:  # not UTF-8, or not TOML
        raise InvalidInput(f"{path}: not a TOML file: {broken}") from broken
