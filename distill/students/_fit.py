"""The two students of every task, with a checkpoint per task."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from distill.config import DistillConfig
from distill.executor import Executor, Member, Serial
from distill.soft_labels import SoftLabels
from distill.students._binned import Binned
from distill.students._checkpoint import read_pair, write_pair
from distill.students._shard import Shard, joined
from distill.students._student import StudentPair
from distill.students._task import TaskFitting
from teacher.datasets.disjoint import require_disjoint
from understudy.contracts.spec import TaskSpec
from understudy.progress import Progress

if TYPE_CHECKING:
    from teacher.datasets.dataset import Dataset

__all__ = ["fit_students"]


def fit_students(
    dataset: Dataset,
    soft: SoftLabels,
    config: DistillConfig,
    out: Path,
    progress: Progress,
    executor: Executor | None = None,
) -> dict[str, StudentPair]:
    """Fit the distilled and the direct student of every task on the training rows.

    Both read the plain and structural features only. Size, rounds, loss and alpha are chosen, and calibrators fitted,
    on the validation rows; no test row is read. A task whose students are in ``out/<task>`` for the same inputs is
    not fitted again.

    Args:
        dataset: Features and labels.
        soft: Out-of-fold soft labels, aligned with the dataset's rows.
        config: The search and its budget.
        out: Gets one folder per task.
        progress: Where long work is shown.
        executor: Where tasks are fitted (default: here, one after the other); it changes no byte, but of the tasks
            that its gang takes.

    Returns:
        Task -> its two students, in the order of the spec.

    Raises:
        UserError: the splits overlap, a task has no labels in training or validation, or labels that do not vary.
    """
    require_disjoint(dataset)
    executor = executor or Serial()
    fitting, gang = TaskFitting(dataset, soft, config), executor.gang
    together = {t.name for t in dataset.spec.tasks if gang is not None and gang.takes(fitting.size(t))}
    shards = {t.name: gang.workers if gang and t.name in together else 1 for t in dataset.spec.tasks}
    inputs = {task.name: fitting.inputs(task, shards[task.name]) for task in dataset.spec.tasks}
    known = {task.name: read_pair(out / task.name, inputs[task.name]) for task in dataset.spec.tasks}
    pairs = {name: pair for name, pair in known.items() if pair is not None}
    # The tasks with most classes take longest: started first, they do not keep the others waiting at the end.
    missing = sorted((t for t in dataset.spec.tasks if t.name not in pairs), key=lambda task: -task.width)
    with progress.task("students", len(dataset.spec.tasks)) as advance:
        advance(len(pairs))
        for task, pair in _fitted(executor, _handed(dataset, soft, config), missing, together):
            write_pair(out / task.name, pair, inputs[task.name])
            pairs[task.name] = pair
            advance(note=task.name)
    return {task.name: pairs[task.name] for task in dataset.spec.tasks}


def _fitted(
    executor: Executor, handed: _Handed, missing: list[TaskSpec], together: set[str]
) -> Iterator[tuple[TaskSpec, StudentPair]]:
    """Tasks of one worker each, then those of all workers together, one after the other."""
    yield from executor.run(handed, _fit, [task for task in missing if task.name not in together])
    for task in missing:
        if executor.gang is not None and task.name in together:
            yield task, executor.gang.run(_Together(handed, task))


@dataclass(frozen=True)
class _Bench:
    """What a worker needs to fit any task; making it bins the features."""

    fitting: TaskFitting
    binned: Binned


@dataclass(frozen=True)
class _Handed:
    """Makes the bench from data that travels to the worker."""

    dataset: Dataset
    soft: SoftLabels
    config: DistillConfig

    def __call__(self) -> _Bench:
        fitting = TaskFitting(self.dataset, self.soft, self.config)
        return _Bench(fitting, fitting.bin_features())


def _handed(dataset: Dataset, soft: SoftLabels, config: DistillConfig) -> _Handed:
    """Without the raw structure, which students never read: it is most of a dataset's bytes."""
    return _Handed(replace(dataset, sequences={}, distributions={}), soft, config)


def _fit(bench: _Bench, task: TaskSpec) -> StudentPair:
    """One thread a fit: sums of floats depend on their number, and the same seed would give other bytes."""
    return bench.fitting.fit(task, bench.binned, 1)


@dataclass(frozen=True)
class _Together:
    """Fits one task in one of several workers at the same time."""

    handed: _Handed
    task: TaskSpec

    def __call__(self, member: Member) -> StudentPair:
        handed = self.handed
        fitting = TaskFitting(handed.dataset, handed.soft, handed.config)
        with joined(member):
            shard = Shard.of_rows(len(handed.dataset.rows("train")), member, handed.config.seed)
            return fitting.fit(self.task, fitting.bin_features(shard), 1, shard)
