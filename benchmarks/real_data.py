"""Teacher, distilled and direct students on public data, held out: one small table per dataset.

    UNDERSTUDY_DATA=folder python benchmarks/real_data.py [--datasets census-income] [--seeds 1 2 3] [--quick]

Runs the one path (prepare, out-of-fold soft labels, students, gates, bundle) per dataset and seed. A seed changes the
split, the teachers and the students. Runs are kept under ``runs/real_data``: a run that was interrupted goes on, and
one that is finished is only read. Every figure is of the test rows, which no model, calibrator or choice has seen.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from _machine import machine, one_line

from distill.pipeline import Pipeline, RunConfig
from understudy.atomic import write_json
from understudy.contracts.gates import GateReport, Measure, TaskReport
from understudy.errors import UserError
from understudy.progress import LogProgress

ROOT = Path(__file__).resolve().parent.parent
DATASETS = ("census-income", "bank-marketing", "scf2019", "credit-default")
MODELS = ("prior", "direct", "teacher", "distilled")
HEADLINE = {"binary": "auc", "multiclass": "macro_f1", "regression": "r2"}
TITLES = {"auc": "AUC", "macro_f1": "macro F1", "r2": "R²"}
QUICK_CUSTOMERS = 4000


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is asked for, print the tables, and write the figures after every run."""
    asked = _parse(arguments)
    data = os.environ.get("UNDERSTUDY_DATA")
    if not data:
        raise UserError("UNDERSTUDY_DATA is not set", fix="Name the folder that holds the public data files.")
    results = _read(asked.results)
    for dataset in asked.datasets:
        for seed in asked.seeds:
            results[f"{dataset}/{seed}"] = _run(dataset, seed, Path(data), asked)
            write_json(asked.results, results)
        chosen = [results[f"{dataset}/{seed}"] for seed in asked.seeds]
        print("\n".join(["", f"### {dataset}", "", *table(chosen), "", *footer(chosen)]), flush=True)


def published(figures: dict[str, Any]) -> list[str]:
    """A section per data set: every task, and what is below the table."""
    lines: list[str] = []
    for dataset, chosen in _by_dataset(figures).items():
        lines += [f"### {dataset}", "", *table(chosen), "", *footer(chosen), ""]
    return lines[:-1]


def published_summary(figures: dict[str, Any]) -> list[str]:
    """A row per data set: how the distilled students compare with direct LightGBM."""
    lines = [
        "| data set | test rows | tasks x seeds | distilled better | tied | worse | accepted runs |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for dataset, chosen in _by_dataset(figures).items():
        reports = [GateReport.model_validate(result["report"]) for result in chosen]
        duel = _duel(reports)
        accepted = f"{sum(report.accepted for report in reports)} of {len(reports)}"
        cells = [f"{reports[0].rows['test']:,}", str(sum(duel)), *map(str, duel), accepted]
        lines.append(f"| {dataset} | {' | '.join(cells)} |")
    return lines


def _by_dataset(figures: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    chosen: dict[str, list[dict[str, Any]]] = {}
    for name, result in figures.items():
        chosen.setdefault(name.partition("/")[0], []).append(result)
    return chosen


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--datasets", nargs="+", default=list(DATASETS), help="shipped spec names")
    parser.add_argument("--seeds", nargs="+", type=int, default=[7])
    parser.add_argument("--folds", type=int, default=3, help="teachers; each labels the rows that it did not see")
    parser.add_argument("--quick", action="store_true", help=f"small models, {QUICK_CUSTOMERS:,} customers, 2 folds")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "real_data", help="folder of the run directories")
    asked = parser.parse_args(arguments)
    # Quick figures are for trying the script; they never replace published ones.
    name = "real_data.quick.json" if asked.quick else "real_data.json"
    asked.results = (asked.runs if asked.quick else ROOT / "benchmarks" / "results") / name
    return asked


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_bytes()) if path.exists() else {}


def _run(dataset: str, seed: int, data: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """One walk along the path; what the gates measured."""
    config = RunConfig(
        dataset=dataset,
        seed=seed,
        folds=2 if asked.quick else asked.folds,
        customers=QUICK_CUSTOMERS if asked.quick else None,
        preset="quick" if asked.quick else "standard",
    )
    folder = asked.runs / f"{dataset}-{config.preset}-{config.folds}-{seed}"
    pipeline = Pipeline(config, folder, data, LogProgress(every=30))
    result = pipeline.run()
    return {
        "config": config.model_dump(mode="json"),
        "fingerprint": pipeline.dataset.fingerprint,
        "model_version": result.manifest.model_version,
        "machine": machine(),
        "report": result.report.model_dump(mode="json"),
    }


def table(results: Sequence[dict[str, Any]]) -> list[str]:
    """Markdown: one row per task; values are means over the seeds, brackets the mean of their 95 % intervals."""
    reports = [GateReport.model_validate(result["report"]) for result in results]
    head = ["task", "metric", "prior", "direct LightGBM", "teacher", "distilled", "shipped"]
    lines = [head, ["---", "---", *["---:"] * 4, "---"]]
    for task in reports[0].tasks:
        found = [_task(report, task.task) for report in reports]
        name = HEADLINE[task.type]
        cells = [_said([_measure(t, model, name) for t in found]) for model in MODELS]
        lines.append([task.task, TITLES[name], *cells, _shipped([t.layer for t in found])])
    return [f"| {' | '.join(line)} |" for line in lines]


def _task(report: GateReport, name: str) -> TaskReport:
    return next(task for task in report.tasks if task.task == name)


def _measure(task: TaskReport, model: str, metric: str) -> Measure | None:
    measures = next((found for name, found in task.scores.items() if name == model), [])
    return next((measure for measure in measures if measure.name == metric), None)


def _said(measures: Sequence[Measure | None]) -> str:
    """Unknown as soon as one seed is: a mean over fewer seeds would compare unlike things."""
    values = [m.value for m in measures if m is not None and m.value is not None]
    if len(values) < len(measures):
        return "unknown"
    lows = [m.low for m in measures if m is not None and m.low is not None]
    highs = [m.high for m in measures if m is not None and m.high is not None]
    if len(lows) < len(measures) or lows == highs:
        return f"{fmean(values):.4f}"
    return f"{fmean(values):.4f} [{fmean(lows):.4f}, {fmean(highs):.4f}]"


def _shipped(layers: Sequence[str]) -> str:
    """The layer, or how often each was chosen where the seeds differ."""
    counts = {layer: layers.count(layer) for layer in dict.fromkeys(layers)}
    return layers[0] if len(counts) == 1 else ", ".join(f"{layer} {count}x" for layer, count in counts.items())


def footer(results: Sequence[dict[str, Any]]) -> list[str]:
    """How the students compare pair by pair, the verdicts, the rows, the seeds and the machine."""
    reports = [GateReport.model_validate(result["report"]) for result in results]
    ahead, tied, behind = _duel(reports)
    accepted = sum(report.accepted for report in reports)
    rows = reports[0].rows
    config = results[0]["config"]
    machines = dict.fromkeys(one_line(result["machine"]) for result in results)
    return [
        f"Distilled against direct, paired 95 % intervals, tasks x seeds: {ahead} better, {tied} tied, {behind} worse. "
        f"Accepted by the gates: {accepted} of {len(reports)} runs.",
        f"{rows['train']:,} training, {rows['valid']:,} validation, {rows['test']:,} test rows; {config['folds']} "
        f"teacher folds, {config['preset']} preset, seeds {', '.join(str(report.seed) for report in reports)}. "
        f"{'; '.join(machines)}.",
    ]


def _duel(reports: Sequence[GateReport]) -> tuple[int, int, int]:
    """(better, tied, worse): whether the interval of the direct student's lead lies below, around or above zero."""
    leads = list(_leads(reports))
    better, worse = sum(high < 0 for _, high in leads), sum(low > 0 for low, _ in leads)
    return better, len(leads) - better - worse, worse


def _leads(reports: Sequence[GateReport]) -> Iterator[tuple[float, float]]:
    for report in reports:
        for gate in (gate for task in report.tasks for gate in task.gates if gate.gate == "benefit"):
            for measure in gate.measures:
                if measure.name.startswith("direct_ahead_") and measure.low is not None and measure.high is not None:
                    yield measure.low, measure.high


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(f"{error}")
