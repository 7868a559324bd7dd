"""A typed client of the HTTP API, on the standard library alone."""

from understudy.client.api import UnderstudyClient
from understudy.client.errors import ApiError, NoAnswerError
from understudy.client.retrying import Retries
from understudy.client.signing import sigv4

__all__ = ["ApiError", "NoAnswerError", "Retries", "UnderstudyClient", "sigv4"]
