"""The ctypes engine gives what the Python package gives, and survives what it would not."""

from __future__ import annotations

import threading
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
import tiny_bundle

from lambda_app.engine import Student, as_row
from lambda_app.native import EngineError

TOLERANCE = 1e-12


def _booster(objective: str, label: np.ndarray, x: np.ndarray, **extra: Any) -> lgb.Booster:
    binning = {"zero_as_missing": extra.pop("zero_as_missing", False)}
    params = {"objective": objective, "num_leaves": 15, "verbose": -1, "num_threads": 1, "seed": 3} | extra
    return lgb.train(params, lgb.Dataset(x, label, categorical_feature=[7], params=binning), num_boost_round=30)


def _label(objective: str, x: np.ndarray) -> np.ndarray:
    filled = np.nan_to_num(x)
    signal = filled[:, 3] - 1.5 + (filled[:, 7] == 1)
    if objective == "multiclass":
        return np.clip(np.round(signal), 0, 3)
    return (signal > 0).astype(float) if objective == "binary" else 1 / (1 + np.exp(-signal))


CASES = [
    ("binary", {}),
    ("binary", {"zero_as_missing": True}),
    ("cross_entropy", {}),
    ("regression", {}),
    ("huber", {}),
    ("regression", {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.7}),
    ("regression", {"linear_tree": True}),
    ("multiclass", {"num_class": 4}),
]


@pytest.mark.parametrize(("objective", "extra"), CASES)
def test_raw_scores_and_contributions_equal_the_python_package(objective: str, extra: dict[str, Any]) -> None:
    x = tiny_bundle.rows(seed=5)
    x[::7, 3] = 0
    booster = _booster(objective, _label(objective, x), x, **extra)
    outputs = extra.get("num_class", 1)
    student = Student(booster.model_to_string().encode(), features=8, outputs=outputs)
    probe = tiny_bundle.rows(seed=6)[:150]
    probe[0] = np.nan
    probe[1] = 0
    probe[2, 7] = 99  # a category that training never saw
    raw = booster.predict(probe, raw_score=True).reshape(len(probe), outputs)
    found = np.array([student.raw(as_row(row)) for row in probe])
    assert np.abs(found - raw).max() <= TOLERANCE
    if extra.get("linear_tree"):
        return  # the library has no contributions for linear leaves
    shap = booster.predict(probe, pred_contrib=True).reshape(len(probe), outputs, 9)
    for output in range(outputs):
        ours = np.array([student.contributions(as_row(row), output) for row in probe])
        assert np.abs(ours - shap[:, output]).max() <= TOLERANCE


def test_linear_leaves_refuse_contributions_with_the_librarys_own_words() -> None:
    x = np.nan_to_num(tiny_bundle.rows())
    booster = _booster("regression", x[:, 0], x, linear_tree=True)
    student = Student(booster.model_to_string().encode(), features=8)
    with pytest.raises(EngineError, match="linear"):
        student.contributions(as_row(x[0]))


def test_a_row_of_another_length_is_refused() -> None:
    student = Student(tiny_bundle.models()["models/signups.distilled.txt"], features=8)
    for length in (0, 7, 9):
        with pytest.raises(EngineError, match=f"the row has {length} values, the model reads 8"):
            student.raw(as_row([0.0] * length))
    with pytest.raises(EngineError, match="one numbered 1"):
        student.contributions(as_row([0.0] * 8), 1)


@pytest.mark.parametrize(("features", "outputs", "what"), [(7, 1, "8 features"), (8, 3, "1 outputs")])
def test_a_model_of_other_dimensions_is_refused(features: int, outputs: int, what: str) -> None:
    with pytest.raises(EngineError, match=f"the model has {what}"):
        Student(tiny_bundle.models()["models/signups.distilled.txt"], features=features, outputs=outputs)


def test_garbage_in_place_of_numbers_is_refused_and_says_why() -> None:
    text = tiny_bundle.models()["models/signups.distilled.txt"]
    bad = text.replace(b"num_class=1", b"num_class=?")
    with pytest.raises(EngineError):
        Student(bad, features=8)


def test_threads_share_a_student() -> None:
    student = Student(tiny_bundle.models()["models/signups.distilled.txt"], features=8)
    rows = [as_row(row) for row in tiny_bundle.rows()[:60]]
    expected = [student.raw(row) for row in rows]
    wrong: list[int] = []

    def work() -> None:
        for _ in range(10):
            for row, value in zip(rows, expected, strict=True):
                if student.raw(row) != value:
                    wrong.append(1)
            student.contributions(rows[0])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
