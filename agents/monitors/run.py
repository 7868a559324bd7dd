"""All monitors over one day."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from agents.evidence.columns import Columns
from agents.evidence.frame import Frame
from agents.evidence.history import History, days_before
from agents.evidence.labelled import Labelled
from agents.evidence.request_metrics import RequestDay
from agents.monitors.concentration import watch_concentration
from agents.monitors.config import MonitorConfig
from agents.monitors.day import Breach, Found, MonitorDay
from agents.monitors.fairness import watch_offers, watch_opportunity
from agents.monitors.features import watch_features
from agents.monitors.outcomes import watch_calibration, watch_concept
from agents.monitors.retraining import watch_retraining
from agents.monitors.sample_ratio import watch_sample_ratio
from agents.monitors.serving import watch_requests, watch_slo, watch_staleness
from agents.monitors.shadow import ShadowScores, watch_fidelity
from understudy.contracts.watch import Measurement

__all__ = ["MonitorNight", "run_monitors"]

LOOK_BACK = 7  # days after which a state is too old to go on from
MONITORS: dict[str, Callable[[MonitorDay], Found]] = {
    "features": watch_features,
    "staleness": watch_staleness,
    "requests": watch_requests,
    "slo": watch_slo,
    "concentration": watch_concentration,
    "sample_ratio": watch_sample_ratio,
    "offers": watch_offers,
    "opportunity": watch_opportunity,
    "calibration": watch_calibration,
    "concept": watch_concept,
}


@dataclass(frozen=True)
class MonitorNight:
    """What the monitors say of a day: every measurement, known or not, and the confirmed breaches."""

    day: str
    measurements: list[Measurement]
    breaches: list[Breach]

    def __getitem__(self, name: str) -> Measurement:
        return next(one for one in self.measurements if one.name == name)


def run_monitors(
    day: str,
    columns: Columns | None,
    metrics: RequestDay,
    frame: Frame,
    history: History,
    config: MonitorConfig,
    *,
    labelled: Labelled | None = None,
    shadow: ShadowScores | str = "no teacher was given to score beside the students",
) -> MonitorNight:
    """Run every monitor over ``day``, and keep in ``history`` what they need tomorrow.

    Deterministic: the same evidence and history give the same night, and a night that is run again changes nothing.

    Args:
        day: UTC day, the next one after those that the history knows.
        columns: Its decisions; None if the log could not be read.
        metrics: Its requests.
        frame: What decisions are held against.
        history: State of the nights before.
        config: Thresholds.
        labelled: Decisions whose outcomes became known on that day; None: no outcomes are delivered.
        shadow: What the teacher says of a sample, or why there is none.
    """
    given = MonitorDay(day, columns, metrics, frame, config, labelled)
    found: dict[str, Found] = {}
    monitors = MONITORS | {"fidelity": lambda one: watch_fidelity(one, shadow)}
    for name, monitor in monitors.items():
        found[name] = monitor(replace(given, before=_before(history, name, day)))
    drifted = (found["features"].state or {}).get("drifted", [])
    critical = _value(found["features"], "psi_critical_features")
    found["retraining"] = watch_retraining(
        replace(given, before=_before(history, "retraining", day)), drifted, int(critical or 0)
    )
    for name, one in found.items():
        if one.state is not None:
            history.put_state(name, day, one.state)
    return MonitorNight(
        day,
        [measurement for one in found.values() for measurement in one.measurements],
        [breach for one in found.values() for breach in one.breaches],
    )


def _before(history: History, name: str, day: str) -> Mapping[str, Any] | None:
    """What the monitor kept last, at most a week ago."""
    for earlier in days_before(day, LOOK_BACK):
        state: Mapping[str, Any] | None = history.state(name, earlier)
        if state is not None:
            return state
    return None


def _value(found: Found, name: str) -> float | None:
    return next((one.value for one in found.measurements if one.name == name), None)
