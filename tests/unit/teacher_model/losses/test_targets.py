from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from teacher.losses import TargetScale
from understudy.errors import UserError


def test_regression_is_standardised_by_training_rows_and_classes_are_kept(toy: Any) -> None:
    train = np.arange(100)
    scale = TargetScale.fit(toy, train)
    encoded = scale.encode(toy, train).numpy()
    assert encoded[:, 2].mean() == pytest.approx(0.0, abs=1e-5)
    assert encoded[:, 2].std() == pytest.approx(1.0, abs=1e-5)
    np.testing.assert_array_equal(encoded[:, 1], toy.labels["next"][train])
    np.testing.assert_array_equal(np.isnan(encoded[:, 0]), np.isnan(toy.labels["buys"][train]))
    toy.labels["spend"][100:] = 1e9
    assert TargetScale.fit(toy, train).mean[2] == scale.mean[2]


def test_a_task_without_any_known_label_is_an_error(toy: Any) -> None:
    toy.labels["buys"][:] = np.nan
    with pytest.raises(UserError, match="task buys"):
        TargetScale.fit(toy, np.arange(100))


def test_a_constant_label_does_not_divide_by_zero(toy: Any) -> None:
    toy.labels["spend"][:] = 4.0
    assert TargetScale.fit(toy, np.arange(100)).encode(toy, np.arange(100))[:, 2].isfinite().all()
