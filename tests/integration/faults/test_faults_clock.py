"""The clock jumps: chains do not care, and nothing that depends on dates becomes laxer."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import lambda_app
from understudy import clock

ROOT = Path(lambda_app.__file__).parents[1]
# Files of the request's path, and of what it writes, that may read the time by themselves.
CLOCKS = {"understudy/clock.py"}


@pytest.fixture
def jump() -> Iterator[Any]:
    """Set the clock of the function and of its audit log ahead by so many days."""
    off = [timedelta()]

    def by(days: float) -> None:
        off[0] = timedelta(days=days)

    with clock.turned(lambda: datetime.now(UTC) + off[0]):
        yield by


def test_a_clock_that_jumps_breaks_no_chain(around: Any, jump: Any) -> None:
    for days in (0, 400, -30, 0.0001, -0.0001, 0):
        jump(days)
        assert around.recommend()[0] == 200
    times = [entry["at"] for entry in around.entries()]
    assert times != sorted(times)
    assert [entry["seq"] for entry in around.entries()] == [1, 2, 3, 4, 5, 6]


def test_a_clock_set_back_before_the_records_refuses_them(around: Any, jump: Any) -> None:
    assert "distilled" in around.layers()
    jump(-10_000)
    status, answer = around.recommend()
    assert (status, answer["recommendations"]) == (200, [])
    assert "dated in the future" in answer["tasks"]["signups"]["steps"][0]
    jump(0)
    assert "distilled" in around.layers()


def test_the_test_turns_the_only_clock_of_a_decision() -> None:
    """Should a module of the request path read the time by itself, the tests above would not see it."""
    looked = [*(ROOT / "lambda_app").glob("*.py"), ROOT / "understudy/audit/log.py", ROOT / "understudy/clock.py"]
    looked += (ROOT / "understudy/stores").rglob("*.py")
    readers = {path.relative_to(ROOT).as_posix() for path in looked if _reads_the_time(path)}
    assert readers == CLOCKS


def _reads_the_time(path: Path) -> bool:
    """Whether the file calls ``datetime.now``, ``date.today``, ``time.time`` and the like."""
    calls = (node.func for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))
    named = {f"{ast.unparse(call.value)}.{call.attr}" for call in calls if isinstance(call, ast.Attribute)}
    return not named.isdisjoint({"datetime.now", "datetime.utcnow", "date.today", "time.time", "time.time_ns"})
