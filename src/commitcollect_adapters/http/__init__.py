"""HTTP calls to other services: requests and answers as values, and what sends them."""

from commitcollect_adapters.http.messages import ERROR_BYTES_MAX, SUCCESSES, Answer, Request, Transport

__all__ = ["ERROR_BYTES_MAX", "SUCCESSES", "Answer", "Request", "Transport"]
