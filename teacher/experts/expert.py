"""What every expert is: a module that turns its share of the inputs into one vector of the common width."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple

from torch import Tensor, nn

from teacher.inputs.layout import Feed
from teacher.inputs.tensors import Inputs

__all__ = ["Expert", "ExpertOutput", "flat_fields", "routed"]


class ExpertOutput(NamedTuple):
    """``value`` is ``[batch, width]``, or ``[members * batch, width]`` (member-major) from an expert whose weights are
    ensembled. ``objective`` is the expert's own training loss, if it has one (a scalar).
    """

    value: Tensor
    objective: Tensor | None = None


class Expert(nn.Module, ABC):
    """One named expert of the first extraction layer.

    ``exact`` experts are computed in float32 also where the rest of a training is in bfloat16: distances near the edge
    of a hyperbolic space, transport potentials and the trace of a matrix exponential lose all their digits in it.
    """

    exact: ClassVar[bool] = False

    @abstractmethod
    def forward(self, fields: Tensor, inputs: Inputs) -> ExpertOutput:
        """``fields`` are all embedded flat fields ``[batch, F, dim]``; an expert picks those that are routed to it."""

    def end_epoch(self) -> None:
        """Called after each training epoch (schedules of the expert's own objective)."""


def routed(values: Tensor, feed: Feed) -> Tensor:
    """The routed columns of ``[batch, F, ...]``."""
    # Picking every column would cost a copy forth and a scatter back.
    return values if len(feed.fields) == values.shape[1] else values[:, feed.fields]


def flat_fields(fields: Tensor, feed: Feed) -> Tensor:
    """The routed fields, flattened: ``[batch, len(feed.fields) * dim]``."""
    return routed(fields, feed).flatten(1)
