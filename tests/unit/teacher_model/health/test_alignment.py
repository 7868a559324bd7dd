from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from teacher.health.alignment import SHIFTS, labels_aligned


def losses(best: int) -> dict[int, NDArray[np.float64]]:
    rng = np.random.default_rng(0)
    return {shift: rng.random(400) * (0.3 if shift == best else 1.0) for shift in (0, *SHIFTS)}


def test_labels_that_fit_where_they_are_pass() -> None:
    assert labels_aligned({"buys": losses(best=0)}).status == "pass"


@pytest.mark.parametrize("shift", SHIFTS)
def test_labels_that_fit_better_when_shifted_fail(shift: int) -> None:
    check = labels_aligned({"buys": losses(best=0), "spend": losses(best=shift)})
    assert check.status == "fail"
    assert f"spend: labels shifted by {shift}" in check.detail
    assert "buys" not in check.detail


def test_a_task_without_skill_is_not_blamed() -> None:
    assert labels_aligned({"noise": losses(best=99), "buys": losses(best=0)}).status == "pass"


def test_without_any_skill_alignment_is_unknown() -> None:
    assert labels_aligned({"noise": losses(best=99)}).status == "unknown"


def test_unknown_labels_do_not_count() -> None:
    by_shift = losses(best=0)
    by_shift[1][::2] = np.nan
    assert labels_aligned({"buys": by_shift}).status == "pass"
