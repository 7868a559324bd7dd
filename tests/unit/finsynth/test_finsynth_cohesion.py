"""How often a customer's products are held together by others: the structural shadow of the circles."""

from itertools import combinations

import numpy as np
import pytest

from teacher.datasets.finsynth.products import FAMILIES, FAMILY_OF, PRODUCTS
from teacher.datasets.finsynth.signals import cohesion
from teacher.datasets.finsynth.simulate import Partition
from teacher.features.fitted.co_holding import apply_co_holding, fit_co_holding
from understudy.contracts.fitted_recipes import CoHolding

RECIPE = CoHolding(
    families={family: [p for i, p in enumerate(PRODUCTS) if FAMILIES[FAMILY_OF[i]] == family] for family in FAMILIES},
    measures=["cohesion"],
)


def columns(held: np.ndarray) -> dict[str, np.ndarray]:
    return {f"has_{product}": held[:, i].astype(float) for i, product in enumerate(PRODUCTS)}


@pytest.fixture(scope="module")
def held(partition: Partition) -> np.ndarray:
    return partition.snapshots[0].history.held


def test_cohesion_is_the_mean_lift_of_the_pairs_held(held: np.ndarray) -> None:
    train = held[:2_000].astype(float)
    share, both = train.mean(axis=0), train.T @ train / len(train)
    found = apply_co_holding(RECIPE, fit_co_holding(RECIPE, columns(train)), columns(held[2_000:2_050]))
    for row, value in zip(held[2_000:2_050], found["kin_cohesion"], strict=True):
        pairs = list(combinations(np.flatnonzero(row), 2))
        if not pairs:
            assert np.isnan(value)
            continue
        assert value == pytest.approx(np.mean([both[p, q] / (share[p] * share[q]) for p, q in pairs]))


def test_fewer_than_two_products_have_no_cohesion(held: np.ndarray) -> None:
    state = fit_co_holding(RECIPE, columns(held))
    none, one, two = np.zeros((3, 24), dtype=bool)
    one[3], two[[3, 7]] = True, True
    found = apply_co_holding(RECIPE, state, columns(np.stack([none, one, two])))["kin_cohesion"]
    assert np.isnan(found).tolist() == [True, True, False]


def test_cohesion_carries_the_signal_in_part(partition: Partition, held: np.ndarray) -> None:
    found = apply_co_holding(RECIPE, fit_co_holding(RECIPE, columns(held)), columns(held))["kin_cohesion"]
    known = ~np.isnan(found)
    assert 0.35 < np.corrcoef(found[known], cohesion(partition.snapshots[0].history)[known])[0, 1] < 0.98
