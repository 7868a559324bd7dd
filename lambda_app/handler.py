"""The entry point of the inference function."""

from __future__ import annotations

import os
import uuid
from functools import cache
from typing import Any

from lambda_app.app import App
from lambda_app.deadline import Deadline, set_deadline
from lambda_app.defects import as_problem
from lambda_app.http import HttpRequest, empty_answer, parse_event, problem_answer, tagged
from lambda_app.logs import RequestLog, begin
from lambda_app.metrics import emit
from lambda_app.negotiation import check_acceptable
from lambda_app.replay import is_replay, replay
from lambda_app.routes import find_route, methods_of
from lambda_app.settings import Settings
from lambda_app.tracing import read_trace

__all__ = ["application", "handler"]


@cache
def application() -> App:
    """The application of this environment."""
    return App(Settings.from_environment())


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Answer one API Gateway HTTP API event (payload format 2.0); never raises, and says nothing of its input.

    The one other event is the audit's, see `lambda_app.replay`.
    """
    set_deadline(Deadline.of_invocation(context))
    if is_replay(event):
        return replay(application(), event["replay"])
    request_id = str(uuid.uuid4())
    trace = read_trace({})
    request_log = begin(request_id, trace.trace_id)
    head = False
    try:
        http = parse_event(event)
        head = http.method == "HEAD"
        trace = read_trace(http.headers)
        request_log.trace_id = trace.trace_id
        response = _respond(http, request_id, request_log)
    except Exception as error:
        response = problem_answer(as_problem(error), request_id)
    response["headers"] |= {"x-request-id": request_id, "traceparent": trace.traceparent}
    emit(request_log, str(request_log.facts.pop("route", "")), response["statusCode"])
    return response | {"body": ""} if head else response


def _respond(http: HttpRequest, request_id: str, request_log: RequestLog) -> dict[str, Any]:
    if http.method == "OPTIONS":
        return empty_answer(204, {"allow": methods_of(http.path)})
    route, params = find_route(http)
    request_log.facts["route"] = route.name
    check_acceptable(http.headers.get("accept", ""))
    response = route.endpoint(application(), http, request_id, params)
    if route.tagged and response["statusCode"] == 200:
        return tagged(response, http.headers.get("if-none-match", ""))
    return response


if "AWS_LAMBDA_RUNTIME_API" in os.environ:
    application()  # in the init phase, whose result SnapStart keeps: models are loaded before the first request
