"""Evidence that stays valid however often one looks: e-processes for counts.

An e-process is a number that starts at 1 and, as long as the null hypothesis holds, is at no stopping time larger than
1 on average. So P(it ever reaches 1/alpha) <= alpha (Ville 1939), and one may look every day. Those here are likelihood
ratios: above, the likelihood averaged over all alternatives; below, the largest that the null allows.

- Two rates, s yes of n each: above the product of B(s + a, n - s + b) / B(a, b), the Beta mixtures of Robbins (1970),
  see Howard, Ramdas, McAuliffe and Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence sequences" (Annals
  of Statistics 2021); below the supremum over all pairs of rates that the null allows, as in universal inference
  (Wasserman, Ramdas and Balakrishnan, PNAS 2020), with a mixture in place of a split.
- Several shares: the Dirichlet mixture (Lindon and Malek, "Anytime-valid inference for multinomial count data", NeurIPS
  2022) over the one point that was designed.

All are in logarithms, and broadcast over leading axes. The customers of different days are taken for independent draws.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from agents.monitors.special import log_beta, log_gamma

__all__ = ["Bounds", "Prior", "log_e_shares", "log_e_two_rates", "two_rate_interval"]

Floats = NDArray[np.float64]
Scale = Literal["difference", "ratio"]
Bounds = tuple[Floats | float, Floats | float]
Prior = tuple[Floats | float, Floats | float]
GOLDEN = (5**0.5 - 1) / 2
STEPS = 26  # golden sections: the bracket shrinks by 4e-6, the likelihood at its top by the square of that
HALVINGS = 17
FARTHEST = 13.8  # ln of the largest ratio that is looked for


def _log_likelihood(yes: Floats, of: Floats, rate: Floats) -> Floats:
    """s ln r + (n - s) ln(1 - r), with 0 ln 0 = 0."""
    safe = np.clip(rate, 1e-12, 1 - 1e-12)
    return np.asarray(yes * np.log(safe) + (of - yes) * np.log1p(-safe))


def _log_mixture(yes: Floats, of: Floats, prior: Prior = (0.5, 0.5)) -> Floats:
    a, b = prior
    return np.asarray(log_beta(yes + a, of - yes + b) - log_beta(a, b))


def log_e_shares(counts: Floats, shares: Floats) -> Floats:
    """ln E for the null that ``counts`` (last axis) come in exactly these ``shares``; Dirichlet(1/2, ...) above."""
    half = np.full(counts.shape[-1], 0.5)
    above = log_gamma(counts + half).sum(-1) - log_gamma((counts + half).sum(-1))
    above = above - (log_gamma(half).sum() - log_gamma(half.sum()))
    return np.asarray(above - (counts * np.log(shares)).sum(-1))


def log_e_two_rates(
    own: tuple[Floats, Floats],
    rest: tuple[Floats, Floats],
    bounds: Bounds,
    scale: Scale,
    priors: tuple[Prior, Prior] | None = None,
) -> Floats:
    """ln E for the null that own rate - rest's rate (or own / rest) lies in ``bounds``.

    Args:
        own: (yes, of) of one group; ``rest`` of all others.
        bounds: (low, high), low <= high; for a ratio both positive.
        scale: What is bounded.
        priors: The Beta mixtures over the two rates (default: 1/2, 1/2). Any that were chosen before the counted days
            are valid; those near to the truth give more evidence.
    """
    (a, m), (b, n) = own, rest
    one, other = priors or ((0.5, 0.5), (0.5, 0.5))
    p, q, low, high = np.broadcast_arrays(a / np.maximum(m, 1), b / np.maximum(n, 1), *bounds)
    over = p - q > high if scale == "difference" else p > high * q
    under = p - q < low if scale == "difference" else p < low * q
    best = np.array(_log_likelihood(a, m, p) + _log_likelihood(b, n, q))
    out = over | under
    if out.any():  # the optimum lies on the edge of the null; seldom, so only there is it looked for
        a, m, b, n = (np.broadcast_to(count, p.shape)[out] for count in (a, m, b, n))
        best[out] = _best_on_edge((a, m), (b, n), np.where(over, high, low)[out], scale)
    return np.asarray(_log_mixture(*own, one) + _log_mixture(*rest, other) - best)


def _best_on_edge(own: tuple[Floats, Floats], rest: tuple[Floats, Floats], edge: Floats, scale: Scale) -> Floats:
    """The largest log likelihood on the line where own = rest + edge (or rest * edge); concave in rest's rate."""

    def at(rate: Floats) -> Floats:
        other = rate + edge if scale == "difference" else rate * edge
        return _log_likelihood(*own, other) + _log_likelihood(*rest, rate)

    if scale == "difference":
        low, high = np.maximum(0.0, -edge), np.minimum(1.0, 1 - edge)
    else:
        low, high = np.zeros_like(edge), np.minimum(1.0, 1 / np.maximum(edge, 1e-12))
    left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    f_left, f_right = at(left), at(right)
    for _ in range(STEPS):
        up = f_left < f_right
        low, high = np.where(up, left, low), np.where(up, high, right)
        left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        f_left, f_right = at(left), at(right)
    return np.maximum(np.maximum(f_left, f_right), np.maximum(at(low), at(high)))


def two_rate_interval(
    own: tuple[Floats, Floats], rest: tuple[Floats, Floats], alpha: float, scale: Scale
) -> tuple[Floats, Floats]:
    """Per test the differences (or ratios) that are not refuted at ``alpha``. A ratio is sought within 1e-6 to 1e6."""
    (a, m), (b, n) = own, rest
    p, q = a / np.maximum(m, 1), b / np.maximum(n, 1)
    if scale == "difference":
        return _inverted(lambda d: log_e_two_rates(own, rest, (d, d), scale), p - q, -1.0, 1.0, alpha)
    centre = np.log(np.maximum(p, 1e-6) / np.maximum(q, 1e-6))

    def at(log_ratio: Floats) -> Floats:
        return log_e_two_rates(own, rest, (np.exp(log_ratio), np.exp(log_ratio)), scale)

    low, high = _inverted(at, centre, -FARTHEST, FARTHEST, alpha)
    return np.exp(low), np.exp(high)


def _inverted(
    log_e: Callable[[Floats], Floats], centre: Floats, least: float, most: float, alpha: float
) -> tuple[Floats, Floats]:
    """Where ln E crosses ln(1/alpha) on either side of the estimate, by bisection; the end where it does not."""
    bound = -np.log(alpha)
    far = np.stack([np.full_like(centre, least), np.full_like(centre, most)])
    near, out = np.broadcast_to(np.clip(centre, least, most), far.shape), far
    free = log_e(far) < bound
    for _ in range(HALVINGS):
        middle = (near + out) / 2
        inside = log_e(middle) < bound
        near, out = np.where(inside, middle, near), np.where(inside, out, middle)
    low, high = np.where(free, far, near)
    return low, high
