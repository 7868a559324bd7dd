"""Show an evaluation of reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from agents.evaluation.report import Evaluation

__all__ = ["show_evaluation"]


def show_evaluation(console: Console, report: Evaluation) -> None:
    """One row per language and writer, then what failed."""
    table = Table("language", "model", "reasons", "by model", "refused", "faithful", "grounded", "compliant")
    for name in ("readable", "quality", "lowest", "different", "distance", "same again", "stable"):
        table.add_column(name)
    for s in report.sections:
        q = s.quality
        measures = [
            float(getattr(q, n)) if q else None
            for n in ("faithfulness", "grounding", "compliance", "readability", "total")
        ]
        spread = [s.lowest, s.diversity.different, s.diversity.distance, s.same_again, s.stable]
        counts = [str(s.reasons), str(s.by_model), str(s.refused)]
        table.add_row(s.locale, s.writer, *counts, *(_figure(value) for value in [*measures, *spread]))
    console.print(table)
    for s in report.sections:
        if s.judged is not None and s.writer != "off":
            told = f"{s.judged.passed} passed, {s.judged.refused} refused, {s.judged.without} without a judgement"
            console.print(f"judge, {s.locale}, model {s.writer}: of what the gate passed, {told}")
    records, leaks = report.adversarial_records, report.adversarial_leaks
    console.print(f"{report.customers} customers; {records} adversarial records, {len(leaks)} unsafe.")
    for bar in report.bars():
        if not bar.met:
            console.print(f"not met: {bar.name}: {_figure(bar.value)}, wanted {bar.at_least:g}", markup=False)
    for leak in [*leaks, *report.hostile_delivered]:
        console.print(f"  {leak}", markup=False)
    console.print("passed" if report.passed else "failed")


def _figure(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"
