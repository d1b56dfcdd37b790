"""Opens what a service runs on: its use cases, keys, audit trail, Strava, and the identity provider."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve

from commitcollect_adapters.backend import (
    IDENTITIES,
    KEYS,
    Backend,
    Identities,
    Registration,
    imported,
    kind_of,
    needing_extra,
    open_backend,
    ports_on,
    queue_of,
)
from commitcollect_adapters.settings import ENVIRONMENT_PREFIX, Settings
from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import Policy

if TYPE_CHECKING:
    from commitcollect_adapters.ciphers.signing import LocalSigner
    from commitcollect_adapters.observing.metrics import Metrics

    # A command that only says how it is used imports none of these.
    from commitcollect_adapters.observing.trail import AuditTrail
    from commitcollect_core.accounts.auditing import Auditing
    from commitcollect_core.accounts.chain import AuditKeys
    from commitcollect_core.accounts.deleting import Deleting
    from commitcollect_core.accounts.exporting import Exporting
    from commitcollect_core.accounts.importing import Importing
    from commitcollect_core.accounts.ports import UserDirectory
    from commitcollect_core.app import CommitCollect
    from commitcollect_core.context import Context
    from commitcollect_core.service import Service
    from commitcollect_core.strava.ports import StravaApi, TokenCipher
    from commitcollect_core.strava.standing import Standing
    from commitcollect_core.strava.webhook_intake import WebhookSecrets
    from commitcollect_core.training.ports import Ports


def cipher_of(settings: Settings, backend: Backend) -> TokenCipher:
    """What seals tokens: the keys of the settings, or a key file beside the store, made when it is missing.

    Raises:
        InvalidInput: there are no keys, or they cannot be read.
    """
    # Whatever is no address is taken for a key, of which not even a part may be shown.
    address = settings.seal_keys if "://" in settings.seal_keys else ""
    kind = kind_of(KEYS, address, "seal_keys")
    parse: Callable[[str, Policy], TokenCipher] = imported(kind.opens, kind.extra, "seal_keys")
    if settings.seal_keys:
        return parse(settings.seal_keys, settings.policy)
    from commitcollect_adapters.ciphers import keys  # noqa: PLC0415 - few programs seal anything

    path = _key_file(settings, backend, keys.create_key_file)
    return parse(keys.read_key_file(path), settings.policy)


def _key_file(settings: Settings, backend: Backend, create: Callable[[Path], None]) -> Path:
    if settings.seal_key_file:
        return Path(settings.seal_key_file)
    path = backend.key_file
    if path is None:
        raise InvalidInput(
            f"name the keys to seal tokens with: set {ENVIRONMENT_PREFIX}SEAL_KEYS or "
            f"{ENVIRONMENT_PREFIX}SEAL_KEY_FILE",
            field="seal_keys",
        )
    if not path.exists():
        # A new key cannot open what the missing one has sealed: those connections would be lost.
        if backend.holds_sealed():
            raise InvalidInput(
                f"the key file {path} is missing, and tokens in {settings.store} were sealed with it; put it "
                f"back, or name it with {ENVIRONMENT_PREFIX}SEAL_KEY_FILE",
                field="seal_key_file",
            )
        create(path)
    return path


def audit_keys_of(settings: Settings, backend: Backend) -> AuditKeys:
    """What audit entries are chained with: the keys of the settings, or a file beside the store.

    Raises:
        InvalidInput: there are no keys, or they cannot be read.
    """
    from commitcollect_adapters.ciphers import keys  # noqa: PLC0415 - few programs audit anything
    from commitcollect_core.accounts.chain import AuditKeys  # noqa: PLC0415 - the same

    text = settings.audit_keys or _own_key(backend, "audit", "audit_keys", "chain audit entries with")
    return AuditKeys(tuple(keys.parse_keys(text, "audit_keys")))


def _own_key(backend: Backend, name: str, setting: str, use: str) -> str:
    """The key in a file beside the store that serves one purpose; made when it is missing.

    Raises:
        InvalidInput: no file is beside the store.
    """
    from commitcollect_adapters.ciphers import keys  # noqa: PLC0415 - few programs need a key

    if backend.key_file is None:
        raise InvalidInput(
            f"name the keys to {use}: set {ENVIRONMENT_PREFIX}{setting.upper()} to what "
            "'commitcollect config new-key' prints",
            field=setting,
        )
    # A file of its own: keys that seal are changed often, and the others seldom or never.
    path = backend.key_file.with_name(f"{backend.key_file.stem}.{name}.key")
    keys.create_key_file(path)
    return keys.read_key_file(path)


class LateSigner:
    """Signs receipts with the key of the settings, or a file beside the store. Implements `ReceiptSigner`.

    The key is read, or made, when the first receipt needs it: most processes never sign any.
    """

    def __init__(self, settings: Settings, backend: Backend) -> None:
        self._settings = settings
        self._backend = backend

    @cached_property
    def _signer(self) -> LocalSigner:
        """The signer.

        Raises:
            InvalidInput: there is no key, or it cannot be read.
        """
        with needing_extra("crypto", "receipt_key"):
            from commitcollect_adapters.ciphers.signing import LocalSigner  # noqa: PLC0415 - few programs sign

        text = self._settings.receipt_key
        return LocalSigner.parse(
            text or _own_key(self._backend, "receipt", "receipt_key", "sign receipts with")
        )

    @property
    def public_key(self) -> str:
        """What checks the signatures; errors as when signing."""
        return self._signer.public_key

    @property
    def key_id(self) -> str:
        """See `ReceiptSigner`; errors as when signing."""
        return self._signer.key_id

    def sign(self, content: bytes) -> bytes:
        """See `ReceiptSigner`."""
        return self._signer.sign(content)


def auditing_of(settings: Settings, backend: Backend) -> Auditing:
    """The audit log of a store; errors as in `audit_keys_of`."""
    from commitcollect_core.accounts.auditing import Auditing  # noqa: PLC0415 - few programs audit anything

    ports = ports_on(backend)
    return Auditing(
        log=backend.stores().audit,
        keys=audit_keys_of(settings, backend),
        context=_context(ports, settings.policy),
    )


@contextmanager
def open_trail(settings: Settings, backend: Backend) -> Iterator[AuditTrail | None]:
    """The audit trail of a process, flushed at its end; None where no key is set and none can be kept."""
    if not settings.audit_keys and backend.key_file is None:
        yield None
        return
    from commitcollect_adapters.observing.trail import AuditTrail  # noqa: PLC0415 - few programs audit anything

    trail = AuditTrail(auditing_of(settings, backend))
    try:
        yield trail
    finally:
        trail.flush()


OPERATOR = "operator"
"""Who acts at the command line, in the audit log."""


@contextmanager
def open_audited_app(
    settings: Settings, *, actor: str = OPERATOR, must_exist: bool = False
) -> Iterator[tuple[CommitCollect, Callable[[object], None]]]:
    """Milestones and workouts on the store, and what records an outcome in the audit log.

    Nothing is recorded where the settings name no keys for it: an athlete's own file needs no log.
    """
    from commitcollect_core.app import assemble  # noqa: PLC0415 - few programs need it

    with open_backend(settings.store, settings.policy, must_exist=must_exist) as backend:
        app = assemble(ports_on(backend), settings.policy)
        if not settings.audit_keys:
            yield app, lambda _outcome: None
            return
        with open_trail(settings, backend) as trail:
            yield app, lambda outcome: None if trail is None else trail.record(trail.caller(actor), outcome)


@contextmanager
def open_strava_api(settings: Settings) -> Iterator[StravaApi]:
    """Strava, in the name of the app of the settings.

    Raises:
        InvalidInput: the settings name no app, or the extra that brings httpx is not installed.
    """
    missing = [name for name in ("strava_client_id", "strava_client_secret") if not getattr(settings, name)]
    if missing:
        variables = " and ".join(f"{ENVIRONMENT_PREFIX}{name.upper()}" for name in missing)
        raise InvalidInput(
            f"set {variables}, as Strava's page of your app shows {'them' if missing[1:] else 'it'}; to try "
            "without an app, run 'commitcollect fake-strava serve --demo' and set what it prints",
            field=missing[0],
        )
    with needing_extra("strava", "strava_client_id"):
        from commitcollect_adapters.strava.http import HttpStrava, Revocation, StravaApp  # noqa: PLC0415 - httpx is slow to import
    app = StravaApp(
        client_id=settings.strava_client_id,
        client_secret=settings.strava_client_secret,
        api_base=settings.strava_api_base.rstrip("/"),
        oauth_base=settings.strava_oauth_base.rstrip("/"),
        revoke_with=Revocation(settings.strava_revoke_with),
    )
    with HttpStrava(app, policy=settings.policy) as api:
        yield api


@contextmanager
def open_identities(settings: Settings) -> Iterator[Identities]:
    """The identity provider of the settings.

    Raises:
        InvalidInput: the settings name none or lack something, or its extra is not installed.
    """
    if not settings.identity:
        known = " or ".join(each.form for each in IDENTITIES.values())
        raise InvalidInput(
            f"set {ENVIRONMENT_PREFIX}IDENTITY to the identity provider: {known}", field="identity"
        )
    kind = kind_of(IDENTITIES, settings.identity, "identity")
    opens = imported(kind.opens, kind.extra, "identity")
    registration = Registration(
        client_id=settings.identity_client_id,
        client_secret=settings.identity_client_secret,
        redirect_uri=settings.identity_redirect_uri,
        logout_redirect_uri=settings.identity_logout_redirect_uri,
    )
    with ExitStack() as stack:
        # What opens a provider imports its libraries only then.
        with needing_extra(kind.extra, "identity"):
            identities = stack.enter_context(opens(settings.identity, registration, settings.policy))
        yield identities


@contextmanager
def open_service(
    settings: Settings, *, must_exist: bool = False, metrics: Metrics | None = None
) -> Iterator[tuple[Service, Backend]]:
    """Every use case on what the settings name, and the store under it; errors as in the functions above.

    Args:
        settings: name the rest.
        must_exist: as in `open_backend`.
        metrics: what counts calls, instead of what the settings name.
    """
    from commitcollect_core.service import assemble_service  # noqa: PLC0415 - few programs need it

    # Strava first: settings that name no app leave no new store behind.
    with (
        open_strava_api(settings) as api,
        open_backend(settings.store, settings.policy, must_exist=must_exist) as backend,
        _open_directory(settings) as directory,
    ):
        ports = ports_on(backend)
        watch = _watching(settings, metrics)
        stores = backend.stores()
        service = assemble_service(
            stores=evolve(stores, ledger=watch(stores.ledger, "ledger")),
            queue=watch(queue_of(settings, backend), "queue"),
            api=watch(api, "strava"),
            cipher=cipher_of(settings, backend),
            signer=LateSigner(settings, backend),
            directory=directory,
            context=_context(ports, settings.policy),
            catalog=ports.catalog,
            secrets=webhook_secrets(settings),
        )
        yield service, backend


def webhook_secrets(settings: Settings) -> WebhookSecrets:
    """What tells Strava's calls from others'."""
    from commitcollect_core.strava.webhook_intake import WebhookSecrets  # noqa: PLC0415 - few programs need it

    subscription_id = settings.strava_subscription_id
    return WebhookSecrets(
        verify_token=settings.strava_verify_token,
        subscription_id=int(subscription_id) if subscription_id else None,
        signature_key=settings.strava_signature_key,
    )


@contextmanager
def _open_directory(settings: Settings) -> Iterator[UserDirectory | None]:
    """The users of the identity provider, where the settings name one that an operator administers."""
    if not settings.identity:
        yield None
        return
    with open_identities(settings) as identities:
        yield identities.directory


@contextmanager
def open_deleting(settings: Settings) -> Iterator[tuple[Deleting, Backend]]:
    """How accounts of the store are deleted; Strava's app is needed only for accounts that are connected.

    Raises:
        InvalidInput, NotFound: as in `open_service`.
    """
    from commitcollect_core.service import deleting_on  # noqa: PLC0415 - few programs need it

    with ExitStack() as stack:
        backend = stack.enter_context(open_backend(settings.store, settings.policy, must_exist=True))
        is_app_set = settings.strava_client_id and settings.strava_client_secret
        deleting = deleting_on(
            backend.stores(),
            queue_of(settings, backend),
            api=stack.enter_context(open_strava_api(settings)) if is_app_set else None,
            cipher=cipher_of(settings, backend),
            signer=LateSigner(settings, backend),
            directory=stack.enter_context(_open_directory(settings)),
            context=_context(ports_on(backend), settings.policy),
        )
        yield deleting, backend


@contextmanager
def open_importing(settings: Settings) -> Iterator[Importing]:
    """How an exported account is taken over into the store, which is made if it is not there."""
    from commitcollect_core.service import importing_on  # noqa: PLC0415 - few programs need it

    with open_backend(settings.store, settings.policy) as backend:
        yield importing_on(backend.stores(), _context(ports_on(backend), settings.policy))


@contextmanager
def open_exporting(settings: Settings) -> Iterator[Exporting]:
    """How all about a person is read out of the store; needs no app, no keys and no queue."""
    from commitcollect_core.service import exporting_on  # noqa: PLC0415 - few programs need it

    with open_backend(settings.store, settings.policy, must_exist=True) as backend:
        yield exporting_on(backend.stores(), _context(ports_on(backend), settings.policy))


def _watching(settings: Settings, given: Metrics | None) -> Callable[[Any, str], Any]:
    """What wraps a port of a service, so that its calls are counted, timed and traced as the settings say."""
    writes_lines = settings.metrics == "emf"
    if given is None and not writes_lines and not settings.traces:
        return lambda port, _name: port
    from commitcollect_adapters.observing import metrics, ports  # noqa: PLC0415 - few programs are watched

    def line(text: str) -> None:
        sys.stderr.write(f"{text}\n")

    counted = given or (metrics.EmfMetrics(line) if writes_lines else metrics.NoMetrics())
    with needing_extra("otel", "traces"):
        span = ports.open_telemetry_spans() if settings.traces else ports.no_span
    return lambda port, name: ports.watched(port, name, counted, span)


@contextmanager
def open_standing(settings: Settings) -> Iterator[Standing]:
    """How accounts of the store stand with Strava; needs no app, no keys and no queue."""
    from commitcollect_core.strava.standing import Standing  # noqa: PLC0415 - few programs need it

    with open_backend(settings.store, settings.policy, must_exist=True) as backend:
        stores = backend.stores()
        yield Standing(
            connections=stores.connections,
            backfills=stores.backfills,
            ledger=stores.ledger,
            context=_context(ports_on(backend), settings.policy),
        )


def _context(ports: Ports, policy: Policy) -> Context:
    from commitcollect_core.context import Context  # noqa: PLC0415 - as above

    return Context(clock=ports.clock, ids=ports.ids, backoff=ports.backoff, policy=policy)
