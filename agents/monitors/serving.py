"""Staleness of the features, failed requests and reads, latency, and how fast the error budgets burn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from agents.monitors.config import BurnWindow
from agents.monitors.day import Breach, Found, MonitorDay, measured, unknown
from understudy.contracts.watch import Evidence, Measurement
from understudy.wilson import wilson

__all__ = ["burn_rate", "watch_requests", "watch_slo", "watch_staleness"]

HOURS = 24
KEPT_HOURS = 72


def watch_staleness(day: MonitorDay) -> Found:
    """The 99th percentile of the age of the records that decisions were made on, in hours."""
    name = "staleness_hours_p99"
    found = day.decisions()
    if isinstance(found, str):
        return Found([unknown(day, name, found)])
    ages = found.as_of_age_hours[~np.isnan(found.as_of_age_hours)]
    if not len(ages):
        return Found([unknown(day, name, "no decision was made on a dated record")])
    value = float(np.percentile(ages, 99))
    shown = {f"p{q}": round(float(np.percentile(ages, q)), 3) for q in (50, 90, 99)}
    result = measured(day, name, value, n=len(ages), unit="h", detail=shown)
    if value < day.config.staleness_hours:
        return Found([result])
    breach = Breach(
        rule="staleness",
        measurement=name,
        severity="major",
        title=f"one in a hundred decisions rests on features older than {value:.0f} hours",
        cause="the features of customers were not refreshed",
        since=day.day,
        evidence=[day.audit()],
    )
    return Found([result], [breach])


def watch_requests(day: MonitorDay) -> Found:
    """Latency, and shares of failed requests and reads."""
    metrics = day.metrics
    evidence = [Evidence(kind="metric", ref=metrics.source)]
    found: list[Measurement] = []
    if metrics.latency_ms is None or metrics.requests is None:
        found.append(unknown(day, "latency_p99_ms", "no latency is known of that day", unit="ms"))
    else:
        value, shown = metrics.latency_ms["p99"], dict(metrics.latency_ms)
        found.append(
            measured(day, "latency_p99_ms", value, n=metrics.requests, unit="ms", detail=shown, evidence=evidence)
        )
    found.append(_share(day, "error_rate", metrics.faults, evidence))
    found.append(_share(day, "read_error_rate", metrics.read_failures, evidence))
    return Found(found)


def _share(day: MonitorDay, name: str, bad: int | None, evidence: Sequence[Evidence]) -> Measurement:
    requests = day.metrics.requests
    if bad is None or not requests:
        return unknown(day, name, "no requests are known of that day")
    low, high = wilson(min(1.0, bad / requests), requests)
    return measured(day, name, bad / requests, low=low, high=high, n=requests, evidence=evidence)


def watch_slo(day: MonitorDay) -> Found:
    """Multi-window, multi-burn-rate alerts (Beyer et al., The Site Reliability Workbook, 2018, chapter 5).

    An objective of 99.5 % leaves a budget of 0.5 %. A window burns at (bad / requests) / budget. It pages if it burns
    at its rate or faster, and so does the short window at its end: what is over does not page. Evaluated at the end of
    every hour of the day; the value is the largest of min(long, short) / rate, which pages from 1 on.
    """
    name, metrics, config = "slo_burn", day.metrics, day.config
    series = _hours(day)
    state = {kind: values[-KEPT_HOURS:] for kind, values in series.items()}
    bad = {
        kind: budget
        for kind, budget in {"faults": 1 - config.slo_available, "slow": 1 - config.slo_fast}.items()
        if metrics.hours.get(kind) is not None
    }
    today = sum(series["requests"][-HOURS:])
    if not bad or not today:
        return Found([unknown(day, name, "no requests are known of that day")], state=state)
    found = [
        (value, kind, window, hour)
        for kind, budget in bad.items()
        for window in config.burn_windows
        for hour, value in enumerate(_burns(series["requests"], series[kind], window, budget, config.burn_fewest))
    ]
    value, kind, window, hour = max(found, key=lambda one: one[0])
    shown = {"objective": kind, "hours": window.hours, "rate": window.rate, "hour": hour}
    evidence = [Evidence(kind="metric", ref=metrics.source)]
    result = measured(day, name, value, n=today, detail=shown, evidence=evidence)
    return Found([result], [_burning(day, value, shown, evidence)] if value >= 1 else [], state)


def _hours(day: MonitorDay) -> dict[str, list[int]]:
    """The last 72 hours before the day, and its own; hours of which nothing is known had no requests."""
    before, nothing = day.before or {}, [0] * HOURS
    return {
        kind: [*before.get(kind, []), *(day.metrics.hours.get(kind) or nothing)]
        for kind in ("requests", "faults", "slow")
    }


def _burns(requests: list[int], bad: list[int], window: BurnWindow, budget: float, fewest: int) -> list[float]:
    """Per hour of the last day how near the window came to paging."""
    found = []
    for end in range(len(requests) - HOURS + 1, len(requests) + 1):
        if sum(bad[max(0, end - window.hours) : end]) < fewest:
            found.append(0.0)
            continue
        pair = (burn_rate(requests, bad, end, hours, budget) for hours in (window.hours, window.short))
        found.append(min(pair) / window.rate)
    return found


def burn_rate(requests: Sequence[int], bad: Sequence[int], end: int, hours: int, budget: float) -> float:
    """(bad / requests) / budget over the ``hours`` before ``end``; 0 without requests."""
    whole = sum(requests[max(0, end - hours) : end])
    return sum(bad[max(0, end - hours) : end]) / whole / budget if whole else 0.0


def _burning(day: MonitorDay, value: float, shown: Mapping[str, Any], evidence: Sequence[Evidence]) -> Breach:
    what = "failed" if shown["objective"] == "faults" else "were slow"
    fast = shown["hours"] == 1
    return Breach(
        rule="slo",
        measurement="slo_burn",
        severity="critical" if fast else "major",
        title=f"so many requests {what} that a month's error budget lasts {30 / (value * shown['rate']):.1f} days",
        cause="the function, its store or its package has a fault",
        since=day.day,
        evidence=list(evidence),
        detail=shown,
    )
