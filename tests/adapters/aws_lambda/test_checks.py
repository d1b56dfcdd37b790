"""What CodeDeploy waits for: a new version is let on only when it says that it is ready."""

from __future__ import annotations

import io
import json
import runpy
from typing import Any

import pytest
from attrs import define, field

from adapters.aws_lambda.template import EXAMPLE

EVENT = {"DeploymentId": "d", "LifecycleEventHookExecutionId": "e"}
check = runpy.run_path(str(EXAMPLE / "functions" / "checks.py"))["check"]


@define
class Functions:
    """Lambda, with a version that answers so."""

    answer: object
    error: str = ""

    def invoke(self, **_request: Any) -> dict[str, Any]:
        """See boto3."""
        if self.answer is None:
            raise TimeoutError
        failed = {"FunctionError": self.error} if self.error else {}
        return {"Payload": io.BytesIO(json.dumps(self.answer).encode()), **failed}


@define
class Deployments:
    """CodeDeploy, which notes what it is told."""

    told: list[str] = field(factory=list)

    def put_lifecycle_event_hook_execution_status(self, **request: str) -> None:
        """See boto3."""
        assert (request["deploymentId"], request["lifecycleEventHookExecutionId"]) == ("d", "e")
        self.told.append(request["status"])


@pytest.mark.parametrize(
    ("checked", "functions", "status"),
    [
        ("api", Functions({"statusCode": 200}), "Succeeded"),
        ("api", Functions({"statusCode": 503}), "Failed"),
        ("api", Functions({"statusCode": 200}, error="Unhandled"), "Failed"),
        ("api", Functions({"errorMessage": "no module"}, error="Unhandled"), "Failed"),
        ("worker", Functions({"batchItemFailures": []}), "Succeeded"),
        ("worker", Functions({"batchItemFailures": [{"itemIdentifier": "1"}]}), "Failed"),
        ("worker", Functions({"errorMessage": "no table"}, error="Unhandled"), "Failed"),
        ("worker", Functions({"jobs": {}}), "Failed"),
    ],
)
def test_a_version_goes_on_when_it_is_ready(checked: str, functions: Functions, status: str) -> None:
    """Anything else ends the deployment."""
    deployments = Deployments()
    how = {"functions": functions, "deployments": deployments, "version": "v", "checked": checked}
    assert check(EVENT, **how) == status
    assert deployments.told == [status]


def test_a_check_that_fails_ends_the_deployment() -> None:
    """CodeDeploy is told at once, and does not wait for an hour."""
    deployments = Deployments()
    with pytest.raises(TimeoutError):
        check(EVENT, functions=Functions(None), deployments=deployments, version="v")
    assert deployments.told == ["Failed"]
