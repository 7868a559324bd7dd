"""The linear parts of the label equations, as data: what enters each task, and with which weight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from teacher.datasets.finsynth.config import SIGNALS, FinsynthConfig, SignalName
from teacher.datasets.finsynth.products import FAMILIES

__all__ = ["EQUATIONS", "Linear", "carriers", "equations"]

F64 = NDArray[np.float64]


@dataclass(frozen=True)
class Linear:
    """``intercept + sum_k weights[k] * terms[k]``: ``[n]``. The names are those of :func:`generating_terms`."""

    intercept: float
    weights: Mapping[str, float]

    def __call__(self, terms: Mapping[str, F64]) -> F64:
        return np.asarray(self.intercept + sum(weight * terms[name] for name, weight in self.weights.items()))


EQUATIONS: Final[dict[str, Linear]] = {
    "churn": Linear(-2.5, {"tenure": -0.4, "products": -0.25, "contacts": 0.35, "payroll_moves": 0.5, "temporal": 1.3}),
    "drop": Linear(-1.8, {"tenure": -0.3, "contacts": 0.25, "balance": -0.2, "causal": 1.1}),
    "deposits": Linear(-2.2, {"balance": 0.40, "savings": 0.30, "perslay": 1.1}),
    "investments": Linear(-2.3, {"income": 0.35, "risk": 0.35, "unfavoured": -1.0, "optimal_transport": 1.2}),
    "accounts": Linear(-2.2, {"products": -0.30, "contacts": 0.30, "causal": 1.2}),
    "lending": Linear(-2.2, {"age": -0.30, "spend_to_income": 0.40, "unfavoured": -1.0, "deepfm": 1.2}),
    "payments": Linear(-2.3, {"purchases": 0.40, "overseas": 0.25, "lightgcn": 1.2}),
    "insurance": Linear(-2.4, {"family": 0.60, "age": 0.25, "temporal": 1.0}),
    "shift": Linear(-1.1, {"top_share": -5.5, "overseas": 0.2, "optimal_transport": 1.1}),
    "drift": Linear(0.0, {"purchases": 0.25, "overseas": 0.2, "hgcn": 0.9}),
    "log_spend": Linear(0.0, {"log_spend": 1.0, "balance": 0.06, "spend_to_income": -0.12, "perslay": 0.22}),
}
"""Logits (churn, drop, shift), log-rates (the six families), the argument of the drift's tanh, and a mean (log_spend).

The weight of ``unfavoured`` is in units of the configured disparity.
"""


def equations(config: FinsynthConfig) -> dict[str, Linear]:
    """The equations under ``config``: each signal's weight times its strength, the disparity in place."""
    factor = {signal: config.strength(signal) for signal in SIGNALS} | {"unfavoured": config.disparity}
    return {
        name: Linear(
            linear.intercept, {term: weight * factor.get(term, 1.0) for term, weight in linear.weights.items()}
        )
        for name, linear in EQUATIONS.items()
    }


_READS: Final[dict[str, tuple[str, ...]]] = {
    "churn_signal": ("churn",),
    "product_stability": ("drop",),
    "nba_primary": tuple(FAMILIES),
    "cross_sell_count": tuple(FAMILIES),
    **{f"will_acquire_{family}": (family,) for family in FAMILIES if family != "insurance"},
    "next_mcc": (),
    "top_mcc_shift": ("shift",),
    "mcc_diversity_trend": ("drift",),
    "spend_next_quarter": ("log_spend",),
}
"""The equations that each task reads."""


def carriers(signal: SignalName) -> list[str]:
    """The tasks that ``signal`` enters: through an equation or, for the merchant tree, through next_mcc's kernel."""
    through = [task for task, names in _READS.items() if any(signal in EQUATIONS[name].weights for name in names)]
    return [*through, "next_mcc"] if signal == "hgcn" else through
