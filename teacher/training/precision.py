"""In which numbers a training computes its matrix products."""

from __future__ import annotations

import torch

from teacher.config import Precision

__all__ = ["mixed_precision"]


def mixed_precision(wanted: Precision, device: torch.device) -> torch.autocast:
    """A context under which matrix products are in bfloat16, or in float32; weights and losses stay in float32.

    ``auto`` is bfloat16 on a GPU that computes in it, float32 elsewhere: on a CPU without such units it only costs.
    bfloat16 has float32's range, so that no loss needs scaling.
    """
    halved = wanted == "bfloat16" or (wanted == "auto" and device.type == "cuda" and torch.cuda.is_bf16_supported())
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=halved)
