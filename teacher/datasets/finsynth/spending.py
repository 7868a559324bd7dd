"""How much a customer spends in each dekad: the same multiset of amounts, arranged in cycles or in bursts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from teacher.datasets.finsynth.population import Latent
from teacher.datasets.finsynth.streams import Streams
from teacher.datasets.finsynth.timeline import DEKADS, QUARTER, QUARTERS

__all__ = ["counts_per_dekad", "planned_spend"]

TYPICAL_DEKAD_KRW = 420_000.0
TYPICAL_COUNT = 5.0
_QUARTERLY_STEP = 0.25


def planned_spend(latent: Latent, streams: Streams) -> NDArray[np.float64]:
    """Spend of each dekad in KRW, before the label windows rescale it: ``[n, 54]``.

    The multipliers are log-normal draws that do not depend on the arrangement; a customer with a high ``cyclic`` gets
    the large ones on a beat of 2 to 6 dekads, one with a low ``cyclic`` gets them in no order. Sums, means, deviations,
    extremes and histograms are therefore the same for both. The level itself walks from quarter to quarter, as it does
    in the label windows.
    """
    rng = streams("spending")
    n = len(latent.cyclic)
    values = np.sort(rng.standard_normal((n, DEKADS), dtype=np.float32), axis=1)
    ranks = np.argsort(np.argsort(_arrangement(latent.cyclic, rng), axis=1), axis=1)
    multiplier = np.exp(0.5 * np.take_along_axis(values, ranks, axis=1))
    walk = np.cumsum(_QUARTERLY_STEP * rng.standard_normal((n, QUARTERS), dtype=np.float32), axis=1)
    level = TYPICAL_DEKAD_KRW * np.exp(latent.spend_level[:, None] + np.repeat(walk - walk[:, :1], QUARTER, axis=1))
    return np.asarray(multiplier * level, dtype=np.float64)


def _arrangement(cyclic: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    n = len(cyclic)
    period = rng.integers(2, 7, (n, 1))
    phase = rng.random((n, 1), dtype=np.float32)
    beat = np.sqrt(2) * np.cos(2 * np.pi * (np.arange(DEKADS)[None, :] / period + phase))
    white = rng.standard_normal((n, DEKADS), dtype=np.float32)
    share = cyclic[:, None]
    return np.asarray(share * beat + (1 - share) * white, dtype=np.float32)


def counts_per_dekad(latent: Latent, streams: Streams) -> NDArray[np.int64]:
    """Number of purchases in each dekad, at least one: ``[n, 54]``."""
    rate = np.maximum(TYPICAL_COUNT * latent.activity - 1, 0.3)
    return 1 + streams("counts").poisson(np.broadcast_to(rate[:, None], (len(rate), DEKADS)))
