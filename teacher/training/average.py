"""An exponential moving average of the weights, which is what is validated and kept."""

from __future__ import annotations

import copy
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

__all__ = ["MovingAverage"]

N = TypeVar("N", bound=nn.Module)


class MovingAverage(Generic[N]):
    """``a <- d a + (1 - d) w`` after every step, with horizon ``1 / (1 - d)`` steps.

    During the first steps ``d = t / (t + horizon_0)`` style warm-up (``min(d, t / (t + 9))``) forgets the random start.

    Attributes:
        network: The averaged network, in evaluation mode.
        updates: Number of updates so far.
    """

    def __init__(self, network: N, horizon: float) -> None:
        self.network: N = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay = 1.0 - 1.0 / max(1.0, horizon)
        self.updates = 0
        self._slow: list[Tensor] = list(self.network.parameters())
        self._fast: list[Tensor] = list(network.parameters())
        self._buffers = list(zip(self.network.buffers(), network.buffers(), strict=True))

    @torch.no_grad()
    def update(self) -> None:
        """Move towards the network's present weights."""
        decay = min(self.decay, self.updates / (self.updates + 9.0))
        torch._foreach_lerp_(self._slow, self._fast, 1.0 - decay)
        self.updates += 1

    def sync_buffers(self) -> None:
        """Copy the buffers (they are states, not weights, and are not averaged)."""
        for slow, fast in self._buffers:
            slow.copy_(fast)

    def state_dict(self) -> dict[str, Tensor]:
        """A copy of the averaged weights."""
        return {name: value.clone() for name, value in self.network.state_dict().items()}
