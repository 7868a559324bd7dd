"""Choose and fit the calibrator of a binary or multiclass student on validation rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from distill.calibration._apply import calibrate_binary, calibrate_multiclass
from distill.calibration._isotonic import fit_isotonic
from distill.calibration._platt import fit_platt
from distill.calibration._temperature import fit_temperature
from distill.metrics import as_good_as, log_loss_rows
from understudy.contracts.manifest import Calibrator, Identity

__all__ = ["choose_binary", "choose_multiclass"]

Floats = NDArray[np.float64]
Units = NDArray[np.int64]
Fit = Callable[[Floats, Floats], Calibrator | None]
Apply = Callable[[Floats, Calibrator], Floats]


def _isotonic(z: Floats, labels: Floats) -> Calibrator | None:
    return fit_isotonic(np.asarray(expit(z)), labels)


# Standard errors by which a less simple calibrator must be better: with one, a fifth of the calibrated students would
# be bent for nothing.
_NOISE_SE = 2.0
# Simplest first.
_BINARY: tuple[Fit, ...] = (lambda _z, _labels: Identity(), fit_platt, _isotonic)
_MULTICLASS: tuple[Fit, ...] = (lambda _z, _labels: Identity(), fit_temperature)


def choose_binary(z: Floats, labels: Floats, units: Units, *, folds: int) -> Calibrator:
    """Identity, Platt or isotonic: the simplest that is as good as the best, then fitted on all rows.

    Each row is scored by a calibrator fitted on the other folds, so the many degrees of freedom of the isotonic map
    earn nothing by fitting noise. As good means a mean log loss within two standard errors of the paired difference.
    Folds are dealt to whole units in the order of their labels and scores: deterministic, each spans the whole range,
    and no row is scored by a calibrator that saw its copy.

    Args:
        z: ``[m]`` raw scores of validation rows whose label is known.
        labels: ``[m]`` 0 or 1.
        units: ``[m]`` split unit of each row.
        folds: Number of folds; with fewer rows of one label than folds the identity is kept.
    """
    if min(labels.sum(), (1 - labels).sum()) < folds:
        return Identity()
    return _choose(z, labels, _deal(units, labels, z, folds), units, _BINARY, calibrate_binary)


def choose_multiclass(z: Floats, labels: Floats, units: Units, *, folds: int) -> Calibrator:
    """Identity or temperature, by the same rule; ``z`` is ``[m, K]``, ``labels`` class indices."""
    if len(labels) < folds:
        return Identity()
    own = z[np.arange(len(z)), labels.astype(np.int64)]
    return _choose(z, labels, _deal(units, labels, own, folds), units, _MULTICLASS, calibrate_multiclass)


def _choose(z: Floats, labels: Floats, fold: Units, units: Units, fits: tuple[Fit, ...], apply: Apply) -> Calibrator:
    losses = [_cross_fitted(z, labels, fold, fit, apply) for fit in fits]
    best = losses[int(np.argmin([rows.mean() for rows in losses]))]
    simplest = next(fit for fit, rows in zip(fits, losses, strict=True) if as_good_as(rows, best, units, _NOISE_SE))
    chosen = simplest(z, labels)
    return chosen if chosen is not None else Identity()


def _deal(units: Units, labels: Floats, scores: Floats, folds: int) -> Units:
    """Fold of each row: units sorted by the label and the score of their first row, dealt in turn."""
    _, first, unit = np.unique(units, return_index=True, return_inverse=True)
    ranks = np.empty(len(first), dtype=np.int64)
    ranks[np.lexsort((scores[first], labels[first]))] = np.arange(len(first))
    return np.asarray(ranks % folds)[unit]


def _cross_fitted(z: Floats, labels: Floats, fold: Units, fit: Fit, apply: Apply) -> Floats:
    """Log loss of each row while it was held out; infinite where the calibrator cannot be fitted."""
    losses = np.full(len(labels), np.inf)
    for k in np.unique(fold):
        held = fold == k
        calibrator = fit(z[~held], labels[~held])
        if calibrator is None:
            return np.full(len(labels), np.inf)
        losses[held] = log_loss_rows(labels[held], apply(z[held], calibrator))
    return losses
