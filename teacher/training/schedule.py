"""The learning rate over a run."""

from __future__ import annotations

import math

__all__ = ["one_cycle"]

# The last step still moves: a rate of exactly zero would waste it.
_FLOOR = 0.01


def one_cycle(step: int, steps: int, warmup: float) -> float:
    """Factor on the peak rate at ``step`` of ``steps``: a linear rise over ``warmup * steps``, then a cosine to 1 %.

    Smith and Topin, "Super-Convergence" (2018), with the cosine of Loshchilov and Hutter (2017).
    """
    rise = max(1, round(warmup * steps))
    if step < rise:
        return (step + 1) / rise
    share = (step - rise) / max(1, steps - rise)
    return _FLOOR + (1.0 - _FLOOR) * 0.5 * (1.0 + math.cos(math.pi * min(1.0, share)))
