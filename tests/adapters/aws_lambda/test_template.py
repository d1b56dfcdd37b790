"""The template of the example is sound, allows no more than it must, and agrees with the code."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from adapters.aws_lambda.template import EXAMPLE, load, resolved, resources_of
from commitcollect_adapters.aws.sqs.provisioning import RECEIVES_MAX, RETENTION_SECONDS
from commitcollect_adapters.aws.sqs.queues import PARKED_SUFFIX
from commitcollect_adapters.aws_lambda.scheduled import TASKS
from commitcollect_adapters.dynamodb.items.definitions import (
    EXPIRES,
    expiry_attribute,
    table_definitions,
    table_names,
)
from commitcollect_adapters.settings import SECRETS_VARIABLE, load_settings
from commitcollect_core.policy import DEFAULT_POLICY

TEMPLATES = ("template.yaml", "pipeline.yaml")
PREFIX = "commitcollect-dev"
STAGE = {"Stage": "dev"}

WIDE_RESOURCES = {
    "xray:PutTelemetryRecords": "*",  # X-Ray knows no narrower resource
    "xray:PutTraceSegments": "*",
    "s3:GetObject": "${Artifacts.Arn}/*",  # the services choose the names in these buckets
    "s3:PutObject": "*/*",
}
"""Action -> the wide resource it needs, as it ends in the template."""


def listed(value: Any) -> list[Any]:
    """A value that stands for a list of one, as a list."""
    return value if isinstance(value, list) else [value]


def statements(value: object, *, of_keys: bool) -> Iterator[Mapping[str, Any]]:
    """Every statement of a policy inside a value, of keys or of all others."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name == "Statement":
                yield from () if of_keys else listed(inner)
            elif name == "KeyPolicy":
                yield from inner["Statement"] if of_keys else ()
            else:
                yield from statements(inner, of_keys=of_keys)
    elif isinstance(value, list):
        for inner in value:
            yield from statements(inner, of_keys=of_keys)


def text_of(resource: Any) -> str:
    """A resource of a statement as a text; what a function names is one resource."""
    if isinstance(resource, Mapping):
        return str(resource.get("Fn::Sub", "one"))
    return str(resource)


def wildcards(statement: Mapping[str, Any]) -> list[str]:
    """What is too wide in a statement."""
    actions = [str(each) for each in listed(statement["Action"])]
    wide = [each for each in actions if "*" in each]
    for resource in (text_of(each) for each in listed(statement.get("Resource", "one"))):
        if "*" in resource:
            known = [WIDE_RESOURCES.get(each, "") for each in actions]
            wide += [] if all(each and resource.endswith(each.lstrip("*")) for each in known) else [resource]
    return wide


@pytest.mark.slow
@pytest.mark.parametrize("name", TEMPLATES)
def test_cfn_lint_finds_nothing(name: str) -> None:
    """Not even a warning."""
    done = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), EXAMPLE / name],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_policy_has_wildcards(name: str) -> None:
    """Neither in an action nor in a resource, but for those few that have no narrower form."""
    found = list(statements(load(name)["Resources"], of_keys=False))
    assert found
    assert [wide for each in found for wide in wildcards(each)] == []
    assert all(each["Effect"] == "Allow" and "NotAction" not in each for each in found)


def test_policies_of_keys_name_every_action() -> None:
    """Their resource is the key itself, which is written as a star."""
    found = list(statements(load()["Resources"], of_keys=True))
    assert found
    assert not any("*" in action for each in found for action in listed(each["Action"]))


@pytest.mark.parametrize(
    "statement",
    [
        {"Action": "dynamodb:*", "Resource": "one"},
        {"Action": ["sqs:SendMessage", "sqs:Get*"], "Resource": "one"},
        {"Action": "sqs:SendMessage", "Resource": "*"},
        {"Action": ["xray:PutTraceSegments", "sqs:SendMessage"], "Resource": "*"},
        {"Action": "dynamodb:Query", "Resource": {"Fn::Sub": "${LedgerTable.Arn}/index/*"}},
        {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::*"},
    ],
)
def test_the_check_sees_wildcards(statement: Mapping[str, Any]) -> None:
    """Also one among others that are narrow."""
    assert wildcards(statement)


def test_every_function_has_a_role_of_its_own() -> None:
    """None shares another's, and none gets one that SAM would make."""
    functions = resources_of(load(), "AWS::Serverless::Function")
    roles = [each["Role"]["Fn::GetAtt"][0] for each in functions.values()]
    assert len({*roles}) == len(functions) == 5


def test_the_tables_are_those_of_the_code() -> None:
    """Names, keys, indexes and expiry, in both directions; each can be restored and is encrypted."""
    tables = resources_of(load(), "AWS::DynamoDB::Table").values()
    extras = {
        "TimeToLiveSpecification", "PointInTimeRecoverySpecification", "SSESpecification",
        "DeletionProtectionEnabled",
    }  # fmt: skip
    described = {}
    for table in tables:
        name = resolved(table["TableName"], STAGE)
        described[name] = {key: each for key, each in table.items() if key not in extras} | {
            "TableName": name
        }
        attribute = expiry_attribute(PREFIX, name)
        expected = None if attribute is None else {"AttributeName": EXPIRES, "Enabled": True}
        assert table.get("TimeToLiveSpecification") == expected
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert table["SSESpecification"]["KMSMasterKeyId"] == {"Fn::GetAtt": ["Key", "Arn"]}
    assert described == {each["TableName"]: each for each in table_definitions(PREFIX)}


def test_the_policy_names_every_index() -> None:
    """A function can read each, and no other."""
    policy = resources_of(load(), "AWS::IAM::ManagedPolicy")["TablesPolicy"]
    allowed = {text_of(each) for each in policy["PolicyDocument"]["Statement"][0]["Resource"]}
    logical = {
        resolved(each["TableName"], STAGE): name
        for name, each in resources_of(load(), "AWS::DynamoDB::Table").items()
    }
    assert set(logical) == set(table_names(PREFIX))
    indexes = {
        f"${{{logical[each['TableName']]}.Arn}}/index/{index['IndexName']}"
        for each in table_definitions(PREFIX)
        for kind in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes")
        for index in each.get(kind, ())
    }
    assert allowed == indexes | {"one"}


def test_the_queues_are_those_of_the_code() -> None:
    """Names, redrive and retention; and no lease outlasts what hides a message."""
    queues = resources_of(load(), "AWS::SQS::Queue")
    waiting, parked = queues["WaitingQueue"], queues["ParkedQueue"]
    assert resolved(waiting["QueueName"], STAGE) + PARKED_SUFFIX == resolved(parked["QueueName"], STAGE)
    assert waiting["RedrivePolicy"]["maxReceiveCount"] == RECEIVES_MAX
    assert all(each["MessageRetentionPeriod"] == RETENTION_SECONDS for each in queues.values())
    worker = resources_of(load(), "AWS::Serverless::Function")["WorkerFunction"]
    jobs = worker["Events"]["Jobs"]["Properties"]
    assert waiting["VisibilityTimeout"] >= 6 * worker["Timeout"]
    assert worker["Timeout"] < DEFAULT_POLICY.jobs.job_lease_seconds < waiting["VisibilityTimeout"]
    assert jobs["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_handlers_and_tasks_exist() -> None:
    """Every function's file makes its handler, and every schedule names a task."""
    functions = resources_of(load(), "AWS::Serverless::Function")
    for each in functions.values():
        module, _, name = each["Handler"].partition(".")
        tree = ast.parse((EXAMPLE / "functions" / f"{module}.py").read_text(encoding="utf-8"))
        made = {
            target.id
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        } | {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert name in made
    events = functions["ScheduledFunction"]["Events"].values()
    inputs = [json.loads(each["Properties"]["Input"]) for each in events if each["Type"] == "ScheduleV2"]
    assert inputs
    assert all(each["task"] in TASKS and each.keys() == {"task"} for each in inputs)


def test_functions_are_built_for_where_they_run() -> None:
    """The wheels that `sam build` takes are those of the template's runtime and processor."""
    runtime = load()["Globals"]["Function"]
    recipe = (EXAMPLE / "functions" / "Makefile").read_text(encoding="utf-8")
    [version] = re.findall(r"--python-version (\S+)", recipe)
    assert runtime["Runtime"] == f"python{version}"
    processors = {each.rpartition("_")[2] for each in re.findall(r"--platform (\S+)", recipe)}
    assert (runtime["Architectures"], processors) == (["arm64"], {"aarch64"})
    functions = [each for each in load()["Resources"].values() if each["Type"] == "AWS::Serverless::Function"]
    assert [each["Metadata"] for each in functions] == [{"BuildMethod": "makefile"}] * len(functions)


def test_every_variable_is_a_setting() -> None:
    """The environment of the functions is accepted, and nothing in it is misspelt."""
    variables = load()["Globals"]["Function"]["Environment"]["Variables"]
    known = {
        "Stage": "dev", "DomainName": "app.example.org", "SealKey": "k", "People": "eu-central-1_a",
        "SiteClient": "c", "StravaClientId": "1", "StravaSubscriptionId": "",
    }  # fmt: skip
    environ = {name: resolved(value, known) for name, value in variables.items()}
    settings, origins = load_settings({}, environ, EXAMPLE)
    assert settings.store == f"dynamodb://{PREFIX}"
    assert {each for each in environ if environ[each]} - set(origins.values()) == {SECRETS_VARIABLE}


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_every_stage_sets_every_parameter(stage: str) -> None:
    """The overrides of `samconfig.toml` are parameters, and all that has no default is there."""
    config = tomllib.loads((EXAMPLE / "samconfig.toml").read_text(encoding="utf-8"))
    overrides = dict(
        each.split("=", 1) for each in config[stage]["deploy"]["parameters"]["parameter_overrides"]
    )
    parameters = load()["Parameters"]
    needed = {name for name, each in parameters.items() if "Default" not in each}
    assert needed <= overrides.keys() <= parameters.keys()
    assert overrides["Stage"] == stage
