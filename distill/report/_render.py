"""Render and write the report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from distill.report._card import model_card
from distill.report._facts import report_document
from distill.report._page import page
from distill.report._views import task_view
from understudy.atomic import canonical_json, write_bytes
from understudy.contracts.gates import GateReport

if TYPE_CHECKING:
    from distill.soft_labels import SoftLabels
    from distill.students import StudentPair
    from teacher.datasets.dataset import Dataset

__all__ = ["render_report", "write_report"]


def render_report(
    dataset: Dataset,
    soft: SoftLabels,
    students: Mapping[str, StudentPair],
    report: GateReport,
) -> dict[str, bytes]:
    """``report.json`` (a `ReportDocument`), ``report.html`` and ``model_card.md``; equal inputs give equal bytes.

    Args:
        dataset: The data; its test rows are plotted.
        soft: The teacher's predictions and gate weights.
        students: Task -> its two students.
        report: What the gates said.
    """
    document = report_document(dataset, soft, report)
    views = [task_view(dataset, soft, students[task.task], task) for task in report.tasks]
    return {
        "report.json": canonical_json(document.model_dump(mode="json")),
        "report.html": page(document, views).encode(),
        "model_card.md": model_card(document).encode(),
    }


def write_report(
    dataset: Dataset,
    soft: SoftLabels,
    students: Mapping[str, StudentPair],
    report: GateReport,
    out: Path,
) -> None:
    """Write what `render_report` gives into the folder ``out``, each file in one rename."""
    for name, data in render_report(dataset, soft, students, report).items():
        write_bytes(out / name, data)
        (out / name).chmod(0o644)
