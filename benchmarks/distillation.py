"""Distillation: what each task's students are worth, what they cost beside plain LightGBM, and how that grows.

    python benchmarks/distillation.py [--dataset finsynth] [--customers 20000] [--seed 7] [--quick]
        [--repeats 2] [--growth 100000 1000000]

Runs the one path up to the gates under ``runs/distillation`` (a run that is there is only read), prints two tables and
writes ``benchmarks/results/distillation.json``. All figures of quality are of test rows, with bootstrap intervals.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from _machine import machine, one_line
from _student_cost import grow, measure_costs, peak_bytes

from distill.pipeline import Pipeline, RunConfig
from understudy.atomic import write_json
from understudy.contracts.gates import GateReport, Measure, TaskReport
from understudy.progress import LogProgress, Silent

ROOT = Path(__file__).resolve().parent.parent
HEADLINE = {"binary": "auc", "multiclass": "macro_f1", "regression": "r2"}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run, print, write."""
    asked = _parse(arguments)
    pipeline = _pipeline(asked)
    if asked.rows:
        print(json.dumps(grow(pipeline.dataset, pipeline.soft, pipeline.students, pipeline.distill_config, asked.rows)))
        return
    report = pipeline.report
    costs = measure_costs(pipeline.dataset, pipeline.soft, pipeline.students, pipeline.distill_config, asked.repeats)
    figures: dict[str, Any] = {
        "machine": machine(),
        "run": pipeline.config.model_dump(mode="json"),
        "report": report.model_dump(mode="json"),
        "seconds": costs,
        "peak_bytes": peak_bytes(),
        "growth": [_child(asked, rows) for rows in asked.growth],
    }
    results = json.loads(asked.results.read_bytes()) if asked.results.exists() else {}
    write_json(asked.results, results | {f"{asked.dataset}/{asked.seed}": figures})
    print("\n".join([*quality_table(report), "", *cost_table(figures), "", one_line(figures["machine"])]))


def quality_table(report: GateReport) -> list[str]:
    """A row per task: the three models, the copy's fidelity, its calibration, the group it serves worst."""
    head = ["task", "metric", "teacher", "distilled", "direct", "agreement", "KL", "Spearman", "ECE", "worst group KL"]
    lines = [f"| {' | '.join([*head, 'served'])} |", f"|{' --- |' * (len(head) + 1)}"]
    for task in report.tasks:
        metric = HEADLINE[task.type]
        models = [_show(_score(task, model, metric)) for model in ("teacher", "distilled", "direct")]
        gates = {measure.name: measure for gate in task.gates for measure in gate.measures}
        agreement = gates.get("agreement") or gates.get("quartile_agreement")
        copy = [_show(agreement), _show(gates.get("kl")), _show(gates.get("spearman"))]
        ece = _show(_score(task, "distilled", "ece"))
        cells = [task.task, metric, *models, *copy, ece, _worst(task), task.layer]
        lines.append(f"| {' | '.join(cells)} |")
    order = report.ranking
    said = ", ".join(f"{m.name} {_show(m)}" for m in order.measures) if order else "unknown"
    return [*lines, "", f"Product order: {said}. {report.reason}."]


def cost_table(figures: dict[str, Any]) -> list[str]:
    """Seconds beside the naive loop, then the growth."""
    seconds = {name: median(values) for name, values in figures["seconds"].items()}
    lines = ["| work | seconds | ratio to the naive loop |", "| --- | ---: | ---: |"]
    lines += [f"| {name} | {value:.1f} | {value / seconds['naive']:.2f} |" for name, value in seconds.items()]
    lines += ["", "| rows | seconds | peak GB |", "| ---: | ---: | ---: |"]
    lines += [f"| {g['rows']:,} | {g['seconds']:.1f} | {g['peak_bytes'] / 1e9:.2f} |" for g in figures["growth"]]
    return [*lines, "", f"Peak memory of this run {figures['peak_bytes'] / 1e9:.2f} GB."]


def _score(task: TaskReport, model: Any, name: str) -> Measure | None:
    return next((measure for measure in task.scores[model] if measure.name == name), None)


def _worst(task: TaskReport) -> str:
    found = [m for gate in task.gates for m in gate.measures if m.name.startswith("kl_ratio[") and m.value is not None]
    worst = max(found, key=lambda measure: measure.value or 0.0, default=None)
    return "-" if worst is None else f"{_show(worst)} {worst.name[9:-1]}"


def _show(measure: Measure | None) -> str:
    if measure is None or measure.value is None:
        return "-"
    low, high = measure.low, measure.high
    return f"{measure.value:.3f}" + ("" if low is None or high is None else f" ({low:.3f} to {high:.3f})")


def _pipeline(asked: argparse.Namespace) -> Pipeline:
    data = os.environ.get("UNDERSTUDY_DATA")
    config = RunConfig(
        dataset=asked.dataset,
        seed=asked.seed,
        customers=asked.customers,
        preset="quick" if asked.quick else "standard",
        on_fidelity_failure="fallback",
    )
    name = f"{asked.dataset}-{asked.customers or 'all'}-{config.preset}-{asked.seed}"
    progress = Silent() if asked.rows else LogProgress()
    return Pipeline(config, ROOT / "runs" / "distillation" / name, Path(data) if data else None, progress)


def _child(asked: argparse.Namespace, rows: int) -> dict[str, float]:
    """In a process of its own: peak memory only ever rises."""
    command = [sys.executable, __file__, "--dataset", asked.dataset, "--seed", str(asked.seed), "--rows", str(rows)]
    command += ["--customers", str(asked.customers)] if asked.customers else []
    command += ["--quick"] if asked.quick else []
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="finsynth")
    parser.add_argument("--customers", type=int, default=None)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--growth", type=int, nargs="*", default=[100_000, 1_000_000])
    parser.add_argument("--rows", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "distillation.json")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
