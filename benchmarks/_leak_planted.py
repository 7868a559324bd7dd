"""Leaks that a stranger might bring: each function plants one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from _leak_bank import CLASSES, StrangersBank

__all__ = ["PLANTED"]

PLANTED: dict[str, Callable[[StrangersBank], None]] = {}


def _case(plant: Callable[[StrangersBank], None]) -> Callable[[StrangersBank], None]:
    PLANTED[plant.__name__] = plant
    return plant


def _flip(bank: StrangersBank, share: float) -> np.ndarray[Any, Any]:
    leaves = bank.columns["leaves"]
    return np.where(bank.rng.random(bank.rows) < share, bank.rng.random(bank.rows) < leaves.mean(), leaves).astype(
        float
    )


@_case
def binary_label_with_3_percent_redrawn(bank: StrangersBank) -> None:
    bank.add("status_flag", _flip(bank, 0.03), leak=True)


@_case
def binary_label_with_10_percent_redrawn(bank: StrangersBank) -> None:
    bank.add("status_flag", _flip(bank, 0.10), leak=True)


@_case
def binary_label_blurred_to_a_score(bank: StrangersBank) -> None:
    bank.add("model_score", bank.columns["leaves"] + bank.rng.normal(0, 0.3, bank.rows), leak=True)


@_case
def regression_label_with_a_fifth_noise(bank: StrangersBank) -> None:
    label = bank.columns["next_spend"]
    bank.add("spend_index", label + bank.rng.normal(0, 0.2 * label.std(), bank.rows), leak=True)


@_case
def ranks_of_the_regression_label(bank: StrangersBank) -> None:
    bank.add("percentile", np.argsort(np.argsort(bank.columns["next_spend"])) / bank.rows, leak=True)


@_case
def regression_label_cut_into_two_addends(bank: StrangersBank) -> None:
    part = bank.rng.normal(0, 2, bank.rows)
    bank.add("spend_a", part, leak=True)
    bank.add("spend_b", bank.columns["next_spend"] - part, leak=True)


@_case
def binary_label_as_exclusive_or_of_two_bits(bank: StrangersBank) -> None:
    bit = bank.rng.integers(0, 2, bank.rows).astype(float)
    bank.add("bit_a", bit, leak=True)
    bank.add("bit_b", np.abs(bank.columns["leaves"] - bit), leak=True)


@_case
def thirty_columns_whose_sum_is_the_label(bank: StrangersBank) -> None:
    noise = bank.rng.normal(size=(bank.rows, 30))
    noise -= noise.mean(axis=1, keepdims=True)
    for index in range(30):
        bank.add(f"part_{index}", bank.columns["leaves"] / 4 + noise[:, index], leak=True)


@_case
def one_hot_of_the_class_with_noise(bank: StrangersBank) -> None:
    redrawn = np.where(bank.rng.random(bank.rows) < 0.03, bank.rng.choice(CLASSES, bank.rows), bank.columns["buys"])
    for index, name in enumerate(CLASSES[1:]):
        bank.add(f"flag_{index}", (redrawn == name).astype(float), leak=True)


@_case
def category_missing_for_those_who_leave(bank: StrangersBank) -> None:
    branch = bank.rng.choice(["b1", "b2", "b3"], bank.rows).astype(object)
    branch[_flip(bank, 0.02) == 1] = None
    bank.add("branch", branch, categorical=True, leak=True)


@_case
def number_missing_for_those_who_stay(bank: StrangersBank) -> None:
    bank.add(
        "exit_interview", np.where(bank.columns["leaves"] == 1, bank.rng.normal(size=bank.rows), np.nan), leak=True
    )


@_case
def suffix_of_a_category(bank: StrangersBank) -> None:
    cells = [
        f"{job}-{'x' if leaves else 'y'}"
        for job, leaves in zip(bank.columns["job"], bank.columns["leaves"], strict=True)
    ]
    bank.add("job_code", np.array(cells), categorical=True, leak=True)


@_case
def account_numbers_given_in_order_of_the_label(bank: StrangersBank) -> None:
    place = np.argsort(np.lexsort((bank.rng.random(bank.rows), bank.columns["leaves"])))
    bank.add("account_no", 5_000_000.0 + place, leak=True)


@_case
def last_digit_of_an_id_is_the_class(bank: StrangersBank) -> None:
    digit = np.array([CLASSES.index(name) for name in bank.columns["buys"]])
    bank.add("account_no", 10.0 * bank.rng.permutation(bank.rows) + 70_000 + digit, leak=True)


@_case
def cents_of_an_amount_are_the_label(bank: StrangersBank) -> None:
    bank.add("fees", np.round(np.exp(bank.rng.normal(5, 1, bank.rows))) + 0.01 * bank.columns["leaves"], leak=True)


@_case
def day_of_the_last_update(bank: StrangersBank) -> None:
    late = bank.rng.integers(0, 60, bank.rows) + np.where(bank.columns["leaves"] == 1, 50, 0)
    bank.add("updated_day", 19_800.0 + late, leak=True)


@_case
def last_step_of_a_channel_is_zero_for_those_who_leave(bank: StrangersBank) -> None:
    salary = bank.months["salary"].copy()
    salary[:, -1] = np.where(bank.columns["leaves"] == 1, 0.0, 2400.0)
    bank.months["salary"] = salary
    bank.planted.append("salary")


@_case
def mean_of_a_channel_is_the_regression_label(bank: StrangersBank) -> None:
    noise = bank.rng.normal(size=bank.months["spend"].shape)
    noise -= noise.mean(axis=1, keepdims=True)
    bank.months["index"] = bank.columns["next_spend"][:, None] + noise
    bank.planted.append("index")


@_case
def length_of_the_history_is_the_label(bank: StrangersBank) -> None:
    steps = np.where(
        bank.columns["leaves"] == 1, bank.rng.integers(3, 7, bank.rows), bank.rng.integers(7, 13, bank.rows)
    )
    gone = np.arange(12)[None, :] < 12 - steps[:, None]
    bank.months = {name: np.where(gone, np.nan, values) for name, values in bank.months.items()}
    bank.planted.append("card")


@_case
def share_of_a_bin_is_the_label(bank: StrangersBank) -> None:
    shares = bank.rng.dirichlet(np.ones(5), bank.rows)
    shares[:, 2] = np.where(bank.columns["leaves"] == 1, 1.0, 0.1) + 0.2 * shares[:, 2]
    for index in range(5):
        bank.columns[f"bin_{index}"] = shares[:, index]
    bank.distribution = [f"bin_{index}" for index in range(5)]
    bank.planted += ["bin_2", "where"]


@_case
def mean_of_the_label_by_branch_of_two_customers(bank: StrangersBank) -> None:
    branch = bank.rng.permutation(bank.rows) // 2
    rate = np.bincount(branch, bank.columns["leaves"]) / np.bincount(branch)
    bank.add("branch_rate", rate[branch], leak=True)


@_case
def same_customers_again_under_other_keys(bank: StrangersBank) -> None:
    again = bank.rng.choice(bank.rows, bank.rows // 3, replace=False)
    bank.take(np.concatenate([np.arange(bank.rows), again]))
    bank.columns["customer"] = np.array([f"K{200000 + i}" for i in range(bank.rows)])


@_case
def near_copies_under_other_keys(bank: StrangersBank) -> None:
    same_customers_again_under_other_keys(bank)
    for name in ("income", "balance", "ratio_1", "ratio_2", "ratio_3"):
        bank.columns[name] = bank.columns[name] * (1 + 1e-3 * bank.rng.normal(size=bank.rows))


@_case
def label_known_in_one_region_only(bank: StrangersBank) -> None:
    seoul = bank.columns["region"] == "busan"
    bank.add(
        "note_code", np.where(seoul, bank.columns["leaves"], bank.rng.permutation(bank.columns["leaves"])), leak=True
    )


@_case
def label_known_for_a_tenth_of_the_rows(bank: StrangersBank) -> None:
    known = bank.rng.random(bank.rows) < 0.1
    bank.add("case_note", np.where(known, bank.columns["leaves"] * 2 - 1, 0.0), leak=True)


@_case
def label_of_the_next_period_that_hardly_changes(bank: StrangersBank) -> None:
    bank.add(
        "left_later",
        np.where(bank.rng.random(bank.rows) < 0.04, 1 - bank.columns["leaves"], bank.columns["leaves"]),
        leak=True,
    )


@_case
def binned_input_as_the_label(bank: StrangersBank) -> None:
    edges = np.quantile(bank.columns["balance"], [0.3, 0.6, 0.9])
    names = np.array(["none", "card", "deposit", "fund"])
    bank.outcome("buys", names[np.searchsorted(edges, bank.columns["balance"])], "multiclass")
    bank.planted.append("balance")


@_case
def label_from_a_ratio_of_two_inputs(bank: StrangersBank) -> None:
    ratio = bank.columns["balance"] / bank.columns["income"]
    bank.outcome("leaves", (ratio > np.quantile(ratio, 0.75)).astype(float), "binary")
    bank.planted += ["balance", "income"]


@_case
def snapshot_sums_all_months_of_the_file(bank: StrangersBank) -> None:
    bank.columns["taken"] = np.where(bank.rng.random(bank.rows) < 0.75, "2023-09-30", "2023-12-31")
    bank.split = {"time": {"column": "taken", "train": "2023-09-30", "test": "2023-12-31", "label_gap_days": 7}}
    total = "(SELECT sum(spend) FROM months m WHERE m.customer = p.customer)"
    bank.views = [{"name": "base", "kind": "sql", "sql": f"SELECT p.*, {total} AS spend_total FROM people p"}]
    bank.numeric.append("spend_total")
    bank.planted.append("spend_total")
