"""Co-holding: what customers with the same products hold besides."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.contracts.fitted_recipes import CoHolding

__all__ = ["apply_co_holding", "fit_co_holding"]

Columns = dict[str, NDArray[np.float64]]


def fit_co_holding(recipe: CoHolding, columns: Columns) -> dict[str, Any]:
    """``odds [p, q]``: the share of the holders of ``p`` that hold ``q``, and ``lift``; the diagonals are 0."""
    held = _held(recipe, columns)
    together = held.T @ held
    odds = together / np.maximum(np.diag(together), 1.0)[:, None]
    np.fill_diagonal(odds, 0.0)
    share = np.diag(together) / max(len(held), 1)
    lift = np.divide(odds, share, out=np.zeros_like(odds), where=share > 0)
    return {"products": recipe.columns(), "odds": odds.tolist(), "lift": lift.tolist()}


def apply_co_holding(recipe: CoHolding, state: dict[str, Any], columns: Columns) -> Columns:
    """The mean of ``odds`` over the held products, summed per family, the largest one, and the mean lift of pairs."""
    held = _held(recipe, columns)
    size = held.sum(axis=1)
    # A product of at most a few dozen columns: one dot product per row, the same whatever rows stand beside it.
    votes = np.einsum("np,pq->nq", held, np.asarray(state["odds"])) / np.maximum(size, 1.0)[:, None]
    made: Columns = {}
    start = 0
    for family, products in recipe.families.items():
        if "families" in recipe.measures:
            made[f"kin_{family}"] = votes[:, start : start + len(products)].sum(axis=1)
        start += len(products)
    if "max" in recipe.measures:
        made["kin_max"] = votes.max(axis=1)
    if "cohesion" in recipe.measures:
        # a pair is counted twice, as the lift of (p, q) and of (q, p)
        together = np.einsum("np,pq,nq->n", held, np.asarray(state["lift"]), held)
        pairs = size * (size - 1)
        made["kin_cohesion"] = np.divide(together, pairs, out=np.full(len(held), np.nan), where=pairs > 0)
    return made


def _held(recipe: CoHolding, columns: Columns) -> NDArray[np.float64]:
    return np.stack([np.nan_to_num(columns[name]) > 0 for name in recipe.columns()], axis=1).astype(np.float64)
