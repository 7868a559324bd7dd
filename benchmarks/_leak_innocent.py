"""Honest data that looks odd: each function makes one kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from _leak_bank import StrangersBank, sigmoid

__all__ = ["INNOCENT"]

INNOCENT: dict[str, Callable[[StrangersBank], None]] = {}


def _case(make: Callable[[StrangersBank], None]) -> Callable[[StrangersBank], None]:
    INNOCENT[make.__name__] = make
    return make


def _redraw(bank: StrangersBank, probability: np.ndarray[Any, Any]) -> None:
    bank.outcome("leaves", (bank.rng.random(bank.rows) < probability).astype(float), "binary")


@_case
def plain_bank(bank: StrangersBank) -> None:
    """Nothing odd."""


@_case
def one_honest_predictor_of_auc_97(bank: StrangersBank) -> None:
    bank.add("arrears", bank.rng.normal(size=bank.rows))
    _redraw(bank, sigmoid(6.5 * bank.columns["arrears"] - 2))


@_case
def honest_flag_that_nearly_decides(bank: StrangersBank) -> None:
    flag = (bank.rng.random(bank.rows) < 0.2).astype(float)
    bank.add("gave_notice", flag)
    _redraw(bank, np.where(flag == 1, 0.8, 0.03))


@_case
def strong_persistence_of_the_regression_label(bank: StrangersBank) -> None:
    last = np.log(bank.months["spend"][:, -1])
    bank.add("last_spend", last)
    bank.outcome("next_spend", last + bank.rng.normal(0, 0.33 * last.std(), bank.rows), "regression")


@_case
def copies_of_inputs(bank: StrangersBank) -> None:
    bank.add("income_again", bank.columns["income"].copy())
    bank.add("income_won", bank.columns["income"] * 1300)
    bank.add("debt", -bank.columns["balance"])


@_case
def constant_and_empty_columns(bank: StrangersBank) -> None:
    bank.add("always_one", np.ones(bank.rows))
    bank.add("hardly_ever", (np.arange(bank.rows) == 5).astype(float))
    bank.add("country", np.full(bank.rows, "KR"), categorical=True)


@_case
def rare_outcome(bank: StrangersBank) -> None:
    _redraw(bank, 0.008 * np.exp(0.8 * bank.z("logins") - 0.3))


@_case
def three_hundred_rows(bank: StrangersBank) -> None:
    bank.take(np.arange(300))


@_case
def a_thousand_columns(bank: StrangersBank) -> None:
    for index in range(1000):
        bank.add(f"wide_{index}", bank.rng.normal(size=bank.rows))


@_case
def a_thousand_columns_on_six_hundred_rows(bank: StrangersBank) -> None:
    bank.take(np.arange(600))
    a_thousand_columns(bank)


@_case
def a_category_of_many_values(bank: StrangersBank) -> None:
    bank.add("employer", np.array([f"E{i}" for i in bank.rng.zipf(1.3, bank.rows) % 1500]), categorical=True)


@_case
def informative_missingness(bank: StrangersBank) -> None:
    hidden = bank.rng.random(bank.rows) < sigmoid(1.5 * bank.z("income"))
    bank.columns["income"] = np.where(hidden, np.nan, bank.columns["income"])
    _redraw(bank, sigmoid(1.5 * hidden - 2))


@_case
def heavy_tails(bank: StrangersBank) -> None:
    for index in range(5):
        bank.add(f"odd_{index}", bank.rng.standard_cauchy(bank.rows))
    bank.outcome("next_spend", np.exp(1.5 * bank.columns["next_spend"]), "regression")


@_case
def random_account_numbers(bank: StrangersBank) -> None:
    bank.add("account_no", 10_000.0 + bank.rng.permutation(bank.rows * 7)[: bank.rows])


@_case
def file_sorted_by_tenure(bank: StrangersBank) -> None:
    _redraw(bank, sigmoid(-2 * bank.z("tenure") - 1.5))
    bank.take(np.argsort(-bank.columns["tenure"], kind="stable"))
    bank.columns["customer"] = np.array([f"K{100000 + i}" for i in range(bank.rows)])


@_case
def few_coarse_features_many_equal_rows(bank: StrangersBank) -> None:
    for name in bank.numeric:
        bank.columns[name] = (bank.columns[name] > np.median(bank.columns[name])).astype(float)
    for name in [*bank.numeric[5:], "job"]:
        del bank.columns[name]
    del bank.numeric[5:]
    bank.categorical.remove("job")
    bank.months = {name: np.zeros_like(values) for name, values in bank.months.items()}
    bank.months["spend"][:, -1] = 1.0


@_case
def twelve_classes_one_of_them_common(bank: StrangersBank) -> None:
    share = np.array([0.78] + [0.02] * 11)
    bank.outcome(
        "buys", bank.rng.choice([f"c{i:02}" for i in range(12)], bank.rows, p=share / share.sum()), "multiclass"
    )


@_case
def label_known_for_few(bank: StrangersBank) -> None:
    known = bank.rng.random(bank.rows) < 0.08
    bank.columns["leaves"] = np.where(known, bank.columns["leaves"], np.nan)
    bank.columns["next_spend"] = np.where(known, bank.columns["next_spend"], np.nan)


@_case
def one_hot_beside_its_category(bank: StrangersBank) -> None:
    for name in sorted(set(bank.columns["region"].tolist())):
        bank.add(f"is_{name}", (bank.columns["region"] == name).astype(float))


@_case
def mostly_zero_regression_label(bank: StrangersBank) -> None:
    amount = np.where(bank.columns["cards"] > 2, np.exp(bank.rng.normal(4, 1, bank.rows)), 0.0)
    bank.outcome("next_spend", np.where(bank.rng.random(bank.rows) < 0.1, 0.0, amount), "regression")


@_case
def last_month_says_nearly_all(bank: StrangersBank) -> None:
    last = np.log(bank.months["spend"][:, -1])
    bank.outcome("next_spend", 0.97 * last + bank.rng.normal(0, 0.3 * last.std(), bank.rows), "regression")


@_case
def region_says_much(bank: StrangersBank) -> None:
    rate = dict(
        zip(["seoul", "busan", "incheon", "daegu", "jeju", "ulsan"], [0.02, 0.05, 0.3, 0.7, 0.9, 0.95], strict=True)
    )
    _redraw(bank, np.array([rate[name] for name in bank.columns["region"].tolist()]))


@_case
def round_amounts_mean_something(bank: StrangersBank) -> None:
    rounded = bank.rng.random(bank.rows) < 0.4
    bank.columns["balance"] = np.where(rounded, np.round(bank.columns["balance"], -2), bank.columns["balance"])
    _redraw(bank, sigmoid(1.2 * rounded - 2))


@_case
def labels_that_determine_each_other(bank: StrangersBank) -> None:
    bank.outcome("buys_any", (bank.columns["buys"] != "none").astype(float), "binary")


@_case
def drift_between_the_snapshots(bank: StrangersBank) -> None:
    later = bank.rng.random(bank.rows) < 0.25
    bank.columns["taken"] = np.where(later, "2024-06-30", "2024-03-31")
    bank.columns["income"] = bank.columns["income"] * np.where(later, 1.1, 1.0)
    bank.split = {"time": {"column": "taken", "train": "2024-03-31", "test": "2024-06-30", "label_gap_days": 7}}


@_case
def earlier_outcome_among_the_inputs(bank: StrangersBank) -> None:
    before = (bank.rng.random(bank.rows) < 0.3).astype(float)
    bank.add("left_before", before)
    _redraw(bank, np.where(before == 1, 0.9, 0.06))


@_case
def households_of_three(bank: StrangersBank) -> None:
    household = bank.rng.permutation(bank.rows) // 3
    bank.columns["household"] = np.array([f"H{i}" for i in household])
    bank.columns["income"] = bank.columns["income"][np.argsort(np.argsort(household)) // 3]
    bank.split = {"key": "household"}
