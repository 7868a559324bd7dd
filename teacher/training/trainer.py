"""The training loop: everything on the device, no host synchronisation within an epoch, resumable after each one."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from teacher.config import TeacherConfig
from teacher.health.monitor import Monitor
from teacher.inputs import Inputs, TaskLayout
from teacher.losses import task_losses
from teacher.ple import Network, Output
from teacher.surgery import build_surgery
from teacher.training.average import MovingAverage
from teacher.training.checkpoint import rng_state, set_rng_state
from teacher.training.outputs import probabilities
from teacher.training.parameters import parameter_groups
from teacher.training.precision import mixed_precision
from teacher.training.schedule import one_cycle
from teacher.training.scoring import mean_skill, skill
from teacher.training.workers import ALONE, Workers
from teacher.weighting import TaskWeighting
from understudy.progress import Progress

__all__ = ["Examples", "Trainer"]


@dataclass(frozen=True)
class Examples:
    """Encoded rows, their labels ``[rows, T]`` (NaN = masked) and weights (None: all 1), on the device."""

    inputs: Inputs
    labels: Tensor
    weights: Tensor | None = None


@dataclass
class Trainer:
    """One run. ``network`` and ``weighting`` are trained in place; ``best`` holds the averaged weights to keep.

    Attributes:
        history: One record per finished epoch.
        best: Averaged weights of the epoch with the best validation score.
    """

    network: Network
    weighting: TaskWeighting
    tasks: list[TaskLayout]
    train: Examples
    valid: Examples
    config: TeacherConfig
    device: torch.device
    workers: Workers = ALONE
    history: list[dict[str, Any]] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)
    best_score: float = -math.inf
    best_epoch: int = -1

    def __post_init__(self) -> None:
        rows = len(self.train.inputs)
        self.batches = max(1, rows // self.config.batch_size)
        self.steps = self.batches * self.config.epochs
        self.horizon = self.config.average * self.steps
        self.average = MovingAverage(self.network, self.horizon)
        self.start = _flat(self.network)
        self.optimizer = torch.optim.AdamW(parameter_groups(self.network, self.weighting, self.config), fused=True)
        self.clipped = [p for group in self.optimizer.param_groups if group["clip"] for p in group["params"]]
        self.valid_labels = self.valid.labels.cpu().numpy().astype(np.float64)
        self.surgery = build_surgery(self.config.surgery)
        self.monitor = Monitor(self.network, self.weighting, self.tasks, self.config)
        self.norms: list[Tensor] = []

    @property
    def epoch(self) -> int:
        """Number of finished epochs."""
        return len(self.history)

    @property
    def finished(self) -> bool:
        """All epochs done, a loss that is no number, or ``patience`` epochs without a better validation score."""
        if self.history and not all(map(math.isfinite, self.history[-1]["train_loss"].values())):
            return True
        return self.epoch >= self.config.epochs or self.epoch - 1 - self.best_epoch >= self.config.patience

    @property
    def steps_taken(self) -> int:
        """Steps that the optimiser has counted."""
        counts = [int(entry["step"]) for entry in self.optimizer.state.values()]
        return max(counts, default=0)

    def moved(self) -> tuple[float, float]:
        """Distance of the weights, and of their average, from the start."""
        fast, slow = _flat(self.network), _flat(self.average.network)
        return float((fast - self.start).norm()), float((slow - self.start).norm())

    def run(self, progress: Progress, after_epoch: Callable[[], None]) -> None:
        """Train until finished; ``after_epoch`` is called when an epoch's state is complete."""
        with progress.task("training the teacher", self.config.epochs - self.epoch) as advance:
            while not self.finished:
                record = self._epoch()
                after_epoch()
                advance(1, f"epoch {self.epoch}/{self.config.epochs}, validation {record['score']:.4f}")

    def _epoch(self) -> dict[str, Any]:
        number = self.epoch
        shuffle = torch.Generator().manual_seed(self.config.seed * 1_000_003 + number)
        order = torch.randperm(len(self.train.inputs), generator=shuffle).to(self.device)
        self.network.train()
        if self.workers.world > 1:  # no two processes may drop out alike, and an interrupted run must go on alike
            torch.manual_seed((self.config.seed * 1_000_003 + number) * self.workers.world + self.workers.rank)
        sums = torch.zeros(len(self.tasks), device=self.device)
        self.norms.clear()
        for index, rows in enumerate(order.tensor_split(self.batches)):
            sums += self._step(number * self.batches + index, rows)
        sums = self.workers.mean(sums)
        self.network.end_epoch()
        self.weighting.end_epoch(sums / self.batches)
        self.average.sync_buffers()
        skills = self._validate()
        record = {
            "epoch": number + 1,
            "train_loss": dict(zip(self._names, (sums / self.batches).tolist(), strict=True)),
            "skill": skills,
            "score": mean_skill(skills),
            "learning_rate": self.optimizer.param_groups[0]["lr"],
            **_norms(torch.stack(self.norms), self.config.clip_norm),
            **self.monitor.observe(self.train.inputs, self.train.labels, self.train.weights),
        }
        self.history.append(record)
        self._keep_best(record["score"])
        return record

    def _step(self, step: int, rows: Tensor) -> Tensor:
        factor = one_cycle(step, self.steps, self.config.warmup)
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * factor
        noise = rng_state(self.device) if self.weighting.compares_losses else None
        output, losses = self._losses(rows)
        states = output.layers[0].tasks
        states.retain_grad()
        self.optimizer.zero_grad(set_to_none=True)
        (self._total(output, losses) + output.objective).backward()  # type: ignore[no-untyped-call]
        assert states.grad is not None
        self.workers.average(p for group in self.optimizer.param_groups for p in group["params"])
        self.weighting.observe(states.grad, losses.detach())
        self.norms.append(torch.nn.utils.clip_grad_norm_(self.clipped, self.config.clip_norm))
        self.optimizer.step()
        self.average.update()
        if noise is not None:
            self._compare(rows, losses.detach(), noise)
        return losses.detach()

    def _losses(self, rows: Tensor) -> tuple[Output, Tensor]:
        mine, delta = self.workers.part(rows), self.config.huber_delta
        with mixed_precision(self.config.precision, self.device):
            output = self.network(self.train.inputs.take(mine))
        weights = None if self.train.weights is None else self.train.weights[mine]
        labels = self.train.labels[mine]
        losses = task_losses([one.float() for one in output.logits], labels, self.tasks, delta, weights)
        shares = self.workers.shares(labels, self.train.labels[rows])
        return output, losses if shares is None else losses * shares

    def _total(self, output: Output, losses: Tensor) -> Tensor:
        parts = self.weighting.parts(losses)
        if self.surgery is None:
            return parts.sum()
        return (self.surgery.weights(parts, output.named) * parts).sum()

    @torch.no_grad()
    def _compare(self, rows: Tensor, before: Tensor, noise: dict[str, Any]) -> None:
        """The same batch under the same dropout, before and after the step: what is left is what the step did."""
        set_rng_state(noise, self.device)
        self.weighting.after_step(before, self._losses(rows)[1])

    @property
    def _names(self) -> list[str]:
        return [task.name for task in self.tasks]

    def _validate(self) -> dict[str, float]:
        outputs = probabilities(self.average.network, self.valid.inputs, self.tasks)
        skills = [
            skill(task.type, self.valid_labels[:, index], _predicted(task, outputs[index]))
            for index, task in enumerate(self.tasks)
        ]
        return dict(zip(self._names, self.workers.agreed(skills), strict=True))

    def _keep_best(self, score: float) -> None:
        # A score that is NaN (no task can be scored on these rows) cannot choose: then the latest weights are kept.
        if not score <= self.best_score:
            self.best_score = score if math.isfinite(score) else -math.inf
            self.best_epoch = self.epoch - 1
            self.best = self.average.state_dict()

    def state(self) -> dict[str, Any]:
        """All that ``restore`` needs."""
        return {
            "network": self.network.state_dict(),
            "weighting": self.weighting.state_dict(),
            "average": self.average.network.state_dict(),
            "updates": self.average.updates,
            "optimizer": self.optimizer.state_dict(),
            "history": copy.deepcopy(self.history),
            "best": self.best,
            "best_score": self.best_score,
            "best_epoch": self.best_epoch,
            "rng": rng_state(self.device),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from ``state``."""
        self.network.load_state_dict(state["network"])
        self.weighting.load_state_dict(state["weighting"])
        self.average.network.load_state_dict(state["average"])
        self.average.updates = state["updates"]
        self.optimizer.load_state_dict(state["optimizer"])
        self.history = state["history"]
        self.best = {name: value.to(self.device) for name, value in state["best"].items()}
        self.best_score, self.best_epoch = state["best_score"], state["best_epoch"]
        set_rng_state(state["rng"], self.device)


def _norms(before: Tensor, clip: float) -> dict[str, float]:
    """Of an epoch's steps: the largest norm of the whole gradient before clipping, and the mean norm after it."""
    return {"largest_norm": float(before.max()), "clipped_norm": float(before.clamp(max=clip).mean())}


def _flat(network: torch.nn.Module) -> Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in network.parameters()])


def _predicted(task: TaskLayout, output: Tensor) -> NDArray[np.float64]:
    value = output.double().numpy()
    return value if task.type == "multiclass" else value[:, 0]
