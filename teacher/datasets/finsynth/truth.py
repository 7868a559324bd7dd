"""The label equations: for every task, the exact probability or mean given the whole observable history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from teacher.datasets.finsynth.config import FinsynthConfig
from teacher.datasets.finsynth.diversity import drift_of, expected_simpson, simpson
from teacher.datasets.finsynth.equations import Linear, equations
from teacher.datasets.finsynth.history import History
from teacher.datasets.finsynth.merchants import LEAVES, MID_OF, TOP_OF
from teacher.datasets.finsynth.products import FAMILIES, per_family
from teacher.datasets.finsynth.terms import generating_terms

__all__ = [
    "GROWTH_NOISE",
    "NEXT_MIX",
    "Truth",
    "family_rates",
    "first_family",
    "label_truth",
    "logistic",
    "next_mix",
    "recent_shares",
    "tree_kernel",
    "tree_kernels",
    "truth_of",
]

F64 = NDArray[np.float64]

GROWTH_NOISE: Final = 0.22
"""Standard deviation of the log spend of the label window around its mean."""

_MAX_LOG_RATE: Final = 1.2

NEXT_MIX: Final = {"own": 0.46, "sibling": 0.34, "cousin": 0.12, "any": 0.08}
"""Where the next category comes from, given a past purchase: itself, its sub-branch, its branch, anywhere."""


@dataclass(frozen=True)
class Truth:
    """What a perfect model of the observable history would output."""

    churn: F64
    drop: F64
    """Probability that any one held product is closed in the window ``[n]``; stability is its complement."""
    rates: F64
    """Expected openings per family if the clock kept running: ``[n, 6]``."""
    acquire: F64
    nba: F64
    cross_sell: F64
    next_category: F64
    shift: F64
    drift: F64
    """-0.4 to 0.4: the share of window purchases that leave the main branches, for any (> 0) or for the first (< 0)."""
    diversity: F64
    log_spend: F64

    @property
    def stability(self) -> F64:
        return 1.0 - self.drop


def label_truth(history: History, config: FinsynthConfig) -> Truth:
    """Evaluate the 13 label equations of docs/finsynth.md under ``config``."""
    return truth_of(history, generating_terms(history), equations(config), next_mix(config.strength("hgcn")))


def truth_of(
    history: History, terms: Mapping[str, F64], linear: Mapping[str, Linear], mix: Mapping[str, float]
) -> Truth:
    """The truth that given equations and a given mixture of the next category imply."""
    rates = family_rates(np.stack([linear[family](terms) for family in FAMILIES], axis=1), history)
    acquire = 1 - np.exp(-rates)
    drift = drift_of(linear["drift"](terms))
    return Truth(
        churn=logistic(linear["churn"](terms)),
        drop=logistic(linear["drop"](terms)),
        rates=rates,
        acquire=acquire,
        nba=first_family(rates),
        cross_sell=acquire.sum(axis=1),
        next_category=recent_shares(history) @ tree_kernel(mix),
        shift=logistic(linear["shift"](terms)),
        drift=drift,
        diversity=expected_simpson(drift) - simpson(history.recent.by_category),
        log_spend=linear["log_spend"](terms),
    )


def family_rates(log_rates: F64, history: History) -> F64:
    """``exp(min(log rate, 1.2))``, and 0 where the customer holds all four products of the family: ``[n, 6]``."""
    return np.where(per_family(history.held) < 4, np.exp(np.minimum(log_rates, _MAX_LOG_RATE)), 0.0)


def first_family(rates: F64) -> F64:
    """First of six competing exponential clocks: ``P(none) = exp(-R)``, ``P(f) = rate_f (1 - exp(-R)) / R``."""
    total = rates.sum(axis=1, keepdims=True)
    any_at_all = -np.expm1(-total)
    return np.concatenate([np.exp(-total), rates * any_at_all / np.maximum(total, 1e-12)], axis=1)


def next_mix(strength: float) -> dict[str, float]:
    """The mixture of the next category; without the tree signal, siblings and cousins give way to ``any``."""
    near = min(strength, 1.0)
    sibling, cousin = near * NEXT_MIX["sibling"], near * NEXT_MIX["cousin"]
    return {"own": NEXT_MIX["own"], "sibling": sibling, "cousin": cousin, "any": 1 - NEXT_MIX["own"] - sibling - cousin}


def recent_shares(history: History) -> F64:
    """Shares of the categories among the recent quarter's purchases: ``[n, 50]``, rows sum to 1."""
    counts = history.recent.by_category.astype(np.float64)
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))


def tree_kernels() -> dict[str, F64]:
    """Per step on the tree ``[50, 50]``: P(next category | a past purchase's category and that step)."""
    own = np.eye(LEAVES)
    sibling = (MID_OF[:, None] == MID_OF[None, :]) - own
    cousin = ((TOP_OF[:, None] == TOP_OF[None, :]) & (MID_OF[:, None] != MID_OF[None, :])).astype(np.float64)
    steps = {"own": own, "sibling": sibling, "cousin": cousin, "any": np.ones((LEAVES, LEAVES))}
    return {name: step / step.sum(axis=1, keepdims=True) for name, step in steps.items()}


def tree_kernel(mix: Mapping[str, float]) -> F64:
    """``[50, 50]``: P(next category | a past purchase's category); rows sum to 1."""
    return np.asarray(sum(mix[name] * kernel for name, kernel in tree_kernels().items()))


def logistic(x: F64) -> F64:
    return np.asarray(1.0 / (1.0 + np.exp(-x)))
