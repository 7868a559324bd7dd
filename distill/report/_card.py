"""The model card: purpose, data, measurements, outcome and limits in Markdown (Mitchell et al., 2019)."""

from __future__ import annotations

from collections.abc import Sequence

from distill.report._data import disjointness, labelling, leakage_line
from distill.report._facts import ReportDocument
from distill.report._overview import ranking_sentence, served_sentence, verdict_words
from distill.report._words import (
    GATES,
    LAYERS,
    MODELS,
    STATUS_ORDER,
    headline_metric,
    measures_by_model,
    metric_title,
    number,
)
from understudy.contracts.gates import Measure, TaskReport

__all__ = ["model_card"]


def model_card(document: ReportDocument) -> str:
    """The whole card. Every figure comes from the report; what was not measured is said to be unknown."""
    facts, report = document.dataset, document.gates
    word, rest = verdict_words(report)
    sections = {
        "Purpose": _PURPOSE,
        "Outcome": f"**{word}**{rest}\n\n{served_sentence(report)}",
        "Data": _data(document),
        "Results": f"{_results(document)}\n\nHeld-out test rows; {100 * report.config.confidence:g} % bootstrap "
        "intervals in brackets. Bold: the model that serves the task.",
        "Gates": f"{_gates(report.tasks)}\n\n{_not_passed(report.tasks)}\n\n{ranking_sentence(report)}",
        "What was tried": _tried(report.tasks),
        "Limits": _limits(document),
    }
    body = "\n\n".join(f"## {title}\n\n{text}" for title, text in sections.items())
    return f"# Model card: {facts.title}\n\n{body}\n"


_PURPOSE = """Scores by which a bank ranks its products for one customer, and from which it explains the ranking. Each
task has two LightGBM students, one distilled from a deep multi-task teacher and one trained directly; rules speak
where neither may. The scores do not decide on credit, and suitability rules stand between them and any
recommendation."""


def _data(document: ReportDocument) -> str:
    facts = document.dataset
    rows = [f"| {split} | {count:,} |" for split, count in facts.rows.items()]
    tiers = ", ".join(f"{count} {tier}" for tier, count in facts.features.items())
    lines = [
        f"{facts.title}. {facts.description}".strip(),
        "",
        "| split | rows |",
        "|---|---:|",
        *rows,
        "",
        f"- Splits: {disjointness(facts)}",
        f"- Soft labels: {labelling(document.soft_labels)}",
        f"- Features: {tiers}.",
        f"- Protected attributes: {', '.join(facts.protected) or 'none named'}.",
        f"- Leakage gate: {leakage_line(document.leakage)}",
        f"- Seed {facts.seed}, data fingerprint `{facts.fingerprint}`.",
    ]
    return "\n".join(lines)


def _results(document: ReportDocument) -> str:
    models = ["prior", "direct", "distilled", "teacher"]
    if any(task.ceiling for task in document.gates.tasks):
        models.append("ceiling")
    head = ["task", "metric", *(MODELS[m] for m in models), "served by"]
    rows = [_result(task, models) for task in document.gates.tasks]
    return _table(head, rows)


def _result(task: TaskReport, models: Sequence[str]) -> list[str]:
    name = headline_metric(task)
    scores = measures_by_model(task)
    cells = []
    for model in models:
        found = next((m for m in scores.get(model, []) if m.name == name), None)
        cells.append(f"**{_said(found)}**" if model == task.layer else _said(found))
    return [task.task, metric_title(name) if name else "unknown", *cells, LAYERS[task.layer]]


def _said(measure: Measure | None) -> str:
    if measure is None or measure.value is None:
        return "unknown"
    if measure.low is None or measure.high is None or measure.low == measure.high:
        return number(measure.value)
    return f"{number(measure.value)} [{number(measure.low)}, {number(measure.high)}]"


def _gates(tasks: Sequence[TaskReport]) -> str:
    rows = []
    for task in tasks:
        status: dict[str, str] = {gate.gate: gate.status for gate in task.gates}
        rows.append([task.task, *(status.get(gate, "unknown") for gate in GATES)])
    return _table(["task", *GATES], rows)


def _not_passed(tasks: Sequence[TaskReport]) -> str:
    found = [(gate, task.task) for task in tasks for gate in task.gates if gate.status != "pass"]
    found.sort(key=lambda item: STATUS_ORDER.index(item[0].status))
    lines = [f"- **{gate.status}** {task}, {gate.gate}: {gate.reason}" for gate, task in found]
    return "\n".join(lines) or "Every gate of every task passed."


def _tried(tasks: Sequence[TaskReport]) -> str:
    fitted = sum(len(task.tried) for task in tasks)
    lines = [
        f"{fitted} students were fitted; `report.json` lists them all (`gates.tasks[].tried`) with what the validation "
        "rows said of each.",
        "Chosen per task on the validation rows, the share of the teacher (alpha) 0 included:",
        "",
    ]
    for task in tasks:
        choices = ", ".join(f"{name} {value}" for name, value in sorted(task.choices.items()))
        lines.append(f"- {task.task}: {choices or 'not recorded'}")
    return "\n".join(lines)


def _limits(document: ReportDocument) -> str:
    facts, report = document.dataset, document.gates
    unknown = sorted(
        {f"{task.task} ({gate.gate})" for task in report.tasks for gate in task.gates if gate.status == "unknown"}
    )
    lines = [
        f"- Measured once, on the {facts.rows['test']:,} test rows of this data set; other customers or another time "
        "may differ. Compare serving traffic with the reference bins of `psi.json`.",
        "- A contribution says what moved a model's score, not what causes the outcome.",
        f"- Groups with fewer than {report.config.fairness_min_rows} test rows are not judged for fairness.",
    ]
    if not facts.protected:
        lines.append("- The data names no protected attribute: fairness is unknown.")
    if unknown:
        lines.append(f"- Not measured: {', '.join(unknown)}.")
    return "\n".join(lines)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)
