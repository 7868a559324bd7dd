"""Link and calibrator over arrays: the formulas of ``understudy.scoring``, many rows at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from understudy.contracts.manifest import Calibrator, Isotonic, Platt, Temperature

__all__ = ["calibrate_binary", "calibrate_multiclass"]

Floats = NDArray[np.float64]


def calibrate_binary(z: Floats, calibrator: Calibrator) -> Floats:
    """Probabilities ``[m]`` from raw scores ``[m]`` (base included).

    Raises:
        ValueError: the calibrator is not one for binary tasks.
    """
    if isinstance(calibrator, Platt):
        return np.asarray(expit(calibrator.a * z + calibrator.b), dtype=np.float64)
    p = np.asarray(expit(z), dtype=np.float64)
    if isinstance(calibrator, Isotonic):
        return np.interp(p, calibrator.x, calibrator.y)
    if calibrator.kind != "identity":
        raise ValueError(f"a {calibrator.kind} calibrator does not belong to a binary task")
    return p


def calibrate_multiclass(z: Floats, calibrator: Calibrator) -> Floats:
    """Probabilities ``[m, K]`` from raw scores ``[m, K]`` (base included).

    Raises:
        ValueError: the calibrator is not one for multiclass tasks.
    """
    if calibrator.kind not in ("identity", "temperature"):
        raise ValueError(f"a {calibrator.kind} calibrator does not belong to a multiclass task")
    t = calibrator.t if isinstance(calibrator, Temperature) else 1.0
    return np.asarray(softmax(z / t, axis=1), dtype=np.float64)
