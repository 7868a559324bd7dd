"""Building the named experts of a layout."""

from __future__ import annotations

import torch
from torch import nn

from teacher.config import TeacherConfig
from teacher.experts.causal import Causal
from teacher.experts.deepfm import DeepFM
from teacher.experts.expert import Expert
from teacher.experts.hgcn import Hgcn
from teacher.experts.lightgcn import LightGcn
from teacher.experts.optimal_transport import OptimalTransport
from teacher.experts.perslay import PersLay
from teacher.experts.temporal import Temporal
from teacher.inputs.graph import ProductGraph
from teacher.inputs.layout import Layout
from understudy.contracts.spec import ExpertName

__all__ = ["build_experts"]


def build_experts(layout: Layout, config: TeacherConfig, graph: ProductGraph) -> nn.ModuleDict:
    """One module per routed expert, in the order of the layout's feeds."""
    return nn.ModuleDict({name: _build(name, layout, config, graph) for name in layout.feeds})


def _build(name: ExpertName, layout: Layout, config: TeacherConfig, graph: ProductGraph) -> Expert:
    feed, dim, hidden, width = layout.feeds[name], config.embedding_dim, config.hidden, config.width
    if name == "deepfm":
        return DeepFM(feed, dim, hidden, width, config.members, config.dropout)
    if name == "temporal":
        return Temporal(feed, layout.sequences, dim, hidden, width, config.dropout)
    if name == "hgcn":
        return Hgcn(feed, layout.trees, dim, hidden, width, config.dropout)
    if name == "perslay":
        return PersLay(feed, layout.sequences, dim, hidden, width, config.dropout)
    if name == "lightgcn":
        degrees, two_hop = torch.from_numpy(graph.degrees), torch.from_numpy(graph.two_hop)
        return LightGcn(feed, degrees, two_hop, dim, hidden, width, config.dropout)
    if name == "causal":
        return Causal(feed, hidden, width, config.members, config.dropout)
    if name == "optimal_transport":
        return OptimalTransport(feed, layout.distributions, dim, hidden, width, config.dropout)
    raise ValueError(f"no such expert: {name}")
