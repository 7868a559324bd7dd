from __future__ import annotations

import numpy as np
import pytest

from teacher.inputs.steps import StepScale


def test_real_steps_are_standardised_and_padding_is_zero() -> None:
    rng = np.random.default_rng(0)
    values = (1e5 * rng.lognormal(sigma=1.5, size=(300, 8, 2))).astype(np.float32)
    mask = np.arange(8)[None, :] >= rng.integers(0, 6, size=(300, 1))
    values[~mask] = 0.0
    out = StepScale.fit(values, mask).transform(values, mask)
    assert not out[~mask].any()
    assert out[mask].mean(axis=0) == pytest.approx([0, 0], abs=1e-3)
    assert out[mask].std(axis=0) == pytest.approx([1, 1], abs=1e-3)


def test_what_stands_in_the_padding_does_not_move_the_statistics() -> None:
    values = np.random.default_rng(0).normal(size=(50, 4, 1)).astype(np.float32)
    mask = np.ones((50, 4), dtype=bool)
    mask[:, 0] = False
    noisy = values.copy()
    noisy[:, 0] = 1e6
    first, second = StepScale.fit(values, mask), StepScale.fit(noisy, mask)
    for name in ("centre", "spread", "mean", "std"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_constant_channels_and_missing_values_stay_finite() -> None:
    values = np.full((10, 3, 1), 7.0, dtype=np.float32)
    mask = np.ones((10, 3), dtype=bool)
    fitted = StepScale.fit(values, mask)
    values[0, 0] = np.nan
    assert np.isfinite(fitted.transform(values, mask)).all()
    assert np.isfinite(StepScale.fit(values, np.zeros_like(mask)).transform(values, mask)).all()
