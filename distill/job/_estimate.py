"""Time and memory, stated before the work begins, from the size of the data alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import ceil, log2
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distill.config import DistillConfig
    from teacher import TeacherConfig
    from teacher.datasets.dataset import Dataset

__all__ = ["Estimate", "estimate"]

# Seconds per cell of a histogram pass (one row, one feature, one level of a tree) on one core.
_CELL = 1.2e-9
# Seconds per feature and leaf of a tree, whatever the rows: the search for splits.
_SPLIT = 2.0e-7
# Seconds of a teacher's step: whatever the batch, and per row and ensemble member of it, on one core.
_STEP = 0.05
_STEP_ROW = 6.0e-4
# Seconds per test row and bootstrap replicate of one task, all gates together.
_GATE = 2.0e-7
# What Python, torch and LightGBM take before the first row.
_RUNTIME_BYTES = 900 * 2**20
# Weights of one chunk of replicates and the products with them.
_BOOTSTRAP_BYTES = 200 * 2**20


@dataclass(frozen=True)
class Estimate:
    """No early stopping, every candidate of the budget: upper figures, of one otherwise idle core a worker."""

    teacher_seconds: float
    student_seconds: float
    gate_seconds: float
    memory_bytes: int

    @property
    def seconds(self) -> float:
        return self.teacher_seconds + self.student_seconds + self.gate_seconds

    def as_event(self) -> dict[str, float]:
        """For the log."""
        return {name: round(value, 1) for name, value in asdict(self).items()} | {"seconds": round(self.seconds, 1)}


def estimate(
    dataset: Dataset,
    teacher: TeacherConfig,
    students: DistillConfig,
    *,
    folds: int,
    replicates: int,
    workers: int,
    cached_tasks: int = 0,
) -> Estimate:
    """What a job on ``dataset`` takes at most.

    - teacher: folds x epochs x steps x (a constant + batch x members).
    - students: of both kinds, candidates x rounds x trees a round x (rows x features x levels + features x leaves).
    - gates: tasks x replicates x test rows.
    - memory: the features and their bins (one byte a value, once a worker), the raw structure, and the bootstrap.

    Args:
        workers: Processes among which the students are shared out.
        cached_tasks: Tasks whose students are there already.
    """
    train, test = len(dataset.rows("train")), len(dataset.rows("test"))
    rows, width = dataset.features.shape
    steps = ceil(train * (folds - 1) / folds / teacher.batch_size)
    widths = sorted(task.width for task in dataset.spec.tasks)[: len(dataset.spec.tasks) - cached_tasks]
    binned = train * width
    raw = sum(s.values.nbytes + s.mask.nbytes for s in dataset.sequences.values())
    raw += sum(d.nbytes for d in dataset.distributions.values())
    return Estimate(
        teacher_seconds=folds * teacher.epochs * steps * (_STEP + _STEP_ROW * teacher.batch_size * teacher.members),
        student_seconds=sum(_student_seconds(students, train, width, classes) for classes in widths) / workers,
        gate_seconds=_GATE * len(dataset.spec.tasks) * replicates * test,
        memory_bytes=_RUNTIME_BYTES + _BOOTSTRAP_BYTES + 2 * rows * width * 8 + workers * 2 * binned + 2 * raw,
    )


def _student_seconds(config: DistillConfig, rows: int, width: int, classes: int) -> float:
    many = classes >= config.many_classes
    rounds, budget = (config.many_rounds, config.many_budget) if many else (config.rounds, config.budget)
    leaves = config.many_leaves if many else config.shapes[0].leaves
    # Beside the budget each student has a last fit on fewer features.
    trees = 2 * (budget + 1) * rounds * (classes if classes > 2 else 1)
    return trees * (_CELL * rows * width * log2(leaves) + _SPLIT * width * leaves)
