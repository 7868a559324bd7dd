"""Would customers be offered what the teacher would offer them?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from distill.gates._evidence import measure
from distill.gates._result import Check
from distill.metrics import Resampler, ndcg_rows, overlap_rows, weighted_mean
from distill.soft_labels import SoftLabels
from distill.students import StudentPair
from understudy.contracts.catalog import Driver, Product
from understudy.contracts.gates import GateConfig, RankingResult, TaskReport

if TYPE_CHECKING:
    from teacher.datasets.dataset import Dataset

__all__ = ["product_scores", "ranking"]

Floats = NDArray[np.float64]


def ranking(
    dataset: Dataset,
    soft: SoftLabels,
    students: Mapping[str, StudentPair],
    tasks: list[TaskReport],
    config: GateConfig,
) -> RankingResult:
    """Overlap@k and NDCG@k of the catalog's order on the test rows: what will be served against the teacher's.

    Each product's score is the function's own formula, the weighted mean of its drivers, with the layer that serves
    each task. The teacher speaks for the tasks in which a distilled student stands in for it; where another layer was
    chosen on purpose, that layer speaks on both sides, so that the difference is the students' doing. ``k`` is the
    catalog's ``default_top_k``. What a single customer may not be offered (owned products, suitability, fatigue) is
    left out of neither order: it is the same for both.
    """
    k = dataset.catalog.policy.default_top_k
    products = sorted(dataset.catalog.products, key=lambda product: product.id)
    if len(products) <= 1:
        return RankingResult(status="unknown", k=k, measures=[], reason="one product has no order")
    if not any(task.layer == "distilled" for task in tasks):
        return RankingResult(status="unknown", k=k, measures=[], reason="no distilled student serves")
    test = dataset.rows("test")
    served = _served(dataset, students, tasks)
    teacher = served | {task.task: soft.probs[task.task][test] for task in tasks if task.layer == "distilled"}
    reference = product_scores(dataset, products, teacher)
    found = product_scores(dataset, products, served)
    resampler = Resampler(dataset.units[test], np.full(len(test), np.nan), config.bootstrap, dataset.seed)
    results = resampler.run(
        {
            f"overlap@{k}": weighted_mean(overlap_rows(reference, found, k)),
            f"ndcg@{k}": weighted_mean(ndcg_rows(reference, found, k)),
        }
    )
    bounds = (config.ranking_overlap, config.ranking_ndcg)
    checks = [
        Check(measure(name, result, len(test), config.confidence), bound, "at least")
        for (name, result), bound in zip(results.items(), bounds, strict=True)
    ]
    status = min((check.status for check in checks), key=("fail", "unknown", "warn", "pass").index)
    said = [check.say() for check in checks if check.status == status]
    reason = "every bound is kept" if status == "pass" else "; ".join(said)
    return RankingResult(status=status, k=k, measures=[check.measure for check in checks], reason=reason)


def _served(dataset: Dataset, students: Mapping[str, StudentPair], tasks: list[TaskReport]) -> dict[str, Floats]:
    """Task -> what its serving layer says of the test rows; the rules count as the training rate, without segments."""
    train, test = dataset.rows("train"), dataset.rows("test")
    found: dict[str, Floats] = {}
    for report in tasks:
        if report.layer == "rules":
            found[report.task] = _rate(dataset.labels[report.task][train], dataset.task(report.task).width, len(test))
        else:
            student = getattr(students[report.task], report.layer)
            found[report.task] = student.predict(dataset.features[test])
    return found


def _rate(labels: Floats, width: int, rows: int) -> Floats:
    known = labels[~np.isnan(labels)]
    if width <= 1:
        return np.full(rows, known.mean())
    return np.tile(np.bincount(known.astype(np.int64), minlength=width) / len(known), (rows, 1))


def product_scores(dataset: Dataset, products: list[Product], said: Mapping[str, Floats]) -> Floats:
    """``[n, products]``: the function's own formula, from what is said of ``n`` rows in each task."""
    columns = []
    for product in products:
        total = sum(driver.weight for driver in product.drivers)
        weighed = [driver.weight * _driver_score(dataset, driver, said[driver.task]) for driver in product.drivers]
        columns.append(np.sum(weighed, axis=0) / total)
    return np.column_stack(columns)


def _driver_score(dataset: Dataset, driver: Driver, values: Floats) -> Floats:
    if driver.class_name is not None:
        values = values[:, (dataset.task(driver.task).classes or []).index(driver.class_name)]
    return 1 - values if driver.complement else values
