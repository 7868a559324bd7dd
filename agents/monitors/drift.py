"""Has the distribution of the features moved away from the training rows?

Of each feature, n persons of production fall into the bins that m training rows were cut into; missing is a bin.

- *PSI* = sum over bins of (q - p) ln(q / p), with p the reference share and q the share now; half a count is added to
  every bin on both sides, so that an empty bin is finite.
- *Its null*: without drift, PSI is distributed as (1/n + 1/m) chi2(B - 1), for B bins (Yurdakul 2018, "Statistical
  properties of the population stability index"). A fixed threshold of .10 or .25 is therefore crossed by chance at
  small n, and never reached by small shifts at large n. A feature has *drifted* only if its PSI is above the threshold
  **and** significant: Benjamini-Hochberg over all features, from the chi-squared tail.
- *KS*: largest difference D of the two distribution functions at the reference's edges, over known values of numeric
  features; p = Q(sqrt(nm / (n + m)) max(0, D - tolerance)), Q Kolmogorov's. It tests for a *material* difference: with
  a million decisions any difference is significant. At the edges D is at most the unbinned one, so p is conservative.

Where even a PSI at the critical threshold would not be significant after the correction, for more than a tenth of the
features, n is too small to see drift: the measurement is unknown, not good.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agents.evidence.reference import Reference
from agents.monitors.multiplicity import adjusted
from agents.monitors.special import chi2_sf, kolmogorov_sf

__all__ = ["Drift", "drift", "fewest_rows", "ks_distance", "psi"]

Floats = NDArray[np.float64]
HALF = 0.5
COVERED = 0.9


@dataclass(frozen=True)
class Drift:
    """Per feature, in the order of the reference.

    Attributes:
        rows: n.
        psi: ``[F]``; ``null`` its expectation without drift.
        q: ``[F]`` adjusted p-value of the PSI.
        ks: ``[F]`` distance, NaN for categories and where a side has no known value.
        ks_q: ``[F]`` adjusted p-value of the KS distance (1 where there is none).
    """

    rows: int
    psi: Floats
    null: Floats
    q: Floats
    ks: Floats
    ks_q: Floats

    def drifted(self, threshold: float, level: float) -> NDArray[np.bool_]:
        """``[F]`` PSI at or above ``threshold``, and significant at ``level``."""
        return np.asarray((self.psi >= threshold) & (self.q <= level))


def psi(p: Floats, q: Floats) -> Floats:
    """Sum over the last axis of (q - p) ln(q / p)."""
    return np.asarray(((q - p) * np.log(q / p)).sum(axis=-1))


def ks_distance(p: Floats, q: Floats) -> float:
    """Largest difference of the distribution functions of two lists of shares over the same ordered bins."""
    return float(np.abs(np.cumsum(p / p.sum()) - np.cumsum(q / q.sum()))[:-1].max(initial=0.0))


def drift(reference: Reference, counts: NDArray[np.int64], rows: int, tolerance: float) -> Drift:
    """Compare ``counts`` (``[F, B]``, each feature sums to ``rows``) with the reference.

    Args:
        reference: Shares of the training rows.
        counts: In production.
        rows: Persons behind the counts.
        tolerance: KS distance up to which a difference is immaterial.
    """
    scale = 1 / rows + 1 / reference.rows
    found, ks = np.zeros(len(counts)), np.full(len(counts), np.nan)
    p_psi, p_ks = np.ones(len(counts)), np.ones(len(counts))
    for index, width in enumerate(reference.width):
        before = reference.shares[index, :width] * reference.rows
        now = counts[index, :width].astype(np.float64)
        found[index] = psi(_smoothed(before), _smoothed(now))
        p_psi[index] = chi2_sf(found[index] / scale, float(width - 1))
        known = before[:-1].sum(), now[:-1].sum()
        if reference.edges[index] is not None and min(known) > 0:
            ks[index] = ks_distance(before[:-1], now[:-1])
            sure = (known[0] * known[1] / (known[0] + known[1])) ** 0.5
            p_ks[index] = kolmogorov_sf(sure * max(0.0, ks[index] - tolerance))
    null = np.asarray(scale * (reference.width - 1), dtype=np.float64)
    return Drift(rows, found, null, adjusted(p_psi), ks, adjusted(p_ks))


def fewest_rows(reference: Reference, threshold: float, level: float) -> int:
    """The least n at which a PSI of ``threshold`` in one feature alone would be significant, for nine features of ten.

    The tenth with the most bins needs more; to wait for them would hide what the others show.
    """
    tests = len(reference.width)
    freedom = float(np.quantile(reference.width, COVERED, method="inverted_cdf") - 1)

    def shows(rows: int) -> bool:
        return chi2_sf(threshold / (1 / rows + 1 / reference.rows), freedom) * tests <= level

    low, high = 1, 1 << 30
    if not shows(high):
        return high
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if shows(middle) else (middle + 1, high)
    return low


def _smoothed(counts: Floats) -> Floats:
    return np.asarray((counts + HALF) / (counts.sum() + HALF * len(counts)))
