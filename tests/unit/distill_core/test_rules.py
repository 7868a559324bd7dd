"""Rules: rates of segments, drawn to the prior; missing values, rare categories and masks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from distill import fit_rules
from distill.rules import PRIOR_ROWS
from understudy.contracts.rules import Condition, Segment
from understudy.errors import UserError


def matches(condition: Condition, value: float | str | None) -> bool:
    if value is None:
        return condition.missing
    if condition.any_of is not None:
        return value in condition.any_of
    if condition.missing or isinstance(value, str):
        return False
    return (condition.ge is None or value >= condition.ge) and (condition.lt is None or value < condition.lt)


def value_of(dataset: Any, row: int, name: str) -> float | str | None:
    index = dataset.schema.names.index(name)
    value = dataset.features[row, index]
    if np.isnan(value):
        return None
    categories = dataset.schema.features[index].categories
    return categories[int(value)] if categories else float(value)


def segment_of(dataset: Any, row: int, segments: list[Segment]) -> list[int]:
    return [
        i
        for i, segment in enumerate(segments)
        if all(matches(c, value_of(dataset, row, c.feature)) for c in segment.when)
    ]


def with_columns(bank: Any, columns: list[str], bins: int = 3) -> Any:
    rules = bank.dataset.spec.rules.model_copy(update={"columns": columns, "bins": bins})
    return replace(bank.dataset, spec=bank.dataset.spec.model_copy(update={"rules": rules}))


def test_every_training_row_has_one_segment_and_its_shrunken_rate(bank: Any) -> None:
    dataset = with_columns(bank, ["x1", "segment"])
    train = dataset.rows("train")
    rules = fit_rules(dataset)
    for task, width in (("churn", 1), ("next_family", 3), ("spend", 1)):
        found = rules.tasks[task]
        home = [segment_of(dataset, row, found.segments) for row in train]
        assert all(len(h) == 1 for h in home)
        assert sum(s.rows for s in found.segments) == len(train)
        labels = dataset.labels[task][train]
        outputs = np.eye(3)[labels.astype(int)] if width == 3 else labels[:, None]
        np.testing.assert_allclose(found.prior, outputs.mean(axis=0))
        members = np.array([h[0] for h in home]) == 0
        n = members.sum()
        expected = (outputs[members].sum(axis=0) + PRIOR_ROWS * outputs.mean(axis=0)) / (n + PRIOR_ROWS)
        np.testing.assert_allclose(found.segments[0].value, expected)


def test_missing_values_are_a_segment_of_their_own(bank: Any) -> None:
    segments = fit_rules(with_columns(bank, ["x1"])).tasks["churn"].segments
    assert len(segments) == 4
    assert [s.when[0].missing for s in segments] == [False, False, False, True]
    assert segments[0].when[0].ge is None
    assert segments[0].when[0].lt == segments[1].when[0].ge
    assert segments[2].when[0].lt is None


def test_rare_categories_share_a_bin(bank: Any) -> None:
    segments = fit_rules(with_columns(bank, ["segment"], bins=2)).tasks["churn"].segments
    assert [len(s.when[0].any_of or []) for s in segments] == [1, 3]
    all_alone = fit_rules(with_columns(bank, ["segment"], bins=4)).tasks["churn"].segments
    assert [len(s.when[0].any_of or []) for s in all_alone] == [1, 1, 1, 1]


def test_test_rows_and_masked_rows_are_not_counted(bank: Any) -> None:
    dataset = with_columns(bank, ["segment"])
    labels = dataset.labels["churn"].copy()
    labels[dataset.split != 0] = 1 - labels[dataset.split != 0]
    changed = replace(dataset, labels=dataset.labels | {"churn": labels})
    assert fit_rules(changed) == fit_rules(dataset)
    half = dataset.rows("train")[::2]
    labels[half] = np.nan
    assert sum(s.rows for s in fit_rules(changed).tasks["churn"].segments) == len(dataset.rows("train")) - len(half)


def test_without_columns_the_prior_speaks(bank: Any) -> None:
    assert fit_rules(with_columns(bank, [])).tasks["churn"].segments == []


def test_a_column_that_is_mostly_zero_parts_zero_from_the_rest(bank: Any) -> None:
    features = bank.dataset.features.copy()
    features[:, 0] = (features[:, 0] > 1).astype(float)
    dataset = replace(with_columns(bank, ["x0"], bins=4), features=features)
    first, second = fit_rules(dataset).tasks["churn"].segments
    assert (first.when[0].lt, second.when[0].ge) == (1.0, 1.0)
    features[:, 0] = 3.0
    (only,) = fit_rules(dataset).tasks["churn"].segments
    assert (only.when[0].ge, only.when[0].lt) == (None, None)


def test_what_is_not_a_feature_is_refused(bank: Any) -> None:
    with pytest.raises(UserError, match="'income', which is not a feature"):
        fit_rules(with_columns(bank, ["income"]))


def test_a_task_without_labels_is_refused(bank: Any) -> None:
    labels = bank.dataset.labels | {"churn": np.full(len(bank.dataset.row_ids), np.nan)}
    with pytest.raises(UserError, match="no training row has a label"):
        fit_rules(replace(bank.dataset, labels=labels))
