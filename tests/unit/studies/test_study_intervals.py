from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from studies._intervals import interval, paired


def test_the_interval_is_student_s() -> None:
    values = [0.1, 0.4, 0.2, 0.35]
    found = interval(values)
    low, high = stats.t.interval(0.95, 3, loc=np.mean(values), scale=stats.sem(values))
    assert (found.mean, found.low, found.high, found.n) == pytest.approx((np.mean(values), low, high, 4))


def test_pairs_are_the_seeds_that_both_have() -> None:
    one = {1: {"mean": 0.5}, 2: {"mean": 0.6}, 3: {"mean": 0.9}}
    other = {1: {"mean": 0.4}, 2: {"mean": 0.5}, 4: {"mean": 0.1}}
    found = paired(one, other, "mean")
    assert (found.mean, found.n) == (pytest.approx(0.1), 2)


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([0.1, 0.11, 0.12], "higher"),
        ([-0.1, -0.11, -0.12], "lower"),
        ([-0.1, 0.1, 0.0], "null effect"),
        ([0.1], "unknown"),
        ([], "unknown"),
    ],
)
def test_a_verdict_needs_an_interval_beside_zero(values: list[float], verdict: str) -> None:
    assert interval(values).verdict == verdict


def test_what_was_not_run_is_said() -> None:
    assert interval([]).said() == "not run"
    assert interval([0.5]).said() == "0.5000 (n = 1)"
    assert math.isnan(interval([0.5]).low)
