"""One night of the OpsAgent: collect, judge, diagnose, and put it together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.checklist import evaluate, load_items
from agents.checklist.registry import unknown
from agents.evidence import History, RequestDay, WatchSettings, days_before
from agents.monitors import Breach, MonitorConfig
from agents.ops_agent.assemble import assemble
from agents.ops_agent.audits import audit_findings
from agents.ops_agent.breaches import breach_findings
from agents.ops_agent.collect import collect
from agents.ops_agent.correlate import correlations
from agents.ops_agent.diagnose import item_findings, unknown_findings
from agents.ops_agent.layers import layer_findings
from agents.ops_agent.models import model_findings
from agents.ops_agent.page import render
from agents.ops_agent.trends import DAYS, trends
from understudy.clock import utc_now
from understudy.contracts.watch import Evidence, Item, ItemResult, Measurement, OpsReport
from understudy.objects import open_objects
from understudy.stages import fingerprint

__all__ = ["Actor", "Judged", "judge"]

Actor = Callable[[Sequence[Breach], History], Sequence[Mapping[str, Any]]]

P95 = "latency_p95_ms"
DRAWN = {
    "Drift of the feature that moved most (PSI)": "psi_max",
    "Disparate impact, worst group": "fairness_di_min",
    "Latency, 99th percentile (ms)": "latency_p99_ms",
    "Share of requests that failed": "error_rate",
}


@dataclass(frozen=True)
class Judged:
    """A night's report, its page, and what was measured."""

    report: OpsReport
    page: str
    measurements: Sequence[Measurement]
    history: History


def judge(
    settings: WatchSettings,
    day: str,
    *,
    items: Path | None = None,
    config: MonitorConfig | None = None,
    actor: Actor | None = None,
) -> Judged:
    """Judge ``day`` by everything that can be read of it.

    Args:
        settings: Where the evidence is.
        day: UTC day that has ended.
        items: TOML of thresholds that differ from the shipped ones.
        config: Thresholds of the monitors.
        actor: Does what the policy says of confirmed breaches, and tells what was done (default: nothing is done).

    Raises:
        UserError: the thresholds cannot be used, or the place of the reports cannot be reached.
    """
    checklist = load_items(items)
    collected = collect(settings, day, config or MonitorConfig())
    results = evaluate(collected.night, checklist)
    before = _report_before(settings, day)
    p95 = _p95(collected.requests, day)
    audits = audit_findings(open_objects(settings.understudy_reports), day)
    found = [
        *audits,
        *breach_findings(collected.breaches, day),
        *layer_findings(collected.night),
        *model_findings(collected.night),
        *item_findings(results),
        *correlations(collected.night, results, _series(collected.history, P95, day, p95)),
        *trends(results, lambda name: collected.history.series(name, day, DAYS)),
        *unknown_findings(results),
    ]
    rests_on = {
        "items": [_thresholds(item) for item in checklist],
        "audits": [[one.id, one.evidence[0].sha256] for one in audits],
    }
    inputs = fingerprint(collected.inputs | rests_on)
    actions = actor(collected.breaches, collected.history) if actor else []
    report = assemble(collected.night, results, found, before=before, made=utc_now(), actions=actions, inputs=inputs)
    measured = [*_all(results, collected.night.monitors), p95]
    series = {title: _series(collected.history, name, day, _named(measured, name)) for title, name in DRAWN.items()}
    return Judged(report, render(report, series), measured, collected.history)


def _report_before(settings: WatchSettings, day: str) -> OpsReport | None:
    found = open_objects(settings.understudy_reports).read(f"ops/{days_before(day, 1)[0]}.json")
    return None if found is None else OpsReport.model_validate_json(found.data)


def _p95(requests: RequestDay | None, day: str) -> Measurement:
    if requests is None or requests.latency_ms is None:
        return unknown(P95, day, "the figures of the day's requests are not known")
    evidence = [Evidence(kind="metric", ref=requests.source)]
    return Measurement(name=P95, period=day, value=requests.latency_ms["p95"], n=requests.requests, evidence=evidence)


def _series(history: History, name: str, day: str, today: Measurement | None) -> list[tuple[str, float]]:
    earlier = history.series(name, day, DAYS)
    return earlier if today is None or today.value is None else [*earlier, (day, today.value)]


def _named(measured: Sequence[Measurement], name: str) -> Measurement | None:
    return next((one for one in measured if one.name == name), None)


def _all(results: Sequence[ItemResult], monitors: Mapping[str, Measurement]) -> list[Measurement]:
    items = {result.measurement.name: result.measurement for result in results}
    return list({**monitors, **items}.values())


def _thresholds(item: Item) -> list[Any]:
    return [item.id, item.warn, item.fail]
