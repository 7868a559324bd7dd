"""Print an answer and a gate report as a person would want to read them."""

from __future__ import annotations

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from understudy.contracts.api import RecommendationResponse
from understudy.contracts.catalog import Catalog, Driver
from understudy.contracts.gates import GateReport, Measure, TaskReport
from understudy.contracts.manifest import Manifest

__all__ = ["show_answer", "show_gates", "show_trace"]

MARKS = {"pass": "[green]pass[/]", "warn": "[yellow]warn[/]", "fail": "[red]fail[/]", "unknown": "[magenta]unknown[/]"}


def show_gates(console: Console, report: GateReport) -> None:
    """One row per task: the scores on the test rows, the gates, and the layer that serves."""
    table = Table(
        title=f"Test rows of {report.dataset}: {report.rows['test']:,} never seen in training", title_justify="left"
    )
    table.add_column("task")
    table.add_column("metric")
    for who in ("teacher", "distilled", "direct", "prior"):
        table.add_column(who, justify="right")
    table.add_column("gates")
    table.add_column("served by")
    for task in report.tasks:
        primary = _primary(task)
        cells = [_measure(task, who, primary) for who in ("teacher", "distilled", "direct", "prior")]
        gates = " ".join(f"{gate.gate}:{MARKS[gate.status]}" for gate in task.gates if gate.status != "pass")
        table.add_row(task.task, primary, *cells, gates or MARKS["pass"], task.layer)
    console.print(table)
    verdict = "[green]accepted[/]" if report.accepted else "[red]rejected[/]"
    console.print(f"Gates: {verdict}. {report.reason}")


def show_answer(console: Console, answer: RecommendationResponse) -> None:
    """The recommendation as a branch employee would read it out."""
    if not answer.recommendations:
        console.print(Panel("No product may be recommended; see why below.", title="Recommendation"))
    for item in answer.recommendations:
        lines = [Text(item.reason.text or "(no reason may be told)", style="bold")]
        if item.reason.disclosure:
            lines.append(Text(item.reason.disclosure, style="dim"))
        tier = {1: "delivered", 2: "delivered, queued for a person's review", 3: "withheld until a person decides"}
        lines.append(Text(f"review tier {item.review_tier}: {tier[item.review_tier]}", style="dim"))
        title = f"{item.rank}. {item.name}   score {item.score:.3f}"
        console.print(Panel(Group(*lines), title=title, title_align="left"))
    if answer.dropped:
        reasons: dict[str, list[str]] = {}
        for drop in answer.dropped:
            reasons.setdefault(drop.reason, []).append(drop.product_id)
        console.print("Not recommended: " + "; ".join(f"{', '.join(ids)} ({why})" for why, ids in reasons.items()))
    console.print(Text(answer.ai_disclosure, style="italic dim"))


def show_trace(console: Console, answer: RecommendationResponse, manifest: Manifest, catalog: Catalog) -> None:
    """Where every number of the answer comes from."""
    if not answer.recommendations:
        return
    top = answer.recommendations[0]
    drivers = next(product for product in catalog.products if product.id == top.product_id).drivers
    table = Table(title=f"Trace of '{top.name}', score {top.score:.6f}", title_justify="left")
    for column in ("number", "value", "comes from"):
        table.add_column(column)
    total = sum(driver.weight for driver in drivers)
    for driver in drivers:
        table.add_row(*_driver_row(driver, total, answer, manifest))
    recomputed = sum(driver.weight * _score(driver, answer) for driver in drivers) / total
    table.add_row("sum", f"{recomputed:.6f}", "weights from the bundle's catalog.json; equals the score above")
    for fact in top.reason.facts:
        for feature, value in fact.features.items():
            table.add_row(
                f"fact {fact.key}", f"{feature} = {value}", f"feature record, {fact.share:.1%} of the contributions"
            )
    table.add_row(
        "audit entry", f"writer {answer.audit.writer}, seq {answer.audit.seq}", f"mac {answer.audit.mac[:16]}..."
    )
    console.print(table)


def _driver_row(
    driver: Driver, total: float, answer: RecommendationResponse, manifest: Manifest
) -> tuple[str, str, str]:
    task = next(task for task in manifest.tasks if task.name == driver.task)
    spoken = answer.tasks[driver.task].layer
    ref = {"distilled": task.distilled, "direct": task.direct, "rules": None}[spoken]
    source = f"{ref.path} ({ref.trees} trees)" if ref else "rules.json"
    gates = sorted(task.teacher_gates.items(), key=lambda item: -item[1])[:2]
    teacher = ", ".join(f"{share:.0%} {expert}" for expert, share in gates) if spoken == "distilled" else ""
    label = f"{driver.task}:{driver.class_name}" if driver.class_name else driver.task
    sign = "1 - " if driver.complement else ""
    return (
        f"{driver.weight / total:.3f} x {sign}{label}",
        f"{_score(driver, answer):.6f}",
        f"layer {spoken}, {source}" + (f"; its teacher's gates: {teacher}" if teacher else ""),
    )


def _score(driver: Driver, answer: RecommendationResponse) -> float:
    score = answer.tasks[driver.task]
    value = (score.classes or {})[driver.class_name] if driver.class_name else score.value
    if value is None:
        raise ValueError(f"the answer has no score for {driver.task}")
    return 1 - value if driver.complement else value


def _primary(task: TaskReport) -> str:
    preferred = {"binary": "auc", "multiclass": "macro_f1", "regression": "r2"}[task.type]
    names = [measure.name for measure in task.scores.get("teacher", [])]
    return preferred if preferred in names else names[0]


def _measure(task: TaskReport, who: str, name: str) -> str:
    found: list[Measure] = [m for m in task.scores.get(who, []) if m.name == name]  # type: ignore[call-overload]
    if not found or found[0].value is None:
        return "unknown"
    measure = found[0]
    if measure.low is None or measure.high is None:
        return f"{measure.value:.4f}"
    return f"{measure.value:.4f} ±{(measure.high - measure.low) / 2:.4f}"
