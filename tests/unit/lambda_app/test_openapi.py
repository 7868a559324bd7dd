"""The committed document is the generated one, is valid, and tells of every route."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from openapi_spec_validator import validate

from lambda_app.openapi import PROBLEMS, openapi, render
from lambda_app.routes import ROUTES

COMMITTED = Path(__file__).parents[3] / "docs" / "openapi.json"


def test_the_committed_document_is_current() -> None:
    current = COMMITTED.read_text(encoding="utf-8") == render()
    assert current, "run: python -m lambda_app.openapi docs/openapi.json"


def test_it_is_valid_openapi() -> None:
    validate(openapi())


def test_every_route_is_described_and_nothing_else() -> None:
    described = {path: {method.upper() for method in methods} for path, methods in openapi()["paths"].items()}
    assert described == {path: set(methods) for path, methods in ROUTES.items()}


@pytest.mark.parametrize(("path", "method"), [(path, method) for path, methods in ROUTES.items() for method in methods])
def test_every_route_has_a_schema_for_all_that_it_takes_and_gives(path: str, method: str) -> None:
    document, route = openapi(), ROUTES[path][method]
    operation = document["paths"][path][method.lower()]
    schemas = document["components"]["schemas"]
    assert operation["summary"]
    assert route.answer.__name__ in schemas
    assert route.body is None or route.body.__name__ in schemas
    assert ("requestBody" in operation) == (route.body is not None)
    declared = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
    assert declared == set(re.findall(r"\{(\w+)\}", path))
    for status in map(int, operation["responses"]):
        assert status in {200, 304} | set(route.also) or status in PROBLEMS
    if route.body is not None:
        assert {400, 413, 415} <= set(route.problems)


def test_operation_ids_are_unique() -> None:
    ids = [o["operationId"] for methods in openapi()["paths"].values() for o in methods.values()]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", ["RecommendationRequest", "Preferences"])
def test_unknown_keys_are_declared_refused(name: str) -> None:
    assert json.loads(render())["components"]["schemas"][name]["additionalProperties"] is False
