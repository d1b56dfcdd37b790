"""Opens what the settings name: a store by the scheme of its address, a queue, keys, and Strava.

A technology is a folder with a function that opens its `Backend`, and one line in a table below.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import datetime
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from attrs import evolve, field, frozen

from commitcollect_adapters.addresses import scheme_of
from commitcollect_adapters.settings import ENVIRONMENT_PREFIX, Settings
from commitcollect_adapters.statues import LayeredCatalog, shipped_catalog
from commitcollect_adapters.system import SystemClock, SystemIds
from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import DEFAULT_POLICY, Policy

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
    from commitcollect_core.accounts.ports import IdentityProvider, UserDirectory
    from commitcollect_core.app import CommitCollect
    from commitcollect_core.context import Backoff, Context
    from commitcollect_core.jobs.ports import EventQueue
    from commitcollect_core.service import Service, Stores
    from commitcollect_core.strava.ports import StravaApi, TokenCipher
    from commitcollect_core.strava.standing import Standing
    from commitcollect_core.strava.webhook_intake import WebhookSecrets
    from commitcollect_core.training.ports import Ledger, Ports, StatueCatalog

MEMORY = "memory:"
"""The address of a store that lasts as long as the process."""


class Status(Protocol):
    """One table or queue as its engine describes it."""

    @property
    def name(self) -> str:
        """Its name at the engine."""
        ...

    @property
    def state(self) -> str:
        """ACTIVE, MISSING, or what the engine calls a state in between."""
        ...


@frozen(kw_only=True, eq=False)
class Provisioning:
    """What an operator creates and deletes at an engine, such as tables. Each call may be repeated.

    Attributes:
        create: creates what is missing, and waits for it.
        statuses: describes each.
        delete: deletes each with its content.
    """

    create: Callable[[], Sequence[Status]]
    statuses: Callable[[], Sequence[Status]]
    delete: Callable[[], Sequence[Status]]


def _nothing_expires(_now: datetime) -> int:
    return 0


@frozen(kw_only=True, eq=False)
class Backend:
    """One store, opened.

    Attributes:
        ledger: workouts, milestones and awards.
        catalog: statue models published in this store.
        stores: every store. A function, so that counting workouts does not import the others.
        queue: the queue this store keeps; None where jobs need one of their own.
        backoff: how a writer waits that lost a race.
        tidy: removes what has expired, and says how many rows; nothing where the engine itself does so.
        key_file: where a key to seal with may lie beside this store; None where no file is beside it.
        holds_sealed: whether the store has texts that a key in `key_file` has sealed.
        checks: what ``commitcollect doctor`` checks of this store; each says what it found, or raises.
    """

    ledger: Ledger
    catalog: StatueCatalog
    stores: Callable[[], Stores]
    queue: Callable[[], EventQueue] | None = None
    backoff: Backoff
    tidy: Callable[[datetime], int] = _nothing_expires
    key_file: Path | None = None
    holds_sealed: Callable[[], bool] = lambda: False
    checks: Mapping[str, Callable[[], str]] = field(factory=dict)


@frozen(kw_only=True)
class _Kind:
    """What one scheme of addresses means.

    Attributes:
        form: how such an address looks, for a message.
        opens: the function that opens it, as ``module:name``.
        extra: the extra of the distribution that it needs.
        provisions: the function that makes its `Provisioning`, if it has any.
    """

    form: str
    opens: str
    extra: str = ""
    provisions: str = ""


_HERE = "commitcollect_adapters"

_STORES = {
    "": _Kind(
        form="the path of a SQLite file (./NAME if it has a colon)",
        opens=f"{_HERE}.sqlite.backend:open_sqlite",
    ),
    "memory": _Kind(form=MEMORY, opens=f"{_HERE}.memory.backend:open_memory"),
    "dynamodb": _Kind(
        form="dynamodb://PREFIX",
        opens=f"{_HERE}.dynamodb.backend:open_dynamodb",
        provisions=f"{_HERE}.dynamodb.backend:provisioning",
        extra="aws",
    ),
}
"""Scheme -> store. Each function takes address, policy and `must_exist`; its context yields a `Backend`."""

_QUEUES = {
    "sqs": _Kind(
        form="sqs://NAME",
        opens=f"{_HERE}.aws.sqs.queue:open_sqs",
        provisions=f"{_HERE}.aws.sqs.provisioning:provisioning",
        extra="aws",
    ),
}
"""Scheme -> queue beside the store. Each function takes address, clock and policy; it returns the queue."""

_KEYS = {
    "": _Kind(
        form="keys made with 'commitcollect config new-key'",
        opens=f"{_HERE}.ciphers.local:LocalCipher.parse",
        extra="crypto",
    ),
    "kms": _Kind(form="kms://KEY", opens=f"{_HERE}.aws.kms:KmsCipher.parse", extra="aws,crypto"),
}
"""Scheme -> keys to seal with. Each function takes them as a text, and the policy; it returns the cipher."""


_IDENTITIES = {
    "https": _Kind(form="https://ISSUER", opens=f"{_HERE}.identity.opening:open_issuer", extra="identity"),
    "http": _Kind(
        form="http://127.0.0.1:PORT/ISSUER", opens=f"{_HERE}.identity.opening:open_issuer", extra="identity"
    ),
    "cognito": _Kind(
        form="cognito://POOL", opens=f"{_HERE}.identity.opening:open_cognito", extra="aws,identity"
    ),
    "local": _Kind(form="local:", opens=f"{_HERE}.identity.opening:open_local"),
}
"""Scheme -> who signs people in. Each function takes address, registration and policy; its context yields an
`Identities`."""


@frozen(kw_only=True)
class Registration:
    """What a service has agreed with an identity provider; see the settings of these names."""

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    logout_redirect_uri: str


@frozen(kw_only=True, eq=False)
class Identities:
    """Who signs people in.

    Attributes:
        directory: its users, where an operator administers them.
    """

    provider: IdentityProvider
    directory: UserDirectory | None = None


def _kind_of(kinds: Mapping[str, _Kind], address: str, setting: str) -> _Kind:
    """The kind of an address. A refusal shows no more than its scheme: the rest may hold a password."""
    scheme = scheme_of(address)
    if scheme in kinds:
        return kinds[scheme]
    given = f"{scheme}:…" if scheme else "without a scheme"
    known = ", ".join(each.form for each in kinds.values())
    raise InvalidInput(f"{setting} {given} is not known here; write one of: {known}", field=setting)


STORES_GROUP = "commitcollect.stores"
"""The entry points of other distributions: the scheme of their addresses, and the function that opens one."""


def store_kind(address: str) -> _Kind:
    """The kind of store at an address: ours, or that of another distribution that is installed.

    Raises:
        InvalidInput: no store has this scheme.
    """
    scheme = scheme_of(address)
    if scheme and scheme not in _STORES:
        # Reading what is installed costs more than a small command, so ours come first.
        from importlib.metadata import entry_points  # noqa: PLC0415 - few stores are those of others

        for entry in entry_points(group=STORES_GROUP, name=scheme):
            return _Kind(form=f"{scheme}:…", opens=entry.value, extra=entry.dist.name if entry.dist else "")
    return _kind_of(_STORES, address, "store")


def _imported(target: str, extra: str, setting: str) -> Callable[..., Any]:
    module, _, path = target.partition(":")
    with needing_extra(extra, setting):
        found: Any = import_module(module)
    for name in path.split("."):
        found = getattr(found, name)
    function: Callable[..., Any] = found
    return function


@contextmanager
def needing_extra(name: str, setting: str) -> Iterator[None]:
    """Name the extra that brings a missing library."""
    try:
        yield
    except ModuleNotFoundError as missing:
        library = (missing.name or "").partition(".")[0]
        if library.startswith("commitcollect"):
            raise
        raise InvalidInput(
            f"this needs {library}; install it with: pip install 'commitcollect[{name}]'", field=setting
        ) from missing


def check_addresses(settings: Settings) -> None:
    """Refuse an address in the settings whose scheme is not known.

    Raises:
        InvalidInput: its `field` names the setting.
    """
    store_kind(settings.store)
    if settings.queue:
        _kind_of(_QUEUES, settings.queue, "queue")


def open_backend(
    address: str, policy: Policy = DEFAULT_POLICY, *, must_exist: bool = False
) -> AbstractContextManager[Backend]:
    """Open the store at an address: the path of a SQLite file, ``memory:``, or ``dynamodb://…``.

    Args:
        address: where the store is.
        policy: limits and lifetimes of its stores.
        must_exist: do not create a file that is not there, as a caller that only reads wants it.

    Raises:
        InvalidInput: the address has an unknown scheme or form, or its extra is not installed.
        NotFound: there is no such file.
        StorageError: the store cannot be opened.
    """
    kind = store_kind(address)
    opened: AbstractContextManager[Backend] = _imported(kind.opens, kind.extra, "store")(
        address, policy, must_exist=must_exist
    )
    return opened


def ports_on(backend: Backend) -> Ports:
    """What milestones and workouts run on: shipped statues take precedence over published ones."""
    from commitcollect_core.training.ports import Ports  # noqa: PLC0415 - as above

    return Ports(
        clock=SystemClock(),
        ids=SystemIds(),
        backoff=backend.backoff,
        ledger=backend.ledger,
        catalog=LayeredCatalog(shipped_catalog(), backend.catalog),
    )


@contextmanager
def open_ports(address: str, policy: Policy = DEFAULT_POLICY, *, must_exist: bool = False) -> Iterator[Ports]:
    """What milestones and workouts run on, on the store at an address; otherwise as `open_backend`."""
    with open_backend(address, policy, must_exist=must_exist) as backend:
        yield ports_on(backend)


@contextmanager
def open_app(settings: Settings, *, must_exist: bool = False) -> Iterator[CommitCollect]:
    """Milestones and workouts on the store and under the policy of the settings; see `open_backend`."""
    with open_ports(settings.store, settings.policy, must_exist=must_exist) as ports:
        from commitcollect_core.app import assemble  # noqa: PLC0415 - as above

        yield assemble(ports, settings.policy)


@contextmanager
def open_queue(settings: Settings, *, must_exist: bool = False) -> Iterator[EventQueue]:
    """The queue of the settings; the store is opened only if it keeps the queue. Errors as in `queue_of`."""
    if settings.queue:
        yield _named_queue(settings)
    else:
        with open_backend(settings.store, settings.policy, must_exist=must_exist) as backend:
            yield queue_of(settings, backend)


def queue_of(settings: Settings, backend: Backend) -> EventQueue:
    """The queue of the settings: the one they name, or the one the store keeps.

    Raises:
        InvalidInput: the store keeps no queue and the settings name none.
    """
    if settings.queue:
        return _named_queue(settings)
    if backend.queue is None:
        raise InvalidInput(f"this store keeps no queue; name one with {_queue_forms()}", field="queue")
    return backend.queue()


def _named_queue(settings: Settings) -> EventQueue:
    kind = _kind_of(_QUEUES, settings.queue, "queue")
    opens = _imported(kind.opens, kind.extra, "queue")
    queue: EventQueue = opens(settings.queue, SystemClock(), settings.policy)
    return queue


def _queue_forms() -> str:
    return " or ".join(f"{ENVIRONMENT_PREFIX}QUEUE={each.form}" for each in _QUEUES.values())


def store_provisioning(settings: Settings) -> Provisioning:
    """The tables of the store.

    Raises:
        InvalidInput: the store has none.
    """
    kind = store_kind(settings.store)
    if not kind.provisions:
        known = " or ".join(f"--store {each.form}" for each in _STORES.values() if each.provisions)
        raise InvalidInput(
            f"{settings.store} has no tables to manage; name a store with {known}", field="store"
        )
    return _provisioning(kind, settings.store, "store", settings.policy)


def queue_provisioning(settings: Settings) -> Provisioning:
    """The queues of the settings.

    Raises:
        InvalidInput: the settings name none.
    """
    if not settings.queue:
        raise InvalidInput(
            f"the store keeps the queue itself; for another set {_queue_forms()}", field="queue"
        )
    return _provisioning(_kind_of(_QUEUES, settings.queue, "queue"), settings.queue, "queue", settings.policy)


def _provisioning(kind: _Kind, address: str, setting: str, policy: Policy) -> Provisioning:
    found: Provisioning = _imported(kind.provisions, kind.extra, setting)(address, policy)
    return found


def cipher_of(settings: Settings, backend: Backend) -> TokenCipher:
    """What seals tokens: the keys of the settings, or a key file beside the store, made when it is missing.

    Raises:
        InvalidInput: there are no keys, or they cannot be read.
    """
    # Whatever is no address is taken for a key, of which not even a part may be shown.
    address = settings.seal_keys if "://" in settings.seal_keys else ""
    kind = _kind_of(_KEYS, address, "seal_keys")
    parse: Callable[[str, Policy], TokenCipher] = _imported(kind.opens, kind.extra, "seal_keys")
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


@contextmanager
def open_strava_api(settings: Settings) -> Iterator[StravaApi]:
    """Strava, in the name of the app of the settings.

    Raises:
        InvalidInput: the settings name no app, or the extra that brings httpx is not installed.
    """
    for name in ("strava_client_id", "strava_client_secret"):
        if not getattr(settings, name):
            raise InvalidInput(
                f"set {ENVIRONMENT_PREFIX}{name.upper()}, as Strava's page of your app shows it", field=name
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


def open_identities(settings: Settings) -> AbstractContextManager[Identities]:
    """Who signs people in.

    Raises:
        InvalidInput: the settings name none or lack something, or its extra is not installed.
    """
    if not settings.identity:
        known = " or ".join(each.form for each in _IDENTITIES.values())
        raise InvalidInput(
            f"set {ENVIRONMENT_PREFIX}IDENTITY to who signs people in: {known}", field="identity"
        )
    kind = _kind_of(_IDENTITIES, settings.identity, "identity")
    opens = _imported(kind.opens, kind.extra, "identity")
    registration = Registration(
        client_id=settings.identity_client_id,
        client_secret=settings.identity_client_secret,
        redirect_uri=settings.identity_redirect_uri,
        logout_redirect_uri=settings.identity_logout_redirect_uri,
    )
    opened: AbstractContextManager[Identities] = opens(settings.identity, registration, settings.policy)
    return opened


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
    from commitcollect_core.service import standing_on  # noqa: PLC0415 - few programs need it

    with open_backend(settings.store, settings.policy, must_exist=True) as backend:
        yield standing_on(backend.stores(), _context(ports_on(backend), settings.policy))


def _context(ports: Ports, policy: Policy) -> Context:
    from commitcollect_core.context import Context  # noqa: PLC0415 - as above

    return Context(clock=ports.clock, ids=ports.ids, backoff=ports.backoff, policy=policy)
