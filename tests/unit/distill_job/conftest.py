"""A small bank as a CSV file with a spec, and a troupe: what teacher and students say can be planted."""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from job_bank import truth, write_bank
from scipy.special import expit, logit, softmax

import distill
from distill import SoftLabels, Student, StudentPair
from distill.job import JobConfig, run_job
from distill.job._events import Events
from understudy.progress import Silent


def blur(values: np.ndarray, scale: float, seed: int) -> np.ndarray:
    """The same predictions with noise of ``scale`` on the logit (or in standard deviations)."""
    noise = np.random.default_rng(seed).normal(size=values.shape) * scale
    if values.ndim == 2:
        return softmax(np.log(values) + noise, axis=1)
    if values.min() < 0 or values.max() > 1:
        return values + noise * values.std()
    return expit(logit(values) + noise)


class Planted(Student):
    """A real model whose predictions were replaced: the first feature tells the rows apart."""

    def predict(self, features: np.ndarray) -> np.ndarray:
        first, values = self.__dict__["planted"]
        order = np.argsort(first)
        return values[order[np.searchsorted(first[order], features[:, 0])]]


@dataclass
class Finished:
    """What a job left."""

    code: int
    root: Path
    events: list[dict[str, Any]]

    @property
    def report(self) -> dict[str, dict[str, Any]]:
        found = json.loads((self.root / "gates" / "report.json").read_bytes())
        return {task["task"]: task for task in found["tasks"]}

    def status(self, task: str, gate: str) -> str:
        return next(found["status"] for found in self.report[task]["gates"] if found["gate"] == gate)

    def of(self, event: str) -> list[dict[str, Any]]:
        return [found for found in self.events if found["event"] == event]


@dataclass
class Troupe:
    """Good teacher, close distilled student, direct student a little further off; tests replace what they say."""

    spec: Path
    data: Path
    dataset: Any
    models: dict[str, StudentPair]
    soft: dict[str, np.ndarray]
    distilled: dict[str, np.ndarray] = field(default_factory=dict)
    direct: dict[str, np.ndarray] = field(default_factory=dict)

    def stand_in(self) -> None:
        self.distilled = {task: blur(values, 0.02, 1) for task, values in self.soft.items()}
        self.direct = {task: blur(values, 0.2, 2) for task, values in self.soft.items()}

    def label(
        self, dataset: Any, config: Any, *, folds: int, out: Path, progress: Any, executor: Any = None
    ) -> SoftLabels:
        fold = np.where(dataset.split == 0, np.arange(len(dataset.split)) % folds, -1).astype(np.int8)
        gates = {task.name: {"deepfm": 0.75, "causal": 0.25} for task in dataset.spec.tasks}
        return SoftLabels(probs=self.soft, fold=fold, gates=gates)

    def fit(self, dataset: Any, soft: Any, config: Any, out: Path, progress: Any, executor: Any) -> Any:
        return {task: self._pair(task) for task in self.soft}

    def _pair(self, task: str) -> StudentPair:
        pair = self.models[task]
        return StudentPair(self._act(pair.distilled, self.distilled[task]), self._act(pair.direct, self.direct[task]))

    def _act(self, student: Student, values: np.ndarray) -> Student:
        found = Planted(**{name: getattr(student, name) for name in student.__dataclass_fields__})
        found.__dict__["planted"] = (self.dataset.features[:, 0], values)
        return found

    def run(self, out: Path, **changes: Any) -> Finished:
        if not out.exists():
            shutil.copytree(self.data, out)
        run = {"dataset": str(self.spec), "preset": "quick", "folds": 2} | changes.pop("run", {})
        config = JobConfig.model_validate({"run": run, "out": str(out)} | changes)
        stream = io.StringIO()
        code = run_job(config, Events(stream))
        return Finished(code, out, [json.loads(line) for line in stream.getvalue().splitlines()])


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Troupe:
    """Prepared once: the data folder of a job, and one pair of models a task that really was fitted."""
    folder = tmp_path_factory.mktemp("bank")
    spec = write_bank(folder)
    data = tmp_path_factory.mktemp("prepared") / "run"
    from distill.pipeline import Pipeline, RunConfig

    pipeline = Pipeline(RunConfig(dataset=str(spec), preset="quick", folds=2), data, None, Silent())
    dataset = pipeline.dataset
    x, segment = dataset.features[:, :4], dataset.features[:, 4]
    names = next(f.categories for f in dataset.schema.features if f.name == "segment") or []
    number = np.array([int(name[1:]) for name in names])[segment.astype(int)]
    soft = dict(zip(("churn", "next_family", "spend"), truth(x, number), strict=True))
    models = _models(dataset, soft, tmp_path_factory.mktemp("students"))
    return Troupe(spec, data, dataset, models, soft)


def _models(dataset: Any, soft: dict[str, np.ndarray], out: Path) -> dict[str, StudentPair]:
    fold = np.where(dataset.split == 0, 0, -1).astype(np.int8)
    config = distill.DistillConfig.for_rows(100, quick=True).model_copy(update={"rounds": 5, "threads": 1})
    return distill.fit_students(dataset, SoftLabels(soft, fold, {}), config, out, Silent())


@pytest.fixture
def troupe(company: Troupe, monkeypatch: pytest.MonkeyPatch) -> Troupe:
    found = replace(company, soft=dict(company.soft))
    found.stand_in()
    monkeypatch.setattr("distill.label_out_of_fold", lambda *a, **k: found.label(*a, **k))
    monkeypatch.setattr("distill.fit_students", lambda *a, **k: found.fit(*a, **k))
    return found
