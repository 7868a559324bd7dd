"""Is the stated truth of the generated bank the truth? Calibration, the ceiling, and what every switch and knob does.

    python benchmarks/finsynth_truth.py [--customers 20000] [--seed 7] [--results FILE]

Per task, on the later snapshot: the largest miscalibration over ten bins of the stated truth, in standard errors
(pooled over classes; chance gives about 2 for the largest of ten), the ceiling, and the score of a model that was given
the generating terms and fitted its weights on other customers at the earlier snapshot, with the paired 95 % interval of
the distance. Then the ceiling with each signal switched off, and the disparate impact by the disparity that was set.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from _finsynth_oracle import TASKS, fit_terms, task_pairs, world
from _machine import machine, one_line
from numpy.typing import NDArray

from distill.metrics import Bootstrapped, Functional, Resampler, auc, log_loss_rows, r2, weighted_mean
from teacher.datasets.finsynth import SIGNALS, FinsynthConfig
from teacher.datasets.finsynth.equations import carriers
from teacher.datasets.finsynth.history import History
from teacher.datasets.finsynth.products import FAMILIES
from teacher.datasets.finsynth.simulate import Partition
from teacher.datasets.finsynth.truth import label_truth
from understudy.atomic import write_json

Floats = NDArray[np.float64]
ROOT = Path(__file__).resolve().parent.parent
KNOBS = (0.0, 0.06, 0.2, 0.5)
TRAIN_SHARE = 0.6


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the three tables and write the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "finsynth_truth.json")
    asked = parser.parse_args(arguments)
    bank = world(asked.customers, asked.seed)
    found = {
        "tasks": measure_tasks(bank, asked.seed),
        "off": {signal: switched(asked.customers, asked.seed, signal) for signal in SIGNALS},
        "impact": impacts(bank.snapshots[0].history),
    }
    facts = {"customers": asked.customers, "seed": asked.seed, "machine": machine()}
    write_json(asked.results, facts | found)
    print("\n".join(published(facts | found)))


def published(figures: dict[str, Any]) -> list[str]:
    """The three tables, the size, the seed and the machine."""
    about = f"{figures['customers']:,} customers, seed {figures['seed']}. {one_line(figures['machine'])}."
    return [*tables(figures), "", about]


def measure_tasks(bank: Partition, seed: int) -> dict[str, dict[str, Any]]:
    """Per task: worst bin, ceiling, score of the fitted terms, distance with its interval."""
    first, second = bank.snapshots
    n = len(first.history.people.age)
    train = np.arange(n) < TRAIN_SHARE * n
    fitted = fit_terms(first, train).predict(second.history)
    stated, reached = task_pairs(second.truth, second.labels), task_pairs(fitted, second.labels)
    return {
        task: {"worst_bin": worst_bin(*stated[task]), **_distance(task, stated[task], reached[task][0], ~train, seed)}
        for task in TASKS
    }


def worst_bin(said: Floats, labels: Floats) -> float:
    """Largest ``|mean label - mean truth|`` over ten bins of the truth, in standard errors of that mean."""
    if said.ndim == 2:
        came_true = np.zeros_like(said)
        came_true[np.arange(len(labels)), labels.astype(np.int64)] = 1.0
        said, labels = said.ravel(), came_true.ravel()
    known = ~np.isnan(labels)
    said, left = said[known], (labels - said)[known]
    bins = np.array_split(np.argsort(said, kind="stable"), 10)
    return float(max(abs(left[b].mean()) / (left[b].std() / np.sqrt(len(b)) + 1e-12) for b in bins))


def _distance(
    task: str, stated: tuple[Floats, Floats], reached: Floats, held_out: NDArray[np.bool_], seed: int
) -> dict[str, Any]:
    rows = np.flatnonzero(held_out & ~np.isnan(stated[1]))
    labels = stated[1][rows]
    found = _resample(task, labels, {"ceiling": stated[0][rows], "terms": reached[rows]}, seed)
    gap = found["ceiling"] - found["terms"]
    low, high = gap.interval(0.95)
    return {
        "ceiling": float(found["ceiling"].value),
        "terms": float(found["terms"].value),
        "distance": [float(gap.value), float(low), float(high)],
    }


def _resample(task: str, labels: Floats, said: dict[str, Floats], seed: int) -> dict[str, Bootstrapped]:
    keep = np.arange(len(labels))
    strata = labels if TASKS[task] != "regression" else np.zeros(len(labels))
    return Resampler(keep, strata, 300, seed).run({name: skill(task, labels, p) for name, p in said.items()})


def skill(task: str, labels: Floats, said: Floats) -> Functional:
    """AUC, R2, or one minus the ratio of the log loss to that of the classes' shares among these rows."""
    keep = np.arange(len(labels))
    if TASKS[task] == "binary":
        return auc(labels, said, keep)
    if TASKS[task] == "regression":
        return r2(labels, said - labels, keep)
    share = np.bincount(labels.astype(np.int64), minlength=said.shape[1]) / len(labels)
    loss = weighted_mean(log_loss_rows(labels, said), keep)
    reference = weighted_mean(log_loss_rows(labels, np.tile(share, (len(labels), 1))), keep)
    return lambda weights: 1 - loss(weights) / reference(weights)


def switched(customers: int, seed: int, signal: str) -> dict[str, float]:
    """The ceilings of the signal's tasks in a world without it, on the same customers."""
    snapshot = world(customers, seed, FinsynthConfig(signals=frozenset(SIGNALS) - {signal})).snapshots[1]
    pairs = task_pairs(snapshot.truth, snapshot.labels)
    return {task: _ceiling(task, *pairs[task]) for task in carriers(signal)}  # type: ignore[arg-type]


def _ceiling(task: str, said: Floats, labels: Floats) -> float:
    rows = np.flatnonzero((np.arange(len(labels)) >= TRAIN_SHARE * len(labels)) & ~np.isnan(labels))
    return float(skill(task, labels[rows], said[rows])(np.ones((1, len(rows))))[0])


def impacts(history: History) -> dict[str, dict[str, float]]:
    """Family and knob -> attribute -> mean true rate of the unfavoured group over that of the others."""
    people = history.people
    unfavoured = {
        "age 60+": people.age_group == 3,
        "female": people.gender == 0,
        "rural": people.region == 2,
        "low income": people.income_tier == 0,
        "student or single": people.life_stage <= 1,
    }
    found = {}
    for family in ("investments", "lending"):
        for knob in KNOBS:
            rate = label_truth(history, FinsynthConfig(disparity=knob)).acquire[:, FAMILIES.index(family)]
            ratios = {name: float(rate[who].mean() / rate[~who].mean()) for name, who in unfavoured.items()}
            found[f"{family}, {knob:g}"] = ratios
    return found


def tables(found: dict[str, Any]) -> list[str]:
    """Markdown."""
    lines = ["| task | worst bin (s.e.) | ceiling | fitted terms | distance |", "| --- | ---: | ---: | ---: | ---: |"]
    for task, row in found["tasks"].items():
        gap = "{:.4f} [{:.4f}, {:.4f}]".format(*row["distance"])
        lines.append(f"| {task} | {row['worst_bin']:.1f} | {row['ceiling']:.4f} | {row['terms']:.4f} | {gap} |")
    lines += ["", "| signal off | task | ceiling | ceiling off |", "| --- | --- | ---: | ---: |"]
    for signal, tasks in found["off"].items():
        for task, off in tasks.items():
            lines.append(f"| {signal} | {task} | {found['tasks'][task]['ceiling']:.4f} | {off:.4f} |")
    names = list(next(iter(found["impact"].values())))
    lines += ["", f"| family, disparity | {' | '.join(names)} |", f"| --- | {' | '.join(['---:'] * len(names))} |"]
    for setting, ratios in found["impact"].items():
        lines.append(f"| {setting} | {' | '.join(f'{ratios[name]:.2f}' for name in names)} |")
    return lines


if __name__ == "__main__":
    main()
