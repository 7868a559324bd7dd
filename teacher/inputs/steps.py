"""Standardisation of sequences: heavy tails are drawn in, then every channel has mean 0 and deviation 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["StepScale"]


@dataclass(frozen=True)
class StepScale:
    """Per channel: ``z = (asinh((x - centre) / spread) - mean) / std``, statistics over real training steps only.

    Amounts in a bank span orders of magnitude; asinh is linear near the centre and logarithmic in the tails.
    All attributes have shape ``[channels]``.
    """

    centre: NDArray[np.float32]
    spread: NDArray[np.float32]
    mean: NDArray[np.float32]
    std: NDArray[np.float32]

    @classmethod
    def fit(cls, values: NDArray[np.float32], mask: NDArray[np.bool_]) -> StepScale:
        """Fit on training rows: ``values`` ``[rows, length, channels]``, ``mask`` ``[rows, length]``."""
        steps = np.nan_to_num(values[mask].astype(np.float64))
        if not len(steps):
            steps = np.zeros((1, values.shape[2]))
        centre = np.median(steps, axis=0)
        deviation = np.abs(steps - centre)
        spread = np.median(deviation, axis=0)
        spread = _positive(np.where(spread > 0, spread, deviation.mean(axis=0)))
        squashed = np.arcsinh((steps - centre) / spread)
        mean, std = squashed.mean(axis=0), _positive(squashed.std(axis=0))
        return cls(*(part.astype(np.float32) for part in (centre, spread, mean, std)))

    def transform(self, values: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Standardised steps, 0 where ``mask`` is False and where a value is missing."""
        z = (np.arcsinh((values - self.centre) / self.spread) - self.mean) / self.std
        return np.where(mask[..., None], np.nan_to_num(z), np.float32(0.0)).astype(np.float32)


def _positive(scale: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(scale > 1e-8, scale, 1.0)
