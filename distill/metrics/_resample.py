"""A stratified bootstrap over split units, as weights: one definition serves the value and its interval."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bootstrapped", "Functional", "Resampler"]

Floats = NDArray[np.float64]
# A functional turns weights [replicates, rows] into values [replicates] or [replicates, parts]; the metric itself is
# its value at weights of one.
Functional = Callable[[Floats], Floats]

# Weights of one chunk: 4 million float64 are 32 MB.
_CHUNK = 4_000_000


@dataclass(frozen=True)
class Bootstrapped:
    """A metric, scalar or in parts, and its bootstrap replicates.

    Attributes:
        value: ``[]`` or ``[parts]``; NaN where it cannot be computed.
        samples: ``[replicates]`` or ``[replicates, parts]``.
    """

    value: Floats
    samples: Floats

    def __sub__(self, other: Bootstrapped) -> Bootstrapped:
        """The paired difference: both were computed on the same replicates."""
        return Bootstrapped(self.value - other.value, self.samples - other.samples)

    def interval(self, confidence: float) -> tuple[Floats, Floats]:
        """Percentile interval; NaN where fewer than nine tenths of the replicates could be computed."""
        tail = (1 - confidence) / 2
        finite = np.isfinite(self.samples)
        masked = np.where(finite, self.samples, np.nan)
        enough = finite.mean(axis=0) >= 0.9
        # Columns without any finite replicate would make nanquantile warn; they are NaN in the end anyway.
        safe = np.where(enough, masked, 0.0)
        low, high = np.nanquantile(safe, [tail, 1 - tail], axis=0)
        return np.where(enough, low, np.nan), np.where(enough, high, np.nan)

    def standard_error(self) -> Floats:
        """Standard deviation over the replicates; NaN under the same rule."""
        finite = np.isfinite(self.samples)
        enough = finite.mean(axis=0) >= 0.9
        safe = np.where(enough, np.where(finite, self.samples, np.nan), 0.0)
        return np.where(enough, np.nanstd(safe, axis=0, ddof=1), np.nan)


class Resampler:
    """Bootstrap weights of the test rows.

    Whole split units (customers, households) are drawn with replacement, because their rows are not independent; they
    are drawn within strata (Efron and Tibshirani, 1993, chapter 8), so that no replicate loses a rare class. The
    stratum of a unit is the class of its first row with a known label.

    Args:
        units: ``[m]`` number of the split unit of each row.
        strata: ``[m]`` class of each row, NaN = unknown.
        replicates: B.
        seed: Makes the same weights every time.
    """

    def __init__(self, units: NDArray[np.int64], strata: Floats, replicates: int, seed: int) -> None:
        names, self._unit = np.unique(units, return_inverse=True)
        stratum_of_unit = np.full(len(names), np.nan)
        known = np.flatnonzero(~np.isnan(strata))[::-1]
        stratum_of_unit[self._unit[known]] = strata[known]
        self._members = [
            np.flatnonzero(stratum_of_unit == s) for s in np.unique(stratum_of_unit[~np.isnan(stratum_of_unit)])
        ]
        unknown = np.flatnonzero(np.isnan(stratum_of_unit))
        if len(unknown):
            self._members.append(unknown)
        self._units = len(names)
        self._replicates = replicates
        self._seed = seed

    def chunks(self) -> Iterator[Floats]:
        """Weights ``[chunk, rows]``: how often each row was drawn."""
        generator = np.random.default_rng(self._seed)
        size = max(1, _CHUNK // max(1, len(self._unit)))
        for start in range(0, self._replicates, size):
            count = min(size, self._replicates - start)
            weights = np.empty((count, self._units))
            for members in self._members:
                weights[:, members] = _draw(generator, count, len(members))
            yield weights[:, self._unit]

    def run(self, functionals: Mapping[str, Functional]) -> dict[str, Bootstrapped]:
        """Evaluate every functional on the rows as they are and on the same replicates."""
        ones = np.ones((1, len(self._unit)))
        values = {name: functional(ones)[0] for name, functional in functionals.items()}
        parts: dict[str, list[Floats]] = {name: [] for name in functionals}
        for weights in self.chunks():
            for name, functional in functionals.items():
                parts[name].append(functional(weights))
        return {name: Bootstrapped(np.asarray(values[name]), np.concatenate(parts[name])) for name in functionals}


def _draw(generator: np.random.Generator, count: int, size: int) -> Floats:
    """``[count, size]`` multinomial counts of ``size`` draws each."""
    drawn = generator.integers(0, size, (count, size))
    flat = (drawn + np.arange(count)[:, None] * size).ravel()
    return np.bincount(flat, minlength=count * size).reshape(count, size).astype(np.float64)
