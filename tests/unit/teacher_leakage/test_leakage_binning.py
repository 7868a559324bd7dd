"""Mass points keep a bin of their own, and missing stays missing."""

from __future__ import annotations

import numpy as np

from teacher.leakage.binning import bin_edges, binned


def test_zeros_never_share_a_bin_with_small_amounts(rng: np.random.Generator) -> None:
    values = np.where(rng.random(5000) < 0.7, 0.0, rng.lognormal(0, 3, 5000))
    edges = bin_edges(values)
    assert len(edges) <= 250
    bins = binned(values, edges)
    assert not set(bins[values == 0]) & set(bins[values > 0])


def test_few_values_each_have_their_bin() -> None:
    edges = bin_edges(np.array([3.0, 1.0, np.nan, 3.0]))
    np.testing.assert_array_equal(binned(np.array([0.0, 1.0, 2.0, 3.0, np.nan]), edges), [0, 1, 2, 3, np.nan])
