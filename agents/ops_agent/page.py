"""The report as a page that a risk officer reads in a minute: what is wrong, what to do, and on what it rests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agents.checklist.document import bounds
from agents.ops_agent.wording import number, said
from understudy.contracts.watch import (
    Checkpoint7,
    Colour,
    Evidence,
    Finding,
    Incident,
    ItemResult,
    Measurement,
    OpsReport,
)
from understudy.page import Frame, Markup, badge, document, join, section, tag

__all__ = ["render"]

Series = Mapping[str, Sequence[tuple[str, float]]]

PARTS = {
    "P1": "Ingestion",
    "P2": "Features",
    "P3": "Training",
    "P4": "Distillation",
    "P5": "Serving",
    "P6": "Audit",
}
_SHOWN = {"RED": "fail", "YELLOW": "warn", "GREEN": "pass"}
_HEADLINES = {
    "RED": "Something failed and needs a person today.",
    "YELLOW": "Nothing failed. Something is near a bound, or could not be seen.",
    "GREEN": "Everything was measured, and nothing is near a bound.",
}
_CHECKPOINTS: dict[Checkpoint7, str] = {
    "ingestion": "Data arrived whole and in order",
    "features": "Features are what the models were made for",
    "training": "The teacher was trained as it should be",
    "distillation": "The students stand in for their teacher",
    "serving": "Decisions of the day",
    "latency": "Speed and errors",
    "experiments": "Promotions, assessments and samples",
}


def render(report: OpsReport, series: Series) -> str:
    """One self-contained page. ``series``: what is drawn, by its title: (day, value), oldest first."""
    parts = [
        _head(report),
        section("attention", "What needs attention", *_attention(report)),
        section("checkpoints", "Seven checkpoints", _checkpoints(report)),
    ]
    if report.incidents:
        parts.append(section("incidents", "Open incidents (drafts)", *map(_incident, report.incidents)))
    if report.actions:
        parts.append(section("actions", "What was set off", tag("ul", *map(_action, report.actions))))
    if series:
        parts.append(section("course", "The course of the last days", tag("div", *_plots(series), class_="figures")))
    parts.append(section("checklist", "The checklist, item by item", *_checklist(report.items)))
    if report.measurements:
        parts.append(section("monitors", "Further measurements", _measurements(report.measurements)))
    return document(f"Operations report of {report.period}", parts)


def _head(report: OpsReport) -> Markup:
    counts = {
        status: sum(item.status == status for item in report.items) for status in ("FAIL", "WARN", "UNKNOWN", "PASS")
    }
    tiles = [tag("span", badge(status.lower()), tag("b", str(n)), class_="tile") for status, n in counts.items()]
    tone = "rejected" if report.colour == "RED" else "accepted"
    return join(
        tag("p", "Understudy: operations report", class_="kicker"),
        tag("h1", f"{report.period}: {report.colour}"),
        tag(
            "p", f"Made {report.made} from the audit log, the requests and the run behind the models.", class_="summary"
        ),
        tag(
            "div",
            tag("p", _badge(report.colour), " ", tag("strong", _HEADLINES[report.colour]), class_="headline"),
            tag("div", *tiles, class_="tiles"),
            class_=f"verdict {tone}",
        ),
    )


def _attention(report: OpsReport) -> list[Markup]:
    if not report.attention_required:
        return [tag("p", "Nothing.")]
    items = {result.item.id: result for result in report.items}
    return [_finding(finding, items) for finding in report.attention_required]


def _finding(finding: Finding, items: Mapping[str, ItemResult]) -> Markup:
    unknown = finding.id.startswith("unknown:")  # its cause says already what there is to say of its items
    measured = [f"{item}: {said(items[item])}" for item in finding.items if item in items and not unknown]
    rows = [
        ("Since", finding.since),
        ("Likely cause", finding.likely_cause),
        ("Do first", finding.suggested_action),
        *(("Measured", line) for line in measured),
        ("Evidence", "; ".join(_ref(evidence) for evidence in finding.evidence[:4])),
    ]
    tone = "unknown" if unknown else "warn" if finding.severity == "minor" else "fail"
    mark = tag("span", "not known" if unknown else finding.severity, class_=f"badge {tone}")
    return tag(
        "article",
        tag("h3", mark, " ", finding.title),
        tag(
            "table",
            tag(
                "tbody",
                *(
                    tag("tr", tag("th", name, scope="row", style="width: 120px"), tag("td", text))
                    for name, text in rows
                ),
            ),
        ),
        style="margin-bottom: 26px",
    )


def _checkpoints(report: OpsReport) -> Markup:
    rows = [
        tag("tr", tag("th", name.capitalize(), scope="row"), tag("td", _badge(colour)), tag("td", _CHECKPOINTS[name]))
        for name, colour in report.checkpoints.items()
    ]
    return _table(("Checkpoint", "Today", "Question"), rows)


def _incident(incident: Incident) -> Markup:
    return tag(
        "article",
        tag("h3", f"{incident.severity}: {incident.title}"),
        tag("p", f"Opened {incident.opened}, due {incident.due}.", class_="summary"),
        tag("pre", incident.text, style="white-space: pre-wrap"),
    )


def _action(action: Mapping[str, object]) -> Markup:
    done = str(action.get("done", ""))
    # Of a place on a disk the last two parts say enough, and are the same on every machine.
    where = "/".join(done.split("/")[-2:]) if done.startswith(("/", "file://")) else done
    name = str(action.get("action", "")).replace("_", " ")
    return tag("li", tag("strong", name), f" for {action.get('rule')} ({action.get('target')}): {where}")


def _plots(series: Series) -> list[Markup]:
    return [_plot(title, points) for title, points in series.items() if len(points) > 1]


def _plot(title: str, points: Sequence[tuple[str, float]]) -> Markup:
    values = [value for _, value in points]
    low, high = min(0.0, *values), max(values) or 1.0
    frame = Frame((0, len(points) - 1), (low, high + (high - low) * 0.08 or 1.0), width=340, height=190)
    line = " ".join(f"{frame.px(i):.1f},{frame.py(value):.1f}" for i, value in enumerate(values))
    drawn = tag("polyline", points=line, fill="none", stroke="currentColor", stroke_width="1.8")
    label = f"{title}, {points[0][0]} to {points[-1][0]}: from {number(values[0])} to {number(values[-1])}"
    picture = frame.svg(frame.axes(f"days from {points[0][0]}", ""), drawn, label=label)
    return tag("figure", tag("figcaption", title), picture)


def _checklist(items: Sequence[ItemResult]) -> list[Markup]:
    made = []
    for part, title in PARTS.items():
        rows = [_item(result) for result in items if result.item.part == part]
        made.append(tag("h3", f"{part}: {title}"))
        made.append(_table(("Item", "Status", "Measured", "Bounds", "Rests on"), rows))
    return made


def _item(result: ItemResult) -> Markup:
    item, measured = result.item, result.measurement
    value = measured.why if measured.value is None else _value(result)
    owner = item.owner + (f"; {item.regulation}" if item.regulation else "")
    return tag(
        "tr",
        tag("th", f"{item.id} {item.title}", tag("small", owner), scope="row"),
        tag("td", badge(result.status.lower())),
        tag("td", value, _interval(measured)),
        tag("td", bounds(item)),
        tag("td", "; ".join(_ref(evidence) for evidence in measured.evidence[:3]) or "-"),
    )


def _value(result: ItemResult) -> str:
    if result.item.direction == "present":
        return "yes" if result.measurement.value == 1 else "no"
    return f"{number(result.measurement.value)} {result.measurement.unit}".strip()


def _interval(measured: Measurement) -> Markup | None:
    told = []
    if measured.low is not None and measured.high is not None:
        told.append(f"{measured.interval or '95 % interval'} {number(measured.low)} to {number(measured.high)}")
    if measured.n is not None:
        told.append(f"n = {measured.n:,}")
    return tag("small", ", ".join(told)) if told else None


def _measurements(measurements: Sequence[Measurement]) -> Markup:
    rows = [
        tag(
            "tr",
            tag("th", one.name, scope="row"),
            tag("td", one.why if one.value is None else f"{number(one.value)} {one.unit}".strip(), _interval(one)),
            tag("td", "; ".join(_ref(evidence) for evidence in one.evidence[:2]) or "-"),
        )
        for one in measurements
    ]
    return _table(("Measurement", "Value", "Rests on"), rows)


def _table(head: Sequence[str], rows: Sequence[Markup]) -> Markup:
    titles = tag("thead", tag("tr", *(tag("th", title, scope="col") for title in head)))
    return tag("div", tag("table", titles, tag("tbody", *rows)), class_="scroll")


def _badge(colour: Colour) -> Markup:
    return tag("span", colour, class_=f"badge {_SHOWN[colour]}")


def _ref(evidence: Evidence) -> str:
    digest = f" ({evidence.sha256[:8]})" if evidence.sha256 else ""
    return f"{evidence.kind} {evidence.ref}{digest}"
