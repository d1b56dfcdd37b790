"""Scheduled tasks, and the same for operators."""

import os

from commitcollect_adapters.aws_lambda import make_scheduled_handler

handler = make_scheduled_handler(os.environ)
