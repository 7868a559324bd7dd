"""Innovations: what a column owes to none of its causes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.contracts.fitted_recipes import Innovations
from understudy.contracts.recipes import filled

__all__ = ["apply_innovations", "fit_innovations"]

Columns = dict[str, NDArray[np.float64]]


def fit_innovations(recipe: Innovations, columns: Columns) -> dict[str, Any]:
    """Per effect: intercept and weights of the least-squares regression on its causes, and the residual's deviation."""
    return {effect: _fit(columns[effect], [columns[c] for c in causes]) for effect, causes in recipe.effects.items()}


def apply_innovations(recipe: Innovations, state: dict[str, Any], columns: Columns) -> Columns:
    """Residuals in units of their training deviation, and products of two."""
    residuals = {}
    for effect, causes in recipe.effects.items():
        fit = state[effect]
        expected = fit["intercept"] + sum(w * columns[c] for w, c in zip(fit["weights"], causes, strict=True))
        residuals[effect] = (columns[effect] - expected) / (fit["deviation"] or 1.0)
    made = {filled(recipe.names, ("column",), column=effect): values for effect, values in residuals.items()}
    return made | {f"{a}_and_{b}_surprise": residuals[a] * residuals[b] for a, b in recipe.products}


def _fit(effect: NDArray[np.float64], causes: list[NDArray[np.float64]]) -> dict[str, Any]:
    design = np.stack([np.ones(len(effect)), *causes], axis=1)
    known = ~np.isnan(effect) & ~np.isnan(design).any(axis=1)
    weights, *_ = np.linalg.lstsq(design[known], effect[known], rcond=None)
    residual = effect[known] - design[known] @ weights
    deviation = float(residual.std()) if known.any() else 0.0
    return {"intercept": float(weights[0]), "weights": [float(w) for w in weights[1:]], "deviation": deviation}
