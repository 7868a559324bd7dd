"""Where the bounds on the product order lie: a student's order between another teacher's and everybody's.

    python -m studies.ranking_bounds [--seeds 301 ... 305] [--customers 6000] [--minutes 60]

The gates ask that the served order share at least ``ranking_overlap`` of the teacher's first k products and reach
``ranking_ndcg``. Per seed, on validation rows of generated data (no test row is read), five orders are held against
that of the mean teacher:

- ``another teacher``: one fold's teacher against the mean of the others. All are trained alike, on other rows: a copy
  need not be closer to the teacher than the teacher is to itself.
- ``distilled`` and ``direct``: the two students.
- ``same for all``: every customer gets the order of the training rates.
- ``random``: the scores of another customer.

Bounds that mean something lie under ``another teacher`` and over ``same for all``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distill import DistillConfig, fit_students, label_out_of_fold
from distill.gates._ranking import product_scores
from distill.metrics import ndcg_rows, overlap_rows
from studies._intervals import interval
from studies._jobs import Job, arguments, run_missing
from studies._page import markdown, publish
from studies._results import RESULTS
from teacher import TeacherConfig
from teacher.datasets.dataset import Dataset
from understudy.contracts.gates import GateConfig
from understudy.progress import LogProgress

STUDY, DATASET, CUSTOMERS = "ranking_bounds", "finsynth", 6000
FOLDS = 3
SEEDS = range(301, 306)
ORDERS = ("another teacher", "distilled", "direct", "same for all", "random")

Said = dict[str, NDArray[np.float64]]


def main(given: Sequence[str] | None = None) -> None:
    """Run what is missing, then write the table of what there is."""
    asked = arguments(__doc__, seeds=SEEDS, customers=CUSTOMERS).parse_args(given)
    jobs = [Job(DATASET, "orders", seed, asked.customers) for seed in asked.seeds]
    run_missing(STUDY, jobs, measure, asked)
    table(jobs[0].place, len(SEEDS))


def measure(job: Job, dataset: Dataset, out: Path) -> dict[str, Any]:
    """Mean overlap@k and NDCG@k of each order on the validation rows."""
    progress, rows = LogProgress(every=60), len(dataset.rows("train"))
    teacher = TeacherConfig.for_rows(rows, seed=job.seed, quick=True)
    soft = label_out_of_fold(dataset, teacher, folds=FOLDS, out=out / "soft", progress=progress)
    config = DistillConfig.for_rows(rows, seed=job.seed, quick=True)
    students = fit_students(dataset, soft, config, out / "students", progress)
    valid = dataset.rows("valid")
    features = dataset.features[valid]
    mean = {task: values[valid] for task, values in soft.probs.items()}
    chance = np.random.default_rng(job.seed).permutation(len(valid))
    orders: dict[str, list[tuple[Said, Said]]] = {
        "distilled": [(mean, {task: pair.distilled.predict(features) for task, pair in students.items()})],
        "direct": [(mean, {task: pair.direct.predict(features) for task, pair in students.items()})],
        "same for all": [(mean, {task: _rate(dataset, task, len(valid)) for task in mean})],
        "random": [(mean, {task: values[chance] for task, values in mean.items()})],
        "another teacher": _each_against_the_others(dataset, out / "soft"),
    }
    return {"k": dataset.catalog.policy.default_top_k, "orders": {n: _compare(dataset, p) for n, p in orders.items()}}


def table(place: str, wanted: int) -> None:
    """Means over the seeds, beside the bounds."""
    runs = [json.loads(path.read_bytes()) for path in sorted((RESULTS / STUDY / place / "orders").glob("*.json"))]
    config = GateConfig()
    rows = []
    for name in ORDERS:
        found = [interval([run["orders"][name][measure] for run in runs]).said() for measure in ("overlap", "ndcg")]
        rows.append([name, *found])
    rows.append(["bound of the gate", f"{config.ranking_overlap:g}", f"{config.ranking_ndcg:g}"])
    lines = markdown(["order, against the mean teacher's", "overlap@k", "NDCG@k"], rows)
    if runs:
        lines += ["", f"k = {runs[0]['k']}; {runs[0]['rows']['valid']:,} validation rows a seed, {place}."]
    publish(STUDY, "The bounds on the product order", lines, len(runs), wanted)


def _compare(dataset: Dataset, pairs: Sequence[tuple[Said, Said]]) -> dict[str, float]:
    k = dataset.catalog.policy.default_top_k
    products = sorted(dataset.catalog.products, key=lambda product: product.id)
    found: dict[str, list[float]] = {"overlap": [], "ndcg": []}
    for reference, said in pairs:
        wanted, given = (product_scores(dataset, products, values) for values in (reference, said))
        found["overlap"].append(float(overlap_rows(wanted, given, k).mean()))
        found["ndcg"].append(float(ndcg_rows(wanted, given, k).mean()))
    return {name: float(np.mean(values)) for name, values in found.items()}


def _each_against_the_others(dataset: Dataset, soft: Path) -> list[tuple[Said, Said]]:
    """Each fold's own labels of the validation rows, which `label_out_of_fold` keeps, and the mean of the others'."""
    valid, test = len(dataset.rows("valid")), len(dataset.rows("test"))
    parts: list[Said] = []
    for k in range(FOLDS):
        with np.load(soft / f"fold{k}" / "labels" / "probs.npz") as arrays:
            said = {task.name: arrays[f"output{i}"] for i, task in enumerate(dataset.spec.tasks)}
        # Held-out training rows, then validation rows, then test rows.
        parts.append({task: values[-valid - test : len(values) - test] for task, values in said.items()})
    return [(_mean([part for part in parts if part is not own]), own) for own in parts]


def _mean(parts: Sequence[Said]) -> Said:
    return {task: np.mean([part[task] for part in parts], axis=0) for task in parts[0]}


def _rate(dataset: Dataset, task: str, rows: int) -> NDArray[np.float64]:
    labels = dataset.labels[task][dataset.rows("train")]
    known, width = labels[np.isfinite(labels)], dataset.task(task).width
    if width == 1:
        return np.full(rows, known.mean())
    return np.tile(np.bincount(known.astype(np.int64), minlength=width) / len(known), (rows, 1))


if __name__ == "__main__":
    main()
