"""The OpenAPI 3.1 document of the API, made from the contracts: ``python -m lambda_app.openapi docs/openapi.json``."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from pydantic.json_schema import models_json_schema

import understudy
from lambda_app.routes import PARAMETERS
from understudy.contracts._model import Contract
from understudy.contracts.api import (
    Explanation,
    Health,
    Preferences,
    Problem,
    RecommendationRequest,
    RecommendationResponse,
)

__all__ = ["OPERATIONS", "openapi", "render"]

REF = "#/components/schemas/{model}"
PROBLEMS = {
    400: "The event, path or body was refused; `errors` names the fields and never repeats their values.",
    404: "There is no such path, customer or decision.",
    413: "The body exceeds 64 KiB.",
    415: "The body was not declared as `application/json`.",
    503: "The audit entry could not be written, the store could not answer, or the model bundle was refused.",
}


class _Operation:
    """One method of one path."""

    def __init__(
        self,
        name: str,
        summary: str,
        answer: type[Contract],
        problems: tuple[int, ...],
        body: type[Contract] | None = None,
        also: dict[int, str] | None = None,
    ) -> None:
        self.name = name
        self.summary = summary
        self.answer = answer
        self.problems = problems
        self.body = body
        self.also = also or {}

    def describe(self, path: str) -> dict[str, Any]:
        described: dict[str, Any] = {
            "operationId": self.name,
            "summary": self.summary,
            "responses": {
                "200": {"description": "The answer.", "content": _json(self.answer)},
                **{
                    str(status): {"description": text, "content": _json(self.answer)}
                    for status, text in self.also.items()
                },
                **{str(status): _problem(status) for status in self.problems},
            },
        }
        if self.body is not None:
            described["requestBody"] = {"required": True, "content": _json(self.body)}
        parameters = [_parameter(name) for name in re.findall(r"\{(\w+)\}", path)]
        return described | ({"parameters": parameters} if parameters else {})


OPERATIONS: dict[str, dict[str, _Operation]] = {
    "/v1/recommendations": {
        "POST": _Operation(
            "recommend",
            "Recommend products to one customer, with reasons",
            RecommendationResponse,
            (400, 404, 413, 415, 503),
            RecommendationRequest,
        )
    },
    "/v1/health": {
        "GET": _Operation(
            "health",
            "Which layer speaks for each task",
            Health,
            (),
            also={503: "Nothing can be decided; `problems` says why."},
        )
    },
    "/v1/customers/{customer_id}/preferences": {
        "GET": _Operation("readPreferences", "Whether the customer has opted out", Preferences, (400, 404, 503)),
        "PUT": _Operation(
            "writePreferences",
            "Object to automated profiling, or withdraw the objection",
            Preferences,
            (400, 413, 415, 503),
            Preferences,
        ),
    },
    "/v1/customers/{customer_id}/explanations/{request_id}": {
        "GET": _Operation("explain", "A past decision, as the audit log has it", Explanation, (400, 404, 503))
    },
}


def openapi() -> dict[str, Any]:
    """The document, as JSON data."""
    models: set[type[Contract]] = {Problem}
    for methods in OPERATIONS.values():
        for operation in methods.values():
            models |= {operation.answer} | ({operation.body} if operation.body else set())
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
            path: {method.lower(): operation.describe(path) for method, operation in methods.items()}
            for path, methods in OPERATIONS.items()
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


def _json(model: type[Contract]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": REF.format(model=model.__name__)}}}


def _problem(status: int) -> dict[str, Any]:
    schema = {"schema": {"$ref": REF.format(model="Problem")}}
    return {"description": PROBLEMS[status], "content": {"application/problem+json": schema}}


def _parameter(name: str) -> dict[str, Any]:
    schema = {"type": "string", "pattern": f"^{PARAMETERS[name].pattern}$"}
    return {"name": name, "in": "path", "required": True, "schema": schema}


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(render(), encoding="utf-8")
