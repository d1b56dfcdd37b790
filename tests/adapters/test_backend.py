"""Backends: what an address opens, what it refuses, and what it shows of itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest
from attrs import evolve

from commitcollect_adapters import backend
from commitcollect_adapters.addresses import MASK, shown_address
from commitcollect_adapters.backend import (
    MEMORY,
    Backend,
    check_addresses,
    open_backend,
    open_ports,
    open_queue,
    queue_of,
    store_provisioning,
)
from commitcollect_adapters.memory.ledger import MemoryLedger
from commitcollect_adapters.memory.statues import MemoryCatalog
from commitcollect_adapters.memory.stores import memory_stores
from commitcollect_adapters.services import cipher_of
from commitcollect_adapters.settings import Settings
from commitcollect_adapters.system import NoBackoff
from commitcollect_core.errors import InvalidInput, NotFound
from commitcollect_core.jobs.jobs import JobEvent
from commitcollect_core.policy import DEFAULT_POLICY, Policy, customised
from commitcollect_core.strava.jobs import activity_job
from commitcollect_core.values import ActivityId, AthleteId

PASSWORD = "hunter2"  # noqa: S105 - no real one
NOW = datetime(2026, 1, 31, tzinfo=UTC)
KNOWN = "the path of a SQLite file (./NAME if it has a colon), memory:, dynamodb://PREFIX"


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://ann:{PASSWORD}@db.example/training",
        "postgresql:x",
        f"http://ann:{PASSWORD}@db.example",
        "sqlite:season.db",
        "file:season.db",
        "Memory:",
        "DYNAMODB://prefix",
        "sqs://jobs",
    ],
)
def test_an_unknown_scheme_is_refused_with_the_known_ones(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file of such a name appears, and of the address no more is shown than its scheme."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInput) as refused:
        open_backend(address)
    scheme = address.partition(":")[0]
    assert refused.value.message == f"store {scheme}:… is not known here; write one of: {KNOWN}"
    assert refused.value.field == "store"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "address", ["memory:season", ":memory:", "dynamodb:prefix", "dynamodb://x?password=1"]
)
def test_a_known_scheme_in_another_form_is_refused(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What only looks like a store that is known becomes no file either."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInput), open_backend(address):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["season.db", "./a:b.db", "C:/season.db", "sub.folder/x", "-", "x"])
def test_everything_without_a_scheme_is_a_path(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A drive letter is no scheme, and a colon behind a folder is none."""
    monkeypatch.chdir(tmp_path)
    for folder in ("C:", "sub.folder"):
        Path(folder).mkdir()
    with open_backend(name) as opened:
        assert opened.key_file == Path(f"{name}.key")
    assert Path(name).is_file()


def test_other_settings_refuse_unknown_schemes_too() -> None:
    """A queue names its known schemes; of keys not even the scheme of what is no address is shown."""
    with pytest.raises(InvalidInput, match=r"queue kafka:… is not .*: sqs://NAME$") as no:
        check_addresses(Settings(queue=f"kafka://ann:{PASSWORD}@x"))
    assert no.value.field == "queue"
    with pytest.raises(InvalidInput, match=r"queue without a scheme is not known here"):
        check_addresses(Settings(queue="jobs"))
    with open_backend(MEMORY) as opened:
        for keys, shown in ((f"vault://{PASSWORD}", "vault:…"), (f"abcd:{PASSWORD}", "key 1")):
            with pytest.raises(InvalidInput) as refused:
                cipher_of(Settings(store=MEMORY, seal_keys=keys), opened)
            assert refused.value.field == "seal_keys"
            assert shown in refused.value.message
            assert PASSWORD not in refused.value.message
            assert "abcd" not in refused.value.message


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (f"postgresql://ann:{PASSWORD}@db.example:5432/x", f"postgresql://ann:{MASK}@db.example:5432/x"),
        (f"postgresql://ann:{PASSWORD}@@/@db.example/x", f"postgresql://ann:{MASK}@db.example/x"),
        (f"postgresql://db.example/x?user=ann&password={PASSWORD}", f"postgresql://db.example/x?user=ann&password={MASK}"),
        (f"dynamodb://P?endpoint=http://ann:{PASSWORD}@h:1&region=x", f"dynamodb://P?endpoint=http://ann:{MASK}@h:1&region=x"),
        (f"postgresql://:{PASSWORD}@h", f"postgresql://:{MASK}@h"),
        ("postgresql://ann@h:5432/x", "postgresql://ann@h:5432/x"),
        ("dynamodb://Prod?endpoint=http://127.0.0.1:8000", "dynamodb://Prod?endpoint=http://127.0.0.1:8000"),
        ("season.db", "season.db"),
    ],
)  # fmt: skip
def test_passwords_in_addresses_are_masked(address: str, shown: str) -> None:
    """All the rest of an address may be shown."""
    assert shown_address(address) == shown


def test_only_a_store_that_is_there_is_read(tmp_path: Path) -> None:
    """With `must_exist` no file is created, and the error says how to make one."""
    path = tmp_path / "none.db"
    with (
        pytest.raises(NotFound, match="make one with: commitcollect workout import"),
        open_ports(str(path), must_exist=True),
    ):
        pass
    assert not path.exists()


@pytest.mark.parametrize("store", ["season.db", MEMORY])
def test_a_backend_has_one_queue_under_its_policy(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one caller puts another leases, and the number of events a job remembers is the operator's."""
    monkeypatch.chdir(tmp_path)
    policy = customised(DEFAULT_POLICY, {"job_events_max": 1})
    settings = Settings(store=store, policy=policy)
    job = evolve(
        activity_job(AthleteId("42"), ActivityId("7"), now=NOW),
        events=(JobEvent("a", NOW), JobEvent("b", NOW)),
    )
    with open_backend(store, policy) as opened:
        for _ in range(2):
            queue_of(settings, opened).put(job, visible_at=NOW)
        [leased] = queue_of(settings, opened).lease(now=NOW + timedelta(days=1), seconds=60, limit=9)
    assert len(leased.job.events) == 1


def test_a_store_without_a_queue_says_what_to_name() -> None:
    """DynamoDB keeps none; a file has no tables to manage."""
    with (
        pytest.raises(InvalidInput, match="COMMITCOLLECT_QUEUE=sqs://NAME"),
        open_queue(Settings(store="dynamodb://Prod?endpoint=http://127.0.0.1:9")),
    ):
        pass
    with pytest.raises(InvalidInput, match=r"name a store with --store dynamodb://PREFIX"):
        store_provisioning(Settings(store="season.db"))


def test_a_technology_is_a_folder_and_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that opens a `Backend`, and a line in the table, are all that a new store needs."""
    opened_at = []

    @contextmanager
    def open_clay(address: str, policy: Policy, *, must_exist: bool) -> Iterator[Backend]:
        opened_at.append((address, policy, must_exist))
        ledger, catalog = MemoryLedger(), MemoryCatalog()
        stores = memory_stores(ledger=ledger, catalog=catalog)
        yield Backend(ledger=lambda: ledger, catalog=catalog, stores=lambda: stores, backoff=NoBackoff())

    clay = ModuleType("clay")
    clay.open_clay = open_clay  # type: ignore[attr-defined]  # a module made up here
    monkeypatch.setitem(sys.modules, "clay", clay)
    line = backend.Kind(form="clay:TABLET", opens="clay:open_clay")
    kinds = {**backend._STORES, "clay": line}  # noqa: SLF001 - the table it goes into
    monkeypatch.setattr(backend, "_STORES", kinds)
    with open_backend("clay:seven", must_exist=True) as opened:
        assert opened.tidy(NOW) == 0
        assert opened.stores().ledger is opened.ledger()
    assert opened_at == [("clay:seven", DEFAULT_POLICY, True)]
    with pytest.raises(InvalidInput, match=r"dynamodb://PREFIX, clay:TABLET$"):
        open_backend("stone:seven")


def test_a_store_of_others_is_opened_by_its_scheme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry point names its function; shipped schemes cannot be taken over, and others stay unknown."""
    info = tmp_path / "shelf-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shelf\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[commitcollect.stores]\nshelf = shelf:open_shelf\nmemory = shelf:open_shelf\n"
    )
    (tmp_path / "shelf.py").write_text(
        "from commitcollect_adapters.memory.backend import open_memory\n"
        "def open_shelf(address, policy, *, must_exist):\n"
        "    assert address == 'shelf://one', address\n"
        "    return open_memory('memory:', policy, must_exist=must_exist)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    check_addresses(Settings(store="shelf://one"))
    with open_backend("shelf://one") as opened:
        assert isinstance(opened.ledger(), MemoryLedger)
    with open_backend(MEMORY) as ours:
        assert isinstance(ours.ledger(), MemoryLedger)
    with pytest.raises(InvalidInput, match="store postgresql:… is not known here"):
        check_addresses(Settings(store="postgresql:x"))
