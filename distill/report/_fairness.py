"""Fairness over all tasks: the worst first, then every measurement by group."""

from __future__ import annotations

from collections.abc import Sequence

from distill.report._markup import Markup, join, tag
from distill.report._words import STATUS_ORDER, badge, interval, metric_title, task_link
from understudy.contracts.gates import GateReport, GateResult, Measure

__all__ = ["fairness_section"]


def fairness_section(report: GateReport) -> Markup:
    """One row per task and measurement of its fairness gate."""
    found = [(task.task, gate) for task in report.tasks for gate in task.gates if gate.gate == "fairness"]
    if not found:
        return tag("p", "Fairness was not measured: it is unknown, which is no pass.")
    found.sort(key=lambda item: STATUS_ORDER.index(item[1].status))
    head = ("Task", "Outcome", "Group", "Measure", "Value", "Rows", "Note")
    return join(
        tag("p", f"Each group needs at least {report.config.fairness_min_rows} test rows to be judged."),
        tag(
            "div",
            tag(
                "table",
                tag("thead", tag("tr", *(tag("th", text, scope="col") for text in head))),
                *(_rows(task, gate) for task, gate in found),
                class_="fairness",
            ),
            class_="scroll",
        ),
    )


def _rows(task: str, gate: GateResult) -> Markup:
    link = tag("th", task_link(task), scope="rowgroup", rowspan=max(1, len(gate.measures)))
    outcome = tag("td", badge(gate.status), tag("small", gate.reason), rowspan=max(1, len(gate.measures)))
    if not gate.measures:
        return tag("tbody", tag("tr", link, outcome, tag("td", "nothing measured", colspan=5)))
    rows = [
        tag("tr", *((link, outcome) if i == 0 else ()), *_cells(measure)) for i, measure in enumerate(gate.measures)
    ]
    return tag("tbody", *rows)


def _cells(measure: Measure) -> Sequence[Markup]:
    metric, _, group = measure.name.partition(" ")
    return (
        tag("td", group or "all"),
        tag("td", metric_title(metric)),
        tag("td", interval(measure), class_="number"),
        tag("td", f"{measure.rows:,}", class_="number"),
        tag("td", measure.note),
    )
