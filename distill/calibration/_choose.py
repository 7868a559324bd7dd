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
from distill.metrics import log_loss_rows
from understudy.contracts.manifest import Calibrator, Identity

__all__ = ["choose_binary", "choose_multiclass"]

Floats = NDArray[np.float64]
Fit = Callable[[Floats, Floats], Calibrator | None]
Apply = Callable[[Floats, Calibrator], Floats]


def _isotonic(z: Floats, labels: Floats) -> Calibrator | None:
    return fit_isotonic(np.asarray(expit(z)), labels)


# Simplest first: a tie goes to the simpler one.
_BINARY: tuple[Fit, ...] = (lambda _z, _labels: Identity(), fit_platt, _isotonic)
_MULTICLASS: tuple[Fit, ...] = (lambda _z, _labels: Identity(), fit_temperature)


def choose_binary(z: Floats, labels: Floats, *, folds: int) -> Calibrator:
    """Identity, Platt or isotonic: the simplest that is as good as the best, then fitted on all rows.

    Each row is scored by a calibrator fitted on the other folds, so the many degrees of freedom of the isotonic map
    earn nothing by fitting noise. As good means a mean log loss within one standard error of the paired difference.
    Folds are dealt within each label in the order of the scores: deterministic, and each spans the whole range.

    Args:
        z: ``[m]`` raw scores of validation rows whose label is known.
        labels: ``[m]`` 0 or 1.
        folds: Number of folds; with fewer rows of one label than folds the identity is kept.
    """
    return _choose(z, labels, folds, _BINARY, calibrate_binary, order=z)


def choose_multiclass(z: Floats, labels: Floats, *, folds: int) -> Calibrator:
    """Identity or temperature, by the same rule; ``z`` is ``[m, K]``, ``labels`` class indices."""
    order = z[np.arange(len(z)), labels.astype(np.int64)]
    return _choose(z, labels, folds, _MULTICLASS, calibrate_multiclass, order=order)


def _choose(z: Floats, labels: Floats, folds: int, fits: tuple[Fit, ...], apply: Apply, *, order: Floats) -> Calibrator:
    if not len(labels) or (apply is calibrate_binary and min(labels.sum(), (1 - labels).sum()) < folds):
        return Identity()
    fold = _deal(labels, order, folds)
    losses = [_cross_fitted(z, labels, fold, fit, apply) for fit in fits]
    best = losses[int(np.argmin([rows.mean() for rows in losses]))]
    simplest = next(fit for fit, rows in zip(fits, losses, strict=True) if _as_good(rows, best))
    chosen = simplest(z, labels)
    return chosen if chosen is not None else Identity()


def _as_good(losses: Floats, best: Floats) -> bool:
    if not np.isfinite(losses).all():
        return False
    excess = losses - best
    return bool(excess.mean() <= excess.std() / np.sqrt(len(excess)))


def _deal(labels: Floats, order: Floats, folds: int) -> NDArray[np.int64]:
    """Fold of each row: sorted by label and score, dealt in turn."""
    ranks = np.empty(len(labels), dtype=np.int64)
    ranks[np.lexsort((order, labels))] = np.arange(len(labels))
    return ranks % folds


def _cross_fitted(z: Floats, labels: Floats, fold: NDArray[np.int64], fit: Fit, apply: Apply) -> Floats:
    """Log loss of each row while it was held out; infinite where the calibrator cannot be fitted."""
    losses = np.full(len(labels), np.inf)
    for k in np.unique(fold):
        held = fold == k
        calibrator = fit(z[~held], labels[~held])
        if calibrator is None:
            return np.full(len(labels), np.inf)
        losses[held] = log_loss_rows(labels[held], apply(z[held], calibrator))
    return losses
