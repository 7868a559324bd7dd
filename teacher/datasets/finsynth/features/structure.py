"""Structural features of tree, graph, distribution, crosses and causes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from teacher.datasets.finsynth.diversity import simpson
from teacher.datasets.finsynth.features.columns import Columns, named, numbers, text
from teacher.datasets.finsynth.history import History
from teacher.datasets.finsynth.indicators import INDICATORS
from teacher.datasets.finsynth.merchants import BRANCHES, CATEGORIES, SUBBRANCHES
from teacher.datasets.finsynth.population import FIELDS
from teacher.datasets.finsynth.products import FAMILIES
from teacher.datasets.finsynth.signals.crosses import cohort_of
from teacher.datasets.finsynth.signals.transport import tier_shares
from teacher.datasets.finsynth.signals.tree import roll_up

__all__ = ["causes", "cohort_crosses", "diversity", "kinship", "movements", "tree_shares"]

F64 = NDArray[np.float64]


def diversity(history: History) -> Columns:
    """Shannon entropy by tree level, Simpson diversity, and the latest and the largest category."""
    recent = history.recent
    counts, size = recent.by_category.astype(np.float64), recent.size
    mid, top = roll_up(counts)
    levels = {"category": counts, "subbranch": mid, "branch": top}
    values = {f"entropy_{level}_3m": _entropy(table) for level, table in levels.items()}
    values["simpson_3m"] = simpson(recent.by_category)
    spend = recent.spend_by_branch
    values["top_branch_share_3m"] = spend.max(axis=1) / np.maximum(spend.sum(axis=1), 1)
    last = recent.start[:, 0] + size - 1
    return numbers(values) | {
        "last_category": text(recent.category[last], CATEGORIES),
        "top_category_3m": text(counts.argmax(axis=1), CATEGORIES),
        "top_branch_3m": text(spend.argmax(axis=1), BRANCHES),
    }


def tree_shares(history: History) -> Columns:
    """Shares of the recent quarter's purchases per sub-branch and branch: the categories seen from further up."""
    mid, top = roll_up(history.recent.by_category.astype(np.float64))
    size = history.recent.size[:, None]
    return numbers(named("share3_", SUBBRANCHES, mid / size) | named("share3_", BRANCHES, top / size))


def _entropy(counts: F64) -> F64:
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1e-9)
    return np.asarray(-(share * np.log(np.where(share > 0, share, 1.0))).sum(axis=1))


def kinship(history: History) -> Columns:
    """Holdings of similar customers: how often holders of the customer's products hold each family's products.

    The co-holding table is counted once, at the first snapshot, so that a feature means the same at a later one.
    """
    held = history.held.astype(np.float64)
    votes = (held @ history.co_holding) / np.maximum(held.sum(axis=1), 1)[:, None]
    return numbers(named("kin_", FAMILIES, votes.reshape(-1, 6, 4).sum(axis=2)) | {"kin_max": votes.max(axis=1)})


def movements(history: History) -> Columns:
    """Movement of the price-tier distribution: total variation, and shares of three price segments."""
    recent, before = tier_shares(history)
    segments = {"budget": slice(0, 4), "middle": slice(4, 8), "premium": slice(8, 12)}
    values = {"tier_total_variation": np.abs(recent - before).sum(axis=1) / 2}
    for name, tiers in segments.items():
        values[f"{name}_share_3m"] = recent[:, tiers].sum(axis=1)
        values[f"{name}_share_change"] = (recent - before)[:, tiers].sum(axis=1)
    return numbers(values)


def cohort_crosses(history: History) -> Columns:
    """Coarse crosses of the categorical fields: four cohorts of each, in pairs."""
    cohort = {name: cohort_of(size)[getattr(history.people, name)] for name, size in FIELDS.items()}
    pairs = (("occupation", "joined_via"), ("occupation", "housing"), ("joined_via", "housing"))
    names = [f"{a}{b}" for a in "ABCD" for b in "1234"]
    return {f"{a}_x_{b}": text(cohort[a] * 4 + cohort[b], names) for a, b in pairs}


def causes(history: History) -> Columns:
    """Debt and engagement out of line with their most visible cause, and both at once (not the true equations)."""
    value = {name: (history.indicators[:, i] - 100) / 10 for i, name in enumerate(INDICATORS)}
    debt = value["ix_debt"] - 0.8 * value["ix_credit_line"]
    engagement = value["ix_engagement"] - 0.9 * value["ix_digital"] - 0.7 * value["ix_advice"]
    utilisation = value["ix_utilisation"] - 0.9 * value["ix_debt"]
    liquidity = value["ix_liquidity"] - 0.7 * value["ix_income"]
    return numbers(
        {
            "debt_out_of_line": debt,
            "engagement_out_of_line": engagement,
            "utilisation_out_of_line": utilisation,
            "liquidity_out_of_line": liquidity,
            "debt_and_engagement": debt * engagement,
            "utilisation_and_liquidity": utilisation * liquidity,
        }
    )
