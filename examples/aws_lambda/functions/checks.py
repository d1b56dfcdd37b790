"""Asks a new version of a function whether it is ready.

CodeDeploy waits for the answer, before and after the version gets work.
"""

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


NO_MESSAGES: dict[str, Any] = {"Records": []}

CHECKS: dict[str, tuple[dict[str, Any], str, object]] = {
    "api": (READY, "statusCode", 200),
    "worker": (NO_MESSAGES, "batchItemFailures", []),
}
"""What is checked -> an event that changes nothing, and an attribute of the answer of a function that reached
its store."""


def is_ready(functions: Any, version: str, checked: str) -> bool:
    """Whether a version answers as one that reached its store."""
    event, name, expected = CHECKS[checked]
    invoked = functions.invoke(FunctionName=version, Payload=json.dumps(event).encode())
    answer = json.loads(invoked["Payload"].read())
    return "FunctionError" not in invoked and answer.get(name) == expected


def check(
    event: Mapping[str, str], *, functions: Any, deployments: Any, version: str, checked: str = "api"
) -> str:
    """Tell CodeDeploy whether to go on; whatever fails means that it must not."""
    status = "Failed"
    try:
        if is_ready(functions, version, checked):
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
        checked=os.environ["CHECKED"],
    )
