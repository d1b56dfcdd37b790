"""The example's resources and handlers: a person signs up, is awarded parts, and deletes the account.

They are deployed to ministack, which enforces the policies of the template: each handler runs in the role of
its function. Left out are what SAM makes (functions, API, schedules) and what ministack has not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from attrs import define, field

from adapters.aws_lambda.deploying import Deployment, deployed, left_out
from adapters.aws_lambda.invoking import Call, records, request
from adapters.aws_lambda.template import load
from cli.stravas import ATHLETE, fresh_fake, ride
from commitcollect_adapters.aws_lambda.keeping import Handler
from commitcollect_adapters.ciphers.keys import new_key
from commitcollect_adapters.strava.fake import Delivery, FakeStrava
from commitcollect_adapters.strava.fake.server import application
from commitcollect_adapters.web.serving import serving

EMAIL, PASSWORD = "ada@example.org", "Canary-password-77a1"
ORIGIN = "https://app.example.org"
_INPUT = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')
INVOCATIONS_MAX = 50


@pytest.fixture(scope="module")
def deployment() -> Iterator[Deployment]:
    """The template's resources."""
    with deployed() as made:
        yield made


@define
class Service:
    """The functions of the deployment, and a person's browser.

    Attributes:
        fake: the Strava that they call.
        cookies: of the browser.
    """

    deployment: Deployment
    fake: FakeStrava
    api: Handler
    worker: Handler
    scheduled: Handler
    cookies: dict[str, str] = field(factory=dict)

    def ask(self, method: str, path: str, document: object = None, *, query: str = "") -> Any:
        """A request of the browser to the site; its answer."""
        body = None if document is None else json.dumps(document)
        event = request(method, path, query=query, body=body, host="app.example.org", origin=ORIGIN,
                        content_type="application/json")  # fmt: skip
        event["cookies"] = [f"{name}={value}" for name, value in self.cookies.items()]
        answer = self.api(event, Call())
        for each in answer.get("cookies", ()):
            name, _, value = each.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    def sign_in(self) -> Any:
        """Go to Cognito's page, fill it in, and come back."""
        hosted = self.ask("GET", "/auth/login")["headers"]["location"]
        with httpx.Client(trust_env=False, timeout=60) as browser:
            page = browser.get(hosted)
            hidden = {name: unescape(value) for name, value in _INPUT.findall(page.text)}
            sent = browser.post(
                f"{self.deployment.endpoint}/login",
                data={**hidden, "username": EMAIL, "password": PASSWORD},
            )
        back = urlsplit(sent.headers["location"])
        return self.ask("GET", back.path, query=back.query)

    def connect(self) -> Any:
        """Go to Strava's page, agree, and come back."""
        consent = self.ask("GET", "/strava/connect")["headers"]["location"]
        back = urlsplit(self.fake.visit_consent(consent))
        return self.ask("GET", back.path, query=back.query)

    def deliver(self) -> None:
        """Have Strava deliver its events."""

        def post(delivery: Delivery) -> int:
            event = request(
                "POST", "/webhooks/strava", body=delivery.body.decode(), content_type="application/json"
            )
            status: int = self.api(event, Call())["statusCode"]
            return status

        self.fake.deliver(post)

    def work(self) -> int:
        """Hand what waits to the worker as Lambda does, until nothing is left; how many messages."""
        queue = self.deployment.client("sqs")
        where = queue.get_queue_url(QueueName="commitcollect-dev")["QueueUrl"]
        total = 0
        for _ in range(INVOCATIONS_MAX):
            received = queue.receive_message(
                QueueUrl=where,
                MaxNumberOfMessages=10,
                WaitTimeSeconds=0 if total else 5,  # a job of an event is delayed by a second or two
                VisibilityTimeout=720,
                MessageSystemAttributeNames=["All"],
            ).get("Messages", [])
            if not received:
                break
            total += len(received)
            assert self.worker(records(received), Call()) == {"batchItemFailures": []}
        return total

    def milestone(self, milestone_id: str) -> Any:
        """A milestone as the site shows it."""
        return json.loads(self.ask("GET", f"/milestones/{milestone_id}")["body"])

    def items(self) -> list[str]:
        """The text of every item in the tables."""
        tables = self.deployment.client("dynamodb")
        names = ("", "Sessions", "Audit", "Idempotency", "Deletions")
        return [
            json.dumps(item, default=str)
            for name in names
            for item in tables.scan(TableName=f"commitcollect-dev{name}")["Items"]
        ]


@pytest.fixture(scope="module")
def service(deployment: Deployment) -> Iterator[Service]:
    """The functions, with their secrets written, beside a Strava with three rides of 5 km."""
    fake = fresh_fake(rides=3)
    subscription_id = fake.put_subscription()
    with serving(application(fake)) as base:
        app = fake.app_at(base)
        secrets = {
            "strava_client_secret": app.client_secret,
            "strava_verify_token": "v",
            "audit_keys": new_key(),
            "receipt_key": new_key(),
        }
        deployment.client("secretsmanager").put_secret_value(
            SecretId="commitcollect/dev", SecretString=json.dumps(secrets)
        )
        settings = {
            "strava_client_id": app.client_id,
            "strava_subscription_id": str(subscription_id),
            "strava_api_base": app.api_base,
            "strava_oauth_base": app.oauth_base,
        }
        people = deployment.client("cognito-idp")
        pool = deployment.physical["People"]
        attributes = [{"Name": "email", "Value": EMAIL}, {"Name": "email_verified", "Value": "true"}]
        people.admin_create_user(
            UserPoolId=pool, Username=EMAIL, UserAttributes=attributes, MessageAction="SUPPRESS"
        )
        people.admin_set_user_password(UserPoolId=pool, Username=EMAIL, Password=PASSWORD, Permanent=True)
        yield Service(
            deployment=deployment,
            fake=fake,
            api=deployment.handler("ApiFunction", **settings),
            worker=deployment.handler("WorkerFunction", **settings),
            scheduled=deployment.handler("ScheduledFunction", **settings),
        )


def test_what_is_left_out_is_known() -> None:
    """All that stores, hides or allows something is deployed."""
    assert left_out(load()) == {
        "Api", "ApiFunction", "Budget", "ChecksFunction", "ChecksRole", "Dashboard", "ScheduleRole",
        "ScheduledFunction", "ServerErrorsAlarm", "ThrottlesAlarm", "Trail", "WorkerChecksFunction",
        "WorkerChecksRole", "WorkerFunction",
    }  # fmt: skip


@pytest.mark.slow
def test_from_signing_up_to_the_last_item(service: Service) -> None:
    """A history and an event are awarded, and of a deleted account no item and no user is left."""
    assert service.sign_in()["statusCode"] == 302
    user_id = json.loads(service.ask("GET", "/session")["body"])["userId"]
    goal = {
        "modelId": "DRAGON_2026",
        "sport": "ANY",
        "targetType": "DISTANCE_METERS",
        "totalTarget": 60_000,
        "periodStartAtUtc": 1_577_836_800,
    }
    made = service.ask("POST", "/milestones", goal)
    assert made["statusCode"] == 201
    milestone_id = json.loads(made["body"])["milestoneId"]

    connected = service.connect()
    assert connected["statusCode"] == 302, connected["body"]
    assert service.work() > 0
    assert len(service.milestone(milestone_id)["awards"]) == 3
    service.fake.upload(ATHLETE, ride(50))
    service.deliver()
    assert service.work() > 0
    assert len(service.milestone(milestone_id)["awards"]) == 4

    for task in ("reconcile", "sweep-deletions", "expire"):
        service.scheduled({"task": task}, Call())
    service.work()
    report = service.scheduled({"task": "report"}, Call())
    assert (report["athletes_connected"], report["jobs_parked"]) == (1, 0)

    before = [each for each in service.items() if user_id in each]
    assert before
    assert service.ask("DELETE", "/account")["statusCode"] == 204
    service.work()
    assert json.loads(service.ask("GET", "/session")["body"]) == {"status": "invalid_session"}
    left = service.items()
    assert not any(text in each for each in left for text in (user_id, EMAIL))
    people = service.deployment.client("cognito-idp")
    assert people.list_users(UserPoolId=service.deployment.physical["People"])["Users"] == []
    assert not service.fake.has_permission(ATHLETE)


QUEUE = {"QueueUrl": "{endpoint}/000000000000/commitcollect-dev"}
NEW_SECRET = {"SecretId": "commitcollect/dev", "SecretString": "none"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("function", "service_name", "call", "arguments"),
    [
        ("ApiFunction", "dynamodb", "scan", {"TableName": "commitcollect-dev"}),
        ("ApiFunction", "dynamodb", "delete_table", {"TableName": "commitcollect-dev"}),
        ("ApiFunction", "sqs", "delete_queue", QUEUE),
        ("ScheduledFunction", "sqs", "receive_message", QUEUE),
        ("ScheduledFunction", "cognito-idp", "list_users", {"UserPoolId": "{People}"}),
        ("WorkerFunction", "secretsmanager", "put_secret_value", NEW_SECRET),
        ("WorkerFunction", "kms", "schedule_key_deletion", {"KeyId": "{SealKey}"}),
        ("WorkerFunction", "s3", "list_buckets", {}),
    ],
)
def test_a_role_allows_nothing_else(
    deployment: Deployment, function: str, service_name: str, call: str, arguments: dict[str, str]
) -> None:
    """What a function does not need it is refused; so that the other test proves what the policies allow."""
    client = deployment.client(service_name, **deployment.role_of(function))
    names = {**deployment.physical, "endpoint": deployment.endpoint}
    given = {name: value.format_map(names) for name, value in arguments.items()}
    with pytest.raises(client.exceptions.ClientError) as refused:
        getattr(client, call)(**given)
    assert refused.value.response["Error"]["Code"] in {"AccessDenied", "AccessDeniedException"}
