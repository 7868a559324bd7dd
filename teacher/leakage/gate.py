"""Run every check, write down what it saw, and refuse the data if one fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from teacher.features import FittedSchema
from teacher.leakage.copies import check_copies
from teacher.leakage.encodings import check_encodings
from teacher.leakage.findings import Check
from teacher.leakage.hidden import Hidden, Steps, check_hidden, hidden_columns
from teacher.leakage.near_copies import check_near_copies
from teacher.leakage.noisy import check_noisy_copies
from teacher.leakage.order import check_order
from teacher.leakage.pairs import check_pairs
from teacher.leakage.rows import Fit, check_disjoint, check_fits
from teacher.leakage.sampling import Halves, halves
from teacher.leakage.scalers import check_scalers
from teacher.leakage.sets import check_sets
from teacher.leakage.single import check_single
from teacher.leakage.subgroups import check_subgroups
from teacher.leakage.time import Replay, check_events, check_gap, check_replay
from teacher.leakage.truth import check_truth
from understudy.contracts.spec import DatasetSpec
from understudy.errors import UserError
from understudy.progress import Progress

__all__ = ["GateInputs", "leakage_report", "refuse_leaks", "run_gate"]

_SINGLE_ROWS, _SET_ROWS, _NOISY_ROWS = 40_000, 6_000, 8_000
# Most of the work is done outside the interpreter lock; more threads would hold more tables at a time.
_WORKERS = 2
# The plainest evidence first.
_TOLD = (
    "near copies",
    "scalers",
    "encodings",
    "truth",
    "single features",
    "hidden",
    "noisy copies",
    "subgroups",
    "pairs",
    "sets",
)


@dataclass(frozen=True)
class GateInputs:
    """What the gate looks at; arrays are aligned by row.

    Attributes:
        features: encoded, ``[rows, F]``.
        units: ``[rows]`` number of the group that must not be parted.
        orders: name -> place ``[assigned rows]`` in that order.
        assigned_split, assigned_units: ``[assigned rows]`` before a time split left rows out.
        disjoint: name -> ``[rows]`` numbers that no two splits may share.
        last_steps: sequence -> newest step of each row (time splits only).
        cutoffs: ``[rows]`` or None without a time split.
        keys: ``[rows]`` the customer's key as it stands in the data.
        truth: task -> true probability or mean ``[rows]`` or ``[rows, K]``; generated data only.
        fits: name -> the record of what else was fitted (recipes of computed columns).
        replayed: what became of each column without the events from its cutoff on.
        sequences, distributions: what the experts see beside the features, by name.
        population: numeric column -> all rows of the file, before sampling and splitting.
    """

    spec: DatasetSpec
    fitted: FittedSchema
    features: NDArray[np.float64]
    labels: dict[str, NDArray[np.float64]]
    split: NDArray[np.int8]
    row_ids: NDArray[np.int64]
    units: NDArray[np.int64]
    orders: dict[str, NDArray[np.float64]]
    assigned_split: NDArray[np.int8]
    assigned_units: NDArray[np.int64]
    disjoint: dict[str, NDArray[np.int64]]
    last_steps: dict[str, NDArray[np.datetime64]]
    cutoffs: NDArray[np.datetime64] | None
    seed: int
    keys: Sequence[str] = ()
    truth: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    population: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    fits: Mapping[str, Fit] = field(default_factory=dict)
    replayed: Sequence[Replay] = ()
    sequences: Mapping[str, Steps] = field(default_factory=dict)
    distributions: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)


def run_gate(inputs: GateInputs, progress: Progress) -> list[Check]:
    """Run all checks; each says pass, fail or unknown."""
    spec, schema = inputs.spec, inputs.fitted.schema
    train = np.flatnonzero(inputs.split == 0).astype(np.int64)
    wide = halves(train, inputs.units, _SINGLE_ROWS, inputs.seed)
    small = halves(train, inputs.units, _SET_ROWS, inputs.seed)
    look = (spec, schema, inputs.features, inputs.labels)
    rows = np.concatenate([wide.fit, wide.score])
    hidden = hidden_columns(spec, schema, inputs.features, inputs.sequences, inputs.distributions, rows)
    sets = len(spec.groups) + (len(spec.groups) > 1) + (len(hidden.groups) if hidden else 0)
    with progress.task("Leakage gate", 11 + sets * len(spec.tasks)) as advance:
        quick = [
            check_disjoint(inputs.disjoint, inputs.split),
            check_copies(inputs.features, inputs.split, inputs.keys),
            check_fits(inputs.fitted, inputs.features, inputs.row_ids, inputs.split, inputs.fits),
            check_order(inputs.orders, inputs.assigned_split, inputs.assigned_units),
            check_gap(spec.split.time),
            check_events(inputs.last_steps, inputs.cutoffs),
            check_replay(inputs.replayed),
        ]
        advance(note="rows")
        # Each is deterministic by itself, so it does not matter which ends first; the longest come first.
        slow: dict[str, Callable[[], Check]] = {
            "sets": lambda: check_sets(*look, small, advance),
            "encodings": lambda: check_encodings(*look, inputs.split, inputs.units, inputs.seed),
            "hidden": lambda: check_hidden(spec, hidden, inputs.labels, wide, small, advance),
            "pairs": lambda: check_pairs(*look, small),
            "noisy copies": lambda: _noisy(inputs, hidden, rows, wide),
            "single features": lambda: check_single(*look, wide),
            "subgroups": lambda: check_subgroups(*look, small),
            "truth": lambda: check_truth(*look, inputs.truth, wide),
            "scalers": lambda: check_scalers(schema, inputs.features, inputs.split, inputs.population),
            "near copies": lambda: check_near_copies(schema, inputs.features, inputs.split, inputs.seed),
        }
        with ThreadPoolExecutor(max_workers=_WORKERS) as workers:
            running = {name: workers.submit(check) for name, check in slow.items()}
            found = {}
            for name, future in running.items():
                found[name] = future.result()
                advance(note=name)
    return quick + [found[name] for name in _TOLD]


def _noisy(inputs: GateInputs, hidden: Hidden | None, rows: NDArray[np.int64], wide: Halves) -> Check:
    """Features and what they do not show side by side, at the first rows of both halves."""
    names = inputs.fitted.schema.names + (hidden.schema.names if hidden else [])
    looked = np.concatenate(
        [np.arange(len(wide.fit))[:_NOISY_ROWS], len(wide.fit) + np.arange(len(wide.score))[:_NOISY_ROWS]]
    )
    tables = [inputs.features[rows[looked]]] + ([hidden.values[looked]] if hidden else [])
    middle = min(len(wide.fit), _NOISY_ROWS)
    parts = Halves(np.arange(middle), np.arange(middle, len(looked)))
    labels = {task.name: inputs.labels[task.name][rows[looked]] for task in inputs.spec.tasks}
    return check_noisy_copies(inputs.spec, names, np.concatenate(tables, axis=1), labels, parts)


def leakage_report(spec: DatasetSpec, checks: list[Check]) -> dict[str, Any]:
    """The content of ``leakage.json``."""
    passed = all(check.status != "fail" for check in checks)
    return {
        "schema_version": 1,
        "dataset": spec.name,
        "passed": passed,
        "checks": [check.as_json() for check in checks],
    }


def refuse_leaks(spec: DatasetSpec, checks: list[Check], report: str) -> None:
    """Stop if a check failed.

    Raises:
        UserError: exit code 4; names each failed check, its columns and tasks, the way out and the report's path.
    """
    failed = [check for check in checks if check.status == "fail"]
    if not failed:
        return
    said = "; ".join(_say(check) for check in failed)
    fix = f"{' '.join(check.way_out for check in failed)} All evidence: {report}"
    raise UserError(f"refused by the leakage gate: {said}", where=f"dataset {spec.name!r}", fix=fix, exit_code=4)


def _say(check: Check) -> str:
    first = check.failures[0]
    columns = ", ".join(first.columns[:8]) + (f" and {len(first.columns) - 8} more" if len(first.columns) > 8 else "")
    of = f" tells task {first.task!r}" if first.task else ""
    detail = f" ({first.detail})" if first.detail else ""
    more = f", and {len(check.failures) - 1} more" if len(check.failures) > 1 else ""
    return f"[{check.name}] {columns}{of}{detail}: {first.measure} {first.value:.4g}, bound {first.bound:g}{more}"
