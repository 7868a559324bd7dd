"""One column that tells a label is found, in every type of label; an honest strong one passes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from teacher.leakage.single import check_single

Case = Any


def run(case: Case) -> Any:
    fitted = case.fitted()
    return check_single(case.spec, fitted.schema, case.features, case.labels, case.parts)


def test_honest_features_pass_and_the_closest_is_named(case: Case) -> None:
    check = run(case)
    assert check.status == "pass"
    assert check.closest.columns == ["x3"]
    assert 0.7 < check.closest.value < check.closest.bound


LEAKS = {
    "the label itself": lambda case, rng: case.labels["binary"],
    "the label, turned around": lambda case, rng: 1 - case.labels["binary"],
    "a code of the label": lambda case, rng: np.where(case.labels["binary"] == 1, rng.choice([3, 8], 4000), 5),
    "missing exactly where the label is": lambda case, rng: np.where(
        case.labels["binary"] == 1, np.nan, rng.normal(size=4000)
    ),
    "the label, one row in 500 wrong": lambda case, rng: np.abs(case.labels["binary"] - (rng.random(4000) < 0.002)),
    "one class of the multiclass label": lambda case, rng: case.labels["multi"] == 2,
    "the multiclass label, shuffled codes": lambda case, rng: np.array([5, 1, 3])[case.labels["multi"].astype(int)],
    "the number on another scale": lambda case, rng: np.log(case.labels["number"]) * 3 - 1,
    "the number, rounded": lambda case, rng: np.round(case.labels["number"], 1),
    "an amount that is there when the label is": lambda case, rng: case.labels["binary"] * rng.lognormal(8, 2, 4000),
    "the number, folded": lambda case, rng: np.abs(np.log(case.labels["number"]) + 10),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_planted_leaks_are_found(case: Case, rng: np.random.Generator, leak: str) -> None:
    case.plant("two", planted=LEAKS[leak](case, rng))
    check = run(case)
    assert check.status == "fail"
    assert {tuple(evidence.columns) for evidence in check.failures} == {("planted",)}


NEAR_MISSES = {
    "label with a tenth wrong": lambda case, rng: np.abs(case.labels["binary"] - (rng.random(4000) < 0.1)),
    "number with noise": lambda case, rng: np.log(case.labels["number"]) + 0.3 * rng.normal(size=4000),
    "random code per row": lambda case, rng: rng.permutation(4000),
    "constant": lambda case, rng: np.ones(4000),
    "all missing": lambda case, rng: np.full(4000, np.nan),
}


@pytest.mark.parametrize("near", NEAR_MISSES)
def test_near_misses_pass(case: Case, rng: np.random.Generator, near: str) -> None:
    case.plant("two", planted=NEAR_MISSES[near](case, rng))
    assert run(case).status == "pass"


def test_masked_labels_are_left_out(case: Case) -> None:
    # Where the label is known it equals the column; elsewhere the column says nothing.
    planted = case.labels["binary"].copy()
    case.labels["binary"][::2] = np.nan
    case.plant("one", planted=planted)
    assert run(case).failures[0].task == "binary"


def test_too_few_cases_are_not_measured(case: Case) -> None:
    case.labels["binary"][:] = 0
    case.labels["binary"][:15] = 1
    case.plant("one", planted=case.labels["binary"])
    measured = [e for e in run(case).failures if e.measure.startswith("AUC")]
    assert measured == []
