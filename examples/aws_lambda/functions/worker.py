"""The worker, behind the queue."""

import os

from commitcollect_adapters.aws_lambda import make_worker_handler

handler = make_worker_handler(os.environ)
