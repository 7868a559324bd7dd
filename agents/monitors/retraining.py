"""When to train anew: days of drift, many critical features, or an old model."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from agents.evidence.history import days_before
from agents.monitors.day import Breach, Found, MonitorDay, measured
from understudy.contracts.watch import Evidence

__all__ = ["in_a_row", "watch_retraining"]


def watch_retraining(day: MonitorDay, drifted: Sequence[str], critical: int) -> Found:
    """Ask for a new model after so many days of drift in a row, at so many critical features, or at such an age.

    A model's age counts from the first day that it was seen deciding, as far as these monitors remember.

    Args:
        day: The day.
        drifted: Days with a critical feature, in order.
        critical: Critical features today.
    """
    config = day.config
    since = str(day.kept().get("since", day.day))
    age = (date.fromisoformat(day.day) - date.fromisoformat(since)).days
    run = in_a_row(drifted, day.day)
    why = []
    if run >= config.retrain_drifted_days:
        why.append(f"features have drifted on {run} days in a row")
    if critical >= config.retrain_critical_features:
        why.append(f"{critical} features have drifted critically")
    if age >= config.retrain_model_days:
        why.append(f"the model has decided for {age} days")
    evidence = [Evidence(kind="metric", ref=f"psi_critical_features/{day.day}"), day.audit()]
    state = {"model_version": day.frame.model_version, "since": since}
    found = [
        measured(day, "model_age_days", age, n=None, unit="d", evidence=evidence),
        measured(day, "drifted_days", run, n=None, unit="d", evidence=evidence),
    ]
    return Found(found, [_breach(day, "; ".join(why), evidence)] if why else [], state)


def in_a_row(days: Sequence[str], until: str) -> int:
    """How many days up to ``until``, without a gap, are among ``days``."""
    known, run, day = set(days), 0, until
    while day in known:
        run += 1
        day = days_before(day, 1)[0]
    return run


def _breach(day: MonitorDay, why: str, evidence: Sequence[Evidence]) -> Breach:
    return Breach(
        rule="retrain",
        measurement="drifted_days",
        severity="minor",
        title=f"a new model is due: {why}",
        cause="the world that the model was trained on has passed",
        since=day.day,
        evidence=evidence,
    )
