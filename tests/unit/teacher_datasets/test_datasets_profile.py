"""Population stability, by hand."""

from __future__ import annotations

import numpy as np

from teacher.datasets.profile_drift import stability_index


def test_equal_shares_have_no_drift_and_empty_bins_stay_finite() -> None:
    assert stability_index(np.array([10.0, 30.0]), np.array([10.0, 30.0])) == 0.0
    e, a = np.array([0.5, 9.5]) / 10, np.array([9.5, 0.5]) / 10
    expected = float(((a - e) * np.log(a / e)).sum())
    np.testing.assert_allclose(stability_index(np.array([0.0, 9.0]), np.array([9.0, 0.0])), expected)
