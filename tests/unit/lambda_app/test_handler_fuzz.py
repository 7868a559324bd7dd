"""Generated events: never a 5xx, never the input in the answer. ``benchmarks/fuzz.py`` runs ten thousand of them."""

from __future__ import annotations

from typing import Any

import pytest
from fuzz_events import ADMIN_TOKEN, GOOD, MARK, complaint, events
from hypothesis import HealthCheck, given, settings

from lambda_app.routes import ROUTES


@pytest.fixture(scope="module")
def seen() -> set[int]:
    return set()


@settings(max_examples=500, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(event=events())
def test_no_event_breaks_the_handler(
    function: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], seen: set[int], event: Any
) -> None:
    admin = function.app.settings.model_copy(update={"understudy_admin_token": ADMIN_TOKEN})
    monkeypatch.setattr(function.app, "settings", admin)
    response = function.raw(event)
    seen.add(response["statusCode"])
    assert complaint(response) is None, response
    assert MARK not in capsys.readouterr().out


def test_the_generator_reached_the_routes(seen: set[int]) -> None:
    assert {200, 204, 400, 404, 405, 406, 413, 415} <= seen


def test_the_generator_has_a_good_body_for_every_route() -> None:
    wanted = {route.body for methods in ROUTES.values() for route in methods.values() if route.body}
    assert {contract.__name__ for contract in wanted} == set(GOOD)
    for contract in wanted:
        contract.model_validate(GOOD[contract.__name__])
