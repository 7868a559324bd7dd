"""Both students of every task: quality, masks, bytes, checkpoints, and the same numbers in pure Python."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import lightgbm as lgb
import numpy as np
import pytest

from distill import DistillConfig, SoftLabels, Student, StudentPair, fit_students
from distill.students._boost import Candidate, Setting, boost
from distill.students._targets import prepare_task
from distill.students._task import TaskFitting, used
from understudy.contracts.manifest import ModelRef
from understudy.errors import UserError
from understudy.progress import Silent
from understudy.scoring import apply


@pytest.fixture(scope="module")
def fitted(bank: Any, config: DistillConfig, tmp_path_factory: pytest.TempPathFactory) -> dict[str, StudentPair]:
    return fit_students(bank.dataset, bank.soft, config, tmp_path_factory.mktemp("students"), Silent())


def as_ref(student: Student) -> ModelRef:
    return ModelRef(
        path="m",
        link=student.link,
        base=list(student.base),
        scale=student.scale,
        shift=student.shift,
        trees=student.booster.num_trees(),
        calibrator=student.calibrator,
    )


@pytest.mark.parametrize("task", ["churn", "next_family", "spend"])
@pytest.mark.parametrize("kind", ["distilled", "direct"])
def test_the_function_computes_the_same_numbers(
    bank: Any, fitted: dict[str, StudentPair], task: str, kind: str
) -> None:
    student: Student = getattr(fitted[task], kind)
    features = bank.dataset.features[bank.dataset.rows("test")[:200]]
    raw = lgb.Booster(model_str=student.text).predict(features, raw_score=True).reshape(len(features), -1)
    served = np.array([apply(as_ref(student), row) for row in raw.tolist()])
    np.testing.assert_allclose(served.squeeze(), student.predict(features), rtol=0, atol=1e-9)


def test_a_good_teacher_is_copied_and_beats_the_labels(bank: Any, fitted: dict[str, StudentPair]) -> None:
    test = bank.dataset.rows("test")
    for task, pair in fitted.items():
        teacher, features = bank.soft.probs[task][test], bank.dataset.features[test]
        distance = [np.square(s.predict(features) - teacher).mean() for s in (pair.distilled, pair.direct)]
        assert distance[0] < distance[1]
    said = fitted["next_family"].distilled.predict(bank.dataset.features[test])
    agreement = (said.argmax(axis=1) == bank.soft.probs["next_family"][test].argmax(axis=1)).mean()
    assert agreement > 0.95


def test_choices_are_recorded(fitted: dict[str, StudentPair]) -> None:
    pair = fitted["churn"]
    assert pair.distilled.choices["alpha"] in (0.5, 1.0)
    assert pair.direct.choices["alpha"] == 0.0
    assert pair.direct.choices["rounds"] == pair.direct.booster.current_iteration()
    assert fitted["spend"].direct.choices["loss"] in ("huber", "l2")


def test_a_useless_teacher_is_not_copied(bank: Any, config: DistillConfig, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    noise = {task: rng.permutation(values) for task, values in bank.soft.probs.items()}
    pairs = fit_students(bank.dataset, replace(bank.soft, probs=noise), config, tmp_path, Silent())
    assert [pair.distilled.choices["alpha"] for pair in pairs.values()] == [0.0, 0.0, 0.0]


def test_masked_labels_are_never_read(bank: Any, config: DistillConfig, tmp_path: Path) -> None:
    dataset = bank.dataset
    masked = np.random.default_rng(1).random(len(dataset.row_ids)) < 0.3
    labels = {task: np.where(masked, np.nan, values) for task, values in dataset.labels.items()}
    wrong = {task: np.where(masked, values.max() - values, values) for task, values in dataset.labels.items()}
    with_mask = fit_students(replace(dataset, labels=labels), bank.soft, config, tmp_path / "a", Silent())
    poisoned = fit_students(replace(dataset, labels=wrong), bank.soft, config, tmp_path / "b", Silent())
    test = dataset.rows("test")
    for task, pair in with_mask.items():
        clean = pair.direct.predict(dataset.features[test])
        dirty = poisoned[task].direct.predict(dataset.features[test])
        truth = bank.soft.probs[task][test]
        assert np.square(clean - truth).mean() < np.square(dirty - truth).mean()


def test_rows_that_weigh_nothing_are_not_learned_from(bank: Any, config: DistillConfig, tmp_path: Path) -> None:
    """A third of the labels is wrong, and the spec's weights say so."""
    dataset = bank.dataset
    wrong = np.random.default_rng(1).random(len(dataset.row_ids)) < 0.3
    labels = {task: np.where(wrong, values.max() - values, values) for task, values in dataset.labels.items()}
    weights = dict.fromkeys(labels, np.where(wrong, 0.0, 1.0))
    weighed = replace(dataset, labels=labels, row_weights=weights)
    told = fit_students(weighed, bank.soft, config, tmp_path / "a", Silent())
    untold = fit_students(replace(dataset, labels=labels), bank.soft, config, tmp_path / "b", Silent())
    test = dataset.rows("test")
    for task, pair in told.items():
        truth = bank.soft.probs[task][test]
        errors = [np.square(one.direct.predict(dataset.features[test]) - truth).mean() for one in (pair, untold[task])]
        assert errors[0] < errors[1]


@pytest.mark.parametrize("direction", [1, -1])
def test_a_monotone_feature_moves_the_prediction_one_way(
    bank: Any, config: DistillConfig, tmp_path: Path, direction: Literal[-1, 1]
) -> None:
    """Churn rises with x0 in the data: told that it must not, no student says that it does."""
    tasks = [task.model_copy(update={"monotone": {"x0": direction}}) for task in bank.dataset.spec.tasks[:1]]
    dataset = replace(bank.dataset, spec=bank.dataset.spec.model_copy(update={"tasks": tasks}))
    pair = fit_students(dataset, bank.soft, config, tmp_path, Silent())["churn"]
    column = dataset.schema.names.index("x0")
    rows = np.repeat(dataset.features[dataset.rows("test")[:50]], 21, axis=0)
    rows[:, column] = np.tile(np.linspace(-3, 3, 21), 50)
    for student in (pair.distilled, pair.direct):
        steps = direction * np.diff(student.predict(rows).reshape(50, 21), axis=1)
        assert steps.min() >= -1e-12
        assert (steps.max() > 0) == (direction == 1)


def test_the_last_fit_uses_the_features_that_matter_and_what_was_tried_is_kept(
    bank: Any, fitted: dict[str, StudentPair]
) -> None:
    pair = fitted["churn"]
    roles = [one["chosen"] for one in pair.tried if one["chosen"]]
    assert ", ".join(map(str, roles)).count("distilled") == 1
    assert len(pair.tried) >= 4
    kept = pair.direct.choices["features"]
    used_features = int((pair.direct.booster.feature_importance("split") > 0).sum())
    if kept != "all":
        assert used_features <= int(kept) < len(bank.dataset.schema.names)
    assert used(pair.direct.text, 0.5) != used(pair.direct.text, 1.0)
    assert set(used(pair.direct.text, 0.5)) <= set(used(pair.direct.text, 1.0))


def test_a_candidate_on_some_features_uses_no_other(bank: Any, config: DistillConfig) -> None:
    fitting = TaskFitting(bank.dataset, bank.soft, config)
    dataset, task = bank.dataset, bank.dataset.task("churn")
    train, valid = dataset.rows("train"), dataset.rows("valid")
    labels, soft = dataset.labels["churn"], bank.soft.probs["churn"]
    data = prepare_task(task, (labels[train], labels[valid]), (soft[train], soft[valid]))[:2]
    candidate = Candidate(0.5, config.shapes[0], "cross_entropy", temperature=2.0, features=(1, 3))
    boosted = boost(fitting.bin_features(), *data, candidate, Setting("binary", config))
    gain = lgb.Booster(model_str=boosted.text).feature_importance("split")
    assert set(np.flatnonzero(gain).tolist()) <= {1, 3}
    assert gain.sum() > 0


def test_same_seed_same_bytes_and_test_rows_are_not_read(
    bank: Any, config: DistillConfig, fitted: dict[str, StudentPair], tmp_path: Path
) -> None:
    dataset = bank.dataset
    test = dataset.rows("test")
    labels = {task: values.copy() for task, values in dataset.labels.items()}
    features = dataset.features.copy()
    soft = {task: values.copy() for task, values in bank.soft.probs.items()}
    for values in labels.values():
        values[test] = np.nan
    features[test] = -1e6
    changed = replace(dataset, labels=labels, features=features)
    again = fit_students(changed, replace(bank.soft, probs=soft), config, tmp_path, Silent())
    for task, pair in fitted.items():
        for kind in ("distilled", "direct"):
            first, second = getattr(pair, kind), getattr(again[task], kind)
            assert first.text == second.text
            assert first.calibrator == second.calibrator


def test_tasks_side_by_side_give_the_bytes_of_one_after_the_other(
    bank: Any, config: DistillConfig, fitted: dict[str, StudentPair], tmp_path: Path
) -> None:
    settings = config.model_copy(update={"threads": 3})
    assert fit_students(bank.dataset, bank.soft, settings, tmp_path, Silent()) == fitted


def test_two_threads_in_one_fit_give_the_trees_of_one(
    bank: Any, config: DistillConfig, fitted: dict[str, StudentPair], tmp_path: Path
) -> None:
    one_task = replace(bank.dataset, spec=bank.dataset.spec.model_copy(update={"tasks": bank.dataset.spec.tasks[:1]}))
    settings = config.model_copy(update={"threads": 2})
    pair = fit_students(one_task, bank.soft, settings, tmp_path, Silent())["churn"]
    trees = [text.split("\nparameters:")[0] for text in (pair.distilled.text, fitted["churn"].distilled.text)]
    assert trees[0] == trees[1]


def test_a_task_that_cannot_be_fitted_stops_the_others(bank: Any, config: DistillConfig, tmp_path: Path) -> None:
    labels = bank.dataset.labels | {"churn": np.ones(len(bank.dataset.row_ids))}
    settings = config.model_copy(update={"threads": 2})
    with pytest.raises(UserError, match="task churn: every training label is 1"):
        fit_students(replace(bank.dataset, labels=labels), bank.soft, settings, tmp_path, Silent())


def test_a_killed_run_goes_on_at_the_task_where_it_stopped(
    bank: Any, config: DistillConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import distill.students._task as module

    real, calls = module.boost, []

    def count(*args: Any) -> Any:
        calls.append(args)
        if len(calls) == 8:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(module, "boost", count)
    with pytest.raises(KeyboardInterrupt):
        fit_students(bank.dataset, bank.soft, config, tmp_path, Silent())
    assert [p.name for p in tmp_path.iterdir()] == ["next_family"]
    before = (tmp_path / "next_family" / "students.json").stat().st_mtime_ns
    pairs = fit_students(bank.dataset, bank.soft, config, tmp_path, Silent())
    assert (tmp_path / "next_family" / "students.json").stat().st_mtime_ns == before
    done = len(calls)
    again = fit_students(bank.dataset, bank.soft, config, tmp_path, Silent())
    assert len(calls) == done
    assert again == pairs


def test_other_soft_labels_are_fitted_again(bank: Any, config: DistillConfig, tmp_path: Path) -> None:
    first = fit_students(bank.dataset, bank.soft, config, tmp_path, Silent())
    probs = bank.soft.probs | {"churn": bank.soft.probs["churn"] * 0.5}
    second = fit_students(bank.dataset, SoftLabels(probs, bank.soft.fold, {}), config, tmp_path, Silent())
    assert first["churn"].distilled.text != second["churn"].distilled.text
    assert first["spend"] == second["spend"]
