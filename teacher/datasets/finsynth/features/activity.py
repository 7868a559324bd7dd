"""Plain features of purchases and account activity: sums, means, counts, extremes and recency."""

from __future__ import annotations

import numpy as np

from teacher.datasets.finsynth.features.columns import Columns, named, numbers
from teacher.datasets.finsynth.flows import FLOWS
from teacher.datasets.finsynth.history import History
from teacher.datasets.finsynth.merchants import BRANCHES, CATEGORIES
from teacher.datasets.finsynth.purchases import CHANNELS, TIERS

__all__ = ["activity", "branches", "categories", "channels", "prices", "spending"]


def spending(history: History) -> Columns:
    """Recency, frequency, amount over 1, 3, 6 and 12 months."""
    spend, recent = history.spend, history.recent
    purchases_12m = np.sum([quarter.size for quarter in history.quarters], axis=0)
    last = recent.start[:, 0] + recent.size - 1
    values = {
        "spend_1m": spend[:, -3:].sum(axis=1),
        "spend_3m": spend[:, -9:].sum(axis=1),
        "spend_6m": spend[:, -18:].sum(axis=1),
        "spend_12m": spend.sum(axis=1),
        "purchases_3m": recent.size,
        "purchases_12m": purchases_12m,
        "ticket_3m": spend[:, -9:].sum(axis=1) / recent.size,
        "ticket_12m": spend.sum(axis=1) / purchases_12m,
        "spend_max_12m": spend.max(axis=1),
        "spend_min_12m": spend.min(axis=1),
        "spend_sd_12m": spend.std(axis=1),
        "days_since_purchase": history.cutoff_day - recent.day[last],
        "spend_to_income_3m": 4 * spend[:, -9:].sum(axis=1) / history.people.income_krw,
    }
    return numbers(values)


def categories(history: History) -> Columns:
    """Purchases per category in the recent quarter."""
    return numbers(named("cat3_", CATEGORIES, history.recent.by_category))


def branches(history: History) -> Columns:
    """Purchases per branch over 12 months and spend per branch in the recent quarter."""
    counts = history.categories_12m().reshape(-1, 10, 5).sum(axis=2)
    return numbers(named("n12_", BRANCHES, counts) | named("spend3_", BRANCHES, history.recent.spend_by_branch))


def channels(history: History) -> Columns:
    """Purchases per payment channel, 3 and 12 months."""
    year = np.sum([quarter.by_channel for quarter in history.quarters], axis=0)
    return numbers(named("ch3_", CHANNELS, history.recent.by_channel) | named("ch12_", CHANNELS, year))


def prices(history: History) -> Columns:
    """Mean price tier of the merchants, 3 and 12 months."""
    tier = np.arange(TIERS)
    recent, year = history.recent.by_tier, history.recent.by_tier + history.tiers_before()
    return numbers({f"tier_mean_{name}": (c @ tier) / c.sum(axis=1) for name, c in (("3m", recent), ("12m", year))})


def activity(history: History) -> Columns:
    """Each monthly channel: last month, mean of 3 and of 12 months."""
    values = {}
    for channel in FLOWS:
        year = history.flows.last(channel, history.month, 12).astype(np.float64)
        values[f"{channel}_1m"] = year[:, -1]
        values[f"{channel}_mean_3m"] = year[:, -3:].mean(axis=1)
        values[f"{channel}_mean_12m"] = year.mean(axis=1)
    return numbers(values)
