"""The two students of every task, side by side, with a checkpoint per task."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from distill.config import DistillConfig
from distill.soft_labels import SoftLabels
from distill.students._binned import Binned
from distill.students._checkpoint import read_pair, write_pair
from distill.students._student import StudentPair
from distill.students._task import TaskFitting
from understudy.contracts.spec import TaskSpec
from understudy.progress import Progress

if TYPE_CHECKING:
    from teacher.datasets.dataset import Dataset

__all__ = ["fit_students"]


def fit_students(
    dataset: Dataset, soft: SoftLabels, config: DistillConfig, out: Path, progress: Progress
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

    Returns:
        Task -> its two students, in the order of the spec.

    Raises:
        UserError: a task has no labels in training or validation, or its training labels do not vary.
    """
    fitting = TaskFitting(dataset, soft, config)
    inputs = {task.name: fitting.inputs(task) for task in dataset.spec.tasks}
    known = {task.name: read_pair(out / task.name, inputs[task.name]) for task in dataset.spec.tasks}
    pairs = {name: pair for name, pair in known.items() if pair is not None}
    # The tasks with most classes take longest: started first, they do not keep the others waiting at the end.
    missing = sorted((t for t in dataset.spec.tasks if t.name not in pairs), key=lambda task: -task.width)
    with progress.task("students", len(dataset.spec.tasks)) as advance:
        advance(len(pairs))
        for task, pair in _fit_all(fitting, missing, config.threads):
            write_pair(out / task.name, pair, inputs[task.name])
            pairs[task.name] = pair
            advance(note=task.name)
    return {task.name: pairs[task.name] for task in dataset.spec.tasks}


def _fit_all(fitting: TaskFitting, tasks: Sequence[TaskSpec], threads: int) -> Iterator[tuple[TaskSpec, StudentPair]]:
    """Yield every task's students as they are ready, ``threads`` tasks side by side, each fit on one thread.

    LightGBM's own threads meet at every split and wait for each other, tasks never do; and sums of floats depend on
    how many threads share them, so a task that is fitted alone after an interruption would come out otherwise. Each
    worker has its own copy of the bins, because labels are set on them.
    """
    if not tasks:
        return
    workers = min(threads, len(tasks))
    binned = fitting.bin_features()
    copies: SimpleQueue[Binned] = SimpleQueue()
    for copy in [binned, *(binned.copy() for _ in range(workers - 1))]:
        copies.put(copy)

    def fit(task: TaskSpec) -> StudentPair:
        mine = copies.get()
        try:
            return fitting.fit(task, mine, 1)
        finally:
            copies.put(mine)

    yield from zip(tasks, map(fit, tasks), strict=True) if workers == 1 else _side_by_side(fit, tasks, workers)


def _side_by_side(
    fit: Callable[[TaskSpec], StudentPair], tasks: Sequence[TaskSpec], workers: int
) -> Iterator[tuple[TaskSpec, StudentPair]]:
    with ThreadPoolExecutor(workers) as pool:
        futures = {pool.submit(fit, task): task for task in tasks}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
