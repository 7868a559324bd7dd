"""Training for a study: the product's own trainer, with another network or a planted fault where the study asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray

from studies._ladder import Ladder, Rung
from teacher import TeacherConfig
from teacher.datasets.dataset import Dataset
from teacher.inputs import TeacherInputs
from teacher.losses import TargetScale
from teacher.ple import Network
from teacher.training.outputs import probabilities
from teacher.training.teacher import pick_device
from teacher.training.trainer import Examples, Trainer
from teacher.weighting import TaskWeighting, build_weighting
from understudy.progress import LogProgress

__all__ = ["Trained", "ladder", "standard", "train"]

Trained = tuple[dict[str, NDArray[np.float64]], Trainer]
Build = Callable[[TeacherInputs, TeacherConfig], torch.nn.Module]


def standard(inputs: TeacherInputs, config: TeacherConfig) -> torch.nn.Module:
    """The teacher's network."""
    return Network(inputs.layout, config, torch.from_numpy(inputs.quantiles.edges), inputs.graph)


def ladder(rung: Rung) -> Build:
    """A rung of the ladder in its place."""
    return lambda inputs, config: Ladder(inputs.layout, config, torch.from_numpy(inputs.quantiles.edges), rung)


def train(
    dataset: Dataset, config: TeacherConfig, build: Build, weighting: Callable[..., TaskWeighting] | None = None
) -> Trained:
    """Predictions of the test rows, and the trainer. No health check stops it: faults are planted on purpose."""
    rows = {split: dataset.rows(split) for split in ("train", "valid", "test")}
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        device = pick_device(config.device)
        inputs = TeacherInputs.fit(dataset, rows["train"], config)
        targets = TargetScale.fit(dataset, rows["train"])
        tasks = inputs.layout.tasks
        network = cast(Network, build(inputs, config).to(device))
        chosen = build_weighting(config.weighting, tasks) if weighting is None else weighting(tasks)
        learned, watched = (
            Examples(inputs.encode(dataset, rows[split]).to(device), targets.encode(dataset, rows[split]).to(device))
            for split in ("train", "valid")
        )
        trainer = Trainer(network, chosen.to(device), tasks, learned, watched, config, device)
        trainer.run(LogProgress(every=60), lambda: None)
    trainer.average.network.load_state_dict(trainer.best)
    outputs = probabilities(trainer.average.network, inputs.encode(dataset, rows["test"]).to(device), tasks)
    pairs = enumerate(zip(tasks, outputs, strict=True))
    said = {task.name: _said(task, output, targets, index) for index, (task, output) in pairs}
    return said, trainer


def _said(task: Any, output: torch.Tensor, targets: TargetScale, index: int) -> NDArray[np.float64]:
    value = np.asarray(output.double().numpy(), dtype=np.float64)
    return value if task.type == "multiclass" else value[:, 0] * targets.std[index] + targets.mean[index]
