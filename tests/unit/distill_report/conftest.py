"""A small bank with one task of each type: a dataset, soft labels, students that answer at once, a gate report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from understudy.contracts.features import FeatureDef, FeatureSchema
from understudy.contracts.gates import GateConfig, GateReport, GateResult, Measure, TaskReport
from understudy.contracts.spec import TaskSpec

SPLITS = ("train", "valid", "test")


@dataclass
class Sample:
    dataset: Any
    soft: Any
    students: dict[str, Any]
    report: GateReport


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def _softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def task_spec(name: str, kind: str, classes: int = 0) -> TaskSpec:
    return TaskSpec(
        name=name,
        type=kind,
        label="y",
        classes=[f"class{i}" for i in range(classes)] or None,
        title={"ko": "과제: 이탈 징후", "en": name.replace("_", " ").capitalize()},
    )


@dataclass(frozen=True)
class Oracle:
    """Predicts from the row number that the last feature carries."""

    values: np.ndarray

    def predict(self, features: np.ndarray) -> np.ndarray:
        return self.values[features[:, -1].astype(int)]


def build(tasks: list[TaskSpec], rows: int = 900, seed: int = 0) -> Sample:
    rng = np.random.default_rng(seed)
    split = np.repeat([0, 1, 2], [rows - 2 * (rows // 4), rows // 4, rows // 4]).astype(np.int8)
    features = np.column_stack([rng.normal(size=rows), rng.integers(0, 3, rows), np.arange(rows)]).astype(float)
    labels, probs, students = {}, {}, {}
    for spec in tasks:
        wide = rng.normal(size=(rows, spec.width)) * 1.3 - (0.8 if spec.type == "binary" else 0)
        noisy = [wide + rng.normal(size=wide.shape) * s for s in (0.3, 0.4, 0.7)]
        if spec.type == "multiclass":
            labels[spec.name] = (wide + rng.gumbel(size=wide.shape)).argmax(axis=1).astype(float)
            values = [_softmax(w) for w in noisy]
        elif spec.type == "binary":
            labels[spec.name] = (rng.random(rows) < _sigmoid(wide[:, 0])).astype(float)
            values = [_sigmoid(w[:, 0]) for w in noisy]
        else:
            labels[spec.name] = 12 + wide[:, 0] + rng.normal(size=rows) * 0.5
            values = [12 + w[:, 0] for w in noisy]
        labels[spec.name][::11] = np.nan
        probs[spec.name] = values[0]
        students[spec.name] = SimpleNamespace(distilled=Oracle(values[1]), direct=Oracle(values[2]))
    dataset = SimpleNamespace(
        spec=SimpleNamespace(name="toy-bank", title="Toy bank <한국어 & test>", description="Made up.", tasks=tasks),
        fingerprint="ab" * 32,
        seed=7,
        row_ids=np.arange(rows),
        customer_ids=np.array([f"c{i}" for i in range(rows)]),
        split=split,
        schema=FeatureSchema(
            version="0" * 16,
            features=[
                FeatureDef(name="balance", kind="numeric", group="g", tier="plain"),
                FeatureDef(
                    name="지역", kind="categorical", group="g", tier="plain", categories=["서울", "부산", "대구"]
                ),
                FeatureDef(name="row", kind="numeric", group="g", tier="structural"),
            ],
        ),
        features=features,
        labels=labels,
        protected={"gender": np.where(rng.random(rows) < 0.5, "여성", "남성")},
        sequences={},
        distributions={},
        rows=lambda name: np.flatnonzero(split == SPLITS.index(name)),
        task=lambda name: next(t for t in tasks if t.name == name),
    )
    gates = {t.name: {"deepfm": 0.42, "temporal": 0.31, "causal": 0.17, "optimal_transport": 0.1} for t in tasks}
    fold = np.where(split == 0, np.arange(rows) % 3, -1).astype(np.int8)
    soft = SimpleNamespace(probs=probs, fold=fold, gates=gates)
    return Sample(dataset, soft, students, _report(dataset, tasks))


def measure(name: str, value: float | None, half: float = 0.01, rows: int = 225) -> Measure:
    ends = {} if value is None else {"low": value - half, "high": value + half}
    return Measure(name=name, value=value, rows=rows, **ends)


def _report(dataset: Any, tasks: list[TaskSpec]) -> GateReport:
    return GateReport(
        dataset="toy-bank",
        seed=7,
        config=GateConfig(),
        accepted=True,
        reason="every blocking gate of every task passed",
        rows={name: len(dataset.rows(name)) for name in SPLITS},
        tasks=[_task_report(spec) for spec in tasks],
    )


def _task_report(spec: TaskSpec) -> TaskReport:
    metric = {"binary": "auc", "multiclass": "macro_f1", "regression": "r2"}[spec.type]
    values = {"teacher": 0.84, "distilled": 0.83, "direct": 0.81}
    scores = {model: [measure(metric, value)] for model, value in values.items()}
    scores["prior"] = [Measure(name=metric, value=0.5, rows=225)]
    return TaskReport(
        task=spec.name,
        type=spec.type,
        rows_test=225,
        layer="distilled",
        layer_reason="passes fidelity and beats direct",
        gates=[
            GateResult(
                gate="skill",
                status="pass",
                measures=[measure(metric, 0.84)],
                threshold=">= .60",
                reason="teacher is skilled",
            ),
            GateResult(
                gate="fairness",
                status="unknown",
                measures=[Measure(name="di gender=여성", value=None, rows=12, note="fewer than 30 rows")],
                threshold="DI in [.80, 1.25]",
                reason="no group is large enough",
            ),
        ],
        scores=scores,
        choices={"alpha": 0.6, "rounds": 213},
    )


THREE = [
    task_spec("churn_signal", "binary"),
    task_spec("nba_primary", "multiclass", 4),
    task_spec("spend", "regression"),
]


@pytest.fixture
def sample() -> Sample:
    return build(THREE)


@pytest.fixture
def make_sample() -> Callable[..., Sample]:
    return build
