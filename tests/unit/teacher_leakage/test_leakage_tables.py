"""Correlations by matrix products are those of numpy over the shared rows; their errors are those of resampling."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from teacher.leakage.tables import columns_of, correlation_errors, correlations, rank_columns


def test_correlations_ignore_missing_and_constant_values(rng: np.random.Generator) -> None:
    X, Y = rng.normal(size=(300, 4)) * [1, 1e9, 1e-9, 1], rng.normal(size=(300, 3))
    Y[:, 0] += X[:, 0]
    X[rng.random(X.shape) < 0.2] = np.nan
    Y[rng.random(Y.shape) < 0.3] = np.nan
    X[:, 3] = 7.0
    found, rows = correlations(X, Y)
    for i in range(3):
        for j in range(3):
            known = ~np.isnan(X[:, i]) & ~np.isnan(Y[:, j])
            assert rows[i, j] == known.sum()
            np.testing.assert_allclose(found[i, j], np.corrcoef(X[known, i], Y[known, j])[0, 1], atol=1e-9)
    assert (found[3] == 0).all()


def test_errors_hold_where_the_spread_depends_on_the_column(rng: np.random.Generator) -> None:
    def draw() -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
        x = rng.random((2000, 1))
        return x, (rng.random((2000, 1)) < 0.4 * (np.abs(x - 0.5) > 0.45)).astype(float)

    pairs = [draw() for _ in range(300)]
    found = np.array([correlations(x, y)[0][0, 0] for x, y in pairs])
    said = np.mean([correlation_errors(x, y, *correlations(x, y))[0, 0] for x, y in pairs])
    assert found.std() > 1.3 / np.sqrt(2000)
    assert 0.9 < said / found.std() < 1.1


def test_ranks_and_columns(rng: np.random.Generator) -> None:
    values = rng.integers(0, 5, (50, 40)).astype(float)
    values[::7] = np.nan
    ranked = rank_columns(values)
    known = ~np.isnan(values[:, 3])
    np.testing.assert_allclose(ranked[known, 3], rankdata(values[known, 3]) / known.sum())
    assert np.isnan(ranked[~known]).all()
    for index, column in zip([5, 39, 0], columns_of(values, [5, 39, 0]), strict=True):
        np.testing.assert_array_equal(column, values[:, index])
