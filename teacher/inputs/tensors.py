"""The teacher's inputs as tensors that stay on the device."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Inputs"]


@dataclass(frozen=True)
class Inputs:
    """Rows encoded for the network; all tensors share the first dimension.

    Attributes:
        numeric: ``[rows, N]`` normal scores, 0 where missing.
        missing: ``[rows, N]`` 1 where the number is missing.
        codes: ``[rows, C]`` category + 1; 0 stands for missing or unseen.
        scalars: ``[rows, N + C]`` one standardised number per field (for the structural layer).
        sequences: name -> ``[rows, length, channels]``, standardised, 0 where padded.
        masks: name -> ``[rows, length]`` True at a real step.
        distributions: name -> ``[rows, bins]``, rows sum to 1.
        diagrams: name of a sequence -> ``[rows, channels, points, 3]`` (birth, death, present) persistence diagrams.
        holdings: ``[rows, products]`` 1 where the customer holds the product.
    """

    numeric: Tensor
    missing: Tensor
    codes: Tensor
    scalars: Tensor
    sequences: dict[str, Tensor]
    masks: dict[str, Tensor]
    distributions: dict[str, Tensor]
    diagrams: dict[str, Tensor]
    holdings: Tensor

    def __len__(self) -> int:
        return len(self.numeric)

    def take(self, index: Tensor | slice) -> Inputs:
        """The rows at ``index``."""
        return Inputs(
            self.numeric[index],
            self.missing[index],
            self.codes[index],
            self.scalars[index],
            {name: value[index] for name, value in self.sequences.items()},
            {name: value[index] for name, value in self.masks.items()},
            {name: value[index] for name, value in self.distributions.items()},
            {name: value[index] for name, value in self.diagrams.items()},
            self.holdings[index],
        )

    def to(self, device: torch.device) -> Inputs:
        """The same rows on ``device``."""
        return Inputs(
            self.numeric.to(device),
            self.missing.to(device),
            self.codes.to(device),
            self.scalars.to(device),
            {name: value.to(device) for name, value in self.sequences.items()},
            {name: value.to(device) for name, value in self.masks.items()},
            {name: value.to(device) for name, value in self.distributions.items()},
            {name: value.to(device) for name, value in self.diagrams.items()},
            self.holdings.to(device),
        )
