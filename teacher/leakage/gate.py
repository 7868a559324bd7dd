"""Run every check, write down what it saw, and refuse the data if one fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from teacher.features import FittedSchema
from teacher.leakage.copies import check_copies
from teacher.leakage.encodings import check_encodings
from teacher.leakage.findings import Check
from teacher.leakage.order import check_order
from teacher.leakage.pairs import check_pairs
from teacher.leakage.rows import Fit, check_disjoint, check_fits
from teacher.leakage.sampling import halves
from teacher.leakage.scalers import check_scalers
from teacher.leakage.sets import check_sets
from teacher.leakage.single import check_single
from teacher.leakage.time import Replay, check_events, check_gap, check_replay
from teacher.leakage.truth import check_truth
from understudy.contracts.spec import DatasetSpec
from understudy.errors import UserError
from understudy.progress import Progress

__all__ = ["GateInputs", "leakage_report", "refuse_leaks", "run_gate"]

_SINGLE_ROWS, _SET_ROWS = 40_000, 8_000


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


def run_gate(inputs: GateInputs, progress: Progress) -> list[Check]:
    """Run all checks; each says pass, fail or unknown."""
    spec, schema = inputs.spec, inputs.fitted.schema
    train = np.flatnonzero(inputs.split == 0).astype(np.int64)
    wide = halves(train, inputs.units, _SINGLE_ROWS, inputs.seed)
    small = halves(train, inputs.units, _SET_ROWS, inputs.seed)
    look = (spec, schema, inputs.features, inputs.labels)
    sets = len(spec.groups) + (len(spec.groups) > 1)
    with progress.task("Leakage gate", 6 + sets * len(spec.tasks)) as advance:
        checks = [
            check_disjoint(inputs.disjoint, inputs.split),
            check_copies(inputs.features, inputs.split, inputs.keys),
            check_fits(inputs.fitted, inputs.features, inputs.row_ids, inputs.split, inputs.fits),
            check_order(inputs.orders, inputs.assigned_split, inputs.assigned_units),
            check_gap(spec.split.time),
            check_events(inputs.last_steps, inputs.cutoffs),
            check_replay(inputs.replayed),
        ]
        advance(note="rows")
        checks.append(check_scalers(schema, inputs.features, inputs.split, inputs.population))
        advance(note="scalers")
        checks.append(check_encodings(*look, inputs.split, inputs.units, inputs.seed))
        advance(note="encodings")
        checks.append(check_truth(*look, inputs.truth, wide))
        advance(note="truth")
        checks.append(check_single(*look, wide))
        advance(note="single features")
        checks.append(check_pairs(*look, small))
        advance(note="pairs")
        checks.append(check_sets(*look, small, advance))
    return checks


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
