"""Feature crosses (deepfm): three categorical fields that matter only in pairs."""

from __future__ import annotations

from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from teacher.datasets.finsynth.history import History
from teacher.datasets.finsynth.population import FIELDS, field_shares
from teacher.datasets.finsynth.signals.scale import unit

__all__ = ["crosses"]

_RANK: Final = 2
_COHORTS: Final = 4
_COHORT_SHARE: Final = 0.8


def _factors() -> dict[str, NDArray[np.float64]]:
    """Latent vectors ``[values, 2]`` per field, with mean 0 and unit covariance under the field's shares.

    Neighbouring values form four cohorts that share most of their vector.
    """
    rng = np.random.default_rng(7_919)
    factors = {}
    for name, size in FIELDS.items():
        share = field_shares(size)
        cohort = rng.standard_normal((_COHORTS, _RANK))[cohort_of(size)]
        raw = np.sqrt(_COHORT_SHARE) * cohort + np.sqrt(1 - _COHORT_SHARE) * rng.standard_normal((size, _RANK))
        raw -= share @ raw
        covariance = raw.T @ (share[:, None] * raw)
        factors[name] = raw @ np.linalg.inv(np.linalg.cholesky(covariance)).T
    return factors


def cohort_of(size: int) -> NDArray[np.int64]:
    """Cohort (0 to 3) of each value of a field of ``size`` values."""
    return np.minimum(np.arange(size) // -(-size // _COHORTS), _COHORTS - 1)


FACTORS: Final = _factors()


def crosses(history: History) -> NDArray[np.float64]:
    """Factorisation-machine interaction of occupation, joining channel and housing: ``sum_{f<g} <v_f, v_g> / sqrt 6``.

    The fields are independent and each field's vectors have mean 0, so no field has an effect of its own, exactly.
    """
    own = {name: FACTORS[name][getattr(history.people, name)] for name in FIELDS}
    total = np.sum([(own[f] * own[g]).sum(axis=1) for f, g in combinations(FIELDS, 2)], axis=0)
    return unit(total / np.sqrt(3 * _RANK), 0.0, 1.0)
