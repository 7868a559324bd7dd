from __future__ import annotations

import numpy as np
import pytest

from teacher.inputs.quantiles import QuantileMap


def test_training_values_become_standard_normal() -> None:
    values = np.random.default_rng(0).lognormal(sigma=2.0, size=(4000, 1))
    scores = QuantileMap.fit(values, bins=8).transform(values)[:, 0]
    assert abs(scores.mean()) < 0.01
    assert scores.std() == pytest.approx(1.0, abs=0.02)
    assert (np.argsort(scores, kind="stable") == np.argsort(values[:, 0], kind="stable")).mean() > 0.99


def test_ties_share_the_middle_of_their_ranks() -> None:
    values = np.repeat([0.0, 1.0], [800, 200])[:, None]
    scores = QuantileMap.fit(values, bins=8).transform(values)[:, 0]
    assert scores[0] == pytest.approx(-0.2533, abs=0.01)  # the normal quantile of 0.4
    assert scores[-1] == pytest.approx(1.2816, abs=0.01)  # of 0.9


def test_values_outside_the_training_range_are_bounded_and_nan_stays_nan() -> None:
    fitted = QuantileMap.fit(np.linspace(0, 1, 100)[:, None], bins=4)
    out = fitted.transform(np.array([[-1e9], [1e9], [np.nan]]))[:, 0]
    assert out[0] == pytest.approx(-out[1])
    assert out[1] < 3.2
    assert np.isnan(out[2])


@pytest.mark.parametrize("column", [np.full(50, 3.0), np.full(50, np.nan)])
def test_a_column_without_variation_has_one_bin_and_finite_scores(column: np.ndarray) -> None:
    fitted = QuantileMap.fit(column[:, None], bins=4)
    assert np.isfinite(fitted.edges[0]).sum() == 2
    assert np.isfinite(fitted.transform(np.array([[3.0], [4.0]]))).all()


def test_few_distinct_values_get_few_bins() -> None:
    values = np.random.default_rng(0).integers(0, 3, size=(500, 1)).astype(float)
    edges = QuantileMap.fit(values, bins=16).edges[0]
    assert np.isfinite(edges).sum() == 3


def test_the_tail_of_an_amount_that_is_mostly_zero_keeps_its_bins() -> None:
    values = np.zeros((2000, 1))
    values[:100, 0] = np.random.default_rng(0).lognormal(size=100)
    edges = QuantileMap.fit(values, bins=16).edges[0]
    assert np.isfinite(edges).sum() >= 15
