"""Cohort: a value against those of customers alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from understudy.contracts.fitted_recipes import Cohort
from understudy.contracts.recipes import filled

__all__ = ["apply_cohort", "fit_cohort"]

Columns = dict[str, Any]
_ALL = "*"


def fit_cohort(recipe: Cohort, columns: Columns) -> dict[str, Any]:
    """Per column: cohort -> (mean, sd), ``*`` for all rows together."""
    names = _cohorts(recipe, columns)
    unique, index = np.unique(names, return_inverse=True)
    state: dict[str, Any] = {}
    for column in recipe.columns:
        values = _values(recipe, columns[column])
        known = ~np.isnan(values)
        table = {_ALL: _moments(values[known])}
        for place, name in enumerate(unique):
            mine = values[known & (index == place)]
            if len(mine) >= recipe.min_rows:
                table[str(name)] = _moments(mine)
        state[column] = table
    return state


def apply_cohort(recipe: Cohort, state: dict[str, Any], columns: Columns) -> dict[str, NDArray[np.float64]]:
    """``(x - mean) / sd``; unknown where the value is, 0 where the cohort does not vary."""
    names, index = np.unique(_cohorts(recipe, columns), return_inverse=True)
    made = {}
    for column in recipe.columns:
        moments = np.array([state[column].get(str(name), state[column][_ALL]) for name in names])[index]
        spread = np.where(moments[:, 1] > 0, moments[:, 1], np.inf)
        values = (_values(recipe, columns[column]) - moments[:, 0]) / spread
        made[filled(recipe.names, ("column",), column=column)] = values
    return made


def _moments(values: NDArray[np.float64]) -> list[float]:
    return [float(values.mean()), float(values.std())] if len(values) else [0.0, 0.0]


def _values(recipe: Cohort, values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.sign(values) * np.log1p(np.abs(values)) if recipe.log else values


def _cohorts(recipe: Cohort, columns: Columns) -> NDArray[np.str_]:
    """The values of ``by``, joined; an unknown one is empty."""
    parts = [_text(columns[name]) for name in recipe.by]
    return np.asarray(["|".join(row) for row in zip(*parts, strict=True)], dtype=np.str_)


def _text(values: NDArray[np.float64] | pa.Array) -> list[str]:
    if isinstance(values, np.ndarray):
        return ["" if np.isnan(v) else repr(float(v)) for v in values]
    return ["" if v is None else str(v) for v in values.to_pylist()]
