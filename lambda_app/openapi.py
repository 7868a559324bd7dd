"""The OpenAPI 3.1 document, made from the table of routes: ``python -m lambda_app.openapi docs/openapi.json``."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic.json_schema import models_json_schema

import understudy
from lambda_app.route import Route
from lambda_app.routes import PARAMETERS, ROUTES
from understudy.contracts._model import Contract
from understudy.contracts.api import Problem

__all__ = ["openapi", "render"]

REF = "#/components/schemas/{model}"
PROBLEMS = {
    400: "The event, path or body was refused; `errors` names the fields and never repeats their values.",
    401: "Nobody signed the request.",
    403: "The caller may not do this.",
    404: "There is no such path, customer or decision.",
    405: "The path does not answer to this method; `Allow` names those that it answers to.",
    406: "The answer is JSON, which the request does not accept.",
    409: "The state of the resource does not allow this.",
    410: "What this was based on has been erased.",
    413: "The body exceeds 64 KiB.",
    415: "The body was not declared as `application/json` in UTF-8.",
    422: "The idempotency key was used before, with another body.",
    500: "A defect; the log has its place under the request id.",
    503: "The audit entry could not be written, the store could not answer, or the model bundle was refused.",
}
ALWAYS = (406, 500)
HEADERS = {
    "Idempotency-Key": (
        "idempotent",
        "A retry with the same key and body within 24 hours gets the first answer, and nothing is decided again.",
        "^[\\x21-\\x7e]{1,255}$",
    ),
    "If-None-Match": ("tagged", "The entity tag of an earlier answer; 304 if it still holds.", None),
}
NOT_MODIFIED = {"description": "The answer with this entity tag still holds."}


def openapi() -> dict[str, Any]:
    """The document, as JSON data."""
    routes = [route for methods in ROUTES.values() for route in methods.values()]
    models: set[type[Contract]] = {Problem, *(r.answer_type for r in routes), *(r.body for r in routes if r.body)}
    ordered = sorted(models, key=lambda model: model.__name__)
    _, schemas = models_json_schema([(model, "validation") for model in ordered], ref_template=REF)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Understudy",
            "version": understudy.__version__,
            "description": "Product recommendations with reasons; every answer has a durable audit entry.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"iam": []}],
        "paths": {
            path: {method.lower(): _operation(path, route) for method, route in methods.items()}
            for path, methods in ROUTES.items()
        },
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {
                "iam": {
                    "type": "apiKey",
                    "name": "Authorization",
                    "in": "header",
                    "description": "AWS Signature Version 4.",
                    "x-amazon-apigateway-authtype": "awsSigv4",
                }
            },
        },
    }


def render() -> str:
    """The document as it is committed."""
    return json.dumps(openapi(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _operation(path: str, route: Route) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": route.operation_id,
        "summary": route.summary,
        "responses": _responses(route),
    }
    if route.body is not None:
        described["requestBody"] = {"required": True, "content": _json(route.body)}
    parameters = [_parameter(name, "path", f"^{PARAMETERS[name].pattern}$") for name in re.findall(r"\{(\w+)\}", path)]
    parameters += [_parameter(name, "query", pattern) for name, pattern in route.query.items()]
    parameters += [_header(name) for name, (trait, _, _) in HEADERS.items() if getattr(route, trait)]
    return described | ({"parameters": parameters} if parameters else {})


def _responses(route: Route) -> Mapping[str, Any]:
    body = _json(route.answer_type)
    responses: dict[str, Any] = {"200": {"description": "The answer.", "content": body}}
    if route.tagged:
        responses["200"]["headers"] = {"ETag": {"schema": {"type": "string"}}}
        responses["304"] = NOT_MODIFIED
    for status, text in route.also.items():
        responses[str(status)] = {"description": text, "content": body}
    problems = {*route.problems, *ALWAYS} - set(route.also)
    return responses | {str(status): _problem(status) for status in sorted(problems)}


def _json(model: type[Contract]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": REF.format(model=model.__name__)}}}


def _problem(status: int) -> dict[str, Any]:
    schema = {"schema": {"$ref": REF.format(model="Problem")}}
    return {"description": PROBLEMS[status], "content": {"application/problem+json": schema}}


def _parameter(name: str, place: str, pattern: str) -> dict[str, Any]:
    schema = {"type": "string", "pattern": pattern}
    return {"name": name, "in": place, "required": place == "path", "schema": schema}


def _header(name: str) -> dict[str, Any]:
    _, description, pattern = HEADERS[name]
    schema = {"type": "string"} | ({"pattern": pattern} if pattern else {})
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(render(), encoding="utf-8")
