"""Structural features of order and shape in time: lags, rhythm, who leads whom, persistence."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from teacher.datasets.finsynth.features.columns import Columns, numbers
from teacher.datasets.finsynth.history import History
from teacher.datasets.finsynth.signals.shape import standard_spend
from teacher.persistence import persistence_pairs

__all__ = ["lags", "leads", "persistence", "rhythm"]

F64 = NDArray[np.float64]


def lags(history: History) -> Columns:
    """Spend of each of the last six months, relative to the mean of twelve."""
    months = history.spend.reshape(-1, 12, 3).sum(axis=2) / (history.spend.sum(axis=1, keepdims=True) / 12)
    return numbers({f"spend_lag_{lag}": months[:, -lag] for lag in range(1, 7)})


def rhythm(history: History) -> Columns:
    """Burstiness ``(s - m) / (s + m)`` (Goh & Barabasi 2008), autocorrelation at salary lags, trend, best third."""
    spend = history.spend.astype(np.float64)
    mean, deviation = spend.mean(axis=1), spend.std(axis=1)
    level = (spend - mean[:, None]) / (deviation[:, None] + 1e-9)
    time = np.arange(36) - 17.5
    thirds = spend.reshape(-1, 12, 3).mean(axis=1)
    values = {"burstiness": (deviation - mean) / (deviation + mean), "spend_trend": level @ time / (time @ time)}
    values |= {f"spend_autocorr_{lag}": (level[:, lag:] * level[:, :-lag]).mean(axis=1) for lag in (1, 3, 6)}
    values["best_third_share"] = thirds.max(axis=1) / thirds.sum(axis=1)
    return numbers(values)


def leads(history: History) -> Columns:
    """How much more often than by chance a channel is above its mean in the month after another was."""
    pairs = (("app_sessions", "transfers_out"), ("app_sessions", "savings_in"), ("atm_cash", "branch_visits"))
    values = {}
    for first, second in pairs:
        x, y = _above(history, first), _above(history, second)
        values[f"{first}_leads_{second}"] = (x[:, :-1] * y[:, 1:]).mean(axis=1)
        values[f"{second}_leads_{first}"] = (y[:, :-1] * x[:, 1:]).mean(axis=1)
    return numbers(values)


def _above(history: History, channel: str) -> F64:
    series = history.flows.last(channel, history.month, 12).astype(np.float64)
    above = (series > series.mean(axis=1, keepdims=True)).astype(np.float64)
    return np.asarray(above - above.mean(axis=1, keepdims=True))


def persistence(history: History) -> Columns:
    """Number, sum and maximum of the bars of the spending series, and their mean birth."""
    births, deaths = persistence_pairs(standard_spend(history))
    lifetime = np.nan_to_num(deaths - births)
    total = lifetime.sum(axis=1)
    bars = (lifetime > 0).sum(axis=1)
    return numbers(
        {
            "bars": bars,
            "persistence_total": total,
            "persistence_max": lifetime.max(axis=1),
            "bar_mean_birth": np.nan_to_num(births).sum(axis=1) / np.maximum(bars, 1),
        }
    )
