"""Each gate has a model that passes it and one that trips it; what trips decides who serves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, logit, softmax

from distill import StudentPair, evaluate_gates, require_reachable
from understudy.contracts.gates import GateConfig, GateReport, GateResult, TaskReport
from understudy.errors import UserError

CONFIG = GateConfig(bootstrap=200)
ROWS = 3000


@dataclass
class Oracle:
    """A student that knows what to say about each row: the first feature tells the rows apart."""

    first: np.ndarray
    values: np.ndarray
    choices: dict[str, float | int | str] = field(default_factory=dict)

    def predict(self, features: np.ndarray) -> np.ndarray:
        order = np.argsort(self.first)
        return self.values[order[np.searchsorted(self.first[order], features[:, 0])]]


def blur(values: np.ndarray, scale: float, seed: int) -> np.ndarray:
    """The same predictions with noise of ``scale`` on the logit (or in standard deviations)."""
    noise = np.random.default_rng(seed).normal(size=values.shape) * scale
    if values.ndim == 2:
        return softmax(np.log(values) + noise, axis=1)
    if values.min() < 0 or values.max() > 1:
        return values + noise * values.std()
    return expit(logit(values) + noise)


class Stage:
    """A good teacher, a distilled student close to it, a direct student a little further away."""

    def __init__(self, bank: Any) -> None:
        self.dataset = bank.dataset
        self.soft = bank.soft
        self.distilled = {task: blur(values, 0.02, 1) for task, values in bank.soft.probs.items()}
        self.direct = {task: blur(values, 0.2, 2) for task, values in bank.soft.probs.items()}

    def evaluate(self, config: GateConfig = CONFIG) -> GateReport:
        first = self.dataset.features[:, 0]
        pairs = {
            task: StudentPair(Oracle(first, self.distilled[task]), Oracle(first, self.direct[task]))  # type: ignore[arg-type]
            for task in self.soft.probs
        }
        return evaluate_gates(self.dataset, self.soft, pairs, config)

    def teach(self, task: str, values: np.ndarray) -> None:
        self.soft = replace(self.soft, probs=self.soft.probs | {task: values})

    def task(self, name: str, config: GateConfig = CONFIG) -> TaskReport:
        return next(task for task in self.evaluate(config).tasks if task.task == name)


@pytest.fixture
def stage(bank: Any) -> Stage:
    return Stage(bank)


def gate(report: TaskReport, name: str) -> GateResult:
    return next(result for result in report.gates if result.gate == name)


def shuffled(values: np.ndarray, seed: int = 9) -> np.ndarray:
    return np.random.default_rng(seed).permutation(values)


def test_good_students_pass_every_gate(stage: Stage) -> None:
    report = stage.evaluate()
    assert report.accepted
    assert report.reason == "no task rejects; layers: 3 distilled"
    for task in report.tasks:
        assert task.layer == "distilled"
        assert [result.gate for result in task.gates] == [
            "skill",
            "fidelity",
            "quality",
            "benefit",
            "fairness",
            "bypass",
        ]
        assert {result.status for result in task.gates} <= {"pass", "warn"}
        assert all(measure.low is not None for result in task.gates[:3] for measure in result.measures)


def test_scores_rank_ceiling_teacher_distilled_direct_prior(stage: Stage) -> None:
    churn = stage.task("churn")
    auc = {model: next(m.value for m in found if m.name == "auc") for model, found in churn.scores.items()}
    assert auc["teacher"] >= auc["distilled"] > auc["direct"] > auc["prior"] == 0.5
    assert churn.ceiling[0].value == auc["teacher"]
    assert stage.task("spend").ceiling == []


@pytest.mark.parametrize("task", ["churn", "next_family", "spend"])
def test_skill_a_blind_teacher_skips_the_task(stage: Stage, task: str) -> None:
    stage.teach(task, shuffled(stage.soft.probs[task]))
    report = stage.task(task)
    assert gate(report, "skill").status == "fail"
    assert report.layer == "rules"
    assert report.layer_reason.startswith("skipped: the teacher's skill")


def test_skill_a_weak_teacher_leaves_the_stage_to_the_direct_student(stage: Stage) -> None:
    stage.teach("churn", blur(stage.soft.probs["churn"], 9.0, 3))
    report = stage.evaluate(GateConfig(bootstrap=200, skill_auc=0.8))
    churn = report.tasks[0]
    assert gate(churn, "skill").status == "fail"
    assert (churn.layer, report.accepted) == ("direct", True)


@pytest.mark.parametrize("task", ["churn", "next_family", "spend"])
@pytest.mark.parametrize(("policy", "accepted"), [("reject", False), ("fallback", True)])
def test_fidelity_a_student_of_another_mind(stage: Stage, task: str, policy: str, accepted: bool) -> None:
    stage.distilled[task] = blur(stage.soft.probs[task], 3.0, 4)
    report = stage.evaluate(GateConfig.model_validate({"bootstrap": 200, "on_fidelity_failure": policy}))
    found = next(t for t in report.tasks if t.task == task)
    assert gate(found, "fidelity").status == "fail"
    assert (found.layer, report.accepted) == ("direct", accepted)
    assert accepted or task in report.reason


def test_quality_overconfidence_breaks_calibration(stage: Stage) -> None:
    stage.teach("churn", expit(3 * logit(stage.soft.probs["churn"])))
    stage.distilled["churn"] = stage.soft.probs["churn"]
    churn = stage.task("churn")
    assert gate(churn, "fidelity").status == "pass"
    assert gate(churn, "quality").status == "fail"
    assert "ece" in gate(churn, "quality").reason


@pytest.mark.parametrize(("task", "measure"), [("churn", "auc_drop"), ("next_family", "macro_f1_drop")])
def test_quality_a_drop_below_the_teacher(stage: Stage, task: str, measure: str) -> None:
    stage.distilled[task] = blur(stage.soft.probs[task], 3.0, 4)
    assert measure in gate(stage.task(task), "quality").reason


def test_quality_a_larger_error_than_the_teacher(stage: Stage) -> None:
    stage.distilled["spend"] = blur(stage.soft.probs["spend"], 0.3, 4)
    result = gate(stage.task("spend"), "quality")
    assert result.status == "fail"
    assert "mae_rise" in result.reason
    assert "rmse_rise" in result.reason


@pytest.mark.parametrize("task", ["churn", "next_family", "spend"])
def test_benefit_a_better_direct_student_ships(stage: Stage, task: str) -> None:
    stage.distilled[task], stage.direct[task] = blur(stage.soft.probs[task], 0.5, 5), stage.soft.probs[task]
    config = GateConfig(
        bootstrap=200, quality_mae_rise=9, quality_rmse_rise=9, spearman=0.5, ece=0.5, quartile_agreement=0.3
    )
    report = stage.evaluate(config)
    found = next(t for t in report.tasks if t.task == task)
    assert gate(found, "benefit").status == "fail"
    assert (found.layer, report.accepted) == ("direct", True)
    assert found.layer_reason.startswith("distilling does not pay")


def test_bypass_a_student_better_than_its_teacher_warns(stage: Stage) -> None:
    truth = stage.soft.probs["churn"]
    stage.teach("churn", blur(truth, 1.0, 6))
    stage.distilled["churn"] = truth
    churn = stage.task("churn", GateConfig(bootstrap=200, spearman=0.5, agreement_binary=0.6))
    assert gate(churn, "bypass").status == "warn"
    assert "the teacher is weak" in gate(churn, "bypass").reason
    assert churn.layer == "distilled"
    stage.direct["churn"] = blur(truth, 3.0, 7)
    assert "look for a leak" in gate(stage.task("churn"), "bypass").reason


def test_a_gate_without_evidence_is_unknown_and_does_not_pass(stage: Stage) -> None:
    dataset = stage.dataset
    labels = dataset.labels["churn"].copy()
    labels[dataset.rows("test")] = 1.0
    stage.dataset = replace(dataset, labels=dataset.labels | {"churn": labels})
    churn = stage.task("churn")
    assert gate(churn, "skill").status == "unknown"
    assert gate(churn, "bypass").status == "unknown"
    assert churn.layer == "rules"
    labels[dataset.rows("test")] = np.nan
    churn = stage.task("churn")
    assert [gate(churn, name).status for name in ("skill", "quality", "benefit")] == ["unknown"] * 3
    assert churn.rows_test == 0


def test_overlapping_rows_are_refused(stage: Stage) -> None:
    dataset = stage.dataset
    ids = dataset.row_ids.copy()
    ids[dataset.rows("test")[3]] = ids[dataset.rows("valid")[5]]
    stage.dataset = replace(dataset, row_ids=ids)
    with pytest.raises(UserError, match="1 row ids are in both the valid split and the test split"):
        stage.evaluate()


def test_a_test_row_of_a_training_fold_is_refused(stage: Stage) -> None:
    fold = stage.soft.fold.copy()
    fold[stage.dataset.rows("test")[0]] = 1
    stage.soft = replace(stage.soft, fold=fold)
    with pytest.raises(UserError, match="belongs to a training fold"):
        stage.evaluate()


def test_an_empty_test_split_is_refused(stage: Stage) -> None:
    stage.dataset = replace(stage.dataset, split=np.minimum(stage.dataset.split, 1))
    with pytest.raises(UserError, match="test split is empty"):
        stage.evaluate()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"skill_f1_times_random": 3.0}, "asks a macro-F1 of 1.00"),
        ({"skill_auc_floor": 0.7}, "skill_auc_floor is above skill_auc"),
        ({"skill_r2_floor": 0.2}, "skill_r2_floor is above skill_r2"),
    ],
)
def test_thresholds_that_no_model_reaches_are_refused(stage: Stage, change: dict[str, float], said: str) -> None:
    config = GateConfig.model_validate(change)
    with pytest.raises(UserError, match=said):
        require_reachable(config, stage.dataset.spec.tasks)
    require_reachable(GateConfig(skill_f1_times_random=2.9), stage.dataset.spec.tasks)


def test_the_same_rows_and_seed_give_the_same_report(stage: Stage) -> None:
    assert stage.evaluate() == stage.evaluate()


Change = Callable[[Stage, np.ndarray], None]


def set_protected(stage: Stage, groups: np.ndarray, name: str = "gender") -> None:
    stage.dataset = replace(stage.dataset, protected={name: groups})


def test_fairness_a_student_that_adds_a_disparity_is_refused(stage: Stage) -> None:
    women = stage.dataset.protected["gender"] == "f"
    stage.distilled["churn"] = expit(logit(stage.soft.probs["churn"]) + np.where(women, 1.2, -0.2))
    churn = stage.task("churn", GateConfig(bootstrap=200, agreement_binary=0.6, spearman=0.5, ece=0.5))
    fairness = gate(churn, "fairness")
    assert fairness.status == "fail"
    assert "spd[gender=f]" in fairness.reason
    assert churn.layer == "direct"
    assert "fairness fail" in churn.layer_reason


def test_fairness_an_inherited_disparity_warns(stage: Stage) -> None:
    set_protected(stage, np.where(stage.soft.probs["churn"] > 0.4, "old", "young"), "age")
    churn = stage.task("churn")
    fairness = gate(churn, "fairness")
    assert fairness.status == "warn"
    assert "not worse than the teacher" in fairness.reason
    di = next(m for m in fairness.measures if m.name == "di[age=old]")
    assert di.value is not None
    assert di.value > 1.25
    assert "teacher" in di.note
    assert "label" in di.note
    assert churn.layer == "distilled"


def test_fairness_nearly_empty_shares_are_not_blamed_for_their_ratio(stage: Stage) -> None:
    p = stage.soft.probs["churn"]
    set_protected(stage, np.where(p < 0.2, "young", "old"), "age")
    yes = np.isin(np.arange(ROWS), np.flatnonzero(p < 0.2)[::100])
    stage.teach("churn", np.where(yes, 0.6, p))
    stage.distilled["churn"] = p
    fairness = gate(stage.task("churn"), "fairness")
    di = next(m for m in fairness.measures if m.name == "di[age=young]")
    assert di.value is not None
    assert di.value < 0.02
    assert "di[age=" not in fairness.reason


def test_fairness_a_group_that_the_student_copies_badly(stage: Stage) -> None:
    rng = np.random.default_rng(0)
    few = rng.random(ROWS) < 0.15
    set_protected(stage, np.where(few, "remote", "city"), "region")
    noise = blur(stage.soft.probs["next_family"], 0.6, 7)
    stage.distilled["next_family"] = np.where(few[:, None], noise, stage.distilled["next_family"])
    fairness = gate(stage.task("next_family"), "fairness")
    assert fairness.status == "fail"
    assert "kl_ratio[region=remote]" in fairness.reason


def test_fairness_a_negligible_divergence_does_not_fail_by_its_ratio(stage: Stage) -> None:
    rng = np.random.default_rng(0)
    few = rng.random(ROWS) < 0.15
    set_protected(stage, np.where(few, "remote", "city"), "region")
    close = blur(stage.soft.probs["churn"], 0.002, 1)
    stage.distilled["churn"] = np.where(few, blur(stage.soft.probs["churn"], 0.02, 7), close)
    assert gate(stage.task("churn"), "fairness").status == "warn"


@pytest.mark.parametrize("task", ["next_family", "spend"])
def test_fairness_covers_multiclass_and_regression(stage: Stage, task: str) -> None:
    women = stage.dataset.protected["gender"] == "f"
    values = stage.soft.probs[task]
    if task == "spend":
        stage.distilled[task] = values + np.where(women, 25.0, -25.0)
    else:
        stage.distilled[task] = softmax(np.log(values) + np.where(women, 1.5, -1.5)[:, None] * [0, 0, 1], axis=1)
    fairness = gate(stage.task(task), "fairness")
    assert fairness.status == "fail"
    assert "spd[gender=f]" in fairness.reason


def test_fairness_small_and_unknown_groups_are_left_out(stage: Stage) -> None:
    groups = np.full(ROWS, "a", dtype="<U8")
    test = stage.dataset.rows("test")
    groups[test[: len(test) // 2]] = "b"
    groups[test[:29]] = "tiny"
    groups[test[29:60]] = ""
    set_protected(stage, groups, "kind")
    names = {m.name.split("[")[1] for m in gate(stage.task("churn"), "fairness").measures}
    assert names == {"kind=a]", "kind=b]"}


def test_fairness_without_protected_attributes_is_unknown_and_rejects(stage: Stage) -> None:
    stage.dataset = replace(stage.dataset, protected={})
    report = stage.evaluate()
    assert {gate(task, "fairness").status for task in report.tasks} == {"unknown"}
    assert not report.accepted
    assert {task.layer for task in report.tasks} == {"rules"}


def test_fairness_an_unfair_direct_student_leaves_the_rules(stage: Stage) -> None:
    women = stage.dataset.protected["gender"] == "f"
    unfair = expit(logit(stage.soft.probs["churn"]) + np.where(women, 1.2, -0.2))
    stage.distilled["churn"] = stage.direct["churn"] = unfair
    report = stage.evaluate(GateConfig(bootstrap=200, agreement_binary=0.6, spearman=0.5, ece=0.5))
    assert report.tasks[0].layer == "rules"
    assert not report.accepted
