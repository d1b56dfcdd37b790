"""Creating, checking and deleting the two queues. Every function may be called again after a failure."""

from __future__ import annotations

import json
from functools import partial

from attrs import frozen

from commitcollect_adapters.aws.sqs.queues import MissingQueue, Queue, Queues, parse
from commitcollect_adapters.backend import Provisioning
from commitcollect_core.policy import Policy

RECEIVES_MAX = 50
"""After so many receives SQS sets a message aside; a worker does much earlier, unless it ends each time."""

RETENTION_SECONDS = 14 * 86_400
"""As long as SQS keeps a message at most."""

_SETTINGS = {"MessageRetentionPeriod": str(RETENTION_SECONDS), "SqsManagedSseEnabled": "true"}
_REDRIVE = "RedrivePolicy"


@frozen(kw_only=True)
class QueueStatus:
    """One queue as the engine describes it.

    Attributes:
        state: ACTIVE or MISSING.
        is_encrypted: whether messages are kept encrypted; None where it is missing.
        sets_aside: whether messages that are received too often are moved; None for the queue they go to.
    """

    name: str
    state: str
    is_encrypted: bool | None = None
    sets_aside: bool | None = None


def create_queues(queues: Queues) -> list[QueueStatus]:
    """Create the missing queues, and give the others the settings they need.

    Raises:
        StorageError: the engine refuses, or cannot be reached.
    """
    # The target first: the other queue's settings name it.
    _complete(queues, queues.parked, _SETTINGS)
    target = queues.parked.attributes("QueueArn")["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": str(RECEIVES_MAX)})
    _complete(queues, queues.waiting, {**_SETTINGS, _REDRIVE: redrive})
    return queue_statuses(queues)


def _complete(queues: Queues, queue: Queue, settings: dict[str, str]) -> None:
    if _status(queues, queue).state == "MISSING":
        queues.client.call("create_queue", QueueName=queue.name, Attributes=settings)
    else:
        queue.call("set_queue_attributes", Attributes=settings)


def queue_statuses(queues: Queues) -> list[QueueStatus]:
    """The state of both queues."""
    return [_status(queues, each) for each in (queues.waiting, queues.parked)]


def delete_queues(queues: Queues) -> list[QueueStatus]:
    """Delete the queues that are there, with everything in them. AWS needs a minute until they are gone."""
    for queue in (queues.waiting, queues.parked):
        try:
            queue.call("delete_queue")
        except MissingQueue:
            continue
    return queue_statuses(queues)


def _status(queues: Queues, queue: Queue) -> QueueStatus:
    try:
        attributes = queue.attributes("All")
    except MissingQueue:
        return QueueStatus(name=queue.name, state="MISSING")
    return QueueStatus(
        name=queue.name,
        state="ACTIVE",
        is_encrypted=attributes.get("SqsManagedSseEnabled") == "true" or "KmsMasterKeyId" in attributes,
        sets_aside=None if queue is queues.parked else _REDRIVE in attributes,
    )


def provisioning(address: str, policy: Policy) -> Provisioning:
    """The queues at ``sqs://NAME?endpoint=…&region=…``.

    Raises:
        InvalidInput: the address has another form.
    """
    queues = Queues(parse(address), deadline_seconds=policy.training.store_deadline_seconds)
    return Provisioning(
        create=partial(create_queues, queues),
        statuses=partial(queue_statuses, queues),
        delete=partial(delete_queues, queues),
    )
