"""The clock jumps: chains do not care, and nothing that depends on dates becomes laxer."""

from __future__ import annotations

import datetime as real
import sys
from typing import Any

import pytest

from understudy.audit import log as audit_log


class Jumped(real.datetime):
    """A clock that is off by `off`."""

    off = real.timedelta()

    @classmethod
    def now(cls, tz: real.tzinfo | None = None) -> real.datetime:  # type: ignore[override]
        return real.datetime.now(tz) + cls.off


@pytest.fixture
def jump(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Set the clock of the function and of its audit log ahead by so many days."""
    from lambda_app import clock

    for module in (clock, audit_log):
        monkeypatch.setattr(module, "datetime", Jumped)

    def by(days: float) -> None:
        Jumped.off = real.timedelta(days=days)

    yield by
    Jumped.off = real.timedelta()


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
    readers = {
        name
        for name, module in sys.modules.items()
        if name.startswith("lambda_app.")
        and getattr(module, "datetime", None) is real.datetime
        and "datetime.now" in _source(module)
    }
    assert readers <= {"lambda_app.clock"}


def _source(module: Any) -> str:
    from pathlib import Path

    return Path(module.__file__).read_text(encoding="utf-8")
