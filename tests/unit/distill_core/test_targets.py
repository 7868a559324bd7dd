"""Blends of labels and teacher, masked rows, and labels that cannot be learned."""

from __future__ import annotations

import numpy as np
import pytest

from distill.students._targets import TaskData, prepare_task
from understudy.contracts.spec import TaskSpec
from understudy.errors import UserError

NAN = np.nan
BINARY = TaskSpec(name="churn", type="binary", label="y")
THREE = TaskSpec(name="family", type="multiclass", label="k", classes=["a", "b", "c"])
SPEND = TaskSpec(name="spend", type="regression", label="v")


def test_blend_weighs_label_and_teacher() -> None:
    data = TaskData(hard=np.array([1.0, 0.0, NAN]), soft=np.array([0.6, 0.2, 0.9]))
    half = data.blend(0.5)
    np.testing.assert_allclose(half.values, [0.8, 0.1, 0.9])
    assert half.weights is not None
    np.testing.assert_allclose(half.weights, [1, 1, 0.5])
    hard = data.blend(0.0)
    assert hard.rows.tolist() == [0, 1]
    assert hard.values.tolist() == [1.0, 0.0]
    np.testing.assert_allclose(data.blend(1.0).values, data.soft)


def test_a_fully_labelled_task_has_no_weights() -> None:
    assert TaskData(hard=np.ones(3), soft=np.ones(3)).blend(0.5).weights is None


def test_rows_count_what_the_spec_says_they_count() -> None:
    labels, soft = np.array([1.0, 0.0, NAN, 0.0]), np.array([0.6, 0.2, 0.9, 0.5])
    weights = np.array([6.0, 2.0, 8.0, 4.0])
    train, valid, _, _ = prepare_task(BINARY, (labels, labels), (soft, soft), (weights, weights))
    assert train.blend(0.0).weights.tolist() == [1.5, 0.5, 1.0]
    assert train.blend(0.5).weights.tolist() == [1.5, 0.5, 1.0, 1.0]  # the unlabelled row: 2 x alpha
    assert valid.blend(1.0).weights.tolist() == [1.5, 0.5, 2.0, 1.0]


def test_multiclass_labels_become_one_hot() -> None:
    labels, soft = np.array([2.0, NAN, 0.0]), np.full((3, 3), 1 / 3)
    train, _, _, _ = prepare_task(THREE, (labels, labels), (soft, soft))
    assert train.known.tolist() == [True, False, True]
    np.testing.assert_allclose(train.blend(0.5).values[0], [1 / 6, 1 / 6, 2 / 3])
    np.testing.assert_allclose(train.blend(0.5).values[1], soft[1])


def test_regression_is_standardised_by_the_training_labels() -> None:
    y, soft = np.array([10.0, 30.0, NAN]), np.array([12.0, 28.0, 20.0])
    train, valid, scale, shift = prepare_task(SPEND, (y, y + 10), (soft, soft))
    assert (scale, shift) == (10.0, 20.0)
    np.testing.assert_allclose(train.hard[:2], [-1, 1])
    np.testing.assert_allclose(train.soft, [-0.8, 0.8, 0])
    np.testing.assert_allclose(valid.hard[:2], [0, 2])


def test_labels_that_cannot_be_learned_are_refused() -> None:
    good, soft = np.array([0.0, 1.0]), np.array([0.5, 0.5])
    with pytest.raises(UserError, match="every training label is 1"):
        prepare_task(BINARY, (np.ones(2), good), (soft, soft))
    with pytest.raises(UserError, match="no validation row has a label"):
        prepare_task(BINARY, (good, np.full(2, NAN)), (soft, soft))
    with pytest.raises(UserError, match="a soft label is not finite"):
        prepare_task(BINARY, (good, good), (soft, np.array([0.5, NAN])))


def test_a_temperature_divides_the_teachers_logits() -> None:
    p = np.array([0.1, 0.5, 0.9])
    data = TaskData(np.array([0.0, 1.0, 1.0]), p)
    odds = np.log(p / (1 - p)) / 2
    assert data.blend(1.0, 2.0).values == pytest.approx(1 / (1 + np.exp(-odds)))
    many = np.array([[0.7, 0.2, 0.1]])
    found = TaskData(np.eye(3)[:1], many).blend(1.0, 2.0).values
    assert found == pytest.approx(np.sqrt(many) / np.sqrt(many).sum())
