"""Fitting a teacher: encode, build, train, check its health, keep it."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from teacher.config import TeacherConfig
from teacher.datasets.disjoint import require_apart
from teacher.export import export_onnx
from teacher.health import examine, watch
from teacher.inputs import TeacherInputs
from teacher.losses import TargetScale, row_weights
from teacher.ple import Network
from teacher.training.checkpoint import read_checkpoint, write_checkpoint
from teacher.training.processes import train_in_processes
from teacher.training.teacher import Teacher, pick_device
from teacher.training.trainer import Examples, Trainer
from teacher.training.workers import ALONE, Workers
from teacher.weighting import build_weighting
from understudy.atomic import write_json
from understudy.errors import UserError
from understudy.progress import Progress
from understudy.stages import fingerprint

if TYPE_CHECKING:
    from teacher.datasets.dataset import Dataset

__all__ = ["fit_here", "fit_teacher"]


def fit_teacher(
    dataset: Dataset,
    train: NDArray[np.int64],
    valid: NDArray[np.int64],
    config: TeacherConfig,
    out: Path,
    *,
    progress: Progress,
) -> Teacher:
    """Train a teacher on the rows ``train``; ``valid`` chooses the epoch and is learned from in no other way.

    Writes ``out/teacher.pt``, ``out/history.json`` and ``out/health.json``, and ``out/teacher.onnx`` if asked for. An
    interrupted run goes on from ``out/checkpoint.pt`` if the config, the rows and the data are the same, and ends with
    the same bytes as one that was not interrupted.

    Raises:
        UserError: the splits overlap or are empty, or a task has no known label.
        TrainingHealthError: a health check failed; ``health.json`` says which, and no ``teacher.pt`` is written.
    """
    _check_rows(dataset, train, valid)
    if config.processes == 1:
        return fit_here(dataset, train, valid, config, out, progress)
    train_in_processes(dataset, train, valid, config, out)
    return Teacher.load(out / "teacher.pt")


def fit_here(
    dataset: Dataset,
    train: NDArray[np.int64],
    valid: NDArray[np.int64],
    config: TeacherConfig,
    out: Path,
    progress: Progress,
    *,
    workers: Workers = ALONE,
) -> Teacher:
    """What `fit_teacher` does, in this process; of several ``workers`` the first one writes.

    Raises:
        UserError: a task has no known label.
        TrainingHealthError: a health check failed.
    """
    identity = _identity(dataset, train, valid, config)
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        inputs = TeacherInputs.fit(dataset, train, config)
        targets = TargetScale.fit(dataset, train)
        trainer = _trainer(dataset, train, valid, config, inputs, targets)
        trainer.workers = workers
        for expert, why in inputs.left_out.items():
            progress.say(f"  the {expert} expert is left out: {why}")
        _train(trainer, out, identity, progress)
    trainer.average.network.load_state_dict(trainer.best)
    teacher = Teacher(config, inputs, targets, trainer.average.network, trainer.device)
    if not workers.first:
        return teacher
    record = {
        "identity": identity,
        "left_out": inputs.left_out,
        "quantile_scaled": inputs.layout.numeric,
        "epochs": _json(trainer.history),
    }
    write_json(out / "history.json", record)
    examine(teacher, trainer, dataset, train, out / "health.json")
    teacher.save(out / "teacher.pt")
    if config.onnx:
        export_onnx(teacher, trainer.valid.inputs, out / "teacher.onnx")
    return teacher


def _check_rows(dataset: Dataset, train: NDArray[np.int64], valid: NDArray[np.int64]) -> None:
    if not len(train) or not len(valid):
        raise UserError(f"{len(train)} training and {len(valid)} validation rows", fix="Give the teacher rows of both.")
    require_apart(dataset, {"training": train, "validation": valid, "the test split": dataset.rows("test")})


def _identity(dataset: Dataset, train: NDArray[np.int64], valid: NDArray[np.int64], config: TeacherConfig) -> str:
    return fingerprint(
        {
            "data": dataset.fingerprint,
            "config": config.model_dump(mode="json"),
            "train": train.tolist(),
            "valid": valid.tolist(),
        }
    )


def _trainer(
    dataset: Dataset,
    train: NDArray[np.int64],
    valid: NDArray[np.int64],
    config: TeacherConfig,
    inputs: TeacherInputs,
    targets: TargetScale,
) -> Trainer:
    device = pick_device(config.device)
    tasks = inputs.layout.tasks
    network = Network(inputs.layout, config, torch.from_numpy(inputs.quantiles.edges), inputs.graph).to(device)
    weighting = build_weighting(config.weighting, tasks).to(device)
    train_examples, valid_examples = (
        Examples(inputs.encode(dataset, rows).to(device), targets.encode(dataset, rows).to(device))
        for rows in (train, valid)
    )
    weights = row_weights(dataset, train)
    if weights is not None:
        train_examples = replace(train_examples, weights=weights.to(device))
    return Trainer(network, weighting, tasks, train_examples, valid_examples, config, device)


def _train(trainer: Trainer, out: Path, identity: str, progress: Progress) -> None:
    path = out / "checkpoint.pt"
    state = read_checkpoint(path, identity)
    if state is not None:
        trainer.restore(state)
        progress.say(f"  going on after epoch {trainer.epoch}")

    def after_epoch() -> None:
        if not trainer.workers.first:
            return
        write_checkpoint(path, identity, trainer.state())
        watch(trainer, out / "health.json")

    trainer.run(progress, after_epoch)


def _json(value: Any) -> Any:
    """The same value with None for every number that JSON cannot carry."""
    if isinstance(value, dict):
        return {key: _json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_json(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
