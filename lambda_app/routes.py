"""Every route of the API, and the way from a path to the function that answers it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from lambda_app.app import App
from lambda_app.health import health
from lambda_app.http import HttpError, HttpRequest
from lambda_app.recommend import recommend
from lambda_app.rights import explain, read_preferences, write_preferences
from understudy.contracts.api import FieldError

__all__ = ["ROUTES", "Endpoint", "find_route"]

Endpoint = Callable[[App, HttpRequest, str, Mapping[str, str]], dict[str, Any]]

ROUTES: dict[str, dict[str, Endpoint]] = {
    "/v1/recommendations": {"POST": recommend},
    "/v1/health": {"GET": health},
    "/v1/customers/{customer_id}/preferences": {"GET": read_preferences, "PUT": write_preferences},
    "/v1/customers/{customer_id}/explanations/{request_id}": {"GET": explain},
}
# The shapes of path parameters: as strict as those of the body.
PARAMETERS = {"customer_id": re.compile(r"[A-Za-z0-9._:@-]{1,64}"), "request_id": re.compile(r"[A-Za-z0-9-]{1,64}")}
_PATTERNS = [(re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)), methods) for path, methods in ROUTES.items()]


def find_route(http: HttpRequest) -> tuple[Endpoint, dict[str, str]]:
    """The endpoint of a request, and its path parameters.

    Raises:
        HttpError: 404 for an unknown path, 405 for a method that it does not have, 400 for a malformed parameter.
    """
    for pattern, methods in _PATTERNS:
        match = pattern.fullmatch(http.path)
        if match is None:
            continue
        if http.method not in methods:
            allowed = ", ".join(sorted(methods))
            raise HttpError(405, f"This path answers to {allowed}.", headers={"allow": allowed})
        params = match.groupdict()
        bad = [name for name, value in params.items() if not PARAMETERS[name].fullmatch(value)]
        if bad:
            errors = [FieldError(field=name, message="malformed identifier") for name in bad]
            raise HttpError(400, "The path was refused.", errors=errors)
        return methods[http.method], params
    raise HttpError(404, "There is no such path.")
