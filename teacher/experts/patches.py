"""Patch transformer over a left-padded sequence."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["PatchTransformer"]


class PatchTransformer(nn.Module):
    """Attention over patches of consecutive steps (after PatchTST, Nie et al., ICLR 2023), read at a summary token.

    Departures: patches end at the latest step and positions count back from it, so that padding on the left changes
    nothing; a patch holds all channels at once, because what channels do together is the signal; a step's mask is an
    extra channel. The summary token is always visible, so a customer without any step still has an output.

    Shapes: steps ``[batch, length, dim]``, mask ``[batch, length]`` -> ``[batch, dim]``.
    """

    def __init__(self, dim: int, length: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.patch = max(1, min(16, length // 6))
        self.heads = heads
        count = -(-length // self.patch)
        self.embed = nn.Linear(self.patch * (dim + 1), dim)
        self.position = nn.Parameter(torch.randn(count, dim) * 0.02)
        self.summary = nn.Parameter(torch.randn(dim) * 0.02)
        self.before = nn.LayerNorm(dim)
        self.project = nn.Linear(dim, 3 * dim)
        self.mix = nn.Linear(dim, dim)
        self.feed = nn.Sequential(
            nn.LayerNorm(dim), nn.Linear(dim, 2 * dim), nn.GELU(), nn.Dropout(dropout), nn.Linear(2 * dim, dim)
        )

    def forward(self, steps: Tensor, mask: Tensor) -> Tensor:
        tokens, visible = self._tokens(steps, mask)
        summary = self.summary.expand(steps.shape[0], 1, -1)
        x = torch.cat([summary, tokens], dim=1)
        visible = torch.cat([visible.new_ones(steps.shape[0], 1), visible], dim=1)
        out = summary[:, 0] + self._attend(self.before(x), visible)
        result: Tensor = out + self.feed(out)
        return result

    def _tokens(self, steps: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        real = mask.unsqueeze(-1).to(steps.dtype)
        x = torch.cat([steps * real, real], dim=-1)
        short = -steps.shape[1] % self.patch
        x = functional.pad(x, (0, 0, short, 0)).reshape(x.shape[0], -1, self.patch * x.shape[-1])
        visible = functional.pad(mask, (short, 0)).reshape(x.shape[0], -1, self.patch).any(dim=-1)
        from_end = torch.arange(x.shape[1] - 1, -1, -1, device=x.device)
        return self.embed(x) + self.position[from_end], visible

    def _attend(self, x: Tensor, visible: Tensor) -> Tensor:
        query, key, value = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in self.project(x).chunk(3, -1)
        )
        seen = functional.scaled_dot_product_attention(query[:, :, :1], key, value, attn_mask=visible[:, None, None, :])
        mixed: Tensor = self.mix(seen.transpose(1, 2).flatten(2)[:, 0])
        return mixed
