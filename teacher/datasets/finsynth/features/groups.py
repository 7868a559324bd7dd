"""The feature groups: name, tier, and the function that computes the columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from teacher.datasets.finsynth.features import activity, customer, order, structure
from teacher.datasets.finsynth.features.columns import Columns
from teacher.datasets.finsynth.history import History
from understudy.contracts.spec import Tier

__all__ = ["GROUPS", "Group", "feature_groups"]


@dataclass(frozen=True)
class Group:
    """A named set of columns that one function computes from a history."""

    name: str
    tier: Tier
    compute: Callable[[History], Columns]


GROUPS: Final = (
    Group("demographics", "plain", customer.demographics),
    Group("holdings", "plain", customer.holdings),
    Group("holding_changes", "plain", customer.holding_changes),
    Group("indices", "plain", customer.indices),
    Group("spending", "plain", activity.spending),
    Group("categories", "plain", activity.categories),
    Group("branches", "plain", activity.branches),
    Group("channels", "plain", activity.channels),
    Group("prices", "plain", activity.prices),
    Group("activity", "plain", activity.activity),
    Group("lags", "structural", order.lags),
    Group("rhythm", "structural", order.rhythm),
    Group("leads", "structural", order.leads),
    Group("persistence", "structural", order.persistence),
    Group("diversity", "structural", structure.diversity),
    Group("tree_shares", "structural", structure.tree_shares),
    Group("kinship", "structural", structure.kinship),
    Group("movements", "structural", structure.movements),
    Group("crosses", "structural", structure.cohort_crosses),
    Group("causes", "structural", structure.causes),
)


def feature_groups(history: History) -> dict[str, Columns]:
    """Compute every group: name -> columns ``[n]``."""
    return {group.name: group.compute(history) for group in GROUPS}
