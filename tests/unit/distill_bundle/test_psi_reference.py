from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from distill.psi import psi_reference
from understudy.contracts.psi import CategoryShares, NumericBins, PsiReference


def reference(sample: Any, balance: NDArray[np.float64]) -> PsiReference:
    features = sample.dataset.features.copy()
    features[:, 0] = 1e9  # rows outside training must not matter
    features[sample.dataset.rows("train"), 0] = balance
    return psi_reference(replace(sample.dataset, features=features))


def bins(sample: Any, balance: NDArray[np.float64]) -> NumericBins:
    found = reference(sample, balance).features["balance"]
    assert isinstance(found, NumericBins)
    return found


def test_continuous_feature_gets_ten_equal_bins_and_a_missing_one(sample: Any) -> None:
    values = np.random.default_rng(0).normal(size=400)
    values[:40] = np.nan
    found = bins(sample, values)
    assert len(found.edges) == 9
    assert found.missing == 0.1
    assert found.shares == pytest.approx([0.09] * 10, abs=0.006)


def test_ties_share_a_bin(sample: Any) -> None:
    found = bins(sample, np.array([0.0] * 300 + [1.0] * 60 + [2.0] * 40))
    assert found.edges == [1.0, 2.0]
    assert found.shares == [0.75, 0.15, 0.1]


def test_any_change_of_a_constant_feature_falls_into_an_empty_bin(sample: Any) -> None:
    found = bins(sample, np.full(400, 5.0))
    assert found.edges == [5.0, math.nextafter(5.0, math.inf)]
    assert found.shares == [0.0, 1.0, 0.0]


def test_feature_that_is_never_known_is_all_missing(sample: Any) -> None:
    found = bins(sample, np.full(400, np.nan))
    assert (found.edges, found.shares, found.missing) == ([], [0.0], 1.0)


def test_categories_are_counted_by_name(sample: Any) -> None:
    found = psi_reference(sample.dataset).features["지역"]
    assert isinstance(found, CategoryShares)
    codes = sample.dataset.features[sample.dataset.rows("train"), 1]
    assert found.shares == {name: float((codes == i).mean()) for i, name in enumerate(["서울", "부산", "대구"])}
    assert found.missing == 0.0


@pytest.mark.parametrize(
    "broken",
    [
        {"kind": "numeric", "edges": [1.0], "shares": [1.0], "missing": 0.0},
        {"kind": "numeric", "edges": [1.0, 1.0], "shares": [0.5, 0.0, 0.5], "missing": 0.0},
        {"kind": "numeric", "edges": [1.0], "shares": [0.5, 0.4], "missing": 0.0},
        {"kind": "categorical", "shares": {"a": 0.5}, "missing": 0.4},
    ],
)
def test_reference_that_does_not_add_up_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PsiReference.model_validate({"rows": 10, "features": {"x": broken}})
