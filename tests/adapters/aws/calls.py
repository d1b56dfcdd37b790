"""Watching calls to AWS, and answering them in an engine's place."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ReadTimeoutError

from commitcollect_adapters.aws.calls import AwsClient

Answer = Callable[[AWSPreparedRequest], AWSResponse]


@contextmanager
def watched(service: AwsClient, operation: str) -> Iterator[list[dict[str, Any]]]:
    """The parameters of every call of an operation made inside."""
    seen: list[dict[str, Any]] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        seen.append(params)

    with _registered(service, f"provide-client-params.*.{operation}", note):
        yield seen


@contextmanager
def answered(service: AwsClient, operation: str, answer: Answer) -> Iterator[None]:
    """Every call of an operation made inside is answered so."""

    def instead(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        return answer(request)

    with _registered(service, f"before-send.*.{operation}", instead):
        yield


def answer(status: int, body: bytes) -> Answer:
    """An answer of this text."""
    return lambda request: AWSResponse(request.url, status, {}, _Raw(body))


def error(code: str, status: int = 400) -> Answer:
    """An error as AWS answers it."""
    return answer(status, json.dumps({"__type": f"x#{code}", "message": f"said {code}"}).encode())


def silence(request: AWSPreparedRequest) -> AWSResponse:
    """No answer in time."""
    raise ReadTimeoutError(endpoint_url=request.url)


class _Raw(io.BytesIO):
    """A body as urllib3 hands it over."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        """All of it."""
        yield self.read()


@contextmanager
def _registered(service: AwsClient, event: str, act: Callable[..., object]) -> Iterator[None]:
    events = service.boto.meta.events
    events.register(event, act)
    try:
        yield
    finally:
        events.unregister(event, act)
