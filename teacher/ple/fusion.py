"""Adaptive task-to-task fusion: a task may look at every other task's experts, beside its own."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from teacher.config import Gate
from teacher.ple.batched import BatchedLinear, BatchedMLP
from teacher.ple.extraction import Mixed
from teacher.ple.gates import gate_weights

__all__ = ["AdaptiveFusion"]


class AdaptiveFusion(nn.Module):
    """An extraction layer after AdaTT (Li et al., KDD 2023): ``state_t = sum_e a_te expert_e + sum_p v_tp own_tp``.

    The gate ``a_t`` of a task, read from its state, is over *all* experts of the layer: shared ones and those of every
    task. The residual weights ``v`` on a task's own experts are plain parameters that start at 1 / P. The paper calls
    these AllExpertGF and NativeExpertLF.

    Departures: as in ``Extraction`` the weights of task experts belong to the group (each reads the state of its own
    task), and there are shared experts with a gate of their own, which the paper's "AdaTT-sp" has too.

    Letters as in ``extraction``: states ``[T, N, W]``, ``[N, W]`` -> the same; task gates ``[N, T, S + T P]``.
    """

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
        every = shared_experts + self.tasks * per_group
        self.shared = BatchedMLP(shared_experts, width, hidden, width, dropout)
        self.own = BatchedMLP((max(groups) + 1) * per_group, width, hidden, width, dropout)
        self.which: Tensor
        self.register_buffer(
            "which", torch.tensor([group * per_group + index for group in groups for index in range(per_group)])
        )
        self.task_gate = BatchedLinear(self.tasks, width, every)
        self.native = nn.Parameter(torch.full((self.tasks, per_group), 1.0 / per_group))
        self.shared_gate = None if top else nn.Linear(width, every)

    def forward(self, below: Mixed) -> Mixed:
        """States of the layer below -> states of this layer."""
        assert below.shared is not None, "only the top layer has no shared state"
        shared = self.shared(below.shared.expand(self.shared_experts, -1, -1))
        own = self.own(below.tasks.repeat_interleave(self.per_group, dim=0), self.which)
        experts = torch.cat([shared, own])
        weights = gate_weights(self.task_gate(below.tasks), self.gate)
        fused = torch.einsum("tne,enw->tnw", weights, experts)
        mine = own.view(self.tasks, self.per_group, *own.shape[1:])
        tasks = fused + torch.einsum("tp,tpnw->tnw", self.native, mine)
        weights = weights.transpose(0, 1)
        if self.shared_gate is None:
            return Mixed(tasks, None, weights, None)
        shared_weights = gate_weights(self.shared_gate(below.shared), self.gate)
        return Mixed(tasks, torch.einsum("ne,enw->nw", shared_weights, experts), weights, shared_weights)
