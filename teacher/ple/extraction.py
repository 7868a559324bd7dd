"""Progressive layered extraction: customised gate control over shared and task experts, stacked.

Tang et al., "Progressive Layered Extraction", RecSys 2020. Letters in shapes: B rows of the batch, M members of the
weight-sharing ensemble, N = M * B (member-major), T tasks, G task groups, S shared experts, P task experts per group,
W expert width.

Departure from the paper: the task experts belong to a task *group* and not to a single task, which keeps thirteen
tasks affordable. Every task has a gate and a state of its own in every layer; above the first layer the group's
experts read the state of the task in question. With one task per group this is the paper's model.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from teacher.config import Gate
from teacher.experts.members import MemberLinear
from teacher.ple.batched import BatchedLinear, BatchedMLP, SharedDropout
from teacher.ple.gates import gate_weights

__all__ = ["Extraction", "FirstExtraction", "Mixed"]


class Mixed(NamedTuple):
    """What an extraction layer passes on.

    Attributes:
        tasks: ``[T, N, W]`` state of each task.
        shared: ``[N, W]`` state of the shared module, None at the top.
        weights: task gate weights: ``[B, T, S + P]`` in the first layer, ``[N, T, S + P]`` above; shared experts first.
        shared_weights: weights of the shared gate over all experts, shared first: ``[rows, S + G P]`` in the first
            layer, ``[rows, S + T P]`` above; None at the top.
    """

    tasks: Tensor
    shared: Tensor | None
    weights: Tensor
    shared_weights: Tensor | None


class FirstExtraction(nn.Module):
    """The first layer: its shared experts are the named ones (computed outside), its task experts read the fields.

    Gates read a small summary of the fields and are common to the members: one weight per customer, task and expert.
    """

    def __init__(
        self,
        *,
        inputs: int,
        named: int,
        groups: list[int],
        per_group: int,
        width: int,
        hidden: int,
        members: int,
        gate: Gate,
        dropout: float,
        top: bool,
    ) -> None:
        super().__init__()
        self.named, self.per_group, self.members, self.gate = named, per_group, members, gate
        self.tasks, self.width = len(groups), width
        self.experts = (max(groups) + 1) * per_group
        self.group_of_task: Tensor
        self.register_buffer("group_of_task", torch.tensor(groups))
        if self.experts:
            self.enter = MemberLinear(inputs, self.experts * hidden, members)
            self.leave = BatchedLinear(self.experts, hidden, width)
        self.dropout = SharedDropout(dropout)
        # Adam moves every weight alike, so a sum over thousands of inputs would saturate the gates in a few steps.
        self.summary = nn.Sequential(nn.Linear(inputs, hidden), nn.LayerNorm(hidden), nn.ReLU())
        self.temperature = hidden**0.5
        self.task_gate = nn.Linear(hidden, self.tasks * (named + per_group))
        self.shared_gate = None if top else nn.Linear(hidden, named + self.experts)

    def forward(self, flat: Tensor, named: Tensor) -> Mixed:
        """``flat`` ``[B, inputs]``, ``named`` ``[S, N, W]`` -> states."""
        own = self._task_experts(flat, named)
        summary = self.summary(flat) / self.temperature
        weights = gate_weights(self.task_gate(summary).view(flat.shape[0], self.tasks, -1), self.gate)
        spread = weights.repeat(self.members, 1, 1)
        tasks = torch.einsum("nts,snw->tnw", spread[..., : self.named], named)
        if self.per_group:
            mine = own.view(-1, self.per_group, *own.shape[1:])[self.group_of_task]
            tasks = tasks + torch.einsum("ntp,tpnw->tnw", spread[..., self.named :], mine)
        if self.shared_gate is None:
            return Mixed(tasks, None, weights, None)
        shared_weights = gate_weights(self.shared_gate(summary), self.gate)
        every = torch.cat([named, own])
        shared = torch.einsum("ne,enw->nw", shared_weights.repeat(self.members, 1), every)
        return Mixed(tasks, shared, weights, shared_weights)

    def _task_experts(self, flat: Tensor, named: Tensor) -> Tensor:
        """``[G P, N, W]``."""
        if not self.experts:
            return named[:0]
        hidden = torch.relu(self.enter(flat)).view(named.shape[1], self.experts, -1).transpose(0, 1)
        return functional.layer_norm(self.leave(self.dropout(hidden)), (self.width,))


class Extraction(nn.Module):
    """A layer above the first: generic shared experts on the shared state, task experts on each task's state."""

    def __init__(
        self,
        *,
        groups: list[int],
        shared_experts: int,
        per_group: int,
        width: int,
        hidden: int,
        gate: Gate,
        dropout: float,
        top: bool,
    ) -> None:
        super().__init__()
        self.shared_experts, self.per_group, self.gate = shared_experts, per_group, gate
        self.tasks = len(groups)
        self.shared = BatchedMLP(shared_experts, width, hidden, width, dropout)
        if per_group:
            self.own = BatchedMLP((max(groups) + 1) * per_group, width, hidden, width, dropout)
        self.which: Tensor
        self.register_buffer(
            "which", torch.tensor([group * per_group + index for group in groups for index in range(per_group)])
        )
        self.task_gate = BatchedLinear(self.tasks, width, shared_experts + per_group)
        self.shared_gate = None if top else nn.Linear(width, shared_experts + self.tasks * per_group)

    def forward(self, below: Mixed) -> Mixed:
        """States of the layer below -> states of this layer."""
        assert below.shared is not None, "only the top layer has no shared state"
        shared = self.shared(below.shared.expand(self.shared_experts, -1, -1))
        weights = gate_weights(self.task_gate(below.tasks), self.gate)
        tasks = torch.einsum("tns,snw->tnw", weights[..., : self.shared_experts], shared)
        every = [shared]
        if self.per_group:
            own = self.own(below.tasks.repeat_interleave(self.per_group, dim=0), self.which)
            mine = own.view(self.tasks, self.per_group, *own.shape[1:])
            tasks = tasks + torch.einsum("tnp,tpnw->tnw", weights[..., self.shared_experts :], mine)
            every.append(own)
        weights = weights.transpose(0, 1)
        if self.shared_gate is None:
            return Mixed(tasks, None, weights, None)
        shared_weights = gate_weights(self.shared_gate(below.shared), self.gate)
        mixed = torch.einsum("ne,enw->nw", shared_weights, torch.cat(every))
        return Mixed(tasks, mixed, weights, shared_weights)
