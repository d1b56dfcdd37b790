"""Deploys the example's template to a ministack that enforces IAM, and opens its functions in their roles."""

from __future__ import annotations

import json
import runpy
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from attrs import frozen

from adapters.aws_lambda.template import EXAMPLE, is_serverless, load, references, resolved, resources_of
from commitcollect_adapters.aws import calls
from commitcollect_adapters.aws_lambda.keeping import Handler
from engines import running

REGION = "eu-central-1"
ROOT = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
STACK_SECONDS_MAX = 120
PARAMETERS = {
    "Stage": "dev",
    "DomainName": "app.example.org",
    "CertificateArn": "arn:aws:acm:eu-central-1:000000000000:certificate/1",
    "HostedZoneId": "Z1",
    "SignInPrefix": "people-of-the-test",
    "StravaClientId": "1",
    "StravaSubscriptionId": "1",
    "AlarmEmail": "operators@example.org",
}
UNKNOWN_THERE = {"AWS::Budgets::Budget", "AWS::CloudTrail::Trail"}
"""Types of resources that ministack has not."""


def left_out(template: Mapping[str, Any]) -> set[str]:
    """What cannot be deployed there: what SAM makes or ministack has not, and what refers to it."""
    resources = template["Resources"]
    gone = {name for name, each in resources.items() if is_serverless(each) or each["Type"] in UNKNOWN_THERE}
    while more := {name for name, each in resources.items() if gone & {*references(each)}} - gone:
        gone |= more
    return gone


BATCHES = {action: f"{action}Batch" for action in ("sqs:DeleteMessage", "sqs:ChangeMessageVisibility")}
"""On AWS the first allows the second as well; ministack takes them for two."""


def as_known_there(value: Any) -> Any:
    """A template with the policies that mean at ministack what they mean on AWS.

    It fills no condition key of KMS, so that such conditions are left out.
    """
    if isinstance(value, list):
        batches = [BATCHES[each] for each in value if isinstance(each, str) and each in BATCHES]
        return [*map(as_known_there, value), *batches]
    if isinstance(value, Mapping):
        is_kms = "kms:" in json.dumps(value.get("Condition", ""))
        return {
            name: as_known_there(inner)
            for name, inner in value.items()
            if not (name == "Condition" and is_kms)
        }
    return value


@frozen
class Deployment:
    """The template's resources at an engine.

    Attributes:
        physical: logical name -> what the engine calls the resource.
    """

    endpoint: str
    physical: Mapping[str, str]

    def client(self, service: str, **credentials: str) -> Any:
        """A client of boto3, an operator's unless credentials are given."""
        return boto3.client(service, endpoint_url=self.endpoint, region_name=REGION, **(credentials or ROOT))

    def environ(self) -> dict[str, str]:
        """The functions' environment of the template, pointed at the engine."""
        known = {**PARAMETERS, **self.physical}
        variables = load()["Globals"]["Function"]["Environment"]["Variables"]
        values = {name: resolved(value, known) for name, value in variables.items()}
        return {
            name: f"{value}?endpoint={self.endpoint}" if "://" in value and "https" not in value else value
            for name, value in values.items()
        }

    def role_of(self, function: str) -> dict[str, str]:
        """Credentials of a function's role."""
        properties = resources_of(load(), "AWS::Serverless::Function")[function]
        name = self.physical[properties["Role"]["Fn::GetAtt"][0]]
        arn = self.client("iam").get_role(RoleName=name)["Role"]["Arn"]
        taken = self.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        return {
            "aws_access_key_id": taken["AccessKeyId"],
            "aws_secret_access_key": taken["SecretAccessKey"],
            "aws_session_token": taken["SessionToken"],
        }

    def handler(self, function: str, **settings: str) -> Handler:
        """The handler of a function's file, imported as Lambda does: in its role and its environment."""
        environ = {
            **self.environ(),
            **{f"COMMITCOLLECT_{key.upper()}": each for key, each in settings.items()},
        }
        file = resources_of(load(), "AWS::Serverless::Function")[function]["Handler"].partition(".")[0]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(calls, "_LOCAL_CREDENTIALS", self.role_of(function))
            for name, value in environ.items():
                patch.setenv(name, value)
            handler: Handler = runpy.run_path(str(EXAMPLE / "functions" / f"{file}.py"))["handler"]
        return handler


@contextmanager
def deployed() -> Iterator[Deployment]:
    """The resources of the template at an engine of their own, which refuses what no policy allows."""
    template = load()
    resources = {name: each for name, each in template["Resources"].items() if name not in left_out(template)}
    body = {key: template[key] for key in ("AWSTemplateFormatVersion", "Parameters", "Conditions")}
    parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in PARAMETERS.items()]
    with running.ministack(AUTH="true") as endpoint:
        stacks = Deployment(endpoint, {}).client("cloudformation")
        stacks.create_stack(
            StackName="commitcollect",
            TemplateBody=json.dumps({**body, "Resources": as_known_there(resources)}),
            Capabilities=["CAPABILITY_IAM"],
            Parameters=parameters,
        )
        _wait(stacks)
        made = stacks.describe_stack_resources(StackName="commitcollect")["StackResources"]
        yield Deployment(endpoint, {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in made})


def _wait(stacks: Any) -> None:
    """Wait for the stack; fails with what the engine says."""
    deadline = time.monotonic() + STACK_SECONDS_MAX
    status = ""
    while time.monotonic() < deadline and not status.endswith(("COMPLETE", "FAILED")):
        status = stacks.describe_stacks(StackName="commitcollect")["Stacks"][0]["StackStatus"]
        time.sleep(0.05)
    if status != "CREATE_COMPLETE":
        events = stacks.describe_stack_events(StackName="commitcollect")["StackEvents"]
        pytest.fail(f"{status}: {[each.get('ResourceStatusReason') for each in events]}")
