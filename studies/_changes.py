"""The changes whose delay of detection is studied, and who watches for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from studies._production import Change

__all__ = ["STUDIED", "Studied"]


@dataclass(frozen=True)
class Studied:
    """One kind of change.

    Attributes:
        title: As the table names it, with the unit of its sizes.
        monitor: Who watches for it (`agents.monitors.run.MONITORS`, or ``fidelity``).
        rules: Of the breach that it must raise.
        sizes: From hardly to plainly there.
        make: A size as a change.
    """

    title: str
    monitor: str
    rules: tuple[str, ...]
    sizes: tuple[float, ...]
    make: Callable[[float], Change]


STUDIED: Mapping[str, Studied] = {
    "shift": Studied(
        "three of 40 features move (standard deviations)",
        "features",
        ("drift",),
        (0.3, 0.5, 0.6, 1.0),
        lambda size: Change(shift=size),
    ),
    "missing": Studied(
        "two of 40 features go missing (further share)",
        "features",
        ("drift",),
        (0.05, 0.1, 0.2),
        lambda size: Change(missing=size),
    ),
    "group": Studied(
        "half of the customers are offered one family less often (factor)",
        "offers",
        ("fairness", "fairness_severe"),
        (0.75, 0.6, 0.5, 0.3),
        lambda size: Change(group_rate=size),
    ),
    "calibration": Studied(
        "scores rise, outcomes do not (probability)",
        "calibration",
        ("calibration",),
        (0.05, 0.1, 0.2),
        lambda size: Change(calibration=size),
    ),
    "concept": Studied(
        "outcomes follow no score (share)",
        "concept",
        ("concept",),
        (0.2, 0.5, 1.0),
        lambda size: Change(concept=size),
    ),
    "fidelity": Studied(
        "the teacher says something else (share)",
        "fidelity",
        ("fidelity",),
        (0.4, 0.6, 1.0),
        lambda size: Change(disagreement=size),
    ),
    "ratio": Studied(
        "the review sample is not as designed (factor)",
        "sample_ratio",
        ("sample_ratio",),
        (0.8, 1.3, 2.0),
        lambda size: Change(ratio=size),
    ),
    "herd": Studied(
        "one product takes first ranks (share)",
        "concentration",
        ("concentration",),
        (0.5, 0.9),
        lambda size: Change(herd=size),
    ),
    "errors": Studied(
        "requests fail (further share)", "slo", ("slo",), (0.005, 0.02, 0.1), lambda size: Change(errors=size)
    ),
    "stale": Studied(
        "features are older (hours)",
        "staleness",
        ("staleness",),
        (4.0, 12.0),
        lambda size: Change(stale_hours=size),
    ),
}
