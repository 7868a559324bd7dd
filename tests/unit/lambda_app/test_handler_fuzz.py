"""Generated events: never a 5xx, never the input in the answer. ``benchmarks/fuzz.py`` runs ten thousand of them."""

from __future__ import annotations

from typing import Any

import pytest
from fuzz_events import MARK, complaint, events
from hypothesis import HealthCheck, given, settings


@pytest.fixture(scope="module")
def seen() -> set[int]:
    return set()


@settings(max_examples=500, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(event=events())
def test_no_event_breaks_the_handler(
    function: Any, capsys: pytest.CaptureFixture[str], seen: set[int], event: Any
) -> None:
    response = function.raw(event)
    seen.add(response["statusCode"])
    assert complaint(response) is None, response
    assert MARK not in capsys.readouterr().out


def test_the_generator_reached_the_routes(seen: set[int]) -> None:
    assert {200, 204, 400, 404, 405, 406, 413, 415} <= seen
