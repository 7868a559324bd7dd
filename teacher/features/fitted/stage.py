"""Fit every fitted recipe of a spec, and apply what was fitted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from teacher.features.fitted.co_holding import apply_co_holding, fit_co_holding
from teacher.features.fitted.cohort import apply_cohort, fit_cohort
from teacher.features.fitted.innovations import apply_innovations, fit_innovations
from teacher.features.fitted.rank import apply_rank, fit_rank
from teacher.features.schema import RawFeatures, rows_digest
from understudy.contracts.fitted_recipes import FeatureFit, FeatureFits
from understudy.contracts.spec import DatasetSpec
from understudy.errors import UserError

__all__ = ["apply_fits", "fit_recipes"]

_FIT: dict[str, Callable[[Any, Any], dict[str, Any]]] = {
    "co_holding": fit_co_holding,
    "cohort": fit_cohort,
    "innovations": fit_innovations,
    "rank": fit_rank,
}
_APPLY: dict[str, Callable[[Any, dict[str, Any], Any], dict[str, NDArray[np.float64]]]] = {
    "co_holding": apply_co_holding,
    "cohort": apply_cohort,
    "innovations": apply_innovations,
    "rank": apply_rank,
}


def fit_recipes(
    spec: DatasetSpec, raw: RawFeatures, train: NDArray[np.int64], row_ids: NDArray[np.int64]
) -> tuple[dict[str, Any], FeatureFits]:
    """Fit each recipe on the rows at positions ``train`` alone and apply it to all rows, in the order of the spec.

    Returns:
        ``raw`` with the fitted columns, and what was fitted, each with the number of training rows and the digest of
        their ids.
    """
    columns, fits = dict(raw), []
    digest = rows_digest(row_ids[train])
    for group, index, recipe in spec.recipes():
        if not recipe.fitted:
            continue
        state = _FIT[recipe.kind](recipe, _rows(columns, recipe.features(), train))
        fits.append(
            FeatureFit(
                group=group.name, index=index, kind=recipe.kind, rows=len(train), row_ids_sha256=digest, state=state
            )
        )
        columns |= _APPLY[recipe.kind](recipe, state, columns)
    return columns, FeatureFits(fits=fits)


def apply_fits(spec: DatasetSpec, raw: RawFeatures, fits: FeatureFits) -> dict[str, Any]:
    """``raw`` with the columns of every fitted recipe, from what was fitted before.

    Raises:
        UserError: the fits belong to other recipes.
    """
    columns = dict(raw)
    known = {(fit.group, fit.index): fit for fit in fits.fits}
    for group, index, recipe in spec.recipes():
        if recipe.fitted:
            fit = known.get((group.name, index))
            if fit is None or fit.kind != recipe.kind:
                what = f"nothing was fitted for {recipe.kind} in feature group {group.name!r}"
                raise UserError(what, where="feature_fits.json", fix="Prepare the dataset again with this spec.")
            columns |= _APPLY[recipe.kind](recipe, fit.state, columns)
    return columns


def _rows(columns: dict[str, Any], wanted: list[str], positions: NDArray[np.int64]) -> dict[str, Any]:
    import pyarrow as pa

    taken = pa.array(positions)
    return {
        name: columns[name][positions] if isinstance(columns[name], np.ndarray) else columns[name].take(taken)
        for name in wanted
    }
