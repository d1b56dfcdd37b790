"""Opens what the settings name: a store by the scheme of its address, a queue, keys, and Strava.

A technology is a folder with a function that opens its `Backend`, and one line in a table below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from attrs import field, frozen

from commitcollect_adapters.addresses import scheme_of
from commitcollect_adapters.settings import ENVIRONMENT_PREFIX, Settings
from commitcollect_adapters.statues import LayeredCatalog, shipped_catalog
from commitcollect_adapters.system import SystemClock, SystemIds
from commitcollect_core.errors import InvalidInput
from commitcollect_core.policy import DEFAULT_POLICY, Policy
from commitcollect_core.values import MilestoneId, UserId

if TYPE_CHECKING:
    # A command that only says how it is used imports none of these.
    from commitcollect_core.accounts.ports import IdentityProvider, UserDirectory
    from commitcollect_core.app import CommitCollect
    from commitcollect_core.context import Backoff
    from commitcollect_core.jobs.ports import EventQueue
    from commitcollect_core.stores import Stores
    from commitcollect_core.training.ports import Ledger, Ports, StatueCatalog
    from commitcollect_core.values import UserId

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


def _by_ids(user_id: UserId, milestone_id: MilestoneId) -> tuple[str, str]:
    return user_id, milestone_id


def _nothing_expires(_now: datetime) -> int:
    return 0


@frozen(kw_only=True, eq=False)
class Backend:
    """One store, opened.

    Attributes:
        ledger: workouts, milestones and awards. A function, so that listing statues does not import it.
        catalog: statue models published in this store.
        stores: every store. A function, so that counting workouts does not import the others.
        queue: the queue this store keeps; None where jobs need one of their own.
        backoff: how a writer waits that lost a race.
        tidy: removes what has expired, and says how many rows; nothing where the engine itself does so.
        backup: copies the store to a file, and overwrites it if told to; None where the store is no file.
        users: whose data the store has: at most so many ids behind one, in order; None where only a scan of
            everything would tell.
        key_file: where a key to seal with may lie beside this store; None where no file is beside it.
        holds_sealed: whether the store has texts that a key in `key_file` has sealed.
        awards_at: where the awards of a milestone are, for those who debug: the key of their partition, and
            what their own keys begin with.
        checks: what ``commitcollect doctor`` checks of this store; each says what it found, or raises.
    """

    ledger: Callable[[], Ledger]
    catalog: StatueCatalog
    stores: Callable[[], Stores]
    queue: Callable[[], EventQueue] | None = None
    backoff: Backoff
    tidy: Callable[[datetime], int] = _nothing_expires
    backup: Callable[[Path, bool], None] | None = None
    users: Callable[[str, int], Sequence[UserId]] | None = None
    key_file: Path | None = None
    holds_sealed: Callable[[], bool] = lambda: False
    awards_at: Callable[[UserId, MilestoneId], tuple[str, str]] = _by_ids
    checks: Mapping[str, Callable[[], str]] = field(factory=dict)


@frozen(kw_only=True)
class Kind:
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
    "": Kind(
        form="the path of a SQLite file (./NAME if it has a colon)",
        opens=f"{_HERE}.sqlite.backend:open_sqlite",
    ),
    "memory": Kind(form=MEMORY, opens=f"{_HERE}.memory.backend:open_memory"),
    "dynamodb": Kind(
        form="dynamodb://PREFIX",
        opens=f"{_HERE}.dynamodb.backend:open_dynamodb",
        provisions=f"{_HERE}.dynamodb.backend:provisioning",
        extra="aws",
    ),
}
"""Scheme -> store. Each function takes address, policy and `must_exist`; its context yields a `Backend`."""

_QUEUES = {
    "sqs": Kind(
        form="sqs://NAME",
        opens=f"{_HERE}.aws.sqs.queue:open_sqs",
        provisions=f"{_HERE}.aws.sqs.provisioning:provisioning",
        extra="aws",
    ),
}
"""Scheme -> queue beside the store. Each function takes address, clock and policy; it returns the queue."""

KEYS = {
    "": Kind(
        form="keys made with 'commitcollect config new-key'",
        opens=f"{_HERE}.ciphers.local:LocalCipher.parse",
        extra="crypto",
    ),
    "kms": Kind(form="kms://KEY", opens=f"{_HERE}.aws.kms:KmsCipher.parse", extra="aws,crypto"),
}
"""Scheme -> keys to seal with. Each function takes them as a text, and the policy; it returns the cipher."""


IDENTITIES = {
    "https": Kind(form="https://ISSUER", opens=f"{_HERE}.identity.opening:open_issuer", extra="identity"),
    "http": Kind(
        form="http://127.0.0.1:PORT/ISSUER", opens=f"{_HERE}.identity.opening:open_issuer", extra="identity"
    ),
    "cognito": Kind(
        form="cognito://POOL", opens=f"{_HERE}.identity.opening:open_cognito", extra="aws,identity"
    ),
    "local": Kind(form="local:", opens=f"{_HERE}.identity.opening:open_local"),
}
"""Scheme -> the identity provider. Each function takes address, registration and policy; its context yields
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
    """An identity provider that is open.

    Attributes:
        directory: its users, where an operator administers them.
        checks: what ``commitcollect doctor`` checks of it, as in `Backend`.
    """

    provider: IdentityProvider
    directory: UserDirectory | None = None
    checks: Mapping[str, Callable[[], str]] = field(factory=dict)


def kind_of(kinds: Mapping[str, Kind], address: str, setting: str) -> Kind:
    """The kind of an address. A refusal shows no more than its scheme: the rest may hold a password."""
    scheme = scheme_of(address)
    if scheme in kinds:
        return kinds[scheme]
    given = f"{scheme}:…" if scheme else "without a scheme"
    known = ", ".join(each.form for each in kinds.values())
    raise InvalidInput(f"{setting} {given} is not known here; write one of: {known}", field=setting)


STORES_GROUP = "commitcollect.stores"
"""The entry points of other distributions: the scheme of their addresses, and the function that opens one."""


def store_kind(address: str) -> Kind:
    """The kind of store at an address: ours, or that of another distribution that is installed.

    Raises:
        InvalidInput: no store has this scheme.
    """
    scheme = scheme_of(address)
    if scheme and scheme not in _STORES:
        # Reading what is installed costs more than a small command, so ours come first.
        from importlib.metadata import entry_points  # noqa: PLC0415 - few stores are those of others

        for entry in entry_points(group=STORES_GROUP, name=scheme):
            return Kind(form=f"{scheme}:…", opens=entry.value, extra=entry.dist.name if entry.dist else "")
    return kind_of(_STORES, address, "store")


def imported(target: str, extra: str, setting: str) -> Callable[..., Any]:
    """The function that ``module:name`` names; errors as in `needing_extra`."""
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
        kind_of(_QUEUES, settings.queue, "queue")


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
    opened: AbstractContextManager[Backend] = imported(kind.opens, kind.extra, "store")(
        address, policy, must_exist=must_exist
    )
    return opened


def ports_on(backend: Backend) -> Ports:
    """What milestones and workouts run on."""
    from commitcollect_core.training.ports import Ports  # noqa: PLC0415 - as above

    return Ports(
        clock=SystemClock(),
        ids=SystemIds(),
        backoff=backend.backoff,
        ledger=backend.ledger(),
        catalog=catalog_on(backend),
    )


def catalog_on(backend: Backend) -> StatueCatalog:
    """Every statue: shipped ones take precedence over published ones."""
    return LayeredCatalog(shipped_catalog(), backend.catalog)


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
    kind = kind_of(_QUEUES, settings.queue, "queue")
    opens = imported(kind.opens, kind.extra, "queue")
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
    return _provisioning(kind_of(_QUEUES, settings.queue, "queue"), settings.queue, "queue", settings.policy)


def _provisioning(kind: Kind, address: str, setting: str, policy: Policy) -> Provisioning:
    found: Provisioning = imported(kind.provisions, kind.extra, setting)(address, policy)
    return found
