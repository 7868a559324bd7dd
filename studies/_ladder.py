"""Shared-bottom, MMoE and PLE over plain MLP experts: the same embedding, optimiser and stopping, another middle."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from teacher.config import TeacherConfig
from teacher.inputs import Inputs, Layout
from teacher.inputs.embedding import FieldEmbedding
from teacher.ple.batched import BatchedMLP
from teacher.ple.extraction import Extraction, FirstExtraction
from teacher.ple.network import Output
from teacher.ple.towers import Towers

__all__ = ["RUNGS", "Ladder", "Rung"]

Rung = Literal["shared_bottom", "mmoe", "ple"]
RUNGS: dict[Rung, tuple[int, int, int]] = {"shared_bottom": (1, 0, 1), "mmoe": (8, 0, 1), "ple": (4, 2, 2)}
"""Shared experts, experts per task, extraction layers."""


class Ladder(nn.Module):
    """Like ``teacher.ple.Network``, with MLPs over all fields in place of the named experts and one group per task.

    shared_bottom: one expert, as wide as MMoE's eight together; mmoe: eight experts and a gate per task (Ma et al., KDD
    2018); ple: four shared and two experts per task, two layers (Tang et al., RecSys 2020).
    """

    def __init__(self, layout: Layout, config: TeacherConfig, edges: Tensor, rung: Rung) -> None:
        super().__init__()
        shared, per_task, layers = RUNGS[rung]
        hidden = config.hidden * (RUNGS["mmoe"][0] if rung == "shared_bottom" else 1)
        inputs = layout.fields * config.embedding_dim
        groups = list(range(len(layout.tasks)))
        self.members = 1
        self.names = [f"expert{index + 1}" for index in range(shared)]
        self.shared = shared
        self.embedding = FieldEmbedding(layout, edges, config.embedding_dim)
        self.experts = BatchedMLP(shared, inputs, hidden, config.width, config.dropout)
        self.first = FirstExtraction(
            inputs=inputs,
            named=shared,
            groups=groups,
            per_group=per_task,
            width=config.width,
            hidden=config.hidden,
            members=1,
            gate=config.gate,
            dropout=config.dropout,
            top=layers == 1,
        )
        self.above = nn.ModuleList(
            Extraction(
                groups=groups,
                shared_experts=shared,
                per_group=per_task,
                width=config.width,
                hidden=config.hidden,
                gate=config.gate,
                dropout=config.dropout,
                top=index == layers - 2,
            )
            for index in range(layers - 1)
        )
        outputs = [task.width for task in layout.tasks]
        self.towers = Towers(outputs, config.width, config.hidden // 2, 1, config.dropout)

    def forward(self, inputs: Inputs) -> Output:
        flat = self.embedding(inputs).flatten(1)
        named = self.experts(flat.expand(self.shared, -1, -1))
        layers = [self.first(flat, named)]
        for layer in self.above:
            layers.append(layer(layers[-1]))
        return Output(self.towers(layers[-1].tasks), layers, named, torch.zeros((), device=flat.device))

    def end_epoch(self) -> None:
        """No expert has an objective of its own."""
