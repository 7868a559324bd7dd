"""How statuses, gates, metrics and numbers are said."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from understudy.contracts.gates import GateResult, Measure, TaskReport
from understudy.page.document import STATUS_ORDER, badge
from understudy.page.markup import Markup, join, tag

__all__ = [
    "GATES",
    "LAYERS",
    "MODELS",
    "STATUS_ORDER",
    "badge",
    "breakable",
    "headline_metric",
    "interval",
    "measures_by_model",
    "metric_title",
    "number",
    "spoken",
    "task_link",
    "worst",
]

GATES = {
    "skill": "Is the teacher worth copying?",
    "fidelity": "Does the student compute the teacher's function?",
    "quality": "Is the student good against the truth?",
    "benefit": "Is distilling better than training directly?",
    "fairness": "Is no group served worse?",
    "bypass": "Does the student beat its teacher beyond noise?",
}
LAYERS = {"distilled": "Distilled student", "direct": "Direct student", "rules": "Rules"}
MODELS = {"prior": "Prior", "direct": "Direct", "distilled": "Distilled", "teacher": "Teacher", "ceiling": "Ceiling"}
# The metric that stands for a task in tables, best choice first.
_HEADLINE = {
    "binary": ("auc", "log_loss", "brier"),
    "multiclass": ("macro_f1", "accuracy", "log_loss"),
    "regression": ("r2", "rmse", "mae"),
}
_TITLES = {
    "auc": "AUC",
    "f1": "F1",
    "ece": "ECE",
    "r2": "R²",
    "mae": "MAE",
    "rmse": "RMSE",
    "kl": "KL",
    "jsd": "JSD",
    "di": "disparate impact",
    "spd": "parity difference",
    "eod": "equal opportunity difference",
    "spearman": "Spearman",
}


def breakable(name: str) -> Markup:
    """An identifier that may break after an underscore, and nowhere else."""
    *rest, last = name.split("_")
    return join(*(join(f"{part}_", tag("wbr")) for part in rest), last)


def task_link(task: str) -> Markup:
    """A link to the task's detail."""
    return tag("a", breakable(task), href=f"#task-{task}")


def worst(statuses: Iterable[str]) -> str:
    """The worst of ``statuses``; no status at all is unknown."""
    return min(statuses, key=STATUS_ORDER.index, default="unknown")


def metric_title(name: str) -> str:
    """A metric's name for people: ``macro_f1_drop`` is "macro F1 drop"."""
    return " ".join(_TITLES.get(part, part) for part in name.split("_"))


def spoken(text: str, gates: Sequence[GateResult]) -> str:
    """``text`` with the metric names of ``gates`` replaced by their titles (``teacher_auc`` is "teacher AUC")."""
    titles = {m.name: _spoken_title(m.name) for gate in gates for m in gate.measures}
    if not titles:
        return text
    # Longest first, so that no name is found inside another.
    names = "|".join(re.escape(name) for name in sorted(titles, key=len, reverse=True))
    return re.sub(rf"(?<![\w\[])(?:{names})(?![\w\[])", lambda match: titles[match[0]], text)


def _spoken_title(name: str) -> str:
    metric, bracket, group = name.partition("[")
    return f"{metric_title(metric)} of {group.removesuffix(']')}" if bracket else metric_title(name)


def headline_metric(report: TaskReport) -> str | None:
    """The first metric of the task type's preference that any model has a value for."""
    measured = {m.name for measures in report.scores.values() for m in measures if m.value is not None}
    return next((name for name in _HEADLINE[report.type] if name in measured), next(iter(sorted(measured)), None))


def measures_by_model(report: TaskReport) -> dict[str, Sequence[Measure]]:
    """Model, the ceiling among them, -> its measures on the test rows; in the order of `MODELS`."""
    found: dict[str, Sequence[Measure]] = {str(model): measures for model, measures in report.scores.items()}
    found["ceiling"] = report.ceiling
    return {model: found[model] for model in MODELS if found.get(model)}


def number(value: float | None) -> str:
    """Three decimals for what lies between 0.01 and 10, more for less, fewer for more; unknown is a dash."""
    if value is None:
        return "—"
    size = abs(value)
    if size >= 1000:
        return f"{value:,.0f}"
    if size >= 10:
        return f"{value:.1f}"
    if size >= 0.01 or size == 0:
        return f"{value:.3f}"
    return f"{value:.4f}" if size >= 0.00005 else "0.0000"


def interval(measure: Measure | None) -> Markup:
    """The value and, below it, its interval."""
    if measure is None or measure.value is None:
        return tag("span", "—", class_="value", title=measure.note if measure and measure.note else None)
    value = tag("span", number(measure.value), class_="value")
    # A model without features has the same score in every replicate.
    if measure.low is None or measure.high is None or measure.low == measure.high:
        return value
    return join(value, " ", tag("span", f"{number(measure.low)} – {number(measure.high)}", class_="range"))
