"""The commands on a DynamoDB store give what they give on a file."""

from __future__ import annotations

import io
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest

from cli.console import Console
from commitcollect_adapters.backend import MEMORY
from engines import running


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """The address of a running engine."""
    with running.dynoxide() as address:
        yield address


def test_tables_are_made_shown_and_deleted(
    console: Console, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Create and delete may be repeated; delete asks unless told not to; status tells by its exit code."""
    store = ("--store", f"dynamodb://Tables?endpoint={endpoint}")
    missing = console("tables", "status", *store)
    assert (missing.code, "MISSING" in missing.out) == (1, True)
    for _ in range(2):
        assert console("tables", "create", *store).code == 0
    tables = console("tables", "status", *store, "--json").document["tables"]
    assert {each["name"]: (each["state"], each["hasExpiry"]) for each in tables} == {
        "Tables": ("ACTIVE", None),
        "TablesSessions": ("ACTIVE", True),
        "TablesAudit": ("ACTIVE", True),
        "TablesIdempotency": ("ACTIVE", True),
        "TablesDeletions": ("ACTIVE", None),
    }
    assert console("tables", "delete", "--dry-run", *store).code == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    refused = console("tables", "delete", *store)
    assert (refused.code, "Nothing was deleted" in refused.err) == (1, True)
    assert console("tables", "status", *store).code == 0
    for _ in range(2):
        assert console("tables", "delete", "--yes", *store).code == 0
    assert console("tables", "status", *store).code == 1


def test_tables_are_a_matter_of_dynamodb(console: Console) -> None:
    """A file has no tables to manage."""
    outcome = console("tables", "create", "--store", "season.db")
    assert (outcome.code, "season.db has no tables" in outcome.err) == (2, True)


def test_a_store_without_tables_says_how_to_make_them(console: Console, endpoint: str) -> None:
    """The first use of a prefix ends in one error with the way out."""
    outcome = console("milestone", "list", "--store", f"dynamodb://Nothing?endpoint={endpoint}")
    assert (outcome.code, "commitcollect tables create" in outcome.err) == (1, True)


def test_users_are_not_listed_and_an_operator_finds_them(
    console: Console, endpoint: str, history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refusal names the way out, no message sends there, and the scan of the page finds the ids."""
    store = ("--store", f"dynamodb://Users?endpoint={endpoint}")
    assert console("tables", "create", *store).code == 0
    for user in ("ann", "bob"):
        console.json("import", history, "--user", user, *store)
    refused = console("user", "list", *store)
    assert (refused.code, "docs/operations.md" in refused.err) == (2, True)
    unknown = console("workout", "list", "--user", "cloe", *store)
    assert "The store has no data of user 'cloe'." in unknown.err
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    section = page.partition("## Whose data a store has")[2].partition("\n## ")[0]
    # Only what reads the store: a look at all connected athletes would call Strava for each, and repair.
    assert re.findall(r"`commitcollect ([^`]+)`", section) == ["user list"]
    [command] = re.findall(r"^```sh\naws (.*?)^```$", page, re.MULTILINE | re.DOTALL)
    service, operation, *options = shlex.split(command.replace("\\\n", " "))
    given = dict(zip(options[::2], options[1::2], strict=True))
    for name, value in {"ACCESS_KEY_ID": "any", "SECRET_ACCESS_KEY": "any"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    client = boto3.client(service, endpoint_url=endpoint, region_name="eu-central-1")
    found = getattr(client, operation)(
        TableName=given["--table-name"].replace("PREFIX", "Users"),
        ProjectionExpression=given["--projection-expression"],
        FilterExpression=given["--filter-expression"],
        ExpressionAttributeValues=json.loads(given["--expression-attribute-values"]),
    )
    assert sorted(each["PK"]["S"] for each in found["Items"]) == ["USER#ann", "USER#bob"]


SHUFFLED = ("--order", "shuffled", "--duplicate", "1")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("history", "how"),
    [
        ("bulk_export_activities.csv", ()),
        ("bulk_export_activities.csv", SHUFFLED),
        ("bulk_export_activities.csv", (*SHUFFLED, "--crash")),
        ("summary_activities.json", ()),
        pytest.param("summary_activities.json", SHUFFLED, marks=pytest.mark.deep),
    ],
)
def test_a_simulation_ends_in_the_same_state(
    console: Console, endpoint: str, shared_data: Path, history: str, how: tuple[str, ...]
) -> None:
    """However a real history is delivered, DynamoDB ends as memory and as SQLite, given it in order, do."""
    store = ("--store", f"dynamodb://{uuid4()}?endpoint={endpoint}")
    assert console("tables", "create", *store).code == 0
    what = ("simulate", shared_data / "real" / history, "--target", "distance=500km", "--target", "time=100h")
    on_file = console.json(*what)
    for delivered in (console.json(*what, *how, *store), console.json(*what, *how, "--store", MEMORY)):
        assert delivered["stateDigest"] == on_file["stateDigest"]
        assert parts_of(delivered) == parts_of(on_file)


def parts_of(simulation: dict[str, Any]) -> list[tuple[int, int, int]]:
    """Progress, parts earned and awards of each milestone."""
    return [
        (each["progressValue"], each["partsEarned"], len(each["awards"])) for each in simulation["milestones"]
    ]
