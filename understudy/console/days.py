"""Which day's report a page shows, and the strip of days that leads to the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from understudy.client import ApiError
from understudy.console.desk import Desk
from understudy.console.marks import KINDS, SIGNS
from understudy.console.plots import Spot
from understudy.console.words import Words
from understudy.contracts.inspection import ReportKind, ReportSummary
from understudy.contracts.watch import OpsReport
from understudy.page import Markup, tag

__all__ = ["Days", "days_of", "no_report", "over_days", "report_of", "strip"]

SHOWN = 31


@dataclass(frozen=True)
class Days:
    """The reports of one kind, newest first, and the one that was asked for (None: there is none at all)."""

    reports: Sequence[ReportSummary]
    chosen: ReportSummary | None
    older: str | None = None


def days_of(desk: Desk, kind: ReportKind = "ops") -> Days:
    """The last month of reports up to ``?day=`` (default: the newest). Where no reports are kept, there are none."""
    wanted, until = desk.asked("day"), desk.asked("until")
    try:
        page = desk.client.reports(kind, after=until or None, limit=SHOWN)
    except ApiError as error:
        if error.status != 404:
            raise
        return Days([], None)
    found = next((one for one in page.reports if one.period == wanted), page.reports[0] if page.reports else None)
    return Days(page.reports, found, page.next)


def report_of(desk: Desk, days: Days) -> OpsReport | None:
    """The whole report of the chosen day, if there is one that can be read."""
    if days.chosen is None or days.chosen.level == "UNKNOWN":
        return None
    return desk.client.report("ops", days.chosen.period).ops


def strip(days: Days, desk: Desk, keep: Mapping[str, str] | None = None) -> Markup:
    """The days as links, oldest first; each says its level in a sign and in words."""
    if not days.reports:
        return Markup("")
    words, path, kept = desk.words, desk.request.path, dict(keep or {})
    kept |= {"until": desk.asked("until")} if desk.asked("until") else {}
    links = [
        tag("li", _day(one, one is days.chosen, f"{path}?{urlencode({'day': one.period, **kept})}", words))
        for one in reversed(days.reports)
    ]
    older = (
        tag("a", words("days.older"), href=f"{path}?{urlencode({**kept, 'until': days.older})}", class_="more")
        if days.older
        else None
    )
    newer = tag("a", words("days.newest"), href=path, class_="more") if desk.asked("until") else None
    return tag("nav", older, tag("ol", *links, class_="days"), newer, aria_label=words("days.label"), class_="strip")


def _day(one: ReportSummary, chosen: bool, target: str, words: Words) -> Markup:
    kind = KINDS.get(one.level, "unknown")
    level = words.named("mark", one.level)
    return tag(
        "a",
        tag("span", one.period[8:], aria_hidden="true", class_="date"),
        tag("span", SIGNS[kind], aria_hidden="true", class_="sign"),
        tag("span", f"{one.period}: {level}", class_="unseen"),
        href=target,
        title=f"{one.period}: {level}",
        class_=f"day {kind}",
        aria_current="date" if chosen else None,
    )


def over_days(days: Days, name: str) -> list[Spot]:
    """One measurement over the days, oldest first; a day that lacks it is a gap."""
    spots = []
    for report in reversed(days.reports):
        point = report.values.get(name)
        spots.append(Spot(report.period, point.value, point.low, point.high) if point else Spot(report.period, None))
    return spots


def no_report(days: Days, words: Words) -> Markup:
    """Why there is nothing to show."""
    if days.chosen is None:
        text, more = words("days.none"), words("days.none_means")
    else:
        text, more = words("days.unreadable", day=days.chosen.period), days.chosen.problem or ""
    return tag("div", tag("p", tag("b", text)), tag("p", more), class_="empty", role="status")
