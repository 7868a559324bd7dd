"""Shape of the spending series (perslay): regular cycles of one size, or irregular runs?"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from teacher.datasets.finsynth.history import History
from teacher.datasets.finsynth.signals.scale import unit
from teacher.persistence import persistence_pairs

__all__ = ["cycles", "standard_spend"]

_MEAN: Final = 2.2
_DEVIATION: Final = 1.05
_CENTRE: Final = (-1.0, 1.2)
_WIDTH: Final = 0.4


def cycles(history: History) -> NDArray[np.float64]:
    """A PersLay bump over the persistence diagram of the standardised log spend of 36 dekads.

    ``sum_i exp(-((b_i - b0)^2 + (d_i - d0)^2) / (2 w^2))`` over the finite bars ``(b_i, d_i)``, with
    ``(b0, d0) = (-1.0, 1.2)`` and ``w = 0.4``: it counts swings from well below to well above the customer's own mean
    (Carriere et al., AISTATS 2020, with a Gaussian point transformation).
    """
    births, deaths = persistence_pairs(standard_spend(history))
    distance = (births - _CENTRE[0]) ** 2 + (deaths - _CENTRE[1]) ** 2
    return unit(np.nansum(np.exp(-distance / (2 * _WIDTH**2)), axis=1), _MEAN, _DEVIATION)


def standard_spend(history: History) -> NDArray[np.float64]:
    """Log spend of the 36 dekads, standardised within the customer: ``[n, 36]``."""
    logs = np.log(np.maximum(history.spend, 1).astype(np.float64))
    centred = logs - logs.mean(axis=1, keepdims=True)
    return np.asarray(centred / (centred.std(axis=1, keepdims=True) + 1e-9))
