"""The page: sections in the order in which a model-risk officer asks."""

from __future__ import annotations

from collections.abc import Sequence

from distill.report._data import data_section, summary_line, thresholds
from distill.report._facts import ReportDocument
from distill.report._fairness import fairness_section
from distill.report._overview import attention, gate_matrix, result_table, verdict
from distill.report._plots import legend
from distill.report._sign_off import sign_off
from distill.report._task import task_section
from distill.report._views import TaskView
from distill.report._words import STATUS_ORDER, worst
from understudy.page.document import document as document_page
from understudy.page.document import section
from understudy.page.markup import Markup, join, tag

__all__ = ["page"]


def page(document: ReportDocument, views: Sequence[TaskView]) -> str:
    """One self-contained HTML page: inline style, inline SVG, no script, nothing fetched."""
    title = f"Fidelity report: {document.dataset.title}"
    return document_page(title, _sections(document, views))


def _sections(document: ReportDocument, views: Sequence[TaskView]) -> list[Markup]:
    report = document.gates
    worst_first = sorted(views, key=lambda v: STATUS_ORDER.index(worst(gate.status for gate in v.report.gates)))
    level = f"{100 * report.config.confidence:g} %"
    results = join(
        tag(
            "p",
            f"Held-out test rows, {level} bootstrap intervals. The model that serves a task is set in bold. Prior is "
            "the training rate or mean, Direct learns from the hard labels alone, Distilled also from the teacher.",
        ),
        legend(ceiling=any(view.report.ceiling for view in views)),
        tag("div", result_table(views), class_="scroll"),
    )
    return [
        tag(
            "header",
            tag("p", "Fidelity report", class_="kicker"),
            tag("h1", document.dataset.title),
            summary_line(document.dataset),
        ),
        verdict(report),
        section("attention", "Needs attention", attention(report)),
        section("results", "Results per task", results),
        section("gates", "Gates", tag("div", gate_matrix(views), class_="scroll")),
        section(
            "tasks",
            "Tasks in detail",
            tag("p", "Tasks with failures come first."),
            *(task_section(view, first=view is worst_first[0]) for view in worst_first),
        ),
        section("fairness", "Fairness", fairness_section(report)),
        section("data", "Data and reproducibility", data_section(document)),
        section("thresholds", "Thresholds in force", thresholds(report.config)),
        section("sign-off", "Sign-off", sign_off(document)),
    ]
