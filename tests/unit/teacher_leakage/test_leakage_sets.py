"""A set of columns that determines a label is found though none of it does alone; an honest strong set passes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from teacher.leakage.sets import check_sets
from teacher.leakage.single import check_single

Case = Any


def advance(steps: int = 1, note: str = "") -> None:
    del steps, note


def run(case: Case) -> Any:
    return check_sets(case.spec, case.fitted().schema, case.features, case.labels, case.parts, advance)


def single(case: Case) -> Any:
    return check_single(case.spec, case.fitted().schema, case.features, case.labels, case.parts)


def test_honest_features_pass(case: Case) -> None:
    check = run(case)
    assert check.status == "pass"
    assert check.measured > 10


def test_a_multi_hot_of_the_label_list_leaks_as_a_set(case: Case, rng: np.random.Generator) -> None:
    # Each class has 12 codes of its own: no column tells a class, all of them together do.
    codes = case.labels["multi"].astype(int) * 12 + rng.integers(0, 12, 4000)
    case.plant("hot", **{f"hot{code}": codes == code for code in range(36)})
    assert single(case).status == "pass"
    check = run(case)
    assert check.status == "fail"
    assert {evidence.task for evidence in check.failures} == {"multi"}
    assert any(evidence.detail.startswith("group hot") for evidence in check.failures)


def test_a_label_that_is_a_sum_of_columns_is_found(case: Case, rng: np.random.Generator) -> None:
    parts = rng.dirichlet(np.ones(5), 4000) * case.labels["number"][:, None]
    case.plant("parts", **{f"part{i}": parts[:, i] for i in range(5)})
    assert single(case).status == "pass"
    check = run(case)
    assert check.status == "fail"
    assert check.failures[0].task == "number"
    assert check.failures[0].measure == "linear R2"


def test_an_exclusive_or_is_found(case: Case, rng: np.random.Generator) -> None:
    one = rng.integers(0, 2, 4000)
    case.plant("pair", one=one, two=np.abs(case.labels["binary"] - one))
    assert single(case).status == "pass"
    assert run(case).failures[0].task == "binary"


def test_a_set_over_two_groups_is_found(case: Case, rng: np.random.Generator) -> None:
    one = rng.integers(0, 2, 4000)
    case.plant("first", one=one)
    case.plant("second", two=np.abs(case.labels["binary"] - one))
    check = run(case)
    assert check.status == "fail"
    assert {evidence.detail for evidence in check.failures} == {"group all groups"}


@pytest.mark.parametrize("wrong", [0.02, 0.1])
def test_a_set_that_errs_now_and_then_passes(case: Case, rng: np.random.Generator, wrong: float) -> None:
    one = rng.integers(0, 2, 4000)
    noisy = np.abs(case.labels["binary"] - (rng.random(4000) < wrong))
    case.plant("pair", one=one, two=np.abs(noisy - one))
    assert run(case).status == "pass"
