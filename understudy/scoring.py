"""From the raw scores of a student to the number that is served: base, link, calibrator, in pure Python.

The function has no numpy, so this is written for one row at a time. The students compute the same formulas over
arrays; a test holds the two together to 1e-9.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from math import exp

from understudy.contracts.manifest import Isotonic, ModelRef, Platt, Temperature

__all__ = ["apply"]


def apply(ref: ModelRef, raw: Sequence[float]) -> list[float]:
    """Calibrated prediction of one row from the model's raw scores.

    With ``z = raw + base``:

    - sigmoid: ``sigmoid(z)``; Platt: ``sigmoid(a * z + b)``, which is ``sigmoid(a * logit(sigmoid(z)) + b)`` without
      the rounding of a saturated sigmoid; isotonic: linear interpolation of ``sigmoid(z)`` through the knots.
    - softmax: ``softmax(z / t)``, ``t`` = 1 without a temperature.
    - identity: ``scale * z + shift``.

    Args:
        ref: The model's link, base and calibrator.
        raw: ``[outputs]`` raw scores: K for softmax, else one.

    Returns:
        ``[outputs]``: one probability, K probabilities that sum to 1, or one mean in the label's units.

    Raises:
        ValueError: the number of raw scores is not that of ``base``, or the calibrator does not belong to the link.
    """
    if len(raw) != len(ref.base):
        raise ValueError(f"{ref.path}: expected {len(ref.base)} raw scores, got {len(raw)}")
    z = [score + base for score, base in zip(raw, ref.base, strict=True)]
    calibrator = ref.calibrator
    if ref.link == "sigmoid" and isinstance(calibrator, Platt):
        return [_sigmoid(calibrator.a * value + calibrator.b) for value in z]
    if ref.link == "sigmoid" and isinstance(calibrator, Isotonic):
        return [_interpolate(calibrator, _sigmoid(value)) for value in z]
    if ref.link == "softmax" and isinstance(calibrator, Temperature):
        return _softmax([value / calibrator.t for value in z])
    if calibrator.kind != "identity":
        raise ValueError(f"{ref.path}: a {calibrator.kind} calibrator does not belong to the link {ref.link!r}")
    if ref.link == "sigmoid":
        return [_sigmoid(value) for value in z]
    if ref.link == "softmax":
        return _softmax(z)
    return [ref.scale * value + ref.shift for value in z]


def _sigmoid(z: float) -> float:
    """Without overflow on either side."""
    if z >= 0:
        return 1.0 / (1.0 + exp(-z))
    e = exp(z)
    return e / (1.0 + e)


def _softmax(z: Sequence[float]) -> list[float]:
    top = max(z)
    powers = [exp(value - top) for value in z]
    total = sum(powers)
    return [power / total for power in powers]


def _interpolate(knots: Isotonic, p: float) -> float:
    x, y = knots.x, knots.y
    if p <= x[0]:
        return y[0]
    if p >= x[-1]:
        return y[-1]
    right = bisect_right(x, p)
    left = right - 1
    return y[left] + (y[right] - y[left]) * (p - x[left]) / (x[right] - x[left])
