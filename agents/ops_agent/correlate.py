"""What two measurements mean together that neither means alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import fmean

from agents.checklist import MissingEvidenceError, Night
from agents.ops_agent.found import Found
from agents.ops_agent.wording import number
from understudy.contracts.watch import Checkpoint7, Evidence, ItemResult

__all__ = ["EXPLODED", "correlations"]

BLIND_AUC, MANY_NULLS, FIDELITY_GAP, NEAR_LIMIT, EXPLODED = 0.55, 0.2, 0.05, 0.8, 100.0


def correlations(night: Night, results: Sequence[ItemResult], p95: Sequence[tuple[str, float]]) -> list[Found]:
    """The checklist's cross-correlation rules. ``p95``: (day, milliseconds), oldest first, today last."""
    of = {result.item.measurement: result for result in results}
    rules = (
        _dead_features(night, of),
        _broken_delivery(of),
        _fidelity_and_drift(of),
        _latency(of, p95),
        _exploding(of),
    )
    return [found for found in rules if found is not None]


def _dead_features(night: Night, of: Mapping[str, ItemResult]) -> Found | None:
    """Zero variance and AUC < .55."""
    auc = _mean_auc(night)
    if of["zero_variance_features"].status != "FAIL" or auc is None or auc >= BLIND_AUC:
        return None
    return _found(
        "dead-features",
        f"Features have died and the teacher has learned nothing from the others (mean AUC {number(auc)})",
        "The source behind the constant features stopped before the models were trained.",
        "Do not promote. Repair the source, prepare the data again, retrain.",
        "training",
        [of["zero_variance_features"], of["teacher_auc"]],
    )


def _broken_delivery(of: Mapping[str, ItemResult]) -> Found | None:
    """Failed ingestion and more than a fifth of the values missing."""
    broken = [result for result in of.values() if result.item.part == "P1" and result.status == "FAIL"]
    nulls = max((of["source_null_rate"], of["feature_null_rate"]), key=lambda result: result.measurement.value or 0.0)
    if not broken or (nulls.measurement.value or 0.0) <= MANY_NULLS:
        return None
    return _found(
        "broken-delivery",
        f"The delivery is broken: {number(100 * (nulls.measurement.value or 0.0))} % of the values are missing",
        "A source arrived in part, and what was joined to it is empty.",
        "Hold the data back; ask for a new delivery; serve on the last good records.",
        "ingestion",
        [*broken, *(one for one in (nulls,) if one not in broken)],
    )


def _fidelity_and_drift(of: Mapping[str, ItemResult]) -> Found | None:
    """A fidelity gap above .05 and drift."""
    kept = of["auc_retention"].measurement.value
    gap = max(of["auc_gap"].measurement.value or 0.0, 0.0 if kept is None else 1 - kept)
    if gap <= FIDELITY_GAP or of["psi_max"].status not in ("WARN", "FAIL"):
        return None
    return _found(
        "fidelity-and-drift",
        f"Students lag their teacher (gap {number(gap)}) while customers drift",
        "The students were distilled on another population than the one they serve now.",
        "Distil again on newer rows; until then let direct students or rules serve the tasks concerned.",
        "distillation",
        [of["auc_gap"], of["psi_max"]],
    )


def _latency(of: Mapping[str, ItemResult], p95: Sequence[tuple[str, float]]) -> Found | None:
    """The 95th percentile over 80 % of the limit, and rising three days in a row."""
    limit = of["latency_p99_ms"].item.fail or 0.0
    last = [value for _, value in p95[-4:]]
    rising = len(last) == 4 and all(a < b for a, b in pairwise(last))
    if not rising or last[-1] <= NEAR_LIMIT * limit:
        return None
    evidence = [Evidence(kind="metric", ref=f"latency_p95_ms of {day}") for day, _ in p95[-4:]]
    return Found(
        id="latency-near-limit",
        severity="minor",
        title=f"95th percentile at {number(last[-1])} ms, over 80 % of the limit of {number(limit)} ms, and rising",
        cause="The store or the function slows down a little every day: growth, or a leak.",
        action="Look at the store's latency and the function's memory before the limit is reached.",
        checkpoint="latency",
        failed=False,
        evidence=evidence,
        items=("P5-01",),
    )


def _exploding(of: Mapping[str, ItemResult]) -> Found | None:
    """A gradient norm above 100 before clipping."""
    norm = of["gradient_norm"].measurement.detail.get("largest")
    if norm is None or norm <= EXPLODED:
        return None
    return _found(
        "exploding-gradients",
        f"A gradient reached a norm of {number(norm)} before it was clipped",
        "A batch held extreme values, or the learning rate is too high.",
        "Look for extreme values in the inputs; lower the learning rate.",
        "training",
        [of["gradient_norm"]],
    )


def _mean_auc(night: Night) -> float | None:
    try:
        metrics = night.serving().manifest.metrics
    except MissingEvidenceError:
        return None
    found = [values["teacher.auc"] for values in metrics.values() if "teacher.auc" in values]
    return fmean(found) if found else None


def _found(
    name: str, title: str, cause: str, action: str, checkpoint: Checkpoint7, results: Sequence[ItemResult]
) -> Found:
    evidence = [evidence for result in results for evidence in result.measurement.evidence]
    items = tuple(result.item.id for result in results)
    return Found(name, "minor", title, cause, action, checkpoint, True, evidence, items)
