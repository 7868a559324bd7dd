from __future__ import annotations

import numpy as np

from teacher.features.groups.persistence import bars_of
from teacher.inputs.diagrams import diagram_points, diagrams


def test_the_bars_are_those_of_gudhi_whatever_the_padding() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(12, 15, 2)).astype(np.float32)
    mask = np.arange(15)[None, :] >= rng.integers(0, 9, size=(12, 1))
    found = diagrams(values, mask)
    assert found.shape == (12, 2, diagram_points(15), 3)
    for row in range(12):
        for channel in range(2):
            series = values[row, mask[row], channel].astype(np.float64)
            expected = bars_of((series - series.mean()) / series.std())
            expected = expected[expected[:, 1] > expected[:, 0]]
            there = found[row, channel][found[row, channel, :, 2] == 1][:, :2]
            assert len(there) == len(expected)
            np.testing.assert_allclose(
                sorted(map(tuple, there.tolist())), sorted(map(tuple, expected.tolist())), atol=1e-5
            )


def test_level_and_scale_leave_the_diagram_as_it_is_and_a_flat_series_has_none() -> None:
    series = np.array([[[3.0], [1.0], [2.0], [0.0], [4.0]]], dtype=np.float32)
    mask = np.ones((1, 5), dtype=np.bool_)
    np.testing.assert_allclose(diagrams(series, mask), diagrams(7.0 * series + 100.0, mask), atol=1e-5)
    assert not diagrams(np.full((1, 5, 1), 2.0, dtype=np.float32), mask).any()
