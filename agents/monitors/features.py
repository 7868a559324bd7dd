"""Drift of the features, every night."""

from __future__ import annotations

from typing import Any

import numpy as np

from agents.evidence.history import days_before
from agents.monitors.day import Breach, Found, MonitorDay, measured, unknown
from agents.monitors.drift import Drift, drift, fewest_rows
from agents.monitors.retraining import in_a_row
from understudy.contracts.watch import Evidence, Measurement

__all__ = ["watch_features"]

NAMES = ("psi_max", "psi_features", "psi_critical_features", "ks_min_p")
SHOWN = 20


def watch_features(day: MonitorDay) -> Found:
    """PSI and KS of every feature against the bundle's reference, over as few of the last days as show a breach."""
    found = day.decisions()
    if isinstance(found, str):
        return Found([unknown(day, name, found) for name in NAMES])
    config, reference = day.config, day.frame.reference
    days = [*day.kept().get("days", []), {"day": day.day, "rows": found.bin_rows, "bins": found.bins.tolist()}]
    days = days[-config.drift_pool_days :]
    state: dict[str, Any] = {"model_version": day.frame.model_version, "days": days}
    needed = fewest_rows(reference, config.psi_critical, config.drift_level)
    pooled, rows = 0, 0
    while rows < needed and pooled < len(days):
        pooled += 1
        rows += days[-pooled]["rows"]
    if rows < needed:
        why = f"{rows} persons in {pooled} days: below {needed}, a PSI of {config.psi_critical:g} could be chance"
        state["drifted"] = day.kept().get("drifted", [])
        return Found([unknown(day, name, why, n=rows) for name in NAMES], state=state)
    counts = np.sum([np.asarray(one["bins"], dtype=np.int64) for one in days[-pooled:]], axis=0)
    result = drift(reference, counts, rows, config.ks_tolerance)
    critical = result.drifted(config.psi_critical, config.drift_level)
    state["drifted"] = [*day.kept().get("drifted", []), *([day.day] if critical.any() else [])][-SHOWN:]
    breaches = [_breach(day, result, np.flatnonzero(critical))] if critical.any() else []
    return Found(_measurements(day, result, pooled), breaches, state)


def _measurements(day: MonitorDay, result: Drift, pooled: int) -> list[Measurement]:
    config, names = day.config, day.frame.reference.names
    evidence = [day.audit(), Evidence(kind="bundle", ref="psi.json", sha256=day.frame.psi_sha256)]
    warned = result.drifted(config.psi_warn, config.drift_level)
    critical = result.drifted(config.psi_critical, config.drift_level)
    sure = np.where(result.q <= config.drift_level, result.psi, 0.0)
    largest = np.argsort(-result.psi, kind="stable")[:SHOWN]
    features = {names[i]: round(float(result.psi[i]), 6) for i in largest}
    detail = {
        "features": features,
        "drifted": [names[i] for i in np.flatnonzero(warned)],
        "critical": [names[i] for i in np.flatnonzero(critical)],
        "expected_by_chance": round(float(result.null.max()), 6),
        "days": pooled,
        "level": config.drift_level,
    }
    worst = int(np.argmin(result.ks_q))
    ks = {"feature": names[worst], "distance": _number(result.ks[worst]), "tolerance": config.ks_tolerance}
    n = result.rows
    return [
        measured(day, "psi_max", float(sure.max()), n=n, detail=detail, evidence=evidence),
        measured(day, "psi_features", int(warned.sum()), n=n, unit="features", detail=detail, evidence=evidence),
        measured(day, "psi_critical_features", int(critical.sum()), n=n, unit="features", evidence=evidence),
        measured(day, "ks_min_p", float(result.ks_q[worst]), n=n, detail=ks, evidence=evidence),
    ]


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)


def _breach(day: MonitorDay, result: Drift, critical: Any) -> Breach:
    names = day.frame.reference.names
    first = critical[np.argsort(-result.psi[critical], kind="stable")]
    run = in_a_row([*day.kept().get("drifted", []), day.day], day.day)
    return Breach(
        rule="drift",
        measurement="psi_max",
        severity="major",
        title=f"{len(first)} features have drifted from the training rows: {', '.join(names[i] for i in first[:3])}",
        cause="the customers, or how the features are computed, have changed",
        since=days_before(day.day, run - 1)[-1] if run > 1 else day.day,
        evidence=[day.audit(), Evidence(kind="bundle", ref="psi.json", sha256=day.frame.psi_sha256)],
        detail={names[i]: round(float(result.psi[i]), 6) for i in first[:SHOWN]},
    )
