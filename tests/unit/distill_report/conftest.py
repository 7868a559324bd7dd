"""A small bank with one task of each type: dataset, soft labels, real students, a gate report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pytest
from numpy.typing import NDArray

from distill.soft_labels import SoftLabels
from distill.students import Student, StudentPair
from teacher.datasets.dataset import Dataset
from understudy.contracts.catalog import Catalog
from understudy.contracts.features import FeatureDef, FeatureSchema
from understudy.contracts.gates import GateConfig, GateReport, GateResult, Measure, TaskReport
from understudy.contracts.manifest import Platt
from understudy.contracts.reasons import Glossary
from understudy.contracts.spec import DatasetSpec, TaskSpec

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Sample:
    dataset: Dataset
    soft: SoftLabels
    students: dict[str, StudentPair]
    report: GateReport


def task_spec(name: str, kind: str, classes: int = 0) -> TaskSpec:
    names = [f"등급{i}" for i in range(classes)] or None
    title = {"ko": "과제: 이탈 징후", "en": name.replace("_", " ").capitalize()}
    return TaskSpec.model_validate({"name": name, "type": kind, "label": "y", "classes": names, "title": title})


THREE = (
    task_spec("churn_signal", "binary"),
    task_spec("nba_primary", "multiclass", 4),
    task_spec("spend", "regression"),
)


def build(folder: Path, tasks: Sequence[TaskSpec] = THREE, rows: int = 800, rounds: int = 8, seed: int = 0) -> Sample:
    rng = np.random.default_rng(seed)
    split = np.repeat([0, 1, 2], [rows - 2 * (rows // 4), rows // 4, rows // 4]).astype(np.int8)
    features = np.column_stack([rng.normal(size=rows), rng.integers(0, 3, rows), rng.normal(size=rows)]).astype(float)
    features[::17, 0] = np.nan
    signal = np.nan_to_num(features[:, 0]) + (features[:, 1] == 2) - features[:, 2] * (features[:, 1] == 0)
    labels, probs = {}, {}
    for task in tasks:
        labels[task.name], probs[task.name] = _task(task, signal, rng)
        labels[task.name][5::41] = np.nan
    dataset = _dataset(folder, tasks, split, features, labels, rng)
    weights = {"deepfm": 0.42, "temporal": 0.31, "causal": 0.17, "optimal_transport": 0.1}
    fold = np.where(split == 0, np.arange(rows) % 3, -1).astype(np.int8)
    soft = SoftLabels(probs=probs, fold=fold, gates={task.name: dict(weights) for task in tasks})
    students = {task.name: _pair(task, dataset, probs[task.name], rounds) for task in tasks}
    return Sample(dataset, soft, students, _report(dataset))


def _task(task: TaskSpec, signal: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    slopes = rng.normal(size=task.width) + (1.5 if task.width == 1 else 0)
    wide = signal[:, None] * slopes - (1 if task.type == "binary" else 0)
    said = wide + rng.normal(size=wide.shape) * 0.2
    if task.type == "multiclass":
        e = np.exp(said - said.max(axis=1, keepdims=True))
        return (wide + rng.gumbel(size=wide.shape)).argmax(axis=1).astype(float), e / e.sum(axis=1, keepdims=True)
    if task.type == "binary":
        return (rng.random(len(wide)) < 1 / (1 + np.exp(-wide[:, 0]))).astype(float), 1 / (1 + np.exp(-said[:, 0]))
    return 12 + wide[:, 0] + rng.normal(size=len(wide)) * 0.5, 12 + said[:, 0]


def _dataset(
    folder: Path,
    tasks: Sequence[TaskSpec],
    split: NDArray[np.int8],
    features: Floats,
    labels: dict[str, Floats],
    rng: np.random.Generator,
) -> Dataset:
    rows = len(split)
    names = [("balance", None), ("지역", ["서울", "부산", "대구"]), ("tenure", None)]
    text = {"ko": "적금", "en": "Savings"}
    catalog = {
        "schema_version": 1,
        "families": {"deposits": text},
        "products": [
            {"id": "save", "name": text, "family": "deposits", "type": "deposit", "seller": text}
            | {"drivers": [{"task": tasks[0].name, "weight": 1}]}
        ],
    }
    spec = {
        "schema_version": 1,
        "name": "toy-bank",
        "title": "Toy bank <한국어 & test>",
        "description": "Made up.",
        "sources": [{"name": "base", "path": "base.csv"}],
        "base": "base",
        "key": "id",
        "groups": [{"name": "g", "numeric": ["balance", "tenure"], "categorical": ["지역"]}],
        "tasks": [task.model_dump() for task in tasks],
        "catalog": "catalog.toml",
    }
    kinds = {name: {"kind": "categorical" if c else "numeric", "categories": c} for name, c in names}
    defs = [FeatureDef.model_validate({"name": n, "group": "g", "tier": "plain"} | k) for n, k in kinds.items()]
    return Dataset(
        spec=DatasetSpec.model_validate(spec),
        catalog=Catalog.model_validate(catalog),
        glossary=Glossary(schema_version=1, facts=[], protected=["지역"]),
        fingerprint="ab" * 32,
        seed=7,
        row_ids=np.arange(rows),
        customer_ids=np.array([f"c{i}" for i in range(rows)]),
        units=np.arange(rows),
        split=split,
        schema=FeatureSchema(version="0" * 16, features=defs),
        features=features,
        labels=labels,
        protected={"gender": np.where(rng.random(rows) < 0.5, "여성", "남성")},
        sequences={},
        distributions={},
        truth={},
        folder=folder,
    )


def _pair(task: TaskSpec, dataset: Dataset, soft: Floats, rounds: int) -> StudentPair:
    hard = dataset.labels[task.name]
    targets = (hard if soft.ndim == 2 else soft, hard)
    pair = [_student(task, dataset, target, rounds) for target in targets]
    return StudentPair(distilled=pair[0], direct=pair[1])


def _student(task: TaskSpec, dataset: Dataset, target: Floats, rounds: int) -> Student:
    rows = dataset.rows("train")
    rows = rows[~np.isnan(target[rows])]
    objective = {"binary": "cross_entropy", "multiclass": "multiclass", "regression": "l2"}[task.type]
    params = {"objective": objective, "num_class": task.width, "num_threads": 1, "verbosity": -1, "num_leaves": 7}
    data = lgb.Dataset(dataset.features[rows], target[rows], categorical_feature=[1])
    text = lgb.train(params, data, rounds).model_to_string()
    if task.type == "binary":
        return Student(text, "sigmoid", (0.0,), calibrator=Platt(a=1.1, b=-0.05))
    if task.type == "multiclass":
        return Student(text, "softmax", (0.1,) * task.width)
    return Student(text, "identity", (0.0,), scale=1.0, shift=0.0)


def measure(name: str, value: float | None, half: float = 0.01, rows: int = 200) -> Measure:
    ends = {} if value is None else {"low": value - half, "high": value + half}
    return Measure(name=name, value=value, rows=rows, **ends)


def _report(dataset: Dataset) -> GateReport:
    return GateReport(
        dataset=dataset.spec.name,
        seed=dataset.seed,
        config=GateConfig(),
        accepted=True,
        reason="every blocking gate of every task passed",
        rows={"train": 400, "valid": 200, "test": 200},
        tasks=[_task_report(task) for task in dataset.spec.tasks],
    )


def _task_report(task: TaskSpec) -> TaskReport:
    metric = {"binary": "auc", "multiclass": "macro_f1", "regression": "r2"}[task.type]
    scores = {model: [measure(metric, value)] for model, value in (("teacher", 0.84), ("distilled", 0.83))}
    scores["direct"] = [measure(metric, 0.81)]
    scores["prior"] = [Measure(name=metric, value=0.5, rows=200)]
    skill = GateResult(
        gate="skill",
        status="pass",
        measures=[measure(f"teacher_{metric}", 0.84)],
        threshold=f"teacher_{metric} at least 0.6",
        reason="every bound is kept",
    )
    benefit = GateResult(
        gate="benefit",
        status="unknown",
        measures=[Measure(name=f"direct_ahead_{metric}", value=None, rows=0, note="no rows")],
        threshold=f"direct_ahead_{metric} at most 0.005",
        reason="cannot be computed",
    )
    return TaskReport.model_validate(
        {
            "task": task.name,
            "type": task.type,
            "rows_test": 200,
            "layer": "distilled",
            "layer_reason": "passes fidelity",
            "gates": [skill, benefit],
            "scores": scores,
            "choices": {"alpha": 0.6, "rounds": 213},
        }
    )


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return build(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="session")
def make_measure() -> Callable[..., Measure]:
    return measure
