"""Distillation: what each task's students are worth, what they cost beside plain LightGBM, and how that grows.

    python benchmarks/distillation.py [--dataset finsynth] [--customers 20000] [--seed 7] [--quick]
        [--pieces quality cost growth] [--repeats 2] [--growth 100000 300000 1000000]

``quality`` runs the one path up to the gates under ``runs/distillation`` (a run that is there is only read): teacher,
distilled and direct student, agreement, KL, Spearman, calibration error and worst group of every task, with bootstrap
intervals, and overlap@k and NDCG@k of the product order. ``cost`` times, in one process and turn about, the naive loop
of plain LightGBM fits and the distilled fits of the same sizes with the scoring of the soft labels. ``growth`` fits
the same sizes on rows drawn from the data's own, one process a size. Each piece is kept in
``benchmarks/results/distillation.json`` as soon as it is measured; giving the command again measures what is missing.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from _bars import Verdict, at_least, at_most
from _bars import said as bars
from _growth import exponent
from _growth import said as said_exponent
from _machine import machine, one_line
from _student_cost import grow, measure_costs, peak_bytes

from distill.pipeline import Pipeline, RunConfig
from understudy.atomic import write_json
from understudy.contracts.gates import GateReport, Measure, TaskReport
from understudy.progress import LogProgress, Silent

ROOT = Path(__file__).resolve().parent.parent
HEADLINE = {"binary": "auc", "multiclass": "macro_f1", "regression": "r2"}
PIECES = ("quality", "cost", "growth")
MOST_OF_NAIVE = 1.3


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is missing, keep it, print the tables."""
    asked = _parse(arguments)
    if asked.rows:
        print(json.dumps(grow(_pipeline(asked), asked.rows)))
        return
    results: dict[str, Any] = json.loads(asked.results.read_bytes()) if asked.results.exists() else {}
    name = f"{asked.dataset}/{asked.seed}"
    found: dict[str, Any] = results.get(name, {})
    results[name] = found
    run = _run_config(asked).model_dump(mode="json")
    if found.get("run") != run:
        found.clear()
        found["run"] = run
    for piece in asked.pieces:
        for fresh in _measured(piece, asked, found):
            found.update(fresh)
            write_json(asked.results, results)
    print("\n".join(published({name: found})))


def published(figures: Mapping[str, Any]) -> list[str]:
    """A section for each dataset and seed: quality, bars, cost, growth; what was not measured says so."""
    lines: list[str] = []
    for name, found in figures.items():
        lines += [f"### {name.partition('/')[0]}, seed {name.partition('/')[2]}", ""]
        if "report" in found:
            lines += [*quality_table(GateReport.model_validate(found["report"])), ""]
        lines += [*bars(verdicts(found)), "", *cost_table(found), "", *growth_table(found), ""]
        lines += [one_line(found["machine"]), ""] if "machine" in found else []
    return lines[:-1]


def verdicts(found: Mapping[str, Any]) -> list[Verdict]:
    """The bars that what was measured can be held against."""
    made: list[Verdict] = []
    if "report" in found:
        tasks = GateReport.model_validate(found["report"]).tasks
        through = sum(all(gate.status in ("pass", "warn") for gate in task.gates) for task in tasks)
        leads = [lead for task in tasks if (lead := _lead(task)) is not None]
        worse = sum((lead.low or 0.0) > 0 for lead in leads)
        made.append(at_least(f"tasks of {len(tasks)} through every gate", through, len(tasks)))
        made.append(at_most("tasks on which distilled is worse than direct beyond noise", worse, 0))
    if "seconds" in found:
        naive, own = (median(found["seconds"][name]) for name in ("naive", "distilled with soft labels"))
        made.append(at_most("distilling with soft labels, over the naive loop", own / naive, MOST_OF_NAIVE))
    return made


def quality_table(report: GateReport) -> list[str]:
    """A row per task: the three models, the copy's fidelity, its calibration, the group it serves worst."""
    head = ["task", "metric", "teacher", "distilled", "direct", "agreement", "KL", "Spearman", "ECE", "worst group KL"]
    lines = [f"| {' | '.join([*head, 'gates', 'served'])} |", f"|{' --- |' * (len(head) + 2)}"]
    for task in report.tasks:
        metric = HEADLINE[task.type]
        models = [_show(_score(task, model, metric)) for model in ("teacher", "distilled", "direct")]
        gates = {measure.name: measure for gate in task.gates for measure in gate.measures}
        agreement = gates.get("agreement") or gates.get("quartile_agreement")
        copy = [_show(agreement), _show(gates.get("kl")), _show(gates.get("spearman"))]
        ece = _show(_score(task, "distilled", "ece"))
        failed = ", ".join(gate.gate for gate in task.gates if gate.status not in ("pass", "warn"))
        cells = [task.task, metric, *models, *copy, ece, _worst(task), failed or "passed", task.layer]
        lines.append(f"| {' | '.join(cells)} |")
    order = report.ranking
    said = ", ".join(f"{m.name} {_show(m)}" for m in order.measures) if order else "unknown"
    return [*lines, "", f"Product order: {said}. {report.reason}."]


def cost_table(found: Mapping[str, Any]) -> list[str]:
    """Seconds beside the naive loop."""
    if "seconds" not in found:
        return ["Cost: not run."]
    seconds = {name: median(values) for name, values in found["seconds"].items()}
    spread = {name: f"{min(values):.1f} to {max(values):.1f}" for name, values in found["seconds"].items()}
    lines = ["| work | seconds | of all rounds | ratio to the naive loop |", "| --- | ---: | ---: | ---: |"]
    lines += [f"| {n} | {s:.1f} | {spread[n]} | {s / seconds['naive']:.2f} |" for n, s in seconds.items()]
    return [*lines, "", f"Peak memory {found['peak_bytes'] / 1e9:.2f} GB."]


def growth_table(found: Mapping[str, Any]) -> list[str]:
    """Seconds and memory by rows, and the exponent of their growth."""
    growth = sorted(found.get("growth", {}).values(), key=lambda one: one["rows"])
    if not growth:
        return ["Growth: not run."]
    lines = ["| rows | seconds | peak GB |", "| ---: | ---: | ---: |"]
    lines += [f"| {one['rows']:,} | {one['seconds']:.1f} | {one['peak_bytes'] / 1e9:.2f} |" for one in growth]
    slopes = [exponent([(int(one["rows"]), one[what]) for one in growth]) for what in ("seconds", "peak_bytes")]
    return [*lines, "", f"Exponent of time {said_exponent(slopes[0], 2)}, of memory {said_exponent(slopes[1], 2)}."]


def _measured(piece: str, asked: argparse.Namespace, found: Mapping[str, Any]) -> Any:
    """Yield what is missing of a piece, as fields of the figures."""
    if piece == "quality" and "report" not in found:
        yield {"report": _pipeline(asked).report.model_dump(mode="json"), "machine": machine()}
    if piece == "cost" and "seconds" not in found:
        seconds = measure_costs(_pipeline(asked), asked.repeats)
        yield {"seconds": seconds, "peak_bytes": peak_bytes(), "machine": machine()}
    for rows in asked.growth if piece == "growth" else ():
        known = found.get("growth", {})
        if str(rows) not in known:
            yield {"growth": {**known, str(rows): _child(asked, rows)}, "machine": machine()}


def _score(task: TaskReport, model: Any, name: str) -> Measure | None:
    return next((measure for measure in task.scores[model] if measure.name == name), None)


def _lead(task: TaskReport) -> Measure | None:
    measures = (m for gate in task.gates if gate.gate == "benefit" for m in gate.measures)
    return next((m for m in measures if m.name.startswith("direct_ahead_")), None)


def _worst(task: TaskReport) -> str:
    found = [m for gate in task.gates for m in gate.measures if m.name.startswith("kl_ratio[") and m.value is not None]
    worst = max(found, key=lambda measure: measure.value or 0.0, default=None)
    return "-" if worst is None else f"{_show(worst)} {worst.name[9:-1]}"


def _show(measure: Measure | None) -> str:
    if measure is None or measure.value is None:
        return "-"
    low, high = measure.low, measure.high
    return f"{measure.value:.3f}" + ("" if low is None or high is None else f" ({low:.3f} to {high:.3f})")


def _run_config(asked: argparse.Namespace) -> RunConfig:
    return RunConfig(
        dataset=asked.dataset,
        seed=asked.seed,
        folds=asked.folds,
        customers=asked.customers,
        preset="quick" if asked.quick else "standard",
        on_fidelity_failure="fallback",
    )


def _pipeline(asked: argparse.Namespace) -> Pipeline:
    data = os.environ.get("UNDERSTUDY_DATA")
    config = _run_config(asked)
    name = f"{asked.dataset}-{asked.customers or 'all'}-{config.preset}-{config.folds}-{asked.seed}"
    progress = Silent() if asked.rows else LogProgress()
    return Pipeline(config, asked.runs / name, Path(data) if data else None, progress)


def _child(asked: argparse.Namespace, rows: int) -> dict[str, float]:
    """In a process of its own: peak memory only ever rises."""
    command = [sys.executable, __file__, "--dataset", asked.dataset, "--seed", str(asked.seed), "--rows", str(rows)]
    command += ["--folds", str(asked.folds), "--runs", str(asked.runs)]
    command += ["--customers", str(asked.customers)] if asked.customers else []
    command += ["--quick"] if asked.quick else []
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="finsynth")
    parser.add_argument("--customers", type=int, default=None)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--pieces", nargs="+", choices=PIECES, default=list(PIECES))
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--growth", type=int, nargs="*", default=[100_000, 300_000, 1_000_000])
    parser.add_argument("--rows", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "distillation")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "distillation.json")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
