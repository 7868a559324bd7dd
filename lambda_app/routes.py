"""Every route of the API, and the way from a path to the function that answers it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lambda_app.batch import recommend_batch
from lambda_app.health import health
from lambda_app.http import HttpError, HttpRequest
from lambda_app.recommend import recommend
from lambda_app.rights import explain, read_preferences, write_preferences
from lambda_app.route import Route
from understudy.contracts.api import (
    BatchRequest,
    BatchResponse,
    Explanation,
    FieldError,
    Health,
    Preferences,
    RecommendationRequest,
    RecommendationResponse,
)

__all__ = ["PARAMETERS", "ROUTES", "find_route", "methods_of"]

ROUTES: dict[str, dict[str, Route]] = {
    "/v1/recommendations": {
        "POST": Route(
            recommend,
            "Recommend products to one customer, with reasons",
            RecommendationResponse,
            (400, 404, 413, 415, 503),
            RecommendationRequest,
        )
    },
    "/v1/recommendations/batch": {
        "POST": Route(
            recommend_batch,
            "Recommend products to several customers; each item has its own outcome",
            BatchResponse,
            (400, 413, 415, 503),
            BatchRequest,
        )
    },
    "/v1/health": {
        "GET": Route(
            health,
            "Which layer speaks for each task",
            Health,
            tagged=True,
            also={503: "Nothing can be decided; `problems` says why."},
        )
    },
    "/v1/customers/{customer_id}/preferences": {
        "GET": Route(read_preferences, "Whether the customer has opted out", Preferences, (400, 404, 503)),
        "PUT": Route(
            write_preferences,
            "Object to automated profiling, or withdraw the objection",
            Preferences,
            (400, 413, 415, 503),
            Preferences,
        ),
    },
    "/v1/customers/{customer_id}/explanations/{request_id}": {
        "GET": Route(
            explain, "A past decision, as the audit log has it", Explanation, (400, 404, 410, 503), tagged=True
        )
    },
}
# The shapes of path parameters: as strict as those of the body.
PARAMETERS = {"customer_id": re.compile(r"[A-Za-z0-9._:@-]{1,64}"), "request_id": re.compile(r"[A-Za-z0-9-]{1,64}")}
_PATTERNS = [(re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)), methods) for path, methods in ROUTES.items()]


def find_route(http: HttpRequest) -> tuple[Route, dict[str, str]]:
    """The route of a request, and its path parameters. HEAD finds the route of GET.

    Raises:
        HttpError: 404 for an unknown path, 405 for a method that it does not have, 400 for a malformed parameter.
    """
    methods, params = _match(http.path)
    method = "GET" if http.method == "HEAD" else http.method
    if method not in methods:
        allowed = _allowed(methods)
        raise HttpError(405, f"This path answers to {allowed}.", headers={"allow": allowed})
    bad = [name for name, value in params.items() if not PARAMETERS[name].fullmatch(value)]
    if bad:
        errors = [FieldError(field=name, message="malformed identifier") for name in bad]
        raise HttpError(400, "The path was refused.", errors=errors)
    return methods[method], params


def _match(path: str) -> tuple[dict[str, Route], dict[str, str]]:
    for pattern, methods in _PATTERNS:
        match = pattern.fullmatch(path)
        if match is not None:
            return methods, match.groupdict()
    raise HttpError(404, "There is no such path.")


def methods_of(path: str) -> str:
    """What an ``Allow`` header says about ``path``.

    Raises:
        HttpError: 404 for an unknown path.
    """
    return _allowed(_match(path)[0])


def _allowed(methods: Mapping[str, Route]) -> str:
    return ", ".join(sorted({*methods, "OPTIONS"} | ({"HEAD"} if "GET" in methods else set())))
