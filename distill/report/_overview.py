"""The first page: the verdict, what needs attention, the table of results, the matrix of gates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from distill.report._plots import interval_strip
from distill.report._views import TaskView
from distill.report._words import (
    GATES,
    LAYERS,
    MODELS,
    STATUS_ORDER,
    badge,
    headline_metric,
    interval,
    measures_by_model,
    metric_title,
    number,
    spoken,
    task_link,
)
from understudy.contracts.gates import GateReport, Layer, Measure, TaskReport
from understudy.page.markup import Markup, tag

__all__ = [
    "attention",
    "gate_matrix",
    "ranking_sentence",
    "result_table",
    "served_sentence",
    "verdict",
    "verdict_words",
]


def served_sentence(report: GateReport) -> str:
    """How many tasks each layer serves, in words."""
    counts = Counter(task.layer for task in report.tasks)
    names: dict[Layer, str] = {"distilled": "distilled students", "direct": "direct students", "rules": "rules"}
    parts = [f"{name} serve {counts[layer]}" for layer, name in names.items() if counts[layer]]
    return (
        f"Of {len(report.tasks)} tasks, {' and '.join([', '.join(parts[:-1]), parts[-1]]) if parts[1:] else parts[0]}."
    )


def ranking_sentence(report: GateReport) -> str:
    """Whether customers are offered what the teacher would offer them."""
    found = report.ranking
    if found is None:
        return "Product order: unknown, it was not compared with the teacher's."
    values = ", ".join(f"{m.name} {number(m.value)} ({number(m.low)} – {number(m.high)})" for m in found.measures)
    return f"Product order against the teacher's, first {found.k}: {found.status}. {values or found.reason}."


def verdict(report: GateReport) -> Markup:
    """Accepted or rejected, and why, in one sentence."""
    word, rest = verdict_words(report)
    statuses: Counter[str] = Counter(gate.status for task in report.tasks for gate in task.gates)
    tiles = [
        tag("div", tag("b", str(statuses[status])), badge(status), class_="tile")
        for status in STATUS_ORDER
        if statuses[status] or status in ("fail", "pass")
    ]
    return tag(
        "section",
        tag("p", tag("strong", word), rest, class_="headline"),
        tag("p", served_sentence(report)),
        tag("p", ranking_sentence(report)),
        tag("div", *tiles, class_="tiles", role="group", aria_label="Gates by outcome"),
        class_=f"verdict {'accepted' if report.accepted else 'rejected'}",
    )


def verdict_words(report: GateReport) -> tuple[str, str]:
    """The verdict in one word, and the rest of the sentence."""
    reason = report.reason.strip()
    rest = f" {reason.removeprefix('rejected ')}" if reason.startswith("rejected ") else f": {reason}"
    return "Accepted" if report.accepted else "Rejected", rest if rest.endswith((".", "!", "?")) else f"{rest}."


def attention(report: GateReport) -> Markup:
    """Every gate that did not pass, worst first, with its reason."""
    found = [(gate, task) for task in report.tasks for gate in task.gates if gate.status != "pass"]
    found.sort(key=lambda item: STATUS_ORDER.index(item[0].status))
    if not found:
        return tag("p", "Every gate of every task passed.")
    return tag(
        "ul",
        *(
            tag(
                "li",
                badge(gate.status),
                " ",
                task_link(task.task),
                tag("span", gate.gate, class_="gate"),
                tag("span", spoken(gate.reason, [gate]), class_="why"),
            )
            for gate, task in found
        ),
        class_="attention",
    )


def result_table(views: Sequence[TaskView]) -> Markup:
    """Per task: each model's headline metric on the test rows with its interval, and the layer that serves it."""
    with_ceiling = any(view.report.ceiling for view in views)
    models = ["prior", "direct", "distilled", "teacher", *(["ceiling"] if with_ceiling else [])]
    head = [tag("th", text, scope="col") for text in ("Task", "Metric", *(MODELS[m] for m in models))]
    head += [tag("th", "Intervals", scope="col"), tag("th", "Served by", scope="col")]
    return tag(
        "table",
        tag("thead", tag("tr", *head)),
        tag("tbody", *(_result_row(view.report, models) for view in views)),
        class_="results cards",
    )


def _result_row(report: TaskReport, models: Sequence[str]) -> Markup:
    name = headline_metric(report)
    measures = {model: _find(measures_by_model(report).get(model, []), name) for model in models}
    ceiling = measures.get("ceiling")
    cells = [
        tag(
            "td",
            interval(measures[model]),
            class_="number served" if model == report.layer else "number",
            data_label=MODELS[model],
        )
        for model in models
    ]
    return tag(
        "tr",
        tag("th", task_link(report.task), tag("small", report.type), scope="row"),
        tag("td", metric_title(name) if name else "—", data_label="Metric"),
        *cells,
        tag("td", interval_strip(measures, ceiling.value if ceiling else None), class_="strip", data_label="Intervals"),
        tag(
            "td",
            LAYERS[report.layer],
            tag("small", _brief(report.layer_reason)),
            class_="layer",
            data_label="Served by",
        ),
    )


def _brief(reason: str) -> str:
    """A long reason up to its first figures; the task's detail has the whole."""
    return reason if len(reason) <= 64 else reason.partition(":")[0]


def _find(measures: Sequence[Measure], name: str | None) -> Measure | None:
    return next((measure for measure in measures if measure.name == name), None)


def gate_matrix(views: Sequence[TaskView]) -> Markup:
    """Tasks by gates: one word each."""
    head = [tag("th", "Task", scope="col"), *(tag("th", gate, scope="col", title=GATES[gate]) for gate in GATES)]
    return tag(
        "table",
        tag("thead", tag("tr", *head)),
        tag("tbody", *(_outcomes(view.report) for view in views)),
        class_="matrix",
    )


def _outcomes(report: TaskReport) -> Markup:
    status: dict[str, str] = {gate.gate: gate.status for gate in report.gates}
    cells = (tag("td", badge(status[gate]) if gate in status else "—", data_label=gate) for gate in GATES)
    return tag("tr", tag("th", task_link(report.task), scope="row"), *cells)
