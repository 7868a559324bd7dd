"""Rank: where a value stands among those of the training rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.contracts.fitted_recipes import Rank
from understudy.contracts.recipes import filled

__all__ = ["apply_rank", "fit_rank"]

Columns = dict[str, NDArray[np.float64]]


def fit_rank(recipe: Rank, columns: Columns) -> dict[str, Any]:
    """Per column the inner quantiles at 1/bins, 2/bins, ... of the known training values."""
    shares = np.arange(1, recipe.bins) / recipe.bins
    state = {}
    for column in recipe.columns:
        known = columns[column][~np.isnan(columns[column])]
        state[column] = np.quantile(known, shares, method="inverted_cdf").tolist() if len(known) else []
    return state


def apply_rank(recipe: Rank, state: dict[str, Any], columns: Columns) -> Columns:
    """The share of quantiles below the value; unknown stays unknown."""
    made = {}
    for column in recipe.columns:
        values, edges = columns[column], np.asarray(state[column], dtype=np.float64)
        rank = np.searchsorted(edges, values, side="left") / recipe.bins
        made[filled(recipe.names, ("column",), column=column)] = np.where(np.isnan(values), np.nan, rank)
    return made
