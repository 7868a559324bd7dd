"""The detail of one task: its gates with thresholds and measurements, scores, pictures, choices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from distill.report._markup import Markup, join, tag
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
    metric_title,
    number,
    worst,
)
from understudy.contracts.gates import GateResult, Measure, TaskReport

__all__ = ["task_section"]


def task_section(view: TaskView, *, first: bool) -> Markup:
    """Everything about one task; all but the first start a new page in print."""
    report = view.report
    return tag(
        "section",
        _title(view),
        tag("p", tag("b", f"{LAYERS[report.layer]} serves"), ": ", report.layer_reason, class_="lead"),
        tag("div", _gate_table(report.gates), class_="scroll"),
        tag("div", *_figures(view), class_="figures"),
        tag("div", _score_table(report), class_="scroll"),
        _choices(report.choices),
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
        tag("td", _measured(gate.measures), data_label="Measured"),
        tag("td", gate.threshold, data_label="Threshold"),
        tag("td", gate.reason, data_label="Reason"),
    )


def _measured(measures: Sequence[Measure]) -> Markup:
    """One line per measurement; groups have a table of their own in the fairness section."""
    overall = [m for m in measures if not is_group(m)]
    more = len(measures) - len(overall)
    lines = [tag("li", tag("span", metric_title(m.name), class_="metric"), tag("span", interval(m))) for m in overall]
    if more:
        lines.append(tag("li", tag("a", f"{more} group measurements", href="#fairness")))
    return tag("ul", *lines, class_="measures") if lines else tag("span", "nothing measured")


def is_group(measure: Measure) -> bool:
    """Whether the measure is about one group of a protected attribute (its name says ``attribute=group``)."""
    return "=" in measure.name


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
    columns: dict[str, Sequence[Measure]] = {m: v for m in MODELS for name, v in report.scores.items() if name == m}
    if report.ceiling:
        columns["ceiling"] = report.ceiling
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
    if not choices:
        return None
    rows = [
        tag("div", tag("dt", name.replace("_", " ")), tag("dd", _choice(value)))
        for name, value in sorted(choices.items())
    ]
    return tag("div", tag("h4", "Chosen on validation rows"), tag("dl", *rows), class_="choices")


def _choice(value: float | int | str) -> str:
    return value if isinstance(value, str) else f"{value:,}" if isinstance(value, int) else number(value)
