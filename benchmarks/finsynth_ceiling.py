"""LightGBM on plain and on plain + structural features against the ceiling, with each planted signal on and off.

    python benchmarks/finsynth_ceiling.py [--customers 20000] [--seeds 101 102 103] [--off-seeds 101] [--results FILE]

The generated bank tells the true probability or mean of every label, so the best reachable score, the ceiling, is
known. Skill is AUC (binary), 1 - log loss / log loss of the class shares (multiclass) or R2 (regression), on test
customers at the later snapshot. Intervals are 95 %, from a bootstrap over test customers that is paired: every model is
scored on the same resamples. Over several seeds the resampled differences are averaged. Seeds 1 to 3 are for
development; those of the published table have not been looked at before.

Work is kept per (variant, seed, task) under ``runs/finsynth_ceiling``: an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from _boosted import predict_boosted
from _machine import machine, one_line
from numpy.typing import NDArray

from distill.metrics import Functional, Resampler, auc, log_loss_rows, r2, weighted_mean
from teacher.datasets import Dataset, load_spec, open_dataset, prepare
from teacher.datasets.finsynth import SIGNALS
from teacher.datasets.finsynth.equations import carriers
from understudy.atomic import write_json
from understudy.contracts.spec import TaskSpec
from understudy.progress import LogProgress, Silent
from understudy.stages import fingerprint

Floats = NDArray[np.float64]
ROOT = Path(__file__).resolve().parent.parent
MODELS = ("plain", "structural", "ceiling")
REPLICATES = 500
Job = tuple[str, int, str]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing, print the table, write the figures."""
    asked = _parse(arguments)
    jobs = list(_jobs(asked))
    _prepare_all(sorted({(variant, seed) for variant, seed, _ in jobs}), asked)
    missing = [job for job in jobs if not _kept(asked, job).exists()]
    with _pool(asked) as pool:
        futures = [pool.submit(measure, job, asked) for job in sorted(missing, key=_cost)]
        with LogProgress().task("Fit", len(jobs)) as advance:
            advance(len(jobs) - len(missing))
            for future in as_completed(futures):
                future.result()
                advance()
    rows = summarise(jobs, asked)
    facts = {"customers": asked.customers, "seeds": asked.seeds, "off_seeds": asked.off_seeds, "machine": machine()}
    figures = facts | {"replicates": REPLICATES, "rows": rows}
    write_json(asked.results, figures)
    print("\n".join(published(figures)))


def published(figures: dict[str, Any]) -> list[str]:
    """Both tables, the seeds and the machine."""
    seeds, off = (", ".join(map(str, figures[name])) for name in ("seeds", "off_seeds"))
    about = (
        f"{figures['customers']:,} customers; seeds {seeds}, with a signal off {off}. {one_line(figures['machine'])}."
    )
    return [*table(figures["rows"]), "", *switched_table(figures["rows"]), "", about]


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--seeds", nargs="+", type=int, default=[101, 102, 103], help="with every signal on")
    parser.add_argument("--off-seeds", nargs="*", type=int, default=[101], help="with each signal switched off")
    parser.add_argument("--tasks", nargs="*", default=[], help="only these")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "finsynth_ceiling")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "finsynth_ceiling.json")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    asked = parser.parse_args(arguments)
    asked.sources = _source_digest()
    return asked


def _jobs(asked: argparse.Namespace) -> Iterator[Job]:
    """Every task with all signals on; and with each signal off the tasks that it would enter."""
    chosen = [task.name for task in load_spec("finsynth").spec.tasks if not asked.tasks or task.name in asked.tasks]
    for seed in asked.seeds:
        yield from (("on", seed, task) for task in chosen)
    for seed in asked.off_seeds:
        yield from ((signal, seed, task) for signal in SIGNALS for task in carriers(signal) if task in chosen)


def _cost(job: Job) -> int:
    """The longest first, so that no worker ends long after the others."""
    return {"next_mcc": 0, "nba_primary": 1}.get(job[2], 2)


def _pool(asked: argparse.Namespace) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(asked.workers, mp_context=get_context("spawn"))


def _folder(asked: argparse.Namespace, variant: str, seed: int) -> Path:
    return Path(asked.runs) / f"{asked.customers}-{asked.sources}-{variant}-{seed}"


def _source_digest() -> str:
    """Of the spec and the generator: figures of other sources are not taken for these."""
    files = [
        *sorted((ROOT / "teacher").rglob("*.py")),
        *sorted((ROOT / "teacher" / "specs" / "finsynth").glob("*.toml")),
    ]
    chosen = [file for file in files if {"features", "finsynth"} & set(file.parts)]
    return fingerprint({str(file.relative_to(ROOT)): file.read_text(encoding="utf-8") for file in chosen})[:10]


def _kept(asked: argparse.Namespace, job: Job) -> Path:
    variant, seed, task = job
    return _folder(asked, variant, seed) / f"{task}.npz"


def _prepare_all(worlds: Sequence[tuple[str, int]], asked: argparse.Namespace) -> None:
    missing = [world for world in worlds if not (_folder(asked, *world) / "data" / "dataset.json").exists()]
    with LogProgress().task("Prepare", len(worlds)) as advance, _pool(asked) as pool:
        advance(len(worlds) - len(missing))
        for future in as_completed([pool.submit(make_dataset, *world, asked) for world in missing]):
            future.result()
            advance()


def make_dataset(variant: str, seed: int, asked: argparse.Namespace) -> None:
    """Generate and prepare the bank with ``variant`` ("on", or the signal that is off)."""
    loaded = load_spec("finsynth")
    if variant != "on":
        settings = {"signals": [name for name in SIGNALS if name != variant]}
        loaded = replace(loaded, spec=loaded.spec.model_copy(update={"generator": settings}))
    out = _folder(asked, variant, seed) / "data"
    prepare(loaded, out, data_dir=None, seed=seed, customers=asked.customers, progress=Silent())


def measure(job: Job, asked: argparse.Namespace) -> None:
    """Fit one task on both sets of features; keep the skill of both and of the truth, and their resamples."""
    variant, seed, name = job
    dataset = open_dataset(_folder(asked, variant, seed) / "data")
    task = dataset.task(name)
    rows = {"train": dataset.rows("train"), "valid": dataset.rows("valid"), "test": dataset.rows("test")}
    said = {"ceiling": dataset.truth[name][rows["test"]]}
    for model, tiers in (("plain", {"plain"}), ("structural", {"plain", "structural"})):
        columns = [i for i, feature in enumerate(dataset.schema.features) if feature.tier in tiers]
        kinds = [dataset.schema.features[i].kind for i in columns]
        categorical = [place for place, kind in enumerate(kinds) if kind == "categorical"]
        said[model] = predict_boosted(
            dataset.features[:, columns], dataset.labels[name], rows, task.type, task.width, categorical
        )
    labels = dataset.labels[name]
    prior = _prior(task, labels[rows["train"]])
    found = _resampled(dataset, task, labels[rows["test"]], rows["test"], said, prior, seed)
    path = _kept(asked, job)
    scratch = path.with_suffix(".writing.npz")
    np.savez(scratch, plain=found["plain"], structural=found["structural"], ceiling=found["ceiling"])
    scratch.replace(path)


def _prior(task: TaskSpec, train_labels: Floats) -> Floats:
    if task.type != "multiclass":
        return np.ones(1)
    counts = np.bincount(train_labels[~np.isnan(train_labels)].astype(np.int64), minlength=task.width)
    return np.asarray((counts + 0.5) / (counts + 0.5).sum())


def _resampled(
    dataset: Dataset,
    task: TaskSpec,
    labels: Floats,
    test: NDArray[np.int64],
    said: dict[str, Floats],
    prior: Floats,
    seed: int,
) -> dict[str, Floats]:
    """Per model ``[1 + replicates]``: the skill, then its resamples."""
    keep = np.flatnonzero(~np.isnan(labels)).astype(np.int64)
    strata = labels if task.type != "regression" else np.zeros(len(labels))
    resampler = Resampler(dataset.units[test], strata, REPLICATES, seed)
    skills = {model: skill(task, labels[keep], p[keep], keep, prior) for model, p in said.items()}
    return {model: np.concatenate([[result.value], result.samples]) for model, result in resampler.run(skills).items()}


def skill(task: TaskSpec, labels: Floats, said: Floats, keep: NDArray[np.int64], prior: Floats) -> Functional:
    """AUC, R2, or one minus the ratio of the log loss to that of the classes' shares in the training rows."""
    if task.type == "binary":
        return auc(labels, said, keep)
    if task.type == "regression":
        return r2(labels, said - labels, keep)
    loss = weighted_mean(log_loss_rows(labels, said), keep)
    reference = weighted_mean(log_loss_rows(labels, np.tile(prior, (len(labels), 1))), keep)
    return lambda weights: 1 - loss(weights) / reference(weights)


def summarise(jobs: Sequence[Job], asked: argparse.Namespace) -> list[dict[str, Any]]:
    """One row per (variant, task): means over the seeds, and intervals of the differences."""
    kinds = {task.name: task.type for task in load_spec("finsynth").spec.tasks}
    rows = []
    for variant, task in dict.fromkeys((variant, task) for variant, _, task in jobs):
        kept = [np.load(_kept(asked, job)) for job in jobs if (job[0], job[2]) == (variant, task)]
        model = {name: np.mean([found[name] for found in kept], axis=0) for name in MODELS}
        signals = [signal for signal in SIGNALS if task in carriers(signal)]
        gains = {
            "structural_minus_plain": model["structural"] - model["plain"],
            "ceiling_minus_structural": model["ceiling"] - model["structural"],
            "closed": (model["structural"] - model["plain"]) / (model["ceiling"] - model["plain"]),
        }
        row: dict[str, Any] = {"variant": variant, "task": task, "type": kinds[task], "signals": signals}
        row |= {name: float(values[0]) for name, values in model.items()}
        row |= {name: _interval(values) for name, values in gains.items()}
        rows.append(row | {"seeds": len(kept)})
    return rows


def _interval(values: Floats) -> list[float]:
    """Value, low, high."""
    low, high = np.quantile(values[1:], [0.025, 0.975])
    return [float(values[0]), float(low), float(high)]


TITLES = {"binary": "AUC", "multiclass": "log-loss skill", "regression": "R²"}


def table(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Markdown: every task with all signals on."""
    lines = [
        "| task | skill | signals | plain | + structural | ceiling | structural gains | left to the ceiling | closed |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in (row for row in rows if row["variant"] == "on"):
        signals = "all but hgcn" if len(row["signals"]) > 3 else ", ".join(row["signals"])
        scores = [f"{row[name]:.4f}" for name in MODELS]
        gains = [_said(row[name]) for name in ("structural_minus_plain", "ceiling_minus_structural")]
        closed = _said(row["closed"], 0, 100, " %")
        lines.append(f"| {' | '.join([row['task'], TITLES[row['type']], signals, *scores, *gains, closed])} |")
    return lines


def switched_table(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Markdown: what is left of a task when one of its signals is off."""
    lines = [
        "| signal off | task | ceiling on | ceiling off | plain off | + structural off | structural gains off |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    on = {row["task"]: row for row in rows if row["variant"] == "on"}
    for row in (row for row in rows if row["variant"] != "on"):
        before = f"{on[row['task']]['ceiling']:.4f}" if row["task"] in on else "unknown"
        scores = [f"{row[name]:.4f}" for name in ("ceiling", "plain", "structural")]
        cells = [row["variant"], row["task"], before, *scores, _said(row["structural_minus_plain"])]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _said(value: Sequence[float], digits: int = 4, factor: float = 1.0, unit: str = "") -> str:
    middle, low, high = (f"{factor * number:.{digits}f}" for number in value)
    return f"{middle}{unit} [{low}, {high}]"


if __name__ == "__main__":
    main()
