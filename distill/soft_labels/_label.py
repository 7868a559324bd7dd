"""K teachers over the training rows; each labels the rows that it did not see."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

import teacher
from distill.executor import Executor, Serial
from distill.soft_labels._folds import assign_folds
from distill.soft_labels._score import score
from distill.soft_labels._soft import SoftLabels, column_names, read_soft, write_soft
from teacher.datasets.disjoint import require_disjoint
from understudy.atomic import atomic_directory, write_json
from understudy.errors import UserError
from understudy.progress import Progress
from understudy.stages import fingerprint

if TYPE_CHECKING:
    from teacher import Teacher, TeacherConfig
    from teacher.datasets.dataset import Dataset

__all__ = ["label_out_of_fold"]

Floats = NDArray[np.float64]
Positions = NDArray[np.int64]


@dataclass(frozen=True)
class _Labelled:
    """What one fold teacher said: ``rows`` are positions, ``probs`` align with them, ``weights`` are mean gates."""

    rows: Positions
    probs: dict[str, Floats]
    weights: dict[str, dict[str, float]]


def label_out_of_fold(
    dataset: Dataset,
    config: TeacherConfig,
    *,
    folds: int,
    out: Path,
    progress: Progress,
    executor: Executor | None = None,
) -> SoftLabels:
    """Label every row by teachers that were not trained on it.

    The training units (customers, households, copies) are hashed into ``folds`` folds. Teacher k is trained on the
    training rows outside fold k (the validation rows stop it early) and labels fold k, the validation rows and the
    test rows. Validation and test rows get the mean of the K teachers. A fold whose labels are in
    ``out/fold<k>/labels`` for the same inputs is not trained again; an interrupted fold resumes from its checkpoint.

    Args:
        dataset: All splits.
        config: The same teacher for every fold.
        folds: K, 2 to 20.
        out: Gets ``fold<k>/`` (the teacher and its labels), ``soft.parquet`` and ``gates.json``.
        progress: Where long work is shown.
        executor: Where rows are scored (default: here).

    Returns:
        Soft labels of every row; also written to ``out/soft.parquet``.

    Raises:
        UserError: the splits share a row, a customer or a unit, a fold would be empty, or a teacher's prediction is not
            finite (exit code 4).
    """
    require_disjoint(dataset)
    train = dataset.rows("train")
    fold_of_train = assign_folds(dataset.customer_ids[train], dataset.units[train], folds, config.seed)
    # A row without any label is scored and teaches nobody.
    labelled = np.any([np.isfinite(values[train]) for values in dataset.labels.values()], axis=0)
    parts = []
    for k in range(folds):
        fitted, held_out = train[labelled & (fold_of_train != k)], train[fold_of_train == k]
        parts.append(_label_fold(dataset, config, fitted, held_out, out / f"fold{k}", progress, executor or Serial()))
    soft = _combine(dataset, parts)
    write_soft(dataset, soft, out / "soft.parquet")
    write_json(out / "gates.json", soft.gates)
    return read_soft(dataset, out / "soft.parquet", soft.gates)


def _label_fold(
    dataset: Dataset,
    config: TeacherConfig,
    fitted: Positions,
    held_out: Positions,
    out: Path,
    progress: Progress,
    executor: Executor,
) -> _Labelled:
    """Train on ``fitted``, label ``held_out`` and the rows of the other splits."""
    _require_unseen(dataset, fitted, held_out)
    valid, test = dataset.rows("valid"), dataset.rows("test")
    rows = np.concatenate([held_out, valid, test])
    inputs = _inputs(dataset, config, fitted, valid, rows)
    known = _read(out / "labels", dataset, rows, inputs)
    if known is not None:
        return known
    fitted_teacher = teacher.fit_teacher(dataset, fitted, valid, config, out, progress=progress)
    said = _checked(score(fitted_teacher, dataset, rows, out / "teacher.pt", executor), dataset, rows)
    labelled = _Labelled(rows, said, _mean_gates(fitted_teacher, dataset, valid))
    _write(out / "labels", dataset, labelled, inputs)
    return labelled


def _require_unseen(dataset: Dataset, fitted: Positions, held_out: Positions) -> None:
    seen = np.intersect1d(dataset.row_ids[fitted], dataset.row_ids[held_out])
    if len(seen):
        raise UserError(
            f"{len(seen)} rows would be labelled by a teacher that was trained on them, first row id {seen[0]}",
            where=f"dataset {dataset.spec.name}",
            fix="Row ids must be unique.",
            exit_code=4,
        )


def _checked(predictions: dict[str, Floats], dataset: Dataset, rows: Positions) -> dict[str, Floats]:
    """The teacher's predictions, refused if one is not finite or has the wrong shape."""
    for task in dataset.spec.tasks:
        values = predictions[task.name]
        expected = (len(rows), task.width) if task.classes else (len(rows),)
        if values.shape != expected:
            raise ValueError(f"task {task.name!r}: expected predictions of shape {expected}, got {values.shape}")
        if not np.isfinite(values).all():
            raise UserError(
                "the teacher's prediction is not finite", where=f"task {task.name}", fix="See health.json.", exit_code=4
            )
    return {task.name: np.asarray(predictions[task.name], dtype=np.float64) for task in dataset.spec.tasks}


def _mean_gates(fitted: Teacher, dataset: Dataset, valid: Positions) -> dict[str, dict[str, float]]:
    means = {task: weights.mean(axis=0) for task, weights in fitted.gate_weights(dataset, valid).items()}
    return {task: dict(zip(fitted.experts, mean.tolist(), strict=True)) for task, mean in means.items()}


def _inputs(dataset: Dataset, config: TeacherConfig, fitted: Positions, valid: Positions, rows: Positions) -> str:
    ids = [dataset.row_ids[positions].tolist() for positions in (fitted, valid, rows)]
    return fingerprint([dataset.fingerprint, dataset.seed, config.model_dump(mode="json"), ids])


def _write(folder: Path, dataset: Dataset, labelled: _Labelled, inputs: str) -> None:
    arrays = {f"output{i}": labelled.probs[task.name] for i, task in enumerate(dataset.spec.tasks)}
    with atomic_directory(folder) as scratch:
        np.savez(scratch / "probs.npz", allow_pickle=False, **arrays)
        write_json(scratch / "labels.json", {"inputs": inputs, "weights": labelled.weights})


def _read(folder: Path, dataset: Dataset, rows: Positions, inputs: str) -> _Labelled | None:
    """What an earlier run wrote for the very same inputs, or None."""
    try:
        record = json.loads((folder / "labels.json").read_bytes())
    except FileNotFoundError:
        return None
    if record["inputs"] != inputs:
        return None
    with np.load(folder / "probs.npz") as arrays:
        probs = {task.name: arrays[f"output{i}"] for i, task in enumerate(dataset.spec.tasks)}
    return _Labelled(rows, probs, record["weights"])


def _combine(dataset: Dataset, parts: list[_Labelled]) -> SoftLabels:
    """Held-out rows from their own fold, all other rows as the mean of the K teachers."""
    rows = len(dataset.row_ids)
    fold = np.full(rows, -1, dtype=np.int8)
    probs = {task.name: np.zeros((rows, len(column_names(task)))) for task in dataset.spec.tasks}
    train = np.zeros(rows, dtype=np.bool_)
    train[dataset.rows("train")] = True
    for k, part in enumerate(parts):
        held = train[part.rows]
        fold[part.rows[held]] = k
        for name, total in probs.items():
            values = part.probs[name].reshape(len(part.rows), -1)
            total[part.rows] += np.where(held[:, None], values, values / len(parts))
    shaped = {task.name: probs[task.name] if task.classes else probs[task.name][:, 0] for task in dataset.spec.tasks}
    return SoftLabels(probs=shaped, fold=fold, gates=_mean_over_folds(parts))


def _mean_over_folds(parts: list[_Labelled]) -> dict[str, dict[str, float]]:
    return {
        task: {expert: float(np.mean([part.weights[task][expert] for part in parts])) for expert in weights}
        for task, weights in parts[0].weights.items()
    }
