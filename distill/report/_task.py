"""The detail of one task: its gates with thresholds and measurements, scores, pictures, choices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from distill.report._groups import group_measures
from distill.report._plots import gate_bars, hexagon_plot, legend, reliability_plot
from distill.report._views import TaskView
from distill.report._words import (
    GATES,
    LAYERS,
    MODELS,
    STATUS_ORDER,
    badge,
    breakable,
    interval,
    measures_by_model,
    metric_title,
    spoken,
    worst,
)
from understudy.contracts.gates import GateResult, TaskReport
from understudy.page.markup import Markup, join, tag

__all__ = ["task_section"]


def task_section(view: TaskView, *, first: bool) -> Markup:
    """Everything about one task; all but the first start a new page in print."""
    report = view.report
    return tag(
        "section",
        _title(view),
        tag(
            "p",
            tag("b", f"{LAYERS[report.layer]} {'serve' if report.layer == 'rules' else 'serves'}"),
            ": ",
            spoken(report.layer_reason, report.gates),
            class_="lead",
        ),
        tag("div", _gate_table(report.gates), class_="scroll"),
        tag("div", *_figures(view), class_="figures"),
        tag("div", _score_table(report), class_="scroll"),
        _choices(report.choices),
        _tried(report.tried),
        class_="task first" if first else "task",
        id=f"task-{report.task}",
    )


def _title(view: TaskView) -> Markup:
    title = view.spec.title
    classes = f", {len(view.spec.classes)} classes" if view.spec.classes else ""
    return tag(
        "h3",
        breakable(view.report.task),
        " ",
        badge(worst(gate.status for gate in view.report.gates)),
        tag(
            "small",
            join(title.en, " · ", tag("span", title.ko, lang="ko"), " · ") if title else None,
            f"{view.spec.type}{classes} · {view.report.rows_test:,} test rows",
        ),
    )


def _gate_table(gates: Sequence[GateResult]) -> Markup:
    ordered = sorted(gates, key=lambda gate: STATUS_ORDER.index(gate.status))
    head = ("Gate", "Outcome", "Measured on the test rows", "Threshold", "Reason")
    return tag(
        "table",
        tag("thead", tag("tr", *(tag("th", text, scope="col") for text in head))),
        tag("tbody", *(_gate_row(gate) for gate in ordered)),
        class_="gates cards",
    )


def _gate_row(gate: GateResult) -> Markup:
    return tag(
        "tr",
        tag("th", gate.gate, tag("small", GATES[gate.gate]), scope="row"),
        tag("td", badge(gate.status), data_label="Outcome"),
        tag("td", _measured(gate), data_label="Measured"),
        tag("td", spoken(gate.threshold, [gate]), data_label="Threshold"),
        tag("td", spoken(gate.reason, [gate]), data_label="Reason"),
    )


def _measured(gate: GateResult) -> Markup:
    """One line per measurement; groups have a table of their own in the fairness section."""
    groups = {found.measure.name for found in group_measures(gate)}
    lines = [
        tag("li", tag("span", metric_title(m.name), class_="metric"), tag("span", interval(m)))
        for m in gate.measures
        if m.name not in groups
    ]
    if groups:
        lines.append(tag("li", tag("a", f"{len(groups)} comparisons of groups", href="#fairness"), class_="whole"))
    return tag("ul", *lines, class_="measures") if lines else tag("span", "nothing measured")


def _figures(view: TaskView) -> list[Markup]:
    of = f"{view.plotted:,} of {view.of_rows:,}" if view.plotted < view.of_rows else f"{view.of_rows:,}"
    kind = view.spec.type
    axes = {
        "binary": ("Predicted probability", "Observed share"),
        "multiclass": ("Confidence in the predicted class", "Share correct"),
        "regression": ("Predicted mean", "Observed mean"),
    }[kind]
    what = " for the class the teacher prefers" if kind == "multiclass" else ""
    figures = [
        _figure(
            "Reliability",
            reliability_plot(view.curves, view.limits, axes),
            f"{of} test rows in ten groups of equal size; whiskers are 95 % intervals.",
            legend(),
        ),
        _figure(
            "Teacher against distilled student",
            hexagon_plot(view.cells, ("Teacher", "Distilled student")),
            f"{of} test rows{what}; darker is more rows (log scale); the outermost half per cent lies at the border.",
        ),
    ]
    if view.teacher_gates:
        caption = "Mean gate weight of the teacher's named experts over the validation rows."
        figures.append(_figure("The teacher's experts", gate_bars(view.teacher_gates), caption))
    return figures


def _figure(title: str, picture: Markup, caption: str, key: Markup | None = None) -> Markup:
    return tag("figure", tag("h4", title), picture, key, tag("figcaption", caption))


def _score_table(report: TaskReport) -> Markup:
    columns = measures_by_model(report)
    names = list(dict.fromkeys(measure.name for measures in columns.values() for measure in measures))
    head = [tag("th", "Test rows", scope="col"), *(tag("th", MODELS[m], scope="col") for m in columns)]
    rows = [
        tag(
            "tr",
            tag("th", metric_title(name), scope="row"),
            *(
                tag("td", interval(next((x for x in measures if x.name == name), None)), class_="number")
                for measures in columns.values()
            ),
        )
        for name in names
    ]
    return tag("table", tag("thead", tag("tr", *head)), tag("tbody", *rows), class_="scores")


def _choices(choices: Mapping[str, float | int | str]) -> Markup | None:
    """What validation chose for the two students, side by side."""
    names = [name for name in choices if not name.startswith("direct_")]
    if not names:
        return None
    head = [tag("th", "Chosen on validation rows", scope="col")]
    head += [tag("th", name.replace("_", " "), scope="col") for name in names]
    rows = [
        tag(
            "tr",
            tag("th", MODELS[model], scope="row"),
            *(tag("td", _choice(choices.get(f"{prefix}{name}")), class_="number") for name in names),
        )
        for model, prefix in (("distilled", ""), ("direct", "direct_"))
        if any(f"{prefix}{name}" in choices for name in names)
    ]
    return tag(
        "div", tag("table", tag("thead", tag("tr", *head)), tag("tbody", *rows), class_="choices"), class_="scroll"
    )


def _tried(tried: Sequence[Mapping[str, float | int | str]]) -> Markup | None:
    """Every student that was fitted on the way, those that were not chosen too."""
    if not tried:
        return None
    head = [tag("th", name.replace("_", " "), scope="col") for name in tried[0]]
    rows = [tag("tr", *(tag("td", _choice(value), class_="number") for value in one.values())) for one in tried]
    table = tag("table", tag("thead", tag("tr", *head)), tag("tbody", *rows), class_="choices")
    return tag(
        "details", tag("summary", f"All {len(tried)} students that were fitted"), tag("div", table, class_="scroll")
    )


def _choice(value: float | int | str | None) -> str:
    if value is None or isinstance(value, str):
        return value or "—"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
