"""The teacher's network: embeddings, named experts, stacked extraction, towers."""

from __future__ import annotations

from contextlib import nullcontext
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from teacher.config import TeacherConfig
from teacher.experts import Expert, build_experts
from teacher.inputs.embedding import FieldEmbedding
from teacher.inputs.graph import ProductGraph
from teacher.inputs.layout import Layout
from teacher.inputs.tensors import Inputs
from teacher.ple.extraction import Extraction, FirstExtraction, Mixed
from teacher.ple.fusion import AdaptiveFusion
from teacher.ple.towers import Towers
from teacher.ple.transfer import LogitTransfer
from teacher.ple.wide import WidePath

__all__ = ["Network", "Output"]


class Output(NamedTuple):
    """Outputs of a batch.

    Attributes:
        logits: per task ``[members, batch, outputs]``.
        layers: the extraction layers' states and gate weights, first layer first.
        named: ``[S, members * batch, width]`` outputs of the named experts.
        objective: sum of the experts' own objectives (scalar); experts have them in training mode only.
    """

    logits: list[Tensor]
    layers: list[Mixed]
    named: Tensor
    objective: Tensor


class Network(nn.Module):
    """Inputs to logits. ``edges`` are the bin edges of the numeric columns, ``graph`` links the products."""

    def __init__(self, layout: Layout, config: TeacherConfig, edges: Tensor, graph: ProductGraph) -> None:
        super().__init__()
        self.members = config.members
        self.names: list[str] = list(layout.feeds)
        groups = _groups(layout)
        self.embedding = FieldEmbedding(layout, edges, config.embedding_dim)
        self.experts = build_experts(layout, config, graph)
        self.first = FirstExtraction(
            inputs=layout.fields * config.embedding_dim,
            named=len(self.experts),
            groups=groups,
            per_group=config.task_experts,
            width=config.width,
            hidden=config.hidden,
            members=config.members,
            gate=config.gate,
            dropout=config.dropout,
            top=config.layers == 1,
        )
        above: type[AdaptiveFusion] | type[Extraction] = AdaptiveFusion if config.fusion == "adatt" else Extraction
        self.above = nn.ModuleList(
            above(
                groups=groups,
                shared_experts=config.shared_experts,
                per_group=config.task_experts,
                width=config.width,
                hidden=config.hidden,
                gate=config.gate,
                dropout=config.dropout,
                top=index == config.layers - 2,
            )
            for index in range(config.layers - 1)
        )
        outputs = [task.width for task in layout.tasks]
        self.towers = Towers(outputs, config.width, config.hidden // 2, config.members, config.dropout)
        self.wide = WidePath(layout.fields * config.embedding_dim, layout.tasks, config.wide_classes)
        self.transfer = LogitTransfer(config.transfer, layout.tasks)

    def forward(self, inputs: Inputs) -> Output:
        fields = self.embedding(inputs)
        named, objective = self._named(fields, inputs)
        flat = fields.flatten(1)
        layers = [self.first(flat, named)]
        for layer in self.above:
            layers.append(layer(layers[-1]))
        logits = self.wide(flat, self.towers(layers[-1].tasks))
        return Output(self.transfer(logits), layers, named, objective)

    def _named(self, fields: Tensor, inputs: Inputs) -> tuple[Tensor, Tensor]:
        values, objective = [], fields.new_zeros(())
        for expert in self.experts.values():
            assert isinstance(expert, Expert)
            with torch.autocast(fields.device.type, enabled=False) if expert.exact else nullcontext():
                value, own = expert(fields, inputs)
            value = functional.layer_norm(value, value.shape[-1:])
            values.append(value if value.shape[0] == fields.shape[0] * self.members else value.repeat(self.members, 1))
            if own is not None:
                objective = objective + own
        return torch.stack(values), objective

    def end_epoch(self) -> None:
        """Let the experts advance the schedules of their own objectives."""
        for expert in self.experts.values():
            assert isinstance(expert, Expert)
            expert.end_epoch()


def _groups(layout: Layout) -> list[int]:
    names = list(dict.fromkeys(task.group for task in layout.tasks))
    return [names.index(task.group) for task in layout.tasks]
