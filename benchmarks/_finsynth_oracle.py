"""A model that is given the generating terms: every equation fitted by maximum likelihood on training customers.

It knows the form of the equations and the terms, not the weights. If the truth that the generator states is the truth,
it reaches the ceiling up to the noise of a few dozen weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from teacher.datasets.finsynth.config import FinsynthConfig
from teacher.datasets.finsynth.diversity import drift_of, expected_simpson, simpson
from teacher.datasets.finsynth.equations import EQUATIONS, Linear
from teacher.datasets.finsynth.history import History
from teacher.datasets.finsynth.labels import Labels
from teacher.datasets.finsynth.products import FAMILIES, per_family
from teacher.datasets.finsynth.simulate import Partition, Snapshot, simulate
from teacher.datasets.finsynth.streams import Streams
from teacher.datasets.finsynth.terms import generating_terms
from teacher.datasets.finsynth.truth import (
    Truth,
    logistic,
    recent_shares,
    tree_kernels,
    truth_of,
)
from understudy.contracts._model import TaskType

__all__ = ["TASKS", "Fitted", "fit_terms", "task_pairs", "world"]

Floats = NDArray[np.float64]
Rows = NDArray[np.bool_]
Loss = Callable[[Floats], Floats]

TASKS: dict[str, TaskType] = {
    "churn_signal": "binary",
    "product_stability": "regression",
    "nba_primary": "multiclass",
    "cross_sell_count": "regression",
    **{f"will_acquire_{family}": "binary" for family in FAMILIES if family != "insurance"},
    "next_mcc": "multiclass",
    "top_mcc_shift": "binary",
    "mcc_diversity_trend": "regression",
    "spend_next_quarter": "regression",
}  # fmt: skip


def world(customers: int, seed: int, config: FinsynthConfig | None = None) -> Partition:
    """The customers of one partition, with their histories: what the bank of this seed begins with."""
    return simulate(0, customers, Streams(seed, 0), config or FinsynthConfig())


def task_pairs(truth: Truth, labels: Labels) -> dict[str, tuple[Floats, Floats]]:
    """Per task the stated truth ``[n]`` or ``[n, K]`` and the label ``[n]``."""
    return {
        "churn_signal": (truth.churn, labels.churn.astype(np.float64)),
        "product_stability": (truth.stability, labels.stability),
        "nba_primary": (truth.nba, labels.nba.astype(np.float64)),
        "cross_sell_count": (truth.cross_sell, labels.cross_sell.astype(np.float64)),
        **{
            f"will_acquire_{family}": (truth.acquire[:, i], labels.acquired[:, i].astype(np.float64))
            for i, family in enumerate(FAMILIES)
            if family != "insurance"
        },
        "next_mcc": (truth.next_category, labels.next_category.astype(np.float64)),
        "top_mcc_shift": (truth.shift, labels.shifted.astype(np.float64)),
        "mcc_diversity_trend": (truth.diversity, labels.diversity_change),
        "spend_next_quarter": (truth.log_spend, labels.log_spend),
    }


@dataclass(frozen=True)
class Fitted:
    """Equations and next-category mixture, estimated from labels and terms."""

    linear: dict[str, Linear]
    mix: dict[str, float]

    def predict(self, history: History) -> Truth:
        """Predictions of all 13 tasks."""
        return truth_of(history, generating_terms(history), self.linear, self.mix)


def fit_terms(snapshot: Snapshot, rows: Rows) -> Fitted:
    """Fit every equation on the customers ``rows [n]`` of a snapshot."""
    terms = {name: values[rows] for name, values in generating_terms(snapshot.history).items()}
    fitted = {name: _estimate(EQUATIONS[name], terms, loss) for name, loss in _losses(snapshot, rows).items()}
    fitted["log_spend"] = _least_squares(EQUATIONS["log_spend"], terms, snapshot.labels.log_spend[rows])
    return Fitted(fitted, _fit_mixture(snapshot, rows))


def _estimate(equation: Linear, terms: Mapping[str, Floats], loss: Loss) -> Linear:
    """The weights of least mean loss; nothing of the published ones is used but their names."""
    matrix = _matrix(equation, terms)
    start = np.append(-1.0, np.zeros(matrix.shape[1] - 1))
    found = minimize(lambda weights: float(loss(matrix @ weights).mean()), start, method="BFGS")
    return _linear(equation, np.asarray(found.x, dtype=np.float64))


def _least_squares(equation: Linear, terms: Mapping[str, Floats], labels: Floats) -> Linear:
    solved = np.linalg.lstsq(_matrix(equation, terms), labels, rcond=None)[0]
    return _linear(equation, np.asarray(solved, dtype=np.float64))


def _matrix(equation: Linear, terms: Mapping[str, Floats]) -> Floats:
    columns = [terms[name] for name in equation.weights]
    return np.stack([np.ones(len(columns[0])), *columns], axis=1)


def _linear(equation: Linear, weights: Floats) -> Linear:
    return Linear(float(weights[0]), dict(zip(equation.weights, weights[1:].tolist(), strict=True)))


def _losses(snapshot: Snapshot, rows: Rows) -> dict[str, Loss]:
    """Per equation the negative log likelihood of its label, or the squared error, as a function of its value."""
    history, labels = snapshot.history, snapshot.labels
    held = history.held[rows].sum(axis=1)
    stable = np.where(held > 0, labels.stability[rows], 1.0)
    before = simpson(history.recent.by_category[rows])
    families = {
        family: _clock(labels.acquired[rows, i], per_family(history.held)[rows, i] < 4)
        for i, family in enumerate(FAMILIES)
    }
    return {
        "churn": lambda eta: _coin(eta, labels.churn[rows], 1.0),
        "drop": lambda eta: _coin(eta, 1 - stable, held),
        "shift": lambda eta: _coin(eta, labels.shifted[rows], 1.0),
        "drift": lambda z: (expected_simpson(drift_of(z)) - before - labels.diversity_change[rows]) ** 2,
        **families,
    }


def _coin(eta: Floats, share: NDArray[Any], weight: NDArray[Any] | float) -> Floats:
    p = np.clip(logistic(eta), 1e-12, 1 - 1e-12)
    y = share.astype(np.float64)
    return np.asarray(-weight * (y * np.log(p) + (1 - y) * np.log1p(-p)))


def _clock(rang: NDArray[np.bool_], may_ring: NDArray[np.bool_]) -> Loss:
    """An exponential clock of rate ``exp(min(eta, 1.2))`` that has rung by time 1 or not."""

    def loss(eta: Floats) -> Floats:
        rate = np.exp(np.minimum(eta, 1.2))
        return np.where(may_ring, np.where(rang, -np.log(-np.expm1(-rate)), rate), 0.0)

    return loss


def _fit_mixture(snapshot: Snapshot, rows: Rows) -> dict[str, float]:
    """Weights of the four steps on the tree by expectation maximisation."""
    labels, shares = snapshot.labels.next_category[rows], recent_shares(snapshot.history)[rows]
    steps = tree_kernels()
    likelihood = np.stack([(shares @ kernel)[np.arange(len(labels)), labels] for kernel in steps.values()], axis=1)
    weights = np.full(len(steps), 1 / len(steps))
    for _ in range(300):
        joint = likelihood * weights
        weights = (joint / joint.sum(axis=1, keepdims=True)).mean(axis=0)
    return dict(zip(steps, weights.tolist(), strict=True))
