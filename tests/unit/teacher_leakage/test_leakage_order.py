"""A split that follows the order of the file or of the ids is found; a hashed one passes."""

from __future__ import annotations

import numpy as np
import pytest

from teacher.datasets.splits import assign_splits
from teacher.leakage.order import check_order, id_order
from understudy.contracts.spec import SplitSpec

ROWS = 3000
PLACES = np.arange(ROWS)
HASHED = assign_splits([str(i) for i in range(ROWS)], None, None, SplitSpec(), seed=0).split


def status(split: np.ndarray, units: np.ndarray | None = None) -> str:  # type: ignore[type-arg]
    orders = {"file order": PLACES.astype(float)}
    return check_order(orders, split.astype(np.int8), PLACES if units is None else units).status


@pytest.mark.parametrize("seed", range(5))
def test_a_hashed_split_passes(seed: int) -> None:
    keys = [str(i) for i in range(ROWS)]
    assert status(assign_splits(keys, None, None, SplitSpec(), seed=seed).split) == "pass"


@pytest.mark.parametrize(
    "split",
    [
        np.where(PLACES < 1800, 0, np.where(PLACES < 2400, 1, 2)),
        np.where(PLACES % 5 < 3, 0, PLACES % 5 - 2),
        np.repeat(HASHED[: ROWS // 2], 2),
        np.where(np.random.default_rng(0).random(ROWS) < PLACES / ROWS * 0.4, 2, 0),
    ],
    ids=["the last fifth", "every fifth row", "neighbours together", "drifting share"],
)
def test_a_split_by_place_is_found(split: np.ndarray) -> None:  # type: ignore[type-arg]
    assert status(split) == "fail"


def test_rows_of_one_household_are_one_place() -> None:
    units = PLACES // 5
    households = HASHED[units]
    assert status(households) == "fail"
    assert status(households, units) == "pass"


def test_too_few_rows_are_unknown() -> None:
    check = check_order({"file order": np.arange(50.0)}, HASHED[:50], np.arange(50))
    assert check.status == "unknown"


def test_ids_are_ordered_as_numbers_where_they_are() -> None:
    assert id_order(np.array(["10", "9", "100"])).argsort().tolist() == [1, 0, 2]
    assert id_order(np.array(["b", "a", "c"])).argsort().tolist() == [1, 0, 2]
    assert id_order(np.array(["b", "nan", "c"])).argsort().tolist() == [0, 2, 1]
