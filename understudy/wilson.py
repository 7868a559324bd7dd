"""The interval of a share."""

from __future__ import annotations

import math

__all__ = ["wilson"]


def wilson(share: float, rows: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson (1927) score interval of ``share`` of ``rows``, 95 % by default; (0, 1) without rows."""
    if not rows:
        return 0.0, 1.0
    centre = (share + z * z / (2 * rows)) / (1 + z * z / rows)
    half = z / (1 + z * z / rows) * math.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows))
    return max(0.0, centre - half), min(1.0, centre + half)
