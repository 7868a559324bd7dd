"""A typed client of the HTTP API, on the standard library alone."""

from understudy.client.admin import AdminClient
from understudy.client.api import UnderstudyClient
from understudy.client.errors import ApiError, NoAnswerError
from understudy.client.retrying import Retries
from understudy.client.signing import bearer, sigv4

__all__ = ["AdminClient", "ApiError", "NoAnswerError", "Retries", "UnderstudyClient", "bearer", "sigv4"]
