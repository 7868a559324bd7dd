"""Running the network over many rows, in chunks."""

from __future__ import annotations

import torch
from torch import Tensor

from teacher.inputs.layout import TaskLayout
from teacher.inputs.tensors import Inputs
from teacher.ple import Network
from teacher.ple.gates import reported

__all__ = ["linked", "named_gates", "probabilities"]

_CHUNK = 4096


@torch.no_grad()
def probabilities(network: Network, inputs: Inputs, tasks: list[TaskLayout]) -> list[Tensor]:
    """Per task ``[rows, outputs]`` on the host: probabilities, or means in standard units; members are averaged."""
    network.eval()
    chunks = []
    for start in range(0, len(inputs), _CHUNK):
        logits = network(inputs.take(slice(start, start + _CHUNK))).logits
        chunks.append([linked(value, task).mean(dim=0).cpu() for value, task in zip(logits, tasks, strict=True)])
    return [torch.cat(parts) for parts in zip(*chunks, strict=True)]


def linked(logits: Tensor, task: TaskLayout) -> Tensor:
    """Logits as probabilities (binary, multiclass) or means in standard units (regression)."""
    if task.type == "binary":
        return torch.sigmoid(logits)
    return torch.softmax(logits, dim=-1) if task.type == "multiclass" else logits


@torch.no_grad()
def named_gates(network: Network, inputs: Inputs) -> Tensor:
    """``[rows, T, S]`` on the host: the first layer's task gates over the named experts, summing to 1."""
    network.eval()
    chunks = []
    for start in range(0, len(inputs), _CHUNK):
        first = network(inputs.take(slice(start, start + _CHUNK))).layers[0]
        chunks.append(reported(first.weights, len(network.names)).cpu())
    return torch.cat(chunks)
