"""The site, behind the HTTP API."""

import os

from commitcollect_adapters.aws_lambda import make_api_handler

handler = make_api_handler(os.environ)
