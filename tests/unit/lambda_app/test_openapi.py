"""The committed document is the generated one, is valid, and tells of every route."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from openapi_spec_validator import validate

from lambda_app.openapi import OPERATIONS, openapi, render
from lambda_app.routes import ROUTES

COMMITTED = Path(__file__).parents[3] / "docs" / "openapi.json"


def test_the_committed_document_is_current() -> None:
    current = COMMITTED.read_text(encoding="utf-8") == render()
    assert current, "run: python -m lambda_app.openapi docs/openapi.json"


def test_it_is_valid_openapi() -> None:
    validate(openapi())


def test_every_route_is_described_and_nothing_else() -> None:
    assert {p: set(m) for p, m in OPERATIONS.items()} == {p: set(m) for p, m in ROUTES.items()}


@pytest.mark.parametrize("name", ["RecommendationRequest", "Preferences"])
def test_unknown_keys_are_declared_refused(name: str) -> None:
    assert json.loads(render())["components"]["schemas"][name]["additionalProperties"] is False
