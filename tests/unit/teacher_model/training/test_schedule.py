from __future__ import annotations

from itertools import pairwise

import pytest

from teacher.training.schedule import one_cycle


def test_rises_to_the_peak_then_falls_to_one_percent() -> None:
    factors = [one_cycle(step, 100, 0.1) for step in range(100)]
    assert factors[0] == pytest.approx(0.1)
    assert factors[9] == pytest.approx(1.0)
    assert max(factors) == pytest.approx(1.0)
    assert all(a < b for a, b in pairwise(factors[:10]))
    assert all(a > b for a, b in pairwise(factors[10:]))
    assert factors[-1] == pytest.approx(0.01, abs=1e-3)


def test_a_run_of_one_step_learns_at_the_peak() -> None:
    assert one_cycle(0, 1, 0.1) == 1.0
