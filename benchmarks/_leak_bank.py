"""A stranger's small bank: honest columns, three labels, a monthly history. Cases plant leaks in it, or odd data.

Every feature is drawn before the labels, and the labels are drawn from probabilities that the features give, so nothing
here knows an outcome. The monthly history ends before the labels begin.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from teacher.datasets import LoadedSpec, load_spec, prepare
from understudy.contracts.spec import DatasetSpec
from understudy.errors import UserError
from understudy.progress import Silent

__all__ = ["CLASSES", "REGIONS", "StrangersBank", "Verdict", "sigmoid"]

CLASSES = ["none", "card", "deposit", "fund"]
REGIONS = ["seoul", "busan", "incheon", "daegu", "jeju", "ulsan"]
_MONTHS = 12
Array = NDArray[Any]


@dataclass(frozen=True)
class Verdict:
    """What ``prepare`` said: ``refused`` as a leak (exit code 4), ``error`` (another refusal) or ``passed``."""

    outcome: str
    message: str
    named: bool
    """The message names a planted column (or nothing was planted in one)."""


@dataclass
class StrangersBank:
    """Columns by name; ``numeric`` and ``categorical`` are the features, ``tasks`` name the outcomes."""

    rng: np.random.Generator
    rows: int = 3000
    columns: dict[str, Array] = field(default_factory=dict)
    numeric: list[str] = field(default_factory=list)
    categorical: list[str] = field(default_factory=list)
    tasks: list[dict[str, Any]] = field(default_factory=list)
    months: dict[str, Array] = field(default_factory=dict)
    distribution: list[str] = field(default_factory=list)
    split: dict[str, Any] = field(default_factory=dict)
    views: list[dict[str, Any]] = field(default_factory=list)
    planted: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        rng, n = self.rng, self.rows
        self.columns["customer"] = np.array([f"K{100000 + i}" for i in rng.permutation(n)])
        self.add("age", np.round(rng.normal(46, 14, n).clip(18, 95)))
        self.add("income", np.round(np.exp(rng.normal(8.1, 0.5, n)), 2))
        self.add("balance", np.round(np.exp(rng.normal(7.5, 1.3, n)), 2))
        self.add("tenure", np.round(rng.exponential(60, n)))
        self.add("logins", rng.poisson(8, n).astype(float))
        self.add("cards", rng.poisson(1.2, n).astype(float))
        for index in range(6):
            self.add(f"ratio_{index}", rng.normal(size=n))
        self.add("region", rng.choice(REGIONS, n, p=[0.3, 0.25, 0.2, 0.12, 0.08, 0.05]), categorical=True)
        self.add("job", rng.choice([f"J{i:02}" for i in range(12)], n), categorical=True)
        spend = np.exp(rng.normal(6, 0.6, n))[:, None] * np.exp(rng.normal(0, 0.25, (n, _MONTHS)))
        self.months = {"spend": np.round(spend, 2), "salary": np.round(rng.choice([0.0, 2400.0, 3100.0], (n, _MONTHS)))}
        self._label()

    def _label(self) -> None:
        rng, c = self.rng, self.columns
        score = 0.9 * self.z("logins") - 0.6 * self.z("tenure") + 0.5 * self.z("ratio_0") * (c["region"] == "seoul")
        self.outcome("leaves", (rng.random(self.rows) < sigmoid(score - 1.5)).astype(float), "binary")
        utility = np.stack([0 * score + 1.2, self.z("cards"), self.z("age"), self.z("income")], axis=1)
        chosen = np.argmax(utility + rng.gumbel(size=utility.shape), axis=1)
        self.outcome("buys", np.array(CLASSES)[chosen], "multiclass")
        spend = np.log(self.months["spend"][:, -3:].mean(axis=1))
        self.outcome("next_spend", spend + rng.normal(0, 0.5, self.rows) + 0.2 * self.z("income"), "regression")

    def z(self, column: str) -> Array:
        """A column, centred and scaled."""
        values = self.columns[column].astype(float)
        scaled: Array = (values - values.mean()) / (values.std() or 1.0)
        return scaled

    def add(self, name: str, values: Array, *, categorical: bool = False, leak: bool = False) -> None:
        """A feature; ``leak`` marks it as planted."""
        self.columns[name] = values
        names = self.categorical if categorical else self.numeric
        if name not in names:
            names.append(name)
        if leak:
            self.planted.append(name)

    def outcome(self, name: str, values: Array, kind: str) -> None:
        """A label and its task; again with the same name: other values."""
        self.columns[name] = values
        self.tasks = [task for task in self.tasks if task["name"] != name]
        task: dict[str, Any] = {"name": name, "type": kind, "label": name}
        if kind == "multiclass":
            task["classes"] = sorted(set(values.tolist()) - {None})
        self.tasks.append(task)

    def take(self, rows: Array) -> None:
        """Keep these rows, in this order (twice, if named twice)."""
        self.columns = {name: values[rows] for name, values in self.columns.items()}
        self.months = {name: values[rows] for name, values in self.months.items()}
        self.rows = len(rows)

    def spec(self) -> DatasetSpec:
        """The spec that a stranger would write."""
        groups: list[dict[str, Any]] = [{"name": "facts", "numeric": self.numeric, "categorical": self.categorical}]
        sources = [
            {"name": "people", "kind": "parquet", "path": "people.parquet"},
            {"name": "months", "kind": "parquet", "path": "months.parquet"},
            *self.views,
        ]
        sequences = [{"name": "card", "source": "months", "key": "customer", "time": "month", "length": _MONTHS}]
        sequences[0]["channels"] = list(self.months)
        return DatasetSpec.model_validate(
            {
                "schema_version": 1,
                "name": "stranger",
                "title": "A stranger's bank",
                "sources": sources,
                "base": self.views[-1]["name"] if self.views else "people",
                "key": "customer",
                "groups": groups,
                "sequences": sequences if self.months else [],
                "distributions": [{"name": "where", "columns": self.distribution}] if self.distribution else [],
                "tasks": self.tasks,
                "split": self.split,
                "catalog": "none",
                "as_of": "2024-03-31" if "time" not in self.split else None,
            }
        )

    def write(self, folder: Path) -> LoadedSpec:
        """Both files, and the spec over them."""
        pq.write_table(
            pa.table({name: _cells(values) for name, values in self.columns.items()}), folder / "people.parquet"
        )
        names = [f"{2023 + (m + 3) // 12}-{(m + 3) % 12 + 1:02}-28" for m in range(_MONTHS)]
        history = {"customer": np.repeat(self.columns["customer"], _MONTHS), "month": np.tile(names, self.rows)}
        history |= {name: values.ravel() for name, values in self.months.items()}
        table = pa.table({name: _cells(values) for name, values in history.items()})
        kept = ~np.isnan(next(iter(self.months.values())).ravel())
        pq.write_table(table.filter(pa.array(kept)), folder / "months.parquet")
        return replace(load_spec("bank-marketing"), spec=self.spec(), folder=folder, path=None)

    def verdict(self) -> Verdict:
        """Write the bank to a folder and let ``prepare`` judge it."""
        with tempfile.TemporaryDirectory() as name:
            loaded = self.write(Path(name))
            try:
                prepare(loaded, Path(name) / "out", data_dir=Path(name), seed=7, customers=None, progress=Silent())
            except UserError as error:
                said = str(error)
                named = not self.planted or any(column in said for column in self.planted)
                return Verdict("refused" if error.exit_code == 4 else "error", said, named)
        return Verdict("passed", "", False)


def sigmoid(score: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-score)))


def _cells(values: Array) -> pa.Array:
    if values.dtype == object or values.dtype.kind == "U":
        return pa.array(values.tolist(), type=pa.string())
    return pa.array(values, from_pandas=True)
