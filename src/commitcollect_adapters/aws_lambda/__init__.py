"""Handlers for AWS Lambda: the site, the worker, and what runs on a schedule. Needs the extra ``lambda``.

Each opens what its settings name once for each container, at import, and keeps it open between calls.
"""

from commitcollect_adapters.aws_lambda.api import make_api_handler
from commitcollect_adapters.aws_lambda.scheduled import make_scheduled_handler
from commitcollect_adapters.aws_lambda.worker import make_worker_handler

__all__ = ["make_api_handler", "make_scheduled_handler", "make_worker_handler"]
