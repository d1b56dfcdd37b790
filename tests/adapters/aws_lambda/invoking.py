"""Events as Lambda hands them to handlers, and the call around them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import frozen

from commitcollect_adapters.ciphers.keys import new_key

KEY = new_key()
HOST = "127.0.0.1:8080"


@frozen
class Call:
    """What Lambda tells about a call."""

    seconds: float = 60.0

    def get_remaining_time_in_millis(self) -> int:
        """See `Invocation`."""
        return int(self.seconds * 1_000)


def environ_in(folder: Path, **settings: str) -> dict[str, str]:
    """The environment of a function on a store of its own, with a Strava that is never called."""
    given = {
        "store": str(folder / "store.db"),
        "identity": "local:",
        "identity_redirect_uri": f"http://{HOST}/auth/callback",
        "strava_client_id": "1",
        "strava_client_secret": "s",
        "strava_verify_token": "v",
        "strava_subscription_id": "1",
        **settings,
    }
    return {f"COMMITCOLLECT_{name.upper()}": value for name, value in given.items()}


def request(method: str, path: str, *, query: str = "", body: str | None = None, **headers: str) -> Any:
    """A request as an HTTP API of API Gateway hands it over, in the format 2.0."""
    given = {"host": HOST, **{name.replace("_", "-"): value for name, value in headers.items()}}
    cookies = given.pop("cookie", "")
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": given,
        "requestContext": {
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
            "stage": "$default",
        },
        "isBase64Encoded": False,
    }
    if cookies:
        event["cookies"] = cookies.split("; ")
    if body is not None:
        event["body"] = body
    return event


def records(messages: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Messages of SQS as its event source hands them over."""
    return {
        "Records": [
            {
                "messageId": each["MessageId"],
                "receiptHandle": each["ReceiptHandle"],
                "body": each["Body"],
                "attributes": each["Attributes"],
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "awsRegion": "eu-central-1",
            }
            for each in messages
        ]
    }
