"""The entry point of the inference function."""

from __future__ import annotations

import os
import time
import uuid
from functools import cache
from typing import Any

from lambda_app.app import App
from lambda_app.http import HttpError, parse_event, problem_answer
from lambda_app.logs import log
from lambda_app.routes import find_route
from lambda_app.settings import Settings

__all__ = ["application", "handler"]


@cache
def application() -> App:
    """The application of this environment."""
    return App(Settings.from_environment())


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Answer one API Gateway HTTP API event (payload format 2.0)."""
    del context
    started = time.perf_counter()
    request_id = str(uuid.uuid4())
    route = ""
    try:
        http = parse_event(event)
        endpoint, params = find_route(http)
        route = endpoint.__name__
        response = endpoint(application(), http, request_id, params)
    except HttpError as error:
        response = problem_answer(error, request_id)
    except Exception as error:
        # A defect. The caller gets a problem like any other, and the log the place, but no values.
        log("defect", request_id=request_id, error=type(error).__name__, place=_place(error))
        response = problem_answer(HttpError(500, "The request could not be answered."), request_id)
    log(
        "request",
        request_id=request_id,
        route=route,
        status=response["statusCode"],
        ms=round((time.perf_counter() - started) * 1e3, 2),
    )
    return response


def _place(error: Exception) -> str:
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    return f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame else ""


if "AWS_LAMBDA_RUNTIME_API" in os.environ:
    application()  # in the init phase, whose result SnapStart keeps: models are loaded before the first request
