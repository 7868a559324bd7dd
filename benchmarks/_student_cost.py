"""What it takes to fit students: beside a naive loop of plain LightGBM fits, and as the rows grow."""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np

from distill import DistillConfig, Shape, SoftLabels, fit_students
from distill.executor import Serial
from distill.pipeline import Pipeline
from distill.soft_labels._score import score
from distill.students._binned import Binned
from distill.students._boost import Candidate, Setting, boost
from distill.students._targets import prepare_task
from teacher import Teacher
from teacher.datasets import Dataset
from understudy.progress import Silent

__all__ = ["grow", "measure_costs", "peak_bytes", "resampled"]

_OBJECTIVES = {"binary": "binary", "multiclass": "multiclass", "regression": "huber"}


def measure_costs(pipeline: Pipeline, repeats: int) -> dict[str, list[float]]:
    """Seconds, ``repeats`` times each, turn about: the models of all tasks at the sizes that validation chose.

    - naive: per task a new ``lgb.Dataset`` and ``lgb.train`` on the labels, as many rounds and leaves.
    - distilled: the same sizes on blended targets, features binned once.
    - soft labels: every fold's teacher scores the rows that it labels; the teachers are there already.
    - distilled with soft labels: the sum of the two, round by round.
    - search: the whole stage: both kinds of student, every candidate, early stopping, calibration, checkpoints. Once.
    """
    dataset, soft, config = pipeline.dataset, pipeline.soft, pipeline.distill_config
    sizes = {task: pair.distilled.choices for task, pair in pipeline.students.items()}
    work: dict[str, Callable[[], None]] = {
        "naive": lambda: _naive(dataset, sizes),
        "distilled": lambda: _distilled(dataset, soft, sizes, config),
        "soft labels": lambda: _score(pipeline),
    }
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(repeats):
        for name, run in work.items():
            seconds[name].append(_timed(run))
    pairs = zip(seconds["distilled"], seconds["soft labels"], strict=True)
    seconds["distilled with soft labels"] = [sum(pair) for pair in pairs]
    seconds["search"] = [_timed(lambda: _search(dataset, soft, config))]
    return seconds


def _timed(run: Callable[[], None]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def _naive(dataset: Dataset, sizes: Mapping[str, Mapping[str, Any]]) -> None:
    train = dataset.rows("train")
    categorical = [i for i, feature in enumerate(dataset.schema.features) if feature.kind == "categorical"]
    for task in dataset.spec.tasks:
        labels, size = dataset.labels[task.name][train], sizes[task.name]
        known = ~np.isnan(labels)
        parameters = {
            "objective": _OBJECTIVES[task.type],
            "num_leaves": size["leaves"],
            "min_data_in_leaf": size["min_rows"],
            "lambda_l2": size["l2"],
            "feature_fraction": size["feature_fraction"],
            "num_threads": 1,
            "verbose": -1,
        }
        if task.type == "multiclass":
            parameters["num_class"] = task.width
        data = lgb.Dataset(dataset.features[train[known]], labels[known], categorical_feature=categorical)
        lgb.train(parameters, data, num_boost_round=int(size["rounds"]))


def _distilled(
    dataset: Dataset, soft: SoftLabels, sizes: Mapping[str, Mapping[str, Any]], config: DistillConfig
) -> None:
    train, valid = dataset.rows("train"), dataset.rows("valid")
    kinds = [feature.kind for feature in dataset.schema.features]
    categorical = [i for i, kind in enumerate(kinds) if kind == "categorical"]
    features = dataset.features
    binned = Binned.fit(features[train], features[valid], categorical, max_bin=config.max_bin, threads=1)
    for task in dataset.spec.tasks:
        chosen, labels, said = sizes[task.name], dataset.labels[task.name], soft.probs[task.name]
        fitted, held, _, _ = prepare_task(task, (labels[train], labels[valid]), (said[train], said[valid]))
        rounds = int(chosen["rounds"])
        fixed = config.model_copy(update={"rounds": rounds, "many_rounds": rounds, "early_stopping": rounds})
        shape = Shape(
            leaves=chosen["leaves"],
            min_rows=chosen["min_rows"],
            l2=chosen["l2"],
            feature_fraction=chosen["feature_fraction"],
        )
        boost(binned, fitted, held, Candidate(chosen["alpha"], shape, chosen["loss"]), Setting(task.type, fixed))


def _score(pipeline: Pipeline) -> None:
    dataset, soft = pipeline.dataset, pipeline.soft
    others = np.flatnonzero(dataset.split != 0)
    for folder in sorted((pipeline.root / "soft").glob("fold*")):
        held = np.flatnonzero(soft.fold == int(folder.name.removeprefix("fold")))
        rows = np.concatenate([held, others]).astype(np.int64)
        score(Teacher.load(folder / "teacher.pt"), dataset, rows, folder / "teacher.pt", Serial())


def _search(dataset: Dataset, soft: SoftLabels, config: DistillConfig) -> None:
    with tempfile.TemporaryDirectory() as folder:
        fit_students(dataset, soft, config, Path(folder), Silent())


def grow(pipeline: Pipeline, rows: int) -> dict[str, float]:
    """Seconds and peak memory of the distilled fits on ``rows`` rows drawn from the data's own."""
    sizes = {task: pair.distilled.choices for task, pair in pipeline.students.items()}
    larger, labels = resampled(pipeline.dataset, pipeline.soft, rows)
    before = peak_bytes()
    seconds = _timed(lambda: _distilled(larger, labels, sizes, pipeline.distill_config))
    return {"rows": rows, "seconds": seconds, "bytes_before": before, "peak_bytes": peak_bytes()}


def resampled(dataset: Dataset, soft: SoftLabels, rows: int) -> tuple[Dataset, SoftLabels]:
    """``rows`` rows drawn with replacement, each with its split: the cost is that of so many, the content is not."""
    drawn = np.sort(np.random.default_rng(0).integers(0, len(dataset.row_ids), rows))
    larger = replace(
        dataset,
        row_ids=np.arange(rows, dtype=np.int64),
        customer_ids=dataset.customer_ids[drawn],
        units=np.arange(rows, dtype=np.int64),
        split=dataset.split[drawn],
        features=np.asarray(dataset.features[drawn]),
        labels={task: values[drawn] for task, values in dataset.labels.items()},
        protected={name: groups[drawn] for name, groups in dataset.protected.items()},
        sequences={},
        distributions={},
        truth={},
    )
    probs = {task: values[drawn] for task, values in soft.probs.items()}
    return larger, SoftLabels(probs=probs, fold=soft.fold[drawn], gates=soft.gates)


def peak_bytes() -> float:
    """Largest resident size of this process so far."""
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * 1024
