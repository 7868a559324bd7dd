from __future__ import annotations

from typing import Any

import lightgbm as lgb
import numpy as np
import pytest

from distill.bundle import portable_text


def train(threads: int) -> str:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 3))
    params = {"objective": "binary", "num_threads": threads, "verbosity": -1, "deterministic": True}
    return lgb.train(params, lgb.Dataset(x, (x[:, 0] > 0).astype(float)), 5).model_to_string()


def test_the_same_trees_give_the_same_text_whatever_machine_trained_them() -> None:
    one, two = train(1), train(2)
    assert one != two
    assert portable_text(one) == portable_text(two)
    assert "num_threads" not in portable_text(one)


@pytest.mark.parametrize("task", ["churn_signal", "nba_primary", "spend"])
def test_scores_and_contributions_are_unchanged(sample: Any, task: str) -> None:
    student, features = sample.students[task].distilled, sample.dataset.features
    stripped = lgb.Booster(model_str=portable_text(student.text))
    for contributions in (False, True):
        before = student.booster.predict(features, raw_score=True, pred_contrib=contributions)
        assert np.array_equal(stripped.predict(features, raw_score=True, pred_contrib=contributions), before)


def test_what_no_prediction_reads_is_gone(sample: Any) -> None:
    text = sample.students["nba_primary"].distilled.text
    lean = portable_text(text)
    assert not [line for line in lean.splitlines() if line.startswith(("split_gain=", "internal_w", "leaf_weight="))]
    assert len(lean) < 0.75 * len(text)
    assert lean.count("\nTree=") == text.count("\nTree=")


def test_stripping_twice_changes_nothing(sample: Any) -> None:
    once = portable_text(sample.students["spend"].direct.text)
    assert portable_text(once) == once


@pytest.mark.parametrize("damage", ["", "no model", "tree\nversion=v4\n"])
def test_what_is_no_model_is_refused(damage: str) -> None:
    with pytest.raises(ValueError, match="not a complete LightGBM text model"):
        portable_text(damage)


def test_a_cut_parameters_section_is_refused() -> None:
    with pytest.raises(ValueError, match="no end"):
        portable_text(train(1).partition("end of parameters")[0])
