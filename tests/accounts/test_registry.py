"""The registry knows every type of item that any store keeps: a new one without a rule fails here."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from attrs import fields

from commitcollect_adapters.dynamodb import items as catalogue
from commitcollect_adapters.dynamodb.items import accounts, encoding, jobs, ledger, statues, strava
from commitcollect_adapters.dynamodb.personal import _PLACES
from commitcollect_adapters.memory.personal import _ERASED, _FOUND
from commitcollect_adapters.sqlite.database import Database
from commitcollect_adapters.sqlite.personal import _TABLES
from commitcollect_core.accounts import registry
from commitcollect_core.accounts.deletion import DeletionStep
from commitcollect_core.accounts.registry import RULES, ItemType, Owner
from commitcollect_core.stores import Stores

DOCS = Path(__file__).parents[2] / "docs"

ON_DYNAMODB = {
    "PROFILE": ItemType.PROFILE,
    "DELETION": ItemType.DELETION,
    "SESSION": ItemType.SESSION,
    "HANDSHAKE": ItemType.HANDSHAKE,
    "AUDIT": ItemType.AUDIT,
    "AUDIT_HEAD": ItemType.AUDIT_HEAD,
    "IDEMPOTENCY": ItemType.IDEMPOTENCY,
    "HEAD": ItemType.LEDGER_HEAD,
    "WORKOUT": ItemType.WORKOUT,
    "MILESTONE": ItemType.MILESTONE,
    "AWARD": ItemType.AWARD,
    "MODEL": ItemType.STATUE_MODEL,
    "MODEL_PART": ItemType.STATUE_PART,
    "CONNECTION": ItemType.CONNECTION,
    "OWNER": ItemType.ATHLETE_OWNER,
    "BACKFILL": ItemType.BACKFILL,
    "STAGED_PAGE": ItemType.STAGED_PAGE,
    "RATE_BUDGET": ItemType.RATE_BUDGET,
}

STORES = {
    "ledger": {ItemType.LEDGER_HEAD, ItemType.WORKOUT, ItemType.MILESTONE, ItemType.AWARD},
    "catalog": {ItemType.STATUE_MODEL, ItemType.STATUE_PART, ItemType.STATUE_GEOMETRY},
    "profiles": {ItemType.PROFILE},
    "connections": {ItemType.CONNECTION, ItemType.ATHLETE_OWNER},
    "backfills": {ItemType.BACKFILL, ItemType.STAGED_PAGE},
    "sessions": {ItemType.SESSION},
    "handshakes": {ItemType.HANDSHAKE},
    "idempotency": {ItemType.IDEMPOTENCY},
    "rates": {ItemType.RATE_BUDGET},
    "deletions": {ItemType.DELETION, ItemType.DELETION_KEY},
    "audit": {ItemType.AUDIT, ItemType.AUDIT_HEAD},
    "personal": set(),
}


def _tables_of(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}


def test_every_table_of_a_file_has_a_rule(tmp_path: Path) -> None:
    """The tables are the types of items, and those of a person are read and erased."""
    with closing(Database(tmp_path / "store.db")) as database:
        database.deletions(is_made=True)
    tables = _tables_of(tmp_path / "store.db") | _tables_of(tmp_path / "store.db.deletions")
    assert tables == {each.value for each in ItemType} == {each.value for each in RULES}
    assert set(_TABLES) == set(_FOUND) == set(_ERASED) == set(_PLACES) == set(registry.STORED)


def test_every_kind_of_item_on_dynamodb_has_a_rule() -> None:
    """A kind of item that is new in the catalogue is not known here."""
    modules = (accounts, jobs, ledger, statues, strava)
    kinds = {
        name
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, encoding.ItemKind)
    }
    assert kinds == set(ON_DYNAMODB)
    assert {path.stem for path in Path(catalogue.__path__[0]).glob("*.py")} == {
        "__init__", "definitions", "encoding", *(each.__name__.rpartition(".")[2] for each in modules),
    }  # fmt: skip


def test_every_store_and_the_queue_have_rules() -> None:
    """A port that is new among the stores brings its types of items along."""
    assert set(STORES) == {each.name for each in fields(Stores)}
    assert set().union(*STORES.values()) | registry.IN_QUEUE == set(ItemType)


def test_a_person_s_items_are_erased_once_and_by_a_step() -> None:
    """What a person owns has a step, and what no person owns has none; no step is left without a meaning."""
    for item, rule in RULES.items():
        assert (rule.erased_in is not None) == (rule.owner is not Owner.NONE), item
        assert rule.kept, item
        assert rule.is_exported or not rule.never_exported, item
    by_step = [item for step in DeletionStep for item in registry.erased_in(step)]
    assert sorted(by_step) == sorted(registry.STORED)
    assert registry.erased_in(DeletionStep.END_SESSIONS)[-1] is ItemType.LEDGER_HEAD


def rows() -> list[str]:
    """The table of docs/privacy.md."""
    return [
        f"| `{item.value}` | {rule.holds} | {rule.owner.value} "
        f"| {'' if rule.erased_in is None else rule.erased_in.value} "
        f"| {_exported(item)} | {rule.kept} |"
        for item, rule in RULES.items()
    ]


def _exported(item: ItemType) -> str:
    rule = RULES[item]
    if not rule.is_exported:
        return "no"
    hidden = ", ".join(f"`{each}`" for each in rule.never_exported)
    return f"all but {hidden}" if hidden else "yes"


def test_the_page_on_privacy_is_the_registry() -> None:
    """docs/privacy.md holds every type of item with its rule, and no other row."""
    page = (DOCS / "privacy.md").read_text(encoding="utf-8")
    assert [line for line in page.splitlines() if line.startswith("| `")] == rows(), "\n".join(rows())
