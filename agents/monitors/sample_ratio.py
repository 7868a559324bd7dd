"""Do designed shares come out as designed?

A sample-ratio mismatch says that whoever is compared was not assigned as planned, so that nothing may be concluded.
Held against their design are the share of tier-1 recommendations that the review sample picked (by a hash of the
request id, `sample_rate` of the catalog), and the shares of traffic of model versions where several serve at once.

For every day of the window as a beginning there is the multinomial e-process of Lindon and Malek (NeurIPS 2022). Their
mean is an e-value, so its reciprocal is a p-value today (reported, with Bonferroni over the designs); their sum is an
e-detector, which alarms once in `false_alarm_days` without a mismatch.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.evidence.columns import Columns
from agents.monitors.day import Breach, Found, MonitorDay, measured, unknown
from agents.monitors.detector import detect
from agents.monitors.mixtures import log_e_shares
from agents.monitors.sequential import day_weights

__all__ = ["watch_sample_ratio"]

NAME = "srm_p"


def watch_sample_ratio(day: MonitorDay) -> Found:
    """The smallest p-value of the designs that there are."""
    found = day.decisions()
    if isinstance(found, str):
        return Found([unknown(day, NAME, found)], state=day.before)
    designs = _designs(day)
    if not designs:
        return Found([unknown(day, NAME, "no shares are designed: no review sample, no traffic split")])
    before = day.before or {}
    state: dict[str, Any] = {}
    values: dict[str, float] = {}
    breaches = []
    for name, shares in designs.items():
        kept = before.get(name, {})
        # Another design is another test: its days count from today.
        days = kept.get("days", []) if kept.get("shares") == shares else []
        days = [*days, {"day": day.day, "counts": _counts(found, name, shares)}][-day.config.window_days :]
        state[name] = {"shares": shares, "days": days}
        daily = np.asarray([one["counts"] for one in days], dtype=np.float64)[:, None, :]
        expected = np.asarray(list(shares.values()))
        result = detect(daily, lambda since, expected=expected: log_e_shares(since, expected))  # type: ignore[misc]
        values[name] = float(min(1.0, len(designs) * np.exp(min(0.0, np.log(len(days)) - result.log_r[0]))))
        if result.alarms(day.config.false_alarm_days, day_weights("sample_ratio", len(designs)))[0]:
            breaches.append(_breach(day, name, shares, daily[:, 0], days[int(result.start[0])]["day"]))
    n = int(sum(sum(one["counts"]) for name in designs for one in state[name]["days"][-1:]))
    if not n:
        return Found([unknown(day, NAME, "nothing of that day was subject to a design")], state=state)
    shown = {"p": values, "designs": designs}
    interval = "anytime-valid p-value"
    return Found([measured(day, NAME, min(values.values()), n=n, detail=shown, interval=interval)], breaches, state)


def _designs(day: MonitorDay) -> dict[str, dict[str, float]]:
    share = day.frame.review_share
    found = {"review sample": {"picked": share, "not picked": 1 - share}} if 0 < share < 1 else {}
    return found | ({"model versions": dict(sorted(day.config.traffic.items()))} if day.config.traffic else {})


def _counts(columns: Columns, name: str, shares: dict[str, float]) -> list[int]:
    if name == "review sample":
        picked = int(columns.picked.sum())
        return [picked, int(columns.drawn.sum()) - picked]
    served = np.bincount(columns.model_version, minlength=len(columns.model_versions))
    by_name = dict(zip(columns.model_versions, served.tolist(), strict=True))
    return [by_name.get(version, 0) for version in shares]


def _breach(day: MonitorDay, name: str, shares: dict[str, float], daily: NDArray[np.float64], since: str) -> Breach:
    seen = daily.sum(axis=0) / max(1.0, daily.sum())
    said = ", ".join(
        f"{cell} {value:.3f} for {share:.3f}" for (cell, share), value in zip(shares.items(), seen, strict=True)
    )
    return Breach(
        rule="sample_ratio",
        measurement=NAME,
        severity="major",
        title=f"the {name} does not come out as designed: {said}",
        cause="requests were assigned, lost or repeated otherwise than planned; conclude nothing from a comparison",
        since=since,
        evidence=[day.audit()],
    )
