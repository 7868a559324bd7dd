"""Do the labels belong to the rows? The teacher's own fit tells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from teacher.health.check import Check, verdict

__all__ = ["SHIFTS", "labels_aligned"]

SHIFTS = (-2, -1, 1, 2)


def labels_aligned(losses: dict[str, dict[int, NDArray[np.float64]]]) -> Check:
    """No shift of the labels by a row or two fits the trained network better than the labels as they are.

    Features and labels that were joined one row apart train without complaint and predict nothing. A shift is better if
    its mean loss is lower by more than 4 standard errors of the paired difference.

    Args:
        losses: task -> shift (0 and ``SHIFTS``) -> ``[rows]`` loss of the trained network, NaN where unknown.
    """
    faults = []
    for task, by_shift in losses.items():
        for shift in SHIFTS:
            gain = by_shift[0] - by_shift[shift]
            gain = gain[np.isfinite(gain)]
            if len(gain) > 1 and gain.mean() > 4.0 * gain.std(ddof=1) / np.sqrt(len(gain)):
                faults.append(f"{task}: labels shifted by {shift} fit better than the labels as they are")
    return verdict("labels_aligned", faults, "labels fit best where they are")
