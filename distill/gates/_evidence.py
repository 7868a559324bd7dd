"""Everything that the gates of one task look at: predictions of the test rows, and their bootstrap."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from distill.metrics import Bootstrapped, Functional, Resampler, decide, threshold
from distill.soft_labels import SoftLabels
from distill.students import StudentPair
from understudy.contracts.gates import GateConfig, Measure
from understudy.contracts.spec import TaskSpec

if TYPE_CHECKING:
    from teacher.datasets.dataset import Dataset

__all__ = ["Evidence", "ModelName", "gather", "measure"]

Floats = NDArray[np.float64]
Positions = NDArray[np.int64]
ModelName = Literal["teacher", "distilled", "direct", "prior"]


@dataclass(frozen=True)
class Evidence:
    """One task on the test rows.

    Attributes:
        labels: ``[n]`` labels of the test rows, NaN = masked; ``keep`` are the positions of the known ones.
        predictions: Model -> ``[n]`` or ``[n, K]``.
        decisions: Model -> ``[n, D]``.
        truth: The generator's true probability or mean, where the data was generated.
        protected: Attribute -> ``[n]`` group, "" unknown.
    """

    task: TaskSpec
    config: GateConfig
    labels: Floats
    train_labels: Floats
    predictions: dict[ModelName, Floats]
    decisions: dict[ModelName, NDArray[np.bool_]]
    truth: Floats | None
    protected: dict[str, NDArray[np.str_]]
    resampler: Resampler

    @cached_property
    def keep(self) -> Positions:
        return np.flatnonzero(~np.isnan(self.labels)).astype(np.int64)

    @property
    def known(self) -> Floats:
        """Labels ``[len(keep)]`` of the rows where they are known."""
        return self.labels[self.keep]

    def run(self, functionals: dict[str, Functional]) -> dict[str, Bootstrapped]:
        """Values and replicates; all functionals of a task see the same replicates, so differences are paired."""
        return self.resampler.run(functionals)


def gather(
    dataset: Dataset, soft: SoftLabels, pair: StudentPair, task: TaskSpec, config: GateConfig, seed: int
) -> Evidence:
    """Predict the test rows with every model, and cut decisions at thresholds taken from the validation rows."""
    train, valid, test = dataset.rows("train"), dataset.rows("valid"), dataset.rows("test")
    labels = dataset.labels[task.name]
    teacher = soft.probs[task.name]
    prior = _prior(task, labels[train])
    on_valid: dict[ModelName, Floats] = {
        "teacher": teacher[valid],
        "distilled": pair.distilled.predict(dataset.features[valid]),
        "direct": pair.direct.predict(dataset.features[valid]),
        "prior": np.broadcast_to(prior, (len(valid), *prior.shape)),
    }
    on_test: dict[ModelName, Floats] = {
        "teacher": teacher[test],
        "distilled": pair.distilled.predict(dataset.features[test]),
        "direct": pair.direct.predict(dataset.features[test]),
        "prior": np.broadcast_to(prior, (len(test), *prior.shape)),
    }
    cuts = {model: threshold(task.type, labels[train], said) for model, said in on_valid.items()}
    return Evidence(
        task=task,
        config=config,
        labels=labels[test],
        train_labels=labels[train],
        predictions=on_test,
        decisions={model: decide(task.type, said, cuts[model]) for model, said in on_test.items()},
        truth=dataset.truth[task.name][test] if task.name in dataset.truth else None,
        protected={name: groups[test] for name, groups in dataset.protected.items()},
        resampler=Resampler(dataset.units[test], _strata(task, labels[test]), config.bootstrap, seed),
    )


def _prior(task: TaskSpec, train_labels: Floats) -> Floats:
    """Training rate, mean, or class shares: what a model without features would say."""
    known = train_labels[~np.isnan(train_labels)]
    if task.type == "multiclass":
        return np.bincount(known.astype(np.int64), minlength=task.width) / max(1, len(known))
    return np.asarray(known.mean())


def _strata(task: TaskSpec, labels: Floats) -> Floats:
    """Class of each row; regression rows form one stratum."""
    return labels if task.type != "regression" else np.where(np.isnan(labels), np.nan, 0.0)


def measure(name: str, result: Bootstrapped, rows: int, confidence: float, note: str = "") -> Measure:
    """A scalar metric as the report holds it; NaN becomes None, which is unknown."""
    value = float(result.value)
    low, high = (float(bound) for bound in result.interval(confidence))
    return Measure(
        name=name,
        value=value if np.isfinite(value) else None,
        low=low if np.isfinite(low) and np.isfinite(value) else None,
        high=high if np.isfinite(high) and np.isfinite(value) else None,
        rows=rows,
        note=note,
    )
