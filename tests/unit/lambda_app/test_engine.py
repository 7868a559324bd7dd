"""The compiled trees give what LightGBM gives, and survive what it would not."""

from __future__ import annotations

import gc
import threading
from fractions import Fraction
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
import tiny_bundle
from hypothesis import given, settings
from hypothesis import strategies as st

from lambda_app.engine import Panel, Student, as_row
from lambda_app.native import SOURCES, EngineError

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
    assert np.array_equal(found, raw)  # the same additions in the same order
    shap = booster.predict(probe, pred_contrib=True).reshape(len(probe), outputs, 9)
    for output in range(outputs):
        ours = np.array([student.contributions(as_row(row), output) for row in probe])
        assert np.abs(ours - shap[:, output]).max() <= TOLERANCE


def test_linear_leaves_are_refused() -> None:
    x = np.nan_to_num(tiny_bundle.rows())
    booster = _booster("regression", x[:, 0], x, linear_tree=True)
    with pytest.raises(EngineError, match="linear"):
        Student(booster.model_to_string().encode(), features=8)


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


def test_threads_share_a_student() -> None:
    text = tiny_bundle.models()["models/family.distilled.txt"]
    student = Student(text, features=8, outputs=3)
    rows = [as_row(row) for row in tiny_bundle.rows()[:60]]
    expected = [(student.raw(row), student.contributions(row, 1)) for row in rows]
    wrong: list[int] = []

    def work() -> None:
        for _ in range(10):
            for place, (row, values) in enumerate(zip(rows, expected, strict=True)):
                if (student.raw(row), student.contributions(row, 1)) != values:
                    wrong.append(place)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_split_that_parts_only_the_missing_has_an_infinite_threshold() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(400, 2))
    x[::3, 0] = np.nan
    booster = lgb.train({"verbose": -1, "num_leaves": 4}, lgb.Dataset(x, np.isnan(x[:, 0]) * 2.0 + x[:, 1] * 0.1), 20)
    text = booster.model_to_string()
    assert any("inf" in line for line in text.splitlines() if line.startswith("threshold="))
    student = Student(text.encode(), features=2)
    probe = np.vstack([x[:20], [[np.inf, 0], [-np.inf, 0], [np.nan, np.nan]]])
    raw, shap = booster.predict(probe, raw_score=True), booster.predict(probe, pred_contrib=True)
    assert [student.raw(as_row(row))[0] for row in probe] == raw.tolist()
    assert np.abs([student.contributions(as_row(row)) for row in probe] - shap).max() <= TOLERANCE


def test_contributions_add_up_to_the_raw_score() -> None:
    student = Student(tiny_bundle.models()["models/signups.distilled.txt"], features=8)
    for values in tiny_bundle.rows(seed=9)[:50]:
        row = as_row(values)
        assert sum(student.contributions(row)) == pytest.approx(student.raw(row)[0], abs=1e-12)


def test_a_constant_model_has_only_an_expectation() -> None:
    x = tiny_bundle.rows()
    booster = _booster("regression", np.full(len(x), 2.5), x)
    student = Student(booster.model_to_string().encode(), features=8)
    row = as_row(x[0])
    assert student.raw(row) == booster.predict(x[:1], raw_score=True).tolist()
    assert student.contributions(row) == booster.predict(x[:1], pred_contrib=True)[0].tolist()


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    leaves=st.integers(2, 63),
    depth=st.sampled_from([-1, 2, 12]),
    features=st.integers(1, 40),
    missing=st.sampled_from([0.0, 0.3]),
    options=st.fixed_dictionaries(
        {
            "zero_as_missing": st.booleans(),
            "use_missing": st.booleans(),
            "min_data_in_leaf": st.sampled_from([1, 5]),
            "max_cat_to_onehot": st.sampled_from([1, 4]),
        }
    ),
)
def test_random_models_on_random_rows(
    seed: int, leaves: int, depth: int, features: int, missing: float, options: dict[str, Any]
) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(300, features)).round(1)
    x[:, ::3] = rng.integers(0, 40, size=x[:, ::3].shape)
    x[rng.random(x.shape) < missing] = np.nan
    label = np.nan_to_num(x[:, 0]) % 7 - np.nan_to_num(x[:, -1]) + rng.normal(size=300)
    params = {"objective": "regression", "num_leaves": leaves, "max_depth": depth, "verbose": -1, "num_threads": 1}
    data = lgb.Dataset(x, label, categorical_feature=list(range(0, features, 6)), params=options)
    booster = lgb.train(params | options, data, num_boost_round=5)
    student = Student(booster.model_to_string().encode(), features=features)
    probe = np.vstack([x[:20], rng.choice([-3.7, -0.5, 0, 1e-36, 31, 1e12, np.nan, np.inf], size=(20, features))])
    raw, shap = booster.predict(probe, raw_score=True), booster.predict(probe, pred_contrib=True)
    for row, score, shares in zip(probe, raw, shap, strict=True):
        assert student.raw(as_row(row)) == [score]
        assert np.abs(np.array(student.contributions(as_row(row))) - shares).max() <= TOLERANCE


def test_long_paths_use_more_points_and_stay_exact() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(3000, 60))
    # One feature after the other matters less and less: each tree becomes one long path of different features.
    label = sum(np.where(x[:, :k].min(axis=1) > -1.5, 1.0, 0.0) for k in range(1, 40))
    params = {"num_leaves": 34, "min_data_in_leaf": 1, "verbose": -1, "num_threads": 1}
    booster = lgb.train(params, lgb.Dataset(x, label), num_boost_round=1)
    tree = lgb.Booster(model_str=booster.model_to_string())
    student = Student(tree.model_to_string().encode(), features=60)
    root = tree.dump_model()["tree_info"][0]["tree_structure"]
    longest = 0
    for row in x[:2]:
        exact, length = _shapley(root, row)
        longest = max(longest, length)
        ours = np.array(student.contributions(as_row(row)))[:-1]
        theirs = tree.predict(row[None], pred_contrib=True)[0, :-1]
        assert np.abs(ours - exact).max() <= 1e-13 * np.abs(exact).max()
        # The library's subset weights lose digits on long paths; ours may not be further from the truth.
        assert np.abs(ours - exact).max() <= np.abs(theirs - exact).max()
    assert longest > 16


def _shapley(root: dict[str, Any], row: np.ndarray) -> tuple[np.ndarray, int]:
    """Path-dependent Shapley values in exact fractions, leaf by leaf, and the most features on one path."""
    total = [Fraction(0)] * len(row)
    stack: list[tuple[dict[str, Any], dict[int, tuple[Fraction, int]]]] = [(root, {})]
    longest = 0
    while stack:
        node, path = stack.pop()
        if "leaf_value" in node:
            longest = max(longest, len(path))
            for feature, (z, o) in path.items():
                # Coefficients in t of the product over the others of ((1 - t) z + t o), integrated from 0 to 1.
                product = [Fraction(1)]
                for other, (oz, oo) in path.items():
                    if other != feature:
                        up = [Fraction(0), *((oo - oz) * c for c in product)]
                        product = [a + b for a, b in zip(up, [*(oz * c for c in product), 0], strict=True)]
                integral = sum(c / (power + 1) for power, c in enumerate(product))
                total[feature] += Fraction(node["leaf_value"]) * (o - z) * integral
            continue
        feature = node["split_feature"]
        for side in ("left_child", "right_child"):
            child = node[side]
            count = child.get("internal_count", child.get("leaf_count"))
            z, o = path.get(feature, (Fraction(1), 1))
            follows = (row[feature] <= node["threshold"]) == (side == "left_child")
            share = Fraction(count / node["internal_count"])  # rounded as everybody rounds it
            stack.append((child, path | {feature: (z * share, o * follows)}))
    return np.array([float(value) for value in total]), longest


def test_the_quadrature_is_gauss_legendre() -> None:
    header = (SOURCES / "quadrature.h").read_text(encoding="utf-8")
    for points in (4, 6, 8, 12, 16, 32):
        nodes, weights = np.polynomial.legendre.leggauss(points)
        for name, expected in (("POINT", (nodes + 1) / 2), ("WEIGHT", weights / 2)):
            body = header.split(f"{name}_{points}[] = {{")[1].split("}")[0]
            found = [float(number) for number in body.split(",") if number.strip()]
            assert found == pytest.approx(expected.tolist(), abs=1e-15)


def _students() -> tuple[list[Student], np.ndarray]:
    x = tiny_bundle.rows(seed=5)
    many = _booster("multiclass", _label("multiclass", x), x, num_class=4)
    one = _booster("binary", _label("binary", x), x)
    texts = [(one.model_to_string(), 1), (many.model_to_string(), 4), (one.model_to_string(), 1)]
    return [Student(text.encode(), features=8, outputs=outputs) for text, outputs in texts], x


def test_a_panel_says_what_its_students_say_one_by_one() -> None:
    students, x = _students()
    panel = Panel(students)
    for values in x[:50]:
        row = as_row(values)
        assert panel.raw(row) == [student.raw(row) for student in students]
    assert Panel([]).raw(as_row([])) == []


def test_a_panel_keeps_its_students() -> None:
    students, x = _students()
    row = as_row(x[0])
    expected = [student.raw(row) for student in students]
    panel = Panel(students)
    students.clear()
    gc.collect()
    assert panel.raw(row) == expected


def test_a_panel_refuses_rows_of_another_length_and_students_of_other_features() -> None:
    students, _ = _students()
    with pytest.raises(EngineError, match="3 values"):
        Panel(students).raw(as_row([1.0, 2.0, 3.0]))
    students[0].features = 9
    with pytest.raises(EngineError, match="features"):
        Panel(students)
