"""The order of products: against scikit-learn, and through the gates."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import ndcg_score

from distill.metrics import ndcg_rows, overlap_rows


def test_ndcg_agrees_with_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    reference, scores = rng.random((50, 9)), rng.random((50, 9))
    for k in (1, 3, 9):
        assert ndcg_rows(reference, scores, k).mean() == pytest.approx(ndcg_score(reference, scores, k=k), abs=1e-12)


def test_a_copy_is_perfect_and_a_reversal_is_not() -> None:
    reference = np.tile([0.9, 0.5, 0.2, 0.1], (3, 1))
    assert (overlap_rows(reference, reference, 2) == 1).all()
    assert (ndcg_rows(reference, reference, 2) == 1).all()
    assert (overlap_rows(reference, -reference, 2) == 0).all()
    assert (ndcg_rows(reference, -reference, 2) < 0.3).all()
    assert (overlap_rows(reference, np.tile([0.9, 0.1, 0.5, 0.2], (3, 1)), 2) == 0.5).all()


def test_more_places_than_items_and_no_gain_at_all() -> None:
    reference = np.zeros((2, 3))
    assert (ndcg_rows(reference, np.ones((2, 3)), 10) == 1).all()
    assert (overlap_rows(reference, np.ones((2, 3)), 10) == 1).all()
