"""Metrics, each defined once as a functional of row weights, and their bootstrap intervals."""

from distill.metrics._clustered import as_good_as, clustered_error
from distill.metrics._decisions import decide, outcomes, threshold
from distill.metrics._fidelity import Bound, fidelity_bounds, fidelity_functionals
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
from distill.metrics._ranking import ndcg_rows, overlap_rows
from distill.metrics._resample import Bootstrapped, Functional, Resampler
from distill.metrics._rows import EPSILON, as_distribution, jsd_rows, kl_rows, log_loss_rows

__all__ = [
    "EPSILON",
    "Bootstrapped",
    "Bound",
    "Functional",
    "Resampler",
    "as_distribution",
    "as_good_as",
    "auc",
    "calibration_error",
    "clustered_error",
    "decide",
    "fidelity_bounds",
    "fidelity_functionals",
    "jsd_rows",
    "kl_rows",
    "log_loss_rows",
    "macro_f1",
    "ndcg_rows",
    "outcomes",
    "overlap_rows",
    "quartiles",
    "r2",
    "rmse",
    "spearman",
    "threshold",
    "weighted_mean",
]
