"""Who holds what (lightgcn): do the customer's products belong to one circle?"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from teacher.datasets.finsynth.history import History
from teacher.datasets.finsynth.products import CIRCLES
from teacher.datasets.finsynth.signals.scale import unit

__all__ = ["cohesion"]

_MEAN: Final = 0.26
_DEVIATION: Final = 0.2


def cohesion(history: History) -> NDArray[np.float64]:
    """Share of the pairs of held products that lie in one circle: ``sum_c C(n_c, 2) / C(n, 2)``.

    The circles are communities of the customer-product graph and have one product in each family, so neither the
    number of products nor the families held tell anything. With fewer than two products the signal is 0.
    """
    per_circle = history.held.reshape(-1, 6, CIRCLES).sum(axis=1).astype(np.float64)
    total = per_circle.sum(axis=1)
    pairs = total * (total - 1)
    together = (per_circle * (per_circle - 1)).sum(axis=1)
    share = np.divide(together, pairs, out=np.full(len(total), _MEAN), where=pairs > 0)
    return unit(share, _MEAN, _DEVIATION)
