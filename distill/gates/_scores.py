"""Scores of every model against the labels of the test rows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from distill.gates._evidence import Evidence, ModelName, measure
from distill.metrics import (
    Bootstrapped,
    Functional,
    auc,
    calibration_error,
    log_loss_rows,
    macro_f1,
    r2,
    rmse,
    weighted_mean,
)
from understudy.contracts._model import TaskType
from understudy.contracts.gates import Measure

__all__ = ["BENEFIT", "PRIMARY", "Scores", "score_models", "score_truth"]

Floats = NDArray[np.float64]
# Model -> metric -> result.
Scores = Mapping[ModelName, Mapping[str, Bootstrapped]]

PRIMARY: dict[TaskType, str] = {"binary": "auc", "multiclass": "macro_f1", "regression": "r2"}
# The metric on which distilled and direct are compared. Macro-F1 of many classes jumps with single rows, so
# multiclass students are compared on the log loss, negated so that larger is better.
BENEFIT: dict[TaskType, str] = {"binary": "auc", "multiclass": "log_loss", "regression": "r2"}


def score_models(evidence: Evidence) -> Scores:
    """All metrics of all models on the same replicates.

    Binary: ``auc``, ``log_loss``, ``ece``. Multiclass: ``macro_f1``, ``accuracy``, ``log_loss``, ``ece`` (top label).
    Regression: ``r2``, ``mae``, ``rmse`` in label units.
    """
    by_model = {model: _functionals(evidence, said) for model, said in evidence.predictions.items()}
    # A constant is calibrated by definition: its error would only show how the splits differ.
    by_model["prior"].pop("ece", None)
    flat = {f"{model}/{name}": f for model, functionals in by_model.items() for name, f in functionals.items()}
    results = evidence.run(flat)
    return {
        model: {name: results[f"{model}/{name}"] for name in functionals} for model, functionals in by_model.items()
    }


def score_truth(evidence: Evidence) -> list[Measure]:
    """The ceiling: the score of the generator's own probability or mean. Empty where it is not known."""
    if evidence.truth is None:
        return []
    results = evidence.run(_functionals(evidence, evidence.truth))
    return [measure(name, result, len(evidence.keep), evidence.config.confidence) for name, result in results.items()]


def _functionals(evidence: Evidence, predictions: Floats) -> dict[str, Functional]:
    keep, labels, said = evidence.keep, evidence.known, predictions[evidence.keep]
    if evidence.task.type == "regression":
        errors = said - labels
        return {
            "r2": r2(labels, errors, keep),
            "mae": weighted_mean(np.abs(errors), keep),
            "rmse": rmse(errors, keep),
        }
    if evidence.task.type == "binary":
        return {
            "auc": auc(labels, said, keep),
            "log_loss": weighted_mean(log_loss_rows(labels, said), keep),
            "ece": calibration_error(said, labels, keep),
        }
    top = said.argmax(axis=1)
    correct = (top == labels).astype(np.float64)
    return {
        "macro_f1": macro_f1(labels, top, keep, evidence.task.width),
        "accuracy": weighted_mean(correct, keep),
        "log_loss": weighted_mean(log_loss_rows(labels, said), keep),
        "ece": calibration_error(said.max(axis=1) if len(said) else labels, correct, keep),
    }
