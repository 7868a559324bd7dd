"""Seconds and peak memory of the leakage gate, by number of rows, on a table as wide as the generated bank's.

    python benchmarks/leakage_gate.py [--sizes 10000 100000 1000000] [--repeats 3]

The table has the columns, tasks, sequences, distributions and splits of the finsynth spec, filled with noise: every
check runs to its end, for nothing is refused early. Each run is a process of its own. "Peak memory" is the process's
largest resident set; "table" is what the data alone take before the gate begins. Reading, splitting and replaying views
belong to ``prepare`` and are not part of it. The bar: one million rows in under a minute on two cores.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from _machine import machine, one_line
from numpy.typing import NDArray

from teacher.datasets import load_spec
from teacher.datasets.dataset import Sequences
from teacher.features import FittedSchema
from teacher.features.schema import rows_digest
from teacher.leakage import GateInputs
from understudy.atomic import write_json
from understudy.contracts.features import FeatureDef, FeatureSchema
from understudy.contracts.spec import SequenceSpec, TaskSpec
from understudy.progress import Advance

ROOT = Path(__file__).resolve().parent.parent
BAR = {"rows": 1_000_000, "seconds": 60.0}
SEED = 7


def main(arguments: Sequence[str] | None = None) -> None:
    """Run every size, print the table, write the figures after each."""
    asked = _parse(arguments)
    if asked.one:
        print(json.dumps(measure(asked.one, asked.seed)))
        return
    sizes: dict[str, Any] = {}
    for rows in asked.sizes:
        sizes[str(rows)] = [_apart(rows, SEED + repeat) for repeat in range(asked.repeats)]
        write_json(asked.results, {"machine": machine(), "seed": SEED, "bar": BAR, "sizes": sizes})
    print("\n".join(published(json.loads(asked.results.read_bytes()))))


def published(figures: dict[str, Any]) -> list[str]:
    """The table and the machine."""
    about = f"{one_line(figures['machine'])}; seeds from {figures['seed']}."
    return [*table(figures["sizes"]), "", about]


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sizes", nargs="+", type=int, default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "leakage_gate.json")
    parser.add_argument("--one", type=int, default=0, help="measure one size in this process and print JSON")
    parser.add_argument("--seed", type=int, default=SEED)
    return parser.parse_args(arguments)


def _apart(rows: int, seed: int) -> dict[str, Any]:
    command = [sys.executable, __file__, "--one", str(rows), "--seed", str(seed)]
    said: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return said


def measure(rows: int, seed: int) -> dict[str, Any]:
    """Fill a table and run the gate once: seconds of each stage and of all, megabytes before and at the peak."""
    from teacher.leakage import run_gate

    inputs = noise(rows, seed)
    before, clock = _megabytes(), Clock()
    started = time.perf_counter()
    checks = run_gate(inputs, clock)
    return {
        "seconds": round(time.perf_counter() - started, 2),
        "stages": {note: round(seconds - started, 2) for note, seconds in clock.ended.items()},
        "megabytes": round(_megabytes(), 1),
        "table_megabytes": round(before, 1),
        "refused": [check.name for check in checks if check.status == "fail"],
        "measured": sum(check.measured for check in checks),
    }


class Clock:
    """A progress that notes when each named stage of the gate ended."""

    def __init__(self) -> None:
        self.ended: dict[str, float] = {}

    @contextmanager
    def task(self, title: str, total: int) -> Iterator[Advance]:
        del title, total

        def advance(steps: int = 1, note: str = "") -> None:
            del steps
            self.ended[note or "sets"] = time.perf_counter()

        yield advance

    def say(self, text: str) -> None:
        del text


def noise(rows: int, seed: int) -> GateInputs:
    """What the gate looks at, for the finsynth spec, with nothing in it to find."""
    spec = load_spec("finsynth").spec
    rng = np.random.default_rng(seed)
    split = rng.choice(np.array([0, 1, 2], dtype=np.int8), rows, p=[0.6, 0.2, 0.2])
    ids = np.arange(rows, dtype=np.int64)
    definitions = [
        FeatureDef(
            name=name,
            kind=kind,
            group=group.name,
            tier="structural" if group.tier == "structural" else "plain",
            categories=[f"c{code}" for code in range(6)] if kind == "categorical" else None,
        )
        for group, name, kind in spec.features()
    ]
    features = np.empty((rows, len(definitions)))
    for index, feature in enumerate(definitions):
        # No column of a bank arrives with mean 0 and spread 1: such columns are held against every set of rows.
        centre, spread = 10 * rng.normal(), rng.lognormal()
        number = np.round(rng.normal(centre, spread, rows), 4)
        features[:, index] = rng.integers(0, 6, rows) if feature.categories else number
    schema = FeatureSchema(version="0" * 16, features=definitions)
    train = split == 0
    shares = {d.name: rng.dirichlet(np.ones(len(d.columns)), rows).astype(np.float32) for d in spec.distributions}
    return GateInputs(
        spec=spec,
        fitted=FittedSchema(schema, int(train.sum()), rows_digest(ids[train])),
        features=features,
        labels={task.name: _label(task, rng, rows) for task in spec.tasks},
        split=split,
        row_ids=ids,
        units=ids,
        orders={"file order": ids.astype(np.float64), "id order": rng.permutation(rows).astype(np.float64)},
        assigned_split=split,
        assigned_units=ids,
        disjoint={"row_id": ids, "group": ids},
        last_steps={},
        cutoffs=None,
        seed=seed,
        keys=[f"K{number}" for number in ids],
        sequences={s.name: _steps(s, rng, rows) for s in spec.sequences},
        distributions=shares,
    )


def _label(task: TaskSpec, rng: np.random.Generator, rows: int) -> NDArray[np.float64]:
    if task.type == "regression":
        return np.asarray(rng.normal(size=rows))
    return np.asarray(rng.integers(0, max(2, task.width), rows), dtype=np.float64)


def _steps(sequence: SequenceSpec, rng: np.random.Generator, rows: int) -> Sequences:
    shape = (rows, sequence.length, len(sequence.channels))
    return Sequences(rng.random(shape, dtype=np.float32), np.ones(shape[:2], dtype=np.bool_))


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def table(sizes: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Markdown: a row per size; seconds are the median with the least and the greatest."""
    lines = ["| rows | seconds (least to greatest) | peak memory | of it the table | bar |"]
    lines.append("| ---: | ---: | ---: | ---: | --- |")
    for rows, runs in sorted(sizes.items(), key=lambda item: int(item[0])):
        seconds = sorted(run["seconds"] for run in runs)
        took = f"{statistics.median(seconds):.1f} ({seconds[0]:.1f} to {seconds[-1]:.1f})"
        peak, before = (max(run[name] for run in runs) / 1024 for name in ("megabytes", "table_megabytes"))
        lines.append(f"| {int(rows):,} | {took} | {peak:.2f} GiB | {before:.2f} GiB | {verdict(int(rows), seconds)} |")
    return lines


def verdict(rows: int, seconds: list[float]) -> str:
    """Whether every run of the size stayed under the bar."""
    if rows != BAR["rows"]:
        return ""
    return f"{'met' if max(seconds) < BAR['seconds'] else 'MISSED'}: under {BAR['seconds']:.0f} s"


if __name__ == "__main__":
    main()
