"""Selective state space: the S6 recurrence as a parallel scan, and a block around it."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx
from torch.nn import functional

__all__ = ["SelectiveStateSpace", "linear_scan", "selective_scan"]


class _LinearScan(torch.autograd.Function):
    """The scan and its adjoint, itself a scan in the other direction: ``l_t = g_t + a_{t+1} l_{t+1}``.

    Written by hand because differentiating through the doubling steps would keep and copy every one of them.
    """

    @staticmethod
    def forward(ctx: FunctionCtx, a: Tensor, b: Tensor) -> Tensor:
        states = _doubling(a, b)
        ctx.save_for_backward(a, states)
        return states

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor]:
        a, states = ctx.saved_tensors
        following = torch.cat([a[:, 1:], torch.zeros_like(a[:, :1])], dim=1)
        adjoint = _doubling(following.flip(1), grads[0].flip(1)).flip(1)
        before = torch.cat([torch.zeros_like(states[:, :1]), states[:, :-1]], dim=1)
        return adjoint * before, adjoint


def _doubling(a: Tensor, b: Tensor) -> Tensor:
    """Hillis-Steele doubling over the associative product ``(a2, b2) o (a1, b1) = (a2 a1, a2 b1 + b2)``."""
    a, b = a.clone(), b.clone()
    step = 1
    while step < a.shape[1]:
        b[:, step:] += a[:, step:] * b[:, :-step]
        a[:, step:] = a[:, step:] * a[:, :-step]
        step *= 2
    return b


def linear_scan(a: Tensor, b: Tensor) -> Tensor:
    """All states of ``h_t = a_t h_{t-1} + b_t``, ``h_{-1} = 0``, in ``log2(length)`` vectorised steps.

    Shapes: ``[batch, length, ...]`` for both -> the same.
    """
    states: Tensor = _LinearScan.apply(a, b)  # type: ignore[no-untyped-call]
    return states


def selective_scan(x: Tensor, delta: Tensor, a: Tensor, b: Tensor, c: Tensor, d: Tensor) -> Tensor:
    """``h_t = exp(delta_t A) h_{t-1} + delta_t B_t x_t``, ``y_t = C_t h_t + D x_t`` (Gu and Dao, "Mamba", 2023).

    A step with ``delta_t = 0`` leaves the state as it was: that is how padding is passed over.

    Shapes: x and delta ``[batch, length, channels]``; a ``[channels, state]``; b and c ``[batch, length, state]``;
    d ``[channels]`` -> ``[batch, length, channels]``.
    """
    decay = torch.exp(delta.unsqueeze(-1) * a)
    drive = (delta * x).unsqueeze(-1) * b.unsqueeze(2)
    states = linear_scan(decay, drive)
    return torch.einsum("blds,bls->bld", states, c) + d * x


class SelectiveStateSpace(nn.Module):
    """A Mamba block over a left-padded sequence, read at its last step.

    gate and input projection, causal depthwise convolution, selective scan, output projection; ``A`` starts as the
    negative numbers 1 .. state (S4D-real), the step sizes log-uniform in [0.001, 0.1]. Padded steps are zeroed before
    the convolution and have ``delta = 0``: the output does not depend on the amount of padding.

    Shapes: steps ``[batch, length, dim]``, mask ``[batch, length]`` -> ``[batch, dim]``.
    """

    def __init__(self, dim: int, state: int = 8, kernel: int = 4) -> None:
        super().__init__()
        self.dim, self.state, self.kernel, self.rank = dim, state, kernel, max(1, dim // 16)
        self.enter = nn.Linear(dim, 2 * dim, bias=False)
        self.convolution = nn.Conv1d(dim, dim, kernel, groups=dim)
        self.select = nn.Linear(dim, self.rank + 2 * state, bias=False)
        self.step = nn.Linear(self.rank, dim)
        self.log_decay = nn.Parameter(torch.arange(1, state + 1).float().log().repeat(dim, 1))
        self.skip = nn.Parameter(torch.ones(dim))
        self.leave = nn.Linear(dim, dim, bias=False)
        with torch.no_grad():
            size = torch.exp(torch.rand(dim) * (math.log(0.1) - math.log(0.001)) + math.log(0.001))
            self.step.bias.copy_(size + torch.log(-torch.expm1(-size)))

    def forward(self, steps: Tensor, mask: Tensor) -> Tensor:
        real = mask.unsqueeze(-1).to(steps.dtype)
        x, gate = self.enter(steps * real).chunk(2, dim=-1)
        padded = functional.pad(x.transpose(1, 2), (self.kernel - 1, 0))
        x = functional.silu(self.convolution(padded).transpose(1, 2))
        rank, b, c = self.select(x).split([self.rank, self.state, self.state], dim=-1)
        delta = functional.softplus(self.step(rank)) * real
        y = selective_scan(x, delta, -torch.exp(self.log_decay), b, c, self.skip)
        last: Tensor = self.leave(y[:, -1] * functional.silu(gate[:, -1]))
        return last * real[:, -1]
