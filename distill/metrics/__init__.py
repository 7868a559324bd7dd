"""Metrics, each defined once as a functional of row weights, and their bootstrap intervals."""

from distill.metrics._functionals import (
    auc,
    calibration_error,
    macro_f1,
    quartiles,
    r2,
    rmse,
    spearman,
    weighted_mean,
)
from distill.metrics._resample import Bootstrapped, Functional, Resampler
from distill.metrics._rows import EPSILON, as_distribution, jsd_rows, kl_rows, log_loss_rows

__all__ = [
    "EPSILON",
    "Bootstrapped",
    "Functional",
    "Resampler",
    "as_distribution",
    "auc",
    "calibration_error",
    "jsd_rows",
    "kl_rows",
    "log_loss_rows",
    "macro_f1",
    "quartiles",
    "r2",
    "rmse",
    "spearman",
    "weighted_mean",
]
