"""Do the labels belong to the rows? The teacher's own fit tells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from teacher.health.check import Check, verdict

__all__ = ["SHIFTS", "labels_aligned"]

SHIFTS = (-2, -1, 1, 2)
_CLEAR = 4.0


def labels_aligned(losses: dict[str, dict[int, NDArray[np.float64]]]) -> Check:
    """No shift of the labels by a row or two fits the trained network better than the labels as they are.

    Features and labels that were joined one row apart train without complaint and predict nothing. One fit is better
    than another if its mean loss is lower by more than 4 standard errors of the paired difference. A task for which
    no such difference exists gives no evidence; if none gives any, the check is unknown.

    Args:
        losses: task -> shift (0 and ``SHIFTS``) -> ``[rows]`` loss of the trained network, NaN where unknown.
    """
    faults, shown = [], []
    for task, by_shift in losses.items():
        gains = {shift: _standard_errors(by_shift[0] - by_shift[shift]) for shift in SHIFTS}
        faults += [
            f"{task}: labels shifted by {shift} fit better than the labels as they are"
            for shift, gain in gains.items()
            if gain > _CLEAR
        ]
        shown += [task] if all(gain < -_CLEAR for gain in gains.values()) else []
    if not faults and not shown:
        return Check(name="labels_aligned", status="unknown", detail="no task fits well enough to tell")
    return verdict("labels_aligned", faults, f"labels fit best where they are: {', '.join(shown)}")


def _standard_errors(difference: NDArray[np.float64]) -> float:
    known = difference[np.isfinite(difference)]
    error = known.std(ddof=1) / np.sqrt(len(known)) if len(known) > 1 else 0.0
    return float(known.mean() / error) if error > 0 else 0.0
