"""Per task: what its pictures need, computed from the test rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from distill.report._curves import Hexagons, Point, hexagons, reliability, top_class
from understudy.contracts.gates import TaskReport
from understudy.contracts.spec import TaskSpec

if TYPE_CHECKING:
    from distill.soft_labels import SoftLabels
    from distill.students import StudentPair
    from teacher.datasets.dataset import Dataset

__all__ = ["PLOTTED_ROWS", "TaskView", "task_view"]

Floats = NDArray[np.float64]

# A picture of more rows looks the same and makes the page slower to write.
PLOTTED_ROWS = 20_000


@dataclass(frozen=True)
class TaskView:
    """One task's spec, gate results and pictures."""

    spec: TaskSpec
    report: TaskReport
    teacher_gates: Mapping[str, float]
    curves: Mapping[str, list[Point]]
    limits: tuple[float, float]
    cells: Hexagons
    plotted: int
    of_rows: int


def task_view(dataset: Dataset, soft: SoftLabels, pair: StudentPair, report: TaskReport) -> TaskView:
    """Predict evenly spaced test rows whose label is known (at most ``PLOTTED_ROWS``) and bin them."""
    spec = dataset.task(report.task)
    rows = dataset.rows("test")
    rows = rows[~np.isnan(dataset.labels[spec.name][rows])]
    shown = rows[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), PLOTTED_ROWS)).astype(np.int64))]
    truth = dataset.labels[spec.name][shown]
    features = dataset.features[shown]
    predictions = {
        "teacher": soft.probs[spec.name][shown],
        "direct": pair.direct.predict(features),
        "distilled": pair.distilled.predict(features),
    }
    curves = {model: _curve(spec, values, truth) for model, values in predictions.items()}
    x, y = _compared(spec, predictions["teacher"], predictions["distilled"])
    low, high = _range(spec, np.concatenate([x, y]))
    return TaskView(
        spec=spec,
        report=report,
        teacher_gates=soft.gates.get(spec.name, {}),
        curves=curves,
        limits=_limits(spec, curves),
        cells=hexagons(x, y, low=low, high=high),
        plotted=len(shown),
        of_rows=len(rows),
    )


def _curve(spec: TaskSpec, values: Floats, truth: Floats) -> list[Point]:
    if spec.type == "multiclass":
        return reliability(*top_class(values, truth), binary=True)
    return reliability(values, truth, binary=spec.type == "binary")


def _compared(spec: TaskSpec, teacher: Floats, student: Floats) -> tuple[Floats, Floats]:
    """Both predictions; for a multiclass task, the probability of the class that the teacher prefers."""
    if spec.type != "multiclass":
        return teacher, student
    best = teacher.argmax(axis=1)
    rows = np.arange(len(best))
    return teacher[rows, best], student[rows, best]


def _range(spec: TaskSpec, values: Floats) -> tuple[float, float]:
    """From 0 for probabilities; the outermost half per cent is drawn at the border."""
    if not len(values):
        return 0.0, 1.0
    low, high = (float(q) for q in np.quantile(values, [0.005, 0.995]))
    low = low if spec.type == "regression" else 0.0
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def _limits(spec: TaskSpec, curves: Mapping[str, list[Point]]) -> tuple[float, float]:
    """One range for both axes, which holds every point (its whiskers may be cut)."""
    values = [v for points in curves.values() for p in points for v in (p.predicted, p.observed)]
    if not values:
        return 0.0, 1.0
    low = min(values) if spec.type == "regression" else 0.0
    pad = max(0.06 * (max(values) - low), 1e-6)
    return low - (pad if spec.type == "regression" else 0.0), max(values) + pad
