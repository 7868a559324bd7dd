"""Leaks that no single clean column shows, each beside a near miss, through ``prepare``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

Planted = Any


def history(bank: Planted, leaks: bool) -> None:
    """Four months of spending; the last one is 0 for those of the positive class. Near miss: for a random half."""
    gone = bank.label("binary") == 1 if leaks else bank.rng.random(bank.rows) < 0.5
    spend = bank.rng.lognormal(5, 1, (bank.rows, 4))
    spend[gone, -1] = 0.0
    bank.more["months"] = {
        "id": np.repeat(bank.columns["id"], 4),
        "month": np.tile(["2024-01", "2024-02", "2024-03", "2024-04"], bank.rows),
        "spend": spend.ravel(),
    }
    bank.spec["sources"].append({"name": "months", "kind": "parquet", "path": "./months.parquet"})
    steps = {"name": "card", "source": "months", "key": "id", "time": "month", "channels": ["spend"], "length": 4}
    bank.spec["sequences"] = [steps]


def length_of_history(bank: Planted, leaks: bool) -> None:
    """Those of the positive class have one step, the others three. Near miss: by chance."""
    few = bank.label("binary") == 1 if leaks else bank.rng.random(bank.rows) < 0.5
    history(bank, False)
    kept = (~np.repeat(few, 4)) | np.tile([True, False, False, False], bank.rows)
    bank.more["months"] = {name: values[kept] for name, values in bank.more["months"].items()}


def last_digit(bank: Planted, leaks: bool) -> None:
    digit = bank.label("multi") if leaks else bank.rng.integers(0, 3, bank.rows)
    bank.add("planted", 10 * bank.rng.permutation(bank.rows) + digit)


def cents(bank: Planted, leaks: bool) -> None:
    odd = bank.label("binary") if leaks else bank.rng.integers(0, 2, bank.rows)
    bank.add("planted", np.round(bank.rng.lognormal(5, 1, bank.rows)) + 0.01 * odd)


def label_with_noise(bank: Planted, leaks: bool) -> None:
    """The near miss is as strong, but an input: the label is drawn from it and from what other columns tell."""
    if leaks:
        noise = 0.5 * bank.rng.normal(size=bank.rows)
        bank.add("planted", np.where(bank.label("binary") == 1, 1.0, 0.0) + noise)
        return
    planted = bank.rng.normal(size=bank.rows)
    score = 3.5 * planted + bank.columns["x0"] + bank.columns["x1"]
    bank.relabel("binary", score + 0.7 * bank.rng.normal(size=bank.rows) > 0)
    bank.add("planted", planted)


def label_partly_redrawn(bank: Planted, leaks: bool) -> None:
    """Two of a hundred drawn anew; twenty of the near miss."""
    anew = bank.rng.random(bank.rows) < (0.02 if leaks else 0.40)
    bank.add("planted", np.where(anew, bank.rng.integers(0, 2, bank.rows), bank.label("binary")))
    if not leaks:  # an input again, and not a copy with noise
        flag = bank.rng.integers(0, 2, bank.rows)
        bank.columns["planted"] = flag.astype(float)
        bank.relabel("binary", np.where(anew, bank.columns["x0"] > 0, flag))


def one_city_only(bank: Planted, leaks: bool) -> None:
    north = bank.columns["city"] == "north"
    told = np.where(bank.rng.random(bank.rows) < (0.0 if leaks else 0.15), 0.5, bank.label("binary"))
    bank.add("planted", np.where(north, told, bank.rng.integers(0, 2, bank.rows)))


def sum_of_many(bank: Planted, leaks: bool) -> None:
    """Twelve columns whose noise cancels in their sum; of the near miss it does not."""
    noise = bank.rng.normal(size=(bank.rows, 12))
    noise -= noise.mean(axis=1, keepdims=True) * (1.0 if leaks else 0.0)
    for index in range(12):
        bank.add(f"planted{index}", 0.3 * bank.label("binary") + noise[:, index])


def near_copies(bank: Planted, leaks: bool) -> None:
    """300 customers again, every number changed by a thousandth; of the near miss, new ones."""
    for index in range(6):
        bank.add(f"amount{index}", bank.rng.lognormal(5, 1, bank.rows))
    if leaks:
        for name, values in bank.columns.items():
            if name.startswith(("x", "amount")):
                values[-300:] = values[:300] * (1 + 1e-3 * bank.rng.normal(size=300))


PLANTS: dict[str, tuple[Callable[[Planted, bool], None], str, str]] = {
    "the last step of a history": (history, "hidden", "card: spend, step -1"),
    "the length of a history": (length_of_history, "hidden", "card: number of steps"),
    "the last digit of an id": (last_digit, "hidden", "planted: last digit"),
    "the cents of an amount": (cents, "hidden", "planted: cents"),
    "the label with noise": (label_with_noise, "noisy_copy", "planted"),
    "the label with some rows redrawn": (label_partly_redrawn, "single_feature", "planted"),
    "the label in one city": (one_city_only, "subgroup", "planted"),
    "the sum of twelve columns": (sum_of_many, "feature_set", "planted0"),
    "near copies": (near_copies, "near_copies", "all features"),
}


@pytest.mark.parametrize("leak", PLANTS)
def test_it_is_found_and_its_near_miss_passes(plant_in: Callable[[str], Planted], leak: str) -> None:
    plant, check, column = PLANTS[leak]
    bank, near = plant_in("leak"), plant_in("near")
    plant(bank, True)
    failed = bank.verdict()
    assert check in failed, list(failed)
    assert column in {name for failure in failed[check]["failures"] for name in failure["columns"]}
    plant(near, False)
    failed = near.verdict()
    assert not failed, {name: failures["failures"][0] for name, failures in failed.items()}
