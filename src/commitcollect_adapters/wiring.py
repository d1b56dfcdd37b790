"""Wiring: one function per store makes the application on it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from commitcollect_adapters.memory import MemoryLedger
from commitcollect_adapters.settings import ENVIRONMENT_PREFIX, Settings
from commitcollect_adapters.statues import LayeredCatalog, shipped_catalog
from commitcollect_adapters.system import JitteredBackoff, NoBackoff, SystemClock, SystemIds
from commitcollect_core.context import Backoff, Context
from commitcollect_core.errors import InvalidInput, NotFound, StorageError
from commitcollect_core.policy import DEFAULT_POLICY, Policy
from commitcollect_core.training.ports import Ledger, Ports, StatueCatalog

if TYPE_CHECKING:
    from commitcollect_adapters.aws.sqs.queues import Queues
    from commitcollect_adapters.dynamodb.client import Client
    from commitcollect_adapters.strava.fake import DeliveryReport, FakeStrava
    from commitcollect_core.jobs.ports import EventQueue
    from commitcollect_core.service import Service, Stores
    from commitcollect_core.strava.ports import StravaApi, TokenCipher
    from commitcollect_core.values import AthleteId

MEMORY = "memory:"
"""The address of a store that lasts as long as the process."""

RACE_WAIT_SECONDS = 0.05
RACE_WAIT_SECONDS_MAX = 10.0
"""How long a writer to DynamoDB who lost a race waits at most, the first time and ever."""

TIDIED_ROWS_MAX = 500
"""Rows of one table that are removed at once; others write in between."""

_SQLITE_MEMORY = ":memory:"
DYNAMODB = "dynamodb://"
"""What the address of a DynamoDB store begins with."""

SQS = "sqs://"
"""What the address of a queue on SQS begins with."""

KMS = "kms://"
"""What names a key in KMS where keys to seal with are named."""


def is_sqlite(address: str) -> bool:
    """Whether an address is the path of a SQLite file."""
    return address != MEMORY and not address.startswith(DYNAMODB)


def _ports(ledger: Ledger, backoff: Backoff, published: StatueCatalog | None = None) -> Ports:
    """Ports on a ledger, with the machine's clock, random ids, and the shipped statues before others."""
    catalog: StatueCatalog = shipped_catalog()
    if published is not None:
        catalog = LayeredCatalog(catalog, published)
    return Ports(clock=SystemClock(), ids=SystemIds(), backoff=backoff, ledger=ledger, catalog=catalog)


def memory_ports() -> Ports:
    """Ports on a ledger that lasts as long as the process, with the machine's clock and random ids."""
    return _ports(MemoryLedger(), NoBackoff())


@contextmanager
def open_ports(address: str, *, must_exist: bool = False) -> Iterator[Ports]:
    """Ports on the store at `address`: a file's path for SQLite, ``memory:``, or ``dynamodb://…``.

    Args:
        address: where the store is.
        must_exist: do not make a file that is not there, as befits those who only read.

    Raises:
        InvalidInput: an address of DynamoDB has another form.
        NotFound: there is no such file.
        StorageError: the store cannot be opened.
    """
    if address == MEMORY:
        yield memory_ports()
    elif address.startswith(DYNAMODB):
        yield dynamodb_ports(address)
    else:
        with sqlite_ports(_sqlite_path(address, must_exist=must_exist)) as ports:
            yield ports


def _sqlite_path(address: str, *, must_exist: bool) -> Path:
    if address == _SQLITE_MEMORY:
        raise InvalidInput(f"for a store that lasts as long as the process, write {MEMORY}", field="store")
    if must_exist:
        _check_is_there(Path(address))
    return Path(address)


def _check_is_there(path: Path) -> None:
    try:
        path.stat()
    except FileNotFoundError as missing:
        option = f"--store {shlex.quote(str(path))}"
        raise NotFound(
            f"there is no store at {path}; make one with: commitcollect workout import FILE {option}, "
            f"with: commitcollect milestone create … {option}, "
            f"or with: commitcollect strava connect {option}",
            code="store_not_found",
        ) from missing
    except OSError as refused:
        raise StorageError(f"cannot open the store {path}: {refused.strerror}") from refused


@contextmanager
def sqlite_ports(path: Path, *, is_durable: bool = True) -> Iterator[Ports]:
    """Ports on one SQLite file, closed at the end; one that need not be durable is faster.

    Raises:
        StorageError: the file cannot be opened, or is not a CommitCollect store.
    """
    from commitcollect_adapters.sqlite import Database, SqliteLedger  # noqa: PLC0415 - memory needs no SQLite
    from commitcollect_adapters.sqlite.statues import SqliteCatalog  # noqa: PLC0415 - the same

    with closing(Database(path, is_durable=is_durable)) as database:
        yield _ports(SqliteLedger(database), NoBackoff(), SqliteCatalog(database))


@contextmanager
def _extra(name: str, field: str) -> Iterator[None]:
    """Say which extra brings what is missing."""
    try:
        yield
    except ModuleNotFoundError as missing:
        library = (missing.name or "").partition(".")[0]
        raise InvalidInput(
            f"this needs {library}; install it with: pip install 'commitcollect[{name}]'", field=field
        ) from missing


def dynamodb_client(address: str, policy: Policy = DEFAULT_POLICY) -> Client:
    """A client for the DynamoDB tables at `address`; nothing is sent yet.

    Raises:
        InvalidInput: the address has another form, or the extra that brings boto3 is not installed.
    """
    with _extra("aws", "store"):
        from commitcollect_adapters.dynamodb.client import Client, parse  # noqa: PLC0415 - boto3 takes half a second

    return Client(parse(address), deadline_seconds=policy.training.store_deadline_seconds)


def dynamodb_ports(address: str) -> Ports:
    """Ports on DynamoDB tables; errors as in `dynamodb_client`."""
    client = dynamodb_client(address)
    from commitcollect_adapters.dynamodb.ledger import DynamoLedger  # noqa: PLC0415 - boto3 takes half a second
    from commitcollect_adapters.dynamodb.statues import DynamoCatalog  # noqa: PLC0415 - the same

    return _ports(DynamoLedger(client), _race_backoff(), DynamoCatalog(client))


def _race_backoff() -> Backoff:
    return JitteredBackoff(first_seconds=RACE_WAIT_SECONDS, longest_seconds=RACE_WAIT_SECONDS_MAX)


@contextmanager
def open_stores(address: str, *, must_exist: bool = False) -> Iterator[tuple[Stores, Ports]]:
    """Every store at `address`, and the ports on its ledger; otherwise as `open_ports`."""
    if address == MEMORY:
        from commitcollect_adapters.memory.stores import memory_stores  # noqa: PLC0415 - few programs need all stores

        stores = memory_stores()
        yield stores, _ports(stores.ledger, NoBackoff(), stores.catalog)
    elif address.startswith(DYNAMODB):
        client = dynamodb_client(address)
        from commitcollect_adapters.dynamodb.stores import dynamo_stores  # noqa: PLC0415 - boto3 takes half a second

        stores = dynamo_stores(client)
        yield stores, _ports(stores.ledger, _race_backoff(), stores.catalog)
    else:
        from commitcollect_adapters.sqlite import Database  # noqa: PLC0415 - memory needs no SQLite
        from commitcollect_adapters.sqlite.stores import sqlite_stores  # noqa: PLC0415 - few programs need all stores

        with closing(Database(_sqlite_path(address, must_exist=must_exist))) as database:
            stores = sqlite_stores(database)
            yield stores, _ports(stores.ledger, NoBackoff(), stores.catalog)


@contextmanager
def open_queue(settings: Settings, *, must_exist: bool = False) -> Iterator[EventQueue]:
    """The queue of the settings: the one they name, or the one in the store.

    Raises:
        InvalidInput: a store on DynamoDB keeps no queue, and none is named.
        NotFound, StorageError: as in `open_ports`.
    """
    address = settings.queue or settings.store
    if address.startswith(SQS):
        with _extra("aws", "queue"):
            from commitcollect_adapters.aws.sqs.queue import open_sqs  # noqa: PLC0415 - boto3 takes half a second

        yield open_sqs(address, SystemClock())
    elif address == MEMORY:
        from commitcollect_adapters.memory.jobs import MemoryQueue  # noqa: PLC0415 - few programs need a queue

        yield MemoryQueue()
    elif address.startswith(DYNAMODB):
        raise InvalidInput(
            f"a DynamoDB store keeps no queue; name one with COMMITCOLLECT_QUEUE={SQS}NAME", field="queue"
        )
    else:
        from commitcollect_adapters.sqlite import Database  # noqa: PLC0415 - memory needs no SQLite
        from commitcollect_adapters.sqlite.jobs import SqliteQueue  # noqa: PLC0415 - few programs need a queue

        with closing(Database(_sqlite_path(address, must_exist=must_exist))) as database:
            yield SqliteQueue(database)


def sqs_queues(settings: Settings) -> Queues:
    """The queues on SQS that the settings name, to be made, looked at or deleted; nothing is sent yet.

    Raises:
        InvalidInput: the settings name none, or the extra that brings boto3 is not installed.
    """
    if not settings.queue.startswith(SQS):
        raise InvalidInput(
            f"the store keeps the queue itself; for one on SQS set COMMITCOLLECT_QUEUE={SQS}NAME",
            field="queue",
        )
    with _extra("aws", "queue"):
        from commitcollect_adapters.aws.sqs.queues import Queues, parse  # noqa: PLC0415 - boto3 takes half a second

    return Queues(parse(settings.queue))


def tidy(settings: Settings, policy: Policy = DEFAULT_POLICY) -> int:
    """Remove from a SQLite store what has expired; other engines see to that by themselves.

    Returns:
        How many rows were removed.

    Raises:
        NotFound, StorageError: as in `open_ports`.
    """
    if not is_sqlite(settings.store):
        return 0
    from commitcollect_adapters.sqlite import Database  # noqa: PLC0415 - memory needs no SQLite
    from commitcollect_adapters.sqlite.expiry import forget_expired  # noqa: PLC0415 - few programs tidy up

    now, removed = SystemClock().now(), 0
    with closing(Database(_sqlite_path(settings.store, must_exist=True))) as database:
        while some := forget_expired(database, now=now, policy=policy, rows_max=TIDIED_ROWS_MAX):
            removed += some
    return removed


def token_cipher(settings: Settings) -> TokenCipher:
    """What seals tokens: the keys of the settings, or those of a file that is made beside a SQLite store.

    Raises:
        InvalidInput: there are no keys, or they cannot be read.
    """
    if settings.seal_keys.startswith(KMS):
        with _extra("aws,crypto", "seal_keys"):
            from commitcollect_adapters.aws.kms import KmsCipher  # noqa: PLC0415 - boto3 takes half a second

        return KmsCipher.parse(settings.seal_keys)
    with _extra("crypto", "seal_keys"):
        from commitcollect_adapters.ciphers import keys, local  # noqa: PLC0415 - few programs seal anything
    if settings.seal_keys:
        return local.LocalCipher.parse(settings.seal_keys)
    if settings.seal_key_file:
        return local.LocalCipher.parse(keys.read_key_file(Path(settings.seal_key_file)))
    if not is_sqlite(settings.store):
        raise InvalidInput(
            "name the keys to seal tokens with: set COMMITCOLLECT_SEAL_KEYS or COMMITCOLLECT_SEAL_KEY_FILE",
            field="seal_keys",
        )
    path = own_key_file(settings)
    if not path.exists():
        _check_nothing_is_sealed(settings, path)
        keys.create_key_file(path)
    return local.LocalCipher.parse(keys.read_key_file(path))


def _check_nothing_is_sealed(settings: Settings, path: Path) -> None:
    """Refuse to make a key beside a store whose tokens another one has sealed: with it they would be lost."""
    if not Path(settings.store).exists():
        return
    from commitcollect_adapters.sqlite import Database  # noqa: PLC0415 - memory needs no SQLite
    from commitcollect_adapters.sqlite.strava import has_connections  # noqa: PLC0415 - the same

    with closing(Database(Path(settings.store))) as database:
        if has_connections(database):
            raise InvalidInput(
                f"the key file {path} is missing, and tokens in {settings.store} were sealed with it; put it "
                "back, or name it with COMMITCOLLECT_SEAL_KEY_FILE",
                field="seal_key_file",
            )


def own_key_file(settings: Settings) -> Path:
    """Where the key to seal with is kept beside a SQLite store, unless the settings name another."""
    return Path(f"{settings.store}.key")


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
    with _extra("strava", "strava_client_id"):
        from commitcollect_adapters.strava.http import HttpStrava, Revocation, StravaApp  # noqa: PLC0415 - httpx is slow to import
    app = StravaApp(
        client_id=settings.strava_client_id,
        client_secret=settings.strava_client_secret,
        api_base=settings.strava_api_base.rstrip("/"),
        oauth_base=settings.strava_oauth_base.rstrip("/"),
        revoke_with=Revocation(settings.strava_revoke_with),
    )
    with HttpStrava(app) as api:
        yield api


@contextmanager
def open_strava(settings: Settings, *, must_exist: bool = False) -> Iterator[Service]:
    """Every use case on everything the settings name; errors as in the functions above."""
    from commitcollect_core.service import assemble_service  # noqa: PLC0415 - few programs need it
    from commitcollect_core.strava.webhook_intake import WebhookSecrets  # noqa: PLC0415 - the same

    with (
        open_strava_api(settings) as api,
        open_stores(settings.store, must_exist=must_exist) as (stores, ports),
        open_queue(settings, must_exist=must_exist) as queue,
    ):
        subscription_id = settings.strava_subscription_id
        secrets = WebhookSecrets(
            verify_token=settings.strava_verify_token,
            subscription_id=int(subscription_id) if subscription_id else None,
        )
        yield assemble_service(
            stores=stores,
            queue=queue,
            api=api,
            cipher=token_cipher(settings),
            context=Context(clock=ports.clock, ids=ports.ids, backoff=ports.backoff),
            catalog=ports.catalog,
            secrets=secrets,
        )


def run_receiver(
    service: Service, settings: Settings, host: str, port: int, on_ready: Callable[[str], None]
) -> None:
    """Take Strava's calls at an address of this machine until the process is told to stop.

    Args:
        service: what is done with them.
        settings: name the secret part of the path, if there is one.
        host: where to listen.
        port: the same; 0 is any that is free.
        on_ready: called with the address once it can be reached.

    Raises:
        InvalidInput: that cannot be listened on, or the extra that brings the server is not installed.
    """
    with _extra("web", "port"):
        from commitcollect_adapters.web import serving  # noqa: PLC0415 - few programs serve anything
        from commitcollect_adapters.web.receiver import PATH, Receiver  # noqa: PLC0415 - the same
    receiver = Receiver(service.strava.intake, secret_segment=settings.strava_webhook_segment)
    listener = serving.listening(host, port)
    serving.run(receiver.application(), listener, lambda address: on_ready(f"{address}{PATH}"))


def run_fake_strava(
    fake: FakeStrava,
    athlete_id: AthleteId,
    host: str,
    port: int,
    *,
    on_ready: Callable[[str], None],
    on_round: Callable[[DeliveryReport], None],
) -> None:
    """Serve a fake Strava at an address of this machine until the process is told to stop.

    Args:
        fake: what is served; its events are delivered as they come.
        athlete_id: to whom things happen on request.
        host: where to listen.
        port: the same; 0 is any that is free.
        on_ready: called with the address once it can be reached.
        on_round: called after each round of deliveries.

    Raises:
        InvalidInput: that cannot be listened on, or the extra that brings the server is not installed.
    """
    with _extra("web", "port"):
        from commitcollect_adapters.strava.fake.server import (  # noqa: PLC0415 - the same
            ControlRoutes,
            delivering,
        )
        from commitcollect_adapters.web import serving  # noqa: PLC0415 - few programs serve anything

    application = ControlRoutes(fake, athlete_id, SystemClock()).application()
    listener = serving.listening(host, port)
    with delivering(fake, on_round):
        serving.run(application, listener, on_ready)
