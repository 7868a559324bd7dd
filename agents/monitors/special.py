"""The few special functions that the monitors need, in numpy alone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["chi2_sf", "kolmogorov_sf", "log_beta", "log_gamma"]

Floats = NDArray[np.float64]
# Coefficients of Stirling's series, B_2k / (2k (2k - 1)).
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360)
_SHIFT = 8
_TINY = 1e-300


def log_gamma(x: Any) -> Floats:
    """ln Gamma(x) for x > 0: Stirling's series at x + 8, brought back by the recurrence. Absolute error below 1e-10."""
    x = np.asarray(x, dtype=np.float64)
    y = x + _SHIFT
    below = np.prod([x + k for k in range(_SHIFT)], axis=0)
    found = (y - 0.5) * np.log(y) - y + 0.5 * math.log(2 * math.pi)
    for k, coefficient in enumerate(_STIRLING):
        found = found + coefficient / y ** (2 * k + 1)
    return np.asarray(found - np.log(below))


def log_beta(a: Any, b: Any) -> Floats:
    """ln B(a, b)."""
    return np.asarray(log_gamma(a) + log_gamma(b) - log_gamma(np.asarray(a) + np.asarray(b)))


def chi2_sf(x: float, freedom: float) -> float:
    """P(X > x) of a chi-squared variable: the regularised upper incomplete gamma function Q(freedom / 2, x / 2).

    Series below x < a + 1, Lentz's continued fraction above (Press et al., Numerical Recipes, section 6.2).
    """
    a, z = freedom / 2, x / 2
    if z <= 0 or a <= 0:
        return 1.0
    front = math.exp(a * math.log(z) - z - math.lgamma(a))
    if z < a + 1:
        term = total = 1 / a
        n = a
        while abs(term) > abs(total) * 1e-16:
            n += 1
            term *= z / n
            total += term
        return min(1.0, max(0.0, 1 - front * total))
    b = z + 1 - a
    c, d = 1 / _TINY, 1 / b
    found = d
    for i in range(1, 10_000):
        step = -i * (i - a)
        b += 2
        d = 1 / _away(step * d + b)
        c = _away(b + step / c)
        found *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return min(1.0, front * found)


def _away(value: float) -> float:
    """From zero, by which Lentz's method divides."""
    return value if abs(value) > _TINY else _TINY


def kolmogorov_sf(x: float) -> float:
    """P(K > x) of Kolmogorov's limit distribution: 2 sum (-1)^(k-1) exp(-2 k^2 x^2)."""
    if x <= 0.2:  # 1 up to 1e-13, and the alternating series converges slowly
        return 1.0
    terms = (math.copysign(math.exp(-2 * k * k * x * x), k % 2 - 0.5) for k in range(1, 101))
    return min(1.0, max(0.0, 2 * sum(terms)))
