"""Was everything reported on the day it could first be known, and nothing else?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from understudy.cli.simulation.plan import Event, Plan
from understudy.cli.simulation.world import World
from understudy.contracts.watch import OpsReport

__all__ = ["Line", "Verdict", "verdict"]


@dataclass(frozen=True)
class Line:
    """One event: when it could first be known, and when, how grave and by what it was reported."""

    event: str
    known: str
    reported: str | None
    severity: str | None
    by: str | None
    problem: str | None


@dataclass(frozen=True)
class Verdict:
    """``strays``: what was red, or alarmed, without an event that explains it, as (day, finding)."""

    lines: list[Line]
    strays: list[tuple[str, str]]
    colours: dict[str, str]

    @property
    def holds(self) -> bool:
        return not self.strays and all(line.problem is None for line in self.lines)


def verdict(world: World, plan: Plan) -> Verdict:
    """Hold the stored reports against the plan."""
    reports = {day: OpsReport.model_validate(world.report(f"ops/{day}")) for day in _days(plan)}
    lines = [_line(event, plan, reports) for event in plan.events]
    strays = [stray for day, report in reports.items() for stray in _strays(day, report, plan)]
    return Verdict(lines, strays, {day: report.colour for day, report in reports.items()})


def _days(plan: Plan) -> list[str]:
    return [plan.date_of(number) for number in range(1, plan.days + 1)]


def _line(event: Event, plan: Plan, reports: dict[str, OpsReport]) -> Line:
    known = plan.date_of(event.day)
    for day, report in reports.items():
        found = next((one for one in report.attention_required if one.id == event.finding), None)
        if found is None:
            continue
        problem = None
        if day != known:
            problem = "early" if day < known else "late"
        elif found.severity not in event.severities:
            problem = f"severity is not {' or '.join(sorted(event.severities))}"
        elif event.red and report.colour != "RED":
            problem = "the day is not red"
        return Line(event.name, known, day, found.severity, f"ops/{day}", problem)
    return Line(event.name, known, None, None, None, "never reported")


def _strays(day: str, report: OpsReport, plan: Plan) -> Iterator[tuple[str, str]]:
    begun = {
        finding for event in plan.events if plan.date_of(event.day) <= day for finding in (event.finding, *event.follow)
    }
    opened = {incident.finding for incident in report.incidents}
    for finding in report.attention_required:
        if finding.id in opened and finding.id not in begun:
            yield day, finding.id
    if report.colour == "RED" and not opened & begun:
        yield day, "red without an event"
    explained = {item for finding in report.attention_required if finding.id in begun for item in finding.items}
    for result in report.items:
        if result.status == "FAIL" and result.item.id not in explained:
            yield day, result.item.id
