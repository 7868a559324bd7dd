"""Order in time (temporal expert): do outgoing transfers follow app sessions, or the other way round?"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from teacher.datasets.finsynth.history import History
from teacher.datasets.finsynth.signals.scale import unit

__all__ = ["lead_lag"]

_MEAN: Final = 0.0
_DEVIATION: Final = 0.75


def lead_lag(history: History) -> NDArray[np.float64]:
    """Discrete Levy area of two standardised monthly series, recent months weighing more.

    ``sum_t w_t (x[t-1] y[t] - y[t-1] x[t]) / sum_t w_t`` with ``x`` = log app sessions, ``y`` = log transfers out, each
    standardised within the customer's 12 months, ``w`` rising from 0.5 to 1.5. It is the second-level signature term
    (Lyons 2014): it changes sign when time runs backwards, so no sum, mean, deviation or count can carry it.
    """
    x = _standard(history.flows.last("app_sessions", history.month, 12))
    y = _standard(history.flows.last("transfers_out", history.month, 12))
    weight = np.linspace(0.5, 1.5, 11)
    area = (weight * (x[:, :-1] * y[:, 1:] - y[:, :-1] * x[:, 1:])).sum(axis=1) / weight.sum()
    return unit(area, _MEAN, _DEVIATION)


def _standard(series: NDArray[np.float32]) -> NDArray[np.float64]:
    logs = np.log1p(series.astype(np.float64))
    centred = logs - logs.mean(axis=1, keepdims=True)
    return np.asarray(centred / (centred.std(axis=1, keepdims=True) + 1e-9))
