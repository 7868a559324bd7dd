"""Every leak that recommender teams have fallen for, planted in honest data beside a near miss that must pass.

Each case goes through ``prepare``, the public entry point. ``PLANTS`` maps a leak to (plant, the check that must find
it, columns that the evidence must name); every plant takes ``leaks``: False plants the near miss.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

Planted = Any
Plant = Callable[[Planted, bool], None]
TASKS = ("binary", "multi", "number")
CLASSES = ("a", "b", "c")


def blurred(bank: Planted, task: str, share: float = 0.12) -> Any:
    """What an honest strong column tells. Of a class: the label, a share of it drawn anew. Of a number: what it was
    before, and the label has moved by a third since (the other way round, a copy with noise, is a leak)."""
    label, rng = bank.label(task), bank.rng
    if task == "number":
        bank.relabel(task, label * np.exp(0.4 * rng.normal(size=bank.rows)))
        return label
    anew = rng.integers(0, 2 if task == "binary" else 3, bank.rows)
    return np.where(rng.random(bank.rows) < 2 * share, anew, label)


def seen(bank: Planted, task: str, leaks: bool) -> Any:
    """The label if it leaks, else what an honest strong column would tell of it."""
    return bank.label(task) if leaks else blurred(bank, task)


def copy(task: str) -> Plant:
    return lambda bank, leaks: bank.add("planted", seen(bank, task, leaks))


def rescaled(task: str) -> Plant:
    return lambda bank, leaks: bank.add("planted", 37.5 * seen(bank, task, leaks) - 4)


def negated(task: str) -> Plant:
    return lambda bank, leaks: bank.add("planted", -seen(bank, task, leaks))


def noisy(task: str) -> Plant:
    def plant(bank: Planted, leaks: bool) -> None:
        label = bank.label(task)
        if task == "number":
            small = label * np.exp(0.02 * bank.rng.normal(size=bank.rows))
            bank.add("planted", small if leaks else blurred(bank, task))
        else:
            bank.add("planted", blurred(bank, task, 0.001) if leaks else blurred(bank, task))

    return plant


def coded(task: str) -> Plant:
    """A category per decile or class, two codes each, in no order."""

    def plant(bank: Planted, leaks: bool) -> None:
        values = seen(bank, task, leaks)
        if task == "number":
            values = np.searchsorted(np.quantile(values, np.linspace(0, 1, 21)[1:-1]), values)
        codes = bank.rng.permutation(2 * (int(np.max(values)) + 1))
        bank.add("planted", np.array([f"k{codes[2 * int(v) + i]}" for v, i in zip(values, _coin(bank), strict=True)]))

    return plant


def _coin(bank: Planted) -> list[int]:
    coin: list[int] = bank.rng.integers(0, 2, bank.rows).tolist()
    return coin


def multi_hot(task: str, groups: int) -> Plant:
    """36 indicator columns, twelve for each class: none tells a class, all together do."""

    def plant(bank: Planted, leaks: bool) -> None:
        values = seen(bank, task, leaks)
        if task == "number":
            # A label that is a sum: what was spent by category adds up to the spend of the label window.
            parts = bank.rng.dirichlet(np.ones(6), bank.rows) * values[:, None]
            for index in range(6):
                bank.add(f"planted{index}", parts[:, index], group=f"hot{index % groups}")
            return
        codes = values.astype(int) * 12 + bank.rng.integers(0, 12, bank.rows)
        for code in range(12 * (2 if task == "binary" else 3)):
            bank.add(f"planted{code}", codes == code, group=f"hot{code % groups}")

    return plant


def binned_input(task: str) -> Plant:
    """The label is an input, cut: age over 50, the band of an income, a rounded balance."""

    def plant(bank: Planted, leaks: bool) -> None:
        x = bank.rng.normal(size=bank.rows)
        bank.add("planted", x)
        near = x if leaks else x + 0.4 * bank.rng.normal(size=bank.rows)
        cuts = {"binary": [0.4], "multi": [-0.4, 0.6], "number": np.linspace(-2.5, 2.5, 60)}[task]
        bank.relabel(task, np.digitize(near, cuts))

    return plant


def of_two_inputs(task: str) -> Plant:
    """An exclusive or, on the medians of two numbers; for a number, their product."""

    def plant(bank: Planted, leaks: bool) -> None:
        a, b = bank.rng.normal(size=(2, bank.rows))
        bank.add("planted0", a, group="one")
        bank.add("planted1", b, group="two")
        for index in range(30):
            bank.add(f"noise{index}", bank.rng.normal(size=bank.rows), group=f"more{index % 3}")
        if task == "number":
            bank.relabel(task, a * b + (0 if leaks else 0.25 * bank.rng.normal(size=bank.rows)))
            return
        wrong = 0.0 if leaks else 0.04
        label = (a > 0) ^ (b > 0) ^ (bank.rng.random(bank.rows) < wrong)
        bank.relabel(task, label + (1.0 if task == "multi" else 0.0) * label * (a > 0) if leaks else label)
        if task == "multi" and not leaks:
            bank.relabel(task, np.where(label, 1 + (a > 0), 0))

    return plant


def label_window(task: str) -> Plant:
    """An amount of the label window: it is there when the outcome is. The near miss is of the window before."""

    def plant(bank: Planted, leaks: bool) -> None:
        amount = bank.rng.lognormal(8, 2, bank.rows)
        values = seen(bank, task, leaks)
        bank.add("planted", values * (amount if task == "binary" else 1) + (values == 2) * 7)

    return plant


def encoded(task: str, smoothing: float, rows: str) -> Plant:
    """The mean label of a category of about five rows; the near miss is a property of the category."""

    def plant(bank: Planted, leaks: bool) -> None:
        category = bank.rng.integers(0, bank.rows // 5, bank.rows)
        fit = {"train": bank.split() == 0, "all": np.ones(bank.rows, dtype=bool)}[rows]
        if task == "number":  # sums of a few heavy-tailed amounts tell little at so few rows
            bank.relabel(task, np.log(bank.label(task)))
        if rows == "all":  # then training and validation rows agree, and the category must be there to compare with
            bank.add("branch", np.array([f"b{c}" for c in category]))
        outcome = bank.label(task) == 2 if task == "multi" else bank.label(task)
        if leaks:
            total, count = (
                np.bincount(category[fit], weights=w[fit], minlength=bank.rows) for w in (outcome, fit * 1.0)
            )
            prior = float(np.mean(outcome))
            bank.add("planted", ((total + smoothing * prior) / np.maximum(count + smoothing, 1e-9))[category])
        else:
            bank.add("planted", bank.rng.beta(2, 3, bank.rows)[category])

    return plant


def scaled(how: str) -> Plant:
    """A scaler fitted on all rows; the near miss is fitted on the training rows."""

    def plant(bank: Planted, leaks: bool) -> None:
        values, split = bank.rng.gamma(2.0, 3.0, bank.rows), bank.split()
        values[np.flatnonzero(split == 2)[0]] = values.max() + 1  # else the training rows might hold both ends
        fit = values if leaks else values[split == 0]
        low, middle, high = np.quantile(fit, [0.25, 0.5, 0.75])
        bank.add(
            "planted",
            {
                "standard": (values - fit.mean()) / fit.std(),
                "robust": (values - middle) / (high - low),
                "min-max": (values - fit.min()) / (fit.max() - fit.min()),
                "ranks": (np.searchsorted(np.sort(fit), values) + 0.5) / len(fit),
            }[how],
        )

    return plant


def copied_customers(bank: Planted, leaks: bool) -> None:
    """A hundred customers stand there a second time under another id; of the near miss, four do."""
    for index in range(100 if leaks else 4):
        for name, values in bank.columns.items():
            if name != "id":
                values[bank.rows - 1 - index] = values[index]


def ids_in_two_cases(bank: Planted, leaks: bool) -> None:
    """C000123 and c000123 are one customer; X000123 is another one."""
    for index in range(100):
        twin = f"c{index:06d}" if leaks else f"X{index:06d}"
        bank.columns["id"][bank.rows - 1 - index] = twin


def generator_feature(task: str) -> Plant:
    """A generated bank that knows the truth, and a feature drawn from the label with so much noise that no score shows
    it; the near miss is as noisy, but drawn from the truth."""

    def plant(bank: Planted, leaks: bool) -> None:
        rng, x = bank.rng, bank.columns["x2"] + 0.5 * bank.columns["x3"]
        index = TASKS.index(task)
        if task == "multi":
            weights = np.exp(np.stack([np.zeros(bank.rows), x, -x], axis=1))
            truth = weights / weights.sum(axis=1, keepdims=True)
            label = (truth.cumsum(axis=1) < rng.random((bank.rows, 1))).sum(axis=1).astype(float)
            signal, expected = label == 1, truth[:, 1]
            names = [f"p_{k}" for k in CLASSES]
            bank.columns |= {name: truth[:, k] for k, name in enumerate(names)}
        else:
            expected = 1 / (1 + np.exp(-x)) if task == "binary" else x
            noise = rng.random(bank.rows) if task == "binary" else rng.normal(size=bank.rows)
            label = (noise < expected) * 1.0 if task == "binary" else expected + noise
            signal, names = label, ["p"]
            bank.columns["p"] = expected
        bank.relabel(task, label)
        bank.spec["tasks"][index]["truth"] = names
        bank.add("planted", (signal if leaks else expected) + 1.0 * rng.normal(size=bank.rows))

    return plant


def truth_itself(bank: Planted, leaks: bool) -> None:
    """The true probability among the features, as odds; the near miss is another monotone summary with noise."""
    x = bank.columns["x2"]
    bank.columns["p"] = 1 / (1 + np.exp(-x - 0.5 * bank.columns["x3"]))
    bank.relabel("binary", bank.rng.random(bank.rows) < bank.columns["p"])
    bank.spec["tasks"][0]["truth"] = ["p"]
    odds = bank.columns["p"] / (1 - bank.columns["p"])
    bank.add("planted", odds * (1 if leaks else np.exp(0.1 * bank.rng.normal(size=bank.rows))))


PLANTS: dict[str, tuple[Plant, str, str]] = {
    **{f"{task}: the label under another name": (copy(task), "single_feature", "planted") for task in TASKS},
    **{f"{task}: the label, rescaled": (rescaled(task), "single_feature", "planted") for task in TASKS},
    **{f"{task}: the label, negated": (negated(task), "single_feature", "planted") for task in TASKS},
    **{f"{task}: the label, noisy": (noisy(task), "single_feature", "planted") for task in TASKS},
    **{f"{task}: the label as categories": (coded(task), "single_feature", "planted") for task in TASKS},
    **{f"{task}: spread over columns of a group": (multi_hot(task, 1), "feature_set", "planted0") for task in TASKS},
    **{f"{task}: spread over two groups": (multi_hot(task, 2), "feature_set", "planted0") for task in TASKS},
    **{f"{task}: the label is a binned input": (binned_input(task), "single_feature", "planted") for task in TASKS},
    **{f"{task}: the label is made of two inputs": (of_two_inputs(task), "feature_pair", "planted1") for task in TASKS},
    **{f"{task}: a column of the label window": (label_window(task), "single_feature", "planted") for task in TASKS},
    **{f"{task}: encoded in sample": (encoded(task, 0, "train"), "encodings", "planted") for task in TASKS},
    **{f"{task}: encoded, smoothed": (encoded(task, 3, "train"), "encodings", "planted") for task in TASKS},
    **{f"{task}: encoded on all rows": (encoded(task, 1, "all"), "encodings", "planted") for task in TASKS},
    **{f"scaler fitted on all rows: {how}": (scaled(how), "scalers", "planted") for how in ("standard", "robust")},
    "scaler fitted on all rows: min-max": (scaled("min-max"), "scalers", "planted"),
    "scaler fitted on all rows: ranks": (scaled("ranks"), "scalers", "planted"),
    "copied customers": (copied_customers, "copies", "all features"),
    "ids in two cases": (ids_in_two_cases, "copies", "key"),
    **{
        f"{task}: a generated feature knows it": (generator_feature(task), "label_derived", "planted") for task in TASKS
    },
    "the true probability as a feature": (truth_itself, "label_derived", "planted"),
}


@pytest.mark.parametrize("leak", PLANTS)
def test_a_planted_leak_is_found_and_its_near_miss_passes(plant_in: Callable[[str], Planted], leak: str) -> None:
    plant, check, column = PLANTS[leak]
    bank, near = plant_in("leak"), plant_in("near")
    plant(bank, True)
    failed = bank.verdict()
    assert check in failed, list(failed)
    assert column in {name for failure in failed[check]["failures"] for name in failure["columns"]}
    plant(near, False)
    failed = near.verdict()
    assert not failed, {name: failures["failures"][0] for name, failures in failed.items()}


def test_the_honest_bank_passes(plant_in: Callable[[str], Planted]) -> None:
    assert plant_in("honest").verdict() == {}


BY_PLACE: dict[str, Callable[[int], Any]] = {
    "the last fifth of the file is the test set": lambda n: np.repeat([0, 0, 0, 1, 2], n // 5),
    "every fifth row": lambda n: np.array([0, 0, 0, 1, 2])[np.arange(n) % 5],
    "runs of rows": lambda n: np.repeat(np.random.default_rng(0).choice(3, n // 8, p=[0.6, 0.2, 0.2]), 8),
}


@pytest.mark.parametrize("order", ["file order", "id order"])
@pytest.mark.parametrize("place", BY_PLACE)
def test_a_split_by_place_is_found(
    plant_in: Callable[[str], Planted], monkeypatch: pytest.MonkeyPatch, place: str, order: str
) -> None:
    """The splitter of the product cannot do so; one that somebody puts in its place would be refused."""
    import importlib

    bank = plant_in("placed")
    if order == "id order":  # the file is shuffled, so that only the ids are in the order of the split
        bank.columns["id"] = bank.rng.permutation(bank.columns["id"])
    prepare = importlib.import_module("teacher.datasets.prepare")
    honest = prepare.assign_splits

    def by_place(keys: list[str], *arguments: Any, **options: Any) -> Any:
        split = honest(keys, *arguments, **options)
        places = np.arange(len(keys)) if order == "file order" else np.argsort(np.argsort(keys))
        placed = BY_PLACE[place](len(keys)).astype(np.int8)[places]
        return replace(split, split=placed, assigned_split=placed)

    monkeypatch.setattr(prepare, "assign_splits", by_place)
    failed = bank.verdict()
    assert order in {name for seen in failed["order"]["failures"] for name in seen["columns"]}


def test_a_fit_on_other_rows_is_found(plant_in: Callable[[str], Planted], monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib

    bank = plant_in("fitted")
    prepare = importlib.import_module("teacher.datasets.prepare")
    honest = prepare.fit_schema

    def on_all_rows(spec: Any, raw: Any, train: Any, row_ids: Any) -> Any:
        return honest(spec, raw, np.arange(len(row_ids)), row_ids)

    monkeypatch.setattr(prepare, "fit_schema", on_all_rows)
    assert bank.verdict()["fits"]["failures"][0]["columns"] == ["schema"]


def test_a_sequence_that_reads_past_the_cutoff_is_found(
    plant_in: Callable[[str], Planted], monkeypatch: pytest.MonkeyPatch
) -> None:
    from teacher.datasets import sequences

    bank = plant_in("sequence")
    rng = bank.rng
    ids = np.repeat(bank.columns["id"], 2)
    bank.more["months"] = {
        "id": ids,
        "at": np.tile(np.array(["2025-12-31", "2026-01-01"], dtype="datetime64[us]"), bank.rows),
        "amount": rng.gamma(2, 10, len(ids)),
    }
    bank.spec["sources"].append({"name": "months", "kind": "parquet", "path": "./months.parquet"})
    bank.columns["cutoff"] = np.where(np.arange(bank.rows) % 2 == 0, "2026-01-01", "2026-04-01")
    time = {"column": "cutoff", "train": "2026-01-01", "test": "2026-04-01", "label_gap_days": 7}
    bank.spec["split"] = {"time": time}
    bank.spec["sequences"] = [
        {"name": "months", "source": "months", "key": "id", "time": "at", "channels": ["amount"], "length": 4}
    ]
    assert bank.verdict() == {}
    shutil.rmtree(bank.folder / "out")
    honest = sequences._steps_sql
    monkeypatch.setattr(sequences, "_steps_sql", lambda *a: honest(*a).replace("< CAST(b.", "<= CAST(b."))
    assert bank.verdict()["events"]["failures"][0]["columns"] == ["months"]
