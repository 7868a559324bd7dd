"""How the sequential monitors share one promise about false alarms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["FAMILIES", "day_weights"]

# Of one alarm in `false_alarm_days` without a change, each family has this share. Fairness has the most tests.
FAMILIES = {
    "sample_ratio": 0.1,
    "fairness_single": 0.25,
    "fairness_crossed": 0.25,
    "calibration": 0.1,
    "concept": 0.15,
    "fidelity": 0.15,
}
assert abs(sum(FAMILIES.values()) - 1) < 1e-12


def day_weights(family: str, tests: int) -> NDArray[np.float64]:
    """``[tests]`` equal weights that sum to the family's share: R of a test alarms at false_alarm_days / weight."""
    return np.full(tests, FAMILIES[family] / max(1, tests))
