"""P3: was the teacher trained as it should be?"""

from __future__ import annotations

import math
from typing import Any

from agents.checklist.measuring.ingestion import LEAKAGE, PROFILE
from agents.checklist.measuring.runs import ATTEMPTS, runs_of
from agents.checklist.night import Night
from agents.checklist.papers import MissingEvidenceError
from agents.checklist.registry import Value, measures
from understudy.contracts.watch import Evidence

__all__ = ["manifest_evidence"]

HISTORY = "history.json"
BALANCE = (0.005, 0.5)
LATE_EPOCHS = 2


@measures("positive_rate")
def positive_rate(night: Night) -> Value:
    """Share of positives in the training rows, of the binary task whose share lies furthest outside .5 % to 50 %, or
    else is the smallest."""
    tasks = night.papers.json(PROFILE)["tasks"]
    rates = {name: float(task["rates"]["train"]["1"]) for name, task in tasks.items() if task["type"] == "binary"}
    if not rates:
        raise MissingEvidenceError("the dataset has no binary task")
    worst = max(rates, key=lambda name: (_outside(rates[name]), -rates[name], name))
    low, high = tasks[worst]["intervals"]["train"]["1"]
    detail = {"task": worst, "all": rates}
    known = tasks[worst]["known"]["train"]
    return Value(rates[worst], night.papers.evidence(PROFILE), low, high, n=known, unit="share", detail=detail)


@measures("loss_change")
def loss_change(night: Night) -> Value:
    """How much the best validation skill (mean over tasks) rose in the last two epochs of training; 0 if training went
    on past its best. The fold that rose most. What still rises has not converged."""
    histories = night.papers.folds(HISTORY)
    rises = {path: _late_rise([epoch["score"] for epoch in history["epochs"]]) for path, history in histories.items()}
    worst = max(rises, key=lambda path: (rises[path], path))
    epochs = {path: len(history["epochs"]) for path, history in histories.items()}
    detail = {"fold": worst, "epochs": epochs}
    return Value(rises[worst], night.papers.evidence(*histories), n=len(rises), unit="skill", detail=detail)


@measures("teacher_auc")
def teacher_auc(night: Night) -> Value:
    """Mean over binary tasks of the teacher's AUC on the test rows; divided by the ceiling's where it is known."""
    metrics = night.serving().manifest.metrics
    found = {}
    for task, values in metrics.items():
        if "teacher.auc" in values:
            found[task] = values["teacher.auc"] / values.get("ceiling.auc", 1.0)
    if not found:
        raise MissingEvidenceError("the bundle has no binary task that a teacher was scored on")
    relative = any("ceiling.auc" in values for values in metrics.values())
    detail = {"tasks": found, "of the ceiling": relative}
    value = sum(found.values()) / len(found)
    return Value(
        value, [manifest_evidence(night)], n=len(found), unit="of the ceiling" if relative else "", detail=detail
    )


@measures("nan_losses")
def nan_losses(night: Night) -> Value:
    """Epochs, over all folds, in which the loss of a task was not a finite number."""
    histories = night.papers.folds(HISTORY)
    bad = {
        path: [epoch["epoch"] for epoch in history["epochs"] if any(map(_not_finite, epoch["train_loss"].values()))]
        for path, history in histories.items()
    }
    epochs = sum(len(history["epochs"]) for history in histories.values())
    count = sum(map(len, bad.values()))
    return Value(count, night.papers.evidence(*histories), n=epochs, unit="epochs", detail={"epochs": bad})


@measures("gradient_norm")
def gradient_norm(night: Night) -> Value:
    """Mean norm of the whole gradient after clipping, in the last epoch; the fold where it is largest. Equal to the
    clipping norm, every step was clipped. ``largest``: the largest norm of any step before clipping."""
    histories = night.papers.folds(HISTORY)
    epochs = {path: history["epochs"] for path, history in histories.items()}
    if any("clipped_norm" not in epoch for history in epochs.values() for epoch in history):
        raise MissingEvidenceError("the teacher has not recorded the norms of its gradients")
    last = {path: history[-1]["clipped_norm"] for path, history in epochs.items()}
    largest = [epoch["largest_norm"] for history in epochs.values() for epoch in history]
    if any(map(_not_finite, (*last.values(), *largest))):
        raise MissingEvidenceError("the norm of a gradient was not a finite number")
    return Value(max(last.values()), night.papers.evidence(*histories), n=len(last), detail={"largest": max(largest)})


@measures("out_of_memory")
def out_of_memory(night: Night) -> Value:
    """Attempts that ran out of memory since the run before the last one on these data."""
    runs = runs_of(night)
    lost = [attempt.began for attempt in runs.since if attempt.outcome == "out_of_memory"]
    evidence = night.papers.evidence(ATTEMPTS)
    return Value(len(lost), evidence, n=len(runs.since), unit="attempts", detail={"began": lost})


@measures("spot_recovery")
def spot_recovery(night: Night) -> Value:
    """1 if every attempt that was interrupted, or ended without a word, was followed by one that finished."""
    runs = runs_of(night)
    cut = [i for i, attempt in enumerate(runs.since) if attempt.outcome in (None, "interrupted")]
    finished = [i for i, attempt in enumerate(runs.since) if attempt.outcome == "finished"]
    recovered = not cut or bool(finished and finished[-1] > cut[-1])
    detail = {"interrupted": [runs.since[i].began for i in cut], "recovered": recovered}
    return Value(float(recovered), night.papers.evidence(ATTEMPTS), n=len(cut), detail=detail)


@measures("task_loss_ratio")
def task_loss_ratio(night: Night) -> Value:
    """Largest over smallest teacher's loss on the test rows, each divided by the loss of predicting the prior: 1 if
    every task has learned alike. Classes: log loss; regression: root mean squared error."""
    found = {}
    for task, values in night.serving().manifest.metrics.items():
        loss = next((name for name in ("log_loss", "rmse") if f"teacher.{name}" in values), None)
        if loss and values.get(f"prior.{loss}", 0) > 0:
            found[task] = values[f"teacher.{loss}"] / values[f"prior.{loss}"]
    if not found or min(found.values()) <= 0:
        raise MissingEvidenceError("the bundle holds no teacher's loss beside the prior's")
    value = max(found.values()) / min(found.values())
    return Value(value, [manifest_evidence(night)], n=len(found), detail={"loss over prior's": found})


@measures("leakage_gate")
def leakage_gate(night: Night) -> Value:
    """1 if the leakage gate looked at these data, and passed them."""
    document = night.papers.json(LEAKAGE)
    checks = document["checks"]
    looked = [check["name"] for check in checks if check.get("measured")]
    detail = {"checks": len(checks), "that measured something": len(looked)}
    passed = bool(document["passed"]) and bool(looked)
    return Value(float(passed), night.papers.evidence(LEAKAGE), n=len(checks), detail=detail)


def manifest_evidence(night: Night) -> Evidence:
    """A reference to the manifest of the bundle that serves."""
    return Evidence(kind="bundle", ref=f"{night.serving().manifest.model_version}/manifest.json")


def _outside(rate: float) -> float:
    return max(BALANCE[0] - rate, rate - BALANCE[1], 0.0)


def _late_rise(scores: list[float | None]) -> float:
    known = [-math.inf if score is None else score for score in scores]
    before, best = max(known[:-LATE_EPOCHS], default=-math.inf), max(known)
    if not math.isfinite(before) or not math.isfinite(best):
        raise MissingEvidenceError("too few epochs have a validation score")
    return best - before


def _not_finite(value: Any) -> bool:
    return value is None or not math.isfinite(value)
