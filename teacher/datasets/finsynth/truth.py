"""The label equations: for every task, the exact probability or mean given the whole observable history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from teacher.datasets.finsynth.config import FinsynthConfig, SignalName
from teacher.datasets.finsynth.history import History
from teacher.datasets.finsynth.merchants import LEAVES, MID_OF, TOP_OF
from teacher.datasets.finsynth.plain_state import PlainState, plain_state, unfavoured
from teacher.datasets.finsynth.products import per_family
from teacher.datasets.finsynth.signals import planted_signals

__all__ = ["GROWTH_NOISE", "NEXT_MIX", "Truth", "label_truth"]

F64 = NDArray[np.float64]
Signals = dict[SignalName, F64]

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
    """-1 to 1: the share of window purchases that leave habit, for any branch (> 0) or the top branch (< 0)."""
    diversity: F64
    log_spend: F64

    @property
    def stability(self) -> F64:
        return 1.0 - self.drop


def label_truth(history: History, config: FinsynthConfig) -> Truth:
    """Evaluate the 13 label equations of docs/finsynth.md."""
    plain = plain_state(history)
    signal = planted_signals(history, config)
    rates = _rates(history, plain, signal, config)
    acquire = 1 - np.exp(-rates)
    drift = 0.4 * np.tanh(0.25 * plain.purchases + 0.2 * plain.overseas + 0.9 * signal["hgcn"])
    return Truth(
        churn=_logistic(
            -2.3 - 0.4 * plain.tenure - 0.25 * plain.products + 0.35 * plain.contacts + 0.5 * plain.payroll_moves
            + 1.3 * signal["temporal"]
        ),
        drop=_logistic(
            -1.8 - 0.3 * plain.tenure + 0.25 * plain.contacts - 0.2 * plain.balance + 1.1 * signal["causal"]
        ),
        rates=rates,
        acquire=acquire,
        nba=_first_family(rates),
        cross_sell=acquire.sum(axis=1),
        next_category=_next_category(history, config.strength("hgcn")),
        shift=_logistic(
            -1.1 - 5.5 * (_top_share(history) - 0.4) + 0.2 * plain.overseas
            + 1.1 * signal["optimal_transport"]
        ),
        drift=drift,
        diversity=_diversity_change(history, drift),
        log_spend=np.log(history.spend_recent * (8.0 / 9.0))
        + 0.06 * plain.balance - 0.12 * plain.spend_to_income + 0.22 * signal["perslay"],
    )  # fmt: skip


def _rates(history: History, plain: PlainState, signal: Signals, config: FinsynthConfig) -> F64:
    tolerance = history.people.risk_tolerance
    risk = np.where(tolerance == 0, 0.0, (tolerance - 3) / 1.3)
    disparity = config.disparity * unfavoured(history)
    family = (history.people.life_stage == 3).astype(np.float64)
    log_rates = [
        -2.2 + 0.40 * plain.balance + 0.30 * plain.savings + 1.1 * signal["perslay"],
        -2.3 + 0.35 * plain.income + 0.35 * risk - disparity + 1.2 * signal["optimal_transport"],
        -2.2 - 0.30 * plain.products + 0.30 * plain.contacts + 1.2 * signal["causal"],
        -2.2 - 0.30 * plain.age + 0.40 * plain.spend_to_income - disparity + 1.2 * signal["deepfm"],
        -2.3 + 0.40 * plain.purchases + 0.25 * plain.overseas + 1.2 * signal["lightgcn"],
        -2.4 + 0.60 * family + 0.25 * plain.age + 1.0 * signal["temporal"],
    ]
    rates = np.exp(np.minimum(np.stack(log_rates, axis=1), _MAX_LOG_RATE))
    return np.where(per_family(history.held) < 4, rates, 0.0)


def _first_family(rates: F64) -> F64:
    """First of six competing exponential clocks: ``P(none) = exp(-R)``, ``P(f) = rate_f (1 - exp(-R)) / R``."""
    total = rates.sum(axis=1, keepdims=True)
    any_at_all = -np.expm1(-total)
    return np.concatenate([np.exp(-total), rates * any_at_all / np.maximum(total, 1e-12)], axis=1)


def next_mix(strength: float) -> dict[str, float]:
    """The mixture of the next category; without the tree signal, siblings and cousins give way to ``any``."""
    near = min(strength, 1.0)
    sibling, cousin = near * NEXT_MIX["sibling"], near * NEXT_MIX["cousin"]
    return {"own": NEXT_MIX["own"], "sibling": sibling, "cousin": cousin, "any": 1 - NEXT_MIX["own"] - sibling - cousin}


def _next_category(history: History, strength: float) -> F64:
    """Diffuse the recent quarter's category shares over the tree: ``[n, 50]``, rows sum to 1."""
    counts = history.recent.by_category.astype(np.float64)
    return np.asarray((counts / counts.sum(axis=1, keepdims=True)) @ tree_kernel(strength))


def tree_kernel(strength: float) -> F64:
    """``[50, 50]``: P(next category | a past purchase's category); rows sum to 1."""
    mix = next_mix(strength)
    same_mid = (MID_OF[:, None] == MID_OF[None, :]) & ~np.eye(LEAVES, dtype=np.bool_)
    same_top = (TOP_OF[:, None] == TOP_OF[None, :]) & (MID_OF[:, None] != MID_OF[None, :])
    sibling = same_mid / same_mid.sum(axis=1, keepdims=True)
    cousin = same_top / same_top.sum(axis=1, keepdims=True)
    own = mix["own"] * np.eye(LEAVES)
    return np.asarray(own + mix["sibling"] * sibling + mix["cousin"] * cousin + mix["any"] / LEAVES)


def _top_share(history: History) -> F64:
    spend = history.recent.spend_by_branch
    return np.asarray(spend.max(axis=1) / np.maximum(spend.sum(axis=1), 1.0))


def _diversity_change(history: History, drift: F64) -> F64:
    """Expected Simpson diversity of the window's purchases minus that of the recent quarter."""
    counts = history.recent.by_category.astype(np.float64).reshape(-1, 10, 5)
    by_branch = counts.sum(axis=2)
    within = np.where(by_branch[:, :, None] > 0, counts / np.maximum(by_branch, 1.0)[:, :, None], 0.2)
    branch = (1 - np.abs(drift))[:, None] * by_branch / by_branch.sum(axis=1, keepdims=True)
    branch += np.maximum(drift, 0.0)[:, None] / 10
    branch[np.arange(len(branch)), top_branch(history.recent.by_category)] += np.maximum(-drift, 0.0)
    alike = (branch[:, :, None] * within) ** 2
    return np.asarray(1 - alike.sum(axis=(1, 2)) - simpson(history.recent.by_category))


def top_branch(counts: NDArray[np.integer]) -> NDArray[np.int64]:
    """The branch with the most purchases ``[n, 50] -> [n]`` (the first of equals)."""
    return np.asarray(counts.reshape(-1, 10, 5).sum(axis=2).argmax(axis=1))


def simpson(counts: NDArray[np.integer]) -> F64:
    """Probability that two different purchases differ in category: ``1 - sum n_i (n_i - 1) / (n (n - 1))``.

    Its mean over independent draws is ``1 - sum p_i^2`` exactly, whatever their number.
    """
    counts = counts.astype(np.float64)
    size = counts.sum(axis=1)
    return np.asarray(1 - (counts * (counts - 1)).sum(axis=1) / np.maximum(size * (size - 1), 1.0))


def _logistic(x: F64) -> F64:
    return np.asarray(1.0 / (1.0 + np.exp(-x)))
