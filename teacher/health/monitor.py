"""What is watched after every epoch: gates, experts, gradients per task, and the weighting."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from teacher.config import TeacherConfig
from teacher.inputs import Inputs, TaskLayout
from teacher.losses import task_losses
from teacher.ple import Network, Output
from teacher.ple.gates import reported
from teacher.weighting import TaskWeighting, Uncertainty

__all__ = ["Monitor", "entropy"]

_ROWS = 256


def entropy(weights: Tensor) -> Tensor:
    """Entropy over the last dimension, divided by its maximum: 1 = uniform, 0 = one expert takes all."""
    shares = weights / weights.sum(dim=-1, keepdim=True).clamp(min=1e-12)
    nats = -(shares * shares.clamp(min=1e-12).log()).sum(dim=-1)
    return nats / max(1e-12, torch.log(torch.tensor(float(shares.shape[-1]))).item())


class Monitor:
    """Runs the network on the first training rows, in evaluation mode, so that watching changes nothing."""

    def __init__(
        self, network: Network, weighting: TaskWeighting, tasks: list[TaskLayout], config: TeacherConfig
    ) -> None:
        self.network, self.weighting, self.tasks, self.config = network, weighting, tasks, config

    def observe(self, inputs: Inputs, labels: Tensor, weights: Tensor | None = None) -> dict[str, Any]:
        """Records of one epoch, as plain JSON values; lists are in the order of the tasks."""
        training = self.network.training
        self.network.eval()
        output = self.network(inputs.take(slice(0, _ROWS)))
        record = {
            "gate_entropy": [entropy(layer.weights).mean(dim=0).tolist() for layer in output.layers],
            "gate_variation": [layer.weights.std(dim=0).amax(dim=-1).tolist() for layer in output.layers],
            "expert_weight": self._expert_weights(output),
            "expert_variation": dict(
                zip(self.network.names, output.named.std(dim=1).mean(dim=1).tolist(), strict=True)
            ),
            "gradient_norm": self._gradient_norms(output, labels[:_ROWS], None if weights is None else weights[:_ROWS]),
            "log_sigma": self.weighting.log_sigma.tolist() if isinstance(self.weighting, Uncertainty) else None,
        }
        self.network.train(training)
        return record

    def _expert_weights(self, output: Output) -> dict[str, list[float]]:
        mean = reported(output.layers[0].weights, len(self.network.names)).mean(dim=0)
        return {name: mean[:, index].tolist() for index, name in enumerate(self.network.names)}

    def _gradient_norms(self, output: Output, labels: Tensor, weights: Tensor | None) -> list[float]:
        """Norm of each task's term's gradient at its state above the named experts (no task weight applied)."""
        losses = task_losses(output.logits, labels, self.tasks, self.config.huber_delta, weights)
        terms = self.weighting.terms(losses)
        (gradient,) = torch.autograd.grad(terms.sum(), output.layers[0].tasks)
        norms: list[float] = gradient.flatten(1).norm(dim=1).tolist()
        return norms
