"""Asks a new version of the site whether it is ready, before and after it gets traffic; CodeDeploy waits."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import boto3

READY: dict[str, Any] = {
    "version": "2.0",
    "rawPath": "/ready",
    "rawQueryString": "",
    "headers": {"host": "check"},
    "requestContext": {"http": {"method": "GET", "path": "/ready", "sourceIp": "127.0.0.1"}},
    "isBase64Encoded": False,
}


def is_ready(functions: Any, version: str) -> bool:
    """Whether a version answers that its store can be reached."""
    invoked = functions.invoke(FunctionName=version, Payload=json.dumps(READY).encode())
    answer = json.loads(invoked["Payload"].read())
    return "FunctionError" not in invoked and answer.get("statusCode") == 200  # noqa: PLR2004 - OK


def check(event: Mapping[str, str], *, functions: Any, deployments: Any, version: str) -> str:
    """Tell CodeDeploy whether to go on; whatever fails means that it must not."""
    status = "Failed"
    try:
        if is_ready(functions, version):
            status = "Succeeded"
    finally:
        deployments.put_lifecycle_event_hook_execution_status(
            deploymentId=event["DeploymentId"],
            lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
            status=status,
        )
    return status


def handler(event: Mapping[str, str], _invocation: object) -> str:
    """The function itself."""
    return check(
        event,
        functions=boto3.client("lambda"),
        deployments=boto3.client("codedeploy"),
        version=os.environ["NEW_VERSION"],
    )
