"""Drift: whether today's customers, and what the students say of them, are still those of training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from understudy.console.days import Days, days_of, no_report, over_days, report_of, strip
from understudy.console.desk import Desk, Go, Page
from understudy.console.plots import Bar, Level, bars, series
from understudy.console.tables import empty, panel, table
from understudy.console.words import Words
from understudy.contracts.inspection import ReportSummary
from understudy.contracts.watch import ItemResult, Measurement, OpsReport
from understudy.page import Markup, join, tag

__all__ = ["SERIES", "drift", "levels_of", "measurements_of", "small_multiples"]

# What is drawn over the days, where a report has it.
SERIES = (
    "psi_max", "ks_min_p", "concept_drift", "calibration_ece", "shadow_kl", "shadow_agreement", "shadow_spearman",
    "psi_critical_features", "drifted_days", "nba_entropy", "concentration_top10", "herding_hhi", "srm_p",
    "staleness_hours_p99", "latency_p99_ms", "error_rate", "read_error_rate", "slo_burn",
)  # fmt: skip
MOST_FEATURES = 20
NO_LEVELS: Mapping[str, tuple[Level, ...]] = MappingProxyType({})
PSI = (Level(0.10, "warn"), Level(0.25, "bad"))


def drift(desk: Desk) -> Page | Go:
    """PSI by feature on one day, and every monitor over the days."""
    words, days = desk.words, days_of(desk)
    report = report_of(desk, days)
    if report is None:
        return Page("drift", words("drift.title"), (strip(days, desk), no_report(days, words)))
    content = (
        strip(days, desk),
        tag("p", words("drift.lead"), class_="lead"),
        panel("features", words("drift.features", day=report.period), _features(report, words)),
        panel("series", words("drift.series"), small_multiples(SERIES, days, report, words)),
    )
    return Page("drift", words("drift.title"), content, tag("span", report.period, class_="date-of"))


def measurements_of(report: OpsReport) -> dict[str, Measurement]:
    """Every measurement of a report by name: those of the monitors, then those of the items."""
    found = {item.measurement.name: item.measurement for item in report.items}
    return found | {one.name: one for one in report.measurements}


def levels_of(items: Sequence[ItemResult], name: str) -> tuple[Level, ...]:
    """The thresholds of the item that a measurement decides."""
    item = next((one.item for one in items if one.item.measurement == name), None)
    if item is None or item.direction == "present":
        return ()
    kinds = ("bad", "bad") if item.direction == "outside" else ("warn", "bad")
    limits = zip((item.warn, item.fail), kinds, strict=True)
    return tuple(Level(value, kind) for value, kind in limits if value is not None)


def _features(report: OpsReport, words: Words) -> Markup:
    found = _by_feature(measurements_of(report))
    if not found:
        return empty(words("drift.no_features"))
    ordered = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
    shown = [Bar(name, value) for name, value in ordered[:MOST_FEATURES]]
    levels = levels_of(report.items, "psi_max") or PSI
    columns = (words("drift.feature"), words("drift.psi"))
    picture = bars("psi", words("drift.psi_by_feature"), shown, words, levels=levels, columns=columns)
    more = words("drift.more", shown=len(shown), all=len(found)) if len(found) > len(shown) else ""
    return tag("div", picture, tag("p", more, class_="note") if more else None, class_="plots one")


def _by_feature(found: Mapping[str, Measurement]) -> dict[str, float]:
    for name in ("psi_features", "psi_max"):
        detail: Any = found[name].detail.get("features") if name in found else None
        if isinstance(detail, Mapping) and detail:
            return {str(key): float(value) for key, value in detail.items() if isinstance(value, int | float)}
    return {}


def small_multiples(
    names: Sequence[str],
    days: Days,
    report: OpsReport,
    words: Words,
    usual: Mapping[str, tuple[Level, ...]] = NO_LEVELS,
) -> Markup:
    """One small plot for each measurement that any of the days has; ``usual`` thresholds hold where no item has any."""
    there = [name for name in names if any(name in one.values for one in days.reports)]
    known = [name for name in there if any(_valued(one, name) for one in days.reports)]
    if not there:
        return empty(words("plot.nothing"))
    figures = [
        series(
            f"series-{name}",
            words.named("measure", name),
            over_days(days, name),
            words,
            levels=levels_of(report.items, name) or usual.get(name, ()),
            chosen=report.period,
        )
        for name in known
    ]
    silent = [name for name in there if name not in known]
    return join(tag("div", *figures, class_="plots"), _silent(silent, report, words) if silent else None)


def _valued(report: ReportSummary, name: str) -> bool:
    return name in report.values and report.values[name].value is not None


def _silent(names: Sequence[str], report: OpsReport, words: Words) -> Markup:
    """What had no value on any of the days, and why it has none today."""
    found = measurements_of(report)
    rows = [(words.named("measure", name), (found[name].why if name in found else None) or "—") for name in names]
    columns = (words("checklist.measurement"), words("plot.why"))
    return tag("div", tag("h3", words("plot.silent")), table(words("plot.silent"), columns, rows), class_="silent")
