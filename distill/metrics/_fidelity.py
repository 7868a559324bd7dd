"""How well a student computes its teacher's function, and the bounds that the gate sets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from distill.metrics._functionals import quartiles, spearman, weighted_mean
from distill.metrics._resample import Functional
from distill.metrics._rows import jsd_rows, kl_rows
from understudy.contracts._model import TaskType
from understudy.contracts.gates import GateConfig

__all__ = ["Bound", "fidelity_bounds", "fidelity_functionals"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Bound:
    """A metric must lie on ``side`` of ``value``."""

    side: Literal["at least", "at most"]
    value: float

    def keeps(self, found: float, *, margin: float = 0.0) -> bool:
        """Whether ``found`` keeps the bound drawn in by ``margin`` of its distance from a perfect copy (1 or 0)."""
        if self.side == "at least":
            return found >= self.value + margin * (1 - self.value)
        return found <= self.value * (1 - margin)


def fidelity_bounds(kind: TaskType, config: GateConfig) -> dict[str, Bound]:
    """Metric -> bound. Binary: KL, agreement, JSD, Spearman. Multiclass: KL, agreement, JSD. Regression: Spearman and
    quartile agreement."""
    rank = Bound("at least", config.spearman)
    if kind == "regression":
        return {"spearman": rank, "quartile_agreement": Bound("at least", config.quartile_agreement)}
    agreement = config.agreement_binary if kind == "binary" else config.agreement_multiclass
    shared = {
        "kl": Bound("at most", config.fidelity_floor),
        "agreement": Bound("at least", agreement),
        "jsd": Bound("at most", config.jsd),
    }
    return shared | {"spearman": rank} if kind == "binary" else shared


def fidelity_functionals(
    kind: TaskType, teacher: Floats, student: Floats, decisions: tuple[NDArray[np.bool_], NDArray[np.bool_]]
) -> dict[str, Functional]:
    """The metrics of ``fidelity_bounds``.

    - ``kl``: mean KL(teacher || student) in nats; ``jsd``: mean Jensen-Shannon divergence in nats.
    - ``agreement``: share of rows for which both decide the same (``decisions``, ``[n, D]`` each).
    - ``spearman``: rank correlation of the two predictions.
    - ``quartile_agreement``: share of rows that both put into the same quartile of their own predictions.
    """
    if kind == "regression":
        same = quartiles(teacher) == quartiles(student)
        return {"spearman": spearman(teacher, student), "quartile_agreement": weighted_mean(same.astype(np.float64))}
    agree = (decisions[0] == decisions[1]).all(axis=1)
    functionals = {
        "kl": weighted_mean(kl_rows(teacher, student)),
        "agreement": weighted_mean(agree.astype(np.float64)),
        "jsd": weighted_mean(jsd_rows(teacher, student)),
    }
    return functionals | {"spearman": spearman(teacher, student)} if kind == "binary" else functionals
